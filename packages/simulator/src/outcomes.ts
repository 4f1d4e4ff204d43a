import { fillUniformAt, ValueError } from '@ketwork/base';
import type { Key } from '@ketwork/base';

/** Random numbers are made this many at a time, so that they stay in the cache. */
const CHUNK = 8192;
/** Running sums are searched as integers of this many bits first. */
const BITS = 30;

/**
 * Draws outcomes from probabilities by inversion of their running sum. Shot s of example e depends on (key, e, s) and the
 * probabilities only. The probabilities need not sum to 1 exactly; outcomes of probability 0 are never drawn.
 *
 * @param probabilities `[outcomes]`, not negative.
 * @param random the key of the stream.
 * @param example number of the example.
 * @param shots number of shots.
 * @returns outcome of each shot, `[shots]`.
 * @throws ValueError where the probabilities sum to nothing.
 *
 * @example
 * ```ts
 * import { key } from '@ketwork/base';
 * import { sampleOutcomes } from '@ketwork/simulator';
 * console.log(sampleOutcomes([0.5, 0, 0, 0.5], key(7), 0, 8)); // eight times 0 or 3
 * ```
 */
export function sampleOutcomes(
  probabilities: ArrayLike<number>,
  random: Key,
  example: number,
  shots: number,
): Uint32Array {
  return new Sampler().draw(Float64Array.from(probabilities), random, example, shots);
}

/** {@link sampleOutcomes} for many examples and runs, with arrays that are kept from one to the next. */
export class Sampler {
  #numbers: Float64Array = new Float64Array(0);
  #levels: Int32Array = new Int32Array(0);
  #first: Int32Array = new Int32Array(0);

  /** Draws without a copy of the probabilities: they are overwritten with their running sums. */
  draw(probabilities: Float64Array, random: Key, example: number, shots: number): Uint32Array {
    const guide = this.#guide(probabilities, shots);
    if (this.#numbers.length < Math.min(CHUNK, shots))
      this.#numbers = new Float64Array(Math.min(CHUNK, shots));
    const outcomes = new Uint32Array(shots);
    for (let start = 0; start < shots; start += CHUNK) {
      const count = Math.min(CHUNK, shots - start);
      const numbers = fillUniformAt(random, example, start, this.#numbers.subarray(0, count));
      invert(guide, numbers, outcomes.subarray(start, start + count));
    }
    return outcomes;
  }

  /** Indexed search (Chen and Asau, AIIE Transactions 6, 163, 1974): about as many buckets as outcomes, or as shots. */
  #guide(probabilities: Float64Array, shots: number): Guide {
    const { sums, total, last } = sumUp(probabilities);
    const buckets = Math.floor(Math.log2(Math.max(1, Math.min(last + 1, shots, 2 ** BITS))));
    const shift = BITS - buckets;
    const scale = 2 ** BITS / total;
    if (this.#levels.length <= last) this.#levels = new Int32Array(last + 1);
    if (this.#first.length < 2 ** buckets + 2) this.#first = new Int32Array(2 ** buckets + 2);
    const levels = this.#levels;
    const first = this.#first;
    let next = 0;
    for (let i = 0; i < last; i++) {
      const level = (sums[i]! * scale) | 0;
      levels[i] = level;
      while (next <= level >> shift) first[next++] = i;
    }
    levels[last] = 0x7fffffff;
    first.fill(last, next, 2 ** buckets + 2);
    return { sums, last, total, scale, levels, shift, first };
  }
}

/** Running sums in place of the probabilities, and the last outcome that has one. */
function sumUp(probabilities: Float64Array): { sums: Float64Array; total: number; last: number } {
  let total = 0;
  let last = -1;
  for (let i = 0; i < probabilities.length; i++) {
    const p = probabilities[i]!;
    // Rounding may leave a probability of -1e-17.
    if (!(p <= 0)) {
      last = i;
      total += p;
    }
    probabilities[i] = total;
  }
  if (!(total > 0)) {
    throw new ValueError('cannot draw shots: all probabilities are 0', {
      remedy: 'Check the projections and filters in the circuit: they leave no state',
    });
  }
  return { sums: probabilities, total, last };
}

/** Running sums with an index: what is looked for is near the first outcome of its bucket. */
interface Guide {
  readonly sums: Float64Array;
  readonly last: number;
  readonly total: number;
  /** Scale of the integers. */
  readonly scale: number;
  /** The running sums, scaled and rounded down; the last one is above all numbers. */
  readonly levels: Int32Array;
  /** Bits of an integer below those that number its bucket. */
  readonly shift: number;
  /** First outcome whose level is in this bucket or a later one. */
  readonly first: Int32Array;
}

/**
 * For each number u in [0, 1), the first outcome whose running sum is above u · total. Rounding down keeps order: a sum
 * whose level is above that of the number is above the number, one whose level is below is not, and equal levels are
 * decided by the sums themselves. Most numbers are at most two outcomes from the first of their bucket, and steps
 * without branches let the processor fetch for several shots at once.
 */
function invert(guide: Guide, numbers: Float64Array, outcomes: Uint32Array): void {
  const { sums, last, total, scale, levels, shift, first } = guide;
  for (let s = 0; s < numbers.length; s++) {
    const x = numbers[s]! * total;
    const level = (x * scale) | 0;
    const bucket = level >> shift;
    let at = first[bucket]!;
    at += (levels[at]! - level) >>> 31;
    at += (levels[at]! - level) >>> 31;
    if (levels[at]! < level) {
      let high = first[bucket + 1]!;
      while (at < high) {
        const middle = (at + high) >>> 1;
        if (levels[middle]! >= level) high = middle;
        else at = middle + 1;
      }
    }
    while (at < last && (levels[at] as number) === level && !(sums[at]! > x)) at++;
    outcomes[s] = at;
  }
}
