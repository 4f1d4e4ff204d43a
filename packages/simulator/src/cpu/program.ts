import { sizeOf, UnsupportedError } from '@ketwork/base';
import type { Circuit, Measurement, Slot } from '@ketwork/circuit';
import type { CheckedProgram } from '../compile.ts';
import { checkAlive, checkOut, checkVjpOptions } from '../calls.ts';
import { checkProgram, readWrt } from '../compile.ts';
import { cpuCapabilities } from './capabilities.ts';
import type {
  CompileOptions,
  Cotangents,
  ExplainedPass,
  Explanation,
  Gradients,
  JacobianOptions,
  Measurements,
  Program,
  Results,
  RunOptions,
  Values,
  VjpOptions,
} from '../contract.ts';
import { withShots } from '../shots.ts';
import type { RunWithShots } from '../shots.ts';
import { readCotangents, readValues } from '../values.ts';
import type { SlotValues } from '../values.ts';
import { CHUNK, PIECE } from './angles.ts';
import type { NumberArray } from './arithmetic.ts';
import { BatchCotangents } from './cotangents.ts';
import { RunCoefficients } from './coefficients.ts';
import { makeDifferentiator } from './differentiator.ts';
import type { Differentiator } from './differentiator.ts';
import { Executor } from './executor.ts';
import { explainProgram, explainShots } from './explain.ts';
import { GradientSink } from './gradient-sink.ts';
import { addHermitianGradient } from './hermitian-gradient.ts';
import { isLarge, largeSizes } from './large/module.ts';
import type { LargeSizes } from './large/module.ts';
import { LargeProgram } from './large/program.ts';
import { lower, withoutPrefix } from './lower.ts';
import type { Lowered } from './lower.ts';
import { allocate, checkAddresses } from './memory.ts';
import type { EngineMemory } from './memory.ts';
import { optimize, passes } from './passes/sequence.ts';
import { shortTangents, tangentForm } from './passes/tangents.ts';
import { exchangeOutcomes, planReadout } from './readout.ts';
import type { Readout } from './readout.ts';
import { basisIndices, preparationGradients } from './staging.ts';

/** An analytic program of the CPU engine. */
export class CpuProgram<Names extends string, M extends Measurements> implements Program<Names, M> {
  readonly circuit: Circuit<Names>;
  readonly measurements: M;
  readonly outputShapes: readonly (readonly number[])[];
  readonly options: CompileOptions;
  readonly #checked: CheckedProgram;
  readonly #memory: EngineMemory;
  readonly #lowered: Lowered;
  readonly #readout: Readout;
  readonly #readsState: boolean;
  readonly #passes: ExplainedPass[] = [];
  readonly #withShots: RunWithShots<Names, M> | undefined;
  /** Where the state is worked on chunk by chunk. */
  readonly #large: LargeProgram | undefined;
  #forward: Executor | undefined;
  #stateReader: Executor | undefined;
  readonly #backward = new Map<string, Differentiator>();
  #disposed = false;

