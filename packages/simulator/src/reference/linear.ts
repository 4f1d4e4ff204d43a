import type { Control } from '@ketwork/circuit';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/*
 * Dense linear algebra on interleaved complex numbers, row-major. Nothing here is fast; everything follows its definition.
 */

/** A linear map on some qubits, where the controls hold: a matrix, or `column · ⟨0…0|`, which prepares a state. */
export interface LinearMap {
  /** The qubits it acts on, the first one most significant in the row and column index. */
  readonly targets: readonly number[];
  readonly controls: readonly Control[];
  readonly form: { readonly matrix: ArrayLike<number> } | { readonly column: ArrayLike<number> };
}

/** The bit of a qubit in a basis index; qubit 0 is the most significant. */
function bitOf(index: number, qubit: number, qubits: number): number {
  return (index >> (qubits - 1 - qubit)) & 1;
}

/** The bits of some qubits read as one number, the first of the list most significant. */
export function bitsOf(index: number, list: readonly number[], qubits: number): number {
  return list.reduce((number, qubit) => 2 * number + bitOf(index, qubit, qubits), 0);
}

/** A basis index with the bits of some qubits replaced by those of a number. */
function withBits(index: number, list: readonly number[], number: number, qubits: number): number {
  let result = index;
  list.forEach((qubit, i) => {
    const place = 1 << (qubits - 1 - qubit);
    const bit = (number >> (list.length - 1 - i)) & 1;
    result = bit === 1 ? result | place : result & ~place;
  });
  return result;
}

/**
 * Applies a map to a state. Where the controls do not hold, amplitudes stay as they are (`keep`) or, for the derivative of a
 * map, which is zero there, vanish (`zero`).
 */
export function applyMap(
  state: Float64Array,
  qubits: number,
  map: LinearMap,
  elsewhere: 'keep' | 'zero',
): Float64Array {
  const { targets, controls, form } = map;
  const d = 2 ** targets.length;
  const result = new Float64Array(state.length);
  // The amplitudes a map mixes are at base + offsets[column], base being the index with all target bits 0.
  const offsets = Array.from({ length: d }, (_, column) => withBits(0, targets, column, qubits));
  for (let i = 0; i < 2 ** qubits; i++) {
    if (!controls.every((c) => bitOf(i, c.qubit, qubits) === c.value)) {
      if (elsewhere === 'keep') {
        result[2 * i] = state[2 * i]!;
        result[2 * i + 1] = state[2 * i + 1]!;
      }
      continue;
    }
    const row = bitsOf(i, targets, qubits);
    const base = i - offsets[row]!;
    let re = 0;
    let im = 0;
    if ('matrix' in form) {
      for (let column = 0; column < d; column++) {
        const j = base + offsets[column]!;
        const a = form.matrix[2 * (row * d + column)]!;
        const b = form.matrix[2 * (row * d + column) + 1]!;
        re += a * state[2 * j]! - b * state[2 * j + 1]!;
        im += a * state[2 * j + 1]! + b * state[2 * j]!;
      }
    } else {
      const a = form.column[2 * row]!;
      const b = form.column[2 * row + 1]!;
      re = a * state[2 * base]! - b * state[2 * base + 1]!;
      im = a * state[2 * base + 1]! + b * state[2 * base]!;
    }
    result[2 * i] = re;
    result[2 * i + 1] = im;
  }
  return result;
}

/** `a + factor · b`, entry by entry. */
export function addScaled(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  factor: number,
): Float64Array {
  return Float64Array.from({ length: a.length }, (_, i) => a[i]! + factor * b[i]!);
}

/** Product of two d × d matrices. */
export function multiply(a: ArrayLike<number>, b: ArrayLike<number>, d: number): Float64Array {
  const c = new Float64Array(2 * d * d);
  for (let i = 0; i < d; i++) {
    for (let k = 0; k < d; k++) {
      const re = a[2 * (i * d + k)]!;
      const im = a[2 * (i * d + k) + 1]!;
      for (let j = 0; j < d; j++) {
        const x = b[2 * (k * d + j)]!;
        const y = b[2 * (k * d + j) + 1]!;
        c[2 * (i * d + j)]! += re * x - im * y;
        c[2 * (i * d + j) + 1]! += re * y + im * x;
      }
    }
  }
  return c;
}

