import { fold, key, split } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import type { BuiltLayer, ValueAndGrad } from '@ketwork/nn';
import type { WeightedBatch } from '../data.ts';
import type { Contribute } from './contributions.ts';
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
  /** Of all parameters together. */
  readonly #numbers: number;

  /**
   * @param contribute Computes the clipped gradients.
   * @throws EnvironmentError where cryptographic randomness is lacking.
   */
  constructor(plan: PrivacyPlan, network: BuiltLayer, seed: number, contribute: Contribute) {
    this.#secret = plan.randomness === 'cryptographic' ? cryptographic() : undefined;
    this.#plan = plan;
    this.#total = network.parameters.map(({ data }) => new Float64Array(data.length));
    this.#contribute = contribute;
    this.#numbers = network.parameters.reduce((sum, { data }) => sum + data.length, 0);
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
    const { examples, sampleRate, batch } = this.#plan;
    const random = this.#randomness(2 * step);
    const logMiss = Math.log1p(-sampleRate);
    const atOnce = Math.ceil(batch + 3 * Math.sqrt(batch)) + 1;
    const drawn: number[] = [];
    // The number of examples between two that are drawn has a geometric distribution.
    for (let e = -1; e < examples;) {
      for (const u of random.uniform(atOnce)) {
        e += 1 + Math.floor(Math.log1p(-u) / logMiss);
        if (e >= examples) break;
        drawn.push(e);
      }
    }
    return Uint32Array.from(drawn);
  }

  /**
   * The key of what a step draws besides examples and noise: dropout, shots, attacks. Numbers are drawn by place in the
   * batch, and one example less moves all that follow; where nobody knows the key, every place is as good as any other.
   */
  passKey(seeded: Key): Key {
    return this.#secret?.key() ?? seeded;
  }

  /**
   * Mean loss of the drawn examples, and the noisy sum of their clipped gradients over the expected number of examples;
   * it is good until the next step.
   */
  async gradient(
    batch: WeightedBatch,
    passKey: Key,
    step: number,
    state: PrivacyState,
  ): Promise<ValueAndGrad> {
    const { batch: expected } = this.#plan;
    const total = this.#total;
    for (const sum of total) sum.fill(0);
    const share = { batch, first: 0, key: passKey, norm: state.norm };
    const { losses, outputs, unclipped } = await this.#contribute(share, (stretch) => {
      for (let p = 0; p < total.length; p++) addTo(total[p]!, stretch[p]!);
    });
    let loss = 0;
    for (const one of losses) loss += one;
    const random = this.#randomness(2 * step + 1);
    // No product with 0 where the norm is infinite, which is allowed without noise only.
    const deviation = this.#noiseMultiplier === 0 ? 0 : this.#noiseMultiplier * state.norm;
    const noise = deviation === 0 ? undefined : random.normal(this.#numbers);
    let at = 0;
    for (const sum of total) {
      for (let i = 0; i < sum.length; i++, at++)
        sum[i] = (sum[i]! + (noise === undefined ? 0 : deviation * noise[at]!)) / expected;
    }
    this.#adapt(state, unclipped, batch.count, random);
    state.steps++;
    return { loss: loss / batch.count, outputs, grads: total };
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
