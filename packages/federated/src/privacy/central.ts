import type { Key } from '@ketwork/base';
import { cryptographic, epsilonSpent, seededUnsafe } from '@ketwork/training';
import type { Randomness } from '@ketwork/training';
import type { PrivacyTarget, Update, WeightsLayout } from '../contract.ts';
import type { CentralPlan } from '../rounds/state.ts';
import { clippingFactor } from '../vectors.ts';

/** Random numbers of one use. */
export function randomnessOf(
  { randomness }: Pick<PrivacyTarget, 'randomness'>,
  key: Key,
): Randomness {
  return randomness === 'seeded-unsafe' ? seededUnsafe(key) : cryptographic();
}

/** ε after so many rounds. */
export function spentBy(
  { noiseMultiplier, sampleRate, delta, accountant }: CentralPlan,
  rounds: number,
): number {
  return epsilonSpent(accountant, [{ noiseMultiplier, sampleRate, steps: rounds }], delta);
}

/** The sum of changes of parameters, each clipped, whatever its participant did; buffers count as unchanged. */
export function privateChange(
  updates: readonly Update[],
  before: Float64Array,
  { size, trained }: WeightsLayout,
  norm: number,
): Float64Array {
  const sum = new Float64Array(size);
  for (const { weights } of updates) {
    const factor = clippingFactor(weights, before, trained, norm);
    for (let i = 0; i < trained; i++) sum[i]! += factor * (weights[i]! - before[i]!);
  }
  return sum;
}
