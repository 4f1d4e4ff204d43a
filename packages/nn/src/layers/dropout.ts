import { fillUniformAt, sizeOf, ValueError } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import type { Layer } from '../contract.ts';
import { mul } from '../ops/arithmetic.ts';
import { statelessLayer } from './common.ts';

/**
 * In training sets each number to 0 with this probability and divides the others by `1 - probability`
 * (Srivastava et al., JMLR 15, 2014); otherwise changes nothing. Any shape. What an example loses depends on the key
 * of the step and the example's place in the batch only.
 *
 * @param probability From 0 to below 1. Default 0.5.
 * @throws ValueError where it is not; in training, where the pass has no key.
 * @example
 * ```ts
 * import { dense, dropout, relu, sequential } from '@ketwork/nn';
 * const net = sequential(dense(16, 32), relu(), dropout(0.2), dense(2));
 * console.log(net.build(1).outputShape); // [2]
 * ```
 */
export function dropout(probability = 0.5): Layer {
  if (!(probability >= 0 && probability < 1)) {
    throw new ValueError(
      `dropout: the probability ${probability} is not a number from 0 to below 1`,
    );
  }
  return statelessLayer(
    'dropout',
    { probability },
    (shape) => shape,
    (x, { tape, training, key, firstExample }) => {
      if (!training || probability === 0) return x;
      if (key === undefined) {
        throw new ValueError('dropout: training needs random numbers, but the pass has no key', {
          remedy: 'Give the option key, a new one for every step, such as fold(key(seed), step)',
        });
      }
      const mask = dropoutMask(key, firstExample, tape.batch, sizeOf(x.shape), probability);
      return mul(x, tape.constant(mask, x.shape, 'batch'));
    },
  );
}

function dropoutMask(
  key: Key,
  firstExample: number,
  batch: number,
  size: number,
  probability: number,
): Float64Array {
  const mask = new Float64Array(batch * size);
  const kept = 1 / (1 - probability);
  for (let e = 0; e < batch; e++)
    fillUniformAt(key, firstExample + e, 0, mask.subarray(e * size, (e + 1) * size));
  for (let i = 0; i < mask.length; i++) mask[i] = mask[i]! < probability ? 0 : kept;
  return mask;
}
