import { ValueError } from '@ketwork/base';
import { angle, circuit, input, weight } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';

/** Options of {@link variationalBlock}. */
export interface VariationalBlockOptions {
  /** Number of qubits, at least the number of inputs. Default: one per input. */
  readonly qubits?: number;
  /** Number of layers of entanglers and trained rotations. Default 2. */
  readonly layers?: number;
  /** Distances d of the rings of CNOTs i → i+d in every layer, each at least 1. Default [1, 2]. */
  readonly distances?: readonly number[];
}

/**
 * The variational circuit inside the recurrent, graph and convolutional networks of Chen and co-workers: H on every
 * qubit, `RY(atan x_i)` and `RZ(atan x_i²)` on qubit i for each input, then, per layer, rings of CNOTs i → i+1 and
 * i → i+2 and a trained `Rot` on every qubit. Meant to be read out as ⟨Z⟩ of the first qubits.
 *
 * Up to a phase, the encoding takes a qubit to `cos(f + π/4)|0⟩ + e^(ig) sin(f + π/4)|1⟩` with `f = atan(x)/2`,
 * `g = atan x²`, so that ⟨Z⟩ = -x/√(1+x²).
 *
 * Source: Chen, Yoo and Fang, "Quantum long short-term memory", arXiv:2009.01783, and the group's public code. A ring
 * whose distance is a multiple of the number of qubits would act on one qubit and is left out.
 *
 * @param inputs How many numbers are encoded, one per qubit.
 * @returns A circuit with the slots `x` `[inputs]` (data) and `w` `[layers, qubits, 3]` (radians).
 * @throws ValueError where a size is not a positive integer or there are fewer qubits than inputs.
 * @example
 * ```ts
 * import { variationalBlock } from '@ketwork/layers';
 * console.log(variationalBlock(4).slots.map((slot) => slot.shape)); // [ [ 4 ], [ 2, 4, 3 ] ]
 * ```
 */
export function variationalBlock(
  inputs: number,
  options: VariationalBlockOptions = {},
): Circuit<'x' | 'w'> {
  const { qubits = inputs, layers = 2, distances = [1, 2] } = options;
  for (const [name, value] of [
    ['number of inputs', inputs],
    ['number of qubits', qubits],
    ['number of layers', layers],
    ...distances.map((distance) => ['distance of a ring', distance] as const),
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new ValueError(`variationalBlock: the ${name} ${value} is not a positive integer`);
  }
  if (qubits < inputs) {
    throw new ValueError(`variationalBlock: ${qubits} qubits cannot encode ${inputs} inputs`, {
      remedy: `Give at least ${inputs} qubits, or fewer inputs, such as by a dense layer before`,
    });
  }
  return circuit(qubits, { x: input([inputs]), w: weight([layers, qubits, 3]) }, (q, { x, w }) => {
    for (let qubit = 0; qubit < qubits; qubit++) q.h(qubit);
    for (let qubit = 0; qubit < inputs; qubit++) {
      const value = x.at(qubit);
      q.ry(angle.atan(value), qubit).rz(angle.atan(value.times(value)), qubit);
    }
    for (let layer = 0; layer < layers; layer++) {
      for (const distance of distances) {
        for (let qubit = 0; qubit < qubits && distance % qubits !== 0; qubit++)
          q.cnot(qubit, (qubit + distance) % qubits);
      }
      for (let qubit = 0; qubit < qubits; qubit++)
        q.rot(w.at(layer, qubit, 0), w.at(layer, qubit, 1), w.at(layer, qubit, 2), qubit);
    }
  });
}
