/** `exp(-rate · |a_i - b_j|²)`, `[rows of a, rows of b]`, of rows `[count, length]`; differences first, so that equal rows give 1. */
export function gaussians(
  a: Float64Array,
  b: Float64Array,
  length: number,
  rate: number,
  upper: boolean,
): Float64Array {
  const m = a.length / length;
  const n = b.length / length;
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = upper ? i : 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < length; k++) {
        const d = a[i * length + k]! - b[j * length + k]!;
        sum += d * d;
      }
      out[i * n + j] = Math.exp(-rate * sum);
    }
  }
  return out;
}

/** Cotangents of the rows for the gradient of `Σ dK · exp(-rate · |r_i - r_j|²)`, `[n, length]`. */
export function gaussianCotangents(
  rows: Float64Array,
  length: number,
  rate: number,
  dK: ArrayLike<number>,
): Float64Array {
  const n = rows.length / length;
  const kernel = gaussians(rows, rows, length, rate, false);
  const out = new Float64Array(rows.length);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const factor = -2 * rate * kernel[i * n + j]! * (dK[i * n + j]! + dK[j * n + i]!);
      for (let k = 0; k < length; k++)
        out[i * length + k]! += factor * (rows[i * length + k]! - rows[j * length + k]!);
    }
  }
  return out;
}
