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

/** What an answer without noise tells: everything. */
const EVERYTHING: SampledGaussian = { noiseMultiplier: 0, sampleRate: 1, steps: 1 };

/**
 * A participant's own account of what it has spent: the coordinator says how much noise there shall be, and need not be
 * trusted to say the same in every round. It is kept where there is no limit too, since there may be one another time.
 */
export class PrivacyLedger {
  readonly #limit: PrivacyLimit | undefined;
  #spent: readonly SampledGaussian[];

  /**
   * @param limit What may be spent. Undefined: everything.
   * @param spent What was spent before.
   * @throws ValueError where the limit is none.
   */
  constructor(limit?: PrivacyLimit, spent: readonly SampledGaussian[] = []) {
    if (limit !== undefined) checkLimit(limit);
    this.#limit = limit;
    this.#spent = spent;
  }

  /** What all rounds so far have spent. */
  get spent(): readonly SampledGaussian[] {
    return this.#spent;
  }

  /** Goes on with what was spent before. */
  resume(spent: readonly SampledGaussian[]): void {
    this.#spent = spent;
  }

  /**
   * Writes a round down before it is trained.
   * @param options How it will be trained.
   * @throws UnsupportedError where the task keeps nothing secret from the coordinator; ValueError where it would spend more
   * than is allowed. Nothing is written down then.
   */
  admit(task: RoundTask, options: FitOptions, examples: number): void {
    const limit = this.#limit;
    if (limit !== undefined) checkSecrecy(task);
    const after = joined(this.#spent, spentBy(task, options, examples));
    if (limit !== undefined) {
      const spent = epsilonSpent('pld', after, limit.delta);
      if (!(spent <= limit.epsilon)) {
        throw new ValueError(
          `with this round the participant would have spent ε = ${spent.toPrecision(4)}, more than the ${limit.epsilon} it allows`,
          { remedy: 'Ask for more noise or fewer rounds, or join with a larger limit' },
        );
      }
    }
    this.#spent = after;
  }
}

function checkLimit({ epsilon, delta }: PrivacyLimit): void {
  if (epsilon > 0 && epsilon < Infinity && delta > 0 && delta < 1) return;
  throw new ValueError(
    `the privacy limit ε = ${epsilon}, δ = ${delta} is not a finite ε above 0 and a δ between 0 and 1`,
  );
}

/** Refuses tasks that keep nothing secret from the coordinator. */
function checkSecrecy({ privacy }: RoundTask): void {
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
}

/** What a round spends; whatever hides nothing from the coordinator, all. */
function spentBy(
  { privacy, epochs }: RoundTask,
  options: FitOptions,
  examples: number,
): SampledGaussian {
  if (privacy === undefined || privacy.randomness === 'seeded-unsafe') return EVERYTHING;
  const noiseMultiplier =
    (privacy.kind === 'local' ? privacy : options.privacy)?.noiseMultiplier ?? 0;
  const bounded = privacy.clippingNorm > 0 && privacy.clippingNorm < Infinity;
  if (!(noiseMultiplier > 0 && noiseMultiplier < Infinity) || !bounded) return EVERYTHING;
  if (privacy.kind === 'local') return { noiseMultiplier, sampleRate: 1, steps: 1 };
  const batchSize = options.batchSize!;
  return {
    noiseMultiplier,
    sampleRate: batchSize / examples,
    steps: epochs * Math.ceil(examples / batchSize),
  };
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
