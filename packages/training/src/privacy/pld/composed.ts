import { fft, power } from './fft.ts';
import type { GridLosses } from './losses.ts';

/** Some steps with the losses of one of them. */
export interface Repeated {
  readonly losses: GridLosses;
  readonly steps: number;
}

/** The losses of all steps together that are above 0, as {@link GridLosses}, with an allowance for what was cut or rounded. */
export interface Composed {
  readonly first: number;
  readonly masses: Float64Array;
  /** Added to δ: infinite losses, what is beyond the window, rounding. */
  readonly allowance: number;
}

/** First and last point of the grid that the transform covers. */
export interface Window {
  readonly low: number;
  readonly high: number;
}

/** A window outside of which a Chernoff bound leaves at most `tail` on either side. */
export function windowOf(all: readonly Repeated[], width: number, tail: number): Window {
  return { low: -reach(all, width, tail, -1), high: reach(all, width, tail, 1) };
}

/**
 * Composes by a circular Fourier transform over a window outside of which at most `tail` lies on either side. What lies
 * below the window comes out too high, which is pessimistic; what lies above it is allowed for.
 */
export function compose(all: readonly Repeated[], { low, high }: Window, tail: number): Composed {
  const size = 2 ** Math.ceil(Math.log2(Math.max(2, high - low + 1)));
  const re = new Float64Array(size).fill(1);
  const im = new Float64Array(size);
  let offset = 0;
  let infinite = 0;
  let steps = 0;
  all.forEach(({ losses, steps: count }, index) => {
    const x = new Float64Array(size);
    const y = new Float64Array(size);
    losses.masses.forEach((mass, i) => {
      x[i % size]! += mass;
    });
    fft(x, y, false);
    power(x, y, count);
    if (index === 0) {
      re.set(x);
      im.set(y);
    } else {
      for (let k = 0; k < size; k++) {
        const product = re[k]! * x[k]! - im[k]! * y[k]!;
        im[k] = re[k]! * y[k]! + im[k]! * x[k]!;
        re[k] = product;
      }
    }
    offset += count * losses.first;
    infinite += count * losses.infinite;
    steps += count;
  });
  fft(re, im, true);
  // Position p of the transform holds the losses offset + p modulo size, of which one is in the window.
  const first = Math.max(1, low);
  const masses = new Float64Array(Math.max(0, low + size - first));
  let largest = 0;
  for (let i = 0; i < masses.length; i++) {
    const place = (((first + i - offset) % size) + size) % size;
    masses[i] = Math.max(0, re[place]! / size);
    largest = Math.max(largest, masses[i]!);
  }
  // Relative errors of the transform grow with its depth, and by the power with the steps; Parseval's equation turns
  // them into a bound on the sum of all errors.
  const rounding =
    2 ** -52 * (steps + 4 * Math.log2(size)) * Math.sqrt(size * Math.min(1, largest + 1 / size));
  return { first, masses, allowance: infinite + tail + rounding };
}

/** Grid point beyond which, upwards or downwards (counted positive), a Chernoff bound leaves at most `tail`. */
function reach(all: readonly Repeated[], width: number, tail: number, sign: 1 | -1): number {
  const farthest = all.reduce((sum, { losses, steps }) => {
    const end = sign > 0 ? losses.first + losses.masses.length - 1 : -losses.first;
    return sum + steps * end;
  }, 0);
  const [mean, variance] = momentsOf(all, width);
  const room = -Math.log(tail);
  const start = Math.sqrt((2 * room) / Math.max(variance, width * width));
  let best = farthest;
  for (let k = -10; k <= 4; k++) {
    const lambda = start * 1.6 ** k;
    const sum = all.reduce(
      (total, { losses, steps }) => total + steps * logMoment(losses, sign * lambda * width),
      0,
    );
    if (Number.isFinite(sum)) best = Math.min(best, Math.ceil((sum + room) / (lambda * width)));
  }
  return Math.max(best, Math.ceil((sign * mean) / width) + 1);
}

function momentsOf(all: readonly Repeated[], width: number): readonly [number, number] {
  let [mean, variance] = [0, 0];
  for (const { losses, steps } of all) {
    let [mass, sum, squares] = [0, 0, 0];
    losses.masses.forEach((value, i) => {
      const loss = (losses.first + i) * width;
      mass += value;
      sum += value * loss;
      squares += value * loss * loss;
    });
    mean += (steps * sum) / mass;
    variance += steps * Math.max(0, squares / mass - (sum / mass) ** 2);
  }
  return [mean, variance];
}

/** `log Σ mass · exp(rate · place)`. */
function logMoment({ first, masses }: GridLosses, rate: number): number {
  // Relative to the end where the exponential is largest.
  const last = masses.length - 1;
  const factor = Math.exp(-Math.abs(rate));
  let weight = 1;
  let sum = 0;
  // Denormal numbers would be slow, and nothing is left of the sum there.
  for (let i = 0; i <= last && weight > 1e-200; i++) {
    sum += masses[rate > 0 ? last - i : i]! * weight;
    weight *= factor;
  }
  return Math.log(sum) + rate * (rate > 0 ? first + last : first);
}
