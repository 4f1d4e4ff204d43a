import { hermitian, projector, X, Y, Z } from '@ketwork/circuit';
import { Random } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { hermitianEigen } from '../src/hermitian.ts';
import { outcomeValue } from '../src/settings.ts';
import { countsOf, meanOf, writeFrequencies, writeSamples } from '../src/tallies.ts';
import type { Shots } from '../src/tallies.ts';

const random = new Random(3);

function drawn(qubits: readonly number[], shots: number): Shots {
  const outcomes = Uint32Array.from({ length: shots }, () =>
    random.integer(0, 2 ** qubits.length - 1),
  );
  return {
    qubits,
    outcomes,
    eigen: ({ matrix, qubits: on }) => hermitianEigen(matrix as readonly number[], 2 ** on.length),
    norm: 0.5,
  };
}

/** Bits of one shot on some qubits. */
const bitsOf = ({ qubits, outcomes }: Shots, on: readonly number[], s: number): number[] =>
  on.map((q) => ((outcomes[s] as number) >> (qubits.length - 1 - qubits.indexOf(q))) & 1);

const cases: [on: number[], qubits: number[], shots: number][] = [
  [[2], [1, 2, 5], 40],
  [[5, 1], [1, 2, 5], 40],
  [[0, 1, 2], [0, 1, 2], 3],
  [Array.from({ length: 8 }, (_, q) => q), Array.from({ length: 8 }, (_, q) => q), 50],
  [Array.from({ length: 13 }, (_, q) => q), Array.from({ length: 13 }, (_, q) => q), 50],
  [Array.from({ length: 19 }, (_, q) => 18 - q), Array.from({ length: 20 }, (_, q) => q), 50],
];

describe('tallies', () => {
  it.each(cases)('of qubits %j read the bits of each shot', (on, qubits, shots) => {
    const example = drawn(qubits, shots + 2);
    const rows = Array.from({ length: shots }, (_, s) => bitsOf(example, on, s));
    const k = on.length;

    const samples = new Uint8Array(shots * k + 3).fill(9);
    writeSamples(example, on, samples.subarray(1, 1 + shots * k));
    expect([...samples]).toEqual([9, ...rows.flat(), 9, 9]);

    const counts: Record<string, number> = {};
    for (const row of rows.map((r) => r.join('')).sort()) counts[row] = (counts[row] ?? 0) + 1;
    const found = countsOf(example, on, shots);
    expect(found).toEqual(counts);
    expect(Object.keys(found)).toEqual(Object.keys(counts));

    if (k > 16) return;
    const frequencies = new Float64Array(2 ** k);
    writeFrequencies(example, on, shots, frequencies);
    frequencies.forEach((f, outcome) => {
      const n = counts[outcome.toString(2).padStart(k, '0')] ?? 0;
      expect(f).toBeCloseTo((0.5 * n) / shots, 14);
    });
  });

  it.each([10, 400])('give the mean of observables over %i shots', (shots) => {
    const example = drawn([0, 1, 3, 4], shots);
    const matrix = [
      [1, 2],
      [2, -0.5],
    ];
    for (const observable of [
      Z(3),
      X(0).mul(Y(4)).scale(0.3).add(Z(1).scale(-2)),
      projector([0, 1], [4, 1]),
      hermitian(matrix, [1]),
    ]) {
      const value = outcomeValue(observable, example.qubits, example.eigen);
      for (const power of [1, 2] as const) {
        let sum = 0;
        for (const outcome of example.outcomes) sum += value(outcome) ** power;
        expect(meanOf(observable, power, example, shots)).toBeCloseTo((0.5 * sum) / shots, 12);
        // Fewer shots than there are.
        let fewer = 0;
        for (const outcome of example.outcomes.subarray(0, 5)) fewer += value(outcome) ** power;
        expect(meanOf(observable, power, example, 5)).toBeCloseTo(fewer / 10, 12);
      }
    }
  });
});
