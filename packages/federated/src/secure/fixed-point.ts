import { UnsupportedError, ValueError } from '@ketwork/base';

const TWO_32 = 4294967296;

/**
 * Numbers of a known bound as integers modulo 2^64, so that sums of masked ones are exact. A number is rounded to a
 * multiple of `step`; the sum of all participants' multiples stays below 2^62, so it cannot wrap around.
 */
export interface FixedPoint {
  /** Largest absolute value of one participant's number. */
  readonly bound: number;
  /** Distance of neighbouring values, a power of two. */
  readonly step: number;
}

/**
 * The finest fixed point in which `participants` numbers within ±`bound` can be added.
 *
 * @throws ValueError where bound or participants are no positive numbers, UnsupportedError where there are more than 2^30
 * participants or the bound is near the smallest doubles.
 */
export function fixedPoint(bound: number, participants: number): FixedPoint {
  if (!(bound > 0) || bound === Infinity) {
    throw new ValueError(`the bound ${bound} of a fixed-point number is not positive and finite`, {
      remedy: 'Give a clipping norm such as 1',
    });
  }
  if (!Number.isSafeInteger(participants) || participants < 1) {
    throw new ValueError(`${participants} is not a number of participants`);
  }
  if (participants > 2 ** 30) {
    throw new UnsupportedError(`secure sums of ${participants} participants would lose resolution`);
  }
  // Multiples are doubles as well, so they have at most 52 bits; participants below 2^30 leave at least 32.
  const digits = Math.min(52, 30 + Math.clz32(participants - 1));
  // The exponent is read from the bits, since logarithms of two runtimes may differ and the step must not.
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, bound);
  const exponent = (view.getUint16(0) >> 4) + 1 - digits;
  if (exponent < 1) {
    throw new UnsupportedError(`the bound ${bound} is too small for fixed-point numbers`);
  }
  view.setBigUint64(0, BigInt(exponent) << 52n);
  return { bound, step: view.getFloat64(0) };
}

/**
 * Writes numbers as integers modulo 2^64: low and high word of each, from word `at` on.
 *
 * @throws ValueError where a number is not finite or beyond the bound.
 */
export function writeFixed(
  format: FixedPoint,
  numbers: Float64Array,
  out: Uint32Array,
  at: number,
): void {
  const { bound, step } = format;
  // Products and norms are rounded; what exceeds the bound by that is set to it.
  const tolerance = bound * (1 + 1e-9);
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i]!;
    if (!(Math.abs(value) <= tolerance)) {
      throw new ValueError(`number ${i} is ${value}, beyond the bound ±${bound} of secure sums`, {
        remedy: 'Clip updates, or raise the clipping norm or maxExamples',
      });
    }
    const multiple = Math.round(Math.min(Math.max(value, -bound), bound) / step);
    const high = Math.floor(multiple / TWO_32);
    out[at + 2 * i] = multiple - high * TWO_32;
    out[at + 2 * i + 1] = high;
  }
}

/** Reads `count` numbers that {@link writeFixed} wrote, or sums of them, each rounded once to a double. */
export function readFixed(
  format: FixedPoint,
  words: Uint32Array,
  at: number,
  count: number,
): Float64Array {
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    out[i] = ((words[at + 2 * i + 1]! | 0) * TWO_32 + words[at + 2 * i]!) * format.step;
  }
  return out;
}

/** Adds or subtracts numbers modulo 2^64 in place. */
export function addModular(target: Uint32Array, other: Uint32Array, sign: 1 | -1): void {
  for (let i = 0; i < target.length; i += 2) {
    const low = target[i]! + sign * other[i]!;
    // Words are taken modulo 2^32 when stored; what is lost below goes above.
    const carry = low >= TWO_32 ? 1 : low < 0 ? -1 : 0;
    target[i] = low;
    target[i + 1] = target[i + 1]! + sign * other[i + 1]! + carry;
  }
}
