import { sizeOf } from '@ketwork/base';
import type { Circuit, Slot } from '@ketwork/circuit';
import {
  checkAlive,
  checkOut,
  checkVjpOptions,
  readCotangents,
  readValues,
  readWrt,
} from '@ketwork/simulator';
import type {
  AsyncCallOptions,
  AsyncProgram,
  CompileOptions,
  Cotangents,
  Explanation,
  Gradients,
  JacobianOptions,
  Measurements,
  Program,
  ProgramInfo,
  Results,
  RunOptions,
  SlotValues,
  Values,
  VjpOptions,
} from '@ketwork/simulator';
import type { Computation, Plan } from './computation.ts';
import { compute, computeAsync, gradients, results, runFragments } from './computation.ts';
import type { Cut } from './cuts.ts';

/** How a circuit was cut. */
export interface CutSummary {
  /** The cuts. */
  readonly cuts: readonly Cut[];
  /** Qubits of each fragment. */
  readonly fragments: readonly number[];
  /** Runs of fragments per example: settings of preparation, rotation and measurement. */
  readonly runs: number;
  /** Shots of each run; absent without shots. */
  readonly shotsPerRun?: number;
  /** Sampling overhead: by how many times more shots the spread stays that of the whole circuit, at most. */
  readonly overhead: number;
}

/** What both kinds of program are made of. */
export interface CutProgramParts<Names extends string, M extends Measurements> {
  readonly plan: Plan;
  readonly circuit: Circuit<Names>;
  readonly measurements: M;
  readonly outputShapes: readonly (readonly number[])[];
  readonly outputSizes: readonly number[];
  readonly single: boolean;
  readonly options: CompileOptions;
  readonly cut: CutSummary;
  /** Lanes of each job and whether they are repeated for each example. */
  readonly rows: readonly { readonly lanes: number; readonly batched: boolean }[];
}

class Base<Names extends string, M extends Measurements, P extends ProgramInfo & Disposable> {
  readonly circuit: Circuit<Names>;
  readonly measurements: M;
  readonly outputShapes: readonly (readonly number[])[];
  readonly options: CompileOptions;
  readonly cut: CutSummary;
  protected readonly parts: CutProgramParts<Names, M>;
  protected readonly programs: readonly P[];
  #disposed = false;

  constructor(parts: CutProgramParts<Names, M>, programs: readonly P[]) {
    this.circuit = parts.circuit;
    this.measurements = parts.measurements;
    this.outputShapes = parts.outputShapes;
    this.options = parts.options;
    this.cut = parts.cut;
    this.parts = parts;
    this.programs = programs;
  }

  explain(): Explanation {
    const { fragments, runs, overhead, shotsPerRun } = this.cut;
    const { cuts, parts } = this.parts.plan;
    const wires = cuts.filter(({ angle }) => angle === undefined).length;
    const details = {
      fragments: fragments.length,
      qubits: Math.max(...fragments),
      wires,
      gates: cuts.length - wires,
      runs,
      overhead,
      ...(shotsPerRun === undefined ? {} : { shotsPerRun }),
    };
    const first = this.programs[0]?.explain().text ?? '';
    return {
      text:
        `${this.circuit.qubits} qubits in fragments of ${fragments.join(', ')}: ${wires} cut wires and ` +
        `${cuts.length - wires} cut gates, ${runs} runs per example in ${this.programs.length} programs of ` +
        `${parts.length} fragments. Sampling overhead ${overhead.toPrecision(3)}. The first program: ${first}`,
      details,
    };
  }

  estimateMemory(batch = 1, options: { readonly gradient?: boolean } = {}): number {
    const { rows, plan } = this.parts;
    const programs = this.programs.reduce((sum, program, i) => {
      const { lanes, batched } = rows[i]!;
      return sum + program.estimateMemory(lanes * (batched ? batch : 1), options);
    }, 0);
    const numbers = plan.parts.reduce(
      (sum, part) => sum + (part.batched ? batch : 1) * part.ways * part.inner,
      0,
    );
    return programs + 8 * numbers * (options.gradient === true ? 4 : 2);
  }

