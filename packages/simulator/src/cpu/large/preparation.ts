/** The state that a large circuit begins in: |0…0⟩, or a tensor product of prepared amplitudes. */
import type { Circuit, StatePreparationOp } from '@ketwork/circuit';
import type { NumberArray } from '../arithmetic.ts';
import type { SlotValues } from '../../values.ts';
import type { GradientSink } from '../gradient-sink.ts';
import { basisIndices, Preparation, preparationGradients } from '../staging.ts';

/** All state preparations of a circuit, one example at a time. */
export class LargePreparation {
  readonly #parts: readonly {
    readonly preparation: Preparation;
    /** Basis index of each amplitude. */
    readonly places: readonly number[];
    /** Amplitudes as staged: four numbers each, of which the first and the third count. */
    readonly staged: Float64Array;
  }[];

  constructor(preparations: readonly StatePreparationOp[], circuit: Circuit) {
    this.#parts = preparations.map((op) => {
      const preparation = new Preparation(op, circuit.slots);
      const ascending = preparation.qubits.toSorted((a, b) => a - b);
      const places = basisIndices(ascending, circuit.qubits);
      return { preparation, places, staged: new Float64Array(4 * preparation.size) };
    });
  }

  /** Whether the circuit begins in |0…0⟩. */
  get empty(): boolean {
    return this.#parts.length === 0;
  }

  /** Writes an example's state, times a factor, into cleared memory, whose lanes are the last qubits. */
  write(
    values: SlotValues,
    example: number,
    numbers: NumberArray,
    state: number,
    lanes: number,
    factor: number,
  ): void {
    for (const { preparation, staged } of this.#parts)
      preparation.stage(values, example, staged, 0, 0);
    const visit = (depth: number, index: number, re: number, im: number): void => {
      const part = this.#parts[depth];
      if (part === undefined) {
        const lane = index & (lanes - 1);
        const at = state + 2 * (index - lane) + lane;
        numbers[at] = re;
        numbers[at + lanes] = im;
        return;
      }
      const { places, staged } = part;
      for (let i = 0; i < places.length; i++) {
        const [a, b] = [staged[4 * i] as number, staged[4 * i + 2] as number];
        visit(depth + 1, index + (places[i] as number), re * a - im * b, re * b + im * a);
      }
    };
    visit(0, 0, factor, 0);
  }

  /** Adds the gradients of an example's amplitudes, from lambda at the beginning. */
  addGradients(
    lambda: (index: number) => readonly [number, number],
    sink: GradientSink,
    example: number,
  ): void {
    const preparations = this.#parts.map(({ preparation }) => preparation);
    const offsets = this.#parts.map(({ places }) => places);
    const gradients = preparationGradients(preparations, offsets, 0, lambda);
    preparations.forEach((preparation, p) => {
      if (preparation.slot === undefined || !sink.wants(preparation.slot)) return;
      const { data, start } = sink.row(preparation.slot, example);
      preparation.addGradient(gradients[p] as Float64Array, 0, data, start);
    });
  }
}
