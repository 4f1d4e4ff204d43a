import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  X,
  Y,
  Z,
  anticommutator,
  commutator,
  denseMatrix,
  groupCommuting,
  hermitian,
  hermitianSlot,
  ising,
  pauli,
  pauliDecomposition,
  pauliSum,
  projector,
} from '../src/index.ts';
import { multiply, pauliMatrix } from '../src/gates/matrix.ts';
import { distance } from './gates/dense.ts';

const words = fc
  .array(fc.constantFrom('I', 'X', 'Y', 'Z'), { minLength: 3, maxLength: 3 })
  .map((letters) => letters.join(''));
const sums = fc
  .array(fc.tuple(fc.integer({ min: -4, max: 4 }), words), { minLength: 1, maxLength: 5 })
  .map((list) => pauliSum(list));

const combined = (a: Float64Array, b: Float64Array, factor: number): Float64Array =>
  a.map((x, i) => x + factor * b[i]!);
/** i times a matrix. */
const timesI = (a: Float64Array): Float64Array =>
  a.map((_, i) => (i % 2 === 0 ? -a[i + 1]! : a[i - 1]!));

describe('Pauli algebra', () => {
  it('makes sums from words in one go, merging equal strings', () => {
    const sum = pauliSum([
      [0.5, 'XIY'],
      [2, 'Z', [4]],
      [0.25, 'YX', [2, 0]],
      [3, ''],
    ]);
    expect(sum.terms).toEqual([
      {
        coefficient: 0.75,
        paulis: [
          { qubit: 0, pauli: 'X' },
          { qubit: 2, pauli: 'Y' },
        ],
      },
      { coefficient: 2, paulis: [{ qubit: 4, pauli: 'Z' }] },
      { coefficient: 3, paulis: [] },
    ]);
    expect(() => pauliSum([[Number.NaN, 'X']])).toThrow(/coefficient NaN/);
    expect(() => pauliSum([[1, 'Q']])).toThrow(/not a Pauli word/);
  });

  it('has the dense matrix of its strings', () => {
    fc.assert(
      fc.property(words, (word) => {
        expect(distance(denseMatrix(pauli(word), 3), pauliMatrix(word))).toBeLessThan(1e-14);
      }),
    );
  });

  it('commutes and anticommutes like matrices', () => {
    fc.assert(
      fc.property(sums, sums, (a, b) => {
        const [p, q] = [denseMatrix(a, 3), denseMatrix(b, 3)];
        const ab = multiply(p, q);
        const ba = multiply(q, p);
        const c = denseMatrix(commutator(a, b), 3);
        expect(distance(c, timesI(combined(ab, ba, -1)))).toBeLessThan(1e-12);
        const d = denseMatrix(anticommutator(a, b), 3);
        expect(distance(d, combined(ab, ba, 1))).toBeLessThan(1e-12);
      }),
    );
  });

  it('decomposes any Hermitian matrix into the sum it came from', () => {
    fc.assert(
      fc.property(sums, (sum) => {
        const back = pauliDecomposition(denseMatrix(sum, 3));
        expect(back.sub(sum).simplify().terms).toEqual([]);
      }),
    );
    const moved = pauliDecomposition(denseMatrix(pauli('XY')), { qubits: [5, 2] });
    expect(moved.terms).toEqual(pauli('XY', [5, 2]).terms);
    expect(() =>
      pauliDecomposition([
        [0, 1],
        [2, 0],
      ]),
    ).toThrow(/not Hermitian/);
    expect(() => pauliDecomposition(denseMatrix(X(0)), { qubits: [0, 1] })).toThrow(/2 qubits/);
  });

  it('drops small terms where asked', () => {
    const sum = X(0).add(Z(0).scale(1e-13), Y(1).scale(1e-3));
    expect(sum.terms.length).toBe(3);
    expect(sum.simplify().terms.length).toBe(2);
    expect(sum.simplify(0.01).terms).toEqual(X(0).terms);
  });

  it('groups strings that commute qubit by qubit, and loses none', () => {
    fc.assert(
      fc.property(sums, (sum) => {
        const groups = groupCommuting(sum);
        for (const { terms } of groups) {
          const letters = new Map<number, string>();
          for (const { paulis } of terms) {
            for (const { qubit, pauli: letter } of paulis) {
              expect(letters.get(qubit) ?? letter).toBe(letter);
              letters.set(qubit, letter);
            }
          }
        }
        const all = pauliSum([]).add(...groups);
        expect(all.sub(sum).terms).toEqual([]);
      }),
    );
    expect(groupCommuting(ising(8)).map(({ terms }) => terms.length)).toEqual([7, 8]);
  });

  it('has matrices of projectors and Hermitian observables on any qubits', () => {
    const onOne = denseMatrix(projector([1, 0], [2, 0]), 3);
    expect(denseMatrix(pauliDecomposition(onOne), 3)).toEqual(onOne);
    expect(onOne.filter((x) => x !== 0).length).toBe(2);
    expect(onOne[2 * (1 * 8 + 1)]).toBe(1); // |001⟩
    const xy = hermitian(denseMatrix(pauli('XY')), [2, 0]);
    expect(distance(denseMatrix(xy, 3), pauliMatrix('YIX'))).toBeLessThan(1e-15);
    expect(() => denseMatrix(hermitian(hermitianSlot('h', 2), [0]))).toThrow(/comes with the data/);
    expect(() => denseMatrix(Z(3), 2)).toThrow(/at least 4/);
    expect(() => denseMatrix(Z(20))).toThrow(/21 qubits/);
  });
});
