import { Random, randomUnitary } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { product, scaled, spreadOver } from '../../src/cpu/complex-matrix.ts';
import { canonicalForm } from '../../src/cpu/kak.ts';
import { adjoint, matrixPattern } from '../../src/cpu/pattern.ts';

const tensor = (a: readonly number[], b: readonly number[]): number[] =>
  product(spreadOver([0, 1], a, [0], []), spreadOver([0, 1], b, [1], []));
const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));
const isUnitary = (a: readonly number[]): boolean => {
  const size = Math.sqrt(a.length / 2);
  const one = a.map((_, i) => (i % (2 * size + 2) === 0 ? 1 : 0));
  return distance(product(adjoint(a), a), one) < 1e-14;
};
/** A matrix from numbers that stand for real entries, row by row. */
const real = (...entries: number[]): number[] => entries.flatMap((x) => [x, 0]);
/** exp(i t P) for a Pauli word P on both qubits. */
const turn = (first: readonly number[], second: readonly number[], t: number): number[] =>
  scaled(tensor(first, second), 0, Math.sin(t)).map((x, i) => x + (i % 10 === 0 ? Math.cos(t) : 0));
const [x, y, z] = [real(0, 1, 1, 0), [0, 0, 0, -1, 0, 1, 0, 0], real(1, 0, 0, -1)];
const identity = real(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
const cnot = real(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0);
const swap = real(1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1);
const iswap = product(turn(x, x, Math.PI / 4), turn(y, y, Math.PI / 4));

/** Checks the parts of a matrix and returns the cost of its core. */
function check(matrix: readonly number[], label: string): number {
  const found = canonicalForm(matrix);
  if (found === undefined) throw new Error(`${label}: not found`);
  const { before, core, after } = found;
  for (const part of [...before, core, ...after]) expect(isUnitary(part), label).toBe(true);
  const whole = product(product(tensor(...after), core), tensor(...before));
  expect(distance(whole, matrix), label).toBeLessThan(1e-14);
  // 00 and 11 do not meet 01 and 10.
  for (const at of [1, 2, 4, 7, 8, 11, 13, 14])
    expect([core[2 * at], core[2 * at + 1]], label).toEqual([0, 0]);
  return matrixPattern(core).pattern.flops;
}

describe('canonicalForm', () => {
  it('is exact for random unitaries, whose cores take 8 operations', () => {
    for (let seed = 0; seed < 1000; seed++)
      expect(check(randomUnitary(new Random(seed), 4), `seed ${seed}`)).toBe(8);
  });

  it.each([
    ['identity', identity, 0],
    ['CNOT', cnot, 0],
    ['CZ', real(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, -1), 0],
    ['SWAP', swap, 0],
    ['iSWAP', iswap, 0],
    [
      'root of SWAP',
      product(
        product(turn(x, x, 0.125 * Math.PI), turn(y, y, 0.125 * Math.PI)),
        turn(z, z, 0.125 * Math.PI),
      ),
      3,
    ],
    ['exp(0.3 i XX)', turn(x, x, 0.3), 1.5],
    ['exp(0.3 i YX)', turn(y, x, 0.3), 1.5],
    ['two axes', product(turn(x, x, 0.3), turn(z, z, -1.1)), 6],
    ['-1', identity.map((e) => -e), 0],
  ] as const)('finds %s', (name, matrix, flops) => {
    expect(check(matrix, name)).toBe(flops);
    for (let seed = 0; seed < 100; seed++) {
      const random = new Random(seed);
      const local = (): number[] => tensor(randomUnitary(random, 2), randomUnitary(random, 2));
      const hidden = product(product(local(), matrix), local());
      expect(check(hidden, `${name}, seed ${seed}`)).toBe(flops);
      const noisy = matrix.map((e) => e + random.uniform() * 1e-16);
      check(noisy, `${name} with noise, seed ${seed}`);
    }
  });

  it('finds diagonal, controlled and nearly local matrices', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = new Random(seed);
      const angles = random.normals(4);
      const diagonal = identity.map((_, i) => {
        const at = Math.floor(i / 10);
        const on = i % 10 <= 1 ? (i % 10 === 0 ? Math.cos : Math.sin) : undefined;
        return on === undefined ? 0 : on(angles[at]!);
      });
      expect(check(diagonal, `diagonal ${seed}`)).toBeLessThanOrEqual(1.5);
      const controlled = spreadOver(
        [0, 1],
        randomUnitary(random, 2),
        [seed & 1],
        [{ qubit: 1 - (seed & 1), value: 1 }],
      );
      expect(check(controlled, `controlled ${seed}`)).toBeLessThanOrEqual(1.5);
      for (const size of [1e-3, 1e-7, 1e-8, 1e-12, 1e-15])
        check(
          product(turn(x, x, size), product(turn(y, y, 0.7 * size), turn(z, z, -size))),
          `${size}, ${seed}`,
        );
    }
  });

  it('refuses what is not unitary', () => {
    expect(canonicalForm(identity.map((e) => 2 * e))).toBeUndefined();
    expect(canonicalForm(real(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1))).toBeUndefined();
    expect(canonicalForm(new Array<number>(32).fill(0))).toBeUndefined();
  });
});
