import { ValueError } from '@ketwork/base';
import { circuit, input, weight } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';

/** Options of {@link parallelCircuit}. */
export interface ParallelCircuitOptions {
  /** Qubits of each circuit, and features it takes. Default 5. */
  readonly qubits?: number;
  /** Repetitions of trained rotations and entanglers. Default 3. */
  readonly layers?: number;
  /** Factor on every feature before it becomes an angle. Default 1. */
  readonly scale?: number;
}

/**
 * The circuit of HQNN-Parallel: `RX(scale · x)` on every qubit once; then, per layer l, a trained `Rot` on every qubit
 * and CNOTs w → (w + r) mod n with r = l mod (n - 1) + 1, for 5 qubits and 3 layers the ranges 1, 2, 3. Meant to be read
 * out as ⟨Y⟩ of every qubit.
 *
 * Source: Senokosov, Sedykh, Sagingalieva, Kyriacou and Melnikov, "Quantum machine learning for image classification",
 * arXiv:2304.09224, as public implementations of it have the circuit.
 *
 * @returns A circuit with the slots `x` `[qubits]` (data, radians before `scale`) and `w` `[layers, qubits, 3]` (radians).
 * @throws ValueError where a size is not a positive integer or the scale is not finite.
 * @example
 * ```ts
 * import { parallelCircuit } from '@ketwork/layers';
 * console.log(parallelCircuit().slots.map((slot) => slot.shape)); // [ [ 5 ], [ 3, 5, 3 ] ]
 * ```
 */
export function parallelCircuit(options: ParallelCircuitOptions = {}): Circuit<'x' | 'w'> {
  const { qubits = 5, layers = 3, scale = 1 } = options;
  for (const [name, value] of [
    ['number of qubits', qubits],
    ['number of layers', layers],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new ValueError(`parallelCircuit: the ${name} ${value} is not a positive integer`);
  }
  if (!Number.isFinite(scale))
    throw new ValueError(`parallelCircuit: the scale ${scale} is not a finite number`);
  return circuit(qubits, { x: input([qubits]), w: weight([layers, qubits, 3]) }, (q, { x, w }) => {
    for (let qubit = 0; qubit < qubits; qubit++)
      q.rx(scale === 1 ? x.at(qubit) : x.at(qubit).times(scale), qubit);
    q.stronglyEntanglingLayers(w);
  });
}
