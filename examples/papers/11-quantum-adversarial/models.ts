import {
  amplitudes,
  circuit,
  input,
  ops,
  probabilities,
  quantum,
  sequential,
  weight,
} from 'ketwork';
import type { AngleExpression, Builder, Circuit, Layer, Loss, Model, Tensor } from 'ketwork';

export const QUBITS = 10;
/** Rotation layers between the layers of CNOTs. */
const BLOCKS = [8, 6, 6, 6];
/** Rotations of the classifier: 26 layers of ten. */
export const SLOTS: number = QUBITS * BLOCKS.reduce((a, b) => a + b);
/** Side of the images; their pixels share the first 256 rotations with trainable angles. */
export const SIDE = 16;
/** The qubit that is read, the fifth. */
export const READOUT = 4;

/** Layers of RX and RZ in turn, with two rows of CNOTs after each block. */
export function ansatz(q: Builder, angleOf: (slot: number) => AngleExpression): void {
  let slot = 0;
  for (const layers of BLOCKS) {
    for (let layer = 0; layer < layers; layer++) {
      for (let qubit = 0; qubit < QUBITS; qubit++) {
        if (layer % 2 === 0) q.rx(angleOf(slot), qubit);
        else q.rz(angleOf(slot), qubit);
        slot++;
      }
    }
    for (let qubit = 0; qubit + 1 < QUBITS; qubit += 2) q.cnot(qubit, qubit + 1);
    for (let qubit = 1; qubit + 1 < QUBITS; qubit += 2) q.cnot(qubit, qubit + 1);
  }
}

/** Every rotation of an image classifier turns by `scale · pixel + π + w`. */
export function imageCircuit(scale: number): Circuit {
  const slots = { x: input([SIDE * SIDE]), w: weight([SLOTS]) };
  return circuit(QUBITS, slots, (q, { x, w }) =>
    ansatz(q, (slot) =>
      slot < SIDE * SIDE ? x.at(slot).times(scale).plus(Math.PI).plus(w.at(slot)) : w.at(slot),
    ),
  );
}

/** The image classifier: 260 trainable angles, the probabilities of qubit 5 as output. */
export function imageModel(scale: number): Model {
  return sequential(quantum(imageCircuit(scale), probabilities([READOUT])));
}

/** RX and RZ on every qubit in front of the classifier: what an attack on a quantum state may do. */
export const LOCAL: number = 2 * QUBITS;

/**
 * A classifier of quantum states: the same rotations with trainable angles only. Its input is the angles of the
 * perturbation, 0 in training, followed by the amplitudes.
 */
export function stateModel(): Model {
  const all = Array.from({ length: QUBITS }, (_, qubit) => qubit);
  const slots = {
    delta: input([LOCAL]),
    psi: amplitudes([2 ** QUBITS, 2]),
    w: weight([SLOTS]),
  };
  const classifier = circuit(QUBITS, slots, (q, { delta, psi, w }) => {
    q.prepare(psi, all, { normalize: true });
    for (const qubit of all) q.rx(delta.at(2 * qubit), qubit).rz(delta.at(2 * qubit + 1), qubit);
    ansatz(q, (slot) => w.at(slot));
  });
  const layer: Layer = quantum(classifier, probabilities([READOUT]), { inputs: ['delta', 'psi'] });
  return sequential(layer);
}

/** Cross-entropy of probabilities, -log p of the label. Targets: labels 0 and 1, `[batch]`. */
export const likelihood: Loss = Object.freeze<Loss>({
  name: 'likelihood',
  apply(outputs: Tensor, targets: ArrayLike<number>): Tensor {
    const { tape } = outputs;
    const chosen = Float64Array.from({ length: 2 * targets.length }, (_, i) =>
      targets[i >> 1] === i % 2 ? -1 : 0,
    );
    // A probability of 0 has no logarithm; this many shots would not see it either.
    const floor = tape.constant(Float64Array.of(1e-9, 1e-9), [2], 'shared');
    const logs = ops.log(ops.add(outputs, floor));
    return ops.sum(ops.mul(logs, tape.constant(chosen, [2], 'batch')));
  },
});
