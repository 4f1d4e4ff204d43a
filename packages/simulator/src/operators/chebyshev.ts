import type { Operator } from './operator.ts';

/** A time, and the array that the state at that time is added to. */
export interface Target {
  readonly time: number;
  readonly out: Float64Array;
}

/**
 * Adds `exp(-i t H) x` to the array of each time, by the series `e^{-ict} Σ a_k(rt) T_k((H - c)/r)` with
 * `a_k(z) = (2 - δ_k0)(-i)^k J_k(z)`, where the spectrum of H lies within c ± r. The coefficients fall faster than
 * exponentially from k = rt on, so that the error is below the tolerance.
 */
export function chebyshev(
  operator: Operator,
  x: Float64Array,
  targets: readonly Target[],
  tolerance: number,
): void {
  const { center } = operator;
  // Room for rounding at the borders of the spectrum.
  const radius = operator.radius * (1 + 1e-12) + Number.MIN_VALUE;
  const plans = targets.map(({ time, out }) => {
    const bessel = besselJ(Math.abs(radius * time), tolerance);
    return {
      bessel,
      out,
      // T_k is even or odd: a negative time changes the sign of odd ones.
      sign: time < 0 ? -1 : 1,
      cos: Math.cos(center * time),
      sin: -Math.sin(center * time),
    };
  });
  const count = plans.reduce((most, { bessel }) => Math.max(most, bessel.length), 0);
  let before = new Float64Array(x.length);
  let current = x.slice();
  let image = new Float64Array(x.length);
  for (let k = 0; k < count; k++) {
    if (k > 0) {
      operator.apply(current, image);
      const factor = k === 1 ? 1 / radius : 2 / radius;
      for (let i = 0; i < x.length; i++)
        image[i] = factor * (image[i]! - center * current[i]!) - before[i]!;
      // T_1 = A: what comes before T_0 counts as nothing.
      [before, current, image] = [current, image, before];
    }
    for (const { bessel, out, sign, cos, sin } of plans) {
      if (k >= bessel.length) continue;
      const size = (k === 0 ? 1 : 2) * bessel[k]!;
      // (-i)^k, or i^k for negative times, and the phase of the centre.
      const [pr, pi] = [
        [1, 0],
        [0, -sign],
        [-1, 0],
        [0, sign],
      ][k % 4] as [number, number];
      const re = size * (pr * cos - pi * sin);
      const im = size * (pr * sin + pi * cos);
      for (let i = 0; i < x.length; i += 2) {
        out[i]! += re * current[i]! - im * current[i + 1]!;
        out[i + 1]! += re * current[i + 1]! + im * current[i]!;
      }
    }
  }
}

/**
 * Bessel functions J_0(z), J_1(z), … until the rest of them add up to less than the tolerance; by downward recurrence
 * (Miller), normalised by J_0 + 2 J_2 + 2 J_4 + … = 1.
 */
export function besselJ(z: number, tolerance: number): Float64Array {
  if (z === 0) return Float64Array.of(1);
  const start =
    2 * Math.ceil((z + 30 + 8 * Math.cbrt(z) + 3 * -Math.log10(Math.min(tolerance, 0.1))) / 2);
  const values = new Float64Array(start + 1);
  values[start] = 1e-300;
  let above = 0;
  let sum = 0;
  for (let k = start; k > 0; k--) {
    const below = (2 * k * values[k]!) / z - above;
    above = values[k]!;
    values[k - 1] = below;
    if (Math.abs(below) > 1e250) {
      for (let j = k - 1; j <= start; j++) values[j]! *= 1e-250;
      above *= 1e-250;
    }
  }
  for (let k = 2; k <= start; k += 2) sum += 2 * values[k]!;
  sum += values[0]!;
  let rest = 0;
  let last = start;
  for (let k = 0; k <= start; k++) values[k]! /= sum;
  while (last > 0 && rest + 2 * Math.abs(values[last]!) < tolerance / 4) {
    rest += 2 * Math.abs(values[last]!);
    last--;
  }
  return values.slice(0, last + 1);
}
