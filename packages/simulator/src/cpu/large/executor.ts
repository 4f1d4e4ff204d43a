/** Takes one example at a time through a large state, stage by stage, and back. */
import { elementary } from '@ketwork/base';
import { treeSum } from '../gradient-sink.ts';
import type { AngleTable } from '../angles.ts';
import { RunCoefficients } from '../coefficients.ts';
import type { Unwinding } from '../coefficients.ts';
import type { Coefficient } from '../element.ts';
import type { Lowered } from '../lower.ts';
import { Layout } from '../memory.ts';
import type { EngineMemory } from '../memory.ts';
import type { Readout } from '../readout.ts';
import type { SlotValues } from '../../values.ts';
import type { LargeModule, LargeSizes } from './module.ts';
import type { LargePreparation } from './preparation.ts';
import { packedBytes } from './stage-code.ts';

/** Gradients are added up in this many parts of the state, so that threads do not change their bits. */
const PARTS = 16;

/** Addresses, in bytes. State, lambda and chunk are aligned to their own size, so that addresses can be exclusive-ored. */
interface Addresses {
  readonly constants: number;
  readonly shared: number;
  readonly pairs: number;
  readonly columns: number;
  readonly cells: number;
  readonly pairCells: number;
  readonly readScratch: number;
  readonly chunk: number;
  readonly state: number;
  readonly bytes: number;
}

type Entry = (...args: (number | bigint)[]) => void;

/** The memory for a large state, and lambda where it is needed: one with 64-bit addresses where it takes them. */
export function memoryFor(
  memory: EngineMemory,
  qubits: number,
  gradient: boolean,
  sizes: LargeSizes,
): EngineMemory {
  // With some room for all else.
  const least = packedBytes(qubits) * (gradient ? 2 : 1) + 2 ** 24;
  return sizes.wide === true || memory.outgrows(least) ? memory.larger : memory;
}

/** One module of a program on a large state, ready to run. */
export class LargeExecutor {
  readonly built: LargeModule;
  readonly #memory: EngineMemory;
  readonly #angles: AngleTable;
  readonly #qubits: number;
  readonly #gradient: boolean;
  readonly #addresses: Addresses;
  readonly #entries: Record<string, Entry>;
  readonly #preparation: LargePreparation;
  readonly #parts: number;
  /** Bytes of the state's cotangents, where it is measured. */
  readonly #cotangents: number;
  readonly #run: RunCoefficients;
  readonly #factors: Unwinding;

