/**
 * Number of elements of an array of some shape: the product of its sizes, 1 for `[]`.
 *
 * @example
 * ```ts
 * import { sizeOf } from '@ketwork/base';
 * console.log(sizeOf([2, 3, 4]), sizeOf([])); // 24 1
 * ```
 */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}
