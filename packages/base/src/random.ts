import { ValueError } from './errors.ts';
import { philox, words } from './philox.ts';
import { compileWasm } from './wasm/probe.ts';
import { loadFillPairs } from './wasm/uniform.ts';
import type { FillPairs } from './wasm/uniform.ts';

/**
 * A key of the random generator: two unsigned 32-bit integers, frozen, plain data that survives JSON and
 * `structuredClone`. A key holds no state: the same key and arguments always give the same numbers, so derive a new
 * key ({@link split}, {@link fold}) for every independent use.
 *
 * @example
 * ```ts
 * import { key, uniform, type Key } from '@ketwork/base';
 * const saved: Key = JSON.parse(JSON.stringify(key(7)));
 * console.log(uniform(saved, 1)[0] === uniform(key(7), 1)[0]); // true
 * ```
 */
export type Key = readonly [high: number, low: number];

/** The interval that {@link uniform} draws from. */
export interface UniformOptions {
  /** Smallest value, included. Default 0. */
  readonly low?: number;
  /** Upper end, excluded. Default 1. */
  readonly high?: number;
}

/** The distribution that {@link normal} draws from. */
export interface NormalOptions {
  /** Expectation value. Default 0. */
  readonly mean?: number;
  /** Standard deviation, at least 0. Default 1. */
  readonly deviation?: number;
}

// Fourth counter word: each purpose reads its own stream, so that one key used for two purposes is not correlated.
const BITS = 0;
const UNIFORM = 1;
const NORMAL = 2;
const INTEGERS = 3;
const PERMUTATION = 4;
const SPLIT = 5;
const FOLD = 6;
const SHOT = 7;

const TWO_32 = 4294967296;
const TWO_M53 = 2 ** -53;

/**
 * Makes a key from a seed.
 *
 * The generator is Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), which
 * computes any number of a stream from the key and its position; streams are the same on every machine.
 *
 * @param seed An integer from 0 to 2^53 - 1.
 * @throws ValueError where the seed is not such an integer.
 * @example
 * ```ts
 * import { key, normal } from '@ketwork/base';
 * console.log(normal(key(42), 3)); // three standard normal numbers, the same ones every time
 * ```
 */
export function key(seed: number): Key {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new ValueError(`seed ${String(seed)} is not an integer from 0 to 2^53 - 1`, {
      remedy: 'Give a non-negative integer, such as 7',
    });
  }
  return makeKey(Math.floor(seed / TWO_32), seed);
}

/**
 * Derives `count` independent keys from one. The first keys do not depend on `count`.
 *
 * @throws ValueError where the key is malformed or `count` is not a non-negative integer.
 * @example
 * ```ts
 * import { key, normal, split } from '@ketwork/base';
 * const [weights, noise] = split(key(1), 2);
 * console.log(normal(weights!, 2), normal(noise!, 2)); // unrelated numbers
 * ```
 */
export function split(key: Key, count: number): Key[] {
  checkKey(key);
  checkCount(count, 'count');
  const keys: Key[] = [];
  for (let i = 0; i < count; i++) {
    philox(i, 0, 0, SPLIT, key[0], key[1]);
    keys.push(makeKey(words[0]!, words[1]!));
  }
  return keys;
}

/**
 * Derives a key from a key and an integer, such as the number of an epoch, a layer or an example.
 *
 * @param data An integer from 0 to 2^53 - 1.
 * @throws ValueError where the key is malformed or `data` is not such an integer.
 * @example
 * ```ts
 * import { fold, key, permutation } from '@ketwork/base';
 * const root = key(3);
 * for (let epoch = 0; epoch < 2; epoch++) console.log(permutation(fold(root, epoch), 5));
 * ```
 */
export function fold(key: Key, data: number): Key {
  checkKey(key);
  if (!Number.isSafeInteger(data) || data < 0) {
    throw new ValueError(
      `cannot fold ${String(data)} into a key: it is not an integer from 0 to 2^53 - 1`,
    );
  }
  philox(data | 0, Math.floor(data / TWO_32), 0, FOLD, key[0], key[1]);
  return makeKey(words[0]!, words[1]!);
}

