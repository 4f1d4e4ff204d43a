import { UnsupportedError, ValueError } from '@ketwork/base';
import { noiseMultiplierFor } from '@ketwork/training';
import type { FederationPrivacy, LocalNoise, PrivacyTarget } from '../contract.ts';
import type { CentralPlan, RoundsPlan } from '../rounds/state.ts';

/** What privacy depends on. */
export interface PrivacyContext {
  readonly rounds: number;
  readonly clients: number;
  readonly population: number;
  /** A layer that couples examples. */
  readonly coupling: string | undefined;
}

/** Checks the option `privacy` and completes it. */
export function privacyOf(
  where: string,
  privacy: FederationPrivacy | undefined,
  { rounds, clients, population, coupling }: PrivacyContext,
): Pick<RoundsPlan, 'central' | 'privacy'> {
  if (privacy === undefined) return { central: undefined, privacy: undefined };
  if (!['central', 'local', 'examples'].includes(privacy.kind)) {
    throw new ValueError(
      `${where}: privacy.kind is '${privacy.kind}', not central, local or examples`,
    );
  }
  if (coupling !== undefined) {
    throw new UnsupportedError(
      privacy.kind === 'examples'
        ? `${where}: ${coupling} makes every example depend on the others of its batch, so that clipping the gradient of each would bound nothing`
        : `${where}: ${coupling} sends running statistics, which noise would make useless or negative`,
      { remedy: 'Use layerNorm instead of batchNorm' },
    );
  }
  checkTarget(where, privacy);
  if (privacy.kind === 'examples')
    return { central: undefined, privacy: structuredClone({ ...privacy, rounds }) };
  const sampleRate = privacy.kind === 'central' ? clients / population : 1;
  const complete = completed(where, privacy, rounds, sampleRate);
  if (privacy.kind === 'local')
    return { central: undefined, privacy: { ...complete, kind: 'local', rounds } };
  return { central: { ...complete, kind: 'central', sampleRate }, privacy: undefined };
}

/** Checks a target, and finds the noise for it. */
function completed(
  where: string,
  privacy: PrivacyTarget & { readonly clippingNorm: number },
  steps: number,
  sampleRate: number,
): Required<Omit<LocalNoise, 'kind' | 'epsilon'>> & Omit<CentralPlan, 'kind' | 'sampleRate'> {
  const { clippingNorm, delta, epsilon, noiseMultiplier, accountant = 'pld' } = privacy;
  const { randomness = 'cryptographic' } = privacy;
  const noise =
    noiseMultiplier ??
    noiseMultiplierFor({ epsilon: epsilon!, delta, steps, sampleRate, accountant });
  if (!(clippingNorm > 0) || (clippingNorm === Infinity && noise !== 0)) {
    throw new ValueError(
      `${where}: privacy.clippingNorm is ${clippingNorm}, not a finite number above 0`,
      {
        remedy:
          'Start with the median norm of changes without privacy; noise is in proportion to it',
      },
    );
  }
  return { clippingNorm, delta, noiseMultiplier: noise, accountant, randomness };
}

function checkTarget(where: string, privacy: PrivacyTarget): void {
  const { delta, epsilon, noiseMultiplier, accountant = 'pld' } = privacy;
  const { randomness = 'cryptographic' } = privacy;
  if (!(delta > 0 && delta < 1))
    throw new ValueError(`${where}: privacy.delta is ${delta}, not between 0 and 1`, {
      remedy: 'Give a number well below one over the number of those protected, such as 1e-5',
    });
  if ((noiseMultiplier === undefined) === (epsilon === undefined))
    throw new ValueError(`${where}: privacy needs either a noiseMultiplier or an epsilon`, {
      remedy: 'Give one of the two',
    });
  if (noiseMultiplier !== undefined && !(noiseMultiplier >= 0 && noiseMultiplier < Infinity))
    throw new ValueError(
      `${where}: privacy.noiseMultiplier is ${noiseMultiplier}, not a finite number of at least 0`,
    );
  if (accountant !== 'pld' && accountant !== 'rdp')
    throw new ValueError(`${where}: privacy.accountant is '${String(accountant)}', not pld or rdp`);
  if (randomness !== 'cryptographic' && randomness !== 'seeded-unsafe')
    throw new ValueError(
      `${where}: privacy.randomness is '${String(randomness)}', not cryptographic or seeded-unsafe`,
    );
}
