/** Inverse of a square matrix by Gauss-Jordan steps with pivots; undefined where it is singular to 1e-12. */
export function inverted(matrix: Float64Array, dim: number): Float64Array | undefined {
  const a = Float64Array.from(matrix);
  const out = new Float64Array(dim * dim);
  for (let i = 0; i < dim; i++) out[i * dim + i] = 1;
  for (let column = 0; column < dim; column++) {
    let pivot = column;
    for (let row = column + 1; row < dim; row++)
      if (Math.abs(a[row * dim + column]!) > Math.abs(a[pivot * dim + column]!)) pivot = row;
    const head = a[pivot * dim + column]!;
    if (!(Math.abs(head) > 1e-12)) return undefined;
    for (const m of [a, out]) {
      for (let j = 0; j < dim; j++) {
        const kept = m[column * dim + j]!;
        m[column * dim + j] = m[pivot * dim + j]! / head;
        if (pivot !== column) m[pivot * dim + j] = kept;
      }
    }
    for (let row = 0; row < dim; row++) {
      const factor = a[row * dim + column]!;
      if (row === column || factor === 0) continue;
      for (const m of [a, out])
        for (let j = 0; j < dim; j++) m[row * dim + j]! -= factor * m[column * dim + j]!;
    }
  }
  return out;
}

/**
 * The row vector p times the matrix, or its transpose: one `[2^k, 2^k]` matrix, or a tensor product of k of `[2, 2]`, the
 * first for the most significant bit. Returns a new array.
 */
export function timesMatrix(
  p: Float64Array,
  matrices: readonly Float64Array[],
  k: number,
  transposed: boolean,
): Float64Array {
  const out = Float64Array.from(p);
  if (matrices.length !== k) {
    const dim = p.length;
    const matrix = matrices[0]!;
    out.fill(0);
    for (let i = 0; i < dim; i++) {
      for (let j = 0; j < dim; j++)
        out[j]! += p[i]! * matrix[transposed ? j * dim + i : i * dim + j]!;
    }
    return out;
  }
  matrices.forEach(([m00 = 0, m01 = 0, m10 = 0, m11 = 0], place) => {
    const stride = 2 ** (k - 1 - place);
    const [up, down] = transposed ? [m10, m01] : [m01, m10];
    for (let i = 0; i < out.length; i++) {
      if ((i & stride) !== 0) continue;
      const a = out[i]!;
      const b = out[i + stride]!;
      out[i] = a * m00 + b * down;
      out[i + stride] = a * up + b * m11;
    }
  });
  return out;
}

/** The closest probabilities, at least 0 and adding to 1 (Duchi and others, ICML 2008). */
export function toSimplex(x: Float64Array): Float64Array {
  const sorted = Float64Array.from(x).sort().reverse();
  let sum = 0;
  let shift = 0;
  for (let i = 0; i < sorted.length; i++) {
    sum += sorted[i]!;
    const tried = (sum - 1) / (i + 1);
    if (sorted[i]! > tried) shift = tried;
  }
  return x.map((value) => Math.max(0, value - shift));
}
