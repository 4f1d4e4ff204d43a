import { bits, fold, key } from '@ketwork/base';
import type { AsyncCallOptions, AsyncProgram, Program } from '@ketwork/simulator';

/** A run that a computation asks for; it goes on with the results, one array per measurement. */
export interface Call {
  readonly values: Record<string, ArrayLike<number>>;
  readonly seed: number;
}

/** A computation that is the same whether runs return at once or as promises. */
export type Computation<T> = Generator<Call, T, readonly Float64Array[]>;

type Lists = readonly Float64Array[];

/** Carries a computation out with a program whose measurements are a list. */
export function compute<T>(program: Program, computation: Computation<T>): T {
  let step = computation.next();
  while (step.done !== true) {
    const { values, seed } = step.value;
    step = computation.next(program.run(values, { seed }) as unknown as Lists);
  }
  return step.value;
}

/** The same with a program that returns promises. */
export async function computeAsync<T>(
  program: AsyncProgram,
  computation: Computation<T>,
  { signal }: AsyncCallOptions,
): Promise<T> {
  const abortable = signal === undefined ? {} : { signal };
  let step = computation.next();
  while (step.done !== true) {
    const { values, seed } = step.value;
    step = computation.next(
      (await program.run(values, { seed, ...abortable })) as unknown as Lists,
    );
  }
  return step.value;
}

/** Rows of a large batch: `evaluations` variations of each of `batch` examples, row = evaluation · batch + example. */
export interface Rows {
  readonly evaluations: number;
  readonly batch: number;
  /** Most rows in one run. */
  readonly limit: number;
  readonly seed: number;
  /** Distinguishes independent streams of shots under one seed. */
  readonly stream: number;
  /** Values of `count` rows from row `first` on. */
  values(first: number, count: number): Record<string, ArrayLike<number>>;
  /** Takes the results of one row, which is row `at` of the arrays. */
  consume(evaluation: number, example: number, results: Lists, at: number): void;
}

/** Runs all rows, in as few runs as the limit allows; every run has its own stream of shots. */
export function* runRows(rows: Rows): Computation<void> {
  const total = rows.evaluations * rows.batch;
  const stream = fold(key(rows.seed), rows.stream);
  for (let first = 0, run = 0; first < total; first += rows.limit, run++) {
    const count = Math.min(rows.limit, total - first);
    const results = yield {
      values: rows.values(first, count),
      seed: bits(fold(stream, run), 1)[0]!,
    };
    for (let at = 0; at < count; at++) {
      const row = first + at;
      rows.consume(Math.floor(row / rows.batch), row % rows.batch, results, at);
    }
  }
}

/** Values of a batch slot for some rows: those of each row's example. */
export function repeated(
  given: Float64Array,
  size: number,
  batch: number,
  first: number,
  count: number,
): Float64Array {
  const out = new Float64Array(count * size);
  for (let at = 0; at < count; at++) {
    const example = (first + at) % batch;
    out.set(given.subarray(example * size, (example + 1) * size), at * size);
  }
  return out;
}

/** How many rows fit into so many bytes: inputs and outputs of a row, and one state. */
export function rowLimit(memory: number, qubits: number, numbersPerRow: number): number {
  return Math.max(1, Math.floor(memory / (16 * 2 ** qubits + 8 * numbersPerRow)));
}
