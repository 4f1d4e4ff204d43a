import { sizeOf, ValueError } from '@ketwork/base';
import { forward, networkOf } from '@ketwork/nn';
import type { BuiltLayer, Model, Shape } from '@ketwork/nn';
import { cpu } from '@ketwork/simulator';
import type { AsyncEngine, Engine } from '@ketwork/simulator';

/** Options of {@link precompute}. */
export interface PrecomputeOptions {
  /** Engine for the quantum layers. Default: the one that is bound, else the CPU in this thread. */
  readonly engine?: Engine | AsyncEngine;
  /** Examples per pass. Default 256. */
  readonly batchSize?: number;
}

/** Examples as `fit` of `@ketwork/training` takes them. */
interface Examples {
  readonly inputs: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
}

/** What {@link precompute} made of examples: data for the layers behind. */
export interface Precomputed<Labels> {
  /** Outputs of the layer, `[examples, ...inputShape]`. */
  readonly inputs: Float64Array;
  /** The labels, as given. */
  readonly labels: Labels;
  /** Shape of one output of the layer. */
  readonly inputShape: Shape;
}

/**
 * Outputs of a layer that is not trained, such as a fixed `quanvolution` or reservoir, for all examples: computed once,
 * so that the layers behind it can be trained on them for many epochs without running it again.
 *
 * @param layer A built layer or model without trained parameters and without randomness.
 * @param data Inputs `[examples, ...inputShape]` and their labels.
 * @throws ValueError where the layer has parameters (training would change what was computed), or the inputs do not
 * fit; what its layers throw. Rejects, never throws at once.
 * @example
 * ```ts
 * import { precompute, quanvolution } from '@ketwork/layers';
 * const layer = quanvolution({ kernel: 2, structure: 'random', seed: 3 }).build([1, 4, 4], [0, 1]);
 * const { inputs, inputShape } = await precompute(layer, { inputs: new Float64Array(5 * 16), labels: [0, 1, 1, 0, 1] });
 * console.log(inputs.length, inputShape); // 80 [ 4, 2, 2 ]
 * ```
 */
export async function precompute<Data extends Examples>(
  layer: BuiltLayer | Model,
  data: Data,
  options: PrecomputeOptions = {},
): Promise<Precomputed<Data['labels']>> {
  const { engine, batchSize = 256 } = options;
  const network = networkOf(layer);
  const { inputShape, outputShape, parameters } = network;
  if (parameters.length > 0) {
    throw new ValueError(
      `precompute: ${network.kind} has trained parameters (${parameters.map(({ name }) => name).join(', ')}), so its outputs would change`,
      { remedy: 'Build it with trainable: false, or train it together with the layers behind it' },
    );
  }
  if (!Number.isSafeInteger(batchSize) || batchSize < 1)
    throw new ValueError(`precompute: the batch size ${batchSize} is not a positive integer`);
  const width = sizeOf(inputShape);
  const count = data.inputs.length / width;
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new ValueError(
      `precompute: ${data.inputs.length} numbers are not one or more inputs of shape [${inputShape.join(', ')}]`,
    );
  }
  if (network.bind !== undefined) {
    if (engine !== undefined) network.bind(engine);
    else if (network.bound?.() !== true) network.bind(await cpu());
  }
  const size = sizeOf(outputShape);
  const inputs = new Float64Array(count * size);
  for (let from = 0; from < count; from += batchSize) {
    const to = Math.min(count, from + batchSize);
    const rows = Float64Array.from(
      { length: (to - from) * width },
      (_, i) => data.inputs[from * width + i]!,
    );
    inputs.set(await forward(network, rows), from * size);
  }
  return { inputs, labels: data.labels, inputShape: outputShape };
}
