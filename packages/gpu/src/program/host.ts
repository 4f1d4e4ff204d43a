/** The host's part of a run: numbers of all steps in double precision, and gradients from what the device sums up. */
import { sizeOf } from '@ketwork/base';
import type { Circuit, Measurement, Slot } from '@ketwork/circuit';
import type { SlotValues, VjpOptions } from '@ketwork/simulator';
import {
  basisIndices,
  CHUNK,
  GradientSink,
  HermitianGradients,
  BatchCotangents,
  lower,
  optimize,
  PIECE,
  plainPasses,
  planReadout,
  Preparation,
  preparationGradients,
} from '@ketwork/simulator/lowering';
import type { Coefficient } from '@ketwork/simulator/lowering';
import { headOf } from './head.ts';
import type { Head } from './head.ts';
import { applyLeft, dagger, localElements, setIdentity, slope, takeBack } from './matrices.ts';
import type { LocalElement } from './matrices.ts';
import type { Axis, DiagonalStep, FusionOptions, Plan, UnitaryStep } from './plan.ts';
import { planCircuit } from './plan.ts';
import { Readings } from './readings.ts';
import { StartTables } from './start.ts';

/** A state preparation as the device sees it. */
export interface PreparationData {
  /** Positions of its bits, ascending. */
  readonly bits: readonly number[];
  readonly axis: 'shared' | 'batch';
  /** Where its amplitudes begin in the data of its axis, in complex numbers. */
  readonly offset: number;
}

/** A step with numbers. */
type Numbered =
  | { readonly step: UnitaryStep; readonly local: readonly LocalElement[] }
  | { readonly step: DiagonalStep; readonly local: readonly LocalElement[] };

/** A circuit lowered for GPU engines: what device and host each do, whatever the device. */
export class HostProgram {
  readonly circuit: Circuit;
  readonly plan: Plan;
  readonly readings: Readings;
  readonly preparations: readonly PreparationData[];
  /** The state after so many of the first steps, in the place of a preparation; undefined where the host makes none. */
  readonly head: (PreparationData & { readonly steps: number }) | undefined;
  /** Complex numbers that all examples share (constants first), and of each example. */
  readonly sharedSize: number;
  readonly batchSize: number;
  readonly #numbered: readonly Numbered[];
  readonly #start: StartTables | undefined;
  readonly #head: Head | undefined;
  readonly #preparations: readonly Preparation[];
  readonly #constants: Float64Array;
  readonly #matrix: Float64Array = new Float64Array(512);

