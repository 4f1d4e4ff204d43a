import { ValueError } from '@ketwork/base';
import { angle, circuit, input, weight } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';

/** Options of {@link quantumFilter}. */
export interface QuantumFilterOptions {
  /** Number of layers of entanglers and trained rotations. Default 2. */
  readonly layers?: number;
  /** Repeat the encoding before every layer instead of the first one only. Default true. */
  readonly reupload?: boolean;
  /** Factor on every pixel before it is encoded. Default 2. */
  readonly scale?: number;
}

/**
 * The circuit of a quantum convolutional filter, one qubit per pixel of the window: H on every qubit; then, per layer,
 * `RY(atan g)` and `RZ(atan g²)` with `g = scale · pixel` (in the first layer only when `reupload` is off), a ring of
 * CNOTs i → i+1 and a trained `Rot` on every qubit. Meant to be read out as ⟨Z₀⟩.
 *
 * Source: Chen, Wei, Zhang, Yu and Yoo, "Quantum convolutional neural networks for high energy physics data analysis",
 * arXiv:2012.12177. The encoding by arctangents and the ring are those of the group's public code; data re-uploading
 * (Pérez-Salinas et al., arXiv:1907.02085) is an option here because sources differ about it.
 *
 * @param pixels Number of pixels of the window, and of qubits.
 * @returns A circuit with the slots `x` `[pixels]` (data) and `w` `[layers, pixels, 3]` (radians).
 * @throws ValueError where a size is not a positive integer or the scale is not finite.
 * @example
 * ```ts
 * import { quantumFilter } from '@ketwork/layers';
 * console.log(quantumFilter(4).slots.map((slot) => slot.shape)); // [ [ 4 ], [ 2, 4, 3 ] ]
 * ```
 */
export function quantumFilter(
  pixels: number,
  options: QuantumFilterOptions = {},
): Circuit<'x' | 'w'> {
  const { layers = 2, reupload = true, scale = 2 } = options;
  for (const [name, value] of [
    ['number of pixels', pixels],
    ['number of layers', layers],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new ValueError(`quantumFilter: the ${name} ${value} is not a positive integer`);
  }
  if (!Number.isFinite(scale))
    throw new ValueError(`quantumFilter: the scale ${scale} is not a finite number`);
  return circuit(pixels, { x: input([pixels]), w: weight([layers, pixels, 3]) }, (q, { x, w }) => {
    for (let qubit = 0; qubit < pixels; qubit++) q.h(qubit);
    for (let layer = 0; layer < layers; layer++) {
      for (let qubit = 0; qubit < pixels && (reupload || layer === 0); qubit++) {
        const g = x.at(qubit).times(scale);
        q.ry(angle.atan(g), qubit).rz(angle.atan(g.times(g)), qubit);
      }
      for (let qubit = 0; qubit < pixels && pixels > 1; qubit++)
        q.cnot(qubit, (qubit + 1) % pixels);
      for (let qubit = 0; qubit < pixels; qubit++)
        q.rot(w.at(layer, qubit, 0), w.at(layer, qubit, 1), w.at(layer, qubit, 2), qubit);
    }
  });
}
