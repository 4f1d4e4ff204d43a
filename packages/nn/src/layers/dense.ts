import { split, ValueError } from '@ketwork/base';
import type { Layer } from '../contract.ts';
import { glorotUniform, zeros } from '../initializers.ts';
import type { Initializer } from '../initializers.ts';
import { affine, matmul } from '../ops/linear.ts';
import { checkPositive } from '../shape.ts';
import { makeLayer, parameter, refuseInput } from './common.ts';

/** Options of {@link dense}. */
export interface DenseOptions {
  /** Whether a bias is added. Default true. */
  readonly bias?: boolean;
  /** First values of the weight; `initializers.glorotUniform()` by default. The bias starts at 0. */
  readonly init?: Initializer;
}

/**
 * Fully connected layer `x · weight + bias` on the last axis: `[in]` to `[out]`, or `[rows, in]` to `[rows, out]`.
 * Parameters: `weight` `[in, out]` (the transpose of PyTorch's) and `bias` `[out]`. Without `inputs` their number is
 * taken from the layer before.
 *
 * @throws ValueError where a size is not a positive integer; at build, where the input's last axis is not `inputs`.
 * @example
 * ```ts
 * import { dense, sequential, tanh } from '@ketwork/nn';
 * const net = sequential(dense(4, 8), tanh(), dense(2));
 * console.log(net.build(1).outputShape); // [2]
 * ```
 */
export function dense(inputs: number, outputs: number, options?: DenseOptions): Layer;
export function dense(outputs: number, options?: DenseOptions): Layer;
export function dense(first: number, second?: number | DenseOptions, third?: DenseOptions): Layer {
  const named = typeof second === 'number';
  const inputs = named ? first : undefined;
  const outputs = named ? second : first;
  const { bias = true, init = glorotUniform() } = (named ? third : second) ?? {};
  if (inputs !== undefined) checkPositive(inputs, 'dense: the number of inputs');
  checkPositive(outputs, 'dense: the number of outputs');
  const settings = { inputs, outputs, bias, init: init.settings };
  return makeLayer(
    'dense',
    settings,
    inputs === undefined ? undefined : [inputs],
    (inputShape, key) => {
      const size = inputShape[inputShape.length - 1];
      if (size === undefined || inputShape.length > 2) {
        throw new ValueError(
          `dense: inputs with ${inputShape.length} axes do not fit, it takes vectors or rows of vectors`,
          {
            remedy: 'Put flatten() before it',
          },
        );
      }
      if (inputs !== undefined && size !== inputs)
        refuseInput('dense', inputShape, `vectors of ${inputs}`);
      const [weightKey, biasKey] = split(key, 2);
      const fans = { fanIn: size, fanOut: outputs };
      const weight = parameter(
        'weight',
        [size, outputs],
        init.create({ shape: [size, outputs], ...fans }, weightKey!),
      );
      const shift = parameter(
        'bias',
        [outputs],
        zeros().create({ shape: [outputs], ...fans }, biasKey!),
      );
      return {
        kind: 'dense',
        inputShape,
        outputShape: [...inputShape.slice(0, -1), outputs],
        parameters: bias ? [weight, shift] : [weight],
        buffers: [],
        couplesExamples: false,
        forward: (x, { tape }) =>
          bias
            ? affine(x, tape.parameter(weight), tape.parameter(shift))
            : matmul(x, tape.parameter(weight)),
      };
    },
  );
}
