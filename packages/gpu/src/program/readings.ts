/** What a device reads from final states, as few kinds of sums as there are; what becomes of them on the host, and back. */
import { sizeOf } from '@ketwork/base';
import { squaredMatrix } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { outcomeOrder } from '@ketwork/simulator/lowering';
import type { HermitianSource, Readout } from '@ketwork/simulator/lowering';
import type { SlotValues } from '@ketwork/simulator';
import { countBits, parity } from './matrices.ts';

/** The Pauli string `i^power X^x Z^z`, by bits of a basis index. */
export interface StringReading {
  readonly x: number;
  readonly z: number;
  readonly power: number;
}

/** Probabilities of the values of some qubits, or their reduced density matrix: positions of their bits, ascending. */
export interface QubitReading {
  readonly bits: readonly number[];
}

/** Numbers of an example that belong together; sums over parts of the state follow one another as `chunks` copies. */
export interface Section {
  readonly start: number;
  readonly size: number;
  readonly chunks: number;
}

/** Where an example's numbers are. */
export interface Layout {
  readonly strings: Section;
  readonly marginals: readonly Section[];
  readonly densities: readonly Section[];
  /** All amplitudes; undefined where they are not read. */
  readonly state: Section | undefined;
  /** Numbers per example. */
  readonly size: number;
}

/** What one column is made of. */
type Part =
  | {
      readonly type: 'string';
      readonly index: number;
      readonly column: number;
      readonly weight: number;
    }
  /** The mean of a product of Z over a marginal: signs by the parity of the outcome under a mask. */
  | {
      readonly type: 'signs';
      readonly index: number;
      readonly column: number;
      readonly weight: number;
      readonly mask: number;
    }
  | { readonly type: 'outcomes'; readonly index: number; readonly column: number }
  | {
      readonly type: 'matrix';
      readonly index: number;
      readonly column: number;
      readonly source: HermitianSource;
      /** Row, with ascending qubits, of each row as it was written. */
      readonly order: readonly number[];
    };

/** The read-outs of a circuit. */
export class Readings {
  readonly readout: Readout;
  readonly strings: readonly StringReading[];
  readonly marginals: readonly QubitReading[];
  readonly densities: readonly QubitReading[];
  readonly readsState: boolean;
  readonly #qubits: number;
  readonly #circuit: Circuit;
  readonly #parts: readonly Part[];

  constructor(circuit: Circuit, readout: Readout) {
    const { qubits } = circuit;
    this.#qubits = qubits;
    this.#circuit = circuit;
    this.readout = readout;
    const strings: StringReading[] = [];
    const marginals: QubitReading[] = [];
    const densities: QubitReading[] = [];
    const known = new Map<unknown, Map<string, number>>();
    const once = <T>(list: T[], item: T): number => {
      const among = known.get(list) ?? new Map<string, number>();
      known.set(list, among);
      const id = JSON.stringify(item);
      const index = among.get(id) ?? list.push(item) - 1;
      among.set(id, index);
      return index;
    };
    const parts: Part[] = [];
    let readsState = false;
    for (const step of this.readout.steps) {
      if (step.type === 'state') readsState = true;
      else if (step.type === 'pauli') {
        const { x, z, column, weight } = step;
        const index = once(strings, { x, z, power: countBits(x & z) & 3 });
        parts.push({ type: 'string', index, column, weight });
      } else if (step.type === 'probabilities') {
        const index = once(marginals, { bits: bitsUnder(step.kept) });
        parts.push({ type: 'outcomes', index, column: step.column });
      } else if (step.type === 'diagonal') {
        const masks = new Set(step.entries.map(({ mask }) => mask));
        const bits = bitsUnder(step.kept);
        if (2 ** bits.length <= masks.size) {
          const index = once(marginals, { bits });
          for (const { mask, column, weight } of step.entries)
            parts.push({ type: 'signs', index, column, weight, mask: gathered(mask, bits) });
          continue;
        }
        for (const { mask, column, weight } of step.entries) {
          const index = once(strings, { x: 0, z: mask, power: 0 });
          parts.push({ type: 'string', index, column, weight });
        }
      } else if (step.type === 'hermitian') {
        const bits = step.qubits.map((qubit) => qubits - 1 - qubit).sort((a, b) => a - b);
        parts.push({
          type: 'matrix',
          index: once(densities, { bits }),
          column: step.column,
          source: step.matrix,
          order: outcomeOrder(step.qubits),
        });
      } else throw new Error(`'${step.type}' comes from passes that are not used here`);
    }
    this.strings = strings;
    this.marginals = marginals;
    this.densities = densities;
    this.readsState = readsState;
    this.#parts = parts;
  }

