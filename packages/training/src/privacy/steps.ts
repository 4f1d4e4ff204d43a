import { fold, key, split, UnsupportedError } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { couplingLayer, perExampleGrads } from '@ketwork/nn';
import type { BuiltLayer, Loss, MaybePromise, PerExampleGrads, ValueAndGrad } from '@ketwork/nn';
import type { WeightedBatch } from '../data.ts';
import { partOf, piecesOf, weightedLoss } from '../gradient.ts';
import { ClippedSum, groupsOf } from './clipping.ts';
import type { ClippingGroups } from './clipping.ts';
import type { PrivacyPlan } from './options.ts';
import { cryptographic, seededUnsafe } from './randomness.ts';
import type { Randomness } from './randomness.ts';

/** Per-example gradients of one pass take at most so many numbers, 128 MiB; more examples are taken in turn. */
const MOST_NUMBERS = 2 ** 24;

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
  readonly #network: BuiltLayer;
  readonly #gradient: (
    batch: WeightedBatch,
    key: Key,
    first: number,
  ) => MaybePromise<PerExampleGrads>;
  readonly #groups: ClippingGroups;
  readonly #passSize: number;
  readonly #key: Key;
  readonly #secret: Randomness | undefined;
  readonly #noiseMultiplier: number;
  /** Of all parameters together. */
  readonly #numbers: number;

  /**
   * @param passSize Examples of one pass, about; does not change the result.
   * @throws UnsupportedError where examples are coupled, EnvironmentError where cryptographic randomness is lacking.
   */
  constructor(
    plan: PrivacyPlan,
    network: BuiltLayer,
    {
      loss,
      passSize,
      seed,
    }: { readonly loss: Loss; readonly passSize: number; readonly seed: number },
  ) {
    if (network.couplesExamples) {
      throw new UnsupportedError(
        `fit: ${couplingLayer(network)} makes every example depend on the others of its batch, so that clipping the gradient of each would bound nothing`,
        { remedy: 'Use layerNorm instead of batchNorm' },
      );
    }
    this.#secret = plan.randomness === 'cryptographic' ? cryptographic() : undefined;
    this.#plan = plan;
    this.#network = network;
    const weighted = weightedLoss(loss);
    const gradient = perExampleGrads(network, weighted.loss);
    this.#gradient = (batch, passKey, firstExample) => {
      weighted.use(batch.weights);
      return gradient(batch, { key: passKey, firstExample });
    };
    this.#groups = groupsOf(network.parameters, plan.clipping === 'per-layer');
    this.#numbers = network.parameters.reduce((sum, { data }) => sum + data.length, 0);
    const fitting = Math.floor(MOST_NUMBERS / Math.max(1, this.#numbers));
    // Room for what a draw may have above its mean, so that few steps need a short second pass.
    const room = Math.min(2 * passSize, Math.ceil(passSize + 4 * Math.sqrt(passSize)));
    this.#passSize = Math.max(1, Math.min(room, fitting));
    // The first two keys of a run order and drop out.
    this.#key = split(key(seed), 3)[2]!;
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

  /** Mean loss of the drawn examples, and the noisy sum of their clipped gradients over the expected number of examples. */
  async gradient(
    batch: WeightedBatch,
    passKey: Key,
    step: number,
    state: PrivacyState,
  ): Promise<ValueAndGrad> {
    const { batch: expected } = this.#plan;
    const total = new ClippedSum(this.#network.parameters, this.#groups, state.norm);
    const outputs: Float64Array[] = [];
    let loss = 0;
    const pieces = piecesOf(batch.count, this.#passSize);
    for (const piece of pieces) {
      const part = pieces.length === 1 ? batch : partOf(batch, piece);
      const result = await this.#gradient(part, passKey, piece.first);
      total.add(result.grads, piece.count);
      outputs.push(result.outputs);
      for (const one of result.losses) loss += one;
    }
    const random = this.#randomness(2 * step + 1);
    // No product with 0 where the norm is infinite, which is allowed without noise only.
    const deviation = this.#noiseMultiplier === 0 ? 0 : this.#noiseMultiplier * state.norm;
    const noise = deviation === 0 ? undefined : random.normal(this.#numbers);
    let at = 0;
    for (const sum of total.sum) {
      for (let i = 0; i < sum.length; i++, at++)
        sum[i] = (sum[i]! + (noise === undefined ? 0 : deviation * noise[at]!)) / expected;
    }
    this.#adapt(state, total.unclipped, batch.count, random);
    state.steps++;
    return { loss: loss / batch.count, outputs: joined(outputs), grads: total.sum };
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

/** The noise on gradients: a little more where counts share the step's budget, so that both together cost what the plan says. */
export function gradientNoise({ noiseMultiplier, adaptive }: PrivacyPlan): number {
  if (adaptive === undefined || noiseMultiplier === 0) return noiseMultiplier;
  return 1 / Math.sqrt(noiseMultiplier ** -2 - (2 * adaptive.countNoise) ** -2);
}

function joined(arrays: readonly Float64Array[]): Float64Array {
  if (arrays.length === 1) return arrays[0]!;
  const out = new Float64Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    out.set(array, at);
    at += array.length;
  }
  return out;
}
