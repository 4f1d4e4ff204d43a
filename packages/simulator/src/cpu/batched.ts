/** Runs and differentiates a program in blocks of examples, each of which goes through the whole circuit at once. */
import type { Circuit, Slot } from '@ketwork/circuit';
import type { ExplainedPass, Explanation } from '../contract.ts';
import type { SlotValues } from '../values.ts';
import { CHUNK, PIECE } from './angles.ts';
import type { NumberArray } from './arithmetic.ts';
import type { BatchCotangents } from './cotangents.ts';
import { makeDifferentiator } from './differentiator.ts';
import type { Differentiator } from './differentiator.ts';
import type { PlainCoefficients } from './example-rows.ts';
import type { Coefficient } from './element.ts';
import { Executor } from './executor.ts';
import { explainProgram } from './explain.ts';
import { GradientSink } from './gradient-sink.ts';
import { HermitianGradients } from './hermitian-gradient.ts';
import type { LargeGradient } from './large/program.ts';
import type { Lowered } from './lower.ts';
import type { EngineMemory } from './memory.ts';
import { buildModule } from './module.ts';
import type { Plan, PlannedModules } from './plan.ts';
import type { Readout, ResultPlan } from './readout.ts';
import { basisIndices, preparationGradients } from './staging.ts';

/** The part of a CPU program that works block by block. */
export class BatchedProgram {
  readonly #circuit: Circuit;
  readonly #lowered: Lowered;
  readonly #readout: Readout;
  readonly #modules: PlannedModules;
  readonly #memory: EngineMemory;
  #forward: Executor | undefined;
  #stateReader: Executor | undefined;
  readonly #backward = new Map<string, Differentiator>();

  constructor(circuit: Circuit, plan: Plan, memory: EngineMemory) {
    this.#circuit = circuit;
    this.#lowered = plan.lowered;
    this.#readout = plan.readout;
    this.#modules = plan.modules;
    this.#memory = memory;
  }

  /** Where states are kept. */
  memory(): EngineMemory {
    return this.#memory;
  }

  /** The module that runs forward. */
  get runner(): Executor {
    this.#forward ??= this.#reader(this.#readout.results.some(({ type }) => type === 'state'));
    return this.#forward;
  }

