/** An entry of a matrix row: i^power times the common scale, or times a complex constant of its own. */
export interface PatternEntry {
  readonly column: number;
  readonly power: number;
  /** Position of the entry's real part among the constants; the imaginary part follows, unless the entry is `real`. */
  readonly constant?: number;
  /** The constant is real: an entry without a real or without an imaginary part takes half of the multiplications. */
  readonly real?: true;
}

/** What a matrix looks like up to its numbers, so that zeros, signs and factors of i cost nothing. */
export interface MatrixPattern {
  /** One entry of modulus 1, a power of i, per row and column: amplitudes are only renamed. */
  readonly monomial: boolean;
  /** All entries share one modulus, the only constant: rows are summed first and scaled once. */
  readonly scaled: boolean;
  readonly rows: readonly (readonly PatternEntry[])[];
}

const EPSILON = 4e-16;

/** |re + i im|, rounded the same way everywhere, unlike `Math.hypot`; entries of matrices neither over- nor underflow. */
export const modulusOf = (re: number, im: number): number =>
  re === 0 || im === 0 ? Math.abs(re + im) : Math.sqrt(re * re + im * im);

/** Power of i of a unit complex number, or undefined if it is none. */
function powerOfI(re: number, im: number): number | undefined {
  if (Math.abs(im) < EPSILON && Math.abs(Math.abs(re) - 1) < EPSILON) return re > 0 ? 0 : 2;
  if (Math.abs(re) < EPSILON && Math.abs(Math.abs(im) - 1) < EPSILON) return im > 0 ? 1 : 3;
  return undefined;
}

interface SplitMatrix {
  readonly pattern: MatrixPattern;
  readonly values: readonly number[];
}

/** Passes ask again and again for the pattern of the same matrix. */
const known = new WeakMap<readonly number[], SplitMatrix>();

/** Splits a matrix (row-major, interleaved) into its pattern and the constants the pattern refers to. */
export function matrixPattern(matrix: readonly number[]): SplitMatrix {
  let found = known.get(matrix);
  if (found === undefined) {
    found = splitMatrix(matrix);
    known.set(matrix, found);
  }
  return found;
}

function splitMatrix(matrix: readonly number[]): SplitMatrix {
  const size = Math.sqrt(matrix.length / 2);
  const entries: { row: number; column: number; re: number; im: number }[] = [];
  for (let i = 0; i < size * size; i++) {
    const re = matrix[2 * i] as number;
    const im = matrix[2 * i + 1] as number;
    if (re !== 0 || im !== 0) entries.push({ row: Math.floor(i / size), column: i % size, re, im });
  }
  const first = entries[0];
  const modulus = first === undefined ? 1 : modulusOf(first.re, first.im);
  const common = entries.every(({ re, im }) => powerOfI(re / modulus, im / modulus) !== undefined);
  const rows: PatternEntry[][] = Array.from({ length: size }, () => []);
  if (common && entries.length > 0) {
    for (const { row, column, re, im } of entries) {
      rows[row]?.push({ column, power: powerOfI(re / modulus, im / modulus) as number });
    }
    const plain = Math.abs(modulus - 1) < EPSILON;
    const columns = new Set(entries.map(({ column }) => column));
    const monomial = plain && rows.every((row) => row.length === 1) && columns.size === size;
    if (rows.every((row) => row.length > 0)) {
      return { pattern: { monomial, scaled: !plain, rows }, values: plain ? [] : [modulus] };
    }
    for (const row of rows) row.length = 0;
  }
  const values: number[] = [];
  const add = (row: number, column: number, re: number, im: number): void => {
    const power = powerOfI(re, im);
    if (power !== undefined) rows[row]?.push({ column, power });
    else if (im === 0)
      rows[row]?.push({ column, power: 0, constant: values.push(re) - 1, real: true });
    else if (re === 0)
      rows[row]?.push({ column, power: 1, constant: values.push(im) - 1, real: true });
    else rows[row]?.push({ column, power: 0, constant: values.push(re, im) - 2 });
  };
  for (const { row, column, re, im } of entries) add(row, column, re, im);
  // A row of zeros (a projection) still needs a value.
  rows.forEach((row, index) => {
    if (row.length === 0) row.push({ column: index, power: 0, constant: values.push(0, 0) - 2 });
  });
  return { pattern: { monomial: false, scaled: false, rows }, values };
}

/** Floating point operations of a pattern on one amplitude, on average over its rows. */
export function patternFlops({ monomial, scaled, rows }: MatrixPattern): number {
  if (monomial) return 0;
  let flops = 0;
  for (const row of rows) {
    flops += scaled ? 0 : -2;
    for (const { constant, real } of row)
      flops += constant === undefined ? 2 : real === true ? 4 : 8;
  }
  return flops / rows.length;
}

/** The conjugate transpose of a matrix, row-major, interleaved. */
export function adjoint(matrix: readonly number[]): number[] {
  const size = Math.sqrt(matrix.length / 2);
  const out: number[] = [];
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const at = 2 * (column * size + row);
      out.push(matrix[at] as number, -(matrix[at + 1] as number));
    }
  }
  return out;
}
