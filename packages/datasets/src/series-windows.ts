import { sizeOf, ValueError } from '@ketwork/base';

/** Windows of a time series, each with the value to be predicted from it: training data for `fit`. */
export interface SeriesWindows {
  /** Windows, row-major `[size, length, features]`. */
  readonly inputs: Float64Array;
  /** Shape of one window, `[length, features]`. */
  readonly inputShape: readonly number[];
  /** The value to be predicted from each window, `[size]`. */
  readonly labels: Float64Array;
  /** Number of windows. */
  readonly size: number;
}

/** Options of {@link windows}. */
export interface WindowOptions {
  /** Numbers per point of time; the series is row-major `[points, features]` then. Default 1. */
  readonly features?: number;
  /** Series to predict, `[points]`; the series itself by default, which must have one feature then. */
  readonly targets?: ArrayLike<number>;
  /** How many points after the last one of its window the target lies; 0 is the last one's own time. Default 1. */
  readonly horizon?: number;
  /** How many points further the next window starts. Default 1. */
  readonly stride?: number;
}

/**
 * Cuts a time series into overlapping windows. Window i holds the points from `i · stride` on, `length` of them; its
 * label is the target `horizon` points after its last one. There are as many windows as have their label in the series.
 *
 * @param series Values by time, `[points]` or `[points, features]`.
 * @param length Points per window.
 * @returns The windows in order of time, for `fit` with a loss such as `mse`; cut them with {@link splitInTime}.
 * @throws ValueError where a count does not fit, the series is empty or too short for one window, its length is not a
 * multiple of the features, targets are missing or of another length, or a value is not finite.
 * @example
 * ```ts
 * import { dampedOscillator, minMax, splitInTime, windows } from '@ketwork/datasets';
 * const all = windows(minMax(dampedOscillator().velocity), 4);
 * const [train, test] = splitInTime(all, [0.67, 0.33]);
 * console.log(all.inputShape, train!.size, test!.size); // [ 4, 1 ] 158 78
 * ```
 */
export function windows(
  series: ArrayLike<number>,
  length: number,
  options: WindowOptions = {},
): SeriesWindows {
  const { features = 1, targets, horizon = 1, stride = 1 } = options;
  checkInteger('the length', length, 1);
  checkInteger('the number of features', features, 1);
  checkInteger('the horizon', horizon, 0);
  checkInteger('the stride', stride, 1);
  const points = series.length / features;
  if (!Number.isInteger(points)) {
    throw new ValueError(
      `windows: ${series.length} values are not a series of points with ${features} features each`,
    );
  }
  if (targets === undefined && features !== 1) {
    throw new ValueError(`windows: a series of ${features} features needs targets`, {
      remedy: 'Give the option targets, one value per point',
    });
  }
  if (targets !== undefined && targets.length !== points) {
    throw new ValueError(`windows: ${targets.length} targets do not fit ${points} points`, {
      remedy: 'Give one target per point of time',
    });
  }
  const last = points - length - horizon;
  if (last < 0) {
    throw new ValueError(
      `windows: ${points} points are too few for one window of ${length} and a target ${horizon} later`,
      { remedy: `Give at least ${length + horizon} points` },
    );
  }
  checkValues('the series', series);
  const aims = targets ?? series;
  if (targets !== undefined) checkValues('the targets', targets);
  const size = Math.floor(last / stride) + 1;
  const width = length * features;
  const inputs = new Float64Array(size * width);
  const labels = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const start = i * stride;
    for (let k = 0; k < width; k++) inputs[i * width + k] = series[start * features + k]!;
    labels[i] = aims[start + length - 1 + horizon]!;
  }
  return Object.freeze({ inputs, inputShape: Object.freeze([length, features]), labels, size });
}

