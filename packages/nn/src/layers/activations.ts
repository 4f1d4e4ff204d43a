import type { Layer } from '../contract.ts';
import * as ops from '../ops/index.ts';
import { statelessLayer } from './common.ts';

const same = <T>(shape: T): T => shape;

/**
 * Hyperbolic tangent of every number; any shape.
 *
 * @example
 * ```ts
 * import { dense, sequential, tanh } from '@ketwork/nn';
 * const net = sequential(dense(2, 4), tanh(), dense(1));
 * console.log(JSON.stringify(net.layers[1])); // {"kind":"tanh"}
 * ```
 */
export function tanh(): Layer {
  return statelessLayer('tanh', {}, same, ops.tanh);
}

/**
 * `max(0, x)` of every number; any shape.
 *
 * @example
 * ```ts
 * import { dense, relu, sequential } from '@ketwork/nn';
 * const net = sequential(dense(2, 4), relu(), dense(1));
 * console.log(net.build(1).outputShape); // [1]
 * ```
 */
export function relu(): Layer {
  return statelessLayer('relu', {}, same, ops.relu);
}

/**
 * Logistic function `1 / (1 + e^-x)` of every number; any shape. For two-class training prefer
 * `binaryCrossEntropy` on the numbers before it.
 *
 * @example
 * ```ts
 * import { dense, sequential, sigmoid } from '@ketwork/nn';
 * const gate = sequential(dense(3, 3), sigmoid());
 * console.log(gate.build(1).outputShape); // [3]
 * ```
 */
export function sigmoid(): Layer {
  return statelessLayer('sigmoid', {}, same, ops.sigmoid);
}

/**
 * Gaussian error linear unit, tanh form (Hendrycks and Gimpel, arXiv:1606.08415), of every number; any shape.
 *
 * @example
 * ```ts
 * import { dense, gelu, sequential } from '@ketwork/nn';
 * const net = sequential(dense(2, 4), gelu(), dense(1));
 * console.log(net.build(1).outputShape); // [1]
 * ```
 */
export function gelu(): Layer {
  return statelessLayer('gelu', {}, same, ops.gelu);
}

/**
 * Softmax over the last axis; any shape with an axis. Not to be put before `crossEntropy`, which includes it.
 *
 * @example
 * ```ts
 * import { dense, sequential, softmax } from '@ketwork/nn';
 * const net = sequential(dense(2, 3), softmax());
 * console.log(net.build(1).outputShape); // [3]
 * ```
 */
export function softmax(): Layer {
  return statelessLayer('softmax', {}, same, ops.softmax);
}

/**
 * Product with a fixed number, such as π to turn numbers in [-1, 1] into angles; any shape.
 *
 * @throws ValueError, when used, where the factor is not finite.
 * @example
 * ```ts
 * import { dense, scale, sequential, tanh } from '@ketwork/nn';
 * const angles = sequential(dense(8, 4), tanh(), scale(Math.PI));
 * console.log(angles.build(1).outputShape); // [4]
 * ```
 */
export function scale(factor: number): Layer {
  return statelessLayer('scale', { factor }, same, (x) => ops.scale(x, factor));
}
