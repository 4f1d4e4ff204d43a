import { ValueError } from '@ketwork/base';

/**
 * Steps of the Poisson-sampled Gaussian mechanism: every step draws each record with probability `sampleRate`, adds up
 * contributions of Euclidean norm at most S, and adds Gaussian noise of standard deviation `noiseMultiplier` · S to every
 * coordinate of the sum. Neighbouring data sets differ by one record that is added or removed.
 */
export interface SampledGaussian {
  /** Standard deviation of the noise over the clipping norm, above 0. */
  readonly noiseMultiplier: number;
  /** Probability with which a step draws a record, above 0, at most 1. */
  readonly sampleRate: number;
  /** Number of such steps, a positive integer. */
  readonly steps: number;
}

/** What some steps together cost; made by {@link rdpAccountant} or {@link pldAccountant}. */
export interface PrivacyAccountant {
  /** `rdp` (Rényi divergences) or `pld` (privacy-loss distribution). */
  readonly name: 'rdp' | 'pld';
  /**
   * An upper bound on ε, at least 0, for this δ; `Infinity` where the accountant knows none.
   * @throws ValueError where δ is not between 0 and 1, both excluded.
   */
  epsilon(delta: number): number;
  /**
   * An upper bound on δ, from 0 to 1, for this ε.
   * @throws ValueError where ε is not a finite number of at least 0.
   */
  delta(epsilon: number): number;
}

/** Refuses steps that are none. */
export function checkMechanisms(
  where: string,
  given: SampledGaussian | readonly SampledGaussian[],
): readonly SampledGaussian[] {
  const mechanisms = Array.isArray(given)
    ? (given as readonly SampledGaussian[])
    : [given as SampledGaussian];
  if (mechanisms.length === 0) throw new ValueError(`${where}: there are no steps to account for`);
  for (const { noiseMultiplier, sampleRate, steps } of mechanisms) {
    if (!(noiseMultiplier > 0 && noiseMultiplier < Infinity)) {
      throw new ValueError(
        `${where}: the noise multiplier is ${noiseMultiplier}, not a finite number above 0`,
        { remedy: 'Without noise there is no guarantee to account for' },
      );
    }
    checkSampling(where, sampleRate, steps);
  }
  return mechanisms;
}

/** Refuses rates and numbers of steps out of range. */
export function checkSampling(where: string, sampleRate: number, steps: number): void {
  if (!(sampleRate > 0 && sampleRate <= 1))
    throw new ValueError(`${where}: the sampling rate is ${sampleRate}, not above 0 and at most 1`);
  if (!Number.isSafeInteger(steps) || steps < 1)
    throw new ValueError(`${where}: the number of steps is ${steps}, not a positive integer`);
}

/** Refuses a δ that says nothing. */
export function checkDelta(where: string, delta: number): void {
  if (!(delta > 0 && delta < 1)) {
    throw new ValueError(`${where}: delta is ${delta}, not between 0 and 1`, {
      remedy: 'Give a number well below one over the number of records, such as 1e-5',
    });
  }
}

/** Refuses an ε that is none. */
export function checkEpsilon(where: string, epsilon: number): void {
  if (!(epsilon >= 0 && epsilon < Infinity))
    throw new ValueError(`${where}: epsilon is ${epsilon}, not a finite number of at least 0`);
}
