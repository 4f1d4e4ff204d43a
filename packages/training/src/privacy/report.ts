import type { SampledGaussian } from './mechanism.ts';
import type { AccountantName } from './noise.ts';
import type { PrivacyPlan } from './options.ts';
import { epsilonSpent } from './spent.ts';
import type { PrivacyState } from './steps.ts';

/** What a private run guarantees, and under what assumptions; plain data. */
export interface PrivacyReport {
  /** ε that all steps have spent, those before a resume included; `Infinity` where there was no noise. */
  readonly epsilon: number;
  /** δ of the guarantee. */
  readonly delta: number;
  /** Who computed ε. */
  readonly accountant: AccountantName;
  /** What was done in every step, in words. */
  readonly mechanism: string;
  /** The steps, as accountants take them; those of several runs on the same data add up as one list. */
  readonly steps: readonly SampledGaussian[];
  /** Number of examples of the training data. */
  readonly examples: number;
  /** How gradients were clipped. */
  readonly clipping: PrivacyPlan['clipping'];
  /** Norm to which they were clipped; the last one where it adapts. */
  readonly clippingNorm: number;
  /** Where noise and draws came from. */
  readonly randomness: PrivacyPlan['randomness'];
  /** What must hold for the guarantee. */
  readonly assumptions: readonly string[];
  /** What speaks against relying on it; empty where nothing is known. */
  readonly warnings: readonly string[];
}

const ASSUMPTIONS = [
  'Neighbouring data sets differ by one example added or removed; a person with several examples is protected less.',
  'The number of examples is public, as are the settings.',
  'Only the model is published: losses and metrics of training examples, gradients and the order of draws are not covered.',
  'Settings were not chosen on the same data; every further run on it spends as well.',
  'Of a run that was interrupted without being saved, nothing after the checkpoint was published.',
  'Noise is drawn in double precision, not from a discrete distribution.',
] as const;

/** The report on a run that stands here. */
export function reportOf(plan: PrivacyPlan, { steps, norm }: PrivacyState): PrivacyReport {
  const { noiseMultiplier, sampleRate, delta, accountant, clipping, examples, randomness } = plan;
  const spent: SampledGaussian[] = steps === 0 ? [] : [{ noiseMultiplier, sampleRate, steps }];
  const epsilon = epsilonSpent(accountant, spent, delta);
  const how = { flat: 'together', 'per-layer': 'per layer', adaptive: 'to a private quantile' }[
    clipping
  ];
  const warnings = [
    ...(noiseMultiplier === 0 ? ['There was no noise, so nothing is guaranteed.'] : []),
    ...(randomness === 'cryptographic'
      ? []
      : ['Noise and draws follow from the seed: whoever knows it can undo them.']),
    ...(delta < 1 / examples
      ? []
      : [
          `δ is not below one over the number of examples, ${examples}: it would allow publishing one of them.`,
        ]),
  ];
  return {
    epsilon,
    delta,
    accountant,
    mechanism: `Poisson-sampled Gaussian mechanism: gradients of examples clipped ${how}, summed, and noise added to the sum`,
    steps: spent,
    examples,
    clipping,
    clippingNorm: norm,
    randomness,
    assumptions: ASSUMPTIONS,
    warnings,
  };
}
