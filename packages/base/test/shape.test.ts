import { sizeOf } from '@ketwork/base';
import { expect, test } from 'vitest';

test('sizeOf is the product of the sizes, and 1 without any', () => {
  expect([sizeOf([]), sizeOf([5]), sizeOf([2, 3, 4]), sizeOf([2, 0])]).toEqual([1, 5, 24, 0]);
});