  /**
   * @param sequence the compiler passes to run, for tests of single ones
   * @param large what counts as a large state, for tests on small ones
   */
  constructor(
    circuit: Circuit<Names>,
    measurements: M,
    options: CompileOptions,
    checked: CheckedProgram,
    memory: EngineMemory,
    sequence: typeof passes = passes,
    large: LargeSizes = largeSizes,
  ) {
    this.circuit = circuit;
    this.measurements = measurements;
    this.options = options;
    this.outputShapes = checked.outputShapes;
    this.#checked = checked;
    this.#memory = memory;
    const sampled = checked.measurements.some(
      ({ type }) => type === 'samples' || type === 'counts',
    );
    this.#withShots =
      sampled || options.shots !== undefined
        ? withShots((c, m) => compileAnalytic(c, m, memory), circuit, measurements, options)
        : undefined;
    const analytic = this.#withShots === undefined ? checked.measurements : [];
    checkAddresses(leastBytes(circuit.qubits, analytic, checked.outputSizes));
    this.#readsState = checked.measurements.some(({ type }) => type === 'state');
    const written = {
      lowered: lower(circuit, this.#readsState),
      readout: planReadout(circuit, analytic),
    };
    const rewrites =
      memory.numerics.precision === 'f64'
        ? sequence
        : sequence.map(
            ([name, pass]) => [name, pass === tangentForm ? shortTangents : pass] as const,
          );
    const { lowered, readout } = optimize(written, rewrites, this.#passes);
    const whole = withoutPrefix(lowered);
    const isChunked = memory.numerics.precision === 'f64' && isLarge(whole, readout, large);
    // A large state is made of its prefix stage by stage, like all else.
    this.#lowered = isChunked ? whole : lowered;
    this.#readout = readout;
    this.#large = isChunked
      ? new LargeProgram(circuit, this.#lowered, this.#readout, memory, large)
      : undefined;
  }

  run(values?: Values<Names>, options: RunOptions = {}): Results<M> {
    this.#alive();
    if (this.#withShots !== undefined) return this.#withShots(values, options);
    const { out } = options;
    const slots = readValues(this.circuit, values);
    const sizes = this.#checked.outputSizes;
    checkOut(out, this.#checked, slots.batch);
    this.#reserve(this.#forwardBytes(), false);
    // An angle that is not a number is found in the middle of a large batch, and nothing may be written then.
    const direct = slots.batch <= PIECE || !this.#lowered.angles.mayFail;
    const results = sizes.map((size, i) =>
      i === 0 && out !== undefined && direct ? out : allocate(slots.batch * size),
    );
    this.#evaluate(slots, results);
    if (out !== undefined && !direct) {
      out.set(results[0] as Float64Array);
      results[0] = out;
    }
    return (this.#checked.single ? results[0] : results) as Results<M>;
  }

  /** Fills the results of all measurements. */
  #evaluate(slots: SlotValues, results: readonly Float64Array[]): void {
    const { outputSizes } = this.#checked;
    const plans = this.#reading(slots).results;
    if (this.#large !== undefined) {
      this.#large.evaluate(slots, results, outputSizes, plans);
      return;
    }
    this.#forEachCall(this.#runner(), slots, (executor, first, count) => {
      const { numbers, lanes, shift } = executor;
      const base = executor.columnsAt(0);
      const stride = executor.columnBytes / executor.numberBytes;
      plans.forEach((plan, m) => {
        const result = results[m] as Float64Array;
        const size = outputSizes[m] as number;
        if (size === 1 && stride === lanes && plan.type === 'columns') {
          // A single column lies in memory as the caller wants it.
          result.set(numbers.subarray(base, base + count), first);
          return;
        }
        for (let position = 0; position < count; position++) {
          const start = (first + position) * size;
          const at = base + (position >> shift) * stride + (position & (lanes - 1));
          if (plan.type === 'state') {
            const state = executor.amplitudeAt(0) + (position & (lanes - 1));
            for (let i = 0; i < size; i++) result[start + i] = numbers[state + lanes * i] as number;
          } else if (plan.type === 'columns') {
            const { columns } = plan;
            for (let i = 0; i < size; i++)
              result[start + i] = numbers[at + lanes * (columns[i] as number)] as number;
          } else {
            for (let i = 0; i < size; i++) {
              const mean = numbers[at + lanes * (plan.means[i] as number)] as number;
              result[start + i] =
                (numbers[at + lanes * (plan.squares[i] as number)] as number) - mean * mean;
            }
          }
        }
      });
    });
  }

  /** For probabilities, which a Pauli frame changes. */
  #frame: RunCoefficients | undefined;

  /** The read-outs of a run: the Pauli frame that its angles leave behind exchanges outcomes of probabilities. */
  #reading(slots: SlotValues): Readout {
    if (!this.#readout.steps.some(({ type }) => type === 'probabilities')) return this.#readout;
    this.#frame ??= new RunCoefficients(this.#lowered);
    const coefficients = this.#frame;
    if (!coefficients.framed) return this.#readout;
    this.#lowered.angles.evaluate(slots, 'fixed');
    coefficients.update();
    return exchangeOutcomes(this.#readout, coefficients.flips);
  }

  #runner(): Executor {
    this.#forward ??= new Executor(
      this.circuit,
      this.#lowered,
      this.#readout,
      this.#memory,
      undefined,
      this.#readsState,
    );
    return this.#forward;
  }

  /** Runs the whole batch forward; `read` sees memory after each call, which holds examples `first` to `first + count`. */
  #forEachCall(
    executor: Executor,
    slots: SlotValues,
    read: (executor: Executor, first: number, count: number) => void,
  ): void {
    executor.begin(slots);
    for (let start = 0; start < slots.batch; start += PIECE) {
      const chunk = Math.min(PIECE, slots.batch - start);
      this.#lowered.angles.evaluate(slots, 'batch', start, chunk);
      for (let first = 0; first < chunk; first += executor.lanes * executor.blocks) {
        const count = Math.min(executor.lanes * executor.blocks, chunk - first);
        const blocks = Math.ceil(count / executor.lanes);
        executor.stage(slots, start, first, count);
        executor.clearColumns(blocks);
        executor.call(blocks);
        read(executor, start + first, count);
      }
    }
  }

  vjp(values: Values<Names>, dy: Cotangents<M>, options: VjpOptions<Names> = {}): Gradients<Names> {
    this.#alive();
    checkVjpOptions(options);
    const wrt = this.#differentiable(options.wrt);
    const slots = readValues(this.circuit, values);
    const cotangents = readCotangents(
      dy,
      this.#checked.outputSizes,
      this.#checked.single,
      slots.batch,
    );
    return this.#backpropagate(slots, wrt, cotangents, options) as Gradients<Names>;
  }

  jacobian(values: Values<Names>, options: JacobianOptions<Names> = {}): Gradients<Names> {
    this.#alive();
    const slots = readValues(this.circuit, values);
    const wrt = this.#differentiable(options.wrt);
    const { batch } = slots;
    const { outputSizes } = this.#checked;
    const outputs = outputSizes.reduce((a, b) => a + b, 0);
    const slotSize = (slot: Slot): number => sizeOf(slot.shape);
    const jacobian: Record<string, Float64Array> = {};
    for (const slot of wrt)
      jacobian[slot.name] = new Float64Array(batch * outputs * slotSize(slot));
    let output = 0;
    outputSizes.forEach((size, m) => {
      for (let i = 0; i < size; i++, output++) {
        const dy = outputSizes.map((length) => new Float64Array(batch * length));
        for (let example = 0; example < batch; example++)
          (dy[m] as Float64Array)[example * size + i] = 1;
        const rows = this.#backpropagate(slots, wrt, dy, { perExample: true });
        for (const slot of wrt) {
          const width = slotSize(slot);
          const source = rows[slot.name] as Float64Array;
          const target = jacobian[slot.name] as Float64Array;
          for (let example = 0; example < batch; example++) {
            const row = source.subarray(example * width, (example + 1) * width);
            target.set(row, (example * outputs + output) * width);
          }
        }
      }
    });
    return jacobian as Gradients<Names>;
  }

  /** The slots to differentiate, refusing what the adjoint method cannot do. */
  #differentiable(names: readonly Names[] | undefined): Slot[] {
    if (this.#withShots !== undefined) {
      throw new UnsupportedError(
        'the adjoint method needs exact results, and this program draws shots',
        {
          remedy:
            "Compile without shots, or differentiate with 'parameter-shift' of @ketwork/gradients",
        },
      );
    }
    const wrt = readWrt(this.circuit, names);
    const [irreversible] = this.#lowered.filters;
    if (irreversible !== undefined) {
      throw new UnsupportedError(
        'a map that is not unitary cannot be undone, which the adjoint method needs',
        {
          operation: irreversible,
          remedy:
            "Differentiate with method 'parameter-shift' or 'finite-difference' of @ketwork/gradients",
        },
      );
    }
    return wrt;
  }

