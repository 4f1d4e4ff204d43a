import { ValueError } from '@ketwork/base';
import { hermitian } from '@ketwork/circuit';
import type { MatrixLike, PauliObservable } from '@ketwork/circuit';
import { groupByFlips, factorsOf } from './pauli-operator.ts';

/** A Hermitian matrix in compressed sparse rows. */
export interface SparseMatrix {
  readonly type: 'sparse';
  /** Number of rows and columns, 2^n. */
  readonly dimension: number;
  /** Where each row begins among the entries, and where the last one ends: `[dimension + 1]`. */
  readonly rows: Int32Array;
  /** Column of each entry, ascending within a row: `[entries]`. */
  readonly columns: Int32Array;
  /** Entries, interleaved re, im: `[entries, 2]`. */
  readonly values: Float64Array;
}

/** What {@link sparseMatrix} makes a matrix of. */
export type SparseSource =
  | PauliObservable
  | {
      /** Number of rows and columns, 2^n. */
      readonly dimension: number;
      /** Row, column, real and imaginary part (0 by default) of each entry; equal places add up. */
      readonly entries: readonly (readonly [
        row: number,
        column: number,
        re: number,
        im?: number,
      ])[];
    }
  | MatrixLike;

/** Most entries of a sparse matrix: 3 GiB of memory. */
const MAX_ENTRIES = 2 ** 27;

/**
 * A Hermitian matrix in compressed sparse rows, to act on states: see `applyHamiltonian`, `expectation`, `evolve` and
 * `groundState`. Pauli sums act without a matrix as well; a matrix pays where it has few entries per row.
 *
 * @param source a Pauli sum, entries by row and column, or a dense matrix (rows, or flat interleaved re, im).
 * @param qubits n of a Pauli sum; by default one more than its largest qubit.
 * @throws ValueError where the matrix is not Hermitian, its dimension no power of two, or an entry out of place.
 * @example
 * ```ts
 * import { ising } from '@ketwork/circuit';
 * import { sparseMatrix } from '@ketwork/simulator';
 * console.log(sparseMatrix(ising(3)).values.length / 2); // 28
 * console.log(sparseMatrix({ dimension: 2, entries: [[0, 1, 0, -1], [1, 0, 0, 1]] }).columns); // Y: [1, 0]
 * ```
 */
export function sparseMatrix(source: SparseSource, qubits?: number): SparseMatrix {
  if ('type' in source) return fromPaulis(source, qubits);
  if ('dimension' in source) return fromEntries(source.dimension, source.entries);
  const given = source as { readonly length: number; readonly [i: number]: unknown };
  const d = typeof given[0] === 'number' ? Math.sqrt(given.length / 2) : given.length;
  if (!Number.isInteger(Math.log2(d))) throw dimensionError(d);
  const on = Array.from({ length: Math.log2(d) }, (_, q) => q);
  if (on.length === 0) throw dimensionError(d);
  const { matrix } = hermitian(source, on);
  const entries: [number, number, number, number][] = [];
  (matrix as readonly number[]).forEach((re, i, all) => {
    const im = all[i + 1]!;
    if (i % 2 === 0 && (re !== 0 || im !== 0))
      entries.push([Math.floor(i / 2 / d), (i / 2) % d, re, im]);
  });
  return fromEntries(d, entries);
}

function dimensionError(dimension: number): ValueError {
  return new ValueError(`a sparse matrix of ${dimension} rows is no operator on qubits`, {
    remedy: 'Use 2, 4, 8, … rows',
  });
}

function fromPaulis(observable: PauliObservable, qubits: number | undefined): SparseMatrix {
  const n = qubits ?? qubitsOfSum(observable);
  const dimension = 2 ** n;
  const groups = groupByFlips(observable, n);
  const count = dimension * new Set(groups.map(({ flips }) => flips)).size;
  if (count > MAX_ENTRIES) {
    throw new ValueError(`a sparse matrix of ${count} entries`, {
      remedy: 'Let the Pauli sum act without a matrix',
    });
  }
  const byFlips = new Map<number, { re?: Float64Array; im?: Float64Array }>();
  for (const group of groups) {
    const parts = byFlips.get(group.flips) ?? {};
    parts[group.isReal ? 're' : 'im'] = factorsOf(group, 0, dimension);
    byFlips.set(group.flips, parts);
  }
  const rows = new Int32Array(dimension + 1);
  const columns = new Int32Array(count);
  const values = new Float64Array(2 * count);
  const list = [...byFlips];
  let at = 0;
  for (let row = 0; row < dimension; row++) {
    const places = list
      .map(([flips, parts]) => [row ^ flips, parts] as const)
      .sort((a, b) => a[0] - b[0]);
    for (const [column, { re, im }] of places) {
      const a = re?.[column] ?? 0;
      const b = im?.[column] ?? 0;
      if (a === 0 && b === 0) continue;
      columns[at] = column;
      values[2 * at] = a;
      values[2 * at + 1] = b;
      at++;
    }
    rows[row + 1] = at;
  }
  return {
    type: 'sparse',
    dimension,
    rows,
    columns: columns.slice(0, at),
    values: values.slice(0, 2 * at),
  };
}

