import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adjoint, controlledMatrix, identity, multiply } from '../src/gates/matrix.ts';
import type { Circuit, GateOp, MatrixOp } from '../src/index.ts';
import {
  amplitudes,
  bind,
  circuit,
  compose,
  controlled,
  evaluateAngle,
  hermitianSlot,
  input,
  inverse,
  primitives,
  weight,
} from '../src/index.ts';
import { distance, embed, productOfPrimitives } from './gates/dense.ts';
import { QUBITS, constantCircuits, reversibleCircuits } from './random-circuit.ts';

/** Matrix of a circuit of gates and matrices with constant angles. */
function matrixOf({ ops, qubits }: Circuit): Float64Array {
  return productOfPrimitives(
    ops.flatMap((op) => primitives(op as GateOp | MatrixOp)),
    qubits,
  );
}

/** Numbers rounded, as inverse angles are computed. */
function rounded(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, x: unknown) =>
    typeof x === 'number' ? Math.round(x * 1e9) / 1e9 + 0 : x,
  );
}

describe('inverse', () => {
  it('of the inverse is the circuit', () => {
    fc.assert(
      fc.property(reversibleCircuits, (c) => {
        expect(rounded(inverse(inverse(c)))).toEqual(rounded(c));
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('has the adjoint matrix', () => {
    fc.assert(
      fc.property(constantCircuits, (c) => {
        expect(distance(matrixOf(inverse(c)), adjoint(matrixOf(c)))).toBeLessThan(1e-13);
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  it('marks the labels of matrices', () => {
    const once = inverse(
      circuit(1, (q) =>
        q
          .unitary(
            [
              [1, 0],
              [0, 1],
            ],
            [0],
          )
          .unitary(
            [
              [1, 0],
              [0, 1],
            ],
            [0],
            { label: 'V' },
          ),
      ),
    );
    expect(once.ops.map((op) => op.type === 'matrix' && op.label)).toEqual(['V†', 'U†']);
    expect(inverse(once).ops.map((op) => op.type === 'matrix' && op.label)).toEqual([
      undefined,
      'V',
    ]);
  });

  it('refuses what cannot be undone', () => {
    expect([
      messageOf(() => inverse(circuit(1, (q) => q.h(0).measure(0, 0)))),
      messageOf(() =>
        inverse(
          circuit(1, (q) =>
            q.linear(
              [
                [1, 0],
                [0, 0],
              ],
              [0],
            ),
          ),
        ),
      ),
    ]).toMatchInlineSnapshot(`
      [
        "CircuitError: operation 1: a measure has no inverse. Only circuits of gates, unitary matrices and evolutions can be inverted",
        "CircuitError: operation 0: a matrix that is not unitary has no inverse. Only circuits of gates, unitary matrices and evolutions can be inverted",
      ]
    `);
  });
});

describe('controlled', () => {
  it('is a block diagonal matrix', () => {
    fc.assert(
      fc.property(constantCircuits, (c) => {
        const all = controlled(c, 1);
        expect(all.qubits).toBe(QUBITS + 1);
        expect(distance(matrixOf(all), controlledMatrix(matrixOf(c), 1))).toBeLessThan(1e-13);
        const last = controlled(c, [{ qubit: QUBITS, value: 0 }]);
        const flip = embed([0, 0, 1, 0, 1, 0, 0, 0], [4], 5);
        const whenOne = embed(controlledMatrix(matrixOf(c), 1), [4, 0, 1, 2, 3], 5);
        expect(distance(matrixOf(last), multiply(flip, multiply(whenOne, flip)))).toBeLessThan(
          1e-13,
        );
      }),
      { seed: 4, numRuns: 60 },
    );
  });

  it('refuses what cannot be controlled', () => {
    const flip = circuit(2, (q) => q.x(1));
    expect([
      messageOf(() => controlled(flip, 0)),
      messageOf(() => controlled(flip, [1])),
      messageOf(() =>
        controlled(
          circuit(1, (q) => q.reset(0)),
          1,
        ),
      ),
    ]).toMatchInlineSnapshot(`
      [
        "CircuitError: a circuit cannot have 0 controls. Use a positive integer",
        "CircuitError: operation 0: X acts twice on qubit 1. Give different qubits, controls included",
        "CircuitError: operation 0: a reset cannot be controlled. Only gates, matrices and evolutions can; put the rest outside",
      ]
    `);
    expect(controlled(flip, [0]).qubits).toBe(2);
  });
});

describe('compose', () => {
  it('multiplies matrices, on any qubits', () => {
    fc.assert(
      fc.property(constantCircuits, constantCircuits, (a, b) => {
        expect(distance(matrixOf(compose(a, b)), multiply(matrixOf(b), matrixOf(a)))).toBeLessThan(
          1e-13,
        );
        const moved = compose(a, b, { qubits: [2, 4, 0, 1] });
        const expected = multiply(
          embed(matrixOf(b), [2, 4, 0, 1], 5),
          embed(matrixOf(a), [0, 1, 2, 3], 5),
        );
        expect(distance(matrixOf(moved), expected)).toBeLessThan(1e-13);
      }),
      { seed: 5, numRuns: 40 },
    );
  });

  it('merges equal slots and refuses clashing ones', () => {
    const a = circuit(1, { x: input([1]), w: weight([1]) }, (q, { x, w }) =>
      q.rx(x.at(0), 0).ry(w.at(0), 0),
    );
    const b = circuit(1, { w: weight([1]), v: weight([2]) }, (q, { w }) => q.rz(w.at(0), 0));
    const joined: Circuit<'x' | 'w' | 'v'> = compose(a, b);
    expect(joined.slots.map((slot) => slot.name)).toEqual(['x', 'w', 'v']);
    const clash = circuit(1, { w: weight([2]) }, (q, { w }) => q.rz(w.at(1), 0));
    expect([
      messageOf(() => compose(a, clash)),
      messageOf(() => compose(a, b, { qubits: [0, 1] })),
      messageOf(() =>
        compose(
          a,
          circuit(1, (q) => q.prepare([0, 1], [0])),
        ),
      ),
    ]).toMatchInlineSnapshot(`
      [
        "CircuitError: operation 2: two different slots are named 'w'. Rename one, or give both the same shape and options",
        "CircuitError: operation 2: a circuit of 1 qubits does not fit 2 qubits. Name one qubit for each of its qubits",
        "CircuitError: operation 2: a state preparation follows another operation on qubit 0. Prepare states first, or use unitary()",
      ]
    `);
  });
});

describe('bind', () => {
  const all = circuit(
    3,
    {
      x: input([2]),
      w: weight([2]),
      a: amplitudes([2]),
      c: amplitudes([2, 2]),
      h: hermitianSlot(2),
    },
    (q, { x, w, a, c, h }) =>
      q
        .prepare(a, [0])
        .prepare(c, [1])
        .rx(x.at(0).times(w.at(1)), 0)
        .evolution(h, w.at(0), [2])
        .measure(0, 0)
        .if(0, () => q.ry(w.at(1), 0)),
  );

  it('replaces slots everywhere and leaves the others', () => {
    const some: Circuit<'x' | 'c'> = bind(all, {
      w: [0.5, 2],
      a: [0.6, 0.8],
      h: [0, 0, 1, 0, 1, 0, 0, 0],
    });
    expect(some.slots.map((slot) => slot.name)).toEqual(['x', 'c']);
    const direct = circuit(3, { x: input([2]), c: amplitudes([2, 2]) }, (q, { x, c }) =>
      q
        .prepare([0.6, 0.8], [0])
        .prepare(c, [1])
        .rx(x.at(0).times(2), 0)
        .evolution(
          [
            [0, 1],
            [1, 0],
          ],
          0.5,
          [2],
        )
        .measure(0, 0)
        .if(0, () => q.ry(2, 0)),
    );
    expect(rounded(some)).toEqual(rounded(direct));
    expect(bind(some, { x: [3, 4], c: [0, 0, 0, -1] }).slots).toEqual([]);
  });

  it('gives angles their values', () => {
    const w = [0.3, -0.4, 0.5, 1.2, -2, 0.1];
    const x = [0.7, 0, -1, 2];
    fc.assert(
      fc.property(reversibleCircuits, (c) => {
        const values = Object.fromEntries(
          Object.entries({ w, x, h: [1, 0, 0, 0, 0, 0, 1, 0] }).filter(([name]) =>
            c.slots.some((slot) => slot.name === name),
          ),
        );
        const bound = bind(c, values);
        expect(bound.slots).toEqual([]);
        c.ops.forEach((op, i) => {
          const after = bound.ops[i]!;
          if (op.type !== 'gate' || after.type !== 'gate') return;
          op.angles.forEach((angle, k) => {
            const value = evaluateAngle(angle, (name, index) => (name === 'w' ? w : x)[index]!);
            expect(after.angles[k]).toBeCloseTo(value, 9);
          });
        });
      }),
      { seed: 6, numRuns: 200 },
    );
  });

  it('explains what is wrong', () => {
    expect([
      messageOf(() => bind(all, { z: [1] } as never)),
      messageOf(() => bind(all, { w: [1] })),
      messageOf(() => bind(all, { w: [1, Number.NaN] })),
      messageOf(() => bind(all, { a: [1, 1] })),
      messageOf(() => bind(all, { h: [0, 0, 1, 0, 2, 0, 0, 0] })),
    ]).toMatchInlineSnapshot(`
      [
        "CircuitError: there is no slot 'z' to bind. The circuit has 'x', 'w', 'a', 'c', 'h'",
        "ValueError: slot 'w' of shape [2] got 1 values. Give 2",
        "ValueError: slot 'w' got a value that is not finite. Use finite numbers",
        "ValueError: operation 0: amplitudes have norm 1.41421. Divide by the norm, or prepare with { normalize: true }",
        "ValueError: operation 3: the generator of an evolution is not Hermitian: it differs from its conjugate transpose by 1.00. Use (A + A†)/2",
      ]
    `);
  });
});

it('the unit circuit has the unit matrix', () => {
  expect(distance(matrixOf(circuit(2, () => {})), identity(4))).toBe(0);
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return 'no error';
}
