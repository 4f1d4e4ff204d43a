import { anglePartials, evaluateAngle } from '@ketwork/circuit';
import type { Circuit, PauliTerm, SlotReader } from '@ketwork/circuit';
import { sizeOf } from '@ketwork/base';
import { chebyshev } from '../../operators/chebyshev.ts';
import { operatorOf } from '../../operators/operator.ts';
import type { Operator } from '../../operators/operator.ts';
import type { SlotValues } from '../../values.ts';
import { offsetsOf } from '../../states/input.ts';
import type { ChunkGradients } from './gradients.ts';
import {
  collectGradient,
  coordinates,
  fromCoordinates,
  Spectra,
  turnCoordinates,
} from './spectra.ts';
import type { Collected, Spectrum } from './spectra.ts';
import type { Apart } from './split.ts';

/** Error of the series, as the length of a difference of states. */
const TOLERANCE = 1e-14;

/** What a step works on: states of consecutive examples, and what their values are. */
export interface StepExamples {
  readonly slots: SlotValues;
  /** Number of the first example in the batch, and how many there are. */
  readonly first: number;
  readonly count: number;
  /** Spectra of this stretch of examples. */
  readonly spectra: Spectra;
}

/** An evolution under a matrix or a Pauli sum, applied to states from outside the kernels. */
export class EvolutionStep {
  readonly #apart: Apart;
  readonly #circuit: Circuit;
  /** Basis indices of the amplitudes that belong together, for the other qubits 0 and the controls as they must be. */
  readonly #places: Int32Array;
  /** Basis indices of the other qubits. */
  readonly #rests: Int32Array;
  #operator: Operator | undefined;

