import { im2col } from '@ketwork/base';
import type { WindowShape } from '@ketwork/base';

/** Windows of a batch of images as examples of one circuit. */
export interface WindowRows {
  /** `[count, area]`. */
  readonly rows: Float64Array;
  /** Row of each window, `[batch · positions]`; undefined where every window has its own row, in order. */
  readonly rowOf: Uint32Array | undefined;
  /** Image of each row; undefined with `rowOf`. With windows shared over the whole batch, that of the first one. */
  readonly imageOf: Uint32Array | undefined;
  /** Number of rows. */
  readonly count: number;
}

/**
 * The windows of images as rows. With `share`, windows that are zero everywhere (the most frequent ones in sparse
 * images) have one row together: one for the whole batch, or one per image where gradients per example are wanted.
 */
export function windowRows(
  images: Float64Array,
  shape: WindowShape,
  positions: number,
  area: number,
  share: 'none' | 'batch' | 'image',
): WindowRows {
  const all = im2col(images, shape, { layout: 'rows' });
  const total = shape.batch * positions;
  const every: WindowRows = { rows: all, rowOf: undefined, imageOf: undefined, count: total };
  if (share === 'none') return every;
  const rowOf = new Uint32Array(total);
  const imageOf = new Uint32Array(total);
  let count = 0;
  let zeroRow = -1;
  for (let window = 0; window < total; window++) {
    if (share === 'image' && window % positions === 0) zeroRow = -1;
    let empty = true;
    for (let i = 0; i < area && empty; i++) empty = all[window * area + i] === 0;
    if (empty && zeroRow >= 0) {
      rowOf[window] = zeroRow;
      continue;
    }
    if (empty) zeroRow = count;
    imageOf[count] = Math.floor(window / positions);
    rowOf[window] = count;
    count++;
  }
  if (count === total) return every;
  const rows = new Float64Array(count * area);
  // A shared row is written several times, with the same zeros.
  for (let window = 0; window < total; window++) {
    for (let i = 0; i < area; i++) rows[rowOf[window]! * area + i] = all[window * area + i]!;
  }
  return { rows, rowOf, imageOf, count };
}
