import { anglePartials, evaluateAngle } from '@ketwork/circuit';
import type { Circuit, PauliTerm, SlotReader } from '@ketwork/circuit';
import { chebyshev } from '../../operators/chebyshev.ts';
import { operatorOf } from '../../operators/operator.ts';
import type { Operator } from '../../operators/operator.ts';
import { keptBytes } from '../../operators/pauli-operator.ts';
import { Blocks, slotReader } from './blocks.ts';
import type { StepExamples } from './blocks.ts';
import type { ChunkGradients } from './gradients.ts';
import { collectGradient, coordinates, fromCoordinates, turnCoordinates } from './spectra.ts';
import type { Collected, Spectrum } from './spectra.ts';
import type { Apart } from './split.ts';

/** Error of the series, as the length of a difference of states. */
const TOLERANCE = 1e-14;

/** An evolution under a matrix or a Pauli sum, applied to states from outside the kernels. */
export class EvolutionStep {
  readonly #apart: Apart;
  readonly #circuit: Circuit;
  readonly #blocks: Blocks;
  #operator: Operator | undefined;

  constructor(apart: Apart, circuit: Circuit) {
    this.#apart = apart;
    this.#circuit = circuit;
    const { qubits, controls, generator } = apart.op;
    // A Pauli sum acts on all qubits without a control at once.
    this.#blocks = new Blocks(circuit, controls, 'terms' in generator ? undefined : qubits);
  }

  /** Bytes of a series, at the most: four vectors, and the factors that a Pauli sum keeps. */
  get bytes(): number {
    const { generator } = this.#apart.op;
    if (!('terms' in generator)) return 0;
    return 32 * this.#blocks.length + keptBytes(generator.terms.length, this.#circuit.qubits);
  }

  /** The states after the evolution. */
  forward(states: Float64Array, examples: StepExamples): Float64Array {
    const out = states.slice();
    this.#each(examples, (e, time, at) => {
      this.#evolve(out.subarray(at, at + this.#blocks.length), examples, e, time);
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
      const bra = cotangents.subarray(at, at + this.#blocks.length);
      const partials = anglePartials(op.time, this.#reader(examples, e)).filter(({ slot }) =>
        gradients.wants(slot),
      );
      if (partials.length > 0) {
        const slope = this.#slope(bra, after.subarray(at, at + this.#blocks.length), examples, e);
        for (const { slot, index, partial } of partials) {
          const { data, start } = gradients.row(slot, e);
          data[start + index]! += partial * slope;
        }
      }
      if (matrix !== undefined && gradients.wants(matrix)) {
        const { start } = gradients.row(matrix, e);
        const spectrum = this.#spectrum(examples, e)!;
        const collected = examples.spectra.collected(matrix, start, e, spectrum);
        this.#collect(bra, before.subarray(at, at + this.#blocks.length), collected, time);
      }
      this.#evolve(out.subarray(at, at + this.#blocks.length), examples, e, -time);
    });
    return out;
  }

  #each(examples: StepExamples, work: (e: number, time: number, at: number) => void): void {
    for (let e = 0; e < examples.count; e++)
      work(
        e,
        evaluateAngle(this.#apart.op.time, this.#reader(examples, e)),
        e * this.#blocks.length,
      );
  }

  #reader(examples: StepExamples, e: number): SlotReader {
    return slotReader(this.#circuit, examples, e);
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
    const [x, y] = [this.#blocks.vector(), this.#blocks.vector()];
    for (const rest of this.#blocks.rests) {
      this.#blocks.gather(state, rest, x);
      if (spectrum === undefined) {
        const { generator } = this.#apart.op as { generator: { terms: readonly PauliTerm[] } };
        y.fill(0);
        chebyshev(this.#sum(generator.terms), x, [{ time, out: y }], TOLERANCE);
      } else {
        coordinates(spectrum, x, y);
        turnCoordinates(spectrum, time, y);
        fromCoordinates(spectrum, y, x);
      }
      this.#blocks.scatter(spectrum === undefined ? y : x, rest, state);
    }
  }

  /** Derivative by the time: Re⟨ȳ|-iA y⟩ = Im⟨ȳ|A y⟩. */
  #slope(bra: Float64Array, after: Float64Array, examples: StepExamples, e: number): number {
    const spectrum = this.#spectrum(examples, e);
    const [x, b, y] = Array.from({ length: 3 }, () => this.#blocks.vector()) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    let sum = 0;
    for (const rest of this.#blocks.rests) {
      this.#blocks.gather(after, rest, x);
      this.#blocks.gather(bra, rest, b);
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
    const [v, x, b] = Array.from({ length: 3 }, () => this.#blocks.vector()) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    for (const rest of this.#blocks.rests) {
      this.#blocks.gather(before, rest, v);
      coordinates(spectrum, v, x);
      this.#blocks.gather(bra, rest, v);
      coordinates(spectrum, v, b);
      collectGradient(collected, time, x, b);
    }
  }
}
