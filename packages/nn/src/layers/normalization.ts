import { sizeOf, ValueError } from '@ketwork/base';
import type { Layer } from '../contract.ts';
import * as ops from '../ops/index.ts';
import { makeLayer, parameter, refuseInput } from './common.ts';

/** Options of {@link batchNorm}. */
export interface BatchNormOptions {
  /** Weight of each batch's statistics in the running ones, above 0 and at most 1. Default 0.1. */
  readonly momentum?: number;
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
}

/** Options of {@link layerNorm}. */
export interface LayerNormOptions {
  /** How many trailing axes are normalised together; all by default. */
  readonly axes?: number;
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
}

/**
 * Batch normalisation over the batch and all axes but the first: `[features]` or `[channels, …]`
 * (Ioffe and Szegedy, arXiv:1502.03167). Parameters `weight` and `bias`, buffers `runningMean` and `runningVariance`,
 * each `[channels]`. In training with the batch's statistics, which also enter the running ones; otherwise with the
 * running ones. Not possible with gradients per example.
 *
 * @throws ValueError where an option is out of range; at build, where the input is a scalar; in training, where a batch
 * has only one number per channel.
 * @example
 * ```ts
 * import { batchNorm, dense, relu, sequential } from '@ketwork/nn';
 * const net = sequential(dense(4, 8), batchNorm(), relu(), dense(1));
 * console.log(net.build(1).buffers.map((buffer) => buffer.name)); // ['1.runningMean', '1.runningVariance']
 * ```
 */
export function batchNorm({ momentum = 0.1, eps = 1e-5 }: BatchNormOptions = {}): Layer {
  if (!(momentum > 0 && momentum <= 1))
    throw new ValueError(`batchNorm: momentum ${momentum} is not above 0 and at most 1`);
  checkEps('batchNorm', eps);
  return makeLayer('batchNorm', { momentum, eps }, undefined, (inputShape) => {
    const channels =
      inputShape[0] ?? refuseInput('batchNorm', inputShape, '[features] or [channels, …]');
    const weight = parameter('weight', [channels], new Float64Array(channels).fill(1));
    const bias = parameter('bias', [channels], new Float64Array(channels));
    const mean = parameter('runningMean', [channels], new Float64Array(channels));
    const variance = parameter('runningVariance', [channels], new Float64Array(channels).fill(1));
    const running = { mean: mean.data, variance: variance.data, momentum };
    return {
      kind: 'batchNorm',
      inputShape,
      outputShape: inputShape,
      parameters: [weight, bias],
      buffers: [mean, variance],
      couplesExamples: true,
      forward: (x, { tape, training }) =>
        ops.batchNorm(x, tape.parameter(weight), tape.parameter(bias), running, { training, eps }),
    };
  });
}

/**
 * Layer normalisation (Ba, Kiros and Hinton, arXiv:1607.06450): each example is brought to mean 0 and variance 1 over
 * its trailing axes, then scaled and shifted. Any shape with an axis. Parameters `weight` and `bias` of the shape of
 * those axes. Examples stay independent, so it goes with gradients per example and differential privacy.
 *
 * @throws ValueError where an option is out of range; at build, where the input has too few axes.
 * @example
 * ```ts
 * import { dense, layerNorm, sequential, tanh } from '@ketwork/nn';
 * const net = sequential(dense(4, 8), layerNorm(), tanh(), dense(1));
 * console.log(net.build(1).outputShape); // [1]
 * ```
 */
export function layerNorm({ axes, eps = 1e-5 }: LayerNormOptions = {}): Layer {
  checkEps('layerNorm', eps);
  return makeLayer('layerNorm', { axes, eps }, undefined, (inputShape) => {
    const count = axes ?? inputShape.length;
    if (!Number.isInteger(count) || count < 1 || count > inputShape.length) {
      refuseInput(
        'layerNorm',
        inputShape,
        axes === undefined ? 'at least one axis' : `at least ${axes} axes (axes = ${axes})`,
      );
    }
    const shape = inputShape.slice(inputShape.length - count);
    const size = sizeOf(shape);
    const weight = parameter('weight', shape, new Float64Array(size).fill(1));
    const bias = parameter('bias', shape, new Float64Array(size));
    return {
      kind: 'layerNorm',
      inputShape,
      outputShape: inputShape,
      parameters: [weight, bias],
      buffers: [],
      couplesExamples: false,
      forward: (x, { tape }) => ops.layerNorm(x, tape.parameter(weight), tape.parameter(bias), eps),
    };
  });
}

function checkEps(kind: string, eps: number): void {
  if (!(eps > 0 && eps < Infinity))
    throw new ValueError(`${kind}: eps ${eps} is not a finite number above 0`);
}
