import { elementary } from '@ketwork/base';
import { hermitianEigen } from '../../hermitian.ts';
import type { HermitianEigen } from '../../hermitian.ts';

/** Eigenvalues and eigenvectors of a matrix of `size` rows. */
export interface Spectrum extends HermitianEigen {
  readonly size: number;
}

/** A gradient by a matrix as it is collected, in the basis of its eigenvectors. */
export interface Collected {
  readonly slot: string;
  /** Example of the chunk. */
  readonly example: number;
  readonly spectrum: Spectrum;
  /** Σ conj(ȳ_j) g_jk x_k, see {@link collectGradient}: `[d, d, 2]`. */
  readonly weights: Float64Array;
}

/** Spectra of the matrices of a chunk, each made when first asked for, and gradients by them. */
export class Spectra {
  readonly #made = new Map<string, Spectrum>();
  readonly #collected = new Map<string, Collected>();

  /** The gradient that is collected at a place. */
  collected(slot: string, place: number, example: number, spectrum: Spectrum): Collected {
    const name = `${place} ${slot}`;
    let found = this.#collected.get(name);
    if (found === undefined) {
      const weights = new Float64Array(2 * spectrum.size ** 2);
      found = { slot, example, spectrum, weights };
      this.#collected.set(name, found);
    }
    return found;
  }

  /** All of them. */
  gradients(): Iterable<Collected> {
    return this.#collected.values();
  }

  /** The spectrum under a name; `matrix` gives the matrix and where in it to begin. */
  of(name: string, size: number, matrix: () => readonly [ArrayLike<number>, number]): Spectrum {
    let made = this.#made.get(name);
    if (made === undefined) {
      const [numbers, offset] = matrix();
      made = { ...hermitianEigen(numbers, size, offset), size };
      this.#made.set(name, made);
    }
    return made;
  }
}

/** Coordinates of x in the basis of eigenvectors, V† x. */
export function coordinates({ vectors, size }: Spectrum, x: Float64Array, out: Float64Array): void {
  let at = 0;
  for (let k = 0; k < size; k++) {
    let re = 0;
    let im = 0;
    for (let i = 0; i < 2 * size; i += 2, at += 2) {
      const a = vectors[at]!;
      const b = vectors[at + 1]!;
      re += a * x[i]! + b * x[i + 1]!;
      im += a * x[i + 1]! - b * x[i]!;
    }
    out[2 * k] = re;
    out[2 * k + 1] = im;
  }
}

/** The vector with these coordinates, V c. */
export function fromCoordinates(
  { vectors, size }: Spectrum,
  c: Float64Array,
  out: Float64Array,
): void {
  out.fill(0);
  let at = 0;
  for (let k = 0; k < size; k++) {
    const re = c[2 * k]!;
    const im = c[2 * k + 1]!;
    for (let i = 0; i < 2 * size; i += 2, at += 2) {
      const a = vectors[at]!;
      const b = vectors[at + 1]!;
      out[i]! += re * a - im * b;
      out[i + 1]! += re * b + im * a;
    }
  }
}

/** Multiplies coordinates by `exp(-i t λ_k)`. */
export function turnCoordinates({ values, size }: Spectrum, time: number, c: Float64Array): void {
  for (let k = 0; k < size; k++) {
    const cos = elementary.cos(time * values[k]!);
    const sin = -elementary.sin(time * values[k]!);
    const re = c[2 * k]!;
    const im = c[2 * k + 1]!;
    c[2 * k] = cos * re - sin * im;
    c[2 * k + 1] = cos * im + sin * re;
  }
}

/**
 * Adds what the gradient of Re⟨ȳ|exp(-itA) x⟩ by A needs, for coordinates of x and ȳ: with the divided differences
 * `g_jk = (e^{-itλ_j} - e^{-itλ_k})/(λ_j - λ_k)` of the exponential (Daleckii and Krein, 1965), the derivative along dA is
 * `Re Σ conj(ȳ_j) g_jk x_k (V† dA V)_jk`.
 */
