import { ValueError } from '@ketwork/base';
import { checkDelta, checkSampling } from './mechanism.ts';
import type { PrivacyAccountant, SampledGaussian } from './mechanism.ts';
import { pldAccountant } from './pld/accountant.ts';
import { rdpAccountant } from './rdp.ts';

/** Which accountant, `rdp` or the tighter `pld`. */
export type AccountantName = PrivacyAccountant['name'];

/** A guarantee that is wanted, see {@link noiseMultiplierFor}. */
export interface NoiseTarget {
  /** ε that must not be exceeded, above 0. */
  readonly epsilon: number;
  /** δ, between 0 and 1. */
  readonly delta: number;
  /** Number of steps. */
  readonly steps: number;
  /** Probability with which a step draws a record. */
  readonly sampleRate: number;
  /** Who decides. Default `pld`. */
  readonly accountant?: AccountantName;
}

const MOST_NOISE = 1e6;
/** Relative distance from the least noise that would do. */
const TOLERANCE = 1e-4;

/**
 * The least noise multiplier, to 4 digits and rounded up, with which so many steps keep (ε, δ).
 *
 * @throws ValueError where the target is out of range or cannot be had, with the reason.
 * @example
 * ```ts
 * import { noiseMultiplierFor, pldAccountant } from '@ketwork/training';
 * const target = { delta: 1e-5, sampleRate: 0.01, steps: 1000 };
 * const noiseMultiplier = noiseMultiplierFor({ ...target, epsilon: 2 });
 * console.log(noiseMultiplier.toFixed(2)); // 0.96
 * console.log(pldAccountant({ ...target, noiseMultiplier }).epsilon(1e-5) <= 2); // true
 * ```
 */
export function noiseMultiplierFor(target: NoiseTarget): number {
  const { epsilon, delta, steps, sampleRate, accountant = 'pld' } = target;
  const where = 'noiseMultiplierFor';
  if (!(epsilon > 0 && epsilon < Infinity)) {
    throw new ValueError(`${where}: epsilon is ${epsilon}, not a finite number above 0`, {
      remedy: 'An ε of 0 would need infinite noise; useful ones are between 0.1 and 10',
    });
  }
  checkDelta(where, delta);
  checkSampling(where, sampleRate, steps);
  const drawn = -Math.expm1(steps * Math.log1p(-sampleRate));
  if (delta >= drawn) {
    throw new ValueError(
      `${where}: delta ${delta} is not below ${drawn.toPrecision(3)}, the probability that a record is drawn at all, so no noise would keep it and nothing is protected`,
      { remedy: 'Give a delta well below one over the number of records' },
    );
  }
  const spent = (noiseMultiplier: number, name: AccountantName): number =>
    accountantOf(name, { noiseMultiplier, sampleRate, steps }).epsilon(delta);
  const [low, high] = bracket(target, 1, (noise) => spent(noise, 'rdp'));
  const rough = refine(low, high, 0.02, (noise) => spent(noise, 'rdp') <= epsilon);
  if (accountant === 'rdp')
    return refine(rough / 1.03, rough, TOLERANCE, (noise) => spent(noise, 'rdp') <= epsilon);
  const [from, to] = bracket(target, rough, (noise) => spent(noise, 'pld'));
  return refine(from, to, TOLERANCE, (noise) => spent(noise, 'pld') <= epsilon);
}

/** The accountant of that name. */
export function accountantOf(
  name: AccountantName,
  mechanisms: SampledGaussian | readonly SampledGaussian[],
): PrivacyAccountant {
  return name === 'rdp' ? rdpAccountant(mechanisms) : pldAccountant(mechanisms);
}

/** Too little noise and enough of it, next to each other by a factor. */
function bracket(
  { epsilon, delta, steps, sampleRate }: NoiseTarget,
  start: number,
  spent: (noise: number) => number,
): readonly [number, number] {
  const factor = 1.25;
  let noise = start;
  let reached = spent(noise);
  if (reached <= epsilon) {
    while (noise > 1e-3 && spent(noise / factor) <= epsilon) noise /= factor;
    return [noise / factor, noise];
  }
  while (reached > epsilon) {
    noise *= factor;
    if (noise > MOST_NOISE) {
      throw new ValueError(
        `noiseMultiplierFor: (${epsilon}, ${delta}) is out of reach: with noise of ${MOST_NOISE} clipping norms, ${steps} steps of sampling rate ${sampleRate} are still accounted as ${reached === Infinity ? 'unbounded' : `ε = ${reached.toPrecision(3)}`}`,
        { remedy: 'Allow a larger ε or δ, take fewer steps, or draw fewer records per step' },
      );
    }
    reached = spent(noise);
  }
  return [noise / factor, noise];
}

/** Halves an interval until its ends are this close, in proportion; returns the upper end, which is enough. */
function refine(
  low: number,
  high: number,
  tolerance: number,
  enough: (noise: number) => boolean,
): number {
  let [from, to] = [low, high];
  while (to / from > 1 + tolerance) {
    const middle = Math.sqrt(from * to);
    if (enough(middle)) to = middle;
    else from = middle;
  }
  return to;
}
