// A circuit on gpu.js, behind the contract of programs that return promises.
import { EnvironmentError, sizeOf } from '@ketwork/base';
import type { Circuit, Slot } from '@ketwork/circuit';
import {
  checkAlive,
  checkOut,
  checkProgram,
  checkVjpOptions,
  readCotangents,
  readValues,
  readWrt,
} from '@ketwork/simulator';
import type {
  AsyncCallOptions,
  AsyncProgram,
  CheckedProgram,
  CompileOptions,
  Cotangents,
  Engine,
  Explanation,
  Gradients,
  JacobianOptions,
  Measurements,
  Program,
  Results,
  RunOptions,
  SlotValues,
  Values,
  VjpOptions,
} from '@ketwork/simulator';
import {
  BatchCotangents,
  explainShots,
  isSampled,
  refuseFilter,
  refuseShots,
  withRemoteShots,
} from '@ketwork/simulator/lowering';
import type { RunWithRemoteShots } from '@ketwork/simulator/lowering';
import { checkTolerance, singleError } from '../capabilities.ts';
import { HostProgram } from '../program/host.ts';
import type { GradientSums } from '../program/host.ts';
import { RealLayers } from './layers.ts';
import type { Kind, Plans } from './plans.ts';
import { readCells, readRecords, readState } from './record.ts';
import type { Reader } from './record.ts';
import { padded } from './recorder.ts';
import { recipeOf } from './recipe.ts';
import type { Recipe } from './recipe.ts';

/** What programs share of their engine. */
export interface EngineParts {
  readonly plans: Plans;
  readonly cpu: Engine;
  /** Amplitudes of a batch that are computed together, at most. */
  readonly amplitudes: number;
  /** Most qubits of a merged matrix. */
  readonly fusion: number;
  readonly tolerance: number | undefined;
  readonly adapter: string;
  readonly capabilities: Parameters<typeof checkProgram>[3];
  readonly isDisposed: () => boolean;
}

/** A program of the gpu.js engine. */
export class GpujsProgram<Names extends string, M extends Measurements> implements AsyncProgram<
  Names,
  M
