import { ValueError } from '@ketwork/base';
import { Matrix, solve } from 'ml-matrix';

/** One term of a shift rule: the derivative is `Σ coefficient · f(θ + shift)`. */
export interface Shift {
  /** Added to the parameter, radians. */
  readonly shift: number;
  /** Weight of the value at the shifted parameter. */
  readonly coefficient: number;
}

/**
 * The parameter-shift rule for a function `f(θ) = a₀ + Σ (a_k cos ω_k θ + b_k sin ω_k θ)`: shifts and coefficients with
 * `f'(θ) = Σ coefficient · f(θ + shift)` exactly. Expectation values and probabilities have this form; the frequencies ω are
 * the positive differences of the eigenvalues of the gate's generator.
 *
 * Equidistant frequencies (`[1]`: two terms; `[0.5, 1]`: four terms) use the closed form, others solve the linear
 * equations, with the spacing of shifts that keeps the sum of |coefficients| (and so the noise from shots) small.
 *
 * Source: Wierichs et al., General parameter-shift rules for quantum gradients, Quantum 6, 677 (2022).
 *
 * @param frequencies Positive and finite, in any order; an empty list (no dependence) has the empty rule.
 * @throws ValueError for a frequency that is not positive and finite.
 * @example
 * ```ts
 * import { shiftRule } from '@ketwork/gradients';
 * const [forward, back] = shiftRule([1]); // quarter turns: f'(x) = (f(x + π/2) - f(x - π/2)) / 2
console.log(forward?.shift, forward?.coefficient.toFixed(3)); // 1.5707963267948966 0.500
console.log(back?.shift, back?.coefficient.toFixed(3)); // -1.5707963267948966 -0.500
 * ```
 */
export function shiftRule(frequencies: readonly number[]): Shift[] {
  const omega = distinct(frequencies);
  if (omega.length === 0) return [];
  const first = omega[0]!;
  const equidistant = omega.every((w, i) => Math.abs(w - (i + 1) * first) <= 1e-9 * w);
  const pairs = equidistant ? equidistantPairs(first, omega.length) : solvedPairs(omega);
  return pairs.flatMap(({ shift, coefficient }) => [
    { shift, coefficient },
    { shift: -shift, coefficient: -coefficient },
  ]);
}

/** Ascending, with frequencies that agree to rounding merged. */
function distinct(frequencies: readonly number[]): number[] {
  for (const w of frequencies) {
    if (!(w > 0) || !Number.isFinite(w)) {
      throw new ValueError(`${w} is no frequency of a shift rule`, {
        remedy: 'Give the positive differences of the eigenvalues of the generator',
      });
    }
  }
  const sorted = [...frequencies].sort((a, b) => a - b);
  const largest = sorted.at(-1) ?? 0;
  return sorted.filter((w, i) => i === 0 || w - sorted[i - 1]! > 1e-9 * largest);
}

/** Equation (33) of the source, its shifts beyond π written as negative ones; `count` frequencies ω, 2ω, …. */
function equidistantPairs(omega: number, count: number): Shift[] {
  return Array.from({ length: count }, (_, m) => {
    const x = ((2 * m + 1) * Math.PI) / (2 * count);
    const coefficient = (omega * (m % 2 === 0 ? 1 : -1)) / (4 * count * Math.sin(x / 2) ** 2);
    return { shift: x / omega, coefficient };
  });
}

/** Solves `Σ_m c_m · 2 sin(ω_k s_m) = ω_k` for shifts `s_m = (2m − 1) t` over a range of spacings t. */
function solvedPairs(omega: readonly number[]): Shift[] {
  const n = omega.length;
  const right = Matrix.columnVector(omega);
  const gaps = omega.map((w, i) => (i === 0 ? w : w - omega[i - 1]!));
  // No spacing needs to be longer than what tells the two nearest frequencies apart.
  const shortest = Math.PI / (2 * n * omega.at(-1)!);
  const longest = Math.PI / (2 * Math.min(...gaps));
  const tries = 200;
  let best: Shift[] = [];
  let least = Infinity;
  for (let i = 0; i < tries; i++) {
    const t = shortest * (longest / shortest) ** (i / (tries - 1));
    const shifts = Array.from({ length: n }, (_, m) => (2 * m + 1) * t);
    const system = new Matrix(omega.map((w) => shifts.map((s) => 2 * Math.sin(w * s))));
    let coefficients: number[];
    try {
      coefficients = solve(system, right).to1DArray();
    } catch {
      continue; // singular: another spacing will do
    }
    const size = coefficients.reduce((sum, c) => sum + Math.abs(c), 0);
    if (size < least) {
      least = size;
      best = coefficients.map((coefficient, m) => ({ shift: shifts[m]!, coefficient }));
    }
  }
  return best;
}
