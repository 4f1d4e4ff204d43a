import { ValueError } from '@ketwork/base';
import { checkDelta, checkEpsilon, checkMechanisms } from './mechanism.ts';
import type { PrivacyAccountant, SampledGaussian } from './mechanism.ts';

/** Options of {@link rdpAccountant}. */
export interface RdpOptions {
  /** Orders of the Rényi divergences, above 1. Default: 1.1 to 10.9 by tenths, 11 to 64, and larger ones up to 16384. */
  readonly orders?: readonly number[];
}

/** Below this noise every order that matters is an integer, and quadrature would take millions of points. */
const LEAST_NOISE_FOR_FRACTIONS = 0.1;
/** Covers what the sums round off, so that the bound stays one. */
const ROUNDING = 1 + 1e-10;

const ORDERS: readonly number[] = [
  ...Array.from({ length: 99 }, (_, i) => (11 + i) / 10).filter(
    (order) => !Number.isInteger(order),
  ),
  ...Array.from({ length: 63 }, (_, i) => 2 + i),
  80,
  96,
  128,
  192,
  256,
  384,
  512,
  768,
  1024,
  2048,
  4096,
  8192,
  16384,
];

/**
 * Accounts by Rényi divergences: those of the sampled Gaussian mechanism (Mironov, Talwar and Zhang 2019,
 * arXiv:1908.10530) add up over steps and are converted to (ε, δ) by the bound of Canonne, Kamath and Steinke
 * (arXiv:2004.00010, Proposition 12; also Balle et al. 2020, arXiv:1905.09982), minimised over the orders. Quick, and always
 * an upper bound; {@link pldAccountant} is tighter.
 *
 * @throws ValueError where steps or orders are out of range.
 * @example
 * ```ts
 * import { rdpAccountant } from '@ketwork/training';
 * const spent = rdpAccountant({ noiseMultiplier: 1.1, sampleRate: 0.01, steps: 1000 });
 * console.log(spent.epsilon(1e-5).toFixed(2)); // 1.71
 * console.log(spent.delta(2) < 1e-5); // true
 * ```
 */
export function rdpAccountant(
  mechanisms: SampledGaussian | readonly SampledGaussian[],
  { orders = ORDERS }: RdpOptions = {},
): PrivacyAccountant {
  const all = checkMechanisms('rdpAccountant', mechanisms);
  for (const order of orders) {
    if (!(order > 1 && order < Infinity))
      throw new ValueError(`rdpAccountant: order ${order} is not a finite number above 1`);
  }
  if (orders.length === 0) throw new ValueError('rdpAccountant: there are no orders');
  const curve = orders.map(
    (order) =>
      [order, all.reduce((sum, one) => sum + one.steps * renyiDivergence(one, order), 0)] as const,
  );
  return Object.freeze<PrivacyAccountant>({
    name: 'rdp',
    epsilon(delta) {
      checkDelta('rdpAccountant', delta);
      return Math.min(...curve.map(([order, divergence]) => epsilonOf(order, divergence, delta)));
    },
    delta(epsilon) {
      checkEpsilon('rdpAccountant', epsilon);
      return Math.min(
        1,
        ...curve.map(([order, divergence]) => deltaOf(order, divergence, epsilon)),
      );
    },
  });
}

/** Total variation is at most `√(1 - exp(-KL))` (Bretagnolle and Huber 1979), and KL at most any Rényi divergence. */
function totalVariation(divergence: number): number {
  return Math.sqrt(-Math.expm1(-divergence));
}

function epsilonOf(order: number, divergence: number, delta: number): number {
  if (totalVariation(divergence) <= delta) return 0;
  const epsilon = divergence + Math.log1p(-1 / order) - Math.log(delta * order) / (order - 1);
  return Math.max(0, epsilon);
}

function deltaOf(order: number, divergence: number, epsilon: number): number {
  if (divergence === Infinity) return 1;
  const exponent = (order - 1) * (divergence - epsilon + Math.log1p(-1 / order));
  return Math.min(totalVariation(divergence), Math.exp(exponent) / order);
}

