/** Gradients with respect to Hermitian matrices that come with the data: reduced density matrices of the final state. */
import type { Circuit } from '@ketwork/circuit';
import type { SlotValues } from '../values.ts';
import { CHUNK } from './angles.ts';
import type { BatchCotangents } from './cotangents.ts';
import type { GradientSink } from './gradient-sink.ts';
import type { Readout } from './readout.ts';
import { basisIndices } from './staging.ts';

/** A matrix that is measured. */
interface Task {
  readonly slot: string;
  readonly squared: boolean;
  readonly shared: boolean;
  readonly column: number;
  readonly places: readonly number[];
  readonly rests: readonly number[];
}

/** Collects the gradients of a batch, example by example, in order. */
export class HermitianGradients {
  readonly #slots: SlotValues;
  readonly #cotangents: BatchCotangents;
  readonly #sink: GradientSink;
  readonly #tasks: readonly Task[];
  /** Cotangents of the read-outs of an example. */
  readonly #byColumn: Float64Array;

  constructor(
    { qubits, slots: declared }: Circuit,
    readout: Readout,
    slots: SlotValues,
    cotangents: BatchCotangents,
    sink: GradientSink,
  ) {
    this.#slots = slots;
    this.#cotangents = cotangents;
    this.#sink = sink;
    const all = Array.from({ length: qubits }, (_, qubit) => qubit);
    this.#tasks = readout.steps.flatMap((step): Task[] => {
      if (step.type !== 'hermitian' || !('slot' in step.matrix) || !sink.wants(step.matrix.slot))
        return [];
      const { slot, squared } = step.matrix;
      const rests = basisIndices(
        all.filter((qubit) => !step.qubits.includes(qubit)),
        qubits,
      );
      const shared = declared.find(({ name }) => name === slot)?.axis === 'shared';
      const places = basisIndices(step.qubits, qubits);
      return [{ slot, squared, shared, column: step.column, places, rests }];
    });
    this.#byColumn = new Float64Array(readout.columns);
    sink.openChunk(0, Math.min(CHUNK, slots.batch));
  }

  /** Adds an example's part; `amplitude` reads its final state. */
  add(example: number, amplitude: (index: number) => readonly [number, number]): void {
    const byColumn = this.#byColumn;
    if (example > 0 && example % CHUNK === 0) {
      this.#sink.closeChunk();
      this.#sink.openChunk(example, Math.min(CHUNK, this.#slots.batch - example));
    }
    byColumn.fill(0);
    this.#cotangents.each(example, (column, amount) => {
      if (column < byColumn.length) byColumn[column] = (byColumn[column] as number) + amount;
    });
    for (const { slot, squared, shared, column, places, rests } of this.#tasks) {
      const length = 2 * places.length ** 2;
      const first = shared ? 0 : example * length;
      const matrix = squared ? this.#slots.get(slot).subarray(first, first + length) : undefined;
      const { data, start } = this.#sink.row(slot, example);
      const weight = byColumn[column] as number;
      addHermitianGradient(amplitude, places, rests, matrix, weight, data, start);
    }
  }

  /** Ends the last chunk. */
  close(): void {
    this.#sink.closeChunk();
  }
}

/**
 * Derivatives of ⟨A⟩ or (squared) ⟨A²⟩ with respect to the real and imaginary parts of the entries of A, times `weight`,
 * added to `out` at `start` (row-major, interleaved).
 *
 * @param amplitude reads amplitude `index` of the state as [re, im]
 * @param places basis indices of the matrix's rows, for all other qubits 0
 * @param rests basis indices of the other qubits, for the matrix's qubits 0
 * @param matrix A itself where A² is measured
 */
function addHermitianGradient(
  amplitude: (index: number) => readonly [number, number],
  places: readonly number[],
  rests: readonly number[],
  matrix: ArrayLike<number> | undefined,
  weight: number,
  out: Float64Array,
  start: number,
): void {
  const size = places.length;
  // g_ij = Σ conj(psi_i) psi_j is the derivative of Σ A_ij g_ij with respect to A_ij.
  const g = new Float64Array(2 * size * size);
  for (const rest of rests) {
    const state = places.map((place) => amplitude(place + rest));
    state.forEach(([ar, ai], i) =>
      state.forEach(([br, bi], j) => {
        const at = 2 * (i * size + j);
        g[at] = (g[at] as number) + ar * br + ai * bi;
        g[at + 1] = (g[at + 1] as number) + ar * bi - ai * br;
      }),
    );
  }
  const derivative = matrix === undefined ? g : throughSquare(g, matrix, size);
  for (let i = 0; i < derivative.length; i++) {
    const sign = (i & 1) === 0 ? 1 : -1;
    out[start + i] = (out[start + i] as number) + sign * weight * (derivative[i] as number);
  }
}

/** From the derivative with respect to B = A² to that with respect to A: g Aᵀ + Aᵀ g. */
function throughSquare(g: Float64Array, matrix: ArrayLike<number>, size: number): Float64Array {
  const out = new Float64Array(g.length);
  const addProduct = (
    to: number,
    a: ArrayLike<number>,
    at: number,
    b: ArrayLike<number>,
    bt: number,
  ): void => {
    const [ar, ai, br, bi] = [a[at], a[at + 1], b[bt], b[bt + 1]] as [
      number,
      number,
      number,
      number,
    ];
    out[to] = (out[to] as number) + ar * br - ai * bi;
    out[to + 1] = (out[to + 1] as number) + ar * bi + ai * br;
  };
  for (let k = 0; k < size; k++) {
    for (let l = 0; l < size; l++) {
      for (let j = 0; j < size; j++) {
        const to = 2 * (k * size + l);
        addProduct(to, g, 2 * (k * size + j), matrix, 2 * (l * size + j));
        addProduct(to, matrix, 2 * (j * size + k), g, 2 * (j * size + l));
      }
    }
  }
  return out;
}
