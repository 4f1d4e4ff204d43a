import { X, Y, Z, circuit, expval, input, probabilities, weight } from '@ketwork/circuit';
import type { Builder, Circuit, Measurement } from '@ketwork/circuit';
import { fastWeightProgrammer, quantum } from '@ketwork/layers';
import { dense, forward, mse, sequential, valueAndGrad } from '@ketwork/nn';
import { cpu, reference } from '@ketwork/simulator';
import { Random, expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { trigonometricExpansion } from '../../src/trigonometric/expansion.ts';
import { TrigonometricRows } from '../../src/trigonometric/rows.ts';

const engine = await cpu();
const measured = expval(
  Z(0),
  X(1)
    .scale(0.5)
    .add(Y(2).mul(Z(0))),
  Z(1).mul(Z(2)),
);

/** Numbers for all slots of a circuit. */
function valuesOf<N extends string>(
  made: Circuit<N>,
  batch: number,
  random: Random,
): Record<N, Float64Array> {
  return Object.fromEntries(
    made.slots.map(({ name, shape }) => {
      const length = shape.reduce((a, b) => a * b, batch);
      return [name, Float64Array.from({ length }, () => random.uniform(-4, 4))];
    }),
  ) as Record<N, Float64Array>;
}

describe('trigonometricExpansion', () => {
  test('gives what random circuits give, and their gradients', () => {
    let expandable = 0;
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(seed);
      const made = randomCircuit(random);
      const expansion = trigonometricExpansion(made, [measured]);
      if (expansion === undefined) continue;
      expandable++;
      const rows = new TrigonometricRows(made, expansion);
      // More than are worked on together.
      const values = valuesOf(made, 67, random);
      const dy = Float64Array.from({ length: 67 * 3 }, () => random.uniform(-1, 1));
      const program = reference().compile(made, measured);
      expect(rows.batchOf(values)).toBe(67);
      expectClose(rows.run(values, 67), program.run(values), 1e-13, `seed ${seed}`);
      const expected = program.vjp(values, dy);
      const gradients = rows.vjp(values, dy, 67, ['x', 'y']);
      for (const name of ['x', 'y'] as const)
        expectClose(gradients[name]!, expected[name], 1e-12, `seed ${seed}, ${name}`);
    }
    expect(expandable).toBeGreaterThan(30);
  });

  const x = input('x', [3]);
  const z = expval(Z(1));
  const refused: readonly (readonly [string, (q: Builder) => unknown, Measurement])[] = [
    ['weights', (q) => q.rx(x.at(0), 0).ry(weight('w', [1]).at(0), 1), z],
    ['sums of data', (q) => q.rx(x.at(0).plus(x.at(1)), 0), z],
    ['data under controls', (q) => q.h(0).crx(x.at(0), 0, 1), z],
    ['probabilities', (q) => q.rx(x.at(0), 0), probabilities()],
  ];
  test.each(refused)('refuses %s', (_, build, measurement) => {
    const made = circuit(3, (q) => {
      build(q);
    });
    expect(trigonometricExpansion(made, [measurement])).toBeUndefined();
  });

  test('refuses what has many products, and depends on nothing but the circuit', () => {
    const found = (layers: number): number | undefined => {
      const made = fastWeightProgrammer({ inputs: 1, qubits: 4, layers }).circuit!;
      const expansion = trigonometricExpansion(made, [expval(Z(0), Z(1), Z(2), Z(3))]);
      return expansion?.coefficients.length;
    };
    expect([1, 2, 3, 5].map(found)).toEqual([5, 12, 41, undefined]);
  });
});

describe('layers of expanded circuits', () => {
  const turns = circuit(2, { a: input([2]), b: input([1]) }, (q, { a, b }) => {
    q.rx(a.at(0).times(2), 0).ry(a.at(1).plus(0.3), 1).cnot(0, 1).rz(b.at(0), 1).h(1);
  });

  test('have the outputs and gradients of the circuit, in any batch', async () => {
    const [quick, slow] = (['best', 'parameter-shift'] as const).map((method) => {
      const layer = quantum(turns, expval(Z(0), Z(1)), { method });
      const network = sequential(dense(4, 3), layer).build(3);
      network.bind!(engine);
      return network;
    });
    const random = new Random(1);
    const draw = (length: number): Float64Array =>
      Float64Array.from({ length }, () => random.uniform(-1, 1));
    const batch = { x: draw(70 * 4), y: draw(70 * 2) };
    const [a, b] = [await valueAndGrad(quick!, mse)(batch), await valueAndGrad(slow!, mse)(batch)];
    expectClose(a.outputs, b.outputs, 1e-13);
    a.grads.forEach((grad, p) => expectClose(grad, b.grads[p]!, 1e-12, `gradient ${p}`));
    for (let e = 0; e < 70; e += 23)
      expect(await forward(quick!, batch.x.slice(4 * e, 4 * e + 4))).toEqual(
        a.outputs.slice(2 * e, 2 * e + 2),
      );
  });

  test('leave it to the engine to say what is wrong with values', () => {
    const network = quantum(turns, expval(Z(0))).build([3], [0, 1]);
    network.bind!(engine);
    expect(() => forward(network, [0, NaN, 0])).toThrow("quantum: slot 'a' holds NaN at index 1");
  });
});

/** Three qubits, five data elements, one of which enters twice, and constant gates of many kinds in between. */
function randomCircuit(random: Random): Circuit<'x' | 'y'> {
  return circuit(3, { x: input([3]), y: input([2]) }, (q, { x, y }) => {
    const some = (): void => {
      for (let i = 0; i < 3; i++) {
        const [a, b, c] = random.sample([0, 1, 2], 3) as [number, number, number];
        const kinds: readonly (() => unknown)[] = [
          () => q.h(a).s(b),
          () => q.cnot(a, b),
          () => q.cz(a, b).y(c),
          () => q.swap(a, b),
          () => q.t(a),
          () => q.toffoli(a, b, c),
          () => q.rx(0.4, a),
          () => q.pauliRot(Math.PI / 2, 'XYZ', [a, b, c]),
          () => q.control([{ qubit: b, value: 0 }], (inner) => inner.z(a)),
          () =>
            q.linear(
              [
                [1, 0.1],
                [0, 0.5],
              ],
              [c],
            ),
          () => q.barrier(),
        ];
        random.pick(kinds)();
      }
    };
    const [a, b, c] = random.sample([0, 1, 2], 3) as [number, number, number];
    some();
    q.ry(x.at(2), a);
    some();
    q.pauliRot(x.at(0).times(-0.5), 'YX', [b, c]).rx(x.at(2).times(3), c);
    q.p(y.at(0).plus(0.7), b);
    some();
    q.control([{ qubit: a, value: 0 }], (inner) => inner.gphase(y.at(1).times(2)));
    some();
  });
}