/**
 * Rényi divergence of one step: `log A / (α - 1)` with `A = E[((1 - q) + q exp((2z - 1) / 2σ²))^α]`, z normal of
 * variance σ². `Infinity` where the order is not evaluated, which leaves the bound a bound.
 */
export function renyiDivergence(
  { noiseMultiplier: sigma, sampleRate: q }: SampledGaussian,
  order: number,
): number {
  if (q === 1) return (ROUNDING * order) / (2 * sigma * sigma);
  if (Number.isInteger(order))
    return (ROUNDING * logMomentOfInteger(q, sigma, order)) / (order - 1);
  if (sigma < LEAST_NOISE_FOR_FRACTIONS) return Infinity;
  return (ROUNDING * logMoment(q, sigma, order)) / (order - 1);
}

/** `log A` for an integer order. The binomial weights add up to 1, so `A - 1` is a sum of positive terms. */
function logMomentOfInteger(q: number, sigma: number, order: number): number {
  const logQ = Math.log(q);
  const logRest = Math.log1p(-q);
  let logBinomial = Math.log(order);
  let sum = -Infinity;
  for (let k = 2; k <= order; k++) {
    logBinomial += Math.log((order - k + 1) / k);
    const exponent = (k * k - k) / (2 * sigma * sigma);
    const excess =
      exponent > 30 ? exponent + Math.log1p(-Math.exp(-exponent)) : Math.log(Math.expm1(exponent));
    sum = logAdd(sum, logBinomial + (order - k) * logRest + k * logQ + excess);
  }
  return sum > 30 ? sum + Math.log1p(Math.exp(-sum)) : Math.log1p(Math.exp(sum));
}

/**
 * `log A` for any order above 1, by the trapezoidal rule, which converges exponentially for a function that is analytic
 * in a strip. With `u = q (exp(…) - 1)`, whose mean is 0, `A - 1 = E[(1 + u)^α - 1 - α u]`: no term is negative.
 */
function logMoment(q: number, sigma: number, order: number): number {
  const step = Math.min(sigma, sigma * sigma) / 4;
  const variance = sigma * sigma;
  const first = Math.floor((-10 * sigma) / step);
  const last = Math.ceil((order + 10 * sigma) / step);
  let sum = -Infinity;
  for (let i = first; i <= last; i++) {
    const z = i * step;
    const exponent = (2 * z - 1) / (2 * variance);
    // log(1 + u), where exp(exponent) itself could overflow.
    const logOnePlus =
      exponent > 600
        ? exponent + Math.log(q) + Math.log1p((1 - q) * Math.exp(-exponent - Math.log(q)))
        : Math.log1p(q * Math.expm1(exponent));
    const logTerm = logExcess(order, logOnePlus) - (z * z) / (2 * variance);
    sum = logAdd(sum, logTerm);
  }
  sum += Math.log(step / (sigma * Math.sqrt(2 * Math.PI)));
  return sum > 30 ? sum + Math.log1p(Math.exp(-sum)) : Math.log1p(Math.exp(sum));
}

/** `log((1 + u)^α - 1 - α u)` from `v = log(1 + u)`. */
function logExcess(order: number, v: number): number {
  const power = order * v;
  if (power > 600) return power;
  const u = Math.expm1(v);
  if (Math.abs(order * u) > 0.01) return Math.log(Math.max(Math.expm1(power) - order * u, 0));
  // Binomial series where the difference would cancel.
  let term = 1;
  let sum = 0;
  for (let k = 1; k <= 8; k++) {
    term *= ((order - k + 1) / k) * u;
    if (k >= 2) sum += term;
  }
  return Math.log(Math.max(sum, 0));
}

function logAdd(a: number, b: number): number {
  const [small, large] = a < b ? [a, b] : [b, a];
  return small === -Infinity ? large : large + Math.log1p(Math.exp(small - large));
}
