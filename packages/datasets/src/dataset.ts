import { permutation, sizeOf, ValueError } from '@ketwork/base';
import type { Key } from '@ketwork/base';

/** Labelled examples in memory: one row of numbers and one class for each. Treat its arrays as read-only. */
export interface Dataset {
  /** Short name for reports, such as `mnist-train`. */
  readonly name: string;
  /** Row-major values, `[size, ...inputShape]`. */
  readonly inputs: Float64Array;
  /** Shape of one example: `[features]` for points, `[height, width]` for grey images. */
  readonly inputShape: readonly number[];
  /** Class index of each example, `[size]`, each from 0 to `classes.length - 1`. */
  readonly labels: Int32Array;
  /** Names of the classes in the order of their indices. */
  readonly classes: readonly string[];
  /** Number of examples. */
  readonly size: number;
  /** Where the data come from, one sentence; says so where they are generated or stand in for others. */
  readonly source: string;
}

/** What {@link dataset} needs: everything of a {@link Dataset} but its size, which is the number of labels. */
export interface DatasetFields {
  /** Short name for reports. */
  readonly name: string;
  /** Row-major values, `[labels.length, ...inputShape]`; kept, not copied, when it is a `Float64Array`. */
  readonly inputs: ArrayLike<number>;
  /** Shape of one example. */
  readonly inputShape: readonly number[];
  /** Class index of each example; kept, not copied, when it is an `Int32Array`. */
  readonly labels: ArrayLike<number>;
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** Where the data come from. */
  readonly source: string;
}

/** What {@link standardize} needs to know of a data set, `[features]` each. */
export interface FeatureStatistics {
  /** Mean of each feature. */
  readonly mean: Float64Array;
  /** Standard deviation of each feature (divisor `size`). */
  readonly deviation: Float64Array;
}

/**
 * Makes a data set of your own arrays after checking that they fit together.
 *
 * @returns A frozen {@link Dataset}.
 * @throws ValueError where the shape is not of positive integers, the number of values is not labels × features, a
 * value is not finite, or a label is not the index of a class.
 * @example
 * ```ts
 * import { dataset } from '@ketwork/datasets';
 * const xor = dataset({
 *   name: 'xor', inputs: [0, 0, 0, 1, 1, 0, 1, 1], inputShape: [2], labels: [0, 1, 1, 0],
 *   classes: ['even', 'odd'], source: 'truth table',
 * });
 * console.log(xor.size); // 4
 * ```
 */
export function dataset(fields: DatasetFields): Dataset {
  const { name, source } = fields;
  const inputShape = Object.freeze([...fields.inputShape]);
  for (const extent of inputShape) {
    if (!Number.isSafeInteger(extent) || extent < 1) {
      throw new ValueError(
        `data set "${name}": shape [${inputShape.join(', ')}] is not of positive integers`,
      );
    }
  }
  const inputs =
    fields.inputs instanceof Float64Array ? fields.inputs : Float64Array.from(fields.inputs);
  const size = fields.labels.length;
  const features = sizeOf(inputShape);
  if (inputs.length !== size * features) {
    throw new ValueError(
      `data set "${name}": ${inputs.length} values do not make ${size} examples of shape [${inputShape.join(', ')}]`,
      { remedy: `Give ${size} × ${features} = ${size * features} values, one row for each label` },
    );
  }
  const bad = inputs.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new ValueError(
      `data set "${name}": value ${bad % features} of example ${Math.floor(bad / features)} is ${inputs[bad]}`,
      { remedy: 'Remove the example or replace the value' },
    );
  }
  const classes = Object.freeze([...fields.classes]);
  for (let i = 0; i < size; i++) {
    const label = fields.labels[i]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes.length) {
      throw new ValueError(
        `data set "${name}": label ${label} of example ${i} is not the index of a class`,
        {
          remedy: `Use integers from 0 to ${classes.length - 1}`,
        },
      );
    }
  }
  const labels =
    fields.labels instanceof Int32Array ? fields.labels : Int32Array.from(fields.labels);
  return Object.freeze({ name, inputs, inputShape, labels, classes, size, source });
}

/**
 * The examples at the given positions, in the given order; repeats are allowed (bootstrap).
 *
 * @throws ValueError where an index is not a position in the data set.
 * @example
 * ```ts
 * import { subset, twoMoons } from '@ketwork/datasets';
 * console.log(subset(twoMoons({ count: 100, seed: 1 }), [0, 2, 4]).size); // 3
 * ```
 */
