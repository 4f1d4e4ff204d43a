import { ValueError } from '@ketwork/base';
import { hermitianEigen } from '../hermitian.ts';
import type { HermitianEigen } from '../hermitian.ts';
import type { ReadStates } from './input.ts';

/** Example e of a batch of states, as a view; of a single state that goes with a batch, that one. */
export function exampleOf({ isPure, size, batch, data }: ReadStates, e: number): Float64Array {
  const each = 2 * (isPure ? size : size * size);
  const at = batch === 1 ? 0 : e;
  return data.subarray(at * each, (at + 1) * each);
}

/** Example e as a density matrix `[d, d, 2]`. */
export function densityOf(states: ReadStates, e: number): Float64Array {
  const x = exampleOf(states, e);
  return states.isPure ? outer(x) : x;
}

/** |x⟩⟨x|. */
function outer(x: Float64Array): Float64Array {
  const d = x.length / 2;
  const out = new Float64Array(2 * d * d);
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      const to = 2 * (r * d + c);
      out[to] = x[2 * r]! * x[2 * c]! + x[2 * r + 1]! * x[2 * c + 1]!;
      out[to + 1] = x[2 * r + 1]! * x[2 * c]! - x[2 * r]! * x[2 * c + 1]!;
    }
  }
  return out;
}

/** Spectrum of a density matrix. @throws ValueError where an eigenvalue is negative beyond rounding */
export function densityEigen(name: string, matrix: ArrayLike<number>, d: number): HermitianEigen {
  const eigen = hermitianEigen(matrix, d);
  if (eigen.values[0]! < -1e-5) {
    throw new ValueError(`${name}: the density matrix has the eigenvalue ${eigen.values[0]}`, {
      remedy: 'A density matrix has no negative eigenvalues',
    });
  }
  // What rounding leaves of zeros would count in square roots.
  const zero = d * 2.3e-16 * eigen.values[d - 1]!;
  return { values: eigen.values.map((x) => (x > zero ? x : 0)), vectors: eigen.vectors };
}

/** Σ f(λ) |v⟩⟨v| over eigenvalues and eigenvectors. */
export function matrixFunction(
  { values, vectors }: HermitianEigen,
  f: (x: number) => number,
): Float64Array {
  const d = values.length;
  const out = new Float64Array(2 * d * d);
  for (let k = 0; k < d; k++) {
    const weight = f(values[k]!);
    if (weight === 0) continue;
    const v = vectors.subarray(2 * k * d, 2 * (k + 1) * d);
    for (let r = 0; r < d; r++) {
      const re = weight * v[2 * r]!;
      const im = weight * v[2 * r + 1]!;
      for (let c = 0; c < d; c++) {
        const to = 2 * (r * d + c);
        out[to]! += re * v[2 * c]! + im * v[2 * c + 1]!;
        out[to + 1]! += im * v[2 * c]! - re * v[2 * c + 1]!;
      }
    }
  }
  return out;
}

/** Product of `[m, k]` and `[k, n]` complex matrices. */
export function product(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  m: number,
  k: number,
  n: number,
): Float64Array {
  const out = new Float64Array(2 * m * n);
  for (let r = 0; r < m; r++) {
    for (let i = 0; i < k; i++) {
      const re = a[2 * (r * k + i)]!;
      const im = a[2 * (r * k + i) + 1]!;
      for (let c = 0; c < n; c++) {
        const from = 2 * (i * n + c);
        const to = 2 * (r * n + c);
        out[to]! += re * b[from]! - im * b[from + 1]!;
        out[to + 1]! += re * b[from + 1]! + im * b[from]!;
      }
    }
  }
  return out;
}

/** A singular value decomposition: matrix = Σ σ_i |u_i⟩⟨w_i|, σ descending. */
export interface SingularValues {
  /** `[r]`. */
  readonly values: Float64Array;
  /** `[r, m, 2]`: row i is u_i (zero where σ_i is). */
  readonly left: Float64Array;
  /** `[r, r, 2]`: row i is w_i, conjugated. */
  readonly right: Float64Array;
}

/**
 * Singular values of a complex `[r, m]` matrix given by rows, r ≤ m: rows are made orthogonal pair by pair by rotations
 * (Hestenes, J. SIAM 6, 51, 1958), which finds small values with small errors. With X the given rows, X = Σ σ_i w_i u_i
 * (w as a column, u as a row).
 */
