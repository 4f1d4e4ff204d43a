import { ValueError } from '@ketwork/base';

/** Options of {@link dampedOscillator}. */
export interface DampedOscillatorOptions {
  /** Number of points, both ends included. Default 240. */
  readonly points?: number;
  /** End of the time axis in seconds; it starts at 0. Default 20. */
  readonly duration?: number;
  /** Damping b/m in 1/s. Default 0.15. */
  readonly damping?: number;
  /** g/l in 1/s². Default 9.81. */
  readonly stiffness?: number;
  /** Angle at the start in radians. Default 0. */
  readonly angle?: number;
  /** Angular velocity at the start in radians per second. Default 3. */
  readonly velocity?: number;
  /** Steps of the integrator between two points. Default 30, which leaves errors below 1e-8. */
  readonly substeps?: number;
}

/** Motion of a pendulum at evenly spaced times, see {@link dampedOscillator}. */
export interface Oscillation {
  /** Times in seconds, `[points]`. */
  readonly time: Float64Array;
  /** Angle in radians, `[points]`. */
  readonly angle: Float64Array;
  /** Angular velocity in radians per second, `[points]`: the series that papers learn. */
  readonly velocity: Float64Array;
}

/**
 * A damped pendulum, `θ'' = -(b/m) θ' - (g/l) sin θ`, integrated by the classical Runge-Kutta method. The defaults are
 * those of the time series in Chen, "Learning to program variational quantum circuits with fast weights",
 * arXiv:2402.17760, and of the QLSTM papers before it, which learn the angular velocity ("damped harmonic oscillator").
 *
 * @throws ValueError where a count is not a positive integer, there are fewer than 2 points, or a number is not finite.
 * @example
 * ```ts
 * import { dampedOscillator } from '@ketwork/datasets';
 * const { velocity } = dampedOscillator();
 * console.log(velocity.length, velocity[0]); // 240 3
 * ```
 */
export function dampedOscillator(options: DampedOscillatorOptions = {}): Oscillation {
  const { points = 240, duration = 20, damping = 0.15, stiffness = 9.81 } = options;
  const { angle: angle0 = 0, velocity: velocity0 = 3, substeps = 30 } = options;
  checkCount('dampedOscillator', 'points', points, 2);
  checkCount('dampedOscillator', 'substeps', substeps, 1);
  checkFinite('dampedOscillator', { duration, damping, stiffness, angle0, velocity0 });
  const time = spaced(0, duration, points);
  const angle = new Float64Array(points);
  const velocity = new Float64Array(points);
  const h = duration / ((points - 1) * substeps);
  const pull = (a: number, v: number): number => -damping * v - stiffness * Math.sin(a);
  let a = angle0;
  let v = velocity0;
  for (let i = 0; i < points; i++) {
    angle[i] = a;
    velocity[i] = v;
    for (let s = 0; s < substeps; s++) {
      const k1 = pull(a, v);
      const v2 = v + (h / 2) * k1;
      const k2 = pull(a + (h / 2) * v, v2);
      const v3 = v + (h / 2) * k2;
      const k3 = pull(a + (h / 2) * v2, v3);
      const v4 = v + h * k3;
      const k4 = pull(a + h * v3, v4);
      a += (h / 6) * (v + 2 * v2 + 2 * v3 + v4);
      v += (h / 6) * (k1 + 2 * k2 + 2 * k3 + k4);
    }
  }
  return { time, angle, velocity };
}

/**
 * Bessel function of the first kind and second order, J₂, at the given arguments, from Bessel's integral
 * `J₂(x) = 1/π ∫₀^π cos(2τ - x sin τ) dτ`. The integrand is periodic, so the trapezoidal rule with more than
 * |x| points is exact but for rounding.
 *
 * @throws ValueError where an argument is not finite or its absolute value exceeds 1e6.
 * @example
 * ```ts
 * import { besselJ2 } from '@ketwork/datasets';
 * console.log(besselJ2([0, 2])[1]!.toFixed(6)); // 0.352834
 * ```
 */
export function besselJ2(x: ArrayLike<number>): Float64Array {
  return Float64Array.from(x, (value) => {
    if (!(Math.abs(value) <= 1e6)) {
      throw new ValueError(`besselJ2: ${value} is not a number from -1e6 to 1e6`);
    }
    const steps = Math.ceil(Math.abs(value)) + 40;
    let sum = 0.5 * (Math.cos(0) + Math.cos(2 * Math.PI));
    for (let i = 1; i < steps; i++) {
      const t = (Math.PI * i) / steps;
      sum += Math.cos(2 * t - value * Math.sin(t));
    }
    return sum / steps;
  });
}

