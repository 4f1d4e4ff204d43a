import { ValueError } from '@ketwork/base';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Squares of larger numbers could overflow. */
const LARGEST = 1e150;

/** Eigenvalues of a Hermitian matrix, ascending, and its eigenvectors. */
export interface HermitianEigen {
  /** `[d]`. */
  readonly values: Float64Array;
  /** `[d, d, 2]`: row i is the eigenvector of eigenvalue i, interleaved re, im. */
  readonly vectors: Float64Array;
}

/**
 * Eigenvalues and orthonormal eigenvectors of a Hermitian d × d matrix, interleaved and row-major, of which the Hermitian
 * part (A + A†)/2 is taken. Complex matrices are reduced to real tridiagonal ones first (Householder's method; Golub and
 * Van Loan, Matrix Computations, 8.3.1), so that degenerate eigenvalues need no care.
 *
 * @param matrix `[d, d, 2]`, from `offset` on.
 * @param d Rows of the matrix.
 * @param offset Where in the array the matrix begins. Default 0.
 * @throws ValueError where an entry is not finite, or so large (above 1e150) that its square would not be.
 * @example
 * ```ts
 * import { hermitianEigen } from '@ketwork/simulator';
 * const pauliY = [0, 0, 0, -1, 0, 1, 0, 0];
 * console.log(hermitianEigen(pauliY, 2).values); // -1, 1
 * ```
 */
export function hermitianEigen(matrix: ArrayLike<number>, d: number, offset = 0): HermitianEigen {
  const a = new Float64Array(2 * d * d);
  let isReal = true;
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      const here = 2 * (r * d + c);
      const mirror = offset + 2 * (c * d + r);
      a[here] = (matrix[offset + here]! + matrix[mirror]!) / 2;
      const im = (matrix[offset + here + 1]! - matrix[mirror + 1]!) / 2;
      a[here + 1] = im;
      if (!(Math.abs(a[here]) <= LARGEST && Math.abs(im) <= LARGEST))
        refuseEntry(r, c, a[here], im);
      if (im !== 0) isReal = false;
    }
  }
  const real = new Matrix(d, d);
  const reflections = isReal ? [] : tridiagonalize(a, d);
  // Phases that make the entries beside the diagonal real and positive.
  const phases = new Float64Array(2 * d);
  phases[0] = 1;
  for (let k = 0; k < d; k++) {
    if (isReal) for (let c = 0; c < d; c++) real.set(k, c, a[2 * (k * d + c)]!);
    else {
      real.set(k, k, a[2 * (k * d + k)]!);
      if (k + 1 < d) nextPhase(a, d, k, phases, real);
    }
  }
  const evd = new EigenvalueDecomposition(real, { assumeSymmetric: true });
  const order = evd.realEigenvalues
    .map((value, column) => ({ value, column }))
    .sort((x, y) => x.value - y.value);
  const vectors = new Float64Array(2 * d * d);
  const columns = evd.eigenvectorMatrix;
  order.forEach(({ column }, i) => {
    const row = vectors.subarray(2 * i * d, 2 * (i + 1) * d);
    for (let j = 0; j < d; j++) {
      const x = columns.get(j, column);
      row[2 * j] = isReal ? x : x * phases[2 * j]!;
      row[2 * j + 1] = isReal ? 0 : x * phases[2 * j + 1]!;
    }
    for (let k = reflections.length - 1; k >= 0; k--) reflect(row, reflections[k]!);
  });
  return { values: Float64Array.from(order, ({ value }) => value), vectors };
}

function refuseEntry(row: number, column: number, re: number, im: number): never {
  throw new ValueError(
    `hermitianEigen: the Hermitian part has ${re} + ${im}i in row ${row}, column ${column}`,
    { remedy: `Give finite numbers, at most ${LARGEST} in size` },
  );
}

/** A reflection 1 - 2 v v† with a unit vector v that is 0 before `first`. */
interface Reflection {
  readonly first: number;
  readonly v: Float64Array;
}

