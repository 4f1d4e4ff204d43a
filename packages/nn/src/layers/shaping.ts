import { sizeOf } from '@ketwork/base';
import type { Layer, Shape } from '../contract.ts';
import * as ops from '../ops/index.ts';
import { checkShape, shapeText } from '../shape.ts';
import { refuseInput, statelessLayer } from './common.ts';

/**
 * All numbers of an example in one axis: any shape to `[size]`.
 *
 * @example
 * ```ts
 * import { flatten, sequential } from '@ketwork/nn';
 * console.log(sequential(flatten()).build([8, 13, 13], 0).outputShape); // [1352]
 * ```
 */
export function flatten(): Layer {
  return statelessLayer('flatten', {}, (shape) => [sizeOf(shape)], ops.flatten);
}

/**
 * The numbers of an example in another shape, row-major order kept.
 *
 * @throws ValueError where the shape is not made of positive integers; at build, where the number of elements differs.
 * @example
 * ```ts
 * import { reshape, sequential } from '@ketwork/nn';
 * console.log(sequential(reshape([1, 28, 28])).build([784], 0).outputShape); // [1, 28, 28]
 * ```
 */
export function reshape(shape: Shape): Layer {
  checkShape(shape, 'reshape');
  const target = [...shape];
  return statelessLayer(
    'reshape',
    { shape: target },
    (input) => {
      if (sizeOf(input) !== sizeOf(target))
        refuseInput('reshape', input, `as many numbers as ${shapeText(target)} has`);
      return target;
    },
    (x) => ops.reshape(x, target),
  );
}
