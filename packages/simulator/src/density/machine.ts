import { sizeOf } from '@ketwork/base';
import type { Circuit, Slot } from '@ketwork/circuit';
import type { AngleTable } from '../cpu/angles.ts';
import type { GradientSink } from '../cpu/gradient-sink.ts';
import type { EngineMemory } from '../cpu/memory.ts';
import type { SlotValues } from '../values.ts';
import type { PreparationElement } from './element.ts';
import type { Step } from './group.ts';
import { bytesPerNumber } from './kernel.ts';
import type { Layout } from './kernel.ts';
import { buildStages } from './module.ts';
import type { StageFunctions, Traced } from './module.ts';
import { applyPreparation, preparationCotangent } from './preparation.ts';
import type { Coefficient } from './trace.ts';
import { applyWide } from './wide.ts';
import type { VectorView } from './wide.ts';

/** What a program of the engine consists of. */
export interface Plan {
  readonly circuit: Circuit;
  /** Digits of a vector: qubits and classical bits. */
  readonly wires: number;
  readonly layout: Layout;
  readonly steps: readonly Step[];
  readonly traced: Traced;
  /** Bytes for vectors that a gradient keeps. */
  readonly kept: number;
}

/** Runs the steps of a program, forward and back, on the vectors of two examples at a time (or of one, packed). */
export class Machine {
  readonly lanes: 1 | 2;
  /** Bytes of memory it needs. */
  readonly bytes: number;
  /** Vectors it has room for: the first is the state (or, on the way back, the cotangent). */
  readonly vectors: number;
  readonly #plan: Plan;
  readonly #memory: EngineMemory;
  readonly #wanted: ((coefficient: Coefficient) => boolean) | undefined;
  #functions: ReadonlyMap<number, StageFunctions> | undefined;
  readonly #vectorBytes: number;
  readonly #cells: number;
  readonly #chunks: number;
  readonly #cotangentChunk: number;
  readonly #firstVector: number;
  #values: SlotValues | undefined;
  /** Numbers of the examples in the lanes. */
  #examples: readonly number[] = [];