  dispose(): void {
    this.#disposed = true;
    for (const program of this.programs) program[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  protected *running(
    values: Values<Names> | undefined,
    options: RunOptions,
  ): Computation<Results<M>> {
    const read = this.#read(values);
    checkOut(options.out, this.parts, read.batch);
    const all = yield* results(this.parts.plan, read, options.seed ?? 0);
    const [only] = all;
    if (options.out !== undefined && only !== undefined) {
      options.out.set(only);
      all[0] = options.out;
      return (this.parts.single ? options.out : all) as Results<M>;
    }
    return (this.parts.single ? only : all) as Results<M>;
  }

  protected *product(
    values: Values<Names>,
    dy: Cotangents<M>,
    options: VjpOptions<Names>,
  ): Computation<Gradients<Names>> {
    const read = this.#read(values);
    checkVjpOptions(options);
    const slots = readWrt(this.circuit, options.wrt);
    const { outputSizes, single, plan } = this.parts;
    const cotangents = readCotangents(dy, outputSizes, single, read.batch);
    const seed = options.seed ?? 0;
    const each = options.perExample === true || options.squaredNorms === true;
    const contraction = yield* runFragments(plan, read, seed, each);
    const all = yield* gradients(plan, read, contraction, cotangents, slots, { seed, each });
    if (options.squaredNorms === true) {
      for (const slot of slots) {
        if (slot.axis === 'shared') all[slot.name] = squaredNorms(all[slot.name]!, slot);
      }
    }
    return all as Gradients<Names>;
  }

  protected *derivatives(
    values: Values<Names>,
    options: JacobianOptions<Names>,
  ): Computation<Gradients<Names>> {
    const read = this.#read(values);
    const slots = readWrt(this.circuit, options.wrt);
    const { outputSizes, plan } = this.parts;
    const seed = options.seed ?? 0;
    const total = outputSizes.reduce((sum, size) => sum + size, 0);
    const out = Object.fromEntries(
      slots.map((slot) => [slot.name, new Float64Array(read.batch * total * sizeOf(slot.shape))]),
    );
    const contraction = yield* runFragments(plan, read, seed, true);
    let row = 0;
    for (const [m, size] of outputSizes.entries()) {
      for (let output = 0; output < size; output++, row++) {
        const dy = outputSizes.map((length, i) =>
          i === m ? unit(read.batch, length, output) : undefined,
        );
        const each = yield* gradients(plan, read, contraction, dy, slots, { seed, each: true });
        for (const slot of slots) place(out[slot.name]!, each[slot.name]!, slot, read, row, total);
      }
    }
    return out as Gradients<Names>;
  }

  #read(values: Values<Names> | undefined): SlotValues {
    checkAlive(this.#disposed);
    return readValues(this.circuit, values);
  }
}

/** A cut program on an engine that returns at once. */
export class LocalCutProgram<Names extends string, M extends Measurements>
  extends Base<Names, M, Program>
  implements Program<Names, M>
{
  run(values?: Values<Names>, options: RunOptions = {}): Results<M> {
    return compute(this.programs, this.running(values, options));
  }

  vjp(values: Values<Names>, dy: Cotangents<M>, options: VjpOptions<Names> = {}): Gradients<Names> {
    return compute(this.programs, this.product(values, dy, options));
  }

  jacobian(values: Values<Names>, options: JacobianOptions<Names> = {}): Gradients<Names> {
    return compute(this.programs, this.derivatives(values, options));
  }
}

/** A cut program on an engine that returns promises; fragments run side by side. */
export class RemoteCutProgram<Names extends string, M extends Measurements>
  extends Base<Names, M, AsyncProgram>
  implements AsyncProgram<Names, M>
{
  async run(
    values?: Values<Names>,
    options: RunOptions & AsyncCallOptions = {},
  ): Promise<Results<M>> {
    return computeAsync(this.programs, this.running(values, options), options);
  }

  async vjp(
    values: Values<Names>,
    dy: Cotangents<M>,
    options: VjpOptions<Names> & AsyncCallOptions = {},
  ): Promise<Gradients<Names>> {
    return computeAsync(this.programs, this.product(values, dy, options), options);
  }

  async jacobian(
    values: Values<Names>,
    options: JacobianOptions<Names> & AsyncCallOptions = {},
  ): Promise<Gradients<Names>> {
    return computeAsync(this.programs, this.derivatives(values, options), options);
  }
}

/** Cotangents `[batch, size]` that ask for one output of every example. */
function unit(batch: number, size: number, output: number): Float64Array {
  const out = new Float64Array(batch * size);
  for (let example = 0; example < batch; example++) out[example * size + output] = 1;
  return out;
}

/** Puts gradients `[batch, ...shape]` of one output into `[batch, outputs, ...shape]`. */
function place(
  out: Float64Array,
  each: Float64Array,
  slot: Slot,
  { batch }: SlotValues,
  row: number,
  total: number,
): void {
  const size = sizeOf(slot.shape);
  for (let example = 0; example < batch; example++) {
    out.set(each.subarray(example * size, (example + 1) * size), (example * total + row) * size);
  }
}

/** Squared norm of each example's gradient, `[batch]`, from `[batch, ...shape]`. */
function squaredNorms(each: Float64Array, slot: Slot): Float64Array {
  const size = sizeOf(slot.shape);
  return Float64Array.from({ length: each.length / size }, (_, example) =>
    each.subarray(example * size, (example + 1) * size).reduce((sum, x) => sum + x * x, 0),
  );
}