/** `-i` times a matrix. */
export function timesMinusI(a: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: a.length }, (_, i) => (i % 2 === 0 ? a[i + 1]! : -a[i - 1]!));
}

/** The Hermitian part (M + M†) / 2 of a d × d matrix. */
export function hermitianPart(m: ArrayLike<number>, d: number): Float64Array {
  const h = new Float64Array(2 * d * d);
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      const here = 2 * (r * d + c);
      const mirror = 2 * (c * d + r);
      h[here] = (m[here]! + m[mirror]!) / 2;
      h[here + 1] = (m[here + 1]! - m[mirror + 1]!) / 2;
    }
  }
  return h;
}

/** Inner product ⟨a|b⟩ as [re, im]. */
export function inner(a: ArrayLike<number>, b: ArrayLike<number>): [number, number] {
  let re = 0;
  let im = 0;
  for (let i = 0; i < a.length; i += 2) {
    re += a[i]! * b[i]! + a[i + 1]! * b[i + 1]!;
    im += a[i]! * b[i + 1]! - a[i + 1]! * b[i]!;
  }
  return [re, im];
}

/**
 * A Hermitian d × d matrix A through the real symmetric 2d × 2d matrix [[Re A, -Im A], [Im A, Re A]]. Real functions of
 * the one are those of the other, so `exp(-i t A) = cos(tA) - i sin(tA)` needs no complex eigenvectors.
 */
export class HermitianSpectrum {
  readonly d: number;
  readonly vectors: Matrix;
  readonly values: readonly number[];

  constructor(a: ArrayLike<number>, d: number) {
    this.d = d;
    const evd = new EigenvalueDecomposition(embed(hermitianPart(a, d), d), {
      assumeSymmetric: true,
    });
    this.vectors = evd.eigenvectorMatrix;
    this.values = evd.realEigenvalues;
  }

  /** `exp(-i t A)`. */
  exponential(t: number): Float64Array {
    const cos = Matrix.diag(this.values.map((x) => Math.cos(t * x)));
    const sin = Matrix.diag(this.values.map((x) => Math.sin(t * x)));
    return this.#combine(this.#back(cos), this.#back(sin));
  }

  /**
   * Derivative of `exp(-i t A)` when A moves in the direction of a Hermitian E: in the eigenbasis each entry of E is
   * multiplied by the divided difference of the function (Daleckii and Krein, 1965).
   */
  exponentialAlong(t: number, e: ArrayLike<number>): Float64Array {
    const direction = this.vectors.transpose().mmul(embed(e, this.d)).mmul(this.vectors);
    const cos = new Matrix(direction.rows, direction.columns);
    const sin = new Matrix(direction.rows, direction.columns);
    for (let j = 0; j < direction.rows; j++) {
      for (let k = 0; k < direction.columns; k++) {
        // (f(x) - f(y)) / (x - y) for cos(t·) and sin(t·), written so that it also holds for x = y.
        const mean = (t * (this.values[j]! + this.values[k]!)) / 2;
        const half = (t * (this.values[j]! - this.values[k]!)) / 2;
        const ratio = half === 0 ? 1 : Math.sin(half) / half;
        cos.set(j, k, -t * Math.sin(mean) * ratio * direction.get(j, k));
        sin.set(j, k, t * Math.cos(mean) * ratio * direction.get(j, k));
      }
    }
    return this.#combine(this.#back(cos), this.#back(sin));
  }

  #back(m: Matrix): Matrix {
    return this.vectors.mmul(m).mmul(this.vectors.transpose());
  }

  /** `C - i S` for embedded Hermitian C and S. */
  #combine(c: Matrix, s: Matrix): Float64Array {
    const { d } = this;
    const m = new Float64Array(2 * d * d);
    for (let r = 0; r < d; r++) {
      for (let k = 0; k < d; k++) {
        m[2 * (r * d + k)] = c.get(r, k) + s.get(d + r, k);
        m[2 * (r * d + k) + 1] = c.get(d + r, k) - s.get(r, k);
      }
    }
    return m;
  }
}

function embed(a: ArrayLike<number>, d: number): Matrix {
  const m = new Matrix(2 * d, 2 * d);
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      const re = a[2 * (r * d + c)]!;
      const im = a[2 * (r * d + c) + 1]!;
      m.set(r, c, re);
      m.set(d + r, d + c, re);
      m.set(d + r, c, im);
      m.set(r, d + c, -im);
    }
  }
  return m;
}
