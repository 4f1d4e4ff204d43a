import { fold, key, ValueError } from '@ketwork/base';
import { adam, dense, forward, mse, sequential, tanh, valueAndGrad } from '@ketwork/nn';
import type { BuiltLayer, Layer, ValueAndGrad } from '@ketwork/nn';
import { checkedSeries } from './extrapolation.ts';
import type { Extrapolator } from './extrapolation.ts';

/** How the networks of {@link learnedExtrapolation} and {@link learnedMitigation} look and are trained. */
export interface LearnedOptions {
  /** Neurons of the hidden layers, each followed by tanh. Default `[16, 16]`. */
  readonly hidden?: readonly number[];
  /** Steps of Adam on all data at once. Default 4000. */
  readonly steps?: number;
  /** Default 0.01. */
  readonly learningRate?: number;
  /** Number of networks that differ in their first weights. Default 5. */
  readonly networks?: number;
  /** Seed of the first weights, an integer from 0 to 2^53 - 1. Default 0. */
  readonly seed?: number;
}

/** Networks that predict values without noise from noisy ones. */
export interface LearnedMitigation {
  /**
   * Predicts values without noise.
   *
   * @param features `[rows, features]`, row-major.
   * @returns `values` `[rows]`, the mean of the networks, and `errors` `[rows]`, their standard deviation.
   * @throws ValueError where the length does not fit.
   */
  predict(features: ArrayLike<number>): {
    /** Mean of the networks, `[rows]`. */
    readonly values: Float64Array;
    /** Standard deviation between the networks, `[rows]`; NaN for one network. */
    readonly errors: Float64Array;
    /** What each network says, `[networks, rows]`. */
    readonly members: Float64Array;
  };
}

/**
 * Trains small networks on (strength of noise, value) and asks them for the value without noise, after arXiv:2403.07025:
 * standardised input, tanh, linear output, mean squared error. The value is the mean of the networks, the error their
 * standard deviation: a hint at how free the extrapolation is, no statistical error. Parameters: what each network says.
 * The standard errors of values are not used. It wants many strengths, the least of them near 0 on the scale of all; on a
 * few scales of folding, fits of polynomials and exponentials are better.
 *
 * @throws ValueError for settings out of range.
 * @example
 * ```ts
 * import { learnedExtrapolation } from '@ketwork/noise';
 * const net = learnedExtrapolation({ steps: 500, networks: 2, seed: 1 });
 * const noise = [0.01, 0.02, 0.03, 0.04];
 * console.log(net.fit(noise, noise.map((p) => Math.exp(-20 * p))).value); // somewhat below 1
 * ```
 */
export function learnedExtrapolation(options: LearnedOptions = {}): Extrapolator {
  const settings = checkedSettings(options);
  return {
    name: 'learned',
    points: 2,
    fit(scales, values, errors) {
      const { x, y } = checkedSeries(scales, values, errors, 2);
      const found = trained(x, 1, y, settings).predict([0]);
      return {
        value: found.values[0]!,
        error: found.errors[0]!,
        parameters: [...found.members],
      };
    },
  };
}

/**
 * Trains small networks that predict the value of a circuit without noise from features of its noisy runs, such as
 * `[p, E(p)]`, on circuits whose value is known. Features are standardised. The error of a prediction is the standard
 * deviation of the networks.
 *
 * @param features `[rows, features]`, row-major, for the training circuits.
 * @param targets Their values without noise, `[rows]`.
 * @throws ValueError where lengths do not fit, numbers are not finite or settings are out of range.
 * @example
 * ```ts
 * import { learnedMitigation } from '@ketwork/noise';
 * const exact = [-0.9, -0.4, 0.1, 0.5, 0.8];
 * const noisy = exact.flatMap((value) => [0.1, 0.7 * value]);
 * const { predict } = learnedMitigation(noisy, exact, { steps: 500, networks: 2 });
 * console.log(predict([0.1, 0.7 * 0.3]).values[0]); // about 0.3
 * ```
 */
