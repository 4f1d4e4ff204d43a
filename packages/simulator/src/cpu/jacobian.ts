import { sizeOf } from '@ketwork/base';
import type { Slot } from '@ketwork/circuit';

/**
 * Derivatives of every output, `[batch, outputs, ...shape]` per slot, by going back once for each.
 *
 * @param sizes outputs of each measurement
 * @param rowsOf gradients per example for the given cotangents
 */
export function jacobianByRows(
  batch: number,
  sizes: readonly number[],
  wrt: readonly Slot[],
  rowsOf: (dy: readonly Float64Array[]) => Record<string, Float64Array>,
): Record<string, Float64Array> {
  const outputs = sizes.reduce((a, b) => a + b, 0);
  const jacobian: Record<string, Float64Array> = {};
  for (const slot of wrt)
    jacobian[slot.name] = new Float64Array(batch * outputs * sizeOf(slot.shape));
  let output = 0;
  sizes.forEach((size, m) => {
    for (let i = 0; i < size; i++, output++) {
      const dy = sizes.map((length) => new Float64Array(batch * length));
      for (let example = 0; example < batch; example++)
        (dy[m] as Float64Array)[example * size + i] = 1;
      const rows = rowsOf(dy);
      for (const slot of wrt) {
        const width = sizeOf(slot.shape);
        const source = rows[slot.name] as Float64Array;
        const target = jacobian[slot.name] as Float64Array;
        for (let example = 0; example < batch; example++) {
          const row = source.subarray(example * width, (example + 1) * width);
          target.set(row, (example * outputs + output) * width);
        }
      }
    }
  });
  return jacobian;
}