  /**
   * Where the numbers of an example are.
   * @param chunksOf in how many parts a sum over so many basis states is made
   */
  layout(chunksOf: (terms: number) => number = () => 1): Layout {
    const states = 2 ** this.#qubits;
    let size = 0;
    const section = (length: number, chunks: number): Section => {
      const start = size;
      size += length * chunks;
      return { start, size: length, chunks };
    };
    const strings = section(this.strings.length, chunksOf(states));
    const marginals = this.marginals.map(({ bits }) =>
      section(2 ** bits.length, chunksOf(states / 2 ** bits.length)),
    );
    const densities = this.densities.map(({ bits }) =>
      section(2 * 4 ** bits.length, chunksOf(states / 2 ** bits.length)),
    );
    const state = this.readsState ? section(2 * states, 1) : undefined;
    return { strings, marginals, densities, state, size };
  }

  /** Columns `[count, columns]` of examples from `first` on, from their numbers `[count, layout.size]` as the device read them. */
  columns(
    records: Float32Array,
    layout: Layout,
    slots: SlotValues,
    first: number,
    count: number,
  ): Float64Array {
    const width = this.readout.columns;
    const out = new Float64Array(count * width);
    for (let e = 0; e < count; e++)
      this.#addColumns(records, e * layout.size, layout, slots, first + e, out, e * width);
    return out;
  }

