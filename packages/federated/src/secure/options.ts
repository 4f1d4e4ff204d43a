import { UnsupportedError, ValueError } from '@ketwork/base';
import type { FederationOptions, SecureTask, Strategy, WeightsLayout } from '../contract.ts';
import type { CentralPlan, SecurePlan } from '../rounds/state.ts';

/** What secure aggregation depends on. */
export interface SecureContext {
  readonly layout: WeightsLayout;
  /** Participants per round. */
  readonly clients: number;
  readonly strategy: Strategy;
  readonly central: CentralPlan | undefined;
  readonly maxExamples: number;
}

/**
 * Checks the option `secureAggregation` and completes it.
 *
 * @throws ValueError where a setting is out of range; UnsupportedError where another option needs single updates.
 */
export function secureOf(
  where: string,
  { secureAggregation, privacy, maxNorm }: FederationOptions,
  { layout, clients, strategy, central, maxExamples }: SecureContext,
): SecurePlan | undefined {
  if (secureAggregation === undefined) return undefined;
  const { clippingNorm, threshold = 2 / 3, protocol = 'full' } = secureAggregation;
  const refuse = (what: string, remedy: string): UnsupportedError =>
    new UnsupportedError(`${where}: with secure aggregation ${what}`, { remedy });
  if (strategy.combine !== undefined) {
    throw refuse(
      `only sums of updates are known, but ${strategy.name} compares single ones`,
      'Use fedAvg, fedProx, fedAvgM or fedAdam',
    );
  }
  if (maxNorm !== undefined) {
    throw refuse(
      'nobody sees the norm of an update, so that maxNorm cannot be checked',
      'Leave it out: participants clip to secureAggregation.clippingNorm',
    );
  }
  if (layout.size !== layout.trained) {
    const name = layout.entries.at(-1)!.name;
    throw refuse(
      `updates are clipped, but buffers such as ${name} have no natural bound`,
      'Keep them personal, or use layers without running statistics',
    );
  }
  if (privacy !== undefined && privacy.kind !== 'central') {
    throw refuse(
      `participants do not say what they have spent of privacy of the kind '${privacy.kind}'`,
      'Use central privacy, or one of the two',
    );
  }
  const norm = central?.clippingNorm ?? clippingNorm;
  if (central !== undefined && clippingNorm !== undefined && clippingNorm !== norm) {
    throw new ValueError(
      `${where}: secureAggregation.clippingNorm is ${clippingNorm}, privacy.clippingNorm ${norm}`,
      { remedy: 'Leave the first one out' },
    );
  }
  if (norm === undefined || !(norm > 0) || norm === Infinity) {
    throw new ValueError(
      `${where}: secureAggregation.clippingNorm is ${norm}, not a finite number above 0`,
      { remedy: 'Start with about the largest norm of changes that training makes, such as 10' },
    );
  }
  if (!(threshold > 0.5 && threshold <= 1)) {
    throw new ValueError(
      `${where}: secureAggregation.threshold is ${threshold}, not above 1/2 and at most 1`,
      { remedy: 'Give the share of participants that must stay to the end, such as 2/3' },
    );
  }
  if (protocol !== 'full' && protocol !== 'sum-only') {
    throw new ValueError(
      `${where}: secureAggregation.protocol is '${String(protocol)}', not full or sum-only`,
    );
  }
  if (clients < 2) {
    throw new ValueError(`${where}: the sum of one participant's updates hides nothing`, {
      remedy: 'Ask at least two participants per round',
    });
  }
  if (maxExamples > 2 ** 32) {
    throw new ValueError(`${where}: maxExamples is ${maxExamples}; secure sums count up to 2^32`);
  }
  return { clippingNorm: norm, threshold, protocol, maxExamples, weighted: central === undefined };
}

/** What participants must know to write updates as integers. */
export function secureTask(
  { clippingNorm, maxExamples, weighted }: SecurePlan,
  participants: number,
): SecureTask {
  return { participants, clippingNorm, maxExamples, weighted };
}
