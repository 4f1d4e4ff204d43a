import { ValueError, key, normal, permutation, split } from '@ketwork/base';
import { dataset, subset } from './dataset.ts';
import type { Dataset } from './dataset.ts';

/** Options of {@link twoMoons}. */
export interface PointOptions {
  /** Number of points; class 0 has `floor(count / 2)`, class 1 the rest. */
  readonly count: number;
  /** Standard deviation of the normal noise added to both coordinates. Default 0. */
  readonly noise?: number;
  /** Seed of noise and order, an integer from 0 to 2^53 - 1. */
  readonly seed: number;
}

/** Options of {@link circles}. */
export interface CircleOptions extends PointOptions {
  /** Radius of the inner circle, at least 0 and below 1. Default 0.8. */
  readonly factor?: number;
}

/**
 * Two interleaving half circles of radius 1, as scikit-learn's `make_moons`: class 0 is the upper one,
 * `(cos t, sin t)`, class 1 the lower one, `(1 - cos t, 1/2 - sin t)`, with t evenly spaced from 0 to π, both ends
 * included. The order is random.
 *
 * @returns Inputs `[count, 2]`, classes `upper` and `lower`.
 * @throws ValueError where the count is below 2, or noise or seed does not fit.
 * @example
 * ```ts
 * import { twoMoons } from '@ketwork/datasets';
 * const { inputs, labels } = twoMoons({ count: 200, noise: 0.1, seed: 7 });
 * console.log(inputs.length, labels.length); // 400 200
 * ```
 */
export function twoMoons(options: PointOptions): Dataset {
  const source = 'generated: two half circles after scikit-learn make_moons';
  return generate('two-moons', ['upper', 'lower'], source, options, (label, i, count) => {
    const t = count === 1 ? 0 : (Math.PI * i) / (count - 1);
    return label === 0 ? [Math.cos(t), Math.sin(t)] : [1 - Math.cos(t), 0.5 - Math.sin(t)];
  });
}

/**
 * Two circles around the origin, as scikit-learn's `make_circles`: class 0 has radius 1, class 1 radius `factor`, both
 * with evenly spaced points. The order is random.
 *
 * @returns Inputs `[count, 2]`, classes `outer` and `inner`.
 * @throws ValueError where the count is below 2, or noise, factor or seed does not fit.
 * @example
 * ```ts
 * import { circles } from '@ketwork/datasets';
 * console.log(circles({ count: 100, factor: 0.5, noise: 0.05, seed: 7 }).classes); // [ 'outer', 'inner' ]
 * ```
 */
export function circles(options: CircleOptions): Dataset {
  const { factor = 0.8 } = options;
  if (!(factor >= 0 && factor < 1)) {
    throw new ValueError(`circles: factor ${factor} is not a radius of at least 0 and below 1`);
  }
  const source = 'generated: two circles after scikit-learn make_circles';
  return generate('circles', ['outer', 'inner'], source, options, (label, i, count) => {
    const t = (2 * Math.PI * i) / count;
    const radius = label === 0 ? 1 : factor;
    return [radius * Math.cos(t), radius * Math.sin(t)];
  });
}

function generate(
  name: string,
  classes: readonly string[],
  source: string,
  { count, noise = 0, seed }: PointOptions,
  point: (label: 0 | 1, index: number, count: number) => [x: number, y: number],
): Dataset {
  if (!Number.isSafeInteger(count) || count < 2)
    throw new ValueError(`${name}: count ${count} is not an integer of at least 2`);
  if (!(noise >= 0 && noise < Infinity))
    throw new ValueError(`${name}: noise ${noise} is not a number of at least 0`);
  const [noiseKey, orderKey] = split(key(seed), 2);
  const inputs = normal(noiseKey!, 2 * count, { deviation: noise });
  const labels = new Int32Array(count);
  const first = Math.floor(count / 2);
  for (let i = 0; i < count; i++) {
    const label = i < first ? 0 : 1;
    const [x, y] = label === 0 ? point(0, i, first) : point(1, i - first, count - first);
    inputs[2 * i]! += x;
    inputs[2 * i + 1]! += y;
    labels[i] = label;
  }
  const ordered = dataset({ name, inputs, inputShape: [2], labels, classes, source });
  return subset(ordered, permutation(orderKey!, count));
}
