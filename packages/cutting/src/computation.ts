import { bits, fold, key, sizeOf } from '@ketwork/base';
import type { Circuit, Slot } from '@ketwork/circuit';
import type {
  AsyncCallOptions,
  AsyncProgram,
  Gradients,
  Program,
  SlotValues,
  VjpOptions,
} from '@ketwork/simulator';
import type { Contraction } from './contraction.ts';
import { combined, contract, contractBack, layoutOf, spread } from './contraction.ts';
import type { ElementaryCut } from './fragments.ts';
import type { Job } from './jobs.ts';
import { SETTINGS } from './jobs.ts';
import type { Outputs } from './outputs.ts';
import type { FragmentPart } from './parts.ts';
import { addWeightGradients, weightsOf } from './parts.ts';

/** A run, or with cotangents a vector–Jacobian product, of one job. */
export interface Call {
  readonly job: number;
  readonly values: Record<string, Float64Array>;
  readonly seed: number;
  readonly dy?: Float64Array;
  readonly options?: VjpOptions;
}

/** Results of a list of calls: arrays of runs, gradients of products. */
type Answer = Float64Array | Gradients;

/** A computation that is the same whether calls return at once or as promises. */
export type Computation<T> = Generator<readonly Call[], T, readonly Answer[]>;

/** What a cut circuit's computations work with. */
export interface Plan {
  readonly circuit: Circuit;
  readonly cuts: readonly ElementaryCut[];
  readonly parts: readonly FragmentPart[];
  /** For each string of the outputs, the local string of each part. */
  readonly local: readonly (readonly number[])[];
  readonly outputs: Outputs;
}

/** Carries a computation out with programs that return at once. */
export function compute<T>(programs: readonly Program[], computation: Computation<T>): T {
  let step = computation.next();
  while (step.done !== true) {
    step = computation.next(
      step.value.map(({ job, values, seed, dy, options }): Answer => {
        const program = programs[job]!;
        return dy === undefined
          ? (program.run(values, { seed }) as unknown as Float64Array)
          : program.vjp(values, dy, { ...options, seed });
      }),
    );
  }
  return step.value;
}

/** The same with programs that return promises; calls of one list are under way together. */
export async function computeAsync<T>(
  programs: readonly AsyncProgram[],
  computation: Computation<T>,
  { signal }: AsyncCallOptions,
): Promise<T> {
  const abortable = signal === undefined ? {} : { signal };
  let step = computation.next();
  while (step.done !== true) {
    const answers = step.value.map(async ({ job, values, seed, dy, options }): Promise<Answer> => {
      const program = programs[job]!;
      return dy === undefined
        ? ((await program.run(values, { seed, ...abortable })) as unknown as Float64Array)
        : program.vjp(values, dy, { ...options, seed, ...abortable });
    });
    step = computation.next(await Promise.all(answers));
  }
  return step.value;
}

/** Runs all fragments: what contraction needs. With `each`, every example has numbers of its own. */
export function* runFragments(
  plan: Plan,
  values: SlotValues,
  seed: number,
  each = false,
): Computation<Contraction> {
  const { circuit, cuts, parts, local } = plan;
  const rowsOf = (part: FragmentPart): number => (part.batched || each ? values.batch : 1);
  const answers = yield callsOf(plan, values, seed, each);
  let at = 0;
  const numbers = parts.map((part) => {
    const rows = rowsOf(part);
    const raw = new Float64Array(rows * part.ways * part.inner);
    for (const job of part.jobs) {
      const result = answers[at++] as Float64Array;
      for (let row = 0; row < rows; row++) {
        job.places.forEach((place, lane) => {
          const from = (row * job.lanes + lane) * part.inner;
          raw.set(result.subarray(from, from + part.inner), (row * part.ways + place) * part.inner);
        });
      }
    }
    return combined(part.fragment, part.inner, raw);
  });
  return {
    batch: values.batch,
    cuts: cuts.length,
    weights: weightsOf(circuit, cuts, values),
    layouts: parts.map((part) => layoutOf(part.fragment, rowsOf(part), part.strings.length)),
    numbers,
    strings: local,
  };
}

function callsOf(plan: Plan, values: SlotValues, seed: number, each: boolean): Call[] {
  const stream = key(seed);
  return plan.parts
    .flatMap((part) => part.jobs.map((job) => ({ job, part })))
    .map(({ job, part }, i) => ({
      job: i,
      values: valuesOf(job, part.batched || each ? values.batch : 1, values),
      seed: bits(fold(stream, i), 1)[0]!,
    }));
}

