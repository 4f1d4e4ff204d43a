/** Takes one example at a time through a large state, stage by stage, and back. */
import { elementary, instantiateWasm } from '@ketwork/base';
import { treeSum } from '../gradient-sink.ts';
import type { AngleTable } from '../angles.ts';
import { bytesOf, lanesOf } from '../arithmetic.ts';
import { RunCoefficients } from '../coefficients.ts';
import type { Unwinding } from '../coefficients.ts';
import type { Coefficient } from '../element.ts';
import type { Lowered } from '../lower.ts';
import { Layout } from '../memory.ts';
import type { EngineMemory } from '../memory.ts';
import { parity } from '../../bits.ts';
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
  const least = packedBytes(qubits, memory.numerics) * (gradient ? 2 : 1) + 2 ** 24;
  return sizes.wide === true || memory.outgrows(least) ? memory.larger : memory;
}

/** One module of a program on a large state, ready to run. */
export class LargeExecutor {
  readonly built: LargeModule;
  readonly #memory: EngineMemory;
  readonly #angles: AngleTable;
  readonly #qubits: number;
  readonly #lanes: 2 | 4;
  readonly #numberBytes: 8 | 4;
  /** Bytes of the state. */
  readonly #stateBytes: number;
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
    this.#lanes = lanesOf(memory.numerics);
    this.#numberBytes = bytesOf(memory.numerics);
    this.#stateBytes = packedBytes(lowered.qubits, memory.numerics);
    this.#preparation = preparation;
    this.#gradient = built.gradient;
    this.built = built;
    this.#run = new RunCoefficients(lowered, true);
    this.#factors = this.#run.unwinding(this.built.undone);
    this.#parts = Math.min(PARTS, this.built.chunks);
    const readsState = readout.steps.some(({ type }) => type === 'state');
    this.#cotangents = this.#gradient && readsState ? this.#stateBytes : 0;
    this.#addresses = this.#place();
    const instance = instantiateWasm(this.built.module, {
      env: { memory: this.#memory.memory },
    });
    this.#entries = instance.exports as Record<string, Entry>;
  }

  #place(): Addresses {
    const { built } = this;
    const state = this.#stateBytes;
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

