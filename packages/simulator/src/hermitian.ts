import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Eigenvalues of a Hermitian matrix, ascending, and its eigenvectors. */
export interface HermitianEigen {
  /** `[d]`. */
  readonly values: Float64Array;
  /** `[d, d, 2]`: row i is the eigenvector of eigenvalue i, interleaved re, im. */
  readonly vectors: Float64Array;
}

/**
 * Eigenvalues and orthonormal eigenvectors of a Hermitian d × d matrix, interleaved and row-major. Every eigenvalue of
 * the real symmetric matrix [[Re, -Im], [Im, Re]] appears twice; of the 2d real vectors (u, v), read as u + iv, the d
 * farthest from those taken before are kept.
 */
export function hermitianEigen(matrix: ArrayLike<number>, d: number): HermitianEigen {
  const real = new Matrix(2 * d, 2 * d);
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      const here = 2 * (r * d + c);
      const mirror = 2 * (c * d + r);
      const re = (matrix[here]! + matrix[mirror]!) / 2;
      const im = (matrix[here + 1]! - matrix[mirror + 1]!) / 2;
      real.set(r, c, re);
      real.set(d + r, d + c, re);
      real.set(d + r, c, im);
      real.set(r, d + c, -im);
    }
  }
  const evd = new EigenvalueDecomposition(real, { assumeSymmetric: true });
  const rest = Array.from({ length: 2 * d }, (_, i) => {
    const column = evd.eigenvectorMatrix.getColumn(i);
    const vector = new Float64Array(2 * d);
    for (let j = 0; j < d; j++) {
      vector[2 * j] = column[j]!;
      vector[2 * j + 1] = column[d + j]!;
    }
    return { vector, value: evd.realEigenvalues[i]! };
  });
  const kept: typeof rest = [];
  while (kept.length < d) {
    let best = 0;
    let largest = -1;
    rest.forEach(({ vector }, i) => {
      const size = squaredNorm(vector);
      // A clear lead, so that rounding does not decide between equally good vectors.
      if (size > largest + 1e-6) {
        largest = size;
        best = i;
      }
    });
    const [chosen] = rest.splice(best, 1);
    normalize(chosen!.vector);
    kept.push(chosen!);
    // Twice is enough (Kahan and Parlett): the second pass removes what rounding left in the first.
    for (let pass = 0; pass < 2; pass++) {
      for (const { vector } of rest) removeComponent(vector, chosen!.vector);
    }
  }
  kept.sort((a, b) => a.value - b.value);
  const vectors = new Float64Array(2 * d * d);
  kept.forEach(({ vector }, i) => vectors.set(vector, 2 * d * i));
  return { values: Float64Array.from(kept, (k) => k.value), vectors };
}

function squaredNorm(v: Float64Array): number {
  return v.reduce((sum, x) => sum + x * x, 0);
}

function normalize(v: Float64Array): void {
  const norm = Math.sqrt(squaredNorm(v));
  for (let i = 0; i < v.length; i++) v[i]! /= norm;
}

/** `v -= ⟨u|v⟩ u` for a unit vector u. */
function removeComponent(v: Float64Array, u: Float64Array): void {
  let re = 0;
  let im = 0;
  for (let i = 0; i < v.length; i += 2) {
    re += u[i]! * v[i]! + u[i + 1]! * v[i + 1]!;
    im += u[i]! * v[i + 1]! - u[i + 1]! * v[i]!;
  }
  for (let i = 0; i < v.length; i += 2) {
    v[i]! -= re * u[i]! - im * u[i + 1]!;
    v[i + 1]! -= re * u[i + 1]! + im * u[i]!;
  }
}
