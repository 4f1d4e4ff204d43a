import { bits, fold, key } from '@ketwork/base';
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { PauliObservable } from '../src/index.ts';
import {
  I,
  X,
  Y,
  Z,
  counts,
  expval,
  hermitian,
  hermitianSlot,
  pauli,
  probabilities,
  projector,
  samples,
  squaredPauli,
  state,
  variance,
} from '../src/index.ts';
import { adjoint, multiply, pauliMatrix } from '../src/gates/matrix.ts';
import { distance } from './gates/dense.ts';

/** Matrix on three qubits, from the terms alone. */
function matrixOf(observable: PauliObservable): Float64Array {
  const sum = new Float64Array(128);
  for (const { coefficient, paulis } of observable.terms) {
    const word = [0, 1, 2]
      .map((q) => paulis.find(({ qubit }) => qubit === q)?.pauli ?? 'I')
      .join('');
    pauliMatrix(word).forEach((x, i) => (sum[i] = sum[i]! + coefficient * x));
  }
  return sum;
}

const words = fc
  .array(fc.constantFrom('I', 'X', 'Y', 'Z'), { minLength: 3, maxLength: 3 })
  .map((letters) => letters.join(''));
const sums = fc
  .array(fc.tuple(words, fc.integer({ min: -4, max: 4 })), { minLength: 1, maxLength: 4 })
  .map((terms) => terms.map(([word, c]) => pauli(word).scale(c)).reduce((a, b) => a.add(b)));