  #backpropagate(
    slots: SlotValues,
    wrt: readonly Slot[],
    dy: readonly (Float64Array | undefined)[],
    options: { readonly perExample?: boolean; readonly squaredNorms?: boolean },
  ): Record<string, Float64Array> {
    const { angles } = this.#lowered;
    const perExample = options.perExample === true || options.squaredNorms === true;
    this.#reserve(this.#gradientBytes(wrt), true);
    const cotangents = new BatchCotangents(
      this.#reading(slots),
      dy,
      this.#checked.outputSizes,
      this.#means(slots),
    );
    if (this.#large !== undefined) {
      const { perExample: rows = false, squaredNorms = false } = options;
      return this.#large.backpropagate(slots, { wrt, perExample: rows, squaredNorms }, cotangents);
    }
    const sink = new GradientSink(wrt, slots.batch, options);
    const differentiator = this.#differentiator(wrt);
    const { executor, embedded, active } = differentiator;
    // A packed program has one example, spread over both lanes.
    const split = perExample && !executor.packed;
    const depends = split ? differentiator.perExample.depends : differentiator.depends;

    executor.begin(slots);
    const factors = executor.factors;
    for (const plain of differentiator.perExample.plain)
      plain.cells.forEach((cell, k) => {
        plain.factors[k] = factors.shared[cell / executor.lanes] as number;
      });
    for (let start = 0; start < slots.batch; start += CHUNK) {
      const chunk = Math.min(CHUNK, slots.batch - start);
      angles.evaluate(slots, 'batch', start, chunk);
      sink.openChunk(start, chunk);
      executor.clearCells(1, !perExample);
      executor.clearTableCells();
      for (let first = 0; first < chunk; first += executor.lanes * executor.blocks) {
        const count = Math.min(executor.lanes * executor.blocks, chunk - first);
        const blocks = Math.ceil(count / executor.lanes);
        executor.stage(slots, start, first, count);
        executor.clearColumns(blocks);
        cotangents.stage(executor, start + first, count);
        executor.clearCells(blocks, perExample);
        executor.call(blocks, perExample);
        const { numbers, lanes, shift } = executor;
        for (const { node, index } of active.batch) {
          const adjoint = angles.adjoint(node);
          const factor = factors.batch[index] as number;
          for (let i = 0; i < count; i++) {
            const cell = numbers[
              executor.cellAt('batch', index, i >> shift) + (i & (lanes - 1))
            ] as number;
            adjoint[first + i] = (adjoint[first + i] as number) + factor * cell;
          }
        }
        if (split) {
          const base = executor.cellAt('shared', 0, 0);
          const stride = executor.cellAt('shared', 0, 1) - base;
          for (const { slot, cells, elements, factors: own } of differentiator.perExample.plain) {
            for (let i = 0; i < count; i++) {
              const { data, start: row } = sink.row(slot, start + first + i);
              const from = base + (i >> shift) * stride + (i & (lanes - 1));
              for (let k = 0; k < cells.length; k++) {
                const to = row + (elements[k] as number);
                const cell = numbers[from + (cells[k] as number)] as number;
                data[to] = (data[to] as number) + (own[k] as number) * cell;
              }
            }
          }
          for (const { node, index } of differentiator.perExample.others) {
            const adjoint = angles.adjoint(node);
            const factor = factors.shared[index] as number;
            for (let i = 0; i < count; i++) {
              const cell = numbers[
                executor.cellAt('shared', index, i >> shift) + (i & (lanes - 1))
              ] as number;
              adjoint[first + i] = (adjoint[first + i] as number) + factor * cell;
            }
          }
        }
        if (embedded) {
          for (let i = 0; i < count; i++)
            this.#embeddedGradient(executor, sink, start + first + i, i & (lanes - 1));
        }
      }
      if (!split) {
        executor.contractTables();
        const { numbers, lanes } = executor;
        for (const { node, index } of active.shared) {
          const at = executor.cellAt('shared', index, 0);
          const adjoint = angles.adjoint(node);
          adjoint[0] =
            (adjoint[0] as number) +
            (factors.shared[index] as number) * sumOfLanes(numbers, at, lanes);
        }
      }
      angles.backpropagate(depends, chunk, perExample, (slot, element, column) =>
        sink.add(slot, element, column),
      );
      sink.closeChunk();
    }
    if (wrt.some(({ kind }) => kind === 'hermitian'))
      this.#matrixGradients(slots, cotangents, sink);
    return sink.finish();
  }

  /** What differentiating by these slots takes, made once. */
  #differentiator(wrt: readonly Slot[]): Differentiator {
    const id = wrt.map(({ name }) => name).join('\n');
    let made = this.#backward.get(id);
    if (made === undefined) {
      made = makeDifferentiator(this.circuit, this.#lowered, this.#readout, this.#memory, wrt);
      this.#backward.set(id, made);
    }
    return made;
  }

  /** Means of the observables whose variance is measured, `[batch, columns]`; undefined where there are none. */
  #means(slots: SlotValues): Float64Array | undefined {
    if (!this.#readout.results.some(({ type }) => type === 'variance')) return undefined;
    if (this.#large !== undefined) return this.#large.columns(slots);
    const { columns } = this.#readout;
    const means = new Float64Array(slots.batch * columns);
    this.#forEachCall(this.#runner(), slots, (executor, first, count) => {
      for (let i = 0; i < count; i++) {
        const at = executor.columnsAt(i >> executor.shift) + (i & (executor.lanes - 1));
        for (let c = 0; c < columns; c++)
          means[(first + i) * columns + c] = executor.numbers[at + executor.lanes * c] as number;
      }
    });
    return means;
  }

  /** Adds the gradients with respect to Hermitian matrices that come with the data. */
  #matrixGradients(slots: SlotValues, cotangents: BatchCotangents, sink: GradientSink): void {
    const { qubits } = this.circuit;
    const all = Array.from({ length: qubits }, (_, qubit) => qubit);
    this.#stateReader ??= new Executor(
      this.circuit,
      this.#lowered,
      this.#readout,
      this.#memory,
      undefined,
      true,
    );
    const tasks = this.#readout.steps.flatMap((step) => {
      if (step.type !== 'hermitian' || !('slot' in step.matrix) || !sink.wants(step.matrix.slot))
        return [];
      const { slot, squared } = step.matrix;
      const rests = basisIndices(
        all.filter((qubit) => !step.qubits.includes(qubit)),
        qubits,
      );
      const shared = this.circuit.slots.find(({ name }) => name === slot)?.axis === 'shared';
      return [
        {
          slot,
          squared,
          shared,
          column: step.column,
          places: basisIndices(step.qubits, qubits),
          rests,
        },
      ];
    });
    const byColumn = new Float64Array(this.#readout.columns);
    sink.openChunk(0, Math.min(CHUNK, slots.batch));
    const one = (executor: Executor, example: number, lane: number): void => {
      if (example > 0 && example % CHUNK === 0) {
        sink.closeChunk();
        sink.openChunk(example, Math.min(CHUNK, slots.batch - example));
      }
      byColumn.fill(0);
      cotangents.each(example, (column, amount) => {
        if (column < byColumn.length) byColumn[column] = (byColumn[column] as number) + amount;
      });
      const amplitude = (index: number): [number, number] => {
        const at = executor.amplitudeAt(index) + lane;
        return [executor.numbers[at] as number, executor.numbers[at + executor.lanes] as number];
      };
      for (const { slot, squared, shared, column, places, rests } of tasks) {
        const length = 2 * places.length ** 2;
        const first = shared ? 0 : example * length;
        const matrix = squared ? slots.get(slot).subarray(first, first + length) : undefined;
        const { data, start } = sink.row(slot, example);
        addHermitianGradient(
          amplitude,
          places,
          rests,
          matrix,
          byColumn[column] as number,
          data,
          start,
        );
      }
    };
    // One block per call, whose states are still in memory.
    this.#forEachCall(this.#stateReader, slots, (executor, first, count) => {
      for (let lane = 0; lane < count; lane++) one(executor, first + lane, lane);
    });
    sink.closeChunk();
  }

  #embeddedGradient(executor: Executor, sink: GradientSink, example: number, lane: number): void {
    const { qubits } = this.#lowered;
    const offsets = executor.preparations.map((p) =>
      basisIndices(
        p.qubits.toSorted((a, b) => a - b),
        qubits,
      ),
    );
    const gradients = preparationGradients(executor.preparations, offsets, lane, (index) => {
      const at = executor.amplitudeAt(index, 'lambda') + lane;
      const scale = executor.factors.end;
      return [
        scale * (executor.numbers[at] as number),
        scale * (executor.numbers[at + executor.lanes] as number),
      ];
    });
    executor.preparations.forEach((preparation, p) => {
      if (preparation.slot === undefined || !sink.wants(preparation.slot)) return;
      const row = sink.row(preparation.slot, example);
      preparation.addGradient(gradients[p] as Float64Array, lane, row.data, row.start);
    });
  }

  /** Whether several workers can run the program on one state. */
  get divisible(): boolean {
    return this.#large !== undefined && this.#withShots === undefined;
  }

  explain(): Explanation {
    if (this.#withShots !== undefined)
      return explainShots(this.circuit, this.#checked.measurements, this.options);
    if (this.#large !== undefined)
      return this.#large.explain(this.circuit.ops.length, this.#passes);
    return explainProgram(this.circuit, this.#lowered, this.#runner(), this.#passes);
  }

  estimateMemory(batch = 1, options: { readonly gradient?: boolean } = {}): number {
    const { outputSizes } = this.#checked;
    const results = 8 * batch * outputSizes.reduce((a, b) => a + b, 0);
    if (this.#withShots !== undefined) return this.#withShots.estimateMemory(batch);
    const forward = this.#forwardBytes() + this.#lowered.angles.bytes + results;
    if (options.gradient !== true) return forward;
    const wrt = readWrt(this.circuit);
    const means = this.#readout.results.some(({ type }) => type === 'variance');
    return (
      forward +
      Math.max(0, this.#gradientBytes(wrt) - this.#forwardBytes()) +
      GradientSink.bytes(wrt, batch) +
      (means ? 8 * batch * this.#readout.columns : 0)
    );
  }

  /** Bytes of the engine's memory that a run takes, and a gradient by these slots. */
  #forwardBytes(): number {
    return this.#large === undefined ? this.#runner().bytes : this.#large.runner.bytes;
  }

  #gradientBytes(wrt: readonly Slot[]): number {
    return this.#large === undefined
      ? this.#differentiator(wrt).executor.bytes
      : this.#large.gradientBytes(wrt);
  }

  /** Reserves memory before anything is computed or allocated. */
  #reserve(bytes: number, gradient: boolean): void {
    checkAddresses(bytes, gradient);
    // Of workers that share a memory, one lets it grow.
    if (this.#memory.team === undefined) this.#memory.reserve(bytes);
  }

  dispose(): void {
    this.#disposed = true;
    this.#forward = undefined;
    this.#stateReader = undefined;
    this.#backward.clear();
    this.#large?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #alive(): void {
    checkAlive(this.#memory.released, 'engine');
    checkAlive(this.#disposed);
  }
}

/** Bytes that a program takes at the least: the state twice, or once and room to align it, and probabilities. */
function leastBytes(
  qubits: number,
  measurements: readonly Measurement[],
  sizes: readonly number[],
): number {
  return measurements.reduce(
    (sum, { type }, m) => sum + (type === 'probabilities' ? 16 * (sizes[m] as number) : 0),
    2 ** (qubits + 5),
  );
}

/** The lanes of a vector added up, in order. */
function sumOfLanes(numbers: NumberArray, at: number, lanes: 2 | 4): number {
  let sum = (numbers[at] as number) + (numbers[at + 1] as number);
  for (let lane = 2; lane < lanes; lane++) sum += numbers[at + lane] as number;
  return sum;
}

/** Compiles exact measurements without checking again. */
function compileAnalytic<Names extends string, const M extends Measurements>(
  circuit: Circuit<Names>,
  measurements: M,
  memory: EngineMemory,
): Program<Names, M> {
  return new CpuProgram(
    circuit,
    measurements,
    {},
    checkProgram(circuit, measurements, {}, cpuCapabilities),
    memory,
  );
}