/**
 * Random 32-bit words: positions `offset` to `offset + count - 1` of the key's stream.
 *
 * @param offset First position, 0 by default.
 * @returns `[count]` unsigned integers.
 * @throws ValueError where the key is malformed, or count or offset is not a non-negative integer.
 * @example
 * ```ts
 * import { bits, key } from '@ketwork/base';
 * console.log(bits(key(0), 8)[5] === bits(key(0), 1, 5)[0]); // true
 * ```
 */
export function bits(key: Key, count: number, offset = 0): Uint32Array {
  checkKey(key);
  checkCount(count, 'count');
  if (!Number.isSafeInteger(offset + count) || !Number.isSafeInteger(offset) || offset < 0) {
    throw new ValueError(`offset ${String(offset)} is not a non-negative integer`);
  }
  const out = new Uint32Array(count);
  for (let i = 0; i < count;) {
    const position = offset + i;
    const block = Math.floor(position / 4);
    philox(block | 0, Math.floor(block / TWO_32), 0, BITS, key[0], key[1]);
    for (let word = position - 4 * block; word < 4 && i < count; word++) out[i++] = words[word]!;
  }
  return out;
}

/**
 * Uniform random numbers in `[low, high)` with 53 random bits each.
 *
 * @returns `[count]` numbers. The first ones do not depend on `count`.
 * @throws ValueError where the key or count is malformed, or the interval is empty or not finite.
 * @example
 * ```ts
 * import { key, uniform } from '@ketwork/base';
 * const angles = uniform(key(5), 12, { low: -Math.PI, high: Math.PI });
 * console.log(angles.length); // 12
 * ```
 */
export function uniform(
  key: Key,
  count: number,
  { low = 0, high = 1 }: UniformOptions = {},
): Float64Array {
  checkKey(key);
  checkCount(count, 'count');
  const width = high - low;
  if (!(width > 0) || !Number.isFinite(width)) {
    throw new ValueError(`the interval [${low}, ${high}) is empty or not finite`, {
      remedy: 'Give finite low and high with low < high',
    });
  }
  const out = new Float64Array(count);
  fillPairs(key, UNIFORM, 0, 0, out);
  if (low !== 0 || high !== 1) {
    for (let i = 0; i < count; i++) {
      const value = low + width * out[i]!;
      // Rounding can reach the excluded end; the expectation of such an event is below 2^-52 per draw.
      out[i] = value < high ? value : low;
    }
  }
  return out;
}

/**
 * Normally distributed random numbers (Box–Muller, with logarithm, sine and cosine computed from additions and
 * multiplications only, so that the bits are the same on every machine).
 *
 * @returns `[count]` numbers. The first ones do not depend on `count`.
 * @throws ValueError where the key or count is malformed, the mean is not finite, or the deviation is negative or not
 * finite.
 * @example
 * ```ts
 * import { key, normal } from '@ketwork/base';
 * console.log(normal(key(5), 4, { mean: 1, deviation: 0.01 })); // four numbers near 1
 * ```
 */
export function normal(
  key: Key,
  count: number,
  { mean = 0, deviation = 1 }: NormalOptions = {},
): Float64Array {
  checkKey(key);
  checkCount(count, 'count');
  if (!Number.isFinite(mean)) throw new ValueError(`mean ${mean} is not finite`);
  if (!(deviation >= 0 && deviation < Infinity)) {
    throw new ValueError(`deviation ${deviation} is not a finite number of at least 0`);
  }
  const out = new Float64Array(count);
  const pair = new Float64Array(2);
  for (let i = 0; i < count; i += 2) {
    philox(i >>> 1, 0, 0, NORMAL, key[0], key[1]);
    boxMuller(unit(words[0]!, words[1]!), unit(words[2]!, words[3]!), pair);
    out[i] = mean + deviation * pair[0]!;
    if (i + 1 < count) out[i + 1] = mean + deviation * pair[1]!;
  }
  return out;
}

/**
 * Random integers from 0 to `bound - 1`, all equally likely (by rejection, not by a biased remainder).
 *
 * @param bound An integer from 1 to 2^32.
 * @returns `[count]` integers. The first ones do not depend on `count`.
 * @throws ValueError where the key, count or bound is malformed.
 * @example
 * ```ts
 * import { integers, key } from '@ketwork/base';
 * console.log(integers(key(9), 5, 6)); // 4, 4, 3, 2, 5
 * ```
 */
