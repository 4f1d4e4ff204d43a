import { ValueError } from '@ketwork/base';
import { norm } from './lanczos.ts';
import { normOf } from './lindbladian.ts';
import { multiplySparse } from './sparse.ts';
import type { Lindbladian } from './lindbladian.ts';

/** Options of {@link steadyState}. */
export interface SteadyStateOptions {
  /** Largest residual of the linear equation, relative to its right side. Default 1e-12. */
  readonly tolerance?: number;
  /** Most products with the generator. Default 5000. */
  readonly maxSteps?: number;
}

/** Vectors that are kept until the method starts again. */
const KEPT = 120;

/**
 * The density matrix with 𝓛[ρ] = 0, found from 𝓛[ρ]/s + I/2^n tr(ρ) = I/2^n, which has one solution where there is one
 * steady state (s the norm of 𝓛, so that the unit of time does not matter), by GMRES (Saad and Schultz, SIAM J. Sci. Stat. Comput. 7, 856, 1986). Where there are several steady
 * states, as without jumps, the one found need not be the one that an evolution ends in.
 *
 * @param generator from `lindbladian`.
 * @returns `[2^n, 2^n, 2]`, Hermitian, of trace 1.
 * @throws ValueError where the residual does not fall to the tolerance within `maxSteps`.
 * @example
 * ```ts
 * import { lindbladian, steadyState } from '@ketwork/simulator';
 * const l = lindbladian(1, { jumps: [{ matrix: [[0, 1], [0, 0]], qubits: [0] }] });
 * console.log(steadyState(l)[0].toFixed(6)); // 1.000000
 * ```
 */
export function steadyState(
  generator: Lindbladian,
  { tolerance = 1e-12, maxSteps = 5000 }: SteadyStateOptions = {},
): Float64Array {
  if (!(tolerance > 0) || !(maxSteps >= 1)) {
    throw new ValueError(`steadyState: a tolerance of ${tolerance} within ${maxSteps} steps`, {
      remedy: 'Give positive numbers',
    });
  }
  const d = 2 ** generator.qubits;
  const size = 2 * generator.dimension;
  const scale = 1 / (normOf(generator) || 1);
  // Hermitian matrices are a real space that the equation does not lead out of: all products are real.
  const apply = (x: Float64Array): Float64Array => {
    const y = new Float64Array(size);
    multiplySparse(generator, x, y);
    for (let i = 0; i < size; i++) y[i]! *= scale;
    let trace = 0;
    for (let i = 0; i < d; i++) trace += x[2 * i * (d + 1)]!;
    for (let i = 0; i < d; i++) y[2 * i * (d + 1)]! += trace / d;
    return y;
  };
  const right = new Float64Array(size);
  for (let i = 0; i < d; i++) right[2 * i * (d + 1)] = 1 / d;
  const target = tolerance * norm(right);
  const x = right.slice();
  let steps = 0;
  for (;;) {
    const image = apply(x);
    const residual = right.map((v, i) => v - image[i]!);
    const length = norm(residual);
    if (length <= target) break;
    if (steps >= maxSteps || !Number.isFinite(length)) {
      throw new ValueError(
        `steadyState: the residual is ${length.toExponential(1)} after ${steps} steps`,
        {
          remedy: 'Allow more steps or a larger tolerance; or use lindbladEvolve over a long time',
        },
      );
    }
    steps += correct(apply, x, residual, length, target, Math.min(KEPT, maxSteps - steps));
    steps++;
  }
  const rho = new Float64Array(size);
  let trace = 0;
  for (let i = 0; i < d; i++) trace += x[2 * i * (d + 1)]!;
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      const [here, mirror] = [2 * (r * d + c), 2 * (c * d + r)];
      rho[here] = (x[here]! + x[mirror]!) / (2 * trace);
      rho[here + 1] = (x[here + 1]! - x[mirror + 1]!) / (2 * trace);
    }
  }
  return rho;
}

/** One cycle of GMRES: adds to x what makes the residual shortest; returns the number of products. */
function correct(
  apply: (x: Float64Array) => Float64Array,
  x: Float64Array,
  residual: Float64Array,
  length: number,
  target: number,
  most: number,
): number {
  const basis = [residual.map((v) => v / length)];
  const columns: Float64Array[] = [];
  const turns: [number, number][] = [];
  const g = [length];
  for (let k = 0; k < most; k++) {
    const w = apply(basis[k]!);
    const before = norm(w);
    const h = new Float64Array(k + 2);
    // Twice, so that the basis stays orthogonal to rounding.
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j <= k; j++) {
        const v = basis[j]!;
        let dot = 0;
        for (let i = 0; i < w.length; i++) dot += w[i]! * v[i]!;
        h[j]! += dot;
        for (let i = 0; i < w.length; i++) w[i]! -= dot * v[i]!;
      }
    }
    const rest = norm(w);
    h[k + 1] = rest;
    turns.forEach(([c, s], j) => {
      const [a, b] = [h[j]!, h[j + 1]!];
      h[j] = c * a + s * b;
      h[j + 1] = c * b - s * a;
    });
    const radius = Math.hypot(h[k]!, h[k + 1]!);
    if (radius === 0) break;
    const [c, s] = [h[k]! / radius, h[k + 1]! / radius];
    turns.push([c, s]);
    h[k] = radius;
    columns.push(h);
    g.push(-s * g[k]!);
    g[k]! *= c;
    if (Math.abs(g[k + 1]!) <= 0.5 * target || rest <= 1e-14 * before) break;
    basis.push(w.map((v) => v / rest));
  }
  const y = new Float64Array(columns.length);
  for (let k = columns.length - 1; k >= 0; k--) {
    let sum = g[k]!;
    for (let j = k + 1; j < columns.length; j++) sum -= columns[j]![k]! * y[j]!;
    y[k] = sum / columns[k]![k]!;
  }
  y.forEach((share, k) => {
    const v = basis[k]!;
    for (let i = 0; i < x.length; i++) x[i]! += share * v[i]!;
  });
  return columns.length;
}
