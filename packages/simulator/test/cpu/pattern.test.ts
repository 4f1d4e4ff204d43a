import { gate } from '@ketwork/circuit';
import { describe, expect, it } from 'vitest';
import { matrixPattern } from '../../src/cpu/pattern.ts';

const patternOf = (name: string): ReturnType<typeof matrixPattern> =>
  matrixPattern([...gate(name).matrix([])]);

describe('matrixPattern', () => {
  it.each(['X', 'Y', 'Z', 'S', 'Sdg', 'SWAP', 'ISWAP', 'CNOT', 'CZ'])(
    '%s only renames amplitudes',
    (name) => {
      const { pattern, values } = patternOf(name);
      expect(pattern.monomial).toBe(true);
      expect(values).toEqual([]);
    },
  );

  it.each(['H', 'ECR'])('%s has one constant', (name) => {
    const { pattern, values } = patternOf(name);
    expect(pattern.scaled).toBe(true);
    expect(values).toHaveLength(1);
  });

  it.each(['T', 'SX', 'CH'])('%s rebuilds its matrix', (name) =>
    expectRebuilt([...gate(name).matrix([])]),
  );

  it('rebuilds real and imaginary entries from one number each', () => {
    const rx = [0.8, 0, 0, -0.6, 0, -0.6, 0.8, 0];
    expectRebuilt(rx);
    expect(matrixPattern(rx).values).toEqual([0.8, -0.6, -0.6, 0.8]);
    expectRebuilt([0.8, 0, -0.6, 0, 0.6, 0, 0.8, 0]);
  });

  it('rebuilds matrices with rows of zeros, and without any entry', () => {
    expectRebuilt([1, 0, 0, 0, 0, 0, 0, 0]);
    expectRebuilt([0, 0, 0, 0, 0, 0, 0, 0]);
    expectRebuilt([0, 0, 0, 0, 0.5, 0, 0, 0]);
  });
});

function expectRebuilt(matrix: number[]): void {
  const { pattern, values } = matrixPattern(matrix);
  const size = Math.sqrt(matrix.length / 2);
  const out = new Array<number>(matrix.length).fill(0);
  pattern.rows.forEach((row, r) => {
    for (const { column, power, constant, real } of row) {
      const [re, im] = [
        [1, 0],
        [0, 1],
        [-1, 0],
        [0, -1],
      ][power]!;
      const own =
        constant === undefined
          ? [pattern.scaled ? values[0]! : 1, 0]
          : [values[constant]!, real === true ? 0 : values[constant + 1]!];
      out[2 * (r * size + column)] = re! * own[0]! - im! * own[1]!;
      out[2 * (r * size + column) + 1] = re! * own[1]! + im! * own[0]!;
    }
  });
  out.forEach((x, i) => expect(x).toBeCloseTo(matrix[i]!, 15));
}