/**
 * Cuts windows into consecutive parts in order of time: the first part is the earliest. What the parts leave over at the
 * end is dropped. Neighbouring parts share points of the series where their windows overlap.
 *
 * @param parts Either counts (all integers) or fractions (all strictly between 0 and 1, sum at most 1). A fraction's
 * part reaches to `round(size × running sum)`.
 * @throws ValueError where the parts are neither, or ask for more windows than there are.
 * @example
 * ```ts
 * import { splitInTime, wave, windows } from '@ketwork/datasets';
 * const parts = splitInTime(windows(wave('sine'), 4), [200, 52]);
 * console.log(parts.map((part) => part.size)); // [ 200, 52 ]
 * ```
 */
export function splitInTime(data: SeriesWindows, parts: readonly number[]): SeriesWindows[] {
  const counts = parts.every((part) => Number.isSafeInteger(part) && part >= 0);
  if (!counts && !parts.every((part) => part > 0 && part < 1)) {
    throw new ValueError(`splitInTime: [${parts.join(', ')}] are neither counts nor fractions`, {
      remedy: 'Give integers of at least 0, or fractions strictly between 0 and 1',
    });
  }
  const total = parts.reduce((sum, part) => sum + part, 0);
  // Ten fractions of 0.1 add up to a little less or more than 1.
  if (total > (counts ? data.size : 1 + 1e-9)) {
    throw new ValueError(`splitInTime: the parts add up to ${total}`, {
      remedy: counts ? `Ask for at most ${data.size} windows in all` : 'Fractions may add up to 1',
    });
  }
  const width = sizeOf(data.inputShape);
  let sum = 0;
  let start = 0;
  return parts.map((part) => {
    sum += part;
    const end = counts ? sum : Math.min(data.size, Math.round(sum * data.size));
    const result: SeriesWindows = Object.freeze({
      inputs: data.inputs.slice(start * width, end * width),
      inputShape: data.inputShape,
      labels: data.labels.slice(start, end),
      size: end - start,
    });
    start = end;
    return result;
  });
}

/** Options of {@link minMax}. */
export interface MinMaxOptions {
  /** What the smallest and the largest value become. Default [-1, 1]. */
  readonly range?: readonly [low: number, high: number];
  /** Take the extremes from the first so many values only, such as those used for training. Default: all. */
  readonly first?: number;
}

/**
 * Scales values linearly so that their extremes become the ends of a range. With `first`, later values may leave the
 * range, as those of a series that has not been seen do. Constant values become the middle of the range.
 *
 * @returns A new array of the same length.
 * @throws ValueError where there are no values, one is not finite, or an option does not fit.
 * @example
 * ```ts
 * import { minMax } from '@ketwork/datasets';
 * console.log([...minMax([2, 3, 4])]); // [ -1, 0, 1 ]
 * ```
 */
export function minMax(values: ArrayLike<number>, options: MinMaxOptions = {}): Float64Array {
  const { range = [-1, 1], first = values.length } = options;
  const [low, high] = range;
  if (!(low < high && low > -Infinity && high < Infinity)) {
    throw new ValueError(`minMax: [${low}, ${high}] is not a range from low to high`);
  }
  if (values.length === 0) throw new ValueError('minMax: there are no values');
  if (!Number.isSafeInteger(first) || first < 1 || first > values.length) {
    throw new ValueError(`minMax: first ${first} is not an integer from 1 to ${values.length}`);
  }
  checkValues('the values', values, 'minMax');
  let smallest = Infinity;
  let largest = -Infinity;
  for (let i = 0; i < first; i++) {
    smallest = Math.min(smallest, values[i]!);
    largest = Math.max(largest, values[i]!);
  }
  const span = largest - smallest;
  return Float64Array.from(values, (value) => {
    if (span === 0) return (low + high) / 2;
    // Rounding must not carry the upper end beyond itself.
    return value === largest ? high : low + ((high - low) * (value - smallest)) / span;
  });
}

function checkInteger(what: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw new ValueError(`windows: ${what} ${value} is not an integer of at least ${least}`);
}

function checkValues(what: string, values: ArrayLike<number>, where = 'windows'): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]))
      throw new ValueError(`${where}: value ${i} of ${what} is ${values[i]}`, {
        remedy: 'Replace it or cut the series there',
      });
  }
}
