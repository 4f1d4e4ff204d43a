import { fold, key, split } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import type { BuiltLayer, MaybePromise, ValueAndGrad } from '@ketwork/nn';
import type { WeightedBatch } from '../data.ts';
import type { Contribute, Contribution } from './contributions.ts';
import type { PrivacyPlan } from './options.ts';
import { cryptographic, seededUnsafe } from './randomness.ts';
import type { Randomness, SecretRandomness } from './randomness.ts';

/** What changes in the course of private training besides the parameters. */
export interface PrivacyState {
  /** Steps that were taken with noise. */
  steps: number;
  /** The clipping norm of the next step. */
  norm: number;
}

/** The draws and gradients of private training (Abadi et al. 2016, arXiv:1607.00133, algorithm 1). */
export class PrivateSteps {
  readonly #plan: PrivacyPlan;
  /** Sums of a step, whose memory the next one uses again. */
  readonly #total: readonly Float64Array[];
  readonly #contribute: Contribute;
  readonly #key: Key;
  readonly #secret: SecretRandomness | undefined;
  readonly #noiseMultiplier: number;
  /** Room for the noise of a step, one number for each parameter's number. */
  readonly #noise: Float64Array;
  /** Room for some gaps between the examples of a step, and for these. */
  readonly #gaps: Float64Array;
  #drawn = new Uint32Array(0);

  /**
   * @param contribute Computes the clipped gradients.
   * @throws EnvironmentError where cryptographic randomness is lacking.
   */
  constructor(plan: PrivacyPlan, network: BuiltLayer, seed: number, contribute: Contribute) {
    this.#secret = plan.randomness === 'cryptographic' ? cryptographic() : undefined;
    this.#plan = plan;
    this.#total = network.parameters.map(({ data }) => new Float64Array(data.length));
    this.#contribute = contribute;
    this.#noise = new Float64Array(this.#total.reduce((sum, { length }) => sum + length, 0));
    this.#gaps = new Float64Array(Math.ceil(plan.batch + 3 * Math.sqrt(plan.batch)) + 1);
    // The first keys of a run order, drop out and attack.
    this.#key = split(key(seed), 4)[3]!;
    this.#noiseMultiplier = gradientNoise(plan);
  }

  /** The state before the first step. */
  init(): PrivacyState {
    return { steps: 0, norm: this.#plan.clippingNorm };
  }

  /** The draws of so many steps, from this one on. */
  *draws(first: number, count: number): IterableIterator<Uint32Array> {
    for (let i = 0; i < count; i++) yield this.draw(first + i);
  }

  /** The examples of step `step` (from 0): each of them with the probability of the plan, in their order. */
  draw(step: number): Uint32Array {
    const { examples, sampleRate } = this.#plan;
    const random = this.#randomness(2 * step);
    const perMiss = -Math.log1p(-sampleRate);
    const gaps = this.#gaps;
    let drawn = this.#drawn;
    let count = 0;
    // The number of examples between two that are drawn has a geometric distribution.
    for (let e = -1; e < examples;) {
      random.exponential(gaps.length, gaps);
      if (drawn.length < count + gaps.length) {
        this.#drawn = new Uint32Array(2 * (count + gaps.length));
        this.#drawn.set(drawn);
        drawn = this.#drawn;
      }
      for (let i = 0; i < gaps.length; i++) {
        e += 1 + Math.floor(gaps[i]! / perMiss);
        if (e >= examples) break;
        drawn[count++] = e;
      }
    }
    return drawn.slice(0, count);
  }

  /**
   * The key of what step `step` draws besides examples and noise: dropout, shots, attacks; from `root` where it is seeded. Numbers are drawn by place in the
   * batch, and one example less moves all that follow; where nobody knows the key, every place is as good as any other.
   */
  passKey(root: Key, step: number): Key {
    return this.#secret?.key() ?? fold(root, step);
  }

  /**
   * Mean loss of the drawn examples, and the noisy sum of their clipped gradients over the expected number of examples;
   * it is good until the next step.
   */
  gradient(
    batch: WeightedBatch,
    passKey: Key,
    step: number,
    state: PrivacyState,
  ): MaybePromise<ValueAndGrad> {
    for (const sum of this.#total) for (let i = 0; i < sum.length; i++) sum[i] = 0;
    const share = { batch, first: 0, key: passKey, norm: state.norm };
    const made = this.#contribute(share, (stretch) => {
      for (let p = 0; p < stretch.length; p++) addTo(this.#total[p]!, stretch[p]!);
    });
    return made instanceof Promise
      ? made.then((contribution) => this.#finish(contribution, batch.count, step, state))
      : this.#finish(made, batch.count, step, state);
  }

  #finish(
    { losses, outputs, unclipped }: Contribution,
    drawn: number,
    step: number,
    state: PrivacyState,
  ): ValueAndGrad {
    const { batch: expected } = this.#plan;
    const total = this.#total;
    let loss = 0;
    for (let e = 0; e < losses.length; e++) loss += losses[e]!;
    const random = this.#randomness(2 * step + 1);
    // No product with 0 where the norm is infinite, which is allowed without noise only.
    const deviation = this.#noiseMultiplier === 0 ? 0 : this.#noiseMultiplier * state.norm;
    if (deviation === 0) {
      for (const sum of total) for (let i = 0; i < sum.length; i++) sum[i]! /= expected;
    } else {
      const noise = random.normal(this.#noise.length, this.#noise);
      let at = 0;
      for (const sum of total)
        for (let i = 0; i < sum.length; i++, at++)
          sum[i] = (sum[i]! + deviation * noise[at]!) / expected;
    }
    this.#adapt(state, unclipped, drawn, random);
    state.steps++;
    return { loss: loss / drawn, outputs, grads: total };
  }

  /** The norm follows the noisy share of gradients within it (Andrew et al. 2021, algorithm 1). */
  #adapt(state: PrivacyState, unclipped: number, drawn: number, random: Randomness): void {
    const { adaptive, batch: expected } = this.#plan;
    if (adaptive === undefined) return;
    const { quantile, rate, countNoise } = adaptive;
    const noise = countNoise * random.normal(1)[0]!;
    // Counts of ±½ move by ½ with one example, counts of 0 and 1 by 1.
    const share = 0.5 + (unclipped - drawn / 2 + noise) / expected;
    state.norm *= Math.exp(-rate * (Math.min(1, Math.max(0, share)) - quantile));
  }

  #randomness(stream: number): Randomness {
    return this.#secret ?? seededUnsafe(fold(this.#key, stream));
  }
}

function addTo(sum: Float64Array, more: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += more[i]!;
}

/** The noise on gradients: a little more where counts share the step's budget, so that both together cost what the plan says. */
export function gradientNoise({ noiseMultiplier, adaptive }: PrivacyPlan): number {
  if (adaptive === undefined || noiseMultiplier === 0) return noiseMultiplier;
  return 1 / Math.sqrt(noiseMultiplier ** -2 - (2 * adaptive.countNoise) ** -2);
}