export function singularValues(given: Float64Array, r: number): SingularValues {
  const rows = given.slice();
  const m = rows.length / (2 * r);
  const turns = new Float64Array(2 * r * r);
  for (let i = 0; i < r; i++) turns[2 * (i * r + i)] = 1;
  orthogonalizeAll(rows, turns, r);
  const norms = rowNorms(rows, r)
    .map((value, i) => ({ i, value }))
    .sort((a, b) => b.value - a.value);
  const left = new Float64Array(rows.length);
  const right = new Float64Array(turns.length);
  norms.forEach(({ i, value }, at) => {
    right.set(turns.subarray(2 * i * r, 2 * (i + 1) * r), 2 * at * r);
    if (value === 0) return;
    for (let k = 0; k < 2 * m; k++) left[2 * at * m + k] = rows[2 * i * m + k]! / value;
  });
  return { values: Float64Array.from(norms, ({ value }) => value), left, right };
}

/** The sum of the singular values, in less time. */
export function nuclearNorm(given: Float64Array, r: number): number {
  const rows = given.slice();
  orthogonalizeAll(rows, undefined, r);
  return rowNorms(rows, r).reduce((sum, value) => sum + value, 0);
}

function rowNorms(rows: Float64Array, r: number): number[] {
  const each = rows.length / r;
  return Array.from({ length: r }, (_, i) => {
    let sum = 0;
    for (let k = i * each; k < (i + 1) * each; k++) sum += rows[k]! ** 2;
    return Math.sqrt(sum);
  });
}

/** Rotates pairs of rows until all are orthogonal. */
function orthogonalizeAll(rows: Float64Array, turns: Float64Array | undefined, r: number): void {
  const m = rows.length / (2 * r);
  for (let sweep = 0; sweep < 60; sweep++) {
    let isDone = true;
    for (let i = 0; i < r; i++) {
      for (let j = i + 1; j < r; j++) if (orthogonalize(rows, turns, i, j, r, m)) isDone = false;
    }
    if (isDone) break;
  }
}

/** Rotates rows i and j so that they are orthogonal; false where they were. */
function orthogonalize(
  rows: Float64Array,
  turns: Float64Array | undefined,
  i: number,
  j: number,
  r: number,
  m: number,
): boolean {
  let aa = 0;
  let bb = 0;
  let re = 0;
  let im = 0;
  const x = 2 * i * m;
  const y = 2 * j * m;
  for (let k = 0; k < 2 * m; k += 2) {
    const [ar, ai, br, bi] = [rows[x + k]!, rows[x + k + 1]!, rows[y + k]!, rows[y + k + 1]!];
    aa += ar * ar + ai * ai;
    bb += br * br + bi * bi;
    re += ar * br + ai * bi;
    im += ar * bi - ai * br;
  }
  const overlap = Math.hypot(re, im);
  if (overlap <= 1e-16 * Math.sqrt(aa * bb) || overlap < 1e-300) return false;
  // With the phase of the overlap taken out, the angle of a real rotation.
  const [cos, sin] = [re / overlap, im / overlap];
  const zeta = (bb - aa) / (2 * overlap);
  const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  const c = 1 / Math.sqrt(1 + t * t);
  const s = c * t;
  turn(rows, x, y, 2 * m, c, s, cos, sin);
  if (turns !== undefined) turn(turns, 2 * i * r, 2 * j * r, 2 * r, c, s, cos, sin);
  return overlap > 4e-16 * Math.sqrt(aa * bb);
}

/** (a, b) becomes (c a - s e^{-iφ} b, s a + c e^{-iφ} b), φ the phase of ⟨a|b⟩. */
function turn(
  rows: Float64Array,
  x: number,
  y: number,
  length: number,
  c: number,
  s: number,
  cos: number,
  sin: number,
): void {
  for (let k = 0; k < length; k += 2) {
    const ar = rows[x + k]!;
    const ai = rows[x + k + 1]!;
    const br = rows[y + k]! * cos + rows[y + k + 1]! * sin;
    const bi = rows[y + k + 1]! * cos - rows[y + k]! * sin;
    rows[x + k] = c * ar - s * br;
    rows[x + k + 1] = c * ai - s * bi;
    rows[y + k] = s * ar + c * br;
    rows[y + k + 1] = s * ai + c * bi;
  }
}
