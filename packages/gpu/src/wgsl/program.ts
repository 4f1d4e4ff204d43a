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
  CheckedProgram,
  CompileOptions,
  Cotangents,
  Explanation,
  Gradients,
  JacobianOptions,
  Measurements,
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
import { GlobalRunner } from './global-runner.ts';
import { LocalRunner } from './local-runner.ts';
import { localShape } from './local.ts';
import type { EngineParts } from './options.ts';
import type { GradientNeeds, GradientRecords, Runner } from './runner.ts';

/** A program on a WebGPU device. Its calls run one after the other. */
export class WgslProgram<Names extends string, M extends Measurements> implements AsyncProgram<
  Names,
  M
> {
  readonly circuit: Circuit<Names>;
  readonly measurements: M;
  readonly outputShapes: readonly (readonly number[])[];
  readonly options: CompileOptions;
  readonly #checked: CheckedProgram;
  readonly #engine: EngineParts;
  readonly #values: Way;
  readonly #make: (wrt: ReadonlySet<string> | undefined) => Way;
  /** How gradients by some slots are made, by their names, where each has a plan of its own. */
  readonly #gradients = new Map<string, Way>();
  readonly #withShots: RunWithRemoteShots<Names, M> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #disposed = false;

  constructor(
    circuit: Circuit<Names>,
    measurements: M,
    options: CompileOptions,
    checked: CheckedProgram,
    engine: EngineParts,
  ) {
    this.circuit = circuit;
    this.measurements = measurements;
    this.options = options;
    this.outputShapes = checked.outputShapes;
    this.#checked = checked;
    this.#engine = engine;
    const { device, pipelines, settings } = engine;
    const sampled = checked.measurements.some((m) => isSampled(m, options));
    const { tolerance, workgroups = true } = settings;
    const { maxComputeWorkgroupStorageSize: bytes, maxComputeInvocationsPerWorkgroup: threads } =
      device.limits;
    const { software, subgroup, tells } = device;
    const shape = workgroups
      ? localShape(circuit.qubits, { bytes, threads, software, subgroup, tells })
      : undefined;
    // In workgroup memory a pass costs less, and gradients take 4^k sums per step.
    const { fusion = shape === undefined ? 4 : 3 } = settings;
    this.#make = (wrt) => {
      const host = new HostProgram(circuit, sampled ? [] : checked.measurements, {
        fusion,
        // A renaming of a large state takes room for a second one.
        permutations:
          shape !== undefined ||
          4 * 8 * 2 ** circuit.qubits <= device.limits.maxStorageBufferBindingSize,
        product: shape !== undefined,
        ...(wrt === undefined ? {} : { wrt }),
        head: shape === undefined && fusion > 0,
      });
      const runner =
        shape === undefined
          ? new GlobalRunner(host, pipelines, fusion > 0)
          : new LocalRunner(host, pipelines, shape, fusion > 0);
      return { host, runner };
    };
    this.#values = this.#make(shape === undefined ? undefined : new Set());
    checkTolerance(tolerance, this.#values.host.plan.steps.length, engine.name);
    this.#withShots = sampled
      ? withRemoteShots((c, m) => engine.compile(c, m), circuit, measurements, options)
      : undefined;
  }

  /**
   * How gradients by these slots are made. Small circuits have a plan for them, in which the first gates are merged as for values
   * where no gradients are taken by their angles; large ones have one plan for everything, and so one set of buffers.
   */
  #backward(wrt: readonly Slot[]): Way {
    if (this.#values.runner.regime === 'passes') return this.#values;
    const names = wrt.map(({ name }) => name).sort();
    const key = JSON.stringify(names);
    const way = this.#gradients.get(key) ?? this.#make(new Set(names));
    this.#gradients.set(key, way);
    return way;
  }

  async run(
    values?: Values<Names>,
    options: RunOptions & AsyncCallOptions = {},
  ): Promise<Results<M>> {
    this.#alive();
    if (this.#withShots !== undefined) return await this.#withShots(values, options);
    const { out, signal } = options;
    const slots = readValues(this.circuit, values);
    checkOut(out, this.#checked, slots.batch);
    return await this.#inTurn(signal, async () => {
      const { outputSizes, single } = this.#checked;
      const results: Float64Array[] = outputSizes.map(
        (size) => new Float64Array(slots.batch * size),
      );
      await this.#forward(slots, signal, (records, columns, first, count) => {
        const { layout } = this.#values.runner;
        this.#values.host.readings.results(columns, first, count, outputSizes, results, (e) => {
          const start = e * layout.size + (layout.state?.start ?? 0);
          return records.subarray(start, start + (layout.state?.size ?? 0));
        });
      });
      if (out !== undefined) {
        out.set(results[0] as Float64Array);
        results[0] = out;
      }
      return (single ? results[0] : results) as Results<M>;
    });
  }

  /** Runs a batch piece by piece. */
  async #forward(
    slots: SlotValues,
    signal: AbortSignal | undefined,
    take: (records: Float32Array, columns: Float64Array, first: number, count: number) => void,
  ): Promise<void> {
    const { readings } = this.#values.host;
    const { layout, most } = this.#values.runner;
    const shared = this.#values.host.shared(slots);
    for (let first = 0; first < slots.batch; first += most) {
      const count = Math.min(most, slots.batch - first);
      const own = this.#values.host.batch(slots, first, count);
      const records = await this.#values.runner.forward({ count, shared, own });
      signal?.throwIfAborted();
      take(records, readings.columns(records, layout, slots, first, count), first, count);
    }
  }

  async vjp(
    values: Values<Names>,
    dy: Cotangents<M>,
    options: VjpOptions<Names> & AsyncCallOptions = {},
  ): Promise<Gradients<Names>> {
    this.#alive();
    checkVjpOptions(options);
    const { signal, ...how } = options;
    const wrt = this.#differentiable(how.wrt);
    const slots = readValues(this.circuit, values);
    const { outputSizes, single } = this.#checked;
    const cotangents = readCotangents(dy, outputSizes, single, slots.batch);
    return (await this.#inTurn(signal, async () => {
      const means = await this.#means(slots, signal);
      return await this.#backpropagate(slots, wrt, cotangents, means, how, signal);
    })) as Gradients<Names>;
  }

  async jacobian(
    values: Values<Names>,
    options: JacobianOptions<Names> & AsyncCallOptions = {},
  ): Promise<Gradients<Names>> {
    this.#alive();
    const { signal } = options;
    const slots = readValues(this.circuit, values);
    const wrt = this.#differentiable(options.wrt);
    const { outputSizes } = this.#checked;
    const { batch } = slots;
    const outputs = outputSizes.reduce((a, b) => a + b, 0);
    return (await this.#inTurn(signal, async () => {
      const means = await this.#means(slots, signal);
      const sized = wrt.map(({ name, shape }) => ({ name, size: sizeOf(shape) }));
      const jacobian: Record<string, Float64Array> = {};
      for (const { name, size } of sized) jacobian[name] = new Float64Array(batch * outputs * size);
      let output = 0;
      for (const [m, width] of outputSizes.entries()) {
        for (let i = 0; i < width; i++, output++) {
          const dy = outputSizes.map((length, other) =>
            other === m ? new Float64Array(batch * length) : undefined,
          );
          for (let e = 0; e < batch; e++) (dy[m] as Float64Array)[e * width + i] = 1;
          const how = { perExample: true };
          const rows = await this.#backpropagate(slots, wrt, dy, means, how, signal);
          for (const { name, size } of sized) {
            const from = rows[name] as Float64Array;
            for (let e = 0; e < batch; e++)
              (jacobian[name] as Float64Array).set(
                from.subarray(e * size, (e + 1) * size),
                (e * outputs + output) * size,
              );
          }
        }
      }
      return jacobian;
    })) as Gradients<Names>;
  }

  /** The slots to differentiate, refusing what the adjoint method cannot do. */
  #differentiable(names: readonly Names[] | undefined): Slot[] {
    refuseShots(this.#withShots !== undefined);
    const wrt = readWrt(this.circuit, names);
    refuseFilter([...this.#values.host.plan.lowered.filters][0]);
    this.#engine.checkGradient(this.circuit.qubits);
    return wrt;
  }

  /** Columns of all examples where variances are differentiated around means. */
  async #means(
    slots: SlotValues,
    signal: AbortSignal | undefined,
  ): Promise<Float64Array | undefined> {
    const { results, columns: width } = this.#values.host.readings.readout;
    if (!results.some(({ type }) => type === 'variance')) return undefined;
    const means = new Float64Array(slots.batch * width);
    await this.#forward(slots, signal, (_, columns, first) => means.set(columns, first * width));
    return means;
  }

  async #backpropagate(
    slots: SlotValues,
    wrt: readonly Slot[],
    dy: readonly (Float64Array | undefined)[],
    means: Float64Array | undefined,
    options: VjpOptions,
    signal: AbortSignal | undefined,
  ): Promise<Record<string, Float64Array>> {
    const { host, runner } = this.#backward(wrt);
    const { most } = runner;
    const recordBytes = 8 * Math.max(1, host.plan.cells);
    const cotangents = new BatchCotangents(
      host.readings.readout,
      dy,
      this.#checked.outputSizes,
      means,
    );
    const shared = host.shared(slots);
    // The device takes more examples at once than the host adds up.
    const piece = Math.max(1, Math.min(most, Math.ceil(PIECE_BYTES / recordBytes)));
    const take = async (first: number, needs: GradientNeeds): Promise<GradientRecords> => {
      const count = Math.min(piece, slots.batch - first);
      const own = host.batch(slots, first, count);
      const weights = host.weights(slots, cotangents, first, count);
      const found = await runner.gradient({ count, shared, own }, weights, needs);
      signal?.throwIfAborted();
      return found;
    };
    const size = 2 * host.plan.cells;
    if (host.addsUp(wrt, options)) {
      const sums = { cells: new Float64Array(size), behind: true };
      for (let first = 0; size > 0 && first < slots.batch; first += piece) {
        const found = await take(first, { start: false, end: false, together: true });
        for (let at = 0; at < found.records.length; at += found.size) {
          const cells = found.cells(found.records.subarray(at, at + found.size));
          for (let i = 0; i < size; i++)
            sums.cells[i] = (sums.cells[i] as number) + (cells[i] as number);
        }
      }
      return await host.gradients(slots, wrt, options, cotangents, sums);
    }
    const needs = { ...host.needs(wrt), together: false };
    const states = 2 ** (host.plan.qubits + 1);
    let found: GradientRecords | undefined;
    let first = 0;
    const read = async (begin: number, count: number): Promise<GradientSums> => {
      const cells = new Float32Array(count * size);
      const start = new Float32Array(needs.start ? count * states : 0);
      const end = new Float32Array(needs.end ? count * states : 0);
      for (let e = 0; e < count; e++) {
        if (found === undefined || begin + e >= first + piece) {
          first = begin + e;
          found = await take(first, needs);
        }
        const from = (begin + e - first) * found.size;
        const record = found.records.subarray(from, from + found.size);
        const { startAt, endAt } = found;
        cells.set(found.cells(record), e * size);
        if (needs.start) start.set(record.subarray(startAt, startAt + states), e * states);
        if (needs.end) end.set(record.subarray(endAt, endAt + states), e * states);
      }
      return { cells, start, end };
    };
    return await host.gradients(slots, wrt, options, cotangents, read);
  }

  /** Waits for the calls before, so that they do not share buffers and columns of angles. */
  async #inTurn<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    const before = this.#last;
    const mine = (async (): Promise<T> => {
      await before;
      this.#alive();
      signal?.throwIfAborted();
      return await work();
    })();
    this.#last = mine.catch(() => undefined);
    return await mine;
  }

  #alive(): void {
    checkAlive(this.#disposed);
    checkAlive(this.#engine.disposed, 'engine');
    this.#engine.device.check();
  }

  explain(): Explanation {
    const { device, name } = this.#engine;
    if (this.#withShots !== undefined) {
      const { text, details } = explainShots(
        this.circuit,
        this.#checked.measurements,
        this.options,
      );
      return { text: text.replaceAll('cpu', name), details: { ...details, engine: name } };
    }
    const { head, plan } = this.#values.host;
    const { steps, elements, start } = plan;
    const { qubits } = this.circuit;
    const count = (type: string): number => steps.filter((step) => step.type === type).length;
    const error = singleError(steps.length);
    const onHost = head === undefined ? '' : `, the first ${head.steps} on the host`;
    const { passes, regime } = this.#values.runner;
    const where =
      regime === 'workgroup'
        ? 'the whole circuit in one dispatch, states in workgroup memory'
        : `${passes} passes over states in device memory`;
    return {
      text:
        `${name} on ${device.name}: ${qubits} qubits in single precision, ${where}; ${elements} elements in ` +
        `${count('unitary')} merged matrices, ${count('permutation')} renamings and ${count('diagonal')} diagonals` +
        `${start === undefined ? '' : ', after a product of states of qubits'}${onHost}; ` +
        `amplitudes are good to some ${error.toExponential(0)}.`,
      details: {
        engine: name,
        adapter: device.name,
        software: device.software,
        regime,
        passes,
        precision: 'f32',
        qubits,
        operations: this.circuit.ops.length,
        elements,
        steps: steps.length,
        stepsOnHost: head?.steps ?? 0,
        matrices: count('unitary'),
        permutations: count('permutation'),
        diagonals: count('diagonal'),
        examplesAtOnce: this.#values.runner.most,
        error,
      },
    };
  }

  estimateMemory(batch = 1, options: { readonly gradient?: boolean } = {}): number {
    const outputs = 8 * batch * this.#checked.outputSizes.reduce((a, b) => a + b, 0);
    if (this.#withShots !== undefined) return this.#withShots.estimateMemory(batch);
    const gradient = options.gradient === true;
    const { host, runner } = gradient ? this.#backward(readWrt(this.circuit)) : this.#values;
    const device = runner.bytes(Math.min(batch, runner.most), gradient);
    return device + outputs + host.valueBytes(batch) * (gradient ? 2 : 1);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#withShots?.dispose();
    void this.#free();
  }

  async #free(): Promise<void> {
    // What is under way ends first.
    await this.#last;
    this.#values.runner.dispose();
    for (const { runner } of this.#gradients.values()) runner.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A plan, with what runs it. */
interface Way {
  readonly host: HostProgram;
  readonly runner: Runner;
}

/** Bytes of gradient cells that are read at once, about. */
const PIECE_BYTES = 2 ** 25;
