import { fold, key, uniformAt } from '@ketwork/base';
import type { Key } from '@ketwork/base';

/** Random numbers one after the other, from a seed or key, for tests. */
export class Random {
  readonly #key: Key;
  #position = 0;

  constructor(seed: number | Key) {
    this.#key = typeof seed === 'number' ? key(seed) : seed;
  }

  /** A generator of its own for a numbered part of a test. */
  child(index: number): Random {
    return new Random(fold(this.#key, index));
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * uniformAt(this.#key, 0, this.#position++);
  }

  /** Uniform integer from 0 to bound - 1, or from low to high, both included. */
  integer(low: number, high?: number): number {
    const [from, to] = high === undefined ? [0, low - 1] : [low, high];
    return from + Math.floor(this.uniform() * (to - from + 1));
  }

  /** True with a probability. */
  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** One entry of a list. */
  pick<T>(list: readonly T[]): T {
    return list[this.integer(list.length)]!;
  }

  /** Different entries of a list in random order. */
  sample<T>(list: readonly T[], count: number): T[] {
    const rest = [...list];
    return Array.from({ length: count }, () => rest.splice(this.integer(rest.length), 1)[0]!);
  }

  /** Standard normal (Box and Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Standard normal numbers. */
  normals(count: number): Float64Array {
    return Float64Array.from({ length: count }, () => this.normal());
  }
}
