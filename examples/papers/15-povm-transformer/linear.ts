// Linear equations with a dense real matrix.

/** A matrix as L U with rows exchanged. */
export interface Factors {
  readonly size: number;
  /** L below the diagonal, U from it on. */
  readonly matrix: Float64Array;
  readonly order: Int32Array;
}

/** LU factors with partial pivoting. */
export function factorised(given: Float64Array, size: number): Factors {
  const matrix = given.slice();
  const order = Int32Array.from({ length: size }, (_, i) => i);
  for (let k = 0; k < size; k++) {
    let best = k;
    for (let r = k + 1; r < size; r++)
      if (Math.abs(matrix[r * size + k]!) > Math.abs(matrix[best * size + k]!)) best = r;
    if (best !== k) {
      const row = matrix.slice(k * size, (k + 1) * size);
      matrix.copyWithin(k * size, best * size, (best + 1) * size);
      matrix.set(row, best * size);
      [order[k], order[best]] = [order[best]!, order[k]!];
    }
    const pivot = matrix[k * size + k]!;
    if (pivot === 0) throw new Error('the matrix is singular');
    for (let r = k + 1; r < size; r++) {
      const factor = (matrix[r * size + k]! /= pivot);
      if (factor === 0) continue;
      for (let c = k + 1; c < size; c++) matrix[r * size + c]! -= factor * matrix[k * size + c]!;
    }
  }
  return { size, matrix, order };
}

/** The solution for one right side. */
export function solve({ size, matrix, order }: Factors, right: Float64Array): Float64Array {
  const x = Float64Array.from(order, (i) => right[i]!);
  for (let r = 0; r < size; r++) for (let c = 0; c < r; c++) x[r]! -= matrix[r * size + c]! * x[c]!;
  for (let r = size - 1; r >= 0; r--) {
    for (let c = r + 1; c < size; c++) x[r]! -= matrix[r * size + c]! * x[c]!;
    x[r]! /= matrix[r * size + r]!;
  }
  return x;
}