  constructor(
    lowered: Lowered,
    readout: Readout,
    memory: EngineMemory,
    preparation: LargePreparation,
    built: LargeModule,
  ) {
    this.#memory = memory;
    this.#angles = lowered.angles;
    this.#qubits = lowered.qubits;
    this.#preparation = preparation;
    this.#gradient = built.gradient;
    this.built = built;
    this.#run = new RunCoefficients(lowered);
    this.#factors = this.#run.unwinding(this.built.undone);
    this.#parts = Math.min(PARTS, this.built.chunks);
    const readsState = readout.steps.some(({ type }) => type === 'state');
    this.#cotangents = this.#gradient && readsState ? packedBytes(this.#qubits) : 0;
    this.#addresses = this.#place();
    const instance = new WebAssembly.Instance(this.built.module, {
      env: { memory: this.#memory.memory },
    });
    this.#entries = instance.exports as Record<string, Entry>;
  }

  #place(): Addresses {
    const { built } = this;
    const state = packedBytes(this.#qubits);
    const layout = new Layout();
    const count = built.coefficients.length;
    const columns = built.readout.readout.columns;
    // Workers that share the state have scratch memory of their own.
    const workers = this.#memory.team?.size ?? 1;
    const pairs = 32 * built.chunkCoefficients;
    const pairCells = this.#gradient ? 16 * built.chunkCoefficients : 0;
    const states = (this.#gradient ? 2 : 1) * state;
    layout.skipTo(states);
    const addresses = {
      constants: layout.take(built.constants.length),
      shared: layout.take(16 * count),
      pairs: layout.take(pairs * workers),
      columns: layout.take(16 * columns + this.#cotangents),
      cells: layout.take(this.#gradient ? 16 * count * this.#parts : 0),
      pairCells: layout.take(pairCells * workers),
      readScratch: layout.take(built.scratchBytes),
    };
    const aligned = (at: number, size: number): number => Math.ceil(at / size) * size;
    const chunk = aligned(layout.bytes, built.chunkBytes);
    const rank = this.#memory.team?.rank ?? 0;
    return {
      ...addresses,
      pairs: addresses.pairs + rank * pairs,
      pairCells: addresses.pairCells + rank * pairCells,
      chunk: chunk + rank * built.chunkBytes,
      // At the very beginning, where no room is lost to alignment.
      state: 0,
      bytes: chunk + built.chunkBytes * workers,
    };
  }

  /** Bytes of memory this module needs. */
  get bytes(): number {
    return this.#addresses.bytes;
  }

  /** Memory as doubles. */
  get doubles(): Float64Array {
    return this.#memory.doubles;
  }

  /** Readies memory and takes an example, whose angles stand at this position of the chunk, to the final state. */
  forward(values: SlotValues, example: number, position: number): void {
    const a = this.#addresses;
    const team = this.#memory.team;
    this.#run.update();
    this.#factors.update();
    // Nobody reads results of the example before any more.
    team?.meet();
    if (this.#leads) this.#prepare(position);
    team?.meet();
    if (team !== undefined) this.#memory.refresh();
    const { doubles } = this.#memory;
    const bytes = packedBytes(this.#qubits) / this.#parts;
    const [from, to] = this.#share;
    // The leader's share contains |0…0⟩.
    doubles.fill(0, (a.state + bytes * from) / 8, (a.state + bytes * to) / 8);
    if (!this.#preparation.empty) team?.meet();
    if (this.#leads)
      this.#preparation.write(values, example, doubles, a.state / 8, this.#run.initial);
    team?.meet();
    for (const stage of this.built.forward) this.#stage(stage);
  }

  /** Whether this worker does what is done once. */
  get #leads(): boolean {
    return (this.#memory.team?.rank ?? 0) === 0;
  }

  /** The parts of the state that this worker takes. */
  get #share(): readonly [from: number, to: number] {
    return this.#memory.team?.share(this.#parts) ?? [0, this.#parts];
  }

  /** Reserves memory and fills in constants and coefficients. */
  #prepare(position: number): void {
    const a = this.#addresses;
    this.#memory.reserve(a.bytes);
    const { doubles } = this.#memory;
    if (this.#memory.owner !== this) {
      new Uint8Array(this.#memory.memory.buffer).set(this.built.constants, a.constants);
      this.#memory.owner = this;
    }
    this.#fill(position);
    for (const weight of this.built.weights)
      doubles[(a.constants + weight.at) / 8] = this.#run.signed(weight);
  }

  /** Lays coefficients into memory: those of the run as they are, others from their angles. */
  #fill(position: number): void {
    const { doubles } = this.#memory;
    const { coefficients, uses } = this.built;
    const { pairs, signs } = this.#run;
    coefficients.forEach((coefficient, i) => {
      const at = this.#addresses.shared / 8 + 2 * i;
      const use = uses[i];
      if (use?.axis === 'shared' && use.scale === coefficient.scale) {
        doubles[at] = pairs[2 * use.index] as number;
        doubles[at + 1] = pairs[2 * use.index + 1] as number;
        return;
      }
      const sign = use === undefined ? 1 : (signs[use.axis][use.index] as number);
      const angle = sign * coefficient.scale * this.#angle(coefficient, position);
      doubles[at] = angle;
      elementary.cosSin(doubles, at);
    });
  }

  /** Derivative with respect to a coefficient's angle over the number in its cell, since the last run forward. */
  factor(index: number): number {
    const { coefficients, uses } = this.built;
    const { scale } = coefficients[index] as Coefficient;
    const use = uses[index];
    if (use === undefined) return 0;
    return ((this.#factors[use.axis][use.index] as number) * scale) / use.scale;
  }

  #angle({ node }: Coefficient, position: number): number {
    const column = this.#angles.column(node);
    return column[this.#angles.isBatch(node) ? position : 0] as number;
  }

  #stage(name: string): void {
    const a = this.#addresses;
    const { chunks, coefficients } = this.built;
    const each = chunks / this.#parts;
    const [from, to] = this.#share;
    for (let part = from; part < to; part++) {
      const cells = a.cells + 16 * coefficients.length * part;
      const range = [part * each, (part + 1) * each] as const;
      const common = [a.state, a.chunk, a.shared, a.pairs, a.constants] as const;
      this.#call(name, [...common, ...range, cells, a.pairCells]);
    }
    this.#memory.team?.meet();
  }

  /** Fills the columns of the final state. */
  read(): void {
    const { columns } = this.#addresses;
    const { doubles } = this.#memory;
    if (this.#leads) {
      doubles.fill(0, columns / 8, columns / 8 + 2 * this.built.readout.readout.columns);
      this.#readout('read');
    }
    this.#memory.team?.meet();
  }

  #readout(name: 'read' | 'seed'): void {
    const a = this.#addresses;
    const common = [a.state, a.shared, a.pairs, a.constants, 0, 0, a.readScratch, 1] as const;
    this.#call(name, [...common, a.columns, 0, 0, 0, 0, 0, 0]);
  }

  /** Calls a function of the module, with as many arguments as it takes. */
  #call(name: string, values: readonly number[]): void {
    const entry = this.#entries[name] as Entry;
    if (this.#memory.wide) entry(...values.slice(0, entry.length).map(BigInt));
    else entry(...values);
  }

  /** Copies some of the program's columns. */
  columns(list: readonly number[], out: Float64Array, start: number): void {
    const { doubles } = this.#memory;
    const at = this.#addresses.columns / 8;
    const { means, blocks } = this.built.readout;
    for (let i = 0; i < list.length;) {
      const column = list[i] as number;
      const pair = means.get(column);
      if (pair !== undefined) {
        const [a, b, c, d] = doubles.subarray(at + 2 * pair, at + 2 * pair + 4);
        out[start + i] = (a as number) + (b as number) + ((c as number) - (d as number));
        i++;
        continue;
      }
      const block = blocks.find(({ first, count }) => column >= first && column < first + count);
      if (block === undefined) throw new Error(`there is no column ${column}`);
      const { first, count, column: lane, lanes } = block;
      for (; i < list.length; i++) {
        const outcome = (list[i] as number) - first;
        if (outcome < 0 || outcome >= count) break;
        const from = at + 2 * lane + (lanes ? outcome : 2 * outcome);
        out[start + i] = lanes
          ? (doubles[from] as number)
          : (doubles[from] as number) + (doubles[from + 1] as number);
      }
    }
  }

  /** Copies the final state, `[2^n]`, interleaved. */
  copyState(out: Float64Array, start: number): void {
    const { doubles } = this.#memory;
    const at = this.#addresses.state / 8;
    const slots = 2 ** (this.#qubits - 1);
    for (let slot = 0, to = start, from = at; slot < slots; slot++, to += 4, from += 4) {
      out[to] = doubles[from] as number;
      out[to + 1] = doubles[from + 2] as number;
      out[to + 2] = doubles[from + 1] as number;
      out[to + 3] = doubles[from + 3] as number;
    }
  }

  /**
   * From the final state and cotangents of the columns (half that of the state as columns of their own) back to the
   * beginning; gradients lie in the cells then.
   */
  backward(each: (add: (column: number, amount: number) => void) => void, columns: number): void {
    if (this.#leads) this.#seed(each, columns);
    const { pairCells } = this.#addresses;
    const { doubles } = this.#memory;
    doubles.fill(0, pairCells / 8, pairCells / 8 + 2 * this.built.chunkCoefficients);
    this.#memory.team?.meet();
    for (const stage of this.built.backward) this.#stage(stage);
  }

  /** Cotangents of lanes, and lambda from them. */
  #seed(each: (add: (column: number, amount: number) => void) => void, columns: number): void {
    const a = this.#addresses;
    const { doubles } = this.#memory;
    const { readout, coefficients } = this.built;
    const at = a.columns / 8;
    const state = at + 2 * readout.readout.columns;
    doubles.fill(0, at, state + this.#cotangents / 8);
    const add = (index: number, lane: number, amount: number): void => {
      doubles[at + 2 * index + lane] = (doubles[at + 2 * index + lane] as number) + amount;
    };
    each((column, amount) => {
      if (column >= columns) {
        // Interleaved number i of the state: lane of the last qubit, real or imaginary vector.
        const i = column - columns;
        const to = state + 4 * (i >> 2) + ((i >> 1) & 1) + 2 * (i & 1);
        doubles[to] = (doubles[to] as number) + amount;
        return;
      }
      const pair = readout.means.get(column);
      if (pair !== undefined) {
        add(pair, 0, amount);
        add(pair, 1, amount);
        add(pair + 1, 0, amount);
        add(pair + 1, 1, -amount);
        return;
      }
      for (const { first, count, column: lane, lanes } of readout.blocks) {
        const outcome = column - first;
        if (outcome < 0 || outcome >= count) continue;
        if (lanes) add(lane + (outcome >> 1), outcome & 1, amount);
        else {
          add(lane + outcome, 0, amount);
          add(lane + outcome, 1, amount);
        }
      }
    });
    this.#readout('seed');
    doubles.fill(0, a.cells / 8, a.cells / 8 + 2 * coefficients.length * this.#parts);
  }

  /** Amplitude `index` of lambda, as [re, im]. */
  lambda(index: number): readonly [number, number] {
    const { doubles } = this.#memory;
    const at =
      (this.#addresses.state + packedBytes(this.#qubits)) / 8 + 4 * (index >>> 1) + (index & 1);
    const scale = this.#factors.end;
    return [scale * (doubles[at] as number), scale * (doubles[at + 2] as number)];
  }

  /** Gradient cells of all coefficients, both lanes and all parts added up. */
  cells(): Float64Array {
    const { cells } = this.#addresses;
    const count = this.built.coefficients.length;
    const parts = this.#memory.doubles.slice(cells / 8, cells / 8 + 2 * count * this.#parts);
    const sums = treeSum(parts, 2 * count);
    return Float64Array.from(
      { length: count },
      (_, i) => (sums[2 * i] as number) + (sums[2 * i + 1] as number),
    );
  }
}
