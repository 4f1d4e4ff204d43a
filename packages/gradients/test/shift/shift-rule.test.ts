import { shiftRule } from '@ketwork/gradients';
import { expect, test } from 'vitest';

/** Derivative at θ of a sum of sines and cosines, by the rule and exactly. */
function compare(frequencies: readonly number[], theta: number): number {
  const f = (x: number): number =>
    0.3 +
    frequencies.reduce(
      (sum, w, k) => sum + (0.5 + k) * Math.cos(w * x + 0.2) - 0.7 * Math.sin(w * x - k),
      0,
    );
  const exact = frequencies.reduce(
    (sum, w, k) =>
      sum - w * (0.5 + k) * Math.sin(w * theta + 0.2) - 0.7 * w * Math.cos(w * theta - k),
    0,
  );
  const byRule = shiftRule(frequencies).reduce(
    (sum, { shift, coefficient }) => sum + coefficient * f(theta + shift),
    0,
  );
  return Math.abs(byRule - exact) / (1 + Math.abs(exact));
}

test.each([
  [[1]],
  [[2.5]],
  [[0.5, 1]],
  [[1, 2, 3]],
  [[0.25, 0.5, 0.75, 1, 1.25]],
  [[1, 3]],
  [[0.3, 1.7, 2.9]],
  [[1, 1.05]],
  [[0.01, 1]],
  [[0.31, 0.77, 1.2, 1.9, 2.21, 3.5]],
])('the rule of %j is exact', (frequencies) => {
  for (const theta of [-2, 0, 0.4, 1.9]) expect(compare(frequencies, theta)).toBeLessThan(1e-10);
});

test('two terms for one frequency', () => {
  expect(shiftRule([1])).toEqual([
    { shift: Math.PI / 2, coefficient: expect.closeTo(0.5, 15) },
    { shift: -Math.PI / 2, coefficient: expect.closeTo(-0.5, 15) },
  ]);
});

test('four terms for controlled rotations, with the known coefficients', () => {
  const plus = (Math.SQRT2 + 1) / (4 * Math.SQRT2);
  const minus = (Math.SQRT2 - 1) / (4 * Math.SQRT2);
  const rule = shiftRule([0.5, 1]);
  expect(rule.map(({ shift }) => shift / Math.PI)).toEqual(
    [0.5, -0.5, 1.5, -1.5].map((x) => expect.closeTo(x, 14)),
  );
  expect(rule.map(({ coefficient }) => coefficient)).toEqual(
    [plus, -plus, -minus, minus].map((x) => expect.closeTo(x, 14)),
  );
});

test('order and repetition of frequencies do not matter; none gives no rule', () => {
  expect(shiftRule([1, 0.5, 1])).toEqual(shiftRule([0.5, 1]));
  expect(shiftRule([])).toEqual([]);
});

test('refuses what is no frequency', () => {
  for (const bad of [0, -1, NaN, Infinity]) {
    expect(() => shiftRule([1, bad])).toThrow(
      `${bad} is no frequency of a shift rule. Give the positive differences of the eigenvalues of the generator`,
    );
  }
});
