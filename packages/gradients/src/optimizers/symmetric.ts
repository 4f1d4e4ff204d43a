import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Eigenvalues below this share of the largest count as zero. */
const RANK = 1e-10;

/** `f(A)⁺ b` for a symmetric matrix A, `[n, n]`: directions in which `f` of the eigenvalue is about 0 are left out. */
export function solveSymmetric(
  a: Float64Array,
  b: Float64Array,
  f: (eigenvalue: number) => number,
): Float64Array {
  const n = b.length;
  const matrix = Matrix.from1DArray(n, n, a);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  const values = realEigenvalues.map(f);
  const largest = Math.max(...values.map(Math.abs));
  const out = new Float64Array(n);
  values.forEach((value, k) => {
    if (Math.abs(value) <= RANK * largest) return;
    let share = 0;
    for (let i = 0; i < n; i++) share += eigenvectorMatrix.get(i, k) * b[i]!;
    for (let i = 0; i < n; i++) out[i]! += (share / value) * eigenvectorMatrix.get(i, k);
  });
  return out;
}