export function integers(key: Key, count: number, bound: number): Uint32Array {
  checkKey(key);
  checkCount(count, 'count');
  if (!Number.isSafeInteger(bound) || bound < 1 || bound > TWO_32) {
    throw new ValueError(`bound ${String(bound)} is not an integer from 1 to 2^32`);
  }
  const next = wordReader(key, INTEGERS);
  const out = new Uint32Array(count);
  for (let i = 0; i < count; i++) out[i] = below(bound, next);
  return out;
}

/**
 * A random order of the integers from 0 to `n - 1`, all `n!` orders equally likely (Fisher–Yates).
 *
 * @returns `[n]` integers.
 * @throws ValueError where the key is malformed or `n` is not a non-negative integer.
 * @example
 * ```ts
 * import { key, permutation } from '@ketwork/base';
 * console.log(permutation(key(2), 4)); // 2, 0, 1, 3
 * ```
 */
export function permutation(key: Key, n: number): Uint32Array {
  checkKey(key);
  checkCount(n, 'n');
  const next = wordReader(key, PERMUTATION);
  const out = new Uint32Array(n);
  for (let i = 0; i < n; i++) out[i] = i;
  for (let i = n - 1; i > 0; i--) {
    const j = below(i + 1, next);
    const kept = out[i]!;
    out[i] = out[j]!;
    out[j] = kept;
  }
  return out;
}

/**
 * The one uniform number in [0, 1) at a two-part counter, 53 random bits. Used for shots: the number depends on
 * (key, example, shot) and on nothing else, whatever the order or place in which shots are drawn.
 *
 * @param counterHigh Such as the number of the example, an integer from 0 to 2^32 - 1.
 * @param counterLow Such as the number of the shot, an integer from 0 to 2^32 - 1.
 * @throws ValueError where the key or a counter is malformed.
 * @example
 * ```ts
 * import { key, uniformAt } from '@ketwork/base';
 * console.log(uniformAt(key(1), 4, 1000)); // 0.5592998816312534
 * ```
 */
export function uniformAt(key: Key, counterHigh: number, counterLow: number): number {
  checkKey(key);
  checkCount(counterHigh, 'counterHigh');
  checkCount(counterLow, 'counterLow');
  philox(counterLow >>> 1, 0, counterHigh, SHOT, key[0], key[1]);
  const odd = (counterLow & 1) << 1;
  return unit(words[odd]!, words[odd + 1]!);
}

/**
 * Fills an array with consecutive uniform numbers of one example: `out[i] = uniformAt(key, example, firstShot + i)`,
 * at about half the cost of single calls.
 *
 * @param example An integer from 0 to 2^32 - 1.
 * @param firstShot An integer from 0 to 2^32 - 1; so is the last shot.
 * @param out The array to fill, `[shots]`.
 * @returns `out`.
 * @throws ValueError where the key or a counter is malformed; nothing is written then.
 * @example
 * ```ts
 * import { fillUniformAt, key, uniformAt } from '@ketwork/base';
 * const shots = fillUniformAt(key(1), 4, 0, new Float64Array(100));
 * console.log(shots[99] === uniformAt(key(1), 4, 99)); // true
 * ```
 */
export function fillUniformAt(
  key: Key,
  example: number,
  firstShot: number,
  out: Float64Array,
): Float64Array {
  checkKey(key);
  checkCount(example, 'example');
  checkCount(firstShot, 'firstShot');
  if (out.length > 0) checkCount(firstShot + out.length - 1, 'the last shot');
  fillPairs(key, SHOT, example, firstShot, out);
  return out;
}

/** Two numbers per block of the generator; number `p` of a stream is half `p & 1` of block `p >>> 1`. */
function fillPairs(
  key: Key,
  purpose: number,
  stream: number,
  first: number,
  out: Float64Array,
): void {
  const [high, low] = key;
  const count = out.length;
  let i = 0;
  if ((first & 1) === 1 && count > 0) {
    philox(first >>> 1, 0, stream, purpose, high, low);
    out[i++] = unit(words[2]!, words[3]!);
  }
  let block = (first + i) / 2;
  const fast = count - i < LONG ? undefined : fillLong();
  if (fast !== undefined) {
    const pairs = Math.floor((count - i) / 2);
    fast(out.subarray(i, i + 2 * pairs), block, stream, purpose, high, low);
    i += 2 * pairs;
    block += pairs;
  }
  for (; i + 1 < count; i += 2, block++) {
    philox(block, 0, stream, purpose, high, low);
    out[i] = unit(words[0]!, words[1]!);
    out[i + 1] = unit(words[2]!, words[3]!);
  }
  if (i < count) {
    philox(block, 0, stream, purpose, high, low);
    out[i] = unit(words[0]!, words[1]!);
  }
}

