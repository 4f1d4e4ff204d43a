import { conv2d, dense, flatten, maxPool2d, qcnn, relu, reshape, sequential } from 'ketwork';
import type { Model } from 'ketwork';

/** Qubits of the chain. */
export const CHAIN = 8;
/** Side of the digits, whose pixels are the amplitudes of 8 qubits. */
export const SIDE = 16;

/** The network on ground states of the chain. */
export function onStates(): Model {
  return sequential(qcnn(CHAIN, { embedding: 'state' }).layer(), dense(1, 2));
}

/** The network on digits as amplitudes, and a convolutional one. */
export const DIGIT_MODELS: Readonly<Record<string, () => Model>> = {
  QCNN: () =>
    sequential(flatten(), qcnn(8, { embedding: 'amplitude', outputs: 2 }).layer(), dense(2, 2)),
  CNN: () =>
    sequential(
      reshape([1, SIDE, SIDE]),
      conv2d(2, { kernel: 3 }),
      relu(),
      maxPool2d(2),
      conv2d(2, { kernel: 3 }),
      relu(),
      maxPool2d(2),
      flatten(),
      dense(2),
    ),
};

/** Number of trained numbers. */
export function parameterCount(model: Model): number {
  return model.network!.parameters.reduce((sum, { data }) => sum + data.length, 0);
}