/** Turns a Hermitian matrix into a tridiagonal one, in place, by reflections H_0, H_1, …: T = … H_1 H_0 A H_0 H_1 …. */
function tridiagonalize(a: Float64Array, d: number): Reflection[] {
  const reflections: Reflection[] = [];
  const p = new Float64Array(2 * d);
  for (let k = 0; k + 2 < d; k++) {
    const first = k + 1;
    const v = new Float64Array(2 * (d - first));
    let below = 0;
    for (let i = first; i < d; i++) {
      const re = a[2 * (i * d + k)]!;
      const im = a[2 * (i * d + k) + 1]!;
      v[2 * (i - first)] = re;
      v[2 * (i - first) + 1] = im;
      if (i > first) below += re * re + im * im;
    }
    if (below === 0) continue;
    const head = Math.sqrt(v[0]! ** 2 + v[1]! ** 2);
    const norm = Math.sqrt(head * head + below);
    // v = x + e^{i arg x_0} |x| e_0: no cancellation.
    const [cos, sin] = head === 0 ? [1, 0] : [v[0]! / head, v[1]! / head];
    v[0]! += cos * norm;
    v[1]! += sin * norm;
    const length = Math.sqrt((head + norm) ** 2 + below);
    for (let i = 0; i < v.length; i++) v[i]! /= length;
    reflections.push({ first, v });
    // A - 2 (v q† + q v†) with q = A v - (v† A v) v, on the rows and columns from `first`.
    let mean = 0;
    for (let i = first; i < d; i++) {
      let re = 0;
      let im = 0;
      let at = 2 * (i * d + first);
      for (let j = 0; j < v.length; j += 2, at += 2) {
        re += a[at]! * v[j]! - a[at + 1]! * v[j + 1]!;
        im += a[at]! * v[j + 1]! + a[at + 1]! * v[j]!;
      }
      const to = 2 * (i - first);
      p[to] = re;
      p[to + 1] = im;
      mean += v[to]! * re + v[to + 1]! * im;
    }
    for (let i = 0; i < v.length; i++) p[i]! -= mean * v[i]!;
    for (let i = first; i < d; i++) {
      const r = 2 * (i - first);
      const [vr, vi, qr, qi] = [2 * v[r]!, 2 * v[r + 1]!, 2 * p[r]!, 2 * p[r + 1]!];
      let at = 2 * (i * d + first);
      for (let j = 0; j < v.length; j += 2, at += 2) {
        a[at]! -= vr * p[j]! + vi * p[j + 1]! + qr * v[j]! + qi * v[j + 1]!;
        a[at + 1]! -= vi * p[j]! - vr * p[j + 1]! + qi * v[j]! - qr * v[j + 1]!;
      }
    }
    a[2 * (first * d + k)] = -cos * norm;
    a[2 * (first * d + k) + 1] = -sin * norm;
  }
  return reflections;
}

/** Writes the absolute value of entry (k + 1, k) beside the diagonal, and the phase that takes its argument in. */
function nextPhase(
  a: Float64Array,
  d: number,
  k: number,
  phases: Float64Array,
  real: Matrix,
): void {
  const re = a[2 * ((k + 1) * d + k)]!;
  const im = a[2 * ((k + 1) * d + k) + 1]!;
  const size = Math.sqrt(re * re + im * im);
  real.set(k, k + 1, size);
  real.set(k + 1, k, size);
  const [cos, sin] = size === 0 ? [1, 0] : [re / size, im / size];
  const [c, s] = [phases[2 * k]!, phases[2 * k + 1]!];
  phases[2 * k + 2] = c * cos - s * sin;
  phases[2 * k + 3] = c * sin + s * cos;
}

/** Applies a reflection to a vector, in place. */
function reflect(x: Float64Array, { first, v }: Reflection): void {
  let re = 0;
  let im = 0;
  const start = 2 * first;
  for (let j = 0; j < v.length; j += 2) {
    re += v[j]! * x[start + j]! + v[j + 1]! * x[start + j + 1]!;
    im += v[j]! * x[start + j + 1]! - v[j + 1]! * x[start + j]!;
  }
  for (let j = 0; j < v.length; j += 2) {
    x[start + j]! -= 2 * (re * v[j]! - im * v[j + 1]!);
    x[start + j + 1]! -= 2 * (re * v[j + 1]! + im * v[j]!);
  }
}
