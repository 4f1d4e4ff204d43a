import { inverse, Matrix } from 'ml-matrix';

/** A function `a₀ + Σ (a_k cos ω_k t + b_k sin ω_k t)`, by its values at some points. */
export interface TrigonometricRule {
  /** Ascending and positive. */
  readonly frequencies: readonly number[];
  /** `2R + 1` points around 0, which is among them. */
  readonly points: readonly number[];
  /** Maps values at the points to `a₀, a₁, b₁, a₂, b₂, …`. */
  readonly fit: Matrix;
}

/** Points from which a function of these frequencies follows, spaced so that noise of the values grows least. */
export function trigonometricRule(frequencies: readonly number[]): TrigonometricRule {
  const count = frequencies.length;
  const lowest = frequencies[0]!;
  const highest = frequencies.at(-1)!;
  const gap = frequencies.reduce(
    (least, w, i) => Math.min(least, i === 0 ? w : w - frequencies[i - 1]!),
    Infinity,
  );
  const ladder = frequencies.every((w, i) => Math.abs(w - (i + 1) * lowest) <= 1e-9 * w);
  const shortest = Math.PI / (count * highest + highest);
  const longest = Math.PI / gap;
  const spacings = ladder
    ? [(2 * Math.PI) / ((2 * count + 1) * lowest)]
    : Array.from({ length: 100 }, (_, i) => shortest * (longest / shortest) ** (i / 99));
  let best: TrigonometricRule | undefined;
  let least = Infinity;
  for (const spacing of spacings) {
    const points = Array.from({ length: 2 * count + 1 }, (_, i) => (i - count) * spacing);
    const matrix = new Matrix(
      points.map((t) => [1, ...frequencies.flatMap((w) => [Math.cos(w * t), Math.sin(w * t)])]),
    );
    let fit: Matrix;
    try {
      fit = inverse(matrix);
    } catch {
      continue; // singular: another spacing will do
    }
    const size = fit.norm('frobenius');
    if (size < least) {
      least = size;
      best = { frequencies, points, fit };
    }
  }
  return best!;
}

/** Where a function is lowest, and how low, given its values at the points of the rule. */
export function minimumOf(
  { frequencies, fit }: TrigonometricRule,
  values: ArrayLike<number>,
): { readonly at: number; readonly value: number } {
  const c = fit.mmul(Matrix.columnVector(Array.from(values))).to1DArray();
  const f = (t: number): number =>
    frequencies.reduce(
      (sum, w, k) => sum + c[2 * k + 1]! * Math.cos(w * t) + c[2 * k + 2]! * Math.sin(w * t),
      c[0]!,
    );
  if (frequencies.length === 1) {
    const at = Math.atan2(-c[2]!, -c[1]!) / frequencies[0]!;
    return { at, value: f(at) };
  }
  const slope = (t: number): number =>
    frequencies.reduce(
      (sum, w, k) => sum + w * (c[2 * k + 2]! * Math.cos(w * t) - c[2 * k + 1]! * Math.sin(w * t)),
      0,
    );
  const half = Math.PI / frequencies[0]!;
  const steps = Math.ceil((32 * half * frequencies.at(-1)!) / Math.PI);
  let at = 0;
  for (let i = -steps; i <= steps; i++) {
    const t = (half * i) / steps;
    if (f(t) < f(at)) at = t;
  }
  // The slope changes its sign once near the lowest point of so fine a grid.
  let [low, high] = [at - half / steps, at + half / steps];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (slope(middle) > 0) high = middle;
    else low = middle;
  }
  const refined = (low + high) / 2;
  return f(refined) < f(at) ? { at: refined, value: f(refined) } : { at, value: f(at) };
}
