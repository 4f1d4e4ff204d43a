import {
  createPool,
  fold,
  im2col,
  integers,
  key,
  KetworkError,
  matmul,
  normal,
  permutation,
  split,
  uniform,
  windowPositions,
} from '@ketwork/base';
import { expect, test } from 'vitest';

function refused(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(KetworkError);
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return 'nothing was thrown';
}

test('seeds, keys and counts that cannot be are refused', () => {
  expect([
    refused(() => key(-1)),
    refused(() => key(0.5)),
    refused(() => key('7' as never)),
    refused(() => fold(7 as never, 1)),
    refused(() => fold(key(1), -1)),
    refused(() => split(key(1), -1)),
    refused(() => uniform(key(1), 1.5)),
    refused(() => uniform(key(1), 3, { low: 1, high: 0 })),
    refused(() => normal(key(1), Number.NaN)),
    refused(() => integers(key(1), 3, 0)),
    refused(() => permutation(key(1), -2)),
  ]).toMatchInlineSnapshot(`
    [
      "ValueError: seed -1 is not an integer from 0 to 2^53 - 1. Give a non-negative integer, such as 7",
      "ValueError: seed 0.5 is not an integer from 0 to 2^53 - 1. Give a non-negative integer, such as 7",
      "ValueError: seed 7 is not an integer from 0 to 2^53 - 1. Give a non-negative integer, such as 7",
      "ValueError: a random key is a pair of unsigned 32-bit integers. Make one with key(seed), split or fold",
      "ValueError: cannot fold -1 into a key: it is not an integer from 0 to 2^53 - 1",
      "ValueError: count -1 is not an integer from 0 to 2^32 - 1",
      "ValueError: count 1.5 is not an integer from 0 to 2^32 - 1",
      "ValueError: the interval [1, 0) is empty or not finite. Give finite low and high with low < high",
      "ValueError: count NaN is not an integer from 0 to 2^32 - 1",
      "ValueError: bound 0 is not an integer from 1 to 2^32",
      "ValueError: n -2 is not an integer from 0 to 2^32 - 1",
    ]
  `);
});

test('sizes that do not fit are refused', () => {
  const image = { batch: 1, channels: 1, height: 4, width: 4, kernel: [3, 3] } as const;
  expect([
    refused(() => matmul(new Float64Array(6), new Float64Array(6), 2, 3, 3)),
    refused(() => matmul(new Float64Array(6), new Float64Array(6), 2, -3, 2)),
    refused(() => windowPositions({ ...image, kernel: [5, 5] })),
    refused(() => windowPositions({ ...image, height: 0 })),
    refused(() => im2col(new Float64Array(15), image)),
    refused(() => createPool({ url: new URL('file:///none.js'), size: 0 })),
  ]).toMatchInlineSnapshot(`
    [
      "ValueError: matmul: b has 6 elements, its shape [k, n] = [3, 3] needs 9",
      "ValueError: matmul: size k = -3 is not a non-negative integer",
      "ValueError: image windows: a window of 5 x 5 does not fit an image of 4 x 4 with padding 0 x 0. Use a smaller kernel or more padding",
      "ValueError: image windows: height 0 is not made of positive integers",
      "ValueError: image windows: images has 15 elements, its shape needs 16",
      "ValueError: pool size 0 is not a positive integer",
    ]
  `);
});
