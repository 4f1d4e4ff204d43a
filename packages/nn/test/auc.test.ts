import { ValueError } from '@ketwork/base';
import { rocAuc } from '@ketwork/nn';
import { expect, it } from 'vitest';

it('counts pairs in the right order, ties half', () => {
  const scores = Array.from({ length: 60 }, (_, i) => Math.round(4 * Math.sin(7 * i * i)));
  const labels = scores.map((_, i) => (i % 3 === 0 ? 1 : i % 2 === 0 ? 0 : -1));
  let [pairs, right] = [0, 0];
  scores.forEach((a, i) => {
    scores.forEach((b, j) => {
      if (labels[i]! <= 0 || labels[j]! > 0) return;
      pairs += 1;
      right += a > b ? 1 : a === b ? 0.5 : 0;
    });
  });
  expect(rocAuc(scores, labels)).toBeCloseTo(right / pairs, 14);
  expect(rocAuc([1, 2, 3], [0, 0, 1])).toBe(1);
  expect(rocAuc([3, 2, 1], [0, 0, 1])).toBe(0);
});

it('refuses one class, NaN and other lengths', () => {
  expect(() => rocAuc([1, 2], [1, 1])).toThrow(/one class/);
  expect(() => rocAuc([1, Number.NaN], [1, 0])).toThrow(ValueError);
  expect(() => rocAuc([1, 2], [1])).toThrow(ValueError);
});