export function subset(data: Dataset, indices: ArrayLike<number>): Dataset {
  const features = sizeOf(data.inputShape);
  const size = indices.length;
  for (let i = 0; i < size; i++) {
    const index = indices[i]!;
    if (!Number.isInteger(index) || index < 0 || index >= data.size) {
      throw new ValueError(
        `index ${index} (number ${i} of the list) is not in data set "${data.name}"`,
        {
          remedy: `Use integers from 0 to ${data.size - 1}`,
        },
      );
    }
  }
  const inputs = new Float64Array(size * features);
  const labels = new Int32Array(size);
  for (let i = 0; i < size; i++) {
    const index = indices[i]!;
    inputs.set(data.inputs.subarray(index * features, (index + 1) * features), i * features);
    labels[i] = data.labels[index]!;
  }
  return Object.freeze({ ...data, inputs, labels, size });
}

/**
 * The first `count` examples after skipping `offset`.
 *
 * @param offset Examples to skip, 0 by default.
 * @throws ValueError where the data set has fewer than `offset + count` examples.
 * @example
 * ```ts
 * import { circles, take } from '@ketwork/datasets';
 * console.log(take(circles({ count: 100, seed: 1 }), 10).size); // 10
 * ```
 */
export function take(data: Dataset, count: number, offset = 0): Dataset {
  if (!isCount(count) || !isCount(offset)) {
    throw new ValueError(
      `take: count ${count} and offset ${offset} must be integers of at least 0`,
    );
  }
  if (offset + count > data.size) {
    throw new ValueError(
      `take: examples ${offset} to ${offset + count - 1} asked of data set "${data.name}", which has ${data.size}`,
      { remedy: `Ask for at most ${Math.max(0, data.size - offset)}` },
    );
  }
  return subset(
    data,
    Array.from({ length: count }, (_, i) => offset + i),
  );
}

/**
 * Deals the examples, in random order, into disjoint parts; what the parts leave over is dropped.
 *
 * @param parts Either counts (all integers) or fractions (all strictly between 0 and 1, sum at most 1). A fraction's
 * part reaches to `round(size × running sum)`, so fractions that add up to 1 use every example.
 * @param key Random key; the same key deals the same way.
 * @returns One data set per part.
 * @throws ValueError where the parts are neither counts nor fractions, or ask for more examples than there are.
 * @example
 * ```ts
 * import { key } from '@ketwork/base';
 * import { splitDataset, twoMoons } from '@ketwork/datasets';
 * const [train, test] = splitDataset(twoMoons({ count: 100, seed: 1 }), [0.8, 0.2], key(2));
 * console.log(train!.size, test!.size); // 80 20
 * ```
 */
export function splitDataset(data: Dataset, parts: readonly number[], key: Key): Dataset[] {
  const counts = parts.every(isCount);
  if (!counts && !parts.every((part) => part > 0 && part < 1)) {
    throw new ValueError(
      `split of data set "${data.name}": [${parts.join(', ')}] are neither counts nor fractions`,
      {
        remedy: 'Give integers of at least 0, or fractions strictly between 0 and 1',
      },
    );
  }
  const total = parts.reduce((sum, part) => sum + part, 0);
  // Ten fractions of 0.1 add up to a little less or more than 1.
  if (total > (counts ? data.size : 1 + 1e-9)) {
    throw new ValueError(`split of data set "${data.name}": the parts add up to ${total}`, {
      remedy: counts
        ? `Ask for at most ${data.size} examples in all`
        : 'Fractions may add up to 1 at most',
    });
  }
  const order = permutation(key, data.size);
  const result: Dataset[] = [];
  let sum = 0;
  let start = 0;
  for (const part of parts) {
    sum += part;
    const end = counts ? sum : Math.min(data.size, Math.round(sum * data.size));
    result.push(subset(data, order.subarray(start, end)));
    start = end;
  }
  return result;
}

