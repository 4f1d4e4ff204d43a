/*
 * Naive dense algebra for tests: square complex matrices, row-major, interleaved re, im, straight from the definitions.
 */

/** Rows of a square matrix of that many numbers. */
export function dimension(m: ArrayLike<number>): number {
  return Math.round(Math.sqrt(m.length / 2));
}

/** The d × d identity. */
export function identity(d: number): Float64Array {
  const m = new Float64Array(2 * d * d);
  for (let i = 0; i < d; i++) m[2 * (i * d + i)] = 1;
  return m;
}

/** Matrix product. */
export function matmul(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  const d = dimension(a);
  const c = new Float64Array(2 * d * d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      for (let k = 0; k < d; k++) {
        const x = 2 * (i * d + k);
        const y = 2 * (k * d + j);
        c[2 * (i * d + j)]! += a[x]! * b[y]! - a[x + 1]! * b[y + 1]!;
        c[2 * (i * d + j) + 1]! += a[x]! * b[y + 1]! + a[x + 1]! * b[y]!;
      }
    }
  }
  return c;
}

/** Matrix times vector. */
export function matvec(a: ArrayLike<number>, v: ArrayLike<number>): Float64Array {
  const d = v.length / 2;
  const w = new Float64Array(2 * d);
  for (let i = 0; i < d; i++) {
    for (let k = 0; k < d; k++) {
      const x = 2 * (i * d + k);
      w[2 * i]! += a[x]! * v[2 * k]! - a[x + 1]! * v[2 * k + 1]!;
      w[2 * i + 1]! += a[x]! * v[2 * k + 1]! + a[x + 1]! * v[2 * k]!;
    }
  }
  return w;
}

/** Kronecker product, the first factor most significant. */
export function kron(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  const p = dimension(a);
  const q = dimension(b);
  const d = p * q;
  const c = new Float64Array(2 * d * d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      const x = 2 * (Math.floor(i / q) * p + Math.floor(j / q));
      const y = 2 * ((i % q) * q + (j % q));
      c[2 * (i * d + j)] = a[x]! * b[y]! - a[x + 1]! * b[y + 1]!;
      c[2 * (i * d + j) + 1] = a[x]! * b[y + 1]! + a[x + 1]! * b[y]!;
    }
  }
  return c;
}

/** Conjugate transpose. */
export function dagger(a: ArrayLike<number>): Float64Array {
  const d = dimension(a);
  const c = new Float64Array(2 * d * d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      c[2 * (i * d + j)] = a[2 * (j * d + i)]!;
      c[2 * (i * d + j) + 1] = 0 - a[2 * (j * d + i) + 1]!;
    }
  }
  return c;
}

/** A matrix times the complex number re + i·im. */
export function scaled(a: ArrayLike<number>, re: number, im = 0): Float64Array {
  const c = new Float64Array(a.length);
  for (let i = 0; i < a.length; i += 2) {
    c[i] = re * a[i]! - im * a[i + 1]!;
    c[i + 1] = re * a[i + 1]! + im * a[i]!;
  }
  return c;
}

/** Sum of matrices or vectors. */
export function sum(...list: readonly ArrayLike<number>[]): Float64Array {
  return Float64Array.from({ length: list[0]!.length }, (_, i) =>
    list.reduce((s, m) => s + m[i]!, 0),
  );
}

/** Matrix exponential: Taylor series of a matrix halved until small, squared as often. */
export function expm(a: ArrayLike<number>): Float64Array {
  const d = dimension(a);
  const norm = Math.hypot(...Array.from(a));
  const halvings = Math.max(0, Math.ceil(Math.log2(norm)) + 2);
  const small = scaled(a, 2 ** -halvings);
  let term = identity(d);
  let result = identity(d);
  for (let k = 1; k <= 24; k++) {
    term = scaled(matmul(term, small), 1 / k);
    result = sum(result, term);
  }
  for (let k = 0; k < halvings; k++) result = matmul(result, result);
  return result;
}

/** The Pauli matrices and the identity on one qubit. */
export const PAULI: Readonly<Record<'I' | 'X' | 'Y' | 'Z', readonly number[]>> = {
  I: [1, 0, 0, 0, 0, 0, 1, 0],
  X: [0, 0, 1, 0, 1, 0, 0, 0],
  Y: [0, 0, 0, -1, 0, 1, 0, 0],
  Z: [1, 0, 0, 0, 0, 0, -1, 0],
};

/** Tensor product of Pauli letters, such as `XIZ`, the first letter most significant. */
export function pauliWord(word: string): Float64Array {
  return [...word].reduce<Float64Array>(
    (m, letter) => kron(m, PAULI[letter as 'I']),
    Float64Array.of(1, 0),
  );
}

/** Matrix over n qubits of a matrix on some of them: entry (i, j) is there where all other bits of i and j agree. */
export function embedded(
  m: ArrayLike<number>,
  on: readonly number[],
  qubits: number,
): Float64Array {
  const d = 2 ** qubits;
  const k = dimension(m);
  const bit = (i: number, q: number): number => Math.floor(i / 2 ** (qubits - 1 - q)) % 2;
  const index = (i: number): number => on.reduce((number, q) => 2 * number + bit(i, q), 0);
  const others = Array.from({ length: qubits }, (_, q) => q).filter((q) => !on.includes(q));
  const result = new Float64Array(2 * d * d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      if (others.some((q) => bit(i, q) !== bit(j, q))) continue;
      const from = 2 * (index(i) * k + index(j));
      result[2 * (i * d + j)] = m[from]!;
      result[2 * (i * d + j) + 1] = m[from + 1]!;
    }
  }
  return result;
}
