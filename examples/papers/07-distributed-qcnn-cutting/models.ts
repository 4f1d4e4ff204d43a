import {
  Z,
  circuit,
  conv2d,
  dense,
  expval,
  flatten,
  input,
  maxPool2d,
  quantum,
  relu,
  reshape,
  scale,
  sequential,
  tanh,
  weight,
} from 'ketwork';
import type { Circuit, Cut, ExpvalMeasurement, Layer, Model } from 'ketwork';

const QUBITS = 8;
/** Operations that encode the inputs, and operations of a block. */
const ENCODING = 2 * QUBITS;
const BLOCK = 3;

/** Eight features behind H and RY, then a chain of two-qubit blocks, the shape of a matrix product state. */
export const chain: Circuit<'x' | 'w'> = circuit(
  QUBITS,
  { x: input([QUBITS]), w: weight([QUBITS - 1, 2]) },
  (q, { x, w }) => {
    for (let qubit = 0; qubit < QUBITS; qubit++) q.h(qubit).ry(x.at(qubit), qubit);
    for (let left = 0; left + 1 < QUBITS; left++) {
      q.ry(w.at(left, 0), left)
        .ry(w.at(left, 1), left + 1)
        .cnot(left, left + 1);
    }
  },
);

/** The wire of qubit 3 behind the third block: four qubits before it, five behind it. */
export const cuts: readonly Cut[] = [{ wire: 3, before: ENCODING + 3 * BLOCK }];

/** Z of the four qubits behind the cut. */
export const readout: ExpvalMeasurement = expval(Z(4), Z(5), Z(6), Z(7));

/** A small convolutional network whose eight features go through a head. */
function behindBackbone(...head: Layer[]): Model {
  return sequential(
    reshape([1, 28, 28]),
    conv2d(8, { kernel: 3, padding: 1 }),
    relu(),
    maxPool2d(2),
    conv2d(16, { kernel: 3, padding: 1 }),
    relu(),
    maxPool2d(2),
    flatten(),
    dense(16 * 7 * 7, QUBITS),
    ...head,
  );
}

/** Heads by name: the circuit with a dense layer, and two dense layers. */
export const HEADS: Readonly<Record<string, (classes: number) => Model>> = {
  quantum: (classes) =>
    behindBackbone(tanh(), scale(Math.PI / 2), quantum(chain, readout), dense(4, classes)),
  dense: (classes) => behindBackbone(tanh(), dense(QUBITS, 16), tanh(), dense(16, classes)),
};

/** Parameters of the head alone. */
export function headParameters(model: Model): number {
  const backbone = 8 * 9 + 8 + 16 * 8 * 9 + 16 + 16 * 49 * QUBITS + QUBITS;
  const all = model.network!.parameters.reduce((sum, { data }) => sum + data.length, 0);
  return all - backbone;
}
