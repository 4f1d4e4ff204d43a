import { fold, key } from '@ketwork/base';
import { epsilonSpent, noiseMultiplierFor } from '@ketwork/training';
import type { PrivacyOptions } from '@ketwork/training';
import type { ParticipantPrivacy, RoundTask } from '../contract.ts';
import { randomnessOf } from '../privacy/central.ts';
import { clippingFactor } from '../vectors.ts';

/** Keeps the noise on answers apart from what `fit` draws of the same seed. */
const ANSWER = 2 ** 41;

type OfKind<K extends ParticipantPrivacy['kind']> = Extract<
  ParticipantPrivacy,
  { readonly kind: K }
>;

/** Noise multipliers found for targets, by the target: finding one takes a second, and most participants are alike. */
const found = new Map<string, number>();

/** How a participant with so many examples trains where examples are protected: the noise is for all rounds together. */
export function privateTraining(
  privacy: OfKind<'examples'>,
  { epochs, batchSize }: Pick<RoundTask, 'epochs' | 'batchSize'>,
  examples: number,
): PrivacyOptions {
  const { rounds, epsilon, ...options } = privacy;
  if (epsilon === undefined) return options;
  const target = {
    epsilon,
    delta: options.delta,
    sampleRate: batchSize / examples,
    steps: rounds * epochs * Math.ceil(examples / batchSize),
    accountant: options.accountant ?? 'pld',
  };
  const name = JSON.stringify(target);
  const noiseMultiplier = found.get(name) ?? noiseMultiplierFor(target);
  found.set(name, noiseMultiplier);
  return { ...options, noiseMultiplier };
}

/** ε that a participant has spent after so many rounds of private training. */
export function spentByTraining(
  { noiseMultiplier = 0, accountant = 'pld', delta }: PrivacyOptions,
  { epochs, batchSize }: Pick<RoundTask, 'epochs' | 'batchSize'>,
  examples: number,
  rounds: number,
): number {
  const steps = rounds * epochs * Math.ceil(examples / batchSize);
  const sampleRate = batchSize / examples;
  return epsilonSpent(accountant, [{ noiseMultiplier, sampleRate, steps }], delta);
}

/** ε that a participant has spent after so many noisy answers. */
export function spentByAnswers(
  { noiseMultiplier = 0, accountant = 'pld', delta }: OfKind<'local'>,
  rounds: number,
): number {
  return epsilonSpent(accountant, [{ noiseMultiplier, sampleRate: 1, steps: rounds }], delta);
}

/** Scales the change of the first `trained` weights down to a norm, in place. */
export function clip(
  after: Float64Array,
  before: Float64Array,
  trained: number,
  norm: number,
): void {
  const factor = clippingFactor(after, before, trained, norm);
  if (factor === 1) return;
  for (let i = 0; i < trained; i++) after[i] = before[i]! + factor * (after[i]! - before[i]!);
}

/**
 * Adds noise to the clipped change of the first `trained` weights, in place; the others are as before. Weights may be
 * anything that a coordinator makes up, so that nothing of the data shows beside the noise: a change that is not finite
 * counts as none, and sums are rounded only after the noise is in them.
 */
export function addNoise(
  after: Float64Array,
  before: Float64Array,
  trained: number,
  privacy: OfKind<'local'>,
  { seed, round }: Pick<RoundTask, 'seed' | 'round'>,
): void {
  const { clippingNorm, noiseMultiplier } = privacy;
  after.set(before.subarray(trained), trained);
  if (noiseMultiplier === 0) {
    clip(after, before, trained, clippingNorm);
    return;
  }
  const factor = clippingFactor(after, before, trained, clippingNorm);
  // The factor is 0 or none where the change has no finite norm.
  const change = (i: number): number => (factor > 0 ? factor * (after[i]! - before[i]!) : 0);
  // Two clipped changes are at most twice the norm apart.
  const deviation = noiseMultiplier! * 2 * clippingNorm;
  const random = randomnessOf(privacy, fold(fold(key(seed), ANSWER), round));
  const noise = random.normal(trained);
  for (let i = 0; i < trained; i++) after[i] = before[i]! + (change(i) + deviation * noise[i]!);
}