describe('Pauli observables', () => {
  it('are plain data to JSON and structuredClone', () => {
    const observable = X(3).scale(0.5).add(Z(3), I());
    const data = {
      type: 'pauli',
      terms: [
        { coefficient: 0.5, paulis: [{ qubit: 3, pauli: 'X' }] },
        { coefficient: 1, paulis: [{ qubit: 3, pauli: 'Z' }] },
        { coefficient: 1, paulis: [] },
      ],
    };
    expect(JSON.parse(JSON.stringify(observable))).toEqual(data);
    expect(structuredClone(expval(observable))).toEqual({ type: 'expval', observables: [data] });
    expect(Object.isFrozen(observable) && Object.isFrozen(observable.terms[0])).toBe(true);
    expect(Object.keys(observable)).toEqual(['type', 'terms']);
  });

  it('place letters on qubits and sort them', () => {
    expect(pauli('XIZ').terms).toEqual(X(0).mul(Z(2)).terms);
    expect(pauli('XZ', [2, 0]).terms).toEqual(Z(0).mul(X(2)).terms);
    expect(Z(1).mul(Z(1)).terms).toEqual(I().terms);
  });

  it('merge equal strings and drop those that cancel', () => {
    expect(Z(0).add(Z(0)).terms).toEqual(Z(0).scale(2).terms);
    expect(Z(0).sub(Z(0)).terms).toEqual([]);
    expect(
      X(0)
        .add(Y(0))
        .mul(X(0).add(Y(0))).terms,
    ).toEqual(I().scale(2).terms);
  });

  it('add, subtract and multiply like their matrices, or refuse a product that is not Hermitian', () => {
    fc.assert(
      fc.property(sums, sums, (a, b) => {
        const [ma, mb] = [matrixOf(a), matrixOf(b)];
        expect(
          distance(
            matrixOf(a.add(b)),
            ma.map((x, i) => x + mb[i]!),
          ),
        ).toBe(0);
        expect(
          distance(
            matrixOf(a.sub(b)),
            ma.map((x, i) => x - mb[i]!),
          ),
        ).toBe(0);
        const product = multiply(ma, mb);
        if (distance(product, adjoint(product)) === 0)
          expect(distance(matrixOf(a.mul(b)), product)).toBe(0);
        else expect(() => a.mul(b)).toThrow(/not Hermitian/);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('neither freeze nor keep the terms they are given', () => {
    const term = { coefficient: 2, paulis: [{ qubit: 0, pauli: 'X' as 'X' | 'Z' }] };
    const total = Z(1).add({ type: 'pauli', terms: [term] });
    expect(Object.isFrozen(term.paulis)).toBe(false);
    term.paulis[0]!.pauli = 'Z';
    expect(total.terms).toEqual(Z(1).add(X(0).scale(2)).terms);
    expect(Object.isFrozen(total.terms[1]!.paulis[0])).toBe(true);
  });

  it('have squares whose matrix is the square of theirs', () => {
    fc.assert(
      fc.property(sums, (a) => {
        const m = matrixOf(a);
        expect(distance(matrixOf(squaredPauli(a)), multiply(m, m))).toBe(0);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('have squares of hundreds of terms, on more qubits than a mask holds, and refuse huge ones', () => {
    const many = Array.from({ length: 40 }, (_, i) => X(i).scale(i + 1));
    const wide = many[0]!.add(...many.slice(1));
    const narrow = many[0]!.add(...many.slice(1, 20));
    // Commuting terms: each pair twice, and the squares as one constant.
    expect(squaredPauli(wide).terms.length).toBe((40 * 39) / 2 + 1);
    expect(squaredPauli(narrow).sub(narrow.mul(narrow)).simplify().terms).toEqual([]);
    const random = Array.from({ length: 2300 }, (_, i) =>
      pauli(Array.from(bits(fold(key(1), i), 24), (b) => 'IXYZ'[b & 3]!).join('')),
    );
    expect(() => squaredPauli(random[0]!.add(...random.slice(1)))).toThrow(/too many strings/);
  });

  it('multiply where imaginary parts cancel but for rounding', () => {
    const fields = fc.array(fc.tuple(words, fc.double({ min: -1, max: 1, noNaN: true })), {
      minLength: 5,
      maxLength: 20,
    });
    fc.assert(
      fc.property(fields, (terms) => {
        const a = terms.map(([word, c]) => pauli(word).scale(c)).reduce((x, y) => x.add(y));
        expect(distance(matrixOf(a.mul(a)), matrixOf(squaredPauli(a)))).toBeLessThan(1e-13);
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it('explain what is wrong', () => {
    const messages = [
      () => X(0).mul(Y(0)),
      () => pauli('XQ'),
      () => pauli('XX', [0]),
      () => pauli('XX', [1, 1]),
      () => Z(-1),
      () => Z(0).scale(Number.NaN),
    ].map(messageOf);
    expect(messages).toMatchInlineSnapshot(`
      [
        "CircuitError: the product of two observables is not Hermitian: it contains 1i·Z(0). Multiply observables that commute, such as X(0) and Z(1)",
        "CircuitError: 'XQ' is not a Pauli word. Use the letters I, X, Y and Z",
        "CircuitError: the Pauli word 'XX' has 2 letters but 1 qubits. Name one qubit for each letter",
        "CircuitError: the Pauli word 'XX' acts twice on a qubit of [1, 1]. Name each qubit once",
        "CircuitError: an observable acts on qubit -1. Use integers from 0",
        "ValueError: an observable cannot be scaled by NaN. Use a finite number",
      ]
    `);
  });
});

describe('matrices and projectors', () => {
  it('store interleaved entries', () => {
    const y = { type: 'hermitian', qubits: [1], matrix: [0, 0, 0, -1, 0, 1, 0, 0] };
    expect(
      hermitian(
        [
          [0, { re: 0, im: -1 }],
          [{ re: 0, im: 1 }, 0],
        ],
        [1],
      ),
    ).toEqual(y);
    expect(hermitian(new Float64Array(y.matrix), [1])).toEqual(y);
    expect(hermitian(hermitianSlot('h', 4), [0, 1]).matrix).toEqual({ slot: 'h' });
    expect(projector([0, 1], [3, 2])).toEqual({ type: 'projector', qubits: [3, 2], bits: [0, 1] });
  });

  it('explain what is wrong', () => {
    const messages = [
      () =>
        hermitian(
          [
            [0, 1],
            [2, 0],
          ],
          [0],
        ),
      () => hermitian([[0, 1], [1]], [0]),
      () =>
        hermitian(
          [
            [0, 1],
            [1, 0],
          ],
          [0, 1],
        ),
      () =>
        hermitian(
          [
            [Infinity, 0],
            [0, 0],
          ],
          [0],
        ),
      () => hermitian(hermitianSlot('h', 2), [0, 1]),
      () =>
        hermitian(
          [
            [1, 0],
            [0, 1],
          ],
          [],
        ),
      () => projector([0, 2], [0, 1]),
      () => projector([0, 1], [1, 1]),
    ].map(messageOf);
    expect(messages).toMatchInlineSnapshot(`
      [
        "ValueError: the matrix of an observable is not Hermitian: it differs from its conjugate transpose by 1.00. Use (A + A†)/2",
        "CircuitError: a matrix has 2 rows but a row of 1 entries. Give a square matrix",
        "CircuitError: a matrix of 4 entries does not fit 2 qubits. Give 4 × 4 entries",
        "ValueError: the matrix of an observable has an entry that is not finite. Use finite numbers",
        "CircuitError: slot 'h' (hermitian, [2, 2, 2]) does not fit a matrix on 2 qubits. Make it with hermitianSlot('h', 4)",
        "CircuitError: an observable acts on the qubits []. Name at least one qubit and each of them once",
        "CircuitError: the bits [0, 2] do not fit the qubits [0, 1]. Give one 0 or 1 per qubit",
        "CircuitError: an observable acts on the qubits [1, 1]. Name at least one qubit and each of them once",
      ]
    `);
  });
});

describe('measurements', () => {
  it('are frozen data', () => {
    const list = [
      expval(Z(0)),
      variance(Z(0)),
      probabilities(),
      probabilities([1]),
      state(),
      samples(5),
      counts(7, [1, 0]),
    ];
    for (const measurement of list) {
      expect(Object.isFrozen(measurement)).toBe(true);
      expect(JSON.parse(JSON.stringify(measurement))).toEqual(structuredClone(measurement));
    }
    expect(probabilities()).toEqual({ type: 'probabilities' });
    expect(counts(7, [1, 0])).toEqual({ type: 'counts', shots: 7, qubits: [1, 0] });
  });

  it('explain what is wrong', () => {
    const messages = [
      () => expval(),
      () => variance(),
      () => probabilities([]),
      () => samples(0),
      () => counts(1.5),
      () => counts(5, [1, 1]),
    ].map(messageOf);
    expect(messages).toMatchInlineSnapshot(`
      [
        "CircuitError: expval() has no observable. Give at least one, such as expval(Z(0))",
        "CircuitError: variance() has no observable. Give at least one, such as variance(Z(0))",
        "CircuitError: a measurement of the qubits []. Name at least one qubit, integers from 0, and each of them once",
        "CircuitError: a measurement with 0 shots. Use a positive integer",
        "CircuitError: a measurement with 1.5 shots. Use a positive integer",
        "CircuitError: a measurement of the qubits [1, 1]. Name at least one qubit, integers from 0, and each of them once",
      ]
    `);
  });
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return 'no error';
}
