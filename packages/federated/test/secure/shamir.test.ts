import { key } from '@ketwork/base';
import { expect, test } from 'vitest';
import { bytesOf, inverse, modulo, ORDER, randomScalar, scalarOf } from '../../src/secure/field.ts';
import { seededUnsafe } from '../../src/secure/random.ts';
import { combineShares, shareSecret, weightsAtZero } from '../../src/secure/shamir.ts';

const random = seededUnsafe(key(1));

test('bytes and elements are each other', () => {
  for (const value of [0n, 1n, 2n ** 64n, ORDER - 1n, randomScalar(random)]) {
    expect(scalarOf(bytesOf(value))).toBe(value);
  }
  expect(scalarOf(bytesOf(ORDER))).toBeUndefined();
  expect(scalarOf(new Uint8Array(32).fill(255))).toBeUndefined();
});

test('the inverse times the element is 1', () => {
  for (const value of [1n, 2n, -3n, ORDER - 1n, randomScalar(random)]) {
    expect(modulo(value * inverse(value))).toBe(1n);
  }
});

test('any shares as many as the threshold give the secret', () => {
  const secret = randomScalar(random);
  const shares = shareSecret(secret, 3, 6, random);
  for (const points of [
    [1, 2, 3],
    [6, 1, 4],
    [2, 5, 6],
  ]) {
    const chosen = points.map((point) => shares[point - 1]!);
    expect(combineShares(chosen, weightsAtZero(points))).toBe(secret);
  }
});

test('one share too few or a changed one gives something else', () => {
  const secret = randomScalar(random);
  const shares = shareSecret(secret, 3, 6, random);
  expect(combineShares(shares.slice(0, 2), weightsAtZero([1, 2]))).not.toBe(secret);
  const changed = [shares[0]!, shares[1]! + 1n, shares[2]!];
  expect(combineShares(changed, weightsAtZero([1, 2, 3]))).not.toBe(secret);
});

test('shares below the threshold look the same for all secrets', () => {
  // The top byte of a share, over many sharings of the smallest and of the largest secret.
  for (const secret of [0n, ORDER - 1n]) {
    const counts = new Float64Array(16);
    const draws = 4000;
    for (let i = 0; i < draws; i++) {
      const [, share] = shareSecret(secret, 2, 2, random);
      counts[bytesOf(share!)[31]! >> 4]!++;
    }
    const expected = draws / 16;
    const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // Chi-squared with 15 degrees of freedom exceeds 50 with probability 1e-5.
    expect(statistic).toBeLessThan(50);
  }
});
