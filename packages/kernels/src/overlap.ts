import { matmul } from '@ketwork/base';

/** Rows of a product that are made together. */
const STRIP = 256;
/** The same of a symmetric one, where what lies below the diagonal within them is computed in vain. */
const UPPER_STRIP = 128;

/** Real and imaginary parts of states, `[count, dimension]` one behind the other, from interleaved amplitudes. */
export function planesOf(amplitudes: Float64Array): Float64Array {
  const size = amplitudes.length / 2;
  const planes = new Float64Array(2 * size);
  for (let i = 0; i < size; i++) {
    planes[i] = amplitudes[2 * i]!;
    planes[size + i] = amplitudes[2 * i + 1]!;
  }
  return planes;
}

/** Overlaps `⟨a|b⟩` as real and imaginary parts, `[rows, columns]` each. */
export interface Overlaps {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** Called with the overlaps of rows `row …` of a with columns `column …` of b. */
type Receive = (overlaps: Overlaps, row: number, rows: number, column: number) => void;

/**
 * The complex product `conj(A) Bᵀ` by three real ones, as Gauss did: with `p = ar·br`, `q = ai·bi` and
 * `s = (ar + ai)·(bi - br)` the real part is `p + q`, the imaginary part `s + p - q`. An element's bits do not depend on
 * how rows are divided into calls, since those of {@link matmul} do not.
 *
 * @param upper a and b are the same: only elements (i, j ≥ i), and some more, are made.
 */
function eachStrip(
  a: Float64Array,
  b: Float64Array,
  dimension: number,
  upper: boolean,
  receive: Receive,
): void {
  const m = a.length / (2 * dimension);
  const n = b.length / (2 * dimension);
  const difference = new Float64Array(n * dimension);
  const half = b.length / 2;
  for (let i = 0; i < half; i++) difference[i] = b[half + i]! - b[i]!;
  const strip = Math.min(upper ? UPPER_STRIP : STRIP, m);
  const sum = new Float64Array(strip * dimension);
  for (let row = 0; row < m; row += strip) {
    const rows = Math.min(strip, m - row);
    const column = upper ? row : 0;
    const columns = n - column;
    const [from, to] = [row * dimension, (row + rows) * dimension];
    const ar = a.subarray(from, to);
    const ai = a.subarray(a.length / 2 + from, a.length / 2 + to);
    for (let i = 0; i < ar.length; i++) sum[i] = ar[i]! + ai[i]!;
    const start = column * dimension;
    const times = (left: Float64Array, right: Float64Array): Float64Array =>
      matmul(left, right, rows, dimension, columns, { transposeB: true });
    const re = times(ar, b.subarray(start, half));
    const q = times(ai, b.subarray(half + start));
    const im = times(sum.subarray(0, rows * dimension), difference.subarray(start));
    for (let i = 0; i < re.length; i++) {
      const p = re[i]!;
      re[i] = p + q[i]!;
      im[i] = im[i]! + p - q[i]!;
    }
    receive({ re, im }, row, rows, column);
  }
}

/**
 * `|⟨a_i|b_j⟩|²`, `[rows of a, rows of b]`, of states as {@link planesOf} gives them.
 *
 * @param upper a and b are the same: elements below the diagonal stay 0 or are made in vain.
 */
export function fidelities(
  a: Float64Array,
  b: Float64Array,
  dimension: number,
  upper: boolean,
): Float64Array {
  const n = b.length / (2 * dimension);
  const out = new Float64Array((a.length / (2 * dimension)) * n);
  eachStrip(a, b, dimension, upper, ({ re, im }, row, rows, column) => {
    const width = n - column;
    for (let r = 0; r < rows; r++) {
      const to = (row + r) * n + column;
      const from = r * width;
      for (let c = 0; c < width; c++) out[to + c] = re[from + c]! ** 2 + im[from + c]! ** 2;
    }
  });
  return out;
}

/** `⟨a_i|b_j⟩`, `[rows of a, rows of b]`. */
function overlaps(a: Float64Array, b: Float64Array, dimension: number): Overlaps {
  const m = a.length / (2 * dimension);
  const n = b.length / (2 * dimension);
  const all: Overlaps = { re: new Float64Array(m * n), im: new Float64Array(m * n) };
  eachStrip(a, b, dimension, false, (strip, row) => {
    all.re.set(strip.re, row * n);
    all.im.set(strip.im, row * n);
  });
  return all;
}

/**
 * Cotangents of states for the gradient of `Σ dK · |⟨ψ_i|ψ_j⟩|²`: with `G = dK + dKᵀ` and `S = ⟨ψ_i|ψ_j⟩` it is the real
 * part of `⟨λ_j|dψ_j⟩` with `λ_j = 2 Σ_i G_ij S_ij ψ_i`.
 *
 * @returns interleaved, `[n, dimension, 2]`.
 */
export function fidelityCotangents(
  states: Float64Array,
  dimension: number,
  dK: ArrayLike<number>,
): Float64Array {
  const n = states.length / (2 * dimension);
  const { re, im } = overlaps(states, states, dimension);
  // Transposed, so that row j belongs to λ_j.
  const mr = new Float64Array(n * n);
  const mi = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const g = 2 * (dK[i * n + j]! + dK[j * n + i]!);
      mr[j * n + i] = g * re[i * n + j]!;
      mi[j * n + i] = g * im[i * n + j]!;
    }
  }
  const real = states.subarray(0, n * dimension);
  const imaginary = states.subarray(n * dimension);
  const times = (m: Float64Array, x: Float64Array): Float64Array => matmul(m, x, n, n, dimension);
  const [rr, ii, ri, ir] = [
    times(mr, real),
    times(mi, imaginary),
    times(mr, imaginary),
    times(mi, real),
  ];
  const out = new Float64Array(states.length);
  for (let i = 0; i < rr.length; i++) {
    out[2 * i] = rr[i]! - ii[i]!;
    out[2 * i + 1] = ri[i]! + ir[i]!;
  }
  return out;
}