/**
 * Keeps the examples of the given classes and relabels them: the first class given becomes 0, the next 1.
 *
 * @param classes Names, or indices into `data.classes`.
 * @throws ValueError where a class is unknown or given twice.
 * @example
 * ```ts
 * import { filterClasses, larTpc } from '@ketwork/datasets';
 * const data = larTpc({ particles: ['muon', 'electron', 'proton'], count: 30, seed: 1 });
 * console.log(filterClasses(data, ['proton', 'muon']).classes); // [ 'proton', 'muon' ]
 * ```
 */
export function filterClasses(data: Dataset, classes: readonly (string | number)[]): Dataset {
  const relabel = classMap(data.classes, classes, `data set "${data.name}"`);
  const indices: number[] = [];
  for (let i = 0; i < data.size; i++) if (relabel.has(data.labels[i]!)) indices.push(i);
  const kept = subset(data, indices);
  const names = Object.freeze([...relabel.keys()].map((index) => data.classes[index]!));
  return Object.freeze({
    ...kept,
    labels: kept.labels.map((label) => relabel.get(label)!),
    classes: names,
  });
}

/** Old class index → new class index, in the order of the new ones. */
export function classMap(
  known: readonly string[],
  wanted: readonly (string | number)[],
  where: string,
): Map<number, number> {
  const map = new Map<number, number>();
  for (const item of wanted) {
    const index = typeof item === 'number' ? item : known.indexOf(item);
    if (!Number.isInteger(index) || index < 0 || index >= known.length) {
      throw new ValueError(`${where} has no class ${JSON.stringify(item)}`, {
        remedy: `Its classes are ${known.map((name, i) => `${i} "${name}"`).join(', ')}`,
      });
    }
    if (map.has(index)) throw new ValueError(`class "${known[index]}" of ${where} is given twice`);
    map.set(index, map.size);
  }
  return map;
}

/**
 * Mean and standard deviation of each feature over the examples, for {@link standardize}.
 *
 * @throws ValueError where the data set is empty.
 * @example
 * ```ts
 * import { featureStatistics, twoMoons } from '@ketwork/datasets';
 * console.log(featureStatistics(twoMoons({ count: 100, seed: 1 })).mean); // near 0.5, 0.25
 * ```
 */
export function featureStatistics(data: Dataset): FeatureStatistics {
  if (data.size === 0) throw new ValueError(`data set "${data.name}" is empty: it has no mean`);
  const features = sizeOf(data.inputShape);
  const mean = new Float64Array(features);
  const deviation = new Float64Array(features);
  for (let i = 0; i < data.inputs.length; i++) mean[i % features]! += data.inputs[i]! / data.size;
  for (let i = 0; i < data.inputs.length; i++) {
    const difference = data.inputs[i]! - mean[i % features]!;
    deviation[i % features]! += (difference * difference) / data.size;
  }
  for (let j = 0; j < features; j++) deviation[j] = Math.sqrt(deviation[j]!);
  return { mean, deviation };
}

/**
 * Shifts and scales each feature to mean 0 and standard deviation 1. A feature that never varies becomes 0 where it
 * has its mean and is only shifted elsewhere. Test data take the statistics of the training data.
 *
 * @param statistics Those of `data` by default.
 * @throws ValueError where the statistics have another number of features.
 * @example
 * ```ts
 * import { featureStatistics, standardize, twoMoons } from '@ketwork/datasets';
 * const train = twoMoons({ count: 80, seed: 1 });
 * const test = standardize(twoMoons({ count: 20, seed: 2 }), featureStatistics(train));
 * console.log(test.inputs.length); // 40
 * ```
 */
export function standardize(
  data: Dataset,
  statistics: FeatureStatistics = featureStatistics(data),
): Dataset {
  const features = sizeOf(data.inputShape);
  const { mean, deviation } = statistics;
  if (mean.length !== features || deviation.length !== features) {
    throw new ValueError(
      `data set "${data.name}" has ${features} features, its statistics ${mean.length} and ${deviation.length}`,
      { remedy: 'Take them with featureStatistics from data of the same shape' },
    );
  }
  const inputs = data.inputs.map((value, i) => {
    const j = i % features;
    const shifted = value - mean[j]!;
    // Rounding of the mean leaves a spread of some 1e-16 in a constant feature; dividing by it would invent variation.
    return deviation[j]! > 1e-12 * Math.max(1, Math.abs(mean[j]!))
      ? shifted / deviation[j]!
      : shifted;
  });
  return Object.freeze({ ...data, inputs });
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
