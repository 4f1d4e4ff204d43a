import type { SampledGaussian } from '../mechanism.ts';

/** Which data set the records come from: the one with the record more (`remove` it) or the one without (`add` it). */
export type Direction = 'remove' | 'add';

/** The privacy loss of one step as masses on a grid: mass i is at loss `(first + i) · width`. */
export interface GridLosses {
  readonly first: number;
  readonly masses: Float64Array;
  /** Probability that is counted as infinite loss. */
  readonly infinite: number;
}

/** One step of the sampled Gaussian mechanism in one direction: x is drawn from `density`, `loss` grows with x. */
export interface StepLoss {
  readonly density: (x: number) => number;
  readonly loss: (x: number) => number;
  /** Where the loss is this; infinite beyond its range. */
  readonly inverse: (loss: number) => number;
  readonly low: number;
  readonly high: number;
  /** Bound on the probability beyond `low`, and beyond `high`. */
  readonly tail: number;
  /** Length over which the integrands change little. */
  readonly scale: number;
}

/** @param tail Bound on the probability that is cut off on either side. */
export function stepLoss(
  { noiseMultiplier: sigma, sampleRate: q }: SampledGaussian,
  direction: Direction,
  tail: number,
): StepLoss {
  const variance = sigma * sigma;
  const reach = sigma * Math.sqrt(-2 * Math.log(tail));
  const normal = (x: number): number =>
    Math.exp(-(x * x) / (2 * variance)) / (sigma * Math.sqrt(2 * Math.PI));
  const removed = (x: number): number => logMixture(q, (2 * x - 1) / (2 * variance));
  const inverse = (loss: number): number => {
    const rest = (1 - q) * Math.exp(-loss);
    return rest >= 1 ? -Infinity : variance * (loss + Math.log1p(-rest) - Math.log(q)) + 0.5;
  };
  const scale = Math.min(sigma, variance) / 4;
  if (direction === 'remove') {
    const density = (x: number): number => (1 - q) * normal(x) + q * normal(x - 1);
    return { density, loss: removed, inverse, low: -reach, high: 1 + reach, tail, scale };
  }
  return {
    density: normal,
    loss: (x) => -removed(-x),
    inverse: (loss) => -inverse(-loss),
    low: -reach,
    high: reach,
    tail,
    scale,
  };
}

/** `log((1 - q) + q exp(exponent))`. */
function logMixture(q: number, exponent: number): number {
  if (q === 1) return exponent;
  if (exponent < 500) return Math.log1p(q * Math.expm1(exponent));
  return exponent + Math.log(q) + Math.log1p((1 - q) * Math.exp(-exponent - Math.log(q)));
}

/** Nodes and weights of Gauss–Legendre quadrature on [-1, 1]. */
const NODES = [-0.906179845938664, -0.5384693101056831, 0, 0.5384693101056831, 0.906179845938664];
const WEIGHTS = [
  0.2369268850561891, 0.4786286704993665, 0.5688888888888889, 0.4786286704993665,
  0.2369268850561891,
];

/**
 * Puts the losses on a grid so that δ(ε) is exact on the grid and nowhere too small: the mass between two points is
 * split among them such that both its probabilities, with and without the record, are kept ("connect the dots",
 * Doroshenko et al. 2022, arXiv:2207.04380). Shares are integrated directly; differences of distribution functions would lose
 * half of the digits. What lies beyond the cut is counted at the nearest higher point, or as infinite.
 */
export function gridLosses(step: StepLoss, width: number): GridLosses {
  const first = Math.floor(step.loss(step.low) / width);
  const last = Math.max(first + 1, Math.ceil(step.loss(step.high) / width));
  const masses = new Float64Array(last - first + 1);
  const upperShare = -1 / Math.expm1(-width);
  const lowerShare = 1 / Math.expm1(width);
  masses[1]! += step.tail;
  let from = step.low;
  for (let i = 1; i < masses.length; i++) {
    const lower = (first + i - 1) * width;
    const upper = (first + i) * width;
    const to = Math.min(step.high, Math.max(from, step.inverse(upper)));
    const panels = Math.max(1, Math.ceil((to - from) / step.scale));
    const half = (to - from) / (2 * panels);
    for (let p = 0; p < panels && half > 0; p++) {
      const middle = from + (2 * p + 1) * half;
      for (let n = 0; n < NODES.length; n++) {
        const x = middle + half * NODES[n]!;
        const weight = half * WEIGHTS[n]! * step.density(x);
        const loss = Math.min(upper, Math.max(lower, step.loss(x)));
        masses[i]! -= weight * Math.expm1(lower - loss) * upperShare;
        masses[i - 1]! += weight * Math.expm1(upper - loss) * lowerShare;
      }
    }
    from = to;
  }
  return { first, masses, infinite: step.tail };
}

/** Standard deviation of the loss of a step, from a coarse sum; only widths of grids depend on it. */
export function deviationOf(step: StepLoss): number {
  const points = 2000;
  const width = (step.high - step.low) / points;
  let [mass, sum, squares] = [0, 0, 0];
  for (let i = 0; i < points; i++) {
    const x = step.low + (i + 0.5) * width;
    const weight = step.density(x);
    const loss = step.loss(x);
    mass += weight;
    sum += weight * loss;
    squares += weight * loss * loss;
  }
  return Math.sqrt(Math.max(0, squares / mass - (sum / mass) ** 2));
}