/** Qubits that a Pauli sum needs, at least one. */
export function qubitsOfSum(observable: PauliObservable): number {
  return observable.terms.reduce(
    (most, { paulis }) => paulis.reduce((m, { qubit }) => Math.max(m, qubit + 1), most),
    1,
  );
}

function fromEntries(
  dimension: number,
  entries: readonly (readonly [number, number, number, number?])[],
): SparseMatrix {
  if (!Number.isInteger(Math.log2(dimension)) || dimension < 2) throw dimensionError(dimension);
  for (const [row, column, re, im = 0] of entries) {
    const isPlace = (i: number): boolean => Number.isInteger(i) && i >= 0 && i < dimension;
    if (!isPlace(row) || !isPlace(column) || !Number.isFinite(re) || !Number.isFinite(im)) {
      throw new ValueError(`a sparse matrix has the entry [${row}, ${column}, ${re}, ${im}]`, {
        remedy: `Give rows and columns from 0 to ${dimension - 1} and finite numbers`,
      });
    }
  }
  const sorted = entries.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
  const rows = new Int32Array(dimension + 1);
  const columns: number[] = [];
  const values: number[] = [];
  let before = -1;
  for (const [row, column, re, im = 0] of sorted) {
    const place = row * dimension + column;
    if (place === before) {
      values[values.length - 2]! += re;
      values[values.length - 1]! += im;
      continue;
    }
    before = place;
    columns.push(column);
    values.push(re, im);
    rows[row + 1] = columns.length;
  }
  for (let row = 0; row < dimension; row++) rows[row + 1] = Math.max(rows[row + 1]!, rows[row]!);
  const matrix: SparseMatrix = {
    type: 'sparse',
    dimension,
    rows,
    columns: Int32Array.from(columns),
    values: Float64Array.from(values),
  };
  checkSparse(matrix);
  return matrix;
}

/** Checks that a sparse matrix is well formed and Hermitian to 1e-10. @throws ValueError */
function checkSparse({ dimension, rows, columns, values }: SparseMatrix): void {
  const entry = (row: number, column: number): number => {
    let low = rows[row]!;
    let high = rows[row + 1]!;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (columns[middle]! < column) low = middle + 1;
      else high = middle;
    }
    return low < rows[row + 1]! && columns[low] === column ? low : -1;
  };
  for (let row = 0; row < dimension; row++) {
    for (let k = rows[row]!; k < rows[row + 1]!; k++) {
      const mirror = entry(columns[k]!, row);
      const re = mirror < 0 ? 0 : values[2 * mirror]!;
      const im = mirror < 0 ? 0 : values[2 * mirror + 1]!;
      if (!(Math.hypot(values[2 * k]! - re, values[2 * k + 1]! + im) <= 1e-10)) {
        throw new ValueError(
          `a sparse matrix is not Hermitian at row ${row}, column ${columns[k]}`,
          { remedy: 'Give each entry and its conjugate at the mirrored place' },
        );
      }
    }
  }
}

/** y = A x of one vector, interleaved; x and y are different arrays. */
export function multiplySparse(
  {
    dimension,
    rows,
    columns,
    values,
  }: Pick<SparseMatrix, 'dimension' | 'rows' | 'columns' | 'values'>,
  x: Float64Array,
  y: Float64Array,
): void {
  for (let row = 0; row < dimension; row++) {
    let re = 0;
    let im = 0;
    const end = rows[row + 1]!;
    for (let k = rows[row]!; k < end; k++) {
      const a = values[2 * k]!;
      const b = values[2 * k + 1]!;
      const c = 2 * columns[k]!;
      re += a * x[c]! - b * x[c + 1]!;
      im += a * x[c + 1]! + b * x[c]!;
    }
    y[2 * row] = re;
    y[2 * row + 1] = im;
  }
}
