/** Small complex matrices, row-major, interleaved re, im. */

/**
 * Zeros in a list that held fractions: V8 then keeps it, and copies of it, as doubles, and need not make them anew for the
 * first fraction. `fill` would make it a list of integers again.
 */
function fractions(length: number): readonly number[] {
  const list = Array.from({ length }, () => 0.5);
  for (let i = 0; i < length; i++) list[i] = 0;
  return list;
}
const two = fractions(8);
const four = fractions(32);

/** Zeros for the entries of a matrix. */
export function zeros(length: number): number[] {
  return length === 8
    ? two.slice()
    : length === 32
      ? four.slice()
      : new Array<number>(length).fill(0);
}

/** The product of two square matrices. */
export function product(a: readonly number[], b: readonly number[]): number[] {
  const size = a.length === 8 ? 2 : a.length === 32 ? 4 : Math.sqrt(a.length / 2);
  const out = zeros(a.length);
  for (let row = 0; row < size; row++) {
    const from = 2 * row * size;
    for (let column = 0; column < size; column++) {
      let re = 0;
      let im = 0;
      for (let i = from, j = 2 * column, end = from + 2 * size; i < end; i += 2, j += 2 * size) {
        const ar = a[i] as number;
        const ai = a[i + 1] as number;
        const br = b[j] as number;
        const bi = b[j + 1] as number;
        re += ar * br - ai * bi;
        im += ar * bi + ai * br;
      }
      out[from + 2 * column] = re;
      out[from + 2 * column + 1] = im;
    }
  }
  return out;
}

/** What a matrix on two qubits and behind it one on the first or second of them do together. */
export function productBehind(
  matrix: readonly number[],
  part: readonly number[],
  second: boolean,
): number[] {
  const bit = second ? 1 : 2;
  const out = zeros(32);
  for (let row = 0; row < 4; row++) {
    const own = (row & bit) === 0 ? 0 : 4;
    const low = 8 * (row & ~bit);
    const high = 8 * (row | bit);
    for (let column = 0; column < 8; column += 2)
      setSum(out, 8 * row + column, part, own, own + 2, matrix, low + column, high + column);
  }
  return out;
}

/** What one on the first or second qubit and behind it a matrix on two qubits do together. */
export function productBefore(
  matrix: readonly number[],
  part: readonly number[],
  second: boolean,
): number[] {
  const bit = second ? 1 : 2;
  const out = zeros(32);
  for (let row = 0; row < 32; row += 8) {
    for (let column = 0; column < 4; column++) {
      const own = (column & bit) === 0 ? 0 : 2;
      const low = row + 2 * (column & ~bit);
      const high = row + 2 * (column | bit);
      setSum(out, row + 2 * column, matrix, low, high, part, own, own + 4);
    }
  }
  return out;
}

/** Sets an entry to a[i] b[k] + a[j] b[l], rounded as the sum over a row and a column with zeros is. */
function setSum(
  out: number[],
  at: number,
  a: readonly number[],
  i: number,
  j: number,
  b: readonly number[],
  k: number,
  l: number,
): void {
  const ar = a[i] as number;
  const ai = a[i + 1] as number;
  const br = b[k] as number;
  const bi = b[k + 1] as number;
  const cr = a[j] as number;
  const ci = a[j + 1] as number;
  const dr = b[l] as number;
  const di = b[l + 1] as number;
  out[at] = ar * br - ai * bi + (cr * dr - ci * di);
  out[at + 1] = ar * bi + ai * br + (cr * di + ci * dr);
}

/** Every entry times re + i im. */
export function scaled(matrix: readonly number[], re: number, im: number): number[] {
  const out = zeros(matrix.length);
  for (let i = 0; i < matrix.length; i += 2) {
    const x = matrix[i] as number;
    const y = matrix[i + 1] as number;
    out[i] = re * x - im * y;
    out[i + 1] = re * y + im * x;
  }
  return out;
}

/** The matrix on a list of qubits of what a matrix does on some of them, where all controls have their values. */
export function spreadOver(
  all: readonly number[],
  matrix: readonly number[],
  qubits: readonly number[],
  controls: readonly { readonly qubit: number; readonly value: 0 | 1 }[],
): readonly number[] {
  if (controls.length === 0 && all.length === qubits.length && all.every((q, i) => q === qubits[i]))
    return matrix;
  const size = 2 ** all.length;
  const own = 2 ** qubits.length;
  const bit = (qubit: number): number => 1 << (all.length - 1 - all.indexOf(qubit));
  let rest = size - 1;
  // Indices of the own matrix by index of the whole.
  const inner = new Array<number>(size).fill(0);
  for (const qubit of qubits) {
    const at = bit(qubit);
    rest &= ~at;
    for (let index = 0; index < size; index++)
      inner[index] = 2 * (inner[index] as number) + ((index & at) === 0 ? 0 : 1);
  }
  let conditions = 0;
  let values = 0;
  for (const { qubit, value } of controls) {
    conditions |= bit(qubit);
    if (value === 1) values |= bit(qubit);
  }
  const out = zeros(2 * size * size);
  for (let row = 0; row < size; row++) {
    const acts = (row & conditions) === values;
    for (let column = 0; column < size; column++) {
      if (((row ^ column) & rest) !== 0) continue;
      const to = 2 * (row * size + column);
      const from = 2 * ((inner[row] as number) * own + (inner[column] as number));
      out[to] = acts ? (matrix[from] as number) : row === column ? 1 : 0;
      out[to + 1] = acts ? (matrix[from + 1] as number) : 0;
    }
  }
  return out;
}

/** How far numbers may be from those that products of the usual gates have. */
const ROUNDING = 1e-15;

/** 0, 1, 1/2 or √1/2, or minus these, where a number is one of them but for rounding; else the number. */
export function usual(x: number): number {
  const size = Math.abs(x);
  if (size < ROUNDING) return 0;
  if (size > 1 + ROUNDING) return x;
  if (Math.abs(size - 1) < ROUNDING) return x < 0 ? -1 : 1;
  if (Math.abs(size - Math.SQRT1_2) < ROUNDING) return x < 0 ? -Math.SQRT1_2 : Math.SQRT1_2;
  if (Math.abs(size - 0.5) < ROUNDING) return x < 0 ? -0.5 : 0.5;
  return x;
}

/** The matrix with numbers within rounding of 0, 1, 1/2 and √1/2 set to these, so that patterns are seen. */
export function cleaned(matrix: readonly number[]): number[] {
  const out = zeros(matrix.length);
  for (let i = 0; i < matrix.length; i++) out[i] = usual(matrix[i] as number);
  return out;
}
