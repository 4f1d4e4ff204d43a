import { circuit, input, weight } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';

/** The circuit that most questions use: angle embedding of `x`, then strongly entangling layers with weights `w`. */
export function embeddedLayers(qubits: number, layers: number): Circuit<'x' | 'w'> {
  return circuit(qubits, { x: input([qubits]), w: weight([layers, qubits, 3]) }, (q, { x, w }) => {
    q.angleEmbedding(x);
    q.stronglyEntanglingLayers(w);
  });
}

/**
 * Strongly entangling layers with a ring of CNOTs between neighbours, and no data: `x` only carries the batch, so that
 * every example is computed, as the prototypes do.
 */
export function plainLayers(qubits: number, layers: number): Circuit<'x' | 'w'> {
  const ranges = Array.from({ length: layers }, () => 1);
  return circuit(qubits, { x: input([1]), w: weight([layers, qubits, 3]) }, (q, { w }) => {
    q.stronglyEntanglingLayers(w, { ranges });
  });
}

/** Fixed angles between 0 and 2π, spread by the golden-ratio-like step of the prototypes. */
export function angles(count: number, shift = 0.1): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => (i * 0.7310585786 + shift) % (2 * Math.PI));
}

/** A one for each example: the cotangent that sums a single expectation value over the batch. */
export const ones = (count: number): Float64Array => new Float64Array(count).fill(1);