export function collectGradient(
  { spectrum, weights }: Collected,
  time: number,
  x: Float64Array,
  bra: Float64Array,
): void {
  const { values, size } = spectrum;
  // g_jk = -i t e^{-it(λ_j + λ_k)/2} sinc(t(λ_j - λ_k)/2): a product of phases of j and of k but for the sinc.
  const sines = new Float64Array(size);
  const cosines = new Float64Array(size);
  for (let k = 0; k < size; k++) {
    sines[k] = elementary.sin((time * values[k]!) / 2);
    cosines[k] = elementary.cos((time * values[k]!) / 2);
  }
  let at = 0;
  for (let j = 0; j < size; j++) {
    // conj(ȳ_j) · (-i t) · e^{-itλ_j/2}
    const [c, s] = [cosines[j]!, sines[j]!];
    const pr = bra[2 * j]! * c - bra[2 * j + 1]! * s;
    const pi = -bra[2 * j + 1]! * c - bra[2 * j]! * s;
    const ar = time * pi;
    const ai = -time * pr;
    for (let k = 0; k < size; k++, at += 2) {
      const half = (time * (values[j]! - values[k]!)) / 2;
      // sin(a - b) by addition loses digits where a and b are close, and there the series is exact.
      const sinc =
        Math.abs(half) < 1e-2
          ? 1 - (half * half) / 6 + half ** 4 / 120 - half ** 6 / 5040
          : (s * cosines[k]! - c * sines[k]!) / half;
      const xr = x[2 * k]! * cosines[k]! + x[2 * k + 1]! * sines[k]!;
      const xi = x[2 * k + 1]! * cosines[k]! - x[2 * k]! * sines[k]!;
      weights[at]! += sinc * (ar * xr - ai * xi);
      weights[at + 1]! += sinc * (ar * xi + ai * xr);
    }
  }
}

/** Adds the collected gradient by the real and imaginary parts of A, of which the Hermitian part counts, to `out`. */
export function addGradient(
  { spectrum, weights }: Collected,
  out: Float64Array,
  start: number,
): void {
  const { vectors, size } = spectrum;
  // Z = V* W Vᵀ: first rows, B_jq = Σ_k W_jk V_qk, then Z_pq = Σ_j conj(V_pj) B_jq; V_qk is entry q of eigenvector k.
  const rows = new Float64Array(2 * size * size);
  for (let j = 0; j < size; j++) {
    for (let k = 0; k < size; k++) {
      const wr = weights[2 * (j * size + k)]!;
      const wi = weights[2 * (j * size + k) + 1]!;
      for (let q = 0; q < size; q++) {
        const a = vectors[2 * (k * size + q)]!;
        const b = vectors[2 * (k * size + q) + 1]!;
        rows[2 * (j * size + q)]! += wr * a - wi * b;
        rows[2 * (j * size + q) + 1]! += wr * b + wi * a;
      }
    }
  }
  const z = new Float64Array(2 * size * size);
  for (let j = 0; j < size; j++) {
    for (let p = 0; p < size; p++) {
      const a = vectors[2 * (j * size + p)]!;
      const b = -vectors[2 * (j * size + p) + 1]!;
      for (let q = 0; q < size; q++) {
        const br = rows[2 * (j * size + q)]!;
        const bi = rows[2 * (j * size + q) + 1]!;
        z[2 * (p * size + q)]! += a * br - b * bi;
        z[2 * (p * size + q) + 1]! += a * bi + b * br;
      }
    }
  }
  for (let p = 0; p < size; p++) {
    for (let q = 0; q < size; q++) {
      const here = 2 * (p * size + q);
      const mirror = 2 * (q * size + p);
      out[start + here]! += (z[here]! + z[mirror]!) / 2;
      out[start + here + 1]! += (z[mirror + 1]! - z[here + 1]!) / 2;
    }
  }
}
