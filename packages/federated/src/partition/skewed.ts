import { ValueError, fold, key, normal, permutation, split, uniform } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import type { TrainingData } from '@ketwork/training';
import { classLabels, examplesOf, partsOf, pieces, shuffledClasses } from './partition.ts';
import type { DataPart, PartitionOptions } from './partition.ts';

/** Options of {@link partitionDirichlet}. */
export interface DirichletOptions extends PartitionOptions {
  /** Concentration, above 0: 0.1 gives most participants few classes, 100 nearly equal shares. */
  readonly alpha: number;
  /** Fewest examples of a participant; draws with fewer are repeated. Default 1. */
  readonly minimum?: number;
}

/** Options of {@link partitionShards}. */
export interface ShardsOptions extends PartitionOptions {
  /** Shards per participant, about the number of its classes. Default 2. */
  readonly shards?: number;
}

/** How often shares are drawn before there are too few examples for some participant. */
const MOST_DRAWS = 1000;

/**
 * Divides data so that participants see classes in different shares: the examples of every class are divided in proportions
 * drawn from a Dirichlet distribution with all concentrations α (Hsu et al. 2019, arXiv:1909.06335). Every example goes to
 * one participant.
 *
 * @param data Labels are class indices.
 * @param clients Number of participants.
 * @throws ValueError where a setting is out of range, labels are not classes, or no draw gives all participants enough.
 * @example
 * ```ts
 * import { partitionDirichlet } from '@ketwork/federated';
 * const labels = Array.from({ length: 100 }, (_, i) => i % 2);
 * const parts = partitionDirichlet({ inputs: labels, labels }, 4, { alpha: 0.3, seed: 1 });
 * console.log(parts.reduce((sum, part) => sum + part.indices.length, 0)); // 100
 * ```
 */
export function partitionDirichlet(
  data: TrainingData,
  clients: number,
  { alpha, minimum = 1, seed }: DirichletOptions,
): DataPart[] {
  const where = 'partitionDirichlet';
  const size = examplesOf(where, data, clients);
  if (!(alpha > 0 && alpha < Infinity))
    throw new ValueError(`${where}: alpha is ${alpha}, not a finite number above 0`);
  if (!Number.isSafeInteger(minimum) || minimum < 0 || minimum * clients > size) {
    throw new ValueError(
      `${where}: ${size} examples cannot give each of ${clients} participants at least ${minimum}`,
    );
  }
  const [order, shares] = split(key(seed), 2);
  const members = shuffledClasses(classLabels(where, data, size), order!);
  for (let draw = 0; draw < MOST_DRAWS; draw++) {
    const parts: number[][] = Array.from({ length: clients }, () => []);
    members.forEach((examples, c) => {
      const proportions = dirichlet(fold(fold(shares!, draw), c), alpha, clients);
      let [at, sum] = [0, 0];
      proportions.forEach((proportion, i) => {
        sum += proportion;
        const end = i === clients - 1 ? examples.length : Math.round(sum * examples.length);
        while (at < end) parts[i]!.push(examples[at++]!);
      });
    });
    if (parts.every((part) => part.length >= minimum)) return partsOf(data, size, parts);
  }
  throw new ValueError(
    `${where}: in ${MOST_DRAWS} draws some of ${clients} participants got fewer than ${minimum} of ${size} examples`,
    { remedy: 'Use a larger alpha, fewer participants or a smaller minimum' },
  );
}

/**
 * Divides data so that participants see few classes: examples are sorted by class and cut into shards of equal size, of which
 * every participant gets the same number by chance (McMahan et al. 2017, arXiv:1602.05629). Every example goes to one
 * participant.
 *
 * @param data Labels are class indices.
 * @param clients Number of participants; there must be an example for each of their shards.
 * @throws ValueError where a setting is out of range or labels are not classes.
 * @example
 * ```ts
 * import { partitionShards } from '@ketwork/federated';
 * const labels = Array.from({ length: 100 }, (_, i) => i % 10);
 * const [first] = partitionShards({ inputs: labels, labels }, 5, { seed: 1 });
 * console.log(new Set(first!.labels as Float64Array).size); // 2
 * ```
 */
export function partitionShards(
  data: TrainingData,
  clients: number,
  { shards = 2, seed }: ShardsOptions,
): DataPart[] {
  const where = 'partitionShards';
  const size = examplesOf(where, data, clients);
  if (!Number.isSafeInteger(shards) || shards < 1 || shards * clients > size) {
    throw new ValueError(
      `${where}: ${size} examples cannot be cut into ${shards} shards for each of ${clients} participants`,
    );
  }
  const [order, deal] = split(key(seed), 2);
  const sorted = shuffledClasses(classLabels(where, data, size), order!);
  const cut = pieces(Uint32Array.from(sorted.flatMap((part) => [...part])), shards * clients);
  const dealt = permutation(deal!, cut.length);
  return partsOf(
    data,
    size,
    Array.from({ length: clients }, (_, i) =>
      [...dealt.subarray(i * shards, (i + 1) * shards)].flatMap((s) => [...cut[s]!]),
    ),
  );
}

/** Proportions with a Dirichlet distribution, all concentrations equal. */
function dirichlet(source: Key, alpha: number, count: number): Float64Array {
  const logs = Float64Array.from({ length: count }, (_, i) => logGamma(fold(source, i), alpha));
  // In logarithms, since gamma variables of small shape are too small for numbers.
  const largest = Math.max(...logs);
  const parts = logs.map((value) => Math.exp(value - largest));
  const sum = parts.reduce((total, value) => total + value, 0);
  return parts.map((value) => value / sum);
}

/** Logarithm of a gamma variable, by the method of Marsaglia and Tsang 2000; below shape 1 by one of shape + 1. */
function logGamma(source: Key, shape: number): number {
  const boost = shape < 1 ? Math.log1p(-uniform(fold(source, 0), 1)[0]!) / shape : 0;
  const d = (shape < 1 ? shape + 1 : shape) - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (let attempt = 1; ; attempt++) {
    const own = fold(source, attempt);
    const x = normal(own, 1)[0]!;
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    const u = 1 - uniform(own, 1)[0]!;
    if (Math.log(u) < (x * x) / 2 + d * (1 - v + Math.log(v))) return Math.log(d * v) + boost;
  }
}
