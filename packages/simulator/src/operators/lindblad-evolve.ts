import { ValueError } from '@ketwork/base';
import { readStates } from '../states/input.ts';
import type { QuantumState } from '../states/input.ts';
import { densityOf } from '../states/matrices.ts';
import { normOf } from './lindbladian.ts';
import { multiplySparse } from './sparse.ts';
import type { Lindbladian } from './lindbladian.ts';

/** Options of {@link lindbladEvolve}. */
export interface LindbladEvolveOptions {
  /**
   * `exact`, the default: Taylor series over short times, each to the tolerance. `rk4`: Runge–Kutta of order 4 with
   * fixed steps.
   */
  readonly method?: 'exact' | 'rk4';
  /** Largest error of `exact`, as the length of the difference of density matrices. Default 1e-12; rounding adds to it. */
  readonly tolerance?: number;
  /** Step of `rk4`, in the unit of time; the last one is shorter where it does not divide a time. Default 0.01. */
  readonly step?: number;
}

/**
 * Density matrices that a master equation dρ/dt = 𝓛[ρ] leads to.
 *
 * @param generator from `lindbladian`.
 * @param states states or density matrices of the same qubits.
 * @param time one time for all, or one for each state; several times of a single state make a batch.
 * @returns `[batch, 2^n, 2^n, 2]`, interleaved re, im.
 * @throws ValueError where states and times do not fit, or a time is negative.
 * @example
 * ```ts
 * import { lindbladEvolve, lindbladian } from '@ketwork/simulator';
 * const l = lindbladian(1, { jumps: [{ matrix: [[0, 1], [0, 0]], qubits: [0] }] });
 * const rho = lindbladEvolve(l, { state: [0, 0, 1, 0] }, [0, 1]);
 * console.log(rho[6], rho[14]); // population of |1⟩: 1, e^-1
 * ```
 */
export function lindbladEvolve(
  generator: Lindbladian,
  states: QuantumState,
  time: number | ArrayLike<number>,
  options: LindbladEvolveOptions = {},
): Float64Array {
  const name = 'lindbladEvolve';
  const { method = 'exact', tolerance = 1e-12, step = 0.01 } = options;
  const read = readStates(name, states, generator.qubits);
  const times = typeof time === 'number' ? [time] : Array.from(time);
  if (times.length === 0 || !times.every((t) => t >= 0 && t < Infinity)) {
    throw new ValueError(`${name}: the times [${times.join(', ')}]`, {
      remedy: 'Give finite times of at least 0',
    });
  }
  if (times.length > 1 && read.batch > 1 && times.length !== read.batch) {
    throw new ValueError(`${name}: ${times.length} times for ${read.batch} states`, {
      remedy: 'Give one time, or one for each state',
    });
  }
  if (!(tolerance > 0) || !(step > 0 && step < Infinity)) {
    throw new ValueError(`${name}: a tolerance of ${tolerance}, a step of ${step}`, {
      remedy: 'Give finite positive numbers',
    });
  }
  if (method !== 'exact' && method !== 'rk4') {
    throw new ValueError(`${name}: there is no method '${String(method)}'`, {
      remedy: "Use 'exact' or 'rk4'",
    });
  }
  const taylor = method === 'exact';
  const stride = taylor ? SHORT / Math.max(normOf(generator), 1e-300) : step;
  const advance = (rho: Float64Array, t: number): Float64Array =>
    taylor ? taylorStep(generator, rho, t, tolerance * 1e-2) : rungeKutta(generator, rho, t);
  const batch = Math.max(read.batch, times.length);
  const size = 2 * generator.dimension;
  const out = new Float64Array(batch * size);
  // Whole strides are walked once for all times of a state, so that no time's bits depend on the others.
  let from = -1;
  let done = 0;
  let rho: Float64Array = new Float64Array(0);
  const order = times.map((_, e) => e).sort((a, b) => times[a]! - times[b]!);
  for (const e of read.batch > 1 ? Array.from({ length: batch }, (_, i) => i) : order) {
    const t = times[times.length === 1 ? 0 : e]!;
    const own = read.batch === 1 ? 0 : e;
    if (own !== from) {
      from = own;
      done = 0;
      rho = densityOf(read, own);
    }
    const whole = Math.floor(t / stride);
    for (; done < whole; done++) rho = advance(rho, stride);
    const rest = t - whole * stride;
    out.set(rest > 0 ? advance(rho, rest) : rho, e * size);
  }
  return out;
}

/** Product of the generator's norm and the time of one Taylor series: larger ones lose digits to cancellation. */
const SHORT = 2;

/** Σ (t𝓛)^k ρ / k! until terms are smaller than the tolerance. */
function taylorStep(
  generator: Lindbladian,
  rho: Float64Array,
  t: number,
  tolerance: number,
): Float64Array {
  const out = rho.slice();
  let term = rho;
  for (let k = 1; k <= 60; k++) {
    const next = new Float64Array(rho.length);
    multiplySparse(generator, term, next);
    let square = 0;
    for (let i = 0; i < next.length; i++) {
      const x = (next[i]! * t) / k;
      next[i] = x;
      out[i]! += x;
      square += x * x;
    }
    // What follows is at most this times Σ SHORT^j / (k + 1)…: beyond k = 2 · SHORT less than the term itself.
    if (k > 2 * SHORT && Math.sqrt(square) <= tolerance) break;
    term = next;
  }
  return out;
}

function rungeKutta(generator: Lindbladian, rho: Float64Array, h: number): Float64Array {
  const slope = (x: Float64Array): Float64Array => {
    const y = new Float64Array(x.length);
    multiplySparse(generator, x, y);
    return y;
  };
  const ahead = (k: Float64Array, share: number): Float64Array =>
    rho.map((x, i) => x + share * k[i]!);
  const k1 = slope(rho);
  const k2 = slope(ahead(k1, h / 2));
  const k3 = slope(ahead(k2, h / 2));
  const k4 = slope(ahead(k3, h));
  return rho.map((x, i) => x + (h / 6) * (k1[i]! + 2 * k2[i]! + 2 * k3[i]! + k4[i]!));
}