  /** Adds an example's columns, of the record that begins at `from`, to those that begin at `to`. */
  #addColumns(
    records: Float32Array,
    from: number,
    layout: Layout,
    slots: SlotValues,
    example: number,
    out: Float64Array,
    to: number,
  ): void {
    for (const part of this.#parts) {
      const at = to + part.column;
      if (part.type === 'string') {
        const sum = part.weight * summed(records, from, layout.strings, part.index);
        out[at] = (out[at] as number) + sum;
      } else if (part.type === 'matrix') {
        const section = layout.densities[part.index] as Section;
        const matrix = this.#matrix(part.source, slots, example);
        const { order } = part;
        const d = order.length;
        let sum = 0;
        for (let r = 0; r < d; r++) {
          for (let c = 0; c < d; c++) {
            const entry = 2 * (r * d + c);
            const rho = 2 * ((order[c] as number) * d + (order[r] as number));
            sum += (matrix[entry] as number) * summed(records, from, section, rho);
            sum -= (matrix[entry + 1] as number) * summed(records, from, section, rho + 1);
          }
        }
        out[at] = (out[at] as number) + sum;
      } else {
        const section = layout.marginals[part.index] as Section;
        if (part.type === 'outcomes')
          for (let j = 0; j < section.size; j++)
            out[at + j] = (out[at + j] as number) + summed(records, from, section, j);
        else {
          let sum = 0;
          for (let j = 0; j < section.size; j++) {
            const p = summed(records, from, section, j);
            sum += parity(j & part.mask) ? -p : p;
          }
          out[at] = (out[at] as number) + part.weight * sum;
        }
      }
    }
  }

  /**
   * Writes what λ = O ψ is made of, in the layout of the numbers: weights of strings and outcomes, matrices, and what is
   * added to λ.
   *
   * @param cotangents of the columns, then (half) of the state
   */
  writeWeights(
    cotangents: Float64Array,
    slots: SlotValues,
    example: number,
    layout: Layout,
    out: Float32Array,
  ): void {
    const sums = new Float64Array(layout.size);
    const add = (at: number, amount: number): void => {
      sums[at] = (sums[at] as number) + amount;
    };
    for (const part of this.#parts) {
      const d = cotangents[part.column] as number;
      if (part.type === 'string') add(layout.strings.start + part.index, d * part.weight);
      else if (part.type === 'matrix') {
        if (d === 0) continue;
        const matrix = this.#matrix(part.source, slots, example);
        const { start } = layout.densities[part.index] as Section;
        const { order } = part;
        const size = order.length;
        for (let r = 0; r < size; r++) {
          for (let c = 0; c < size; c++) {
            const at = 2 * (r * size + c);
            const to = start + 2 * ((order[r] as number) * size + (order[c] as number));
            add(to, d * (matrix[at] as number));
            add(to + 1, d * (matrix[at + 1] as number));
          }
        }
      } else {
        const { start, size } = layout.marginals[part.index] as Section;
        for (let j = 0; j < size; j++) {
          if (part.type === 'outcomes') add(start + j, cotangents[part.column + j] as number);
          else add(start + j, d * (parity(j & part.mask) ? -part.weight : part.weight));
        }
      }
    }
    out.set(sums);
    if (layout.state !== undefined)
      out.set(cotangents.subarray(this.readout.columns), layout.state.start);
  }

  #matrix(source: HermitianSource, slots: SlotValues, example: number): ArrayLike<number> {
    if ('values' in source) return source.values;
    const slot = this.#circuit.slots.find(({ name }) => name === source.slot);
    const size = slot === undefined ? 0 : sizeOf(slot.shape);
    const first = slot?.axis === 'batch' ? example * size : 0;
    const matrix = slots.get(source.slot).subarray(first, first + size);
    return source.squared ? squaredMatrix(matrix) : matrix;
  }

  /** Results of all measurements, from the columns `[batch, columns]` and, for the state, the numbers of the device. */
  results(
    columns: Float64Array,
    first: number,
    count: number,
    sizes: readonly number[],
    results: readonly Float64Array[],
    stateOf: (example: number) => Float32Array,
  ): void {
    const width = this.readout.columns;
    this.readout.results.forEach((plan, m) => {
      const out = results[m] as Float64Array;
      const size = sizes[m] as number;
      for (let e = 0; e < count; e++) {
        const to = (first + e) * size;
        const from = e * width;
        if (plan.type === 'state') out.set(stateOf(e), to);
        else if (plan.type === 'columns')
          for (let i = 0; i < size; i++)
            out[to + i] = columns[from + (plan.columns[i] as number)] as number;
        else
          for (let i = 0; i < size; i++) {
            const mean = columns[from + (plan.means[i] as number)] as number;
            out[to + i] = (columns[from + (plan.squares[i] as number)] as number) - mean * mean;
          }
      }
    });
  }
}

/** Number `index` of a section of the record that begins at `from`: its copies added up, in double precision. */
function summed(
  records: Float32Array,
  from: number,
  { start, size, chunks }: Section,
  index: number,
): number {
  let sum = 0;
  for (let chunk = 0, at = from + start + index; chunk < chunks; chunk++, at += size)
    sum += records[at] as number;
  return sum;
}

/** Positions of the bits that are set, ascending. */
function bitsUnder(mask: number): number[] {
  return Array.from({ length: 32 }, (_, bit) => bit).filter((bit) => ((mask >>> bit) & 1) === 1);
}

/** The bits of a value at some positions, moved together. */
function gathered(value: number, bits: readonly number[]): number {
  return bits.reduce((out, bit, i) => out | (((value >>> bit) & 1) << i), 0);
}
