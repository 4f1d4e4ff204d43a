import { normal, split, uniform } from '@ketwork/base';
import type { Key } from '@ketwork/base';

/** Endless standard draws from one key, taken from blocks so that a draw costs no key derivation. */
export interface Draws {
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Standard normal. */
  gauss(): number;
  /** Exponential with the given mean. */
  exponential(mean: number): number;
  /** Integer from low to high, both included. */
  integer(low: number, high: number): number;
}

/** Draws from a key. */
export function draws(seed: Key): Draws {
  const [uniformKey, normalKey] = split(seed, 2);
  const nextUniform = stream(uniformKey!, (k, count) => uniform(k, count));
  const nextNormal = stream(normalKey!, (k, count) => normal(k, count));
  return {
    between: (low, high) => low + (high - low) * nextUniform(),
    gauss: nextNormal,
    exponential: (mean) => -mean * Math.log(1 - nextUniform()),
    integer: (low, high) => low + Math.floor((high - low + 1) * nextUniform()),
  };
}

function stream(first: Key, fill: (key: Key, count: number) => Float64Array): () => number {
  const BLOCK = 128;
  let [current, following] = split(first, 2) as [Key, Key];
  let block = fill(current, BLOCK);
  let position = 0;
  return () => {
    if (position === BLOCK) {
      [current, following] = split(following, 2) as [Key, Key];
      block = fill(current, BLOCK);
      position = 0;
    }
    return block[position++]!;
  };
}