  /** Readies memory and takes an example, whose angles stand at this position of the chunk, to the final state. */
  forward(values: SlotValues, example: number, position: number): void {
    const a = this.#addresses;
    const team = this.#memory.team;
    this.#run.update(position);
    this.#factors.update();
    // Nobody reads results of the example before any more.
    team?.meet();
    if (this.#leads) this.#prepare(position);
    team?.meet();
    if (team !== undefined) this.#memory.refresh();
    const { numbers } = this.#memory;
    const bytes = this.#stateBytes / this.#parts;
    const [from, to] = this.#share;
    const state = this.#at(a.state);
    // The leader's share contains |0…0⟩.
    numbers.fill(0, this.#at(a.state + bytes * from), this.#at(a.state + bytes * to));
    if (!this.#preparation.empty) team?.meet();
    if (this.#leads)
      this.#preparation.write(values, example, numbers, state, this.#lanes, this.#run.initial);
    team?.meet();
    for (const stage of this.built.forward) this.#stage(stage);
  }

  /** Position of a byte address among the numbers. */
  #at(address: number): number {
    return address / this.#numberBytes;
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
    if (this.#memory.owner !== this) {
      new Uint8Array(this.#memory.memory.buffer).set(this.built.constants, a.constants);
      this.#memory.owner = this;
    }
    this.#fill(position);
    for (const weight of this.built.weights)
      this.#memory.numbers[this.#at(a.constants + weight.at)] = this.#run.signed(weight);
  }

  /** Lays coefficients into memory: those of the run as they are, others from their angles. */
  #fill(position: number): void {
    const { numbers } = this.#memory;
    const { coefficients, uses } = this.built;
    const { pairs, signs } = this.#run;
    // From an angle to its cosine and sine.
    const turned = new Float64Array(2);
    coefficients.forEach((coefficient, i) => {
      const at = this.#at(this.#addresses.shared) + this.#lanes * i;
      const use = uses[i];
      if (use !== undefined && use.scale === coefficient.scale) {
        const pair = 2 * this.#run.pairAt(use);
        numbers[at] = pairs[pair] as number;
        numbers[at + 1] = pairs[pair + 1] as number;
        return;
      }
      const sign = use === undefined ? 1 : (signs[use.axis][use.index] as number);
      turned[0] = sign * coefficient.scale * this.#angle(coefficient, position);
      elementary.cosSin(turned, 0);
      numbers[at] = turned[0];
      numbers[at + 1] = turned[1] as number;
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

  /** Bits of basis states that the frame of the example flips in front of the read-outs. */
  get flips(): number {
    return this.#run.flips;
  }

  /** Fills the columns of the final state. */
  read(): void {
    const columns = this.#at(this.#addresses.columns);
    if (this.#leads) {
      const end = columns + this.#lanes * this.built.readout.readout.columns;
      this.#memory.numbers.fill(0, columns, end);
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
    const { numbers } = this.#memory;
    const lanes = this.#lanes;
    const at = this.#at(this.#addresses.columns);
    const { means, blocks } = this.built.readout;
    for (let i = 0; i < list.length;) {
      const column = list[i] as number;
      const mean = means.get(column);
      if (mean !== undefined) {
        out[start + i] = this.#mean(at + lanes * mean);
        i++;
        continue;
      }
      const block = blocks.find(({ first, count }) => column >= first && column < first + count);
      if (block === undefined) throw new Error(`there is no column ${column}`);
      const { first, count, column: own, lanes: added } = block;
      const shift = Math.log2(added.length);
      for (; i < list.length; i++) {
        const outcome = (list[i] as number) - first;
        if (outcome < 0 || outcome >= count) break;
        const from = at + lanes * (own + (outcome >>> shift));
        const which = added[outcome & (added.length - 1)] as readonly number[];
        let sum = numbers[from + (which[0] as number)] as number;
        for (let k = 1; k < which.length; k++)
          sum += numbers[from + (which[k] as number)] as number;
        out[start + i] = sum;
      }
    }
  }

  /** A mean from its columns: those with Z on qubits in the lanes take lanes with their signs. */
  #mean(at: number): number {
    const { numbers } = this.#memory;
    const lanes = this.#lanes;
    let sum = 0;
    for (let z = 0; z < lanes; z++) {
      let own = 0;
      for (let lane = 0; lane < lanes; lane++)
        own += signOf(lane & z) * (numbers[at + lanes * z + lane] as number);
      sum += own;
    }
    return sum;
  }

  /** Copies the final state, `[2^n]`, interleaved. */
  copyState(out: Float64Array, start: number): void {
    const { numbers } = this.#memory;
    const lanes = this.#lanes;
    const first = this.#at(this.#addresses.state);
    const end = first + 2 ** (this.#qubits + 1);
    for (let to = start, from = first; from < end; to += 2 * lanes, from += 2 * lanes) {
      for (let lane = 0; lane < lanes; lane++) {
        out[to + 2 * lane] = numbers[from + lane] as number;
        out[to + 2 * lane + 1] = numbers[from + lanes + lane] as number;
      }
    }
  }

  /**
   * From the final state and cotangents of the columns (half that of the state as columns of their own) back to the
   * beginning; gradients lie in the cells then.
   */
  backward(each: (add: (column: number, amount: number) => void) => void, columns: number): void {
    if (this.#leads) this.#seed(each, columns);
    const cells = this.#at(this.#addresses.pairCells);
    const end = cells + this.#lanes * this.built.chunkCoefficients;
    this.#memory.numbers.fill(0, cells, end);
    this.#memory.team?.meet();
    for (const stage of this.built.backward) this.#stage(stage);
  }

  /** Cotangents of lanes, and lambda from them. */
  #seed(each: (add: (column: number, amount: number) => void) => void, columns: number): void {
    const a = this.#addresses;
    const { numbers } = this.#memory;
    const lanes = this.#lanes;
    const { readout, coefficients } = this.built;
    const at = this.#at(a.columns);
    const state = at + lanes * readout.readout.columns;
    numbers.fill(0, at, state + this.#at(this.#cotangents));
    const add = (index: number, lane: number, amount: number): void => {
      const to = at + lanes * index + lane;
      numbers[to] = (numbers[to] as number) + amount;
    };
    each((column, amount) => {
      if (column >= columns) {
        // Interleaved number i of the state: amplitude, real or imaginary vector.
        const i = column - columns;
        const to = state + this.#amplitudeAt(i >>> 1) + lanes * (i & 1);
        numbers[to] = (numbers[to] as number) + amount;
        return;
      }
      const mean = readout.means.get(column);
      if (mean !== undefined) {
        for (let z = 0; z < lanes; z++)
          for (let lane = 0; lane < lanes; lane++) add(mean + z, lane, signOf(lane & z) * amount);
        return;
      }
      for (const { first, count, column: own, lanes: added } of readout.blocks) {
        const outcome = column - first;
        if (outcome < 0 || outcome >= count) continue;
        const which = added[outcome & (added.length - 1)] as readonly number[];
        for (const lane of which) add(own + (outcome >>> Math.log2(added.length)), lane, amount);
      }
    });
    this.#readout('seed');
    const cells = this.#at(a.cells);
    numbers.fill(0, cells, cells + lanes * coefficients.length * this.#parts);
  }

  /** Amplitude `index` of lambda, as [re, im]. */
  lambda(index: number): readonly [number, number] {
    const { numbers } = this.#memory;
    const at = this.#at(this.#addresses.state + this.#stateBytes) + this.#amplitudeAt(index);
    const scale = this.#factors.end;
    return [scale * (numbers[at] as number), scale * (numbers[at + this.#lanes] as number)];
  }

  /** Gradient cells of all coefficients, all lanes and all parts added up. */
  cells(): Float64Array {
    const lanes = this.#lanes;
    const cells = this.#at(this.#addresses.cells);
    const count = this.built.coefficients.length;
    const parts = this.#memory.numbers.subarray(cells, cells + lanes * count * this.#parts);
    const sums = treeSum(Float64Array.from(parts), lanes * count);
    return Float64Array.from({ length: count }, (_, i) => {
      let sum = sums[lanes * i] as number;
      for (let lane = 1; lane < lanes; lane++) sum += sums[lanes * i + lane] as number;
      return sum;
    });
  }

  /** Position, in numbers, of an amplitude's real part in a state. */
  #amplitudeAt(index: number): number {
    const lane = index & (this.#lanes - 1);
    return 2 * (index - lane) + lane;
  }
}

/** -1 where an odd number of bits is set. */
const signOf = (bits: number): 1 | -1 => (parity(bits) === 1 ? -1 : 1);
