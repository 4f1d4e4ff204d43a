/** Each of the rows `times` times, one behind the other. */
export function repeated(array: Float64Array, rows: number, times: number): Float64Array {
  const size = array.length / rows;
  const out = new Float64Array(array.length * times);
  for (let row = 0; row < rows; row++) {
    const values = array.subarray(row * size, (row + 1) * size);
    for (let i = 0; i < times; i++) out.set(values, (row * times + i) * size);
  }
  return out;
}

/** Sums `[rows, count, size]` over its middle axis, in order. */
export function summed(
  array: Float64Array,
  rows: number,
  count: number,
  size: number,
): Float64Array {
  const out = new Float64Array(rows * size);
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < count; c++) {
      const from = (row * count + c) * size;
      for (let i = 0; i < size; i++) out[row * size + i]! += array[from + i]!;
    }
  }
  return out;
}