  /** @param single one block per call, whose states are still in memory behind it */
  #reader(single: boolean): Executor {
    return new Executor(
      this.#circuit,
      this.#lowered,
      this.#readout,
      this.#memory,
      this.#modules.once('run', () =>
        buildModule(this.#lowered, this.#readout, this.#memory.numerics),
      ),
      single,
    );
  }

  /** Fills the results of all measurements, sizes being numbers per example. */
  evaluate(
    slots: SlotValues,
    results: readonly Float64Array[],
    sizes: readonly number[],
    plans: readonly ResultPlan[],
  ): void {
    this.#forEachCall(this.runner, slots, (executor, first, count) => {
      const { numbers, lanes, shift } = executor;
      const base = executor.columnsAt(0);
      const stride = executor.columnBytes / executor.numberBytes;
      plans.forEach((plan, m) => {
        const result = results[m] as Float64Array;
        const size = sizes[m] as number;
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

  /** Columns of all examples, `[batch, columns]`. */
  columns(slots: SlotValues): Float64Array {
    const { columns } = this.#readout;
    const out = new Float64Array(slots.batch * columns);
    this.#forEachCall(this.runner, slots, (executor, first, count) => {
      for (let i = 0; i < count; i++) {
        const at = executor.columnsAt(i >> executor.shift) + (i & (executor.lanes - 1));
        for (let c = 0; c < columns; c++)
          out[(first + i) * columns + c] = executor.numbers[at + executor.lanes * c] as number;
      }
    });
    return out;
  }

  /** Gradients of all examples. */
  backpropagate(
    slots: SlotValues,
    { wrt, perExample: rows, squaredNorms, reuse }: LargeGradient,
    cotangents: BatchCotangents,
  ): Record<string, Float64Array> {
    const { angles } = this.#lowered;
    const perExample = rows || squaredNorms;
    const differentiator = this.#differentiator(wrt);
    const { executor, embedded, active } = differentiator;
    // A packed program has one example, spread over both lanes.
    const split = perExample && !executor.packed;
    const depends = split ? differentiator.perExample.depends : differentiator.depends;

    const direct = split ? differentiator.rows : [];
    const { plain: slotCells } = differentiator.perExample;
    const sink = new GradientSink(wrt, slots.batch, {
      perExample: rows,
      squaredNorms,
      reuse,
      set: new Set(slotCells.flatMap(({ slot }, p) => (direct[p] === undefined ? [] : [slot]))),
    });
    for (const rows of direct) if (rows !== undefined) this.#memory.reserve(rows.end);
    executor.begin(slots);
    const factors = executor.factors;
    for (const plain of differentiator.perExample.plain)
      plain.cells.forEach((cell, k) => {
        plain.factors[k] = factors.shared[cell / executor.lanes] as number;
      });
    for (const rows of direct) rows?.begin(executor.taken);
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
        // What each example adds to the adjoints of coefficients that have a cell per block.
        const addCells = (uses: readonly Coefficient[], axis: 'shared' | 'batch'): void => {
          for (const { node, index } of uses) {
            const adjoint = angles.adjoint(node);
            const factor = factors[axis][index] as number;
            // A shared angle that each example folds for itself has one adjoint all the same, or one per example.
            const step = perExample || angles.isBatch(node) ? 1 : 0;
            for (let i = 0, into = step * first; i < count; i++, into += step) {
              const at = executor.cellAt(axis, index, i >> shift) + (i & (lanes - 1));
              adjoint[into] = (adjoint[into] as number) + factor * (numbers[at] as number);
            }
          }
        };
        addCells(active.batch, 'batch');
        if (split) {
          const base = executor.cellAt('shared', 0, 0);
          const stride = executor.cellAt('shared', 0, 1) - base;
          const cells: Cells = { numbers, base, stride, lanes, count };
          differentiator.perExample.plain.forEach((plain, p) => {
            const known = direct[p];
            const at = start + first;
            if (known !== undefined && squaredNorms)
              known.norms(8 * base, 8 * stride, count, sink.norms(plain.slot), at);
            else if (known !== undefined) {
              const { data, start: to } = sink.row(plain.slot, at);
              known.rows(8 * base, 8 * stride, count, data, to);
            } else if (plain.whole && squaredNorms)
              addCellSquares(cells, plain, sink.norms(plain.slot), at);
            else if (plain.whole) setRows(cells, plain, sink.row(plain.slot, at));
            else addRows(cells, plain, sink.row(plain.slot, at));
          });
          addCells(differentiator.perExample.others, 'shared');
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
      made = makeDifferentiator(
        this.#circuit,
        this.#lowered,
        this.#readout,
        this.#modules,
        this.#memory,
        wrt,
      );
      this.#backward.set(id, made);
    }
    return made;
  }

  /** Bytes of the engine's memory that differentiating takes. */
  gradientBytes(wrt: readonly Slot[]): number {
    return this.#differentiator(wrt).executor.bytes;
  }

  /** Adds the gradients with respect to Hermitian matrices that come with the data. */
  #matrixGradients(slots: SlotValues, cotangents: BatchCotangents, sink: GradientSink): void {
    const gradients = new HermitianGradients(this.#circuit, this.#readout, slots, cotangents, sink);
    this.#stateReader ??= this.#reader(true);
    this.#forEachCall(this.#stateReader, slots, (executor, first, count) => {
      for (let lane = 0; lane < count; lane++)
        gradients.add(first + lane, (index) => {
          const at = executor.amplitudeAt(index) + lane;
          return [executor.numbers[at] as number, executor.numbers[at + executor.lanes] as number];
        });
    });
    gradients.close();
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
      const scale = executor.endScale(lane);
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

  /** Says how the program runs, in words and as data. */
  explain(passes: readonly ExplainedPass[]): Explanation {
    return explainProgram(this.#circuit, this.#lowered, this.runner, passes);
  }

  /** Forgets the modules. */
  dispose(): void {
    this.#forward = undefined;
    this.#stateReader = undefined;
    this.#backward.clear();
  }
}