  constructor(circuit: Circuit, measurements: readonly Measurement[], options: FusionOptions) {
    this.circuit = circuit;
    const readsState = measurements.some(({ type }) => type === 'state');
    const asWritten = {
      lowered: lower(circuit, readsState),
      readout: planReadout(circuit, measurements),
    };
    // What has no effect on the readings, or can be read instead of done, is left out; not for comparisons.
    const { lowered, readout } =
      options.fusion === 0 ? asWritten : optimize(asWritten, plainPasses);
    this.plan = planCircuit(lowered, options);
    this.readings = new Readings(circuit, readout);
    const { sizes, start, steps } = this.plan;
    this.#start = start === undefined ? undefined : new StartTables(start, lowered);
    this.#preparations = lowered.preparations.map((op) => new Preparation(op, circuit.slots, 1));
    let shared = sizes.constant + sizes.shared;
    let batch = sizes.batch;
    this.preparations = this.#preparations.map(({ slot: name, qubits, size }) => {
      const slot = circuit.slots.find((s) => s.name === name);
      const axis = slot?.axis ?? 'shared';
      const offset = axis === 'shared' ? shared : batch;
      if (axis === 'shared') shared += size;
      else batch += size;
      const bits = qubits.map((qubit) => circuit.qubits - 1 - qubit).sort((a, b) => a - b);
      return { bits, axis, offset };
    });
    if (options.head === true && start === undefined && this.#preparations.length === 0) {
      this.#head = headOf(this.plan, (step) => this.offsetOf(step));
      if (this.#head !== undefined) {
        const { steps: count, bits } = this.#head;
        this.head = { steps: count, bits, axis: 'shared', offset: shared };
        shared += 2 ** bits.length;
      }
    }
    this.sharedSize = shared;
    this.batchSize = batch;
    this.#numbered = steps.flatMap((step): Numbered[] => {
      if (step.type === 'permutation') return [];
      const elements = step.type === 'unitary' ? step.elements : step.parts.map((p) => p.element);
      const on = step.type === 'unitary' ? step.qubits : [];
      return [{ step, local: localElements(elements, on) } as Numbered];
    });
    this.#constants = new Float64Array(2 * sizes.constant);
    this.#write('constant', this.#constants, 0, 0);
  }

  /** Where a step's numbers begin among those that examples share, or each has. */
  offsetOf({ axis, offset }: Pick<UnitaryStep, 'axis' | 'offset'>): number {
    return axis === 'shared' ? this.plan.sizes.constant + offset : offset;
  }

  #angle({ node, scale }: Coefficient, example: number): number {
    const { angles } = this.plan.lowered;
    const value = angles.constant(node) ?? angles.column(node)[angles.isBatch(node) ? example : 0];
    return scale * (value as number);
  }

  /** Writes the numbers of steps of one axis. `example` counts from the start of the piece that was evaluated. */
  #write(axis: Axis, out: Float64Array | Float32Array, start: number, example: number): void {
    this.#writeStart(axis, out, start, example);
    for (const { step, local } of this.#numbered) {
      if (step.axis !== axis) continue;
      const at = start + 2 * step.offset;
      if (step.type === 'diagonal') {
        local.forEach(({ element }, i) => {
          if (element.type === 'matrix' || element.type === 'table') return;
          const angle = this.#angle(element.coefficient, example);
          const rotation = element.type === 'rotation';
          const odd = rotation || element.odd === true;
          const even = rotation ? -angle : odd ? 0 : angle;
          out[at + 4 * i] = Math.cos(even);
          out[at + 4 * i + 1] = Math.sin(even);
          out[at + 4 * i + 2] = Math.cos(angle);
          out[at + 4 * i + 3] = Math.sin(angle);
        });
        continue;
      }
      const d = 2 ** step.qubits.length;
      const u = this.#room(d);
      setIdentity(u, d);
      for (const one of local) applyLeft(u, d, one, this.angleOf(one, example));
      out.set(u, at);
    }
  }

  #writeStart(axis: Axis, out: Float64Array | Float32Array, begin: number, example: number): void {
    const { start } = this.plan;
    if (start === undefined || this.#start === undefined) return;
    const angleOf = (one: LocalElement): number => this.angleOf(one, example);
    if (axis === (start.axis === 'batch' ? 'shared' : start.axis)) this.#start.share(angleOf);
    if (axis === start.axis) this.#start.write(out, begin + 2 * start.offset, angleOf);
  }

  #room(d: number): Float64Array {
    return 2 * d * d <= this.#matrix.length
      ? this.#matrix.subarray(0, 2 * d * d)
      : new Float64Array(2 * d * d);
  }

  /** The angle of an element of an example, of those evaluated last; 0 where it has none. */
  angleOf({ element }: LocalElement, example: number): number {
    return 'coefficient' in element ? this.#angle(element.coefficient, example) : 0;
  }

  /**
   * Numbers of all steps and preparations that the examples share, interleaved.
   * @throws ValueError where an angle is not finite
   */
  shared(slots: SlotValues): Float32Array<ArrayBuffer> {
    const { angles } = this.plan.lowered;
    angles.evaluate(slots, 'fixed');
    const { constant } = this.plan.sizes;
    const out = new Float32Array(2 * this.sharedSize);
    out.set(this.#constants);
    this.#write('shared', out, 2 * constant, 0);
    this.#prepare('shared', slots, 0, out, 0);
    if (this.head !== undefined) this.#head?.write(out, 2 * this.head.offset);
    return out;
  }

  /**
   * Numbers of each of `count` examples from `first` on, `[count, 2 · batchSize]`; after {@link shared}.
   * @throws ValueError where an angle is not finite
   */
  batch(slots: SlotValues, first: number, count: number): Float32Array<ArrayBuffer> {
    const { angles } = this.plan.lowered;
    const width = 2 * this.batchSize;
    const out = new Float32Array(count * width);
    if (width === 0) return out;
    for (let piece = 0; piece < count; piece += PIECE) {
      const now = Math.min(PIECE, count - piece);
      angles.evaluate(slots, 'batch', first + piece, now);
      for (let e = 0; e < now; e++) {
        this.#write('batch', out, (piece + e) * width, e);
        this.#prepare('batch', slots, first + piece + e, out, (piece + e) * width);
      }
    }
    return out;
  }

  #prepare(
    axis: 'shared' | 'batch',
    slots: SlotValues,
    example: number,
    out: Float32Array,
    start: number,
  ): void {
    this.#preparations.forEach((preparation, p) => {
      const data = this.preparations[p] as PreparationData;
      if (data.axis !== axis) return;
      const own = new Float64Array(2 * preparation.size);
      preparation.stage(slots, example, own, 0, 0);
      out.set(own, start + 2 * data.offset);
    });
  }

  /** Weights of λ = O ψ of each of `count` examples, `[count, layout.size]` with one chunk per section. */
  weights(
    slots: SlotValues,
    cotangents: BatchCotangents,
    first: number,
    count: number,
  ): Float32Array<ArrayBuffer> {
    const { readings } = this;
    const layout = readings.layout();
    const out = new Float32Array(count * layout.size);
    const { columns } = readings.readout;
    const byColumn = new Float64Array(
      columns + (readings.readsState ? 2 * 2 ** this.plan.qubits : 0),
    );
    for (let e = 0; e < count; e++) {
      byColumn.fill(0);
      cotangents.each(first + e, (column, amount) => {
        byColumn[column] = (byColumn[column] as number) + amount;
      });
      const row = out.subarray(e * layout.size, (e + 1) * layout.size);
      readings.writeWeights(byColumn, slots, first + e, layout, row);
    }
    return out;
  }

  /** What gradients by these slots need of the device besides the cells. */
  needs(wrt: readonly Slot[]): { readonly start: boolean; readonly end: boolean } {
    const names = new Set(wrt.map(({ name }) => name));
    return {
      start: this.#preparations.some(({ slot }) => slot !== undefined && names.has(slot)),
      end: wrt.some(({ kind }) => kind === 'hermitian'),
    };
  }

  /** Whether gradients can be made of the cells that all examples have together: one set, whatever the batch. */
  addsUp(wrt: readonly Slot[], { perExample = false, squaredNorms = false }: VjpOptions): boolean {
    const { start, end } = this.needs(wrt);
    return (
      !perExample &&
      !squaredNorms &&
      !start &&
      !end &&
      this.#numbered.every(({ step }) => step.cells === undefined || step.axis === 'shared')
    );
  }

  /**
   * Gradients from the device's sums. `read` gives, for examples from `first` on, their cells (interleaved,
   * `[count, 2 · plan.cells]`, R = Σ ψ λ† before each step) and, where {@link needs} says so, λ at the start and ψ at the
   * end of the circuit, `[count, 2^n, 2]`. It is called for runs of at most 64 examples, in order. Where cells
   * {@link addsUp}, `read` may be those of all examples.
   */
  async gradients(
    slots: SlotValues,
    wrt: readonly Slot[],
    options: VjpOptions,
    cotangents: BatchCotangents,
    read: WholeSums | ((first: number, count: number) => Promise<GradientSums>),
  ): Promise<Record<string, Float64Array>> {
    const { perExample = false, squaredNorms = false } = options;
    const each = perExample || squaredNorms;
    const { angles } = this.plan.lowered;
    const sink = new GradientSink(wrt, slots.batch, { perExample, squaredNorms });
    const matrices = new GradientSink(
      wrt.filter(({ kind }) => kind === 'hermitian'),
      slots.batch,
      { perExample, squaredNorms },
    );
    const { start: embeds, end } = this.needs(wrt);
    const depends = angles.dependsOn(new Set(wrt.map(({ name }) => name)));
    const { cells } = this.plan;
    const states = 2 ** this.plan.qubits;
    const hermitian = end
      ? new HermitianGradients(this.circuit, this.readings.readout, slots, cotangents, matrices)
      : undefined;
    const shared = new Float64Array(2 * cells);
    const whole = typeof read === 'function' ? undefined : read;
    const first = this.#numbered.find(({ step }) => step.cells !== undefined);
    const batch = whole === undefined ? slots.batch : Math.min(CHUNK, slots.batch);
    for (let start = 0; start < batch; start += CHUNK) {
      const count = Math.min(CHUNK, slots.batch - start);
      const sums = typeof read === 'function' ? await read(start, count) : read;
      // Columns of angles belong to this run from here on: nothing waits until the chunk is done.
      angles.evaluate(slots, 'fixed');
      angles.evaluate(slots, 'batch', start, count);
      sink.openChunk(start, count);
      for (const numbered of this.#numbered) {
        const { step } = numbered;
        if (step.cells === undefined) continue;
        const at = 2 * step.cells;
        const length =
          step.type === 'unitary' ? 2 * 4 ** step.qubits.length : 4 * step.parts.length;
        const how = { each, depends, behind: whole?.behind === true && numbered === first };
        if (step.axis === 'shared' && !each) {
          const sum = shared.subarray(0, length);
          sum.fill(0);
          for (let e = 0; e < (whole === undefined ? count : 1); e++)
            for (let i = 0; i < length; i++)
              sum[i] = (sum[i] as number) + (sums.cells[e * 2 * cells + at + i] as number);
          this.#addSlopes(numbered, sum, 0, 0, how);
        } else {
          for (let e = 0; e < count; e++)
            this.#addSlopes(numbered, sums.cells, e * 2 * cells + at, e, how);
        }
      }
      for (let e = 0; embeds && e < count; e++) {
        const row = (sums as Required<GradientSums>).start.subarray(
          2 * e * states,
          2 * (e + 1) * states,
        );
        this.#addPreparations(slots, start + e, row, sink);
      }
      for (let e = 0; hermitian !== undefined && e < count; e++) {
        const row = (sums as Required<GradientSums>).end.subarray(
          2 * e * states,
          2 * (e + 1) * states,
        );
        hermitian.add(start + e, (i) => [row[2 * i] as number, row[2 * i + 1] as number]);
      }
      angles.backpropagate(depends, count, each, (slot, element, column) =>
        sink.add(slot, element, column),
      );
      sink.closeChunk();
    }
    hermitian?.close();
    const gradients = sink.finish();
    return hermitian === undefined ? gradients : { ...gradients, ...matrices.finish() };
  }

  /** Adds what a step's sums say of its angles to their adjoints. */
  #addSlopes(
    { step, local }: Numbered,
    sums: ArrayLike<number>,
    from: number,
    example: number,
    { each, depends, behind }: SlopeOptions,
  ): void {
    const { angles } = this.plan.lowered;
    const add = ({ node, scale }: Coefficient, by: number): void => {
      if (depends[node] !== true) return;
      const adjoint = angles.adjoint(node);
      const at = each || angles.isBatch(node) ? example : 0;
      adjoint[at] = (adjoint[at] as number) + 2 * scale * by;
    };
    if (step.type === 'diagonal') {
      local.forEach(({ element }, i) => {
        if (element.type === 'matrix' || element.type === 'table') return;
        // Phases cancel: the sums are the same before the step and behind it.
        const even = sums[from + 4 * i + 1] as number;
        const odd = sums[from + 4 * i + 3] as number;
        if (element.type === 'rotation') add(element.coefficient, even - odd);
        else add(element.coefficient, element.odd === true ? -odd : -even - odd);
      });
      return;
    }
    const d = 2 ** step.qubits.length;
    const r = this.#room(d);
    for (let i = 0; i < r.length; i++) r[i] = sums[from + i] as number;
    if (behind) {
      const u = new Float64Array(2 * d * d);
      setIdentity(u, d);
      for (const one of local) applyLeft(u, d, one, this.angleOf(one, example));
      takeBack(r, u, d);
    }
    let mirrored = false;
    for (const one of local) {
      const angle = this.angleOf(one, example);
      applyLeft(r, d, one, angle);
      dagger(r, d);
      applyLeft(r, d, one, angle);
      mirrored = !mirrored;
      if ('coefficient' in one.element && depends[one.element.coefficient.node] === true)
        add(one.element.coefficient, slope(r, d, one, mirrored));
    }
  }

  #addPreparations(
    slots: SlotValues,
    example: number,
    lambda: Float32Array,
    sink: GradientSink,
  ): void {
    const { qubits } = this.plan;
    for (const preparation of this.#preparations)
      preparation.stage(slots, example, new Float64Array(2 * preparation.size), 0, 0);
    const offsets = this.#preparations.map((p) =>
      basisIndices(
        p.qubits.toSorted((a, b) => a - b),
        qubits,
      ),
    );
    const found = preparationGradients(this.#preparations, offsets, 0, (index) => [
      lambda[2 * index] as number,
      lambda[2 * index + 1] as number,
    ]);
    this.#preparations.forEach((preparation, p) => {
      if (preparation.slot === undefined || !sink.wants(preparation.slot)) return;
      const { data, start } = sink.row(preparation.slot, example);
      preparation.addGradient(found[p] as Float64Array, 0, data, start);
    });
  }

  /** Bytes of the values of a batch on the host. */
  valueBytes(batch: number): number {
    return this.circuit.slots.reduce(
      (sum, { axis, shape }) => sum + 8 * (axis === 'batch' ? batch : 1) * sizeOf(shape),
      0,
    );
  }
}

interface SlopeOptions {
  /** Whether adjoints of what examples share are kept for each of them. */
  readonly each: boolean;
  /** Which nodes gradients are taken by. */
  readonly depends: readonly boolean[];
  /** Whether the sums were taken behind the step. */
  readonly behind: boolean;
}

/** What the device sums up of all examples together. */
export interface WholeSums {
  /** `[cells, 2]` */
  readonly cells: Float64Array;
  /** Whether those of the first step that has any were taken behind it, so that it need not be undone. */
  readonly behind: boolean;
}

/** What the device sums up for the gradients of some examples. */
export interface GradientSums {
  /** `[count, cells, 2]` */
  readonly cells: Float32Array;
  /** λ at the start of the circuit, `[count, 2^n, 2]`. */
  readonly start?: Float32Array;
  /** ψ at its end. */
  readonly end?: Float32Array;
}
