import { jsqubits } from 'jsqubits';

/** How a row names this peer. */
export const jsqubitsName =
  'jsqubits 2.1.2, forward only (it has no gradients), one example at a time';

/** `Z` on qubit 0 after embedded layers for one example, `w` `[layers, qubits, 3]` with PennyLane's ranges. */
export function jsqubitsValue(
  qubits: number,
  w: Float64Array,
  x: ArrayLike<number>,
  start: number,
): number {
  let state = jsqubits(`|${'0'.repeat(qubits)}>`);
  for (let q = 0; q < qubits; q++) state = state.rotateX(q, x[start + q]!);
  const layers = w.length / (3 * qubits);
  for (let layer = 0, at = 0; layer < layers; layer++) {
    for (let q = 0; q < qubits; q++, at += 3) {
      state = state
        .rotateZ(q, w[at]!)
        .rotateY(q, w[at + 1]!)
        .rotateZ(q, w[at + 2]!);
    }
    const range = (layer % (qubits - 1)) + 1;
    for (let q = 0; q < qubits; q++) state = state.cnot(q, (q + range) % qubits);
  }
  let value = 0;
  state.each((component) => {
    const size = component.amplitude.magnitude();
    value += (component.asNumber() & 1) === 0 ? size * size : -size * size;
  });
  return value;
}
