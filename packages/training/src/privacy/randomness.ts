import { EnvironmentError, fold, normal, uniform, wasmFeatures } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { WORDS, loadNoiseKernel } from './noise-kernel.ts';
import type { NoiseKernel } from './noise-kernel.ts';

/**
 * Random numbers for private mechanisms, such as those of one step of private training. They go to the first places of `out`
 * where one is given, else to a new array.
 */
export interface Randomness {
  /** Numbers uniform in [0, 1). */
  uniform(count: number, out?: Float64Array): Float64Array;
  /** Numbers from the standard normal distribution. */
  normal(count: number, out?: Float64Array): Float64Array;
  /** Numbers from the exponential distribution of mean 1. */
  exponential(count: number, out?: Float64Array): Float64Array;
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
  const into = (out: Float64Array | undefined, drawn: Float64Array): Float64Array => {
    out?.set(drawn);
    return out ?? drawn;
  };
  return {
    uniform: (count, out) => into(out, uniform(fold(key, draws++), count)),
    normal: (count, out) => into(out, normal(fold(key, draws++), count)),
    exponential: (count, out) => into(out, logarithms(uniform(fold(key, draws++), count))),
  };
}

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
  if (made?.source !== source) made = { source, secret: secretFrom(source) };
  return made.secret;
}

/** One for all of a thread: words that one call has fetched and not used are good for the next. */
let made: { readonly source: Crypto; readonly secret: SecretRandomness } | undefined;

function secretFrom(source: Crypto): SecretRandomness {
  const kernel = findKernel();
  // Words are fetched in blocks, since a call takes as long as some hundred of them; none is used twice.
  const words = kernel?.words ?? new Uint32Array(WORDS);
  let used = WORDS;
  const fetch = (least: number): void => {
    if (WORDS - used >= least) return;
    source.getRandomValues(words);
    used = 0;
  };
  /** Makes numbers of `width` words each: `make` is told which, and begins with the word at `used`. */
  const fill = (
    count: number,
    width: number,
    out: Float64Array,
    make: (out: Float64Array, to: number, some: number) => void,
  ): Float64Array => {
    for (let done = 0; done < count;) {
      fetch(width);
      const some = Math.min(count - done, Math.floor((WORDS - used) / width));
      make(out, done, some);
      used += some * width;
      done += some;
    }
    return out;
  };
  const makeUniform = (out: Float64Array, to: number, some: number): void =>
    intoNumbers(words, used, out, to, some);
  const uniform = (count: number, out: Float64Array = new Float64Array(count)): Float64Array =>
    fill(count, 2, out, makeUniform);
  const key = (): Key => {
    fetch(2);
    used += 2;
    return [words[used - 2]!, words[used - 1]!];
  };
  if (kernel === undefined) {
    return Object.freeze<SecretRandomness>({
      uniform,
      normal: (count, out: Float64Array = new Float64Array(count)) =>
        normals(uniform(4 * count), count, out),
      exponential: (count, out) => logarithms(uniform(count, out), count),
      key,
    });
  }
  const { numbers } = kernel;
  const makeNormal = (out: Float64Array, to: number, some: number): void => {
    kernel.normal(used, some);
    for (let i = 0; i < some; i++) out[to + i] = numbers[i]!;
  };
  /** Of an odd number the last pair is one too many, which nobody gets. */
  const makeExponential = (out: Float64Array, to: number, some: number): void => {
    kernel.exponential(used, (some + 1) >>> 1);
    for (let i = 0; i < some; i++) out[to + i] = numbers[i]!;
  };
  return Object.freeze<SecretRandomness>({
    uniform,
    normal: (count, out = new Float64Array(count)) => fill(count, 8, out, makeNormal),
    exponential: (count, out = new Float64Array(count)) => fill(count, 2, out, makeExponential),
    key,
  });
}

/** The WebAssembly functions, where there are any. */
function findKernel(): NoiseKernel | undefined {
  if (!wasmFeatures().simd) return undefined;
  try {
    return loadNoiseKernel();
  } catch (error) {
    if (error instanceof EnvironmentError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Numbers of the exponential distribution in place of uniform ones. */
function logarithms(u: Float64Array, count = u.length): Float64Array {
  for (let i = 0; i < count; i++) u[i] = -Math.log1p(-u[i]!);
  return u;
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
function normals(u: Float64Array, count: number, out: Float64Array): Float64Array {
  for (let i = 0, k = 0; i < count; i++, k += 4)
    out[i] = pair(u[k]!, u[k + 1]!) + pair(u[k + 2]!, u[k + 3]!);
  return out;
}

/** Half the sum of the two numbers `r cos φ` and `r sin φ` of the transformation, in one sine. */
function pair(u: number, v: number): number {
  // 1 - u is exact and above 0; cos φ + sin φ = √2 sin(φ + π/4).
  return Math.sqrt(-Math.log(1 - u)) * Math.sin(2 * Math.PI * v + Math.PI / 4);
}