export function learnedMitigation(
  features: ArrayLike<number>,
  targets: ArrayLike<number>,
  options: LearnedOptions = {},
): LearnedMitigation {
  const settings = checkedSettings(options);
  const width = features.length / targets.length;
  if (targets.length === 0 || !Number.isInteger(width) || width < 1) {
    throw new ValueError(`${features.length} features do not fit ${targets.length} targets`, {
      remedy: 'Give [rows, features] and [rows]',
    });
  }
  for (const list of [features, targets]) {
    if (!Array.from(list).every(Number.isFinite))
      throw new ValueError('a feature or target is not finite', { remedy: 'Use finite numbers' });
  }
  return trained(features, width, targets, settings);
}

function checkedSettings(options: LearnedOptions): Required<LearnedOptions> {
  const { hidden = [16, 16], steps = 4000, learningRate = 0.01, networks = 5, seed = 0 } = options;
  for (const [name, value] of [
    ['steps', steps],
    ['networks', networks],
    ...hidden.map((neurons) => ['hidden', neurons] as const),
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new ValueError(`${name} is ${value}`, { remedy: 'Use a positive integer' });
    }
  }
  if (!(learningRate > 0 && learningRate < Infinity)) {
    throw new ValueError(`learningRate is ${learningRate}`, { remedy: 'Use a positive number' });
  }
  key(seed);
  return { hidden, steps, learningRate, networks, seed };
}

function trained(
  features: ArrayLike<number>,
  width: number,
  targets: ArrayLike<number>,
  settings: Required<LearnedOptions>,
): LearnedMitigation {
  const rows = targets.length;
  const shift = new Float64Array(width);
  const size = new Float64Array(width);
  for (let j = 0; j < width; j++) {
    for (let i = 0; i < rows; i++) shift[j]! += features[i * width + j]! / rows;
    for (let i = 0; i < rows; i++) size[j]! += (features[i * width + j]! - shift[j]!) ** 2 / rows;
    // A feature that never changes says nothing.
    size[j] = Math.sqrt(size[j]!) || 1;
  }
  const standard = (list: ArrayLike<number>): Float64Array =>
    Float64Array.from(list, (x, i) => (x - shift[i % width]!) / size[i % width]!);
  const x = standard(features);
  const nets = Array.from({ length: settings.networks }, (_, n) =>
    train(x, width, targets, settings, n),
  );
  return {
    predict(asked) {
      if (asked.length === 0 || asked.length % width !== 0) {
        throw new ValueError(`${asked.length} numbers are not rows of ${width} features`, {
          remedy: 'Give [rows, features] as in training',
        });
      }
      const given = standard(asked);
      const count = asked.length / width;
      const members = new Float64Array(nets.length * count);
      nets.forEach((net, n) => members.set(forward(net, given) as Float64Array, n * count));
      const values = new Float64Array(count);
      const errors = new Float64Array(count);
      for (let i = 0; i < count; i++) {
        for (let n = 0; n < nets.length; n++) values[i]! += members[n * count + i]! / nets.length;
        for (let n = 0; n < nets.length; n++)
          errors[i]! += (members[n * count + i]! - values[i]!) ** 2 / (nets.length - 1);
        errors[i] = Math.sqrt(errors[i]!);
      }
      return { values, errors, members };
    },
  };
}

/** Trains network n. Nothing in it runs elsewhere, so all results are there at once. */
function train(
  x: Float64Array,
  width: number,
  y: ArrayLike<number>,
  settings: Required<LearnedOptions>,
  n: number,
): BuiltLayer {
  const layers: Layer[] = settings.hidden.flatMap((neurons) => [dense(neurons), tanh()]);
  const net = sequential(...layers, dense(1)).build([width], fold(key(settings.seed), n));
  const optimizer = adam(settings.learningRate);
  const state = optimizer.init(net.parameters);
  const step = valueAndGrad(net, mse);
  for (let i = 0; i < settings.steps; i++) {
    const { grads } = step({ x, y }) as ValueAndGrad;
    optimizer.step(net.parameters, grads, state);
  }
  return net;
}