> {
  readonly circuit: Circuit<Names>;
  readonly measurements: M;
  readonly outputShapes: readonly (readonly number[])[];
  readonly options: CompileOptions;
  readonly #checked: CheckedProgram;
  readonly #parts: EngineParts;
  readonly #withShots: RunWithRemoteShots<Names, M> | undefined;
  readonly #host: HostProgram;
  readonly #layers: RealLayers | undefined;
  readonly #recipe: Recipe;
  readonly #text: string;
  readonly #held = new Map<string, string>();
  /** Takes over once the GPU has failed. */
  #fallback: { readonly program: Program<Names, M>; readonly reason: string } | undefined;
  #disposed = false;

  constructor(
    circuit: Circuit<Names>,
    measurements: M,
    options: CompileOptions,
    checked: CheckedProgram,
    parts: EngineParts,
  ) {
    this.circuit = circuit;
    this.measurements = measurements;
    this.options = options;
    this.outputShapes = checked.outputShapes;
    this.#checked = checked;
    this.#parts = parts;
    const sampled = checked.measurements.some((m) => isSampled(m, options));
    this.#withShots = sampled
      ? withRemoteShots(
          (c, m) => new GpujsProgram(c, m, {}, checkProgram(c, m, {}, parts.capabilities), parts),
          circuit,
          measurements,
          options,
        )
      : undefined;
    const analytic = this.#withShots === undefined ? checked.measurements : [];
    const together = parts.plans.mode === 'webgpu';
    this.#host = new HostProgram(circuit, analytic, { fusion: parts.fusion, together });
    checkTolerance(parts.tolerance, this.#host.plan.steps.length, 'gpujs');
    const merged = parts.fusion > 0;
    if (merged && together) this.#layers = new RealLayers(this.#host);
    this.#recipe = recipeOf(this.#host, merged, this.#layers);
    this.#text = JSON.stringify(this.#recipe);
  }

  async run(
    values?: Values<Names>,
    options: RunOptions & AsyncCallOptions = {},
  ): Promise<Results<M>> {
    this.#alive();
    const { signal, ...runOptions } = options;
    signal?.throwIfAborted();
    if (this.#withShots !== undefined) return await this.#withShots(values, options);
    if (this.#fallback !== undefined) return this.#fallback.program.run(values, runOptions);
    const slots = readValues(this.circuit, values);
    const { outputSizes, single } = this.#checked;
    checkOut(options.out, this.#checked, slots.batch);
    const results = outputSizes.map((size, i) =>
      i === 0 && options.out !== undefined ? options.out : new Float64Array(slots.batch * size),
    );
    const { state, record } = this.#recipe;
    await this.#columns(slots, signal, (columns, records, first, count) =>
      this.#host.readings.results(columns, first, count, outputSizes, results, (e) => {
        const at = e * record + (state?.start ?? 0);
        return records.subarray(at, at + (state?.size ?? 0));
      }),
    );
    return (single ? results[0] : results) as Results<M>;
  }

  async vjp(
    values: Values<Names>,
    dy: Cotangents<M>,
    options: VjpOptions<Names> & AsyncCallOptions = {},
  ): Promise<Gradients<Names>> {
    this.#alive();
    const { signal, ...vjpOptions } = options;
    signal?.throwIfAborted();
    checkVjpOptions(options);
    const wrt = this.#differentiable(options.wrt);
    if (this.#fallback !== undefined) return this.#fallback.program.vjp(values, dy, vjpOptions);
    const slots = readValues(this.circuit, values);
    const { outputSizes, single } = this.#checked;
    const cotangents = readCotangents(dy, outputSizes, single, slots.batch);
    const found = await this.#backpropagate(slots, wrt, cotangents, vjpOptions, signal);
    return found as Gradients<Names>;
  }

  async jacobian(
    values: Values<Names>,
    options: JacobianOptions<Names> & AsyncCallOptions = {},
  ): Promise<Gradients<Names>> {
    this.#alive();
    const { signal, ...jacobianOptions } = options;
    signal?.throwIfAborted();
    const wrt = this.#differentiable(options.wrt);
    if (this.#fallback !== undefined)
      return this.#fallback.program.jacobian(values, jacobianOptions);
    const slots = readValues(this.circuit, values);
    const { batch } = slots;
    const sizes = this.#checked.outputSizes;
    const outputs = sizes.reduce((a, b) => a + b, 0);
    const jacobian: Record<string, Float64Array> = {};
    for (const { name, shape } of wrt)
      jacobian[name] = new Float64Array(batch * outputs * sizeOf(shape));
    let output = 0;
    for (const [m, size] of sizes.entries()) {
      for (let i = 0; i < size; i++, output++) {
        const dy = sizes.map((length) => new Float64Array(batch * length));
        for (let e = 0; e < batch; e++) dy[m]![e * size + i] = 1;
        const rows = await this.#backpropagate(slots, wrt, dy, { perExample: true }, signal);
        for (const { name, shape } of wrt) {
          const width = sizeOf(shape);
          for (let e = 0; e < batch; e++) {
            const row = rows[name]!.subarray(e * width, (e + 1) * width);
            jacobian[name]!.set(row, (e * outputs + output) * width);
          }
        }
      }
    }
    return jacobian as Gradients<Names>;
  }

  #differentiable(names: readonly Names[] | undefined): Slot[] {
    refuseShots(this.#withShots !== undefined);
    const wrt = readWrt(this.circuit, names);
    refuseFilter([...this.#host.plan.lowered.filters][0]);
    return wrt;
  }

  /** Examples that one plan computes: a power of two, whatever the batch but for small ones. */
  #capacity(batch: number): number {
    const { qubits, sizes, record, cells } = this.#recipe;
    const widest = Math.max(2 ** qubits, sizes.batch, record, cells, 64);
    const most = 2 ** Math.floor(Math.log2(Math.max(1, this.#parts.amplitudes / widest)));
    return Math.min(padded(batch), most);
  }

  /** The tables of some examples, all at once: the columns of angles are shared by all calls. */
  #tables(slots: SlotValues, first: number, count: number, capacity: number): Float32Array[] {
    const { sizes } = this.#recipe;
    const shared = new Float32Array(Math.max(1, sizes.shared));
    shared.set(this.#host.shared(slots));
    this.#layers?.write(shared, 2 * this.#host.sharedSize);
    const own = this.#host.batch(slots, first, count);
    const batch = new Float32Array(Math.max(1, capacity * sizes.batch));
    batch.set(own);
    return [shared, batch];
  }

  /** Runs a plan; if the GPU fails, the CPU takes over from the next call on. */
  async #run(
    kind: Kind,
    capacity: number,
    tables: readonly Float32Array[],
    signal: AbortSignal | undefined,
  ): Promise<Reader> {
    signal?.throwIfAborted();
    const { plans } = this.#parts;
    const name = `${capacity} ${JSON.stringify(kind)}`;
    let id = this.#held.get(name);
    if (id === undefined) {
      id = plans.hold(this.#recipe, this.#text, kind, capacity);
      this.#held.set(name, id);
    }
    try {
      return await abortable(plans.run(id, tables), signal);
    } catch (error) {
      if (error instanceof EnvironmentError && !this.#disposed && !this.#parts.isDisposed())
        this.#fallBack(error.message);
      throw error;
    }
  }

  /** Makes the program of the CPU engine that takes over. */
  #fallBack(reason: string): void {
    const { circuit, measurements, options } = this;
    this.#fallback ??= {
      program: this.#parts.cpu.compile(circuit, measurements, options),
      reason,
    };
  }

  /** Runs a batch and hands over its columns and records, piece by piece. */
  async #columns(
    slots: SlotValues,
    signal: AbortSignal | undefined,
    take: (columns: Float64Array, records: Float32Array, first: number, count: number) => void,
  ): Promise<void> {
    const { readings } = this.#host;
    const layout = readings.layout();
    const capacity = this.#capacity(slots.batch);
    for (let first = 0; first < slots.batch; first += capacity) {
      const count = Math.min(capacity, slots.batch - first);
      const tables = this.#tables(slots, first, count, capacity);
      const read = await this.#run({ type: 'run' }, capacity, tables, signal);
      const records = readRecords(this.#recipe, read, count);
      const columns = readings.columns(records, layout, slots, first, count);
      take(columns, records, first, count);
    }
  }

  async #backpropagate(
    slots: SlotValues,
    wrt: readonly Slot[],
    dy: readonly (Float64Array | undefined)[],
    options: VjpOptions,
    signal: AbortSignal | undefined,
  ): Promise<Record<string, Float64Array>> {
    const { readout } = this.#host.readings;
    const { columns } = readout;
    let means: Float64Array | undefined;
    if (readout.results.some(({ type }) => type === 'variance')) {
      // Variances are differentiated around means.
      means = new Float64Array(slots.batch * columns);
      await this.#columns(slots, signal, (own, _, first) => means?.set(own, first * columns));
    }
    const cotangents = new BatchCotangents(readout, dy, this.#checked.outputSizes, means);
    const needs = this.#host.needs(wrt);
    const capacity = this.#capacity(slots.batch);
    let piece: Promise<GradientSums> | undefined;
    let from = 0;
    let to = 0;
    const read = async (first: number, count: number): Promise<GradientSums> => {
      const parts: GradientSums[] = [];
      for (let at = first; at < first + count; at += capacity) {
        if (piece === undefined || at < from || at >= to) {
          from = at;
          to = Math.min(slots.batch, at + Math.max(capacity, 1));
          piece = this.#sums(slots, cotangents, from, to - from, capacity, needs, signal);
        }
        const sums = await piece;
        parts.push(this.#slice(sums, at - from, Math.min(to, first + count) - at));
      }
      return parts.length === 1 ? parts[0]! : joined(parts);
    };
    return await this.#host.gradients(slots, wrt, options, cotangents, read);
  }

  /** Gradient sums of a piece of the batch. */
  async #sums(
    slots: SlotValues,
    cotangents: BatchCotangents,
    first: number,
    count: number,
    capacity: number,
    needs: { readonly start: boolean; readonly end: boolean },
    signal: AbortSignal | undefined,
  ): Promise<GradientSums> {
    const recipe = this.#recipe;
    if (recipe.cells === 0 && !needs.start && !needs.end) return { cells: new Float32Array(0) };
    const weights = new Float32Array(Math.max(1, capacity * recipe.record));
    weights.set(this.#host.weights(slots, cotangents, first, count));
    const tables = [...this.#tables(slots, first, count, capacity), weights];
    const kind: Kind = { type: 'gradient', start: needs.start, end: needs.end };
    const read = await this.#run(kind, capacity, tables, signal);
    return {
      cells: readCells(recipe, read, count),
      ...(needs.start ? { start: readState(recipe, read, 'start', count) } : {}),
      ...(needs.end ? { end: readState(recipe, read, 'end', count) } : {}),
    };
  }

  #slice({ cells, start, end }: GradientSums, first: number, count: number): GradientSums {
    const of = (array: Float32Array, width: number): Float32Array =>
      array.subarray(first * width, (first + count) * width);
    const states = 2 * 2 ** this.#recipe.qubits;
    return {
      cells: of(cells, this.#recipe.cells),
      ...(start === undefined ? {} : { start: of(start, states) }),
      ...(end === undefined ? {} : { end: of(end, states) }),
    };
  }

  explain(): Explanation {
    if (this.#fallback !== undefined) {
      const { text, details, ...rest } = this.#fallback.program.explain();
      const { reason } = this.#fallback;
      return {
        text: `gpujs gave up (${reason}), so this program runs on the CPU engine. ${text}`,
        details: { ...details, failed: reason },
        ...rest,
      };
    }
    const { adapter, plans } = this.#parts;
    const { mode } = plans;
    if (this.#withShots !== undefined) {
      const { text, details } = explainShots(
        this.circuit,
        this.#checked.measurements,
        this.options,
      );
      return {
        text: text.replaceAll('cpu', 'gpujs'),
        details: { ...details, engine: 'gpujs', mode, adapter },
      };
    }
    const { steps, elements } = this.#host.plan;
    const count = (type: string): number => steps.filter((step) => step.type === type).length;
    const { qubits } = this.circuit;
    const error = singleError(steps.length);
    return {
      text:
        `gpujs in mode ${mode} on ${adapter}: ${qubits} qubits in single precision; ${elements} elements in ` +
        `${count('unitary')} merged matrices, ${count('permutation')} renamings and ${count('diagonal')} diagonals; ` +
        `amplitudes are good to some ${error.toExponential(0)}.`,
      details: {
        engine: 'gpujs',
        mode,
        adapter,
        precision: 'f32',
        qubits,
        operations: this.circuit.ops.length,
        elements,
        steps: steps.length,
        matrices: count('unitary'),
        permutations: count('permutation'),
        diagonals: count('diagonal'),
        error,
      },
    };
  }

  estimateMemory(batch = 1, options: { readonly gradient?: boolean } = {}): number {
    if (this.#withShots !== undefined) return this.#withShots.estimateMemory(batch);
    const { qubits, sizes, record, cells } = this.#recipe;
    const capacity = this.#capacity(batch);
    const results = 8 * batch * this.#checked.outputSizes.reduce((a, b) => a + b, 0);
    // Two states by turns, two numbers per amplitude; tables on both sides; what is read, and a copy to read it from.
    const states = (options.gradient === true ? 5 : 2) * 8 * 2 ** qubits;
    const read = 8 * (options.gradient === true ? cells : record);
    return capacity * (states + 8 * sizes.batch + read) + 8 * sizes.shared + results;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#withShots?.dispose();
    this.#fallback?.program.dispose();
    this.#parts.plans.release(this.#held.values());
    this.#held.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #alive(): void {
    checkAlive(this.#parts.isDisposed(), 'engine');
    checkAlive(this.#disposed);
    const { lost } = this.#parts.plans;
    if (lost !== undefined) this.#fallBack(`the GPU device was lost: ${lost}`);
  }
}

/** Rejects as soon as the signal is aborted; the work goes on to its end. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function joined(parts: readonly GradientSums[]): GradientSums {
  const join = (arrays: readonly Float32Array[]): Float32Array => {
    const out = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const array of arrays) {
      out.set(array, at);
      at += array.length;
    }
    return out;
  };
  const all = (pick: (part: GradientSums) => Float32Array | undefined) =>
    parts.flatMap((part) => pick(part) ?? []);
  const first = parts[0]!;
  return {
    cells: join(all(({ cells }) => cells)),
    ...(first.start === undefined ? {} : { start: join(all(({ start }) => start)) }),
    ...(first.end === undefined ? {} : { end: join(all(({ end }) => end)) }),
  };
}
