import type { Key } from '@ketwork/base';
import { cryptographic, pldAccountant, rdpAccountant, seededUnsafe } from '@ketwork/training';
import type { PrivacyAccountant, Randomness, SampledGaussian } from '@ketwork/training';
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

/** The accountant of that name. */
export function accountantOf(
  name: 'rdp' | 'pld' | undefined,
  mechanisms: SampledGaussian | readonly SampledGaussian[],
): PrivacyAccountant {
  return name === 'rdp' ? rdpAccountant(mechanisms) : pldAccountant(mechanisms);
}

/** ε after so many rounds. */
export function spentBy(
  { noiseMultiplier, sampleRate, delta, accountant }: CentralPlan,
  rounds: number,
): number {
  if (noiseMultiplier === 0) return Infinity;
  return accountantOf(accountant, { noiseMultiplier, sampleRate, steps: rounds }).epsilon(delta);
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
