import type { Circuit, Measurement } from '@ketwork/circuit';
import type { Gradients, Values } from '@ketwork/simulator';

/** A run of one of a kernel's programs, or with `dy` a vector–Jacobian product. */
export interface ProgramCall {
  readonly program: number;
  readonly values: Values;
  readonly seed: number;
  /** Number of the first example among all, which the shots of a run depend on. Default 0. */
  readonly firstExample?: number;
  readonly dy?: Float64Array;
}

/** A computation that is the same whether programs return at once or as promises. */
export type Computation<T> = Generator<ProgramCall, T, Float64Array | Gradients>;

/** A program that a kernel needs. */
export interface Job {
  readonly circuit: Circuit;
  readonly measurement: Measurement;
  readonly shots?: number;
}

/** Some examples in the form in which they are compared: `[count, numbers]`, and the number of the first one. */
export interface Rows {
  readonly data: Float64Array;
  readonly count: number;
  readonly first: number;
}

/** What a call gave besides examples. */
export interface CallSettings {
  readonly values: Values;
  readonly seed: number;
  /** Whether both sides are the same examples, so that element (i, j) is element (j, i). */
  readonly symmetric: boolean;
}

/** How a kernel is computed: examples become rows, and rows are compared. */
export interface Recipe {
  readonly jobs: readonly Job[];
  /** Bytes of one row and of what is needed besides while it is compared. */
  readonly rowBytes: number;
  /** Rows of examples `[count, features]`; shots are those of examples `first`, `first + 1` … */
  represent(x: Float64Array, first: number, settings: CallSettings): Computation<Float64Array>;
  /** Kernel `[a.count, b.count]`; with `upper` a and b are the same rows and only elements (i, j ≥ i) matter. */
  compare(a: Rows, b: Rows, upper: boolean, settings: CallSettings): Computation<Float64Array>;
  /** Gradients of `Σ dK · K`, from all rows and what came of them; absent where there are none. */
  readonly pullBack?: (
    rows: Rows,
    x: Float64Array,
    dK: ArrayLike<number>,
    settings: CallSettings,
  ) => Computation<Gradients>;
}

/** Rows that are held at a time, so that two blocks of them fit into the memory. */
function blockRows(recipe: Recipe, memory: number): number {
  return Math.max(1, Math.floor(memory / (2 * recipe.rowBytes)));
}

/** Rows `first` to `first + count - 1` of the examples. */
function* rowsOf(
  recipe: Recipe,
  x: Float64Array,
  features: number,
  first: number,
  count: number,
  settings: CallSettings,
  shotsFrom = 0,
): Computation<Rows> {
  const part = x.subarray(first * features, (first + count) * features);
  return { data: yield* recipe.represent(part, shotsFrom + first, settings), count, first };
}

/** The Gram matrix `[n, n]`, block by block; the lower half is a copy of the upper one. */
export function gram(
  recipe: Recipe,
  x: Float64Array,
  features: number,
  memory: number,
  settings: CallSettings,
): Computation<Float64Array> {
  const n = x.length / features;
  const all = { row: 0, rows: n, column: 0, columns: n };
  return region(recipe, x, features, memory, settings, all);
}

/** A rectangle of a Gram matrix that begins on its diagonal, and then is a square, or lies above it. */
export interface Region {
  readonly row: number;
  readonly rows: number;
  readonly column: number;
  readonly columns: number;
}

/** Part of the Gram matrix of all examples, `[rows, columns]`, block by block. */
export function* region(
  recipe: Recipe,
  x: Float64Array,
  features: number,
  memory: number,
  settings: CallSettings,
  { row, rows, column, columns }: Region,
): Computation<Float64Array> {
  const size = blockRows(recipe, memory);
  const diagonal = row === column;
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i += size) {
    const a = yield* rowsOf(recipe, x, features, row + i, Math.min(size, rows - i), settings);
    for (let j = diagonal ? i : 0; j < columns; j += size) {
      const same = diagonal && j === i;
      const count = Math.min(size, columns - j);
      const b = same ? a : yield* rowsOf(recipe, x, features, column + j, count, settings);
      place(out, columns, i, j, yield* recipe.compare(a, b, same, settings), b.count);
    }
  }
  if (diagonal)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < i; j++) out[i * columns + j] = out[j * columns + i]!;
  return out;
}

/** The kernel `[n, m]` between two sets of examples, block by block. */
export function* rectangle(
  recipe: Recipe,
  x: Float64Array,
  y: Float64Array,
  features: number,
  memory: number,
  settings: CallSettings,
): Computation<Float64Array> {
  const n = x.length / features;
  const m = y.length / features;
  const size = blockRows(recipe, memory);
  const out = new Float64Array(n * m);
  for (let i = 0; i < n; i += size) {
    // Numbered behind those of y: shared shots would make estimates of x and y alike.
    const a = yield* rowsOf(recipe, x, features, i, Math.min(size, n - i), settings, m);
    for (let j = 0; j < m; j += size) {
      const b = yield* rowsOf(recipe, y, features, j, Math.min(size, m - j), settings);
      place(out, m, i, j, yield* recipe.compare(a, b, false, settings), b.count);
    }
  }
  return out;
}

function place(
  out: Float64Array,
  columns: number,
  row: number,
  column: number,
  tile: Float64Array,
  width: number,
): void {
  for (let r = 0; r * width < tile.length; r++)
    out.set(tile.subarray(r * width, (r + 1) * width), (row + r) * columns + column);
}
