import { sizeOf, ValueError } from '@ketwork/base';
import type { Dataset } from './dataset.ts';

/** What {@link rescale} needs to know of a data set, `[features]` each. */
export interface FeatureRanges {
  /** Smallest value of each feature. */
  readonly smallest: Float64Array;
  /** Largest value of each feature. */
  readonly largest: Float64Array;
}

/** Options of {@link rescale}. */
export interface RescaleOptions {
  /** What the smallest and the largest value of each feature become. Default [0, 1]. */
  readonly range?: readonly [low: number, high: number];
  /** Extremes to go by, those of the data by default. Test data take those of the training data. */
  readonly ranges?: FeatureRanges;
  /** Whether values outside the extremes become the nearest end of the range. Default true. */
  readonly clip?: boolean;
}

/**
 * Smallest and largest value of each feature over the examples, for {@link rescale}.
 *
 * @throws ValueError where the data set is empty.
 * @example
 * ```ts
 * import { featureRanges, twoMoons } from '@ketwork/datasets';
 * console.log(featureRanges(twoMoons({ count: 100, seed: 1 })).largest[0]); // 2
 * ```
 */
export function featureRanges(data: Dataset): FeatureRanges {
  if (data.size === 0) throw new ValueError(`data set "${data.name}" is empty: it has no range`);
  const features = sizeOf(data.inputShape);
  const smallest = data.inputs.slice(0, features);
  const largest = data.inputs.slice(0, features);
  for (let i = features; i < data.inputs.length; i++) {
    const j = i % features;
    smallest[j] = Math.min(smallest[j]!, data.inputs[i]!);
    largest[j] = Math.max(largest[j]!, data.inputs[i]!);
  }
  return { smallest, largest };
}

/**
 * Scales each feature linearly so that its extremes become the ends of a range, such as [0, π] for angles. A feature that
 * never varies becomes the middle of the range.
 *
 * @throws ValueError where the range does not go up, or the extremes have another number of features.
 * @example
 * ```ts
 * import { featureRanges, rescale, twoMoons } from '@ketwork/datasets';
 * const train = twoMoons({ count: 80, seed: 1 });
 * const test = twoMoons({ count: 20, noise: 0.1, seed: 2 });
 * const angles = rescale(test, { range: [0, Math.PI], ranges: featureRanges(train) });
 * console.log(Math.max(...angles.inputs) <= Math.PI); // true
 * ```
 */
export function rescale(data: Dataset, options: RescaleOptions = {}): Dataset {
  const { range = [0, 1], ranges = featureRanges(data), clip = true } = options;
  const [low, high] = range;
  if (!(low < high && low > -Infinity && high < Infinity))
    throw new ValueError(`rescale: [${low}, ${high}] is not a range from low to high`);
  const features = sizeOf(data.inputShape);
  const { smallest, largest } = ranges;
  if (smallest.length !== features || largest.length !== features) {
    throw new ValueError(
      `data set "${data.name}" has ${features} features, its ranges ${smallest.length} and ${largest.length}`,
      { remedy: 'Take them with featureRanges from data of the same shape' },
    );
  }
  const inputs = data.inputs.map((value, i) => {
    const j = i % features;
    const span = largest[j]! - smallest[j]!;
    const share = span === 0 ? 0.5 : (value - smallest[j]!) / span;
    // Rounding must not carry the upper end beyond itself.
    if (share === 1 || (clip && share > 1)) return high;
    return low + (high - low) * (clip ? Math.max(0, share) : share);
  });
  return Object.freeze({ ...data, inputs });
}