/**
 * Evenly spaced numbers, both ends included: arguments for functions of one variable.
 *
 * @param count At least 2.
 * @returns The numbers, `[count]`.
 * @throws ValueError where the count is below 2 or an end is not finite.
 * @example
 * ```ts
 * import { besselJ2, linspace } from '@ketwork/datasets';
 * console.log(besselJ2(linspace(2, 100, 256)).length); // 256
 * ```
 */
export function linspace(from: number, to: number, count: number): Float64Array {
  checkCount('linspace', 'points', count, 2);
  checkFinite('linspace', { from, to });
  return spaced(from, to, count);
}

/** Options of {@link narma}. */
export interface NarmaOptions {
  /** Input series, `[length]`; the smooth one of {@link narma} by default. */
  readonly input?: ArrayLike<number>;
}

/** Input and output of a nonlinear autoregressive moving average, see {@link narma}. */
export interface Narma {
  /** u, `[length]`. */
  readonly input: Float64Array;
  /** y, `[length]`. */
  readonly output: Float64Array;
}

/**
 * NARMA of order n, a test of memory (Atiya and Parlos, IEEE Trans. Neural Netw. 11, 697, 2000), counted from t = 0:
 * `y[t+1] = 0.3 y[t] + 0.05 y[t] Σ_{j<n} y[t-j] + 1.5 u[t-n+1] u[t] + 0.1` for t ≥ n-1, and y = 0 for t < n.
 * The input by default is `u[t] = 0.1 (sin(2π 2.11 t/100) sin(2π 3.73 t/100) sin(2π 4.11 t/100) + 1)`, as in works on
 * quantum reservoirs (Fujii and Nakajima, arXiv:1602.08159; Chen et al., arXiv:2211.02612).
 *
 * @param order n, at least 1; usual are 5 and 10.
 * @param length Number of points of both series.
 * @throws ValueError where order or length is not a positive integer, the input has another length or holds a value
 * that is not finite, or y grows beyond all bounds (large inputs).
 * @example
 * ```ts
 * import { narma } from '@ketwork/datasets';
 * const { input, output } = narma(5, 300);
 * console.log(input[0], output[5]!.toFixed(3)); // 0.1 0.120
 * ```
 */
export function narma(order: number, length: number, options: NarmaOptions = {}): Narma {
  checkCount('narma', 'order', order, 1);
  checkCount('narma', 'length', length, 1);
  const input =
    options.input === undefined
      ? Float64Array.from({ length }, (_, t) => narmaInput(t))
      : Float64Array.from(options.input);
  if (input.length !== length) {
    throw new ValueError(
      `narma: the input has ${input.length} values where the length is ${length}`,
    );
  }
  const bad = input.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new ValueError(`narma: value ${bad} of the input is ${input[bad]}`);
  const output = new Float64Array(length);
  for (let t = order - 1; t + 1 < length; t++) {
    let sum = 0;
    for (let j = 0; j < order; j++) sum += output[t - j]!;
    const y = output[t]!;
    output[t + 1] = 0.3 * y + 0.05 * y * sum + 1.5 * input[t - order + 1]! * input[t]! + 0.1;
    if (!Number.isFinite(output[t + 1])) {
      throw new ValueError(
        `narma: the output of order ${order} grows beyond all bounds at ${t + 1}`,
        {
          remedy: 'Take inputs from 0 to 0.5; orders above 10 need smaller ones',
        },
      );
    }
  }
  return { input, output };
}

/** Options of {@link delayedQuantumControl}. */
export interface DelayedQuantumControlOptions {
  /** First argument. Default -2. */
  readonly from?: number;
  /** Where the arguments end, not included. Default 20. */
  readonly to?: number;
  /** Distance of the arguments. Default 0.01. */
  readonly step?: number;
}

/**
 * Pulses that come back weaker and weaker, a stand-in for the population of an atom in front of a mirror, whose light
 * returns with a delay: `e^(-x/16) Σ_{n=0..10} e^(-10 (x-2n)²)` at x = from, from + step, … The formula and its range
 * are those of the public code for the QLSTM papers of Chen et al. (arXiv:2009.01783, arXiv:2211.02612).
 *
 * @returns The values, `[points]`.
 * @throws ValueError where the range is empty or a number is not finite.
 * @example
 * ```ts
 * import { delayedQuantumControl } from '@ketwork/datasets';
 * console.log(delayedQuantumControl({ step: 0.1 }).length); // 220
 * ```
 */
export function delayedQuantumControl(options: DelayedQuantumControlOptions = {}): Float64Array {
  const { from = -2, to = 20, step = 0.01 } = options;
  checkFinite('delayedQuantumControl', { from, to, step });
  // Rounding of the quotient must not add or lose a point.
  const points = Math.ceil((to - from) / step - 1e-9);
  checkCount('delayedQuantumControl', 'points', points, 1);
  return Float64Array.from({ length: points }, (_, i) => {
    const x = from + i * step;
    let sum = 0;
    for (let n = 0; n <= 10; n++) sum += Math.exp(-10 * (x - 2 * n) ** 2);
    return sum * Math.exp(-x / 16);
  });
}

