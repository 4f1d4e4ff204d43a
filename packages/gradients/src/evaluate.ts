import { bits, fold, key, sizeOf } from '@ketwork/base';
import type { Slot } from '@ketwork/circuit';
import type { AsyncCallOptions, AsyncProgram, Program, SlotValues } from '@ketwork/simulator';

/** A run that a computation asks for; it goes on with the results, one array per measurement. */
export interface Call {
  /** Which of the compiled programs. */
  readonly program: number;
  readonly values: Record<string, ArrayLike<number>>;
  readonly seed: number;
  /** Ask for the Jacobian by this slot instead; the answer is one array, `[batch, outputs, ...shape]`. */
  readonly jacobian?: string;
}

/** A computation that is the same whether runs return at once or as promises. */
export type Computation<T> = Generator<Call, T, readonly Float64Array[]>;

export type Lists = readonly Float64Array[];

/** Carries a computation out with programs whose measurements are lists. */
export function compute<T>(programs: readonly Program[], computation: Computation<T>): T {
  let step = computation.next();
  while (step.done !== true) {
    const { program, values, seed, jacobian } = step.value;
    step = computation.next(
      jacobian === undefined
        ? (programs[program]!.run(values, { seed }) as unknown as Lists)
        : [programs[program]!.jacobian(values, { wrt: [jacobian], seed })[jacobian]!],
    );
  }
  return step.value;
}

/** The same with programs that return promises. */
export async function computeAsync<T>(
  programs: readonly AsyncProgram[],
  computation: Computation<T>,
  { signal }: AsyncCallOptions,
): Promise<T> {
  const abortable = signal === undefined ? {} : { signal };
  let step = computation.next();
  while (step.done !== true) {
    const { program, values, seed, jacobian } = step.value;
    const chosen = programs[program]!;
    step = computation.next(
      jacobian === undefined
        ? ((await chosen.run(values, { seed, ...abortable })) as unknown as Lists)
        : [(await chosen.jacobian(values, { wrt: [jacobian], seed, ...abortable }))[jacobian]!],
    );
  }
  return step.value;
}

/** Rows of a large batch: `evaluations` variations of each of `batch` examples, row = evaluation · batch + example. */
export interface Rows {
  readonly program: number;
  readonly evaluations: number;
  readonly batch: number;
  /** Most rows in one run. */
  readonly limit: number;
  readonly seed: number;
  /** Distinguishes independent streams of shots under one seed. */
  readonly stream: number;
  /** Ask for Jacobians by this slot instead of results. */
  readonly jacobian?: string;
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
      program: rows.program,
      values: rows.values(first, count),
      seed: bits(fold(stream, run), 1)[0]!,
      ...(rows.jacobian === undefined ? {} : { jacobian: rows.jacobian }),
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

/** Values of some rows for slots that do not vary between the evaluations of an example. */
export function repeatedSlots(
  slots: readonly { readonly slot: Slot; readonly array: Float64Array }[],
  batch: number,
  first: number,
  count: number,
): Record<string, ArrayLike<number>> {
  return Object.fromEntries(
    slots.map(({ slot, array }) => [
      slot.name,
      slot.axis === 'batch' ? repeated(array, sizeOf(slot.shape), batch, first, count) : array,
    ]),
  );
}

/** Values of examples that are repeated `times` times, one batch after the other. */
export function tiled(values: SlotValues, slots: readonly Slot[], times: number): SlotValues {
  const arrays = new Map(
    slots.map((slot) => {
      const array = values.get(slot.name);
      const size = sizeOf(slot.shape);
      return [
        slot.name,
        slot.axis === 'batch'
          ? repeated(array, size, values.batch, 0, values.batch * times)
          : array,
      ];
    }),
  );
  return { batch: values.batch * times, get: (name) => arrays.get(name)! };
}

/** How many rows fit into so many bytes: inputs and outputs of a row, and one state. */
export function rowLimit(memory: number, qubits: number, numbersPerRow: number): number {
  return Math.max(1, Math.floor(memory / (16 * 2 ** qubits + 8 * numbersPerRow)));
}
