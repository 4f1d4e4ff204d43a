import { angleSlots, anglePartials, denseMatrix, evaluateAngle } from '@ketwork/circuit';
import type { Angle, Circuit, EvolutionDrift, EvolutionOp } from '@ketwork/circuit';
import { Blocks, slotReader } from './blocks.ts';
import type { StepExamples } from './blocks.ts';
import type { ChunkGradients } from './gradients.ts';
import {
  addGradient,
  collectGradient,
  coordinates,
  fromCoordinates,
  turnCoordinates,
} from './spectra.ts';
import type { Collected, Spectrum } from './spectra.ts';
import type { Apart } from './split.ts';

/** An evolution with a drift, `exp(-i (t A + u B))`: t A + u B is diagonalised for its times. */
export class DriftStep {
  readonly #op: EvolutionOp;
  readonly #operation: number;
  readonly #drift: EvolutionDrift;
  readonly #circuit: Circuit;
  readonly #blocks: Blocks;
  readonly #size: number;
  /** A where it is fixed, and B: `[d, d, 2]`. */
  readonly #fixed: ArrayLike<number> | undefined;
  readonly #other: ArrayLike<number>;
  /** Whether all examples have the same exponent. */
  readonly #isShared: boolean;

  constructor({ op, operation }: Apart, circuit: Circuit, drift: EvolutionDrift) {
    this.#op = op;
    this.#operation = operation;
    this.#drift = drift;
    this.#circuit = circuit;
    this.#blocks = new Blocks(circuit, op.controls, op.qubits);
    this.#size = 2 ** op.qubits.length;
    const dense = (generator: EvolutionDrift['generator']): ArrayLike<number> => {
      if ('matrix' in generator) return generator.matrix;
      const terms = generator.terms.map(({ coefficient, paulis }) => ({
        coefficient,
        paulis: paulis.map(({ qubit, pauli }) => ({ qubit: op.qubits.indexOf(qubit), pauli })),
      }));
      return denseMatrix({ type: 'pauli', terms }, op.qubits.length);
    };
    this.#fixed = 'slot' in op.generator ? undefined : dense(op.generator);
    this.#other = dense(drift.generator);
    const read = [op.time, drift.time].flatMap((angle: Angle) =>
      angleSlots(angle).map(({ slot }) => slot),
    );
    if ('slot' in op.generator) read.push(op.generator.slot);
    this.#isShared = circuit.slots.every(
      ({ name, axis }) => axis === 'shared' || !read.includes(name),
    );
  }

  /** Bytes of matrices: the exponent, its eigenvectors and their gradients. */
  get bytes(): number {
    return 16 * 5 * this.#size ** 2;
  }

  /** The states after the evolution. */
  forward(states: Float64Array, examples: StepExamples): Float64Array {
    const out = states.slice();
    for (let e = 0; e < examples.count; e++) this.#turn(out, e, this.#spectrum(examples, e), 1);
    return out;
  }

  /** Takes cotangents to those before the evolution, and adds gradients. */
  backward(
    before: Float64Array,
    _after: Float64Array,
    cotangents: Float64Array,
    examples: StepExamples,
    gradients: ChunkGradients,
  ): Float64Array {
    const out = cotangents.slice();
    const { generator, time } = this.#op;
    for (let e = 0; e < examples.count; e++) {
      const spectrum = this.#spectrum(examples, e);
      const read = slotReader(this.#circuit, examples, e);
      const matrix = 'slot' in generator ? generator.slot : undefined;
      const wanted = (angle: Angle): ReturnType<typeof anglePartials> =>
        anglePartials(angle, read).filter(({ slot }) => gradients.wants(slot));
      const times = wanted(time);
      const others = wanted(this.#drift.time);
      const wantsMatrix = matrix !== undefined && gradients.wants(matrix);
      if (times.length + others.length > 0 || wantsMatrix) {
        // By the exponent, of which all else is a part.
        const slope = this.#slope(before, cotangents, e, spectrum);
        for (const [partials, direction] of [
          [times, () => this.#matrix(examples, e)],
          [others, () => [this.#other, 0] as const],
        ] as const) {
          if (partials.length === 0) continue;
          const [along, offset] = direction();
          const sum = slope.reduce((total, x, i) => total + x * along[offset + i]!, 0);
          for (const { slot, index, partial } of partials) {
            const { data, start } = gradients.row(slot, e);
            data[start + index]! += partial * sum;
          }
        }
        if (wantsMatrix) {
          const { data, start } = gradients.row(matrix, e);
          const t = evaluateAngle(time, read);
          slope.forEach((x, i) => (data[start + i]! += t * x));
        }
      }
      this.#turn(out, e, spectrum, -1);
    }
    return out;
  }

  /** A in an example, and where in the array it begins. */
  #matrix({ slots, first }: StepExamples, e: number): readonly [ArrayLike<number>, number] {
    const { generator } = this.#op;
    if (!('slot' in generator)) return [this.#fixed!, 0];
    const { axis } = this.#circuit.slots.find(({ name }) => name === generator.slot)!;
    return [slots.get(generator.slot), axis === 'shared' ? 0 : 2 * this.#size ** 2 * (first + e)];
  }

  /** The spectrum of t A + u B. */
  #spectrum(examples: StepExamples, e: number): Spectrum {
    const name = `drift ${this.#operation} ${this.#isShared ? '' : e}`;
    return examples.spectra.of(name, this.#size, () => {
      const read = slotReader(this.#circuit, examples, e);
      const t = evaluateAngle(this.#op.time, read);
      const u = evaluateAngle(this.#drift.time, read);
      const [a, offset] = this.#matrix(examples, e);
      const exponent = Float64Array.from(
        { length: 2 * this.#size ** 2 },
        (_, i) => t * a[offset + i]! + u * this.#other[i]!,
      );
      return [exponent, 0];
    });
  }

  /** Applies the evolution, or with -1 its inverse, to a state of the chunk in place. */
  #turn(states: Float64Array, e: number, spectrum: Spectrum, time: number): void {
    const { length, rests } = this.#blocks;
    const state = states.subarray(e * length, (e + 1) * length);
    const [x, y] = [this.#blocks.vector(), this.#blocks.vector()];
    for (const rest of rests) {
      this.#blocks.gather(state, rest, x);
      coordinates(spectrum, x, y);
      turnCoordinates(spectrum, time, y);
      fromCoordinates(spectrum, y, x);
      this.#blocks.scatter(x, rest, state);
    }
  }

  /** The derivative by the exponent of an example, `[d, d, 2]`. */
  #slope(before: Float64Array, bras: Float64Array, e: number, spectrum: Spectrum): Float64Array {
    const { length, rests } = this.#blocks;
    const weights = new Float64Array(2 * this.#size ** 2);
    const collected: Collected = { slot: '', example: e, spectrum, weights };
    const blocks = this.#blocks;
    const [v, x, b] = [blocks.vector(), blocks.vector(), blocks.vector()];
    for (const rest of rests) {
      blocks.gather(before.subarray(e * length, (e + 1) * length), rest, v);
      coordinates(spectrum, v, x);
      blocks.gather(bras.subarray(e * length, (e + 1) * length), rest, v);
      coordinates(spectrum, v, b);
      collectGradient(collected, 1, x, b);
    }
    const out = new Float64Array(2 * this.#size ** 2);
    addGradient(collected, out, 0);
    return out;
  }
}