/** Options of {@link populationInversion}. */
export interface PopulationInversionOptions {
  /** Mean number of photons of the field. Default 16. */
  readonly meanPhotons?: number;
  /** Coupling g in radians per unit of time. Default 1. */
  readonly coupling?: number;
  /** Number of points, both ends included. Default 400. */
  readonly points?: number;
  /** End of the time axis; it starts at 0. Default 40, beyond the first revival at 2π √meanPhotons / g = 25. */
  readonly duration?: number;
}

/**
 * Collapse and revival of an atom in a cavity (Jaynes-Cummings model at resonance; Eberly, Narozhny and
 * Sanchez-Mondragon, Phys. Rev. Lett. 44, 1323, 1980): the inversion ⟨σz⟩ of an atom that starts excited in a coherent
 * field, `W(t) = Σ_n P(n) cos(2g √(n+1) t)` with P the Poisson distribution of the photon number.
 *
 * @returns W, from -1 to 1, `[points]`.
 * @throws ValueError where there are fewer than 2 points, the mean is not a number from 0 to 500, or a number is not
 * finite.
 * @example
 * ```ts
 * import { populationInversion } from '@ketwork/datasets';
 * console.log(populationInversion()[0]!.toFixed(6)); // 1.000000
 * ```
 */
export function populationInversion(options: PopulationInversionOptions = {}): Float64Array {
  const { meanPhotons = 16, coupling = 1, points = 400, duration = 40 } = options;
  checkCount('populationInversion', 'points', points, 2);
  checkFinite('populationInversion', { coupling, duration });
  if (!(meanPhotons >= 0 && meanPhotons <= 500)) {
    throw new ValueError(
      `populationInversion: the mean number of photons ${meanPhotons} is not from 0 to 500`,
    );
  }
  const levels = Math.ceil(meanPhotons + 12 * Math.sqrt(meanPhotons)) + 20;
  const weights = new Float64Array(levels);
  weights[0] = Math.exp(-meanPhotons);
  for (let n = 1; n < levels; n++) weights[n] = (weights[n - 1]! * meanPhotons) / n;
  return spaced(0, duration, points).map((t) => {
    let sum = 0;
    for (let n = 0; n < levels; n++) {
      sum += weights[n]! * Math.cos(2 * coupling * Math.sqrt(n + 1) * t);
    }
    return sum;
  });
}

/** Options of {@link wave}. */
export interface WaveOptions {
  /** Number of points. Default 256. */
  readonly points?: number;
  /** Points per period; need not be an integer. Default 64. */
  readonly period?: number;
}

/**
 * A periodic wave from -1 to 1 that starts at phase 0: `sine`; `square`, 1 in the first half of the period and -1 in the
 * second; `triangle`, which rises from 0 to 1, falls to -1 and returns, in straight lines.
 *
 * @throws ValueError where the shape is unknown, the number of points is not a positive integer or the period not a
 * positive number.
 * @example
 * ```ts
 * import { wave } from '@ketwork/datasets';
 * console.log([...wave('triangle', { points: 5, period: 4 })]); // [ 0, 1, 0, -1, 0 ]
 * ```
 */
export function wave(
  shape: 'sine' | 'square' | 'triangle',
  options: WaveOptions = {},
): Float64Array {
  const { points = 256, period = 64 } = options;
  checkCount('wave', 'points', points, 1);
  if (!(period > 0 && period < Infinity)) {
    throw new ValueError(`wave: the period ${period} is not a positive number of points`);
  }
  if (!Object.hasOwn(WAVES, shape)) {
    throw new ValueError(`wave: there is no shape "${shape}"`, {
      remedy: `Shapes are ${Object.keys(WAVES).join(', ')}`,
    });
  }
  return Float64Array.from({ length: points }, (_, i) => WAVES[shape]((i % period) / period));
}

/** Waves by the part of the period that has passed, from 0 to below 1. */
const WAVES = {
  sine: (part: number): number => Math.sin(2 * Math.PI * part),
  square: (part: number): number => (part < 0.5 ? 1 : -1),
  triangle: (part: number): number =>
    part < 0.25 ? 4 * part : part < 0.75 ? 2 - 4 * part : 4 * part - 4,
} as const;

function narmaInput(t: number): number {
  const sine = (frequency: number): number => Math.sin((2 * Math.PI * frequency * t) / 100);
  return 0.1 * (sine(2.11) * sine(3.73) * sine(4.11) + 1);
}

function spaced(from: number, to: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
}

function checkCount(where: string, what: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw new ValueError(`${where}: ${what} ${value} is not an integer of at least ${least}`);
}

function checkFinite(where: string, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isFinite(value))
      throw new ValueError(`${where}: ${name} ${value} is not a finite number`);
  }
}
