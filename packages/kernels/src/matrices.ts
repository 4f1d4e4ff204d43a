import { ValueError } from '@ketwork/base';
import { CholeskyDecomposition, EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Number of rows of a square matrix. @throws ValueError where its length is no square or an element is not finite. */
export function sizeOfSquare(what: string, matrix: ArrayLike<number>): number {
  const n = Math.round(Math.sqrt(matrix.length));
  if (n === 0 || n * n !== matrix.length) {
    throw new ValueError(`${what}: ${matrix.length} numbers are not a square matrix`, {
      remedy: 'Give the Gram matrix [n, n], row-major',
    });
  }
  checkFinite(what, matrix);
  return n;
}

/** @throws ValueError where a number is not finite. */
export function checkFinite(what: string, numbers: ArrayLike<number>): void {
  for (let i = 0; i < numbers.length; i++) {
    if (!Number.isFinite(numbers[i])) {
      throw new ValueError(`${what}: number ${i} is ${numbers[i]}`, {
        remedy: 'Give finite numbers',
      });
    }
  }
}

/** @throws ValueError where a matrix is not symmetric to about its rounding. */
export function checkSymmetric(what: string, matrix: ArrayLike<number>, n: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [matrix[i * n + j]!, matrix[j * n + i]!];
      if (Math.abs(a - b) > 1e-9 * Math.max(1, Math.abs(a), Math.abs(b))) {
        throw new ValueError(`${what}: element (${i}, ${j}) is ${a}, element (${j}, ${i}) ${b}`, {
          remedy: 'Give a symmetric matrix',
        });
      }
    }
  }
}

/** A matrix of ml-matrix from row-major numbers. */
export function matrixOf(numbers: ArrayLike<number>, rows: number, columns: number): Matrix {
  return Matrix.from1DArray(rows, columns, Array.from(numbers));
}

/** Eigenvalues in rising order with eigenvectors as columns. */
export function symmetricEigen(
  numbers: ArrayLike<number>,
  n: number,
): { readonly values: readonly number[]; readonly vectors: Matrix } {
  const eigen = new EigenvalueDecomposition(matrixOf(numbers, n, n), { assumeSymmetric: true });
  return { values: eigen.realEigenvalues, vectors: eigen.eigenvectorMatrix };
}

/** `V diag(f(values)) Vᵀ`, symmetric to the bit. */
export function spectral(
  vectors: Matrix,
  values: readonly number[],
  f: (value: number) => number,
): Float64Array {
  const n = values.length;
  const scaled = values.map(f);
  const v = vectors.to2DArray();
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += v[i]![k]! * scaled[k]! * v[j]![k]!;
      out[i * n + j] = sum;
      out[j * n + i] = sum;
    }
  }
  return out;
}
/** The Cholesky factor of a Gram matrix with something added to its diagonal. @throws ValueError where it is not positive. */
export function factored(
  what: string,
  gram: ArrayLike<number>,
  n: number,
  diagonal: number,
): CholeskyDecomposition {
  checkSymmetric(what, gram, n);
  const matrix = matrixOf(gram, n, n);
  for (let i = 0; i < n; i++) matrix.set(i, i, matrix.get(i, i) + diagonal);
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) matrix.set(i, j, matrix.get(j, i));
  const cholesky = new CholeskyDecomposition(matrix);
  if (!cholesky.isPositiveDefinite()) {
    throw new ValueError(`${what}: the Gram matrix plus ${diagonal} is not positive definite`, {
      remedy: 'Add more to the diagonal, or repair the matrix with repairKernel',
    });
  }
  return cholesky;
}