/** Values of a job's slots: rows of lanes, each example's values repeated for its lanes. */
function valuesOf(job: Job, rows: number, values: SlotValues): Record<string, Float64Array> {
  const { lanes, settings } = job;
  return Object.fromEntries(
    job.circuit.slots.map((slot): [string, Float64Array] => {
      if (slot.name === SETTINGS) {
        const all = new Float64Array(rows * settings.length);
        for (let row = 0; row < rows; row++) all.set(settings, row * settings.length);
        return [slot.name, all];
      }
      const given = values.get(slot.name);
      if (slot.axis === 'shared') return [slot.name, given];
      const size = sizeOf(slot.shape);
      const all = new Float64Array(rows * lanes * size);
      for (let row = 0; row < rows * lanes; row++) {
        const example = Math.floor(row / lanes);
        all.set(given.subarray(example * size, (example + 1) * size), row * size);
      }
      return [slot.name, all];
    }),
  );
}

/** Results, `[batch, outputs]` per measurement. */
export function* results(
  plan: Plan,
  values: SlotValues,
  seed: number,
): Computation<Float64Array[]> {
  const contraction = yield* runFragments(plan, values, seed);
  return plan.outputs.values(contract(contraction), values.batch);
}

/** Gradients of each example (`each`) or summed: by slot, `[batch, ...shape]` or `[...shape]` for shared slots. */
export function* gradients(
  plan: Plan,
  values: SlotValues,
  contraction: Contraction,
  dy: readonly (Float64Array | undefined)[],
  slots: readonly Slot[],
  options: { readonly seed: number; readonly each: boolean },
): Computation<Gradients> {
  const { batch } = values;
  const { each, seed } = options;
  const expectations = contract(contraction);
  const back = contractBack(contraction, plan.outputs.back(dy, expectations, batch));
  const out = Object.fromEntries(
    slots.map((slot) => [
      slot.name,
      new Float64Array((slot.axis === 'batch' || each ? batch : 1) * sizeOf(slot.shape)),
    ]),
  );
  const wanted = new Map(slots.map((slot) => [slot.name, slot]));
  for (let example = 0; example < batch; example++) {
    addWeightGradients(
      plan.circuit,
      plan.cuts,
      values,
      example,
      back.weights,
      (name, i, amount) => {
        const slot = wanted.get(name);
        if (slot === undefined) return;
        const row = slot.axis === 'batch' || each ? example * sizeOf(slot.shape) : 0;
        out[name]![row + i]! += amount;
      },
    );
  }
  const calls = callsOf(plan, values, seed, each);
  const asked: { readonly call: Call; readonly job: Job; readonly slots: readonly Slot[] }[] = [];
  let number = 0;
  plan.parts.forEach((part, p) => {
    const rows = contraction.layouts[p]!.rows;
    const raw = spread(part.fragment, part.inner, back.numbers[p]!);
    for (const job of part.jobs) {
      const call = calls[number++]!;
      const own = job.circuit.slots.filter(({ name }) => wanted.has(name));
      if (own.length === 0) continue;
      const cotangents = new Float64Array(rows * job.lanes * part.inner);
      for (let row = 0; row < rows; row++) {
        job.places.forEach((place, lane) => {
          const from = (row * part.ways + place) * part.inner;
          cotangents.set(
            raw.subarray(from, from + part.inner),
            (row * job.lanes + lane) * part.inner,
          );
        });
      }
      asked.push({
        call: {
          ...call,
          dy: cotangents,
          options: { wrt: own.map(({ name }) => name), ...(each ? { perExample: true } : {}) },
        },
        job,
        slots: own,
      });
    }
  });
  const answers = yield asked.map(({ call }) => call);
  asked.forEach(({ job, slots: own }, i) => {
    for (const slot of own) {
      const gradient = (answers[i] as Gradients)[slot.name]!;
      const target = out[slot.name]!;
      const size = sizeOf(slot.shape);
      const byRow = slot.axis === 'batch' || each;
      for (let k = 0; k < gradient.length; k++) {
        const example = byRow ? Math.floor(k / (size * job.lanes)) : 0;
        target[example * size + (k % size)]! += gradient[k]!;
      }
    }
  });
  return out;
}