/** Fewer numbers than this are had faster without asking for WebAssembly. */
const LONG = 1024;
let loaded: FillPairs | 'absent' | undefined;

/** The generator in WebAssembly, made at its first use; undefined where the runtime has or allows none. */
function fillLong(): FillPairs | undefined {
  if (loaded === undefined) {
    try {
      loaded = loadFillPairs(compileWasm);
    } catch {
      loaded = 'absent';
    }
  }
  return loaded === 'absent' ? undefined : loaded;
}

/** 53 bits of two words as a number in [0, 1). */
function unit(first: number, second: number): number {
  return ((first >>> 5) * 67108864 + (second >>> 6)) * TWO_M53;
}

function wordReader(key: Key, purpose: number): () => number {
  const [high, low] = key;
  let block = 0;
  let position = 4;
  return () => {
    if (position === 4) {
      philox(block | 0, Math.floor(block / TWO_32), 0, purpose, high, low);
      block++;
      position = 0;
    }
    return words[position++]!;
  };
}

function below(bound: number, next: () => number): number {
  const limit = TWO_32 - (TWO_32 % bound);
  for (;;) {
    const word = next();
    if (word < limit) return word % bound;
  }
}

const float = new Float64Array(1);
const halves = new Uint32Array(float.buffer);

/** Natural logarithm of x in [2^-53, 1] to about an ulp: 2 atanh((m - 1) / (m + 1)) + e ln 2 with m within a factor √2 of 1. */
function log(x: number): number {
  float[0] = x;
  let exponent = (halves[1]! >>> 20) - 1023;
  halves[1] = (halves[1]! & 0xfffff) | (1023 << 20);
  let mantissa = float[0];
  if (mantissa > Math.SQRT2) {
    mantissa *= 0.5;
    exponent++;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const q = s * s;
  let sum = 0;
  for (let k = 23; k >= 3; k -= 2) sum = q * (1 / k + sum);
  return exponent * Math.LN2 + 2 * s * (1 + sum);
}

/** Two independent standard normal numbers from two uniform ones. */
function boxMuller(u: number, v: number, out: Float64Array): void {
  const radius = Math.sqrt(-2 * log(1 - u));
  // Angle 2πv as a quarter turn plus a rest of at most an eighth of a turn on either side.
  const quarter = Math.floor(4 * v + 0.5);
  const x = (v - quarter / 4) * (2 * Math.PI);
  const q = x * x;
  let sine = 1;
  let cosine = 1;
  for (let k = 18; k >= 2; k -= 2) {
    sine = 1 - (q / (k * (k + 1))) * sine;
    cosine = 1 - (q / (k * (k - 1))) * cosine;
  }
  sine *= x;
  switch (quarter & 3) {
    case 0:
      out[0] = radius * cosine;
      out[1] = radius * sine;
      break;
    case 1:
      out[0] = -radius * sine;
      out[1] = radius * cosine;
      break;
    case 2:
      out[0] = -radius * cosine;
      out[1] = -radius * sine;
      break;
    default:
      out[0] = radius * sine;
      out[1] = -radius * cosine;
  }
}

function makeKey(high: number, low: number): Key {
  return Object.freeze([high >>> 0, low >>> 0] as const);
}

function isWord(value: unknown): boolean {
  return typeof value === 'number' && value >>> 0 === value;
}

function checkKey(key: Key): void {
  if (!Array.isArray(key) || key.length !== 2 || !isWord(key[0]) || !isWord(key[1])) {
    throw new ValueError('a random key is a pair of unsigned 32-bit integers', {
      remedy: 'Make one with key(seed), split or fold',
    });
  }
}

function checkCount(value: number, name: string): void {
  if (!isWord(value))
    throw new ValueError(`${name} ${String(value)} is not an integer from 0 to 2^32 - 1`);
}
