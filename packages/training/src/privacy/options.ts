import { ValueError } from '@ketwork/base';
import { checkDelta } from './mechanism.ts';
import { noiseMultiplierFor } from './noise.ts';
import type { AccountantName } from './noise.ts';

/** How the clipping norm follows the gradients, see `clipping: 'adaptive'` of {@link PrivacyOptions}. */
export interface AdaptiveClipping {
  /** Share of the examples whose gradients shall not be clipped, between 0 and 1. Default 0.5. */
  readonly quantile?: number;
  /** How fast the norm follows. Default 0.2. */
  readonly rate?: number;
  /** Standard deviation of the noise on the number of gradients that were not clipped. Default: a twentieth of the expected batch, at least twice the noise multiplier. */
  readonly countNoise?: number;
}

/** Differentially private training, see `privacy` of `FitOptions`. */
export interface PrivacyOptions {
  /** Largest Euclidean norm of the gradient of one example; longer ones are scaled down to it. The first one where it adapts. */
  readonly clippingNorm: number;
  /** δ of the guarantee, well below one over the number of examples. */
  readonly delta: number;
  /** Standard deviation of the noise over the clipping norm; 0 clips only and guarantees nothing. Either this or `epsilon`. */
  readonly noiseMultiplier?: number;
  /** ε that the whole run may spend; the least noise for it is used. */
  readonly epsilon?: number;
  /**
   * `flat`, the default: all parameters together (Abadi et al. 2016). `per-layer`: the parameters of each of L layers to
   * `clippingNorm / √L` (McMahan et al. 2018). `adaptive`: flat, with a norm that follows a quantile of the gradients'
   * norms, privately (Andrew et al. 2021, arXiv:1905.03871).
   */
  readonly clipping?: 'flat' | 'per-layer' | 'adaptive';
  /** Settings of adaptive clipping. */
  readonly adaptive?: AdaptiveClipping;
  /**
   * What is held of every example while its gradient is clipped: the gradient itself, or only its norm, in which case a
   * second pass through the model adds up the clipped gradients, the loss of each example scaled (ghost clipping, Li et al.,
   * arXiv:2110.05679). Equal but for rounding. Default: `norms` for more than 65,536 parameters.
   */
  readonly perExample?: 'gradients' | 'norms';
  /** Each step draws every example independently with probability `batchSize · accumulate / examples`: what the accountants assume. The default and only way. */
  readonly sampling?: 'poisson';
  /** Who computes ε. Default `pld`. */
  readonly accountant?: AccountantName;
  /**
   * Where noise, draws and the keys of dropout, shots and attacks come from: `cryptographic`, the default, the runtime's
   * `crypto`; or `seeded-unsafe`, the run's seed, which makes runs repeatable for tests and protects nothing, since who knows the seed can subtract the noise.
   */
  readonly randomness?: 'cryptographic' | 'seeded-unsafe';
}

/** Private training as {@link checkPrivacy} has checked and completed it. */
export interface PrivacyPlan {
  readonly clippingNorm: number;
  readonly delta: number;
  readonly noiseMultiplier: number;
  readonly clipping: 'flat' | 'per-layer' | 'adaptive';
  readonly adaptive: Required<AdaptiveClipping> | undefined;
  readonly accountant: AccountantName;
  readonly randomness: 'cryptographic' | 'seeded-unsafe';
  readonly examples: number;
  /** Expected number of examples of a step. */
  readonly batch: number;
  readonly sampleRate: number;
  /** As it was asked for. */
  readonly perExample: 'gradients' | 'norms' | undefined;
  /** Examples whose contributions are added up before they meet those of others: the share that one worker takes at least. */
  readonly stretch: number;
}

/** The stretch of steps of so many examples, where nothing else is asked for. */
export function stretchOf(batch: number): number {
  return Math.min(32, Math.ceil(batch / 8));
}

