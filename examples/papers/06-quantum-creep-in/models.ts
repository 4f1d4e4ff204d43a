import { conv2d, dense, flatten, flippedQuanv, quantumLinear, reshape, sequential } from 'ketwork';
import type { Layer, Model } from 'ketwork';

/** How far the network is quantum: nothing, both convolutions, or all three layers. */
export type Level = 0 | 1 | 2;

/** Sizes of the network. */
export interface NetworkSizes {
  /** Channels of the images. */
  readonly channels: number;
  /** Side of the images in pixels. */
  readonly side: number;
  /** Filters of the two convolutions. */
  readonly filters: readonly [first: number, second: number];
  /** Repetitions of the quantum dense layer. */
  readonly repetitions: number;
}

/** The reduced network: 12 × 12 pixels, 8 and 4 filters, 4 qubits. */
export const REDUCED: Omit<NetworkSizes, 'channels'> = {
  side: 12,
  filters: [8, 4],
  repetitions: 4,
};

/** The paper's: 32 × 32 pixels, 32 and 16 filters, 7 qubits. */
export const PUBLISHED: Omit<NetworkSizes, 'channels'> = {
  side: 32,
  filters: [32, 16],
  repetitions: 10,
};

const CLASSES = 10;

/**
 * Three layers without activations, of which the first `level` kinds are quantum. Whatever the level, data go on in the
 * same shapes: [channels, side, side] → [first, side - 2, side - 2] → [second, side - 4, side - 4] → [10].
 *
 * @param scale Factor on the probabilities of the quantum dense layer; 1 in the paper.
 */
export function creepModel(level: Level, sizes: NetworkSizes, scale = 1): Model {
  const { channels, side, filters, repetitions } = sizes;
  const [first, second] = filters;
  const convolution = (from: number, to: number): Layer =>
    level === 0 ? conv2d(from, to, 3) : flippedQuanv(from, to, 3);
  const features = second * (side - 4) ** 2;
  const last =
    level < 2 ? dense(features, CLASSES) : quantumLinear(features, CLASSES, { repetitions, scale });
  return sequential(
    reshape([channels, side, side]),
    convolution(channels, first),
    convolution(first, second),
    flatten(),
    last,
  );
}

/** The classical twin of level 2: the same layers with two filters in the second, so that parameters are about as many. */
export function twin(channels: number): Model {
  const { side, filters } = REDUCED;
  return sequential(
    reshape([channels, side, side]),
    conv2d(channels, filters[0], 3),
    conv2d(filters[0], 2, 3),
    flatten(),
    dense(2 * (side - 4) ** 2, CLASSES),
  );
}

/** Shapes of the data between the layers, without the batch. */
export function shapesBetween(model: Model, inputShape: readonly number[]): number[][] {
  const built = model.build(inputShape, 1);
  return built.children!.map(({ outputShape }) => [...outputShape]);
}

/** Number of trained parameters. */
export function parameterCount(model: Model, inputShape: readonly number[]): number {
  return model.build(inputShape, 1).parameters.reduce((sum, p) => sum + p.data.length, 0);
}
