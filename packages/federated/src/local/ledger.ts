import { UnsupportedError, ValueError } from '@ketwork/base';
import { epsilonSpent } from '@ketwork/training';
import type { FitOptions, SampledGaussian } from '@ketwork/training';
import type { RoundTask } from '../contract.ts';

/** What a participant lets its answers tell, whatever the coordinator asks for. */
export interface PrivacyLimit {
  /** Largest ε of all its rounds together. */
  readonly epsilon: number;
  /** δ of it. */
  readonly delta: number;
}

/**
 * A participant's own account of what it has spent: the coordinator says how much noise there shall be, and need not be
 * trusted to say the same in every round.
 */
export class PrivacyLedger {
  readonly #limit: PrivacyLimit;
  #spent: readonly SampledGaussian[];

  /**
   * @param spent What was spent before.
   * @throws ValueError where the limit is none.
   */
  constructor(limit: PrivacyLimit, spent: readonly SampledGaussian[] = []) {
    const { epsilon, delta } = limit;
    if (!(epsilon > 0 && epsilon < Infinity) || !(delta > 0 && delta < 1)) {
      throw new ValueError(
        `the privacy limit ε = ${epsilon}, δ = ${delta} is not a finite ε above 0 and a δ between 0 and 1`,
      );
    }
    this.#limit = limit;
    this.#spent = spent;
  }

  /** What all rounds so far have spent. */
  get spent(): readonly SampledGaussian[] {
    return this.#spent;
  }

  /**
   * Writes a round down before it is trained.
   * @param options How it will be trained.
   * @throws UnsupportedError where the task keeps nothing secret from the coordinator; ValueError where it would spend more
   * than is allowed. Nothing is written down then.
   */
  admit({ privacy, epochs }: RoundTask, options: FitOptions, examples: number): void {
    const { epsilon, delta } = this.#limit;
    if (privacy === undefined) {
      throw new UnsupportedError(
        'the coordinator asks for an update that is not private, which this participant does not give',
        {
          remedy:
            "Make the federation with privacy of kind 'local' or 'examples', or join without a limit",
        },
      );
    }
    if (privacy.kind !== 'local' && privacy.kind !== 'examples')
      throw new UnsupportedError('the coordinator asks for a kind of privacy that is not known', {
        remedy: 'Use the same version on both sides',
      });
    if (privacy.randomness === 'seeded-unsafe')
      throw new UnsupportedError(
        'the coordinator asks for noise from a seed that it knows, which protects nothing',
        { remedy: 'Make the federation with cryptographic randomness' },
      );
    if (!(privacy.clippingNorm > 0 && privacy.clippingNorm < Infinity))
      throw new ValueError(`the task has a clipping norm of ${privacy.clippingNorm}`);
    const batchSize = options.batchSize!;
    const round: SampledGaussian =
      privacy.kind === 'local'
        ? { noiseMultiplier: privacy.noiseMultiplier ?? 0, sampleRate: 1, steps: 1 }
        : {
            noiseMultiplier: options.privacy!.noiseMultiplier ?? 0,
            sampleRate: batchSize / examples,
            steps: epochs * Math.ceil(examples / batchSize),
          };
    const after = joined(this.#spent, round);
    const spent = epsilonSpent('pld', after, delta);
    if (!(spent <= epsilon)) {
      throw new ValueError(
        `with this round the participant would have spent ε = ${spent.toPrecision(4)}, more than the ${epsilon} it allows`,
        { remedy: 'Ask for more noise or fewer rounds, or join with a larger limit' },
      );
    }
    this.#spent = after;
  }
}

/** Steps and more of them; equal ones become one entry. */
function joined(spent: readonly SampledGaussian[], more: SampledGaussian): SampledGaussian[] {
  const like = spent.findIndex(
    ({ noiseMultiplier, sampleRate }) =>
      noiseMultiplier === more.noiseMultiplier && sampleRate === more.sampleRate,
  );
  if (like < 0) return [...spent, more];
  return spent.map((one, i) => (i === like ? { ...one, steps: one.steps + more.steps } : one));
}
