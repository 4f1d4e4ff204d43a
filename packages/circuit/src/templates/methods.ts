import type { AngleLike, SlotReference } from '../angle.ts';
import { ChannelMethods } from '../channels/methods.ts';
import type { AmplitudesLike } from '../matrix-like.ts';
import type { PauliObservable } from '../types.ts';
import { amplitudeEmbedding, angleEmbedding, basisEmbedding, iqpEmbedding } from './embeddings.ts';
import type {
  AmplitudeEmbeddingOptions,
  AngleEmbeddingOptions,
  IqpEmbeddingOptions,
} from './embeddings.ts';
import {
  basicEntanglerLayers,
  hardwareEfficient,
  randomLayers,
  stronglyEntanglingLayers,
} from './layers.ts';
import type {
  BasicEntanglerLayersOptions,
  HardwareEfficientOptions,
  RandomLayersOptions,
  StronglyEntanglingLayersOptions,
} from './layers.ts';
import { convolutionLayer, poolingLayer, quantumConvolution, quantumPooling } from './qcnn.ts';
import type { TemplateAngles, TemplateTarget } from './target.ts';
import { trotter } from './trotter.ts';
import type { TrotterOptions } from './trotter.ts';

/**
 * The templates as methods: each calls the function of the same name and returns the builder. Parameters are slots or
 * nested lists of numbers and expressions, in radians.
 *
 * @example
 * ```ts
 * import { circuit, input } from '@ketwork/circuit';
 * const embedded = circuit(2, { x: input([2]) }, (q, { x }) => q.angleEmbedding(x));
 * console.log(embedded.ops.length); // 2
 * ```
 */
export abstract class TemplateMethods extends ChannelMethods implements TemplateTarget {
  /** Number of qubits of the circuit. */
  abstract readonly qubits: number;

  /** Prepares a state of qubits on which nothing has acted yet. */
  abstract prepare(
    amplitudes: SlotReference<string, 'amplitudes'> | AmplitudesLike,
    qubits: readonly number[],
    options?: { readonly normalize?: boolean },
  ): this;

  /** Feature i as the angle of a rotation (RX by default) of qubit i. `x`: `[features]`. */
  angleEmbedding(x: TemplateAngles, options?: AngleEmbeddingOptions): this {
    angleEmbedding(this, x, options);
    return this;
  }

  /** Features as the amplitudes of a state: a slot of kind `amplitudes`, or `2^k` fixed values. */
  amplitudeEmbedding(
    features: SlotReference<string, 'amplitudes'> | AmplitudesLike,
    options?: AmplitudeEmbeddingOptions,
  ): this {
    amplitudeEmbedding(this, features, options);
    return this;
  }

  /** Bit i as the basis state of qubit i. `bits`: `[qubits]`. */
  basisEmbedding(bits: TemplateAngles, qubits?: readonly number[]): this {
    basisEmbedding(this, bits, qubits);
    return this;
  }

  /** H and `RZ(x_i)` on each qubit, then `RZZ(x_i·x_j)` on pairs. `x`: `[qubits]`. */
  iqpEmbedding(x: TemplateAngles, options?: IqpEmbeddingOptions): this {
    iqpEmbedding(this, x, options);
    return this;
  }

  /** Layers of one rotation per qubit and a ring of CNOTs. `w`: `[layers, qubits]`. */
  basicEntanglerLayers(w: TemplateAngles, options?: BasicEntanglerLayersOptions): this {
    basicEntanglerLayers(this, w, options);
    return this;
  }

  /** Layers of one Rot per qubit and a ring of CNOTs of growing range. `w`: `[layers, qubits, 3]`. */
  stronglyEntanglingLayers(w: TemplateAngles, options?: StronglyEntanglingLayersOptions): this {
    stronglyEntanglingLayers(this, w, options);
    return this;
  }

  /** Qiskit's EfficientSU2: rotation layers with CNOTs in between. `w`: `[reps + 1, rotations, qubits]`. */
  hardwareEfficient(w: TemplateAngles, options?: HardwareEfficientOptions): this {
    hardwareEfficient(this, w, options);
    return this;
  }

  /** Rotations on random qubits with CNOTs on random pairs, drawn from a seed. `w`: `[layers, rotations]`. */
  randomLayers(w: TemplateAngles, options: RandomLayersOptions): this {
    randomLayers(this, w, options);
    return this;
  }

  /** Any unitary of two qubits, up to a phase. `w`: `[15]`. */
  quantumConvolution(w: TemplateAngles, a: number, b: number): this {
    quantumConvolution(this, w, a, b);
    return this;
  }

  /** Carries what matters of `source` over to `sink`. `w`: `[6]`. */
  quantumPooling(w: TemplateAngles, source: number, sink: number): this {
    quantumPooling(this, w, source, sink);
    return this;
  }

  /** Convolutions on neighbouring qubits in a ring. `w`: `[15]` or `[pairs, 15]`. */
  convolutionLayer(w: TemplateAngles, qubits?: readonly number[]): this {
    convolutionLayer(this, w, qubits);
    return this;
  }

  /** Pooling from the i-th source to the i-th sink. `w`: `[6]` or `[pairs, 6]`. */
  poolingLayer(w: TemplateAngles, sources: readonly number[], sinks: readonly number[]): this {
    poolingLayer(this, w, sources, sinks);
    return this;
  }

  /** Evolution `exp(-i · time · H)` under a Pauli sum as a product of rotations (Trotter–Suzuki). */
  trotter(hamiltonian: PauliObservable, time: AngleLike, options?: TrotterOptions): this {
    trotter(this, hamiltonian, time, options);
    return this;
  }
}
