import { key } from '@ketwork/base';
import { expect, test } from 'vitest';
import { WORDS, loadNoiseKernel } from '../../src/privacy/noise-kernel.ts';
import { cryptographic, seededUnsafe } from '../../src/privacy/randomness.ts';

const secret = cryptographic();

/** The distribution function of the standard normal distribution (Abramowitz and Stegun 7.1.26, to 1.5e-7). */
function normalShare(x: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
  const sum =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const tail = (sum * Math.exp((-x * x) / 2)) / 2;
  return x > 0 ? 1 - tail : tail;
}

test.each([
  ['uniform', 0.5, 1 / 12, (x: number) => x],
  ['normal', 0, 1, normalShare],
  ['exponential', 1, 1, (x: number) => -Math.expm1(-x)],
] as const)('cryptographic %s numbers are distributed so', (kind, mean, variance, share) => {
  const parts = Array.from({ length: 400 }, () => secret[kind](501));
  const all = Float64Array.from(parts.flatMap((part) => [...part])).toSorted();
  const n = all.length;
  const average = all.reduce((a, b) => a + b) / n;
  expect(Math.abs(average - mean)).toBeLessThan(5 * Math.sqrt(variance / n));
  const spread = all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n;
  // The fourth moments are at most 9 times the squared variance.
  expect(Math.abs(spread / variance - 1)).toBeLessThan(5 * Math.sqrt(8 / n));
  // Kolmogorov and Smirnov: beyond 2.5 once in 130,000 runs.
  let distance = 0;
  all.forEach((x, i) => {
    distance = Math.max(distance, Math.abs(share(x) - (i + 0.5) / n));
  });
  expect(distance * Math.sqrt(n)).toBeLessThan(2.5);
  expect(new Set(all).size).toBe(n);
  // Neighbours know nothing of each other.
  const row = parts.flatMap((part) => [...part]);
  let product = 0;
  for (let i = 1; i < n; i++) product += (row[i]! - mean) * (row[i - 1]! - mean);
  expect(Math.abs(product / n / variance)).toBeLessThan(5 / Math.sqrt(n));
});

test('the kernel computes what the formulas say, at the ends of the interval too', () => {
  const { words, numbers, normal, exponential } = loadNoiseKernel();
  const double = (word: number): number =>
    Number(((BigInt(words[word + 1]!) << 32n) | BigInt(words[word]!)) >> 11n) * 2 ** -53;
  const pair = (word: number): number =>
    Math.sqrt(-Math.log1p(-double(word))) * Math.sin(2 * Math.PI * double(word + 2) + Math.PI / 4);
  for (let round = 0; round < 70; round++) {
    crypto.getRandomValues(words);
    // Upper halves that begin with many zeros, or many ones.
    for (let i = 1; i < WORDS; i += 2) {
      if (round < 33) words[i] = round === 32 ? 0 : words[i]! >>> round;
      else if (round < 66) words[i] = round === 65 ? 0xffffffff : ~(words[i]! >>> (round - 33));
    }
    if (round === 32) words.fill(0, 0, WORDS / 2);
    if (round === 65) words.fill(0xffffffff, 0, WORDS / 2);
    normal(0, WORDS / 8);
    for (let i = 0; i < WORDS / 8; i++)
      expect(Math.abs(numbers[i]! - pair(8 * i) - pair(8 * i + 4))).toBeLessThan(3e-14);
    exponential(0, WORDS / 4);
    for (let i = 0; i < WORDS / 2; i++) {
      const want = -Math.log1p(-double(2 * i));
      expect(Math.abs(numbers[i]! - want)).toBeLessThanOrEqual(4e-16 * want);
    }
  }
});

test('numbers go where they are wanted', () => {
  for (const random of [secret, seededUnsafe(key(1))]) {
    for (const kind of ['uniform', 'normal', 'exponential'] as const) {
      const out = new Float64Array(8).fill(-77);
      expect(random[kind](5, out)).toBe(out);
      expect(out.indexOf(-77)).toBe(5);
      expect(random[kind](3)).toHaveLength(3);
    }
  }
  expect(seededUnsafe(key(1)).normal(3, new Float64Array(3))).toEqual(
    seededUnsafe(key(1)).normal(3),
  );
  const gaps = seededUnsafe(key(1)).exponential(4);
  expect(gaps).toEqual(
    seededUnsafe(key(1))
      .uniform(4)
      .map((u) => -Math.log1p(-u)),
  );
});
