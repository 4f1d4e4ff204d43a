import { sizeOf } from '@ketwork/base';
import type { Circuit, Control, SlotReader } from '@ketwork/circuit';
import { offsetsOf } from '../../states/input.ts';
import type { SlotValues } from '../../values.ts';
import type { Spectra } from './spectra.ts';

/** What a step works on: states of consecutive examples, and what their values are. */
export interface StepExamples {
  readonly slots: SlotValues;
  /** Number of the first example in the batch, and how many there are. */
  readonly first: number;
  readonly count: number;
  /** Spectra of this stretch of examples. */
  readonly spectra: Spectra;
}

/** The amplitudes of a state that an operation mixes, block by block. */
export class Blocks {
  /** Numbers in a state. */
  readonly length: number;
  /** Basis indices of the blocks, which are those of the other qubits. */
  readonly rests: Int32Array;
  /** Basis indices within a block, the controls being as they must. */
  readonly #places: Int32Array;

  /**
   * @param on the qubits of a block; all without a control by default
   */
  constructor(circuit: Circuit, controls: readonly Control[], on?: readonly number[]) {
    const { qubits } = circuit;
    const free = Array.from({ length: qubits }, (_, q) => q).filter(
      (q) => !controls.some(({ qubit }) => qubit === q),
    );
    const own = on ?? free;
    const base = controls.reduce(
      (sum, { qubit, value }) => sum + value * 2 ** (qubits - 1 - qubit),
      0,
    );
    this.length = 2 ** (qubits + 1);
    this.#places = offsetsOf(own, qubits).map((i) => i + base);
    this.rests = offsetsOf(
      free.filter((q) => !own.includes(q)),
      qubits,
    );
  }

  /** A vector for a block. */
  vector(): Float64Array {
    return new Float64Array(2 * this.#places.length);
  }

  /** Copies a block out of a state. */
  gather(state: Float64Array, rest: number, out: Float64Array): void {
    const places = this.#places;
    for (let i = 0; i < places.length; i++) {
      const from = 2 * (places[i]! + rest);
      out[2 * i] = state[from]!;
      out[2 * i + 1] = state[from + 1]!;
    }
  }

  /** Copies a block into a state. */
  scatter(x: Float64Array, rest: number, state: Float64Array): void {
    const places = this.#places;
    for (let i = 0; i < places.length; i++) {
      const to = 2 * (places[i]! + rest);
      state[to] = x[2 * i]!;
      state[to + 1] = x[2 * i + 1]!;
    }
  }
}

/** Reads elements of slots in an example. */
export function slotReader(
  circuit: Circuit,
  { slots, first }: StepExamples,
  e: number,
): SlotReader {
  return (name, index) => {
    const { axis, shape } = circuit.slots.find((slot) => slot.name === name)!;
    const offset = axis === 'batch' ? (first + e) * sizeOf(shape) : 0;
    return slots.get(name)[offset + index]!;
  };
}
