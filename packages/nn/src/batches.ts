import { permutation, ValueError } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { checkPositive } from './shape.ts';

/** Options of {@link batches}. */
export interface BatchesOptions {
  /** Whether the examples come in random order. Default true. */
  readonly shuffle?: boolean;
  /** Whether a last batch that is not full is left out. Default false. */
  readonly dropLast?: boolean;
}

/**
 * Indices of the examples of each batch of one epoch; every example comes once.
 *
 * @param n Number of examples.
 * @param size Examples per batch.
 * @param key Source of the order; give a new one every epoch, such as `fold(key, epoch)`.
 * @returns An iterator of `[size]` index arrays, the last one shorter where `size` does not divide `n`.
 * @throws ValueError, at the call, where `n` or `size` is not a positive integer, or nothing would be left.
 * @example
 * ```ts
 * import { key } from '@ketwork/base';
 * import { batches } from '@ketwork/nn';
 * console.log([...batches(10, 4, key(1))].map((indices) => indices.length)); // [4, 4, 2]
 * ```
 */
export function batches(
  n: number,
  size: number,
  key: Key,
  options: BatchesOptions = {},
): IterableIterator<Uint32Array> {
  const { shuffle = true, dropLast = false } = options;
  checkPositive(n, 'the number of examples');
  checkPositive(size, 'the batch size');
  if (dropLast && n < size) {
    throw new ValueError(
      `${n} examples do not fill one batch of ${size}, and the last short one is to be dropped`,
      {
        remedy: 'Use a smaller batch size',
      },
    );
  }
  const order = shuffle ? permutation(key, n) : Uint32Array.from({ length: n }, (_, i) => i);
  return walk(order, size, dropLast ? n - (n % size) : n);
}

function* walk(order: Uint32Array, size: number, end: number): IterableIterator<Uint32Array> {
  for (let start = 0; start < end; start += size)
    yield order.slice(start, Math.min(end, start + size));
}

/**
 * Copies rows of a row-major array.
 *
 * @param data `[rows, rowSize]`.
 * @param indices Which rows, `[count]`.
 * @returns `[count, rowSize]`.
 * @throws ValueError where `rowSize` does not divide the length, or an index is outside.
 * @example
 * ```ts
 * import { gatherRows } from '@ketwork/nn';
 * console.log(gatherRows([1, 2, 3, 4], 2, [1])); // 3, 4
 * ```
 */
export function gatherRows(
  data: ArrayLike<number>,
  rowSize: number,
  indices: ArrayLike<number>,
): Float64Array {
  checkPositive(rowSize, 'the size of a row');
  const rows = data.length / rowSize;
  if (!Number.isInteger(rows))
    throw new ValueError(`${data.length} numbers are not rows of ${rowSize}`);
  const out = new Float64Array(indices.length * rowSize);
  for (let k = 0; k < indices.length; k++) {
    const row = indices[k]!;
    if (!Number.isInteger(row) || row < 0 || row >= rows)
      throw new ValueError(`there is no row ${row}, only 0 to ${rows - 1}`);
    for (let i = 0; i < rowSize; i++) out[k * rowSize + i] = data[row * rowSize + i]!;
  }
  return out;
}