/** Gradient cells of blocks of examples: `stride` numbers per block, the examples of a block side by side. */
interface Cells {
  readonly numbers: NumberArray;
  readonly base: number;
  readonly stride: number;
  readonly lanes: 2 | 4;
  readonly count: number;
}

/** Rows of gradients of consecutive examples. */
interface Rows {
  readonly data: Float64Array;
  readonly start: number;
  readonly size: number;
}

/** Where the cells of an example are. */
const cellsOf = ({ base, stride, lanes }: Cells, i: number): number =>
  base + Math.floor(i / lanes) * stride + (i & (lanes - 1));

/** Adds cells, times their factors, to rows of gradients. */
function addRows(from: Cells, plain: PlainCoefficients, { data, start, size }: Rows): void {
  const { numbers, count } = from;
  const { cells, elements, factors } = plain;
  for (let i = 0; i < count; i++) {
    const at = cellsOf(from, i);
    const row = start + i * size;
    for (let k = 0; k < cells.length; k++) {
      const to = row + (elements[k] as number);
      const cell = numbers[at + (cells[k] as number)] as number;
      data[to] = (data[to] as number) + (factors[k] as number) * cell;
    }
  }
}

/** The same where each element has one cell. Four examples at once, since finding a cell takes longer than using it. */
function setRows(from: Cells, plain: PlainCoefficients, { data, start, size }: Rows): void {
  const { numbers, count } = from;
  const { cells, elements, factors } = plain;
  const length = cells.length;
  let i = 0;
  for (; i + 3 < count; i += 4) {
    const left = cellsOf(from, i);
    const right = cellsOf(from, i + 2);
    const row = start + i * size;
    for (let k = 0; k < length; k++) {
      const cell = cells[k] as number;
      const factor = factors[k] as number;
      const to = row + (elements[k] as number);
      data[to] = factor * (numbers[left + cell] as number);
      data[to + size] = factor * (numbers[left + cell + 1] as number);
      data[to + 2 * size] = factor * (numbers[right + cell] as number);
      data[to + 3 * size] = factor * (numbers[right + cell + 1] as number);
    }
  }
  for (; i < count; i++) {
    const at = cellsOf(from, i);
    const row = start + i * size;
    for (let k = 0; k < length; k++)
      data[row + (elements[k] as number)] =
        (factors[k] as number) * (numbers[at + (cells[k] as number)] as number);
  }
}

/** Adds the squared norm of each example's gradient where each element has one cell. */
function addCellSquares(
  from: Cells,
  plain: PlainCoefficients,
  norms: Float64Array,
  example: number,
): void {
  const { numbers, count } = from;
  const { cells, factors } = plain;
  const length = cells.length;
  for (let i = 0; i < count; i += 2) {
    const first = cellsOf(from, i);
    let a = 0;
    let b = 0;
    for (let k = 0; k < length; k++) {
      const at = first + (cells[k] as number);
      const factor = factors[k] as number;
      const left = factor * (numbers[at] as number);
      const right = factor * (numbers[at + 1] as number);
      a += left * left;
      b += right * right;
    }
    norms[example + i] = (norms[example + i] as number) + a;
    if (i + 1 < count) norms[example + i + 1] = (norms[example + i + 1] as number) + b;
  }
}

/** The lanes of a vector added up, in order. */
function sumOfLanes(numbers: NumberArray, at: number, lanes: 2 | 4): number {
  let sum = (numbers[at] as number) + (numbers[at + 1] as number);
  for (let lane = 2; lane < lanes; lane++) sum += numbers[at + lane] as number;
  return sum;
}
