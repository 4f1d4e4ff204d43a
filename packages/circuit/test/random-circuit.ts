import fc from 'fast-check';
import type { AngleLike, Builder, Circuit } from '../src/index.ts';
import {
  X,
  Z,
  amplitudes,
  angle,
  circuit,
  gates,
  hermitianSlot,
  input,
  weight,
} from '../src/index.ts';

/** Number of qubits of the circuits below. */
export const QUBITS = 4;

const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: QUBITS, maxLength: QUBITS });
// Not too small beside π, which some inverses add and take away.
const number = fc.integer({ min: -448, max: 448 }).map((n) => n / 64);
const w = weight('w', [2, 3]);
const x = input('x', [4]);

const expression: fc.Arbitrary<AngleLike> = fc.letrec<{ node: AngleLike }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    number,
    fc.nat(5).map((i) => w.element(i)),
    fc.nat(3).map((i) => x.element(i)),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => angle.add(a, b)),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => angle.mul(a, b)),
    fc
      .tuple(fc.constantFrom('sin', 'cos', 'atan'), tie('node'))
      .map(([fn, a]) => angle[fn as 'sin'](a)),
  ),
})).node;

type Step = (q: Builder) => unknown;

/** A gate of the table with up to as many further controls as fit. */
function gateStep(angles: fc.Arbitrary<AngleLike>): fc.Arbitrary<Step> {
  return fc
    .tuple(
      fc.constantFrom(...gates),
      order,
      fc.array(angles, { minLength: 3, maxLength: 3 }),
      fc.integer({ min: 1, max: QUBITS }),
      fc.nat(2),
      fc.array(fc.constantFrom('I', 'X', 'Y', 'Z'), { minLength: 4, maxLength: 4 }),
      fc.constantFrom<0 | 1>(0, 1),
    )
    .map(([row, qubits, values, any, extra, letters, value]) => (q) => {
      const width = row.qubits === 'any' ? any : row.qubits;
      const controls = qubits.slice(width, width + extra).map((qubit) => ({ qubit, value }));
      const word = letters.slice(0, width).join('');
      q.gate(row.name, values.slice(0, row.parameters.length), qubits.slice(0, width), {
        controls,
        ...(row.name === 'PauliRot' ? { word } : {}),
      });
    });
}

/** Gates with constant angles only. */
export const constantCircuits: fc.Arbitrary<Circuit> = fc
  .array(gateStep(number), { maxLength: 8 })
  .map((steps) => circuit(QUBITS, (q) => steps.forEach((step) => step(q))));

const reversibleStep: fc.Arbitrary<Step> = fc.oneof(
  gateStep(expression),
  order.map(
    ([a, b]) =>
      (q: Builder) =>
        q.unitary([0, 0, 0, 1, 0, -1, 0, 0], [a!]).barrier(a!, b!),
  ),
  fc.tuple(order, expression).map(
    ([[a, b], t]) =>
      (q: Builder) =>
        q.evolution(X(a!).mul(Z(b!)).scale(0.3), t),
  ),
  fc.tuple(order, expression).map(
    ([[a, b], t]) =>
      (q: Builder) =>
        q.control([b!], () => q.evolution(hermitianSlot('h', 2), t, [a!])),
  ),
);

/** Circuits that can be inverted, with slots. */
export const reversibleCircuits: fc.Arbitrary<Circuit> = fc
  .array(reversibleStep, { maxLength: 8 })
  .map((steps) => circuit(QUBITS, (q) => steps.forEach((step) => step(q))));

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  reversibleStep,
  order.map(
    ([a]) =>
      (q: Builder) =>
        q.linear(
          [
            [1, 0],
            [0, 0],
          ],
          [a!],
          { label: 'filter' },
        ),
  ),
  order.map(
    ([a, b]) =>
      (q: Builder) =>
        q.amplitudeDamping(0.1, a!).channel('mine', [], b!, {
          kraus: [
            [
              [0, 1],
              [1, 0],
            ],
          ],
        }),
  ),
  order.map(
    ([a, b]) =>
      (q: Builder) =>
        q.measure(a!, b!).measure(b!, a!, { postselect: 1 }).reset(a!),
  ),
  fc.tuple(order, gateStep(expression)).map(
    ([[a, b], step]) =>
      (q: Builder) =>
        q.if({ bits: [a!, b!], value: 2 }, step, () => q.x(a!)),
  ),
  fc.tuple(order, gateStep(expression)).map(
    ([[a], step]) =>
      (q: Builder) =>
        q.while(a!, 3, step),
  ),
);

/** Circuits with every kind of operation. */
export const anyCircuits: fc.Arbitrary<Circuit> = fc
  .tuple(fc.nat(2), fc.array(anyStep, { maxLength: 8 }))
  .map(([start, steps]) =>
    circuit(QUBITS, (q) => {
      if (start === 1) q.prepare(amplitudes('a', [4, 2]), [2, 1]);
      if (start === 2) q.prepare([0.6, { re: 0, im: 0.8 }], [3]);
      steps.forEach((step) => step(q));
    }),
  );
