/** Data that enter a state or an observable as they are: embedded amplitudes and Hermitian matrices, lane by lane. */
import { sizeOf, ValueError } from '@ketwork/base';
import { squaredMatrix } from '@ketwork/circuit';
import type { Slot, StatePreparationOp } from '@ketwork/circuit';
import type { SlotValues } from '../values.ts';
import type { NumberArray } from './arithmetic.ts';
import { outcomeOrder } from './readout.ts';
import type { HermitianSource } from './readout.ts';

/** One state preparation made ready for staging. */
export class Preparation {
  /** Name of the slot the amplitudes come from; undefined for fixed ones. */
  readonly slot: string | undefined;
  readonly qubits: readonly number[];
  /** Number of amplitudes. */
  readonly size: number;
  readonly #op: StatePreparationOp;
  readonly #complex: boolean;
  readonly #shared: boolean;
  /** Index with ascending qubits of each amplitude in the user's order. */
  readonly #order: readonly number[];
  /** Amplitudes of the examples in work, by lane, ascending qubits, interleaved, and the norms they were divided by. */
  readonly #amplitudes: readonly Float64Array[];
  readonly #norms: number[] = [];
  readonly #lanes: number;

  constructor(op: StatePreparationOp, slots: readonly Slot[], lanes = 2) {
    this.#lanes = lanes;
    this.#op = op;
    this.qubits = op.qubits;
    this.size = 2 ** op.qubits.length;
    this.slot = 'slot' in op.amplitudes ? op.amplitudes.slot : undefined;
    const slot = slots.find(({ name }) => name === this.slot);
    this.#complex = slot === undefined || sizeOf(slot.shape) === 2 * this.size;
    this.#shared = slot?.axis !== 'batch';
    this.#order = outcomeOrder(op.qubits);
    this.#amplitudes = Array.from({ length: lanes }, () => new Float64Array(2 * this.size));
  }

  /** Writes the amplitudes of an example into a lane of the staging area at `at` (in numbers). */
  stage(values: SlotValues, example: number, memory: NumberArray, at: number, lane: number): void {
    const { amplitudes } = this.#op;
    const data = 'slot' in amplitudes ? values.get(amplitudes.slot) : amplitudes.values;
    const width = this.#complex ? 2 : 1;
    const start = this.#shared ? 0 : example * width * this.size;
    let norm = 1;
    if (this.#op.normalize) {
      let sum = 0;
      for (let i = 0; i < width * this.size; i++) sum += (data[start + i] as number) ** 2;
      norm = Math.sqrt(sum);
      if (!(norm > 0 && norm < Infinity)) {
        throw new ValueError(`amplitudes of example ${example} have norm ${norm}`, {
          remedy: 'Scale them to a finite norm above 0',
        });
      }
    }
    this.#norms[lane] = norm;
    const own = this.#amplitudes[lane] as Float64Array;
    for (let i = 0; i < this.size; i++) {
      const index = this.#order[i] as number;
      const re = (data[start + width * i] as number) / norm;
      const im = width === 2 ? (data[start + 2 * i + 1] as number) / norm : 0;
      own[2 * index] = re;
      own[2 * index + 1] = im;
      memory[at + 2 * this.#lanes * index + lane] = re;
      memory[at + this.#lanes * (2 * index + 1) + lane] = im;
    }
  }

  /** Amplitude `index` (ascending qubits) of the example last staged in a lane. */
  amplitude(index: number, lane: number): readonly [re: number, im: number] {
    const own = this.#amplitudes[lane] as Float64Array;
    return [own[2 * index] as number, own[2 * index + 1] as number];
  }

  /**
   * Gradient with respect to the slot's numbers from the gradient with respect to the normalised amplitudes
   * (interleaved, ascending qubits), added to `out` at `start`.
   */
  addGradient(gradient: Float64Array, lane: number, out: Float64Array, start: number): void {
    const own = this.#amplitudes[lane] as Float64Array;
    const norm = this.#norms[lane] as number;
    let along = 0;
    if (this.#op.normalize)
      for (let i = 0; i < own.length; i++) along += (own[i] as number) * (gradient[i] as number);
    const width = this.#complex ? 2 : 1;
    for (let i = 0; i < this.size; i++) {
      for (let part = 0; part < width; part++) {
        const index = 2 * (this.#order[i] as number) + part;
        const at = start + width * i + part;
        out[at] =
          (out[at] as number) +
          ((gradient[index] as number) - along * (own[index] as number)) / norm;
      }
    }
  }
}

/**
 * Gradients with respect to the amplitudes of each preparation from lambda at the beginning of the circuit:
 * dL = 2 Re Σ conj(lambda) dψ, ψ being the tensor product of the preparations.
 *
 * @param lambda reads amplitude `index` of lambda, as [re, im]
 * @param strides basis index of each amplitude of a preparation
 */
export function preparationGradients(
  preparations: readonly Preparation[],
  offsets: readonly (readonly number[])[],
  lane: number,
  lambda: (index: number) => readonly [number, number],
): Float64Array[] {
  const gradients = preparations.map(({ size }) => new Float64Array(2 * size));
  const chosen = preparations.map(() => 0);
  const visit = (depth: number, index: number): void => {
    if (depth < preparations.length) {
      const places = offsets[depth] as readonly number[];
      places.forEach((place, j) => {
        chosen[depth] = j;
        visit(depth + 1, index + place);
      });
      return;
    }
    const [lr, li] = lambda(index);
    preparations.forEach((_, p) => {
      let re = 1;
      let im = 0;
      preparations.forEach((other, o) => {
        if (o === p) return;
        const [ar, ai] = other.amplitude(chosen[o] as number, lane);
        [re, im] = [re * ar - im * ai, re * ai + im * ar];
      });
      const gradient = gradients[p] as Float64Array;
      const at = 2 * (chosen[p] as number);
      // G = conj(lambda) · β; the derivatives with respect to re and im are 2 Re G and -2 Im G.
      gradient[at] = (gradient[at] as number) + 2 * (lr * re + li * im);
      gradient[at + 1] = (gradient[at + 1] as number) - 2 * (lr * im - li * re);
    });
  };
  visit(0, 0);
  return gradients;
}

/** Basis index of each state of some qubits (first one most significant), the others being 0. */
export function basisIndices(on: readonly number[], qubits: number): number[] {
  const places = on.map((qubit) => 2 ** (qubits - 1 - qubit));
  return Array.from({ length: 2 ** on.length }, (_, index) =>
    places.reduce(
      (sum, place, i) => (((index >> (on.length - 1 - i)) & 1) === 1 ? sum + place : sum),
      0,
    ),
  );
}

/** Writes an example's Hermitian matrix into a lane of the staging area at `at` (in numbers). */
export function stageMatrix(
  source: Extract<HermitianSource, { readonly slot: string }>,
  size: number,
  shared: boolean,
  values: SlotValues,
  example: number,
  memory: NumberArray,
  at: number,
  lane: number,
  lanes: number,
): void {
  const data = values.get(source.slot);
  const length = 2 * size * size;
  const start = shared ? 0 : example * length;
  const matrix = source.squared ? squaredMatrix(data.subarray(start, start + length)) : data;
  const from = source.squared ? 0 : start;
  for (let i = 0; i < length; i++) memory[at + lanes * i + lane] = matrix[from + i] as number;
}