/** What the data and the other options say about the steps. */
export interface StepsToCome {
  readonly examples: number;
  readonly batch: number;
  readonly steps: number;
  readonly stretch: number;
}

/** Checks the option `privacy`, and finds the noise for a target. */
export function checkPrivacy(
  options: PrivacyOptions,
  { examples, batch, steps, stretch }: StepsToCome,
): PrivacyPlan {
  const { clippingNorm, delta, noiseMultiplier, epsilon } = options;
  const { clipping = 'flat', accountant = 'pld', randomness = 'cryptographic' } = options;
  const { perExample } = options;
  for (const [name, value, allowed] of [
    ['clipping', clipping, ['flat', 'per-layer', 'adaptive']],
    ['sampling', options.sampling ?? 'poisson', ['poisson']],
    ['perExample', perExample ?? 'norms', ['gradients', 'norms']],
    ['accountant', accountant, ['pld', 'rdp']],
    ['randomness', randomness, ['cryptographic', 'seeded-unsafe']],
  ] as const) {
    if (!(allowed as readonly string[]).includes(value))
      throw new ValueError(`fit: privacy.${name} is '${value}', not ${allowed.join(' or ')}`);
  }
  if (batch > examples) {
    throw new ValueError(
      `fit: privacy: steps of ${batch} examples cannot be drawn from ${examples}`,
      { remedy: 'Use a batch size of at most the number of examples' },
    );
  }
  checkDelta('fit: privacy', delta);
  if ((noiseMultiplier === undefined) === (epsilon === undefined)) {
    throw new ValueError('fit: privacy needs either a noiseMultiplier or an epsilon', {
      remedy: 'Give one of the two',
    });
  }
  if (noiseMultiplier !== undefined && !(noiseMultiplier >= 0 && noiseMultiplier < Infinity))
    throw new ValueError(
      `fit: privacy.noiseMultiplier is ${noiseMultiplier}, not a finite number of at least 0`,
    );
  if (!(clippingNorm > 0) || (clippingNorm === Infinity && noiseMultiplier !== 0)) {
    throw new ValueError(
      `fit: privacy.clippingNorm is ${clippingNorm}, not a finite number above 0`,
      {
        remedy: 'Start with 1; noise is in proportion to it',
      },
    );
  }
  const sampleRate = batch / examples;
  const noise =
    noiseMultiplier ??
    noiseMultiplierFor({ epsilon: epsilon!, delta, steps, sampleRate, accountant });
  return {
    clippingNorm,
    delta,
    noiseMultiplier: noise,
    clipping,
    adaptive: clipping === 'adaptive' ? adaptiveOf(options, noise, batch) : undefined,
    accountant,
    randomness,
    examples,
    batch,
    sampleRate,
    stretch,
    perExample,
  };
}

function adaptiveOf(
  { adaptive = {}, clippingNorm }: PrivacyOptions,
  noise: number,
  batch: number,
): Required<AdaptiveClipping> {
  const { quantile = 0.5, rate = 0.2, countNoise = Math.max(batch / 20, 2 * noise) } = adaptive;
  if (clippingNorm === Infinity)
    throw new ValueError('fit: privacy: adaptive clipping cannot start from an infinite norm');
  if (!(quantile > 0 && quantile < 1))
    throw new ValueError(`fit: privacy.adaptive.quantile is ${quantile}, not between 0 and 1`);
  if (!(rate > 0 && rate < Infinity))
    throw new ValueError(`fit: privacy.adaptive.rate is ${rate}, not a finite number above 0`);
  if (!(2 * countNoise > noise || (noise === 0 && countNoise === 0))) {
    throw new ValueError(
      `fit: privacy.adaptive.countNoise is ${countNoise}, not above half the noise multiplier ${noise}, so the count alone would spend more than the whole step may`,
      { remedy: 'Leave it out, or give a larger one' },
    );
  }
  return { quantile, rate, countNoise };
}
