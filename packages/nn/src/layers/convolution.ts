import { ValueError, windowPositions } from '@ketwork/base';
import type { Layer } from '../contract.ts';
import { glorotUniform } from '../initializers.ts';
import type { Initializer } from '../initializers.ts';
import * as ops from '../ops/index.ts';
import { pairOf } from '../ops/convolution.ts';
import type { SlideOptions } from '../ops/convolution.ts';
import { poolPlan } from '../ops/pooling.ts';
import { checkPositive } from '../shape.ts';
import { makeLayer, parameter, refuseInput } from './common.ts';

/** Options of {@link conv2d}. */
export interface Conv2dOptions extends SlideOptions {
  /** Size of the window in pixels: a square, or `[rows, columns]`. */
  readonly kernel: number | readonly [rows: number, columns: number];
  /** First values of the weight; `initializers.glorotUniform()` by default. The bias starts at 0. */
  readonly init?: Initializer;
}

/**
 * Two-dimensional convolution (cross-correlation, as in other libraries): `[channels, height, width]` to
 * `[filters, height', width']`, each size being `floor((size + 2 · padding - window) / stride) + 1`.
 * Parameters: `weight` `[filters, channels, rows, columns]` and `bias` `[filters]`, as in PyTorch. Without `channels`
 * their number is taken from the layer before. The last argument is the size of the window, or options with it.
 *
 * @throws ValueError where a size is not a positive integer; at build, where the input does not fit.
 * @example
 * ```ts
 * import { conv2d, dense, flatten, maxPool2d, relu, sequential } from '@ketwork/nn';
 * const net = sequential(conv2d(1, 8, 3), relu(), maxPool2d(2), flatten(), dense(10));
 * console.log(net.build([1, 28, 28], 1).outputShape); // [10]
 * ```
 */
export function conv2d(
  channels: number,
  filters: number,
  options: Conv2dOptions | Conv2dOptions['kernel'],
): Layer;
export function conv2d(filters: number, options: Conv2dOptions): Layer;
export function conv2d(
  first: number,
  second: number | Conv2dOptions,
  third?: Conv2dOptions | Conv2dOptions['kernel'],
): Layer {
  const named = typeof second === 'number';
  const wanted = named ? first : undefined;
  const filters = named ? second : first;
  const given = named ? third : second;
  const options: Conv2dOptions =
    typeof given === 'object' && 'kernel' in given
      ? given
      : { kernel: given as Conv2dOptions['kernel'] };
  if ((options.kernel as unknown) === undefined) {
    throw new ValueError('conv2d: the size of the kernel is missing', {
      remedy: 'Give it last: conv2d(channels, filters, kernel) or conv2d(filters, { kernel })',
    });
  }
  const kernel = pairOf(options.kernel);
  const stride = pairOf(options.stride ?? 1);
  const padding = pairOf(options.padding ?? 0);
  const init = options.init ?? glorotUniform();
  if (wanted !== undefined) checkPositive(wanted, 'conv2d: the number of channels');
  checkPositive(filters, 'conv2d: the number of filters');
  const settings = { channels: wanted, filters, kernel, stride, padding, init: init.settings };
  return makeLayer('conv2d', settings, undefined, (inputShape, key) => {
    if (inputShape.length !== 3 || (wanted !== undefined && inputShape[0] !== wanted)) {
      refuseInput('conv2d', inputShape, `[${wanted ?? 'channels'}, height, width]`);
    }
    const [channels, height, width] = inputShape as unknown as [number, number, number];
    const window = { batch: 1, channels, height, width, kernel, stride, padding };
    const positions = windowPositions(window, 'conv2d');
    const shape = [filters, channels, ...kernel];
    const area = kernel[0] * kernel[1];
    const data = init.create({ shape, fanIn: channels * area, fanOut: filters * area }, key);
    const weight = parameter('weight', shape, data);
    const bias = parameter('bias', [filters], new Float64Array(filters));
    return {
      kind: 'conv2d',
      inputShape,
      outputShape: [filters, ...positions],
      parameters: [weight, bias],
      buffers: [],
      couplesExamples: false,
      forward: (x, { tape }) =>
        ops.conv2d(x, tape.parameter(weight), tape.parameter(bias), { stride, padding }),
    };
  });
}

/**
 * Largest number under a window that slides in steps of its own size unless told otherwise:
 * `[channels, height, width]` to `[channels, height', width']`.
 *
 * @param kernel Size of the window in pixels: a square, or `[rows, columns]`.
 * @throws ValueError at build, where the input does not fit or padding is more than half the window.
 * @example
 * ```ts
 * import { maxPool2d, sequential } from '@ketwork/nn';
 * console.log(sequential(maxPool2d(2)).build([8, 26, 26], 0).outputShape); // [8, 13, 13]
 * ```
 */
export function maxPool2d(
  kernel: number | readonly [rows: number, columns: number],
  options: SlideOptions = {},
): Layer {
  return pooling('maxPool2d', kernel, options);
}

/**
 * Mean of the numbers under a window that slides in steps of its own size unless told otherwise; zeros of padding
 * count. `[channels, height, width]` to `[channels, height', width']`.
 *
 * @param kernel Size of the window in pixels: a square, or `[rows, columns]`.
 * @throws ValueError at build, where the input does not fit or padding is more than half the window.
 * @example
 * ```ts
 * import { avgPool2d, sequential } from '@ketwork/nn';
 * console.log(sequential(avgPool2d([4, 2])).build([1, 28, 28], 0).outputShape); // [1, 7, 14]
 * ```
 */
export function avgPool2d(
  kernel: number | readonly [rows: number, columns: number],
  options: SlideOptions = {},
): Layer {
  return pooling('avgPool2d', kernel, options);
}

function pooling(
  kind: 'maxPool2d' | 'avgPool2d',
  window: number | readonly [number, number],
  options: SlideOptions,
): Layer {
  const kernel = pairOf(window);
  const stride = pairOf(options.stride ?? kernel);
  const padding = pairOf(options.padding ?? 0);
  return makeLayer(kind, { kernel, stride, padding }, undefined, (inputShape) => ({
    kind,
    inputShape,
    outputShape: poolPlan(kind, inputShape, kernel, { stride, padding }).shape,
    parameters: [],
    buffers: [],
    couplesExamples: false,
    forward: (x) => ops[kind](x, kernel, { stride, padding }),
  }));
}
