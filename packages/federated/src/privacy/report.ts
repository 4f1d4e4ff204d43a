import type { FederationPrivacy } from '../contract.ts';
import type { CentralPlan, RoundsPlan, RoundsState } from '../rounds/state.ts';
import { spentBy } from './central.ts';

/** What a private federation guarantees, and under what assumptions; plain data. */
export interface FederationPrivacyReport {
  /** Who provides privacy for whom, see {@link FederationPrivacy}. */
  readonly kind: FederationPrivacy['kind'];
  /** ε spent: of the federation where privacy is central, else the largest that a participant states. */
  readonly epsilon: number;
  /** δ of the guarantee. */
  readonly delta: number;
  /** ε of each participant that has answered, by name, as it states it; empty where privacy is central. */
  readonly participants: Readonly<Record<string, number>>;
  /** What was done in every round, in words. */
  readonly mechanism: string;
  /** Standard deviation of the noise over the sensitivity; absent where participants find it for their own data. */
  readonly noiseMultiplier?: number;
  /** Probability with which a round draws a participant, where that counts. */
  readonly sampleRate?: number;
  /** Norm to which changes, or gradients of examples, were clipped. */
  readonly clippingNorm: number;
  /** Rounds that were finished. */
  readonly rounds: number;
  /** What must hold for the guarantee. */
  readonly assumptions: readonly string[];
  /** What speaks against relying on it; empty where nothing is known. */
  readonly warnings: readonly string[];
}

const COMMON = [
  'Settings were not chosen on the same data; every further federation on it spends as well.',
  'Noise is drawn in double precision, not from a discrete distribution.',
];
const ASSUMPTIONS: Readonly<Record<FederationPrivacy['kind'], readonly string[]>> = {
  central: [
    'Neighbouring federations differ by one participant with all its data, added or removed.',
    'The coordinator is honest: it sees who was drawn, and single updates unless they are added in secret.',
    'Weights, settings and the number of participants are public. Records of rounds are not: who took part, local losses and numbers of examples.',
    'Whether a participant drops out does not depend on the data of others.',
  ],
  local: [
    'Neighbouring participants differ in all their data; the coordinator need not be trusted.',
    'The number of examples of every participant is public, as are the settings.',
    'Participants answer every round they take part in once, or send the same answer again.',
  ],
  examples: [
    'Neighbouring data sets differ by one example of one participant, added or removed; the coordinator need not be trusted.',
    'The number of examples of every participant is public, as are the settings.',
    'Participants answer every round they take part in once, or send the same answer again.',
  ],
};
const MECHANISM: Readonly<Record<FederationPrivacy['kind'], string>> = {
  central:
    'Poisson-sampled Gaussian mechanism: changes of participants clipped, summed, noise added by the coordinator, divided by the expected number of participants',
  local:
    'Gaussian mechanism at each participant: its change clipped, and noise added for a sensitivity of twice the clipping norm',
  examples:
    'DP-SGD at each participant: gradients of Poisson-sampled examples clipped, summed, and noise added to the sum',
};

const SUMMED =
  'Whether enough participants stay for a secure sum, and thus whether a round is repeated, does not depend on a single one of them.';

/** What secure aggregation takes from the guarantee of central privacy, whose accountant knows nothing of it. */
function warningsOfSums(central: CentralPlan, population: number, rounds: number): string[] {
  const { sampleRate: rate, delta, noiseMultiplier } = central;
  if (rate === 1 || rounds === 0 || noiseMultiplier === 0) return [];
  const shown = (value: number): string => String(Number(value.toPrecision(3)));
  // A round of one counts nobody: there one participant more or less changes what another one's update does.
  const alone = population * rate * (1 - rate) ** (population - 1);
  const more = rounds * (1 + Math.exp(spentBy(central, rounds))) * alone;
  return [
    `The participants of a round are told of one another, so that nothing is won by drawing against them: there ε is up to ${shown(spentBy({ ...central, sampleRate: 1 }, rounds))}.`,
    ...(more <= delta / 100
      ? []
      : [
          `Rounds of which a single participant is drawn count nobody, which adds up to ${shown(Math.min(1, more))} to δ; draw more.`,
        ]),
  ];
}

/** The report on a federation that stands here; undefined where it is not private. */
export function privacyReport(
  { central, privacy, population, secure }: RoundsPlan,
  { history, epsilons }: RoundsState,
): FederationPrivacyReport | undefined {
  const settings: CentralPlan | RoundsPlan['privacy'] = central ?? privacy;
  if (settings === undefined) return undefined;
  const { kind, delta, noiseMultiplier, clippingNorm, randomness = 'cryptographic' } = settings;
  const rounds = history.length;
  const stated = Object.values(epsilons);
  const epsilon =
    central === undefined ? Math.max(0, ...stated) : rounds === 0 ? 0 : spentBy(central, rounds);
  return {
    kind,
    epsilon,
    delta,
    participants: { ...epsilons },
    mechanism: MECHANISM[kind],
    ...(noiseMultiplier === undefined ? {} : { noiseMultiplier }),
    ...(central === undefined ? {} : { sampleRate: central.sampleRate }),
    clippingNorm,
    rounds,
    assumptions: [...ASSUMPTIONS[kind], ...(secure === undefined ? [] : [SUMMED]), ...COMMON],
    warnings: [
      ...(noiseMultiplier === 0 ? ['There was no noise, so nothing is guaranteed.'] : []),
      ...(randomness === 'cryptographic'
        ? []
        : ['Noise and draws follow from a seed: whoever knows it can undo them.']),
      ...(central === undefined || delta < 1 / population
        ? []
        : [
            `δ is not below one over the number of participants, ${population}: it would allow publishing one of them.`,
          ]),
      ...(central === undefined || secure === undefined
        ? []
        : warningsOfSums(central, population, rounds)),
    ],
  };
}
