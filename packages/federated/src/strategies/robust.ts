import { ValueError } from '@ketwork/base';
import type { Strategy, WeightChange } from '../contract.ts';

/** Options of {@link krum}. */
export interface KrumOptions {
  /** Most participants of a round that may lie, f. */
  readonly liars: number;
  /** How many updates are averaged: 1, the default, is Krum, more is multi-Krum. */
  readonly select?: number;
}

/**
 * The median of the changes, number by number (Yin et al. 2018, arXiv:1803.01498); the mean of the middle two where they are
 * even in number. Holds while fewer than half of the participants of a round lie. Numbers of examples do not count, since
 * liars could claim any.
 *
 * @example
 * ```ts
 * import { coordinateMedian } from '@ketwork/federated';
 * const delta = (x: number) => ({ participant: `${x}`, examples: 1, delta: Float64Array.of(x) });
 * console.log(coordinateMedian().combine!([delta(1), delta(2), delta(1e9)])[0]); // 2
 * ```
 */
export function coordinateMedian(): Strategy {
  return Object.freeze<Strategy>({
    name: 'coordinateMedian',
    settings: {},
    combine: (changes) =>
      byCoordinate(changes, (sorted) => {
        const middle = sorted.length >> 1;
        return sorted.length % 2 === 1
          ? sorted[middle]!
          : (sorted[middle - 1]! + sorted[middle]!) / 2;
      }),
  });
}

/**
 * The mean of the changes, number by number, without so many of the smallest and of the largest (Yin et al. 2018,
 * arXiv:1803.01498). Holds while no larger share of the participants of a round lies. Numbers of examples do not count.
 *
 * @param options `share` of the updates that is left out at either end, rounded down to whole updates, above 0 and below 0.5.
 * A round needs at least `1 / share` updates, so that something is left out.
 * @throws ValueError where the share is out of range.
 * @example
 * ```ts
 * import { trimmedMean } from '@ketwork/federated';
 * const delta = (x: number) => ({ participant: `${x}`, examples: 1, delta: Float64Array.of(x) });
 * const { combine } = trimmedMean({ share: 0.25 });
 * console.log(combine!([delta(-1e9), delta(1), delta(2), delta(1e9)])[0]); // 1.5
 * ```
 */
export function trimmedMean(options: { readonly share: number }): Strategy {
  const { share } = options;
  if (!(share > 0 && share < 0.5)) {
    throw new ValueError(`trimmedMean: the share ${share} is not between 0 and 0.5`, {
      remedy: 'Use fedAvg to leave nothing out, coordinateMedian to leave out all but the middle',
    });
  }
  return Object.freeze<Strategy>({
    name: 'trimmedMean',
    settings: { share },
    // A share such as 0.29 of 100 must not be 28 for the sake of the last bit.
    minimum: Math.ceil(1 / share - 1e-9),
    combine: (changes) => {
      const cut = Math.floor(share * changes.length + 1e-9);
      return byCoordinate(changes, (sorted) => {
        let sum = 0;
        for (let k = cut; k < sorted.length - cut; k++) sum += sorted[k]!;
        return sum / (sorted.length - 2 * cut);
      });
    },
  });
}

/**
 * The update whose squared distances to its `n - liars - 2` nearest others have the least sum, or the mean of the `select`
 * updates with the least sums (Krum and multi-Krum; Blanchard et al. 2017, NeurIPS 30). A round needs at least
 * `2 · liars + 3` updates, and `select + liars`. Numbers of examples do not count; of equal sums the first name wins.
 *
 * @throws ValueError where a setting is out of range.
 * @example
 * ```ts
 * import { krum } from '@ketwork/federated';
 * const delta = (x: number) => ({ participant: `${x}`, examples: 1, delta: Float64Array.of(x) });
 * const { combine, minimum } = krum({ liars: 1 });
 * console.log(minimum, combine!([delta(1), delta(2), delta(2.5), delta(4), delta(1e9)])[0]); // 5 2
 * ```
 */
export function krum(options: KrumOptions): Strategy {
  const { liars, select = 1 } = options;
  if (!Number.isSafeInteger(liars) || liars < 0)
    throw new ValueError(`krum: liars is ${liars}, not an integer of at least 0`);
  if (!Number.isSafeInteger(select) || select < 1)
    throw new ValueError(`krum: select is ${select}, not a positive integer`);
  return Object.freeze<Strategy>({
    name: 'krum',
    settings: { liars, select },
    minimum: Math.max(2 * liars + 3, select + liars),
    combine(changes) {
      const scores = krumScores(changes, liars);
      const best = changes
        .map((_, i) => i)
        .toSorted((a, b) => scores[a]! - scores[b]! || a - b)
        .slice(0, select)
        .toSorted((a, b) => a - b);
      const mean = new Float64Array(changes[0]!.delta.length);
      for (const i of best) {
        const { delta } = changes[i]!;
        for (let c = 0; c < mean.length; c++) mean[c]! += delta[c]! / best.length;
      }
      return mean;
    },
  });
}

/** For each change the sum of squared distances to its nearest others. */
function krumScores(changes: readonly WeightChange[], liars: number): Float64Array {
  const count = changes.length;
  const squares = changes.map(() => new Float64Array(count));
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [changes[i]!.delta, changes[j]!.delta];
      let sum = 0;
      for (let c = 0; c < a.length; c++) sum += (a[c]! - b[c]!) ** 2;
      squares[i]![j] = sum;
      squares[j]![i] = sum;
    }
  }
  return Float64Array.from(squares, (row, i) => {
    const others = row.filter((_, j) => j !== i).toSorted();
    return others.subarray(0, count - liars - 2).reduce((sum, value) => sum + value, 0);
  });
}

/** A rule for the sorted values of each number. */
function byCoordinate(
  changes: readonly WeightChange[],
  rule: (sorted: Float64Array) => number,
): Float64Array {
  const values = new Float64Array(changes.length);
  return changes[0]!.delta.map((_, c) => {
    for (let k = 0; k < values.length; k++) values[k] = changes[k]!.delta[c]!;
    return rule(values.sort());
  });
}
