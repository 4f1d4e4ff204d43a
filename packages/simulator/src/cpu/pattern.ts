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

/** Patterns met so far: there are few, and circuits are full of the same. */
const known = new Map<string, MatrixPattern>();
const KNOWN_LIMIT = 1024;

/** Entries in the name of a pattern: a power of i is its digit. */
const entryCode = { zero: '.', real: 'r', imaginary: 'i', complex: 'c' } as const;
/** The first character: all entries are powers of i but for one scale, none, or they have constants of their own. */
const kindCode = { monomial: 'm', scaled: 's', plain: 'p', own: 'o' } as const;

/** Splits a matrix (row-major, interleaved) into its pattern and the constants the pattern refers to. */
export function matrixPattern(matrix: readonly number[]): SplitMatrix {
  const size = matrix.length === 8 ? 2 : Math.sqrt(matrix.length / 2);
  if (isFull(matrix)) {
    const full = (fullPatterns[size] ??= patternOf(
      kindCode.own + entryCode.complex.repeat(size * size),
      size,
    ));
    return { pattern: full, values: matrix };
  }
  const values: number[] = [];
  const id = commonId(matrix, size, values) ?? ownId(matrix, size, values);
  let pattern = known.get(id);
  if (pattern === undefined) {
    pattern = patternOf(id, size);
    if (known.size >= KNOWN_LIMIT) known.clear();
    known.set(id, pattern);
  }
  return { pattern, values };
}

/** Patterns of complex entries only, by size: dense unitaries have no other, and need not spell its name. */
const fullPatterns: MatrixPattern[] = [];
/** Far from zero: no entry with such parts is a power of i. */
const PART = 1e-12;

function isFull(matrix: readonly number[]): boolean {
  for (let i = 0; i < matrix.length; i++) if (!(Math.abs(matrix[i] as number) > PART)) return false;
  return true;
}

/** The name of a pattern whose entries share one modulus but for factors of i; undefined for others. */
function commonId(matrix: readonly number[], size: number, values: number[]): string | undefined {
  let modulus = 0;
  let entries = 0;
  const columns = new Set<number>();
  let codes = '';
  for (let row = 0, i = 0; row < size; row++) {
    const before = entries;
    for (let column = 0; column < size; column++, i += 2) {
      const re = matrix[i] as number;
      const im = matrix[i + 1] as number;
      if (re === 0 && im === 0) {
        codes += entryCode.zero;
        continue;
      }
      if (entries++ === 0) modulus = modulusOf(re, im);
      const power = powerOfI(re / modulus, im / modulus);
      if (power === undefined) return undefined;
      columns.add(column);
      codes += power;
    }
    // A row of zeros (a projection) has a value of its own.
    if (entries === before) return undefined;
  }
  if (Math.abs(modulus - 1) >= EPSILON) {
    values.push(modulus);
    return kindCode.scaled + codes;
  }
  return (entries === size && columns.size === size ? kindCode.monomial : kindCode.plain) + codes;
}

/** The name of a pattern of entries with values of their own, but for powers of i. */
function ownId(matrix: readonly number[], size: number, values: number[]): string {
  let codes: string = kindCode.own;
  let emptyRows = 0;
  for (let row = 0, i = 0; row < size; row++) {
    let empty = true;
    for (let column = 0; column < size; column++, i += 2) {
      const re = matrix[i] as number;
      const im = matrix[i + 1] as number;
      if (re === 0 && im === 0) {
        codes += entryCode.zero;
        continue;
      }
      empty = false;
      const power = powerOfI(re, im);
      if (power !== undefined) codes += power;
      else if (im === 0) {
        codes += entryCode.real;
        values.push(re);
      } else if (re === 0) {
        codes += entryCode.imaginary;
        values.push(im);
      } else {
        codes += entryCode.complex;
        values.push(re, im);
      }
    }
    if (empty) emptyRows++;
  }
  for (let i = 0; i < emptyRows; i++) values.push(0, 0);
  return codes;
}

/** The pattern of a name. */
function patternOf(id: string, size: number): MatrixPattern {
  const kind = id[0];
  let constants = 0;
  let flops = kind === kindCode.scaled ? 0 : -2 * size;
  const rows = Array.from({ length: size }, (_, row) => {
    const entries: PatternEntry[] = [];
    for (let column = 0; column < size; column++) {
      const code = id[1 + row * size + column];
      if (code === entryCode.zero) continue;
      if (code === entryCode.real || code === entryCode.imaginary) {
        const power = code === entryCode.real ? 0 : 1;
        entries.push({ column, power, constant: constants++, real: true });
        flops += 4;
      } else if (code === entryCode.complex) {
        entries.push({ column, power: 0, constant: constants });
        constants += 2;
        flops += 8;
      } else {
        entries.push({ column, power: Number(code) });
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
  const monomial = kind === kindCode.monomial;
  return {
    id,
    flops: monomial ? 0 : flops / size,
    monomial,
    scaled: kind === kindCode.scaled,
    rows,
  };
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
