import {
  batchNorm,
  conv2d,
  dense,
  flatten,
  hybridParallel,
  maxPool2d,
  quanvolution,
  relu,
  reshape,
  sequential,
} from 'ketwork';
import type { Layer, Model } from 'ketwork';

/** Side of the images of HQNN-Parallel. */
export const SIDE = 28;
/** Side of those of HQNN-Quanv: means of 2 × 2 pixels. */
export const SMALL_SIDE = 14;

/** Channels of the two convolutions: 16 and 32 in the paper, 8 and 16 in the reduced form. */
export type Channels = readonly [first: number, second: number];
export const PAPER_CHANNELS: Channels = [16, 32];
export const REDUCED_CHANNELS: Channels = [8, 16];

/** Circuits side by side, of five qubits each. */
export const CIRCUITS = 4;
const BOTTLENECK = 5 * CIRCUITS;

/** Two convolutions with batch normalisation, ReLU and pooling, which all networks have: 28 × 28 to `second` × 7 × 7. */
function features([first, second]: Channels): Layer[] {
  const stage = (channels: number, filters: number): Layer[] => [
    conv2d(channels, filters, { kernel: 5, padding: 2 }),
    batchNorm(),
    relu(),
    maxPool2d(2),
  ];
  return [reshape([1, SIDE, SIDE]), ...stage(1, first), ...stage(first, second), flatten()];
}

/** HQNN-Parallel: dense layer to 20 numbers, four circuits of five qubits, dense layer. */
export function hqnnParallel(channels: Channels): Model {
  return sequential(
    ...features(channels),
    dense(49 * channels[1], BOTTLENECK),
    hybridParallel({ circuits: CIRCUITS }),
    dense(BOTTLENECK, 10),
  );
}

/** Twin of equal size: ReLU instead of the circuits. */
export function equalTwin(channels: Channels): Model {
  return sequential(
    ...features(channels),
    dense(49 * channels[1], BOTTLENECK),
    relu(),
    dense(BOTTLENECK, 10),
  );
}

/** Twin with a wide hidden layer, more than eight times as large: 200 units in the reduced form, 227 in the paper's. */
export function largeTwin(channels: Channels): Model {
  const hidden = channels === PAPER_CHANNELS ? 227 : 200;
  return sequential(
    ...features(channels),
    dense(49 * channels[1], hidden),
    relu(),
    dense(hidden, 10),
  );
}

/**
 * HQNN-Quanv: a circuit of four qubits and 16 angles on windows of 2 × 2, side by side, then a dense layer. Trained,
 * fixed, or a fixed one with a random structure from a seed.
 */
export function hqnnQuanv(kind: 'trained' | 'fixed' | 'random', seed = 1): Model {
  const circuit =
    kind === 'random'
      ? ({ structure: 'random', seed } as const)
      : ({ trainable: kind === 'trained' } as const);
  return sequential(
    reshape([1, SMALL_SIDE, SMALL_SIDE]),
    quanvolution({ kernel: 2, ...circuit }),
    flatten(),
    dense(196, 10),
  );
}

/** Twin of HQNN-Quanv: a convolution with the same windows and ReLU; 4 channels have 20 weights against 16 angles. */
export function convolutionTwin(channels: number): Model {
  return sequential(
    reshape([1, SMALL_SIDE, SMALL_SIDE]),
    conv2d(1, channels, { kernel: 2, stride: 2 }),
    relu(),
    flatten(),
    dense(49 * channels, 10),
  );
}

/** Number of trained numbers of a model for images of a side. The model gets new ones. */
export function parameterCount(model: Model, side: number): number {
  return model.build([side, side], 0).parameters.reduce((sum, { data }) => sum + data.length, 0);
}
