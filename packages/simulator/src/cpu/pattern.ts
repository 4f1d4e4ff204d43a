import { zeros } from './complex-matrix.ts';

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
  /** Tells it from all others: for every entry what is known of it. */
  readonly id: string;
  /** Floating point operations on one amplitude, on average over its rows. */
  readonly flops: number;
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

/** Patterns met so far: there are few, and circuits are full of the same. By size, and by codes as a number or a text. */
const known: Map<number | string, MatrixPattern>[] = [];
const KNOWN_LIMIT = 1024;

/** What is known of an entry: the position of a character in the names of patterns. A power of i is its digit. */
const CODES = '.0123ric';
const zero = 0;
const unit = 1;
const real = 5;
const imaginary = 6;
const complex = 7;
/** The first character: all entries are powers of i but for one scale, none, or they have constants of their own. */
const KINDS = 'mspo';
const monomialKind = 0;
const scaledKind = 1;
const plainKind = 2;
const ownKind = 3;

/** Codes of the matrix in work, and by column the number of the last matrix with an entry there. */
const codes: number[] = [];
const met: number[] = [];
let stamp = 0;

/** Splits a matrix (row-major, interleaved) into its pattern and the constants the pattern refers to. */
export function matrixPattern(matrix: readonly number[]): SplitMatrix {
  const values: number[] = [];
  const pattern = patternFor(matrix, values);
  return { pattern, values: pattern === fullPatterns[sizeOf(matrix)] ? matrix : values };
}

/** The pattern of a matrix, whose constants are put into a list where one is given, unless they are all of its numbers. */
export function patternFor(matrix: readonly number[], values?: number[]): MatrixPattern {
  const size = sizeOf(matrix);
  if (isFull(matrix))
    return (fullPatterns[size] ??= patternOf(
      (KINDS[ownKind] as string) + (CODES[complex] as string).repeat(size * size),
      size,
    ));
  let kind = commonCodes(matrix, size, values);
  if (kind < 0) {
    ownCodes(matrix, size, values);
    kind = ownKind;
  }
  const id = size <= 4 ? numberOf(kind, size) : nameOf(kind, size);
  const byId = (known[size] ??= new Map<number | string, MatrixPattern>());
  let pattern = byId.get(id);
  if (pattern === undefined) {
    pattern = patternOf(nameOf(kind, size), size);
    if (byId.size >= KNOWN_LIMIT) byId.clear();
    byId.set(id, pattern);
  }
  return pattern;
}

const sizeOf = ({ length }: readonly number[]): number =>
  length === 8 ? 2 : length === 32 ? 4 : Math.sqrt(length / 2);

/** The codes of up to 16 entries as one number. */
function numberOf(kind: number, size: number): number {
  let id = kind;
  for (let i = 0; i < size * size; i++) id = 8 * id + (codes[i] as number);
  return id;
}

function nameOf(kind: number, size: number): string {
  let name = KINDS[kind] as string;
  for (let i = 0; i < size * size; i++) name += CODES[codes[i] as number] as string;
  return name;
}

/** Patterns of complex entries only, by size: dense unitaries have no other, and need not spell its name. */
const fullPatterns: MatrixPattern[] = [];
/** Far from zero: no entry with such parts is a power of i. */
const PART = 1e-12;

function isFull(matrix: readonly number[]): boolean {
  for (let i = 0; i < matrix.length; i++) if (!(Math.abs(matrix[i] as number) > PART)) return false;
  return true;
}

/** The kind of a matrix whose entries share one modulus but for factors of i, whose codes it notes; -1 for others. */
function commonCodes(matrix: readonly number[], size: number, values?: number[]): number {
  let modulus = 0;
  let entries = 0;
  let columns = 0;
  stamp++;
  for (let row = 0, i = 0; row < size; row++) {
    const before = entries;
    for (let column = 0; column < size; column++, i += 2) {
      const re = matrix[i] as number;
      const im = matrix[i + 1] as number;
      if (re === 0 && im === 0) {
        codes[i >> 1] = zero;
        continue;
      }
      if (entries++ === 0) modulus = modulusOf(re, im);
      const power = powerOfI(re / modulus, im / modulus);
      if (power === undefined) return -1;
      if (met[column] !== stamp) columns++;
      met[column] = stamp;
      codes[i >> 1] = unit + power;
    }
    // A row of zeros (a projection) has a value of its own.
    if (entries === before) return -1;
  }
  if (Math.abs(modulus - 1) >= EPSILON) {
    values?.push(modulus);
    return scaledKind;
  }
  return entries === size && columns === size ? monomialKind : plainKind;
}

/** Notes the codes of entries with values of their own, but for powers of i. */
function ownCodes(matrix: readonly number[], size: number, values?: number[]): void {
  let emptyRows = 0;
  for (let row = 0, i = 0; row < size; row++) {
    let empty = true;
    for (let column = 0; column < size; column++, i += 2) {
      const re = matrix[i] as number;
      const im = matrix[i + 1] as number;
      if (re === 0 && im === 0) {
        codes[i >> 1] = zero;
        continue;
      }
      empty = false;
      const power = powerOfI(re, im);
      if (power !== undefined) codes[i >> 1] = unit + power;
      else if (im === 0) {
        codes[i >> 1] = real;
        values?.push(re);
      } else if (re === 0) {
        codes[i >> 1] = imaginary;
        values?.push(im);
      } else {
        codes[i >> 1] = complex;
        values?.push(re, im);
      }
    }
    if (empty) emptyRows++;
  }
  for (let i = 0; i < emptyRows; i++) values?.push(0, 0);
}

/** The pattern of a name. */
function patternOf(id: string, size: number): MatrixPattern {
  const kind = KINDS.indexOf(id[0] as string);
  let constants = 0;
  let flops = kind === scaledKind ? 0 : -2 * size;
  const rows = Array.from({ length: size }, (_, row) => {
    const entries: PatternEntry[] = [];
    for (let column = 0; column < size; column++) {
      const code = CODES.indexOf(id[1 + row * size + column] as string);
      if (code === zero) continue;
      if (code === real || code === imaginary) {
        const power = code === real ? 0 : 1;
        entries.push({ column, power, constant: constants++, real: true });
        flops += 4;
      } else if (code === complex) {
        entries.push({ column, power: 0, constant: constants });
        constants += 2;
        flops += 8;
      } else {
        entries.push({ column, power: code - unit });
        flops += 2;
      }
    }
    return entries;
  });
  rows.forEach((row, column) => {
    if (row.length > 0) return;
    row.push({ column, power: 0, constant: constants });
    constants += 2;
    flops += 8;
  });
  const monomial = kind === monomialKind;
  return {
    id,
    flops: monomial ? 0 : flops / size,
    monomial,
    scaled: kind === scaledKind,
    rows,
  };
}

/** The conjugate transpose of a matrix, row-major, interleaved. */
export function adjoint(matrix: readonly number[]): number[] {
  const size = Math.sqrt(matrix.length / 2);
  const out = zeros(matrix.length);
  for (let row = 0, i = 0; row < size; row++) {
    for (let column = 0; column < size; column++, i += 2) {
      const at = 2 * (column * size + row);
      out[i] = matrix[at] as number;
      out[i + 1] = -(matrix[at + 1] as number);
    }
  }
  return out;
}