  constructor(apart: Apart, circuit: Circuit) {
    this.#apart = apart;
    this.#circuit = circuit;
    const { qubits, controls, generator } = apart.op;
    const all = Array.from({ length: circuit.qubits }, (_, q) => q);
    const free = all.filter((q) => !controls.some(({ qubit }) => qubit === q));
    // A Pauli sum acts on all qubits without a control at once.
    const own = 'terms' in generator ? free : qubits;
    const base = controls.reduce(
      (sum, { qubit, value }) => sum + value * 2 ** (circuit.qubits - 1 - qubit),
      0,
    );
    this.#places = offsetsOf(own, circuit.qubits).map((i) => i + base);
    this.#rests = offsetsOf(
      free.filter((q) => !own.includes(q)),
      circuit.qubits,
    );
  }

  /** The states after the evolution. */
  forward(states: Float64Array, examples: StepExamples): Float64Array {
    const out = states.slice();
    this.#each(examples, (e, time, at) => {
      this.#evolve(out.subarray(at, at + this.#length), examples, e, time);
    });
    return out;
  }

  /**
   * Takes cotangents of the states after the evolution to those before it, and adds gradients.
   *
   * @param before states before the evolution
   * @param after states after it
   */
  backward(
    before: Float64Array,
    after: Float64Array,
    cotangents: Float64Array,
    examples: StepExamples,
    gradients: ChunkGradients,
  ): Float64Array {
    const { op } = this.#apart;
    const { generator } = op;
    const out = cotangents.slice();
    const matrix = 'slot' in generator ? generator.slot : undefined;
    this.#each(examples, (e, time, at) => {
      const bra = cotangents.subarray(at, at + this.#length);
      const partials = anglePartials(op.time, this.#reader(examples, e)).filter(({ slot }) =>
        gradients.wants(slot),
      );
      if (partials.length > 0) {
        const slope = this.#slope(bra, after.subarray(at, at + this.#length), examples, e);
        for (const { slot, index, partial } of partials) {
          const { data, start } = gradients.row(slot, e);
          data[start + index]! += partial * slope;
        }
      }
      if (matrix !== undefined && gradients.wants(matrix)) {
        const { start } = gradients.row(matrix, e);
        const spectrum = this.#spectrum(examples, e)!;
        const collected = examples.spectra.collected(matrix, start, e, spectrum);
        this.#collect(bra, before.subarray(at, at + this.#length), collected, time);
      }
      this.#evolve(out.subarray(at, at + this.#length), examples, e, -time);
    });
    return out;
  }

  get #length(): number {
    return 2 ** (this.#circuit.qubits + 1);
  }

  #each(examples: StepExamples, work: (e: number, time: number, at: number) => void): void {
    for (let e = 0; e < examples.count; e++)
      work(e, evaluateAngle(this.#apart.op.time, this.#reader(examples, e)), e * this.#length);
  }

  #reader({ slots, first }: StepExamples, e: number): SlotReader {
    return (name, index) => {
      const { axis, shape } = this.#circuit.slots.find((slot) => slot.name === name)!;
      const offset = axis === 'batch' ? (first + e) * sizeOf(shape) : 0;
      return slots.get(name)[offset + index]!;
    };
  }

  /** The spectrum of the matrix in an example; undefined for Pauli sums. */
  #spectrum({ slots, first, spectra }: StepExamples, e: number): Spectrum | undefined {
    const { op, operation } = this.#apart;
    const { generator } = op;
    const size = 2 ** op.qubits.length;
    if ('terms' in generator) return undefined;
    if ('matrix' in generator)
      return spectra.of(`operation ${operation}`, size, () => [generator.matrix, 0]);
    const { slot } = generator;
    const isShared = this.#circuit.slots.find(({ name }) => name === slot)?.axis === 'shared';
    const example = isShared ? 0 : first + e;
    return spectra.of(`slot ${example} ${slot}`, size, () => [
      slots.get(slot),
      2 * size * size * example,
    ]);
  }

  /** The Pauli sum on the qubits without a control. */
  #sum(terms: readonly PauliTerm[]): Operator {
    const { controls } = this.#apart.op;
    this.#operator ??= operatorOf(
      'evolution',
      {
        type: 'pauli',
        terms: terms.map(({ coefficient, paulis }) => ({
          coefficient,
          paulis: paulis.map(({ qubit, pauli }) => ({
            qubit: qubit - controls.filter((control) => control.qubit < qubit).length,
            pauli,
          })),
        })),
      },
      this.#circuit.qubits - controls.length,
    );
    return this.#operator;
  }

  /** Applies the evolution to one state, in place. */
  #evolve(state: Float64Array, examples: StepExamples, e: number, time: number): void {
    const spectrum = this.#spectrum(examples, e);
    const d = this.#places.length;
    const x = new Float64Array(2 * d);
    const y = new Float64Array(2 * d);
    for (const rest of this.#rests) {
      this.#gather(state, rest, x);
      if (spectrum === undefined) {
        const { generator } = this.#apart.op as { generator: { terms: readonly PauliTerm[] } };
        y.fill(0);
        chebyshev(this.#sum(generator.terms), x, [{ time, out: y }], TOLERANCE);
      } else {
        coordinates(spectrum, x, y);
        turnCoordinates(spectrum, time, y);
        fromCoordinates(spectrum, y, x);
      }
      this.#scatter(spectrum === undefined ? y : x, rest, state);
    }
  }

  /** Derivative by the time: Re⟨ȳ|-iA y⟩ = Im⟨ȳ|A y⟩. */
  #slope(bra: Float64Array, after: Float64Array, examples: StepExamples, e: number): number {
    const spectrum = this.#spectrum(examples, e);
    const d = this.#places.length;
    const [x, b, y] = vectors(d);
    let sum = 0;
    for (const rest of this.#rests) {
      this.#gather(after, rest, x);
      this.#gather(bra, rest, b);
      if (spectrum === undefined) {
        const { generator } = this.#apart.op as { generator: { terms: readonly PauliTerm[] } };
        this.#sum(generator.terms).apply(x, y);
      } else {
        coordinates(spectrum, x, y);
        for (let k = 0; k < y.length; k++) y[k]! *= spectrum.values[k >> 1]!;
        fromCoordinates(spectrum, y, x);
        y.set(x);
      }
      for (let i = 0; i < b.length; i += 2) sum += b[i]! * y[i + 1]! - b[i + 1]! * y[i]!;
    }
    return sum;
  }

  /** Collects the gradient by the matrix. */
  #collect(bra: Float64Array, before: Float64Array, collected: Collected, time: number): void {
    const { spectrum } = collected;
    const d = this.#places.length;
    const [v, x, b] = vectors(d);
    for (const rest of this.#rests) {
      this.#gather(before, rest, v);
      coordinates(spectrum, v, x);
      this.#gather(bra, rest, v);
      coordinates(spectrum, v, b);
      collectGradient(collected, time, x, b);
    }
  }

  #gather(state: Float64Array, rest: number, out: Float64Array): void {
    const places = this.#places;
    for (let i = 0; i < places.length; i++) {
      const from = 2 * (places[i]! + rest);
      out[2 * i] = state[from]!;
      out[2 * i + 1] = state[from + 1]!;
    }
  }

  #scatter(x: Float64Array, rest: number, state: Float64Array): void {
    const places = this.#places;
    for (let i = 0; i < places.length; i++) {
      const to = 2 * (places[i]! + rest);
      state[to] = x[2 * i]!;
      state[to + 1] = x[2 * i + 1]!;
    }
  }
}

const vectors = (d: number): [Float64Array, Float64Array, Float64Array] => [
  new Float64Array(2 * d),
  new Float64Array(2 * d),
  new Float64Array(2 * d),
];
