import {
  conv2d,
  dense,
  flatten,
  initializers,
  quantumConv2d,
  reshape,
  sequential,
  tanh,
} from 'ketwork';
import type { Model } from 'ketwork';

/** Side of the images. */
export const SIDE = 16;

const window = { kernel: 2, stride: 2 };
const image = reshape([1, SIDE, SIDE]);
/** Both networks end in the same layer, which starts as the library's dense layers do. */
const head = dense(16, 2);

/** Two quantum convolutions 16 → 8 → 4 with one filter each, then dense 16 → 2: 82 parameters. */
export function quantumNetwork({ reupload }: { readonly reupload: boolean }): Model {
  const filter = quantumConv2d({
    ...window,
    layers: 2,
    scale: 2,
    reupload,
    init: initializers.normal(1),
  });
  return sequential(image, filter, filter, flatten(), head);
}

/**
 * The same shape with classical filters and tanh: 53 parameters with 2 channels in the middle, 80 with 5. The card names 3
 * channels for about 80, which makes 62; 5 is the number that fits the 82 of the quantum network.
 */
export function classicalNetwork(channels: number): Model {
  return sequential(
    image,
    conv2d(1, channels, window),
    tanh(),
    conv2d(channels, 1, window),
    tanh(),
    flatten(),
    head,
  );
}

/** Number of trained numbers of a model for these images. */
export function parameterCount(model: Model): number {
  return model.build([SIDE, SIDE], 0).parameters.reduce((sum, { data }) => sum + data.length, 0);
}
