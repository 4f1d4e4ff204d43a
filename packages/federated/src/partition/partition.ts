import { ValueError, key, permutation, sizeOf } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { gatherRows } from '@ketwork/nn';
import type { TrainingData } from '@ketwork/training';

/** The data of one participant. */
export interface DataPart extends TrainingData {
  /** Which examples of the whole they are, in ascending order, `[examples]`. */
  readonly indices: Uint32Array;
}

/** Options of {@link partitionIid}. */
export interface PartitionOptions {
  /** Seed, an integer from 0 to 2^53 - 1. */
  readonly seed: number;
}

/**
 * Divides data among participants by chance alone: every example goes to one of them, and their numbers differ by at most one.
 *
 * @param clients Number of participants, at most that of examples.
 * @throws ValueError where there are fewer examples than participants, or the data's arrays do not fit each other.
 * @example
 * ```ts
 * import { partitionIid } from '@ketwork/federated';
 * const data = { inputs: [0, 1, 2, 3, 4], labels: [0, 0, 1, 1, 1] };
 * console.log(partitionIid(data, 2, { seed: 1 }).map((part) => part.indices.length)); // [3, 2]
 * ```
 */
export function partitionIid(
  data: TrainingData,
  clients: number,
  { seed }: PartitionOptions,
): DataPart[] {
  const size = examplesOf('partitionIid', data, clients);
  const order = permutation(key(seed), size);
  return partsOf(data, size, pieces(order, clients));
}

/** Number of examples. @throws ValueError where they are fewer than participants. */
export function examplesOf(
  where: string,
  { inputs, labels, inputShape }: TrainingData,
  clients: number,
): number {
  // Without a shape there is one label per example.
  const size = inputShape === undefined ? labels.length : inputs.length / sizeOf(inputShape);
  if (!Number.isSafeInteger(size) || inputs.length % size !== 0 || labels.length % size !== 0) {
    throw new ValueError(
      `${where}: ${inputs.length} numbers and ${labels.length} labels are not the same number of examples`,
      { remedy: 'Give the data an inputShape where there are several labels per example' },
    );
  }
  if (!Number.isSafeInteger(clients) || clients < 1)
    throw new ValueError(
      `${where}: the number of participants is ${clients}, not a positive integer`,
    );
  if (size < clients)
    throw new ValueError(`${where}: ${size} examples are too few for ${clients} participants`);
  return size;
}

/** Class of each example. @throws ValueError where labels are not class indices. */
export function classLabels(where: string, { labels }: TrainingData, size: number): Uint32Array {
  if (labels.length !== size)
    throw new ValueError(`${where}: ${labels.length} labels for ${size} examples are not classes`, {
      remedy: 'Use partitionIid',
    });
  return Uint32Array.from({ length: size }, (_, e) => {
    const label = labels[e]!;
    if (!Number.isSafeInteger(label) || label < 0)
      throw new ValueError(`${where}: label ${e} is ${label}, not a class index`, {
        remedy: 'Use partitionIid',
      });
    return label;
  });
}

/** Consecutive pieces whose lengths differ by at most one, the longer ones first. */
export function pieces(order: Uint32Array, count: number): Uint32Array[] {
  const least = Math.floor(order.length / count);
  const longer = order.length % count;
  let at = 0;
  return Array.from({ length: count }, (_, i) =>
    order.subarray(at, (at += least + (i < longer ? 1 : 0))),
  );
}

/** The data of each part. */
export function partsOf(
  data: TrainingData,
  size: number,
  parts: readonly (Uint32Array | readonly number[])[],
): DataPart[] {
  const { inputs, labels, weights, inputShape } = data;
  return parts.map((part) => {
    const indices = Uint32Array.from(part).sort();
    return {
      inputs: gatherRows(inputs, inputs.length / size, indices),
      labels: gatherRows(labels, labels.length / size, indices),
      ...(weights === undefined ? {} : { weights: gatherRows(weights, 1, indices) }),
      ...(inputShape === undefined ? {} : { inputShape }),
      indices,
    };
  });
}

/** The examples of each class in an order of chance, classes ascending. */
export function shuffledClasses(classes: Uint32Array, order: Key): Uint32Array[] {
  const byClass = new Map<number, number[]>();
  for (const e of permutation(order, classes.length)) {
    const members = byClass.get(classes[e]!) ?? [];
    members.push(e);
    byClass.set(classes[e]!, members);
  }
  return [...byClass.keys()]
    .toSorted((a, b) => a - b)
    .map((label) => Uint32Array.from(byClass.get(label)!));
}