  /** @param wanted for gradients: whether derivatives by a coefficient are collected */
  constructor(plan: Plan, memory: EngineMemory, wanted?: (coefficient: Coefficient) => boolean) {
    const { layout, traced, wires, steps } = plan;
    this.#plan = plan;
    this.#memory = memory;
    this.#wanted = wanted;
    this.lanes = layout === 'pairs' ? 2 : 1;
    this.#vectorBytes = bytesPerNumber(layout) * 4 ** wires;
    const table = 16 * traced.coefficients.length;
    const stages = [...traced.stages.values()];
    const most = (size: (stage: (typeof stages)[number]) => number): number =>
      Math.max(0, ...stages.map(size));
    this.#cells = table;
    this.#chunks = table * (wanted === undefined ? 1 : 2);
    const chunks = most(({ bytes, groups, chunks: all }) =>
      wanted === undefined ? (all.length > 1 ? bytes : 0) : bytes * groups.length,
    );
    this.#cotangentChunk = this.#chunks + chunks;
    this.#firstVector =
      this.#cotangentChunk + (wanted === undefined ? 0 : most(({ bytes }) => bytes));
    this.vectors =
      wanted === undefined
        ? 1
        : Math.min(steps.length + 3, Math.max(4, Math.floor(plan.kept / this.#vectorBytes)));
    this.bytes = this.#firstVector + this.vectors * this.#vectorBytes;
  }

  /** Code is written when it is first needed. */
  get #stages(): ReadonlyMap<number, StageFunctions> {
    const { traced, wires, layout } = this.#plan;
    return (this.#functions ??= buildStages(
      traced,
      wires,
      layout,
      this.#memory.memory,
      this.#wanted,
    ));
  }

  /** Starts on values: coefficients that all examples share are laid into memory. */
  begin(values: SlotValues, angles: AngleTable): void {
    this.#values = values;
    const numbers = this.#memory.doubles;
    this.#plan.traced.coefficients.forEach(({ node, factor }, i) => {
      if (node >= 0 && angles.isBatch(node)) return;
      const x = node < 0 ? factor : factor * angles.column(node)[0]!;
      numbers[2 * i] = x;
      numbers[2 * i + 1] = x;
    });
  }

  /**
   * Turns to the next examples.
   *
   * @param examples numbers in the batch, one per lane
   * @param positions their positions in the columns of the angle table
   */
  turnTo(examples: readonly number[], positions: readonly number[], angles: AngleTable): void {
    this.#examples = examples;
    if (this.lanes === 1) return;
    const numbers = this.#memory.doubles;
    this.#plan.traced.coefficients.forEach(({ node, factor }, i) => {
      if (node < 0 || !angles.isBatch(node)) return;
      const column = angles.column(node);
      numbers[2 * i] = factor * column[positions[0]!]!;
      numbers[2 * i + 1] = factor * column[positions[1]!]!;
    });
  }

  /** One lane of a vector. */
  view(vector: number, lane: number): VectorView {
    const start = (this.#firstVector + vector * this.#vectorBytes) / 8 + lane;
    return { numbers: this.#memory.doubles, start, step: this.lanes };
  }

  /** Puts all qubits of a vector into |0⟩: 1 for every product of I and Z. */
  reset(vector: number): void {
    const numbers = this.#memory.doubles;
    const start = (this.#firstVector + vector * this.#vectorBytes) / 8;
    const size = this.#vectorBytes / 8;
    numbers.fill(0, start, start + size);
    numbers.fill(1, start, start + this.lanes);
    for (let filled = this.lanes; filled < size; filled *= 4)
      numbers.copyWithin(start + 3 * filled, start, start + filled);
  }

  /** Zeros of a vector. */
  clear(vector: number): void {
    const start = (this.#firstVector + vector * this.#vectorBytes) / 8;
    this.#memory.doubles.fill(0, start, start + this.#vectorBytes / 8);
  }

  /** Zeros in all cells. */
  clearCells(): void {
    this.#memory.doubles.fill(0, this.#cells / 8, (this.#cells + this.#cells) / 8);
  }

  /** The derivative by a coefficient, in a lane; a packed example's is spread over both. */
  cell(coefficient: number, lane: number): number {
    const at = this.#cells / 8 + 2 * coefficient;
    const numbers = this.#memory.doubles;
    return this.lanes === 1 ? numbers[at]! + numbers[at + 1]! : numbers[at + lane]!;
  }

  copy(from: number, to: number): void {
    const start = this.#firstVector / 8;
    const size = this.#vectorBytes / 8;
    this.#memory.doubles.copyWithin(
      start + to * size,
      start + from * size,
      start + (from + 1) * size,
    );
  }

  /** Applies steps `from` to `to` to a vector. */
  forward(vector: number, from: number, to: number): void {
    const { wires: qubits, steps, traced } = this.#plan;
    const address = this.#firstVector + vector * this.#vectorBytes;
    for (let index = from; index < to; index++) {
      const step = steps[index]!;
      if (step.type === 'stage') {
        const functions = this.#stages.get(index)!;
        const { chunks } = traced.stages.get(index)!;
        if (chunks.length === 1) functions.forward(address, 0);
        else {
          for (const start of chunks) {
            functions.gather(address + start, this.#chunks);
            functions.forward(this.#chunks, 0);
            functions.scatter(this.#chunks, address + start);
          }
        }
        continue;
      }
      for (let lane = 0; lane < this.lanes; lane++) {
        const view = this.view(vector, lane);
        if (step.type === 'wide') applyWide(step, qubits, view, 'forward');
        else applyPreparation(step.qubits, qubits, this.#amplitudes(step, lane), view);
      }
    }
  }

  /**
   * Takes the cotangent in `cotangent` back through one step.
   *
   * @param before the vector before the step
   */
  backward(index: number, before: number, cotangent: number, sink: GradientSink): void {
    const { wires: qubits, steps, traced } = this.#plan;
    const step = steps[index]!;
    if (step.type === 'stage') {
      const functions = this.#stages.get(index)!;
      const vector = this.#firstVector + before * this.#vectorBytes;
      const back = this.#firstVector + cotangent * this.#vectorBytes;
      for (const start of traced.stages.get(index)!.chunks) {
        functions.gather(vector + start, this.#chunks);
        functions.record(this.#chunks, 0);
        functions.gather(back + start, this.#cotangentChunk);
        functions.backward(this.#chunks, this.#cotangentChunk, 0, this.#cells);
        functions.scatter(this.#cotangentChunk, back + start);
      }
      return;
    }
    for (let lane = 0; lane < this.lanes; lane++) {
      const [view, into] = [this.view(before, lane), this.view(cotangent, lane)];
      if (step.type === 'wide') applyWide(step, qubits, into, 'back');
      else {
        const amplitudes = this.#amplitudes(step, lane);
        const slope = preparationCotangent(step.qubits, qubits, amplitudes, view, into);
        this.#deliver(step, slope, amplitudes, lane, sink);
      }
    }
  }

  #slot(name: string): Slot {
    return this.#plan.circuit.slots.find((slot) => slot.name === name)!;
  }

  /** Values of the slot a preparation reads, for one example. */
  #given(step: PreparationElement, lane: number): { values: Float64Array; real: boolean } {
    if ('values' in step.amplitudes)
      return { values: Float64Array.from(step.amplitudes.values), real: false };
    const slot = this.#slot(step.amplitudes.slot);
    const size = sizeOf(slot.shape);
    const start = slot.axis === 'batch' ? size * this.#examples[lane]! : 0;
    const values = this.#values!.get(slot.name).subarray(start, start + size);
    return { values, real: slot.shape.length === 1 };
  }

  /** Amplitudes of a preparation, interleaved, of norm 1 if they are normalised. */
  #amplitudes(step: PreparationElement, lane: number): Float64Array {
    const { values, real } = this.#given(step, lane);
    const out = real
      ? Float64Array.from({ length: 2 * values.length }, (_, i) =>
          i % 2 === 0 ? values[i / 2]! : 0,
        )
      : values.slice();
    if (!step.normalize) return out;
    const norm = Math.sqrt(out.reduce((sum, x) => sum + x * x, 0));
    return out.map((x) => x / norm);
  }

  /** Adds the gradient by amplitudes to that of their slot. */
  #deliver(
    step: PreparationElement,
    slope: Float64Array,
    amplitudes: Float64Array,
    lane: number,
    sink: GradientSink,
  ): void {
    if (!('slot' in step.amplitudes) || !sink.wants(step.amplitudes.slot)) return;
    const { values, real } = this.#given(step, lane);
    if (step.normalize) {
      const norm = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
      const along = slope.reduce((sum, x, i) => sum + x * amplitudes[i]!, 0);
      slope.forEach((x, i) => (slope[i] = (x - along * amplitudes[i]!) / norm));
    }
    const { data, start } = sink.row(step.amplitudes.slot, this.#examples[lane]!);
    values.forEach((_, i) => {
      data[start + i] = data[start + i]! + slope[real ? 2 * i : i]!;
    });
  }

  /** Forgets the code. */
  dispose(): void {
    this.#functions = undefined;
  }
}
