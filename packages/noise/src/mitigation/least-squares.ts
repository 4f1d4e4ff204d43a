/** A fit by least squares, with what errors are made of. */
export interface LinearFit {
  readonly coefficients: Float64Array;
  /** `(AᵀA)^-1`, row-major. */
  readonly inverse: Float64Array;
  /** Sum of the squared residuals. */
  readonly squares: number;
}

/**
 * Least squares of `A c = y` by modified Gram-Schmidt, orthogonalised twice; undefined where columns depend on each other.
 *
 * @param columns The columns of A.
 */
export function leastSquares(
  columns: readonly ArrayLike<number>[],
  y: ArrayLike<number>,
): LinearFit | undefined {
  const n = columns.length;
  const q = columns.map((column) => Float64Array.from(column));
  const r = new Float64Array(n * n);
  const rest = Float64Array.from(y);
  const seen = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    const own = q[j]!;
    const before = norm(own);
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < j; i++) {
        const overlap = dot(q[i]!, own);
        r[i * n + j]! += overlap;
        for (let k = 0; k < own.length; k++) own[k]! -= overlap * q[i]![k]!;
      }
    }
    const length = norm(own);
    if (!(length > 1e-13 * before)) return undefined;
    r[j * n + j] = length;
    for (let k = 0; k < own.length; k++) own[k]! /= length;
    seen[j] = dot(own, rest);
    for (let k = 0; k < own.length; k++) rest[k]! -= seen[j]! * own[k]!;
  }
  const coefficients = new Float64Array(n);
  const inverseR = new Float64Array(n * n);
  for (let i = n - 1; i >= 0; i--) {
    let sum = seen[i]!;
    for (let j = i + 1; j < n; j++) sum -= r[i * n + j]! * coefficients[j]!;
    coefficients[i] = sum / r[i * n + i]!;
    inverseR[i * n + i] = 1 / r[i * n + i]!;
    for (let k = i + 1; k < n; k++) {
      let total = 0;
      for (let j = i + 1; j <= k; j++) total += r[i * n + j]! * inverseR[j * n + k]!;
      inverseR[i * n + k] = -total / r[i * n + i]!;
    }
  }
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let k = Math.max(i, j); k < n; k++)
        inverse[i * n + j]! += inverseR[i * n + k]! * inverseR[j * n + k]!;
    }
  }
  return { coefficients, inverse, squares: dot(rest, rest) };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}
