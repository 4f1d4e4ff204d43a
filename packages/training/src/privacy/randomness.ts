import { EnvironmentError, fold, normal, uniform } from '@ketwork/base';
import type { Key } from '@ketwork/base';

/** Random numbers for private mechanisms, such as those of one step of private training. */
export interface Randomness {
  /** Numbers uniform in [0, 1). */
  uniform(count: number): Float64Array;
  /** Numbers from the standard normal distribution. */
  normal(count: number): Float64Array;
}

/** Random numbers that nobody can know. */
export interface SecretRandomness extends Randomness {
  /** A key for numbers that are drawn elsewhere. */
  key(): Key;
}

/**
 * Random numbers from a key, for tests: whoever knows the seed knows the noise, so nothing is protected.
 *
 * @example
 * ```ts
 * import { key } from '@ketwork/base';
 * import { seededUnsafe } from '@ketwork/training';
 * console.log(seededUnsafe(key(1)).normal(2).length); // 2
 * ```
 */
export function seededUnsafe(key: Key): Randomness {
  let draws = 0;
  return {
    uniform: (count) => uniform(fold(key, draws++), count),
    normal: (count) => normal(fold(key, draws++), count),
  };
}

/** Words fetched at once: even, and at most the 16384 that one call may ask for. */
const BLOCK = 4096;

/**
 * Random numbers from the cryptographic generator of the runtime.
 *
 * @throws EnvironmentError where it has none.
 * @example
 * ```ts
 * import { cryptographic } from '@ketwork/training';
 * console.log(cryptographic().uniform(3).every((u) => u >= 0 && u < 1)); // true
 * ```
 */
export function cryptographic(): SecretRandomness {
  const source = globalThis.crypto as Crypto | undefined;
  if (typeof source?.getRandomValues !== 'function') {
    throw new EnvironmentError(
      'private training needs crypto.getRandomValues, which this runtime lacks',
      {
        remedy: 'Use Node 22 or later, or a browser page served over HTTPS',
      },
    );
  }
  // Words are fetched in blocks, since a call takes as long as some hundred of them; none is used twice.
  const words = new Uint32Array(BLOCK);
  let used = BLOCK;
  const fetch = (): void => {
    if (used < BLOCK) return;
    source.getRandomValues(words);
    used = 0;
  };
  const fill = (out: Float64Array, count: number): Float64Array => {
    for (let done = 0; done < count;) {
      fetch();
      const some = Math.min(count - done, (BLOCK - used) / 2);
      intoNumbers(words, used, out, done, some);
      used += 2 * some;
      done += some;
    }
    return out;
  };
  let room = new Float64Array(0);
  return {
    uniform: (count) => fill(new Float64Array(count), count),
    normal(count) {
      // Getting memory takes as long as a dozen numbers.
      if (room.length < 4 * count) room = new Float64Array(4 * count);
      return normals(fill(room, 4 * count), count);
    },
    key() {
      fetch();
      used += 2;
      return [words[used - 2]!, words[used - 1]!];
    },
  };
}

/** Numbers of 53 bits in [0, 1), of two words each. */
function intoNumbers(
  words: Uint32Array,
  from: number,
  out: Float64Array,
  to: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const high = words[from + 2 * i]! >>> 5;
    out[to + i] = (high * 67108864 + (words[from + 2 * i + 1]! >>> 6)) * 2 ** -53;
  }
}

/**
 * Each number is half the sum of four, by the transformation of Box and Muller: the digits of a single one would tell
 * which doubles it came from (Mironov 2012; remedy of Holohan and Braghin 2021, arXiv:2107.10138).
 */
function normals(u: Float64Array, count: number): Float64Array {
  const out = new Float64Array(count);
  for (let i = 0, k = 0; i < count; i++, k += 4)
    out[i] = pair(u[k]!, u[k + 1]!) + pair(u[k + 2]!, u[k + 3]!);
  return out;
}

/** Half the sum of the two numbers `r cos φ` and `r sin φ` of the transformation, in one sine. */
function pair(u: number, v: number): number {
  // 1 - u is exact and above 0; cos φ + sin φ = √2 sin(φ + π/4).
  return Math.sqrt(-Math.log(1 - u)) * Math.sin(2 * Math.PI * v + Math.PI / 4);
}
