import type { Claim } from '../../common/experiment.ts';
import type { Checks } from './checks.ts';

/** What holds the probabilities. */
export type Kind = 'transformer' | 'string state' | 'RBM';

/** An evolution that was learned step by step. */
export interface Dynamics {
  readonly kind: Kind;
  readonly sites: number;
  /** `full`, or so many samples at every iteration. */
  readonly mode: string;
  readonly seed: number;
  /** Times, from 0. */
  readonly times: readonly number[];
  /** ⟨Z⟩, mean over the sites. */
  readonly z: readonly number[];
  /** The same, exact. */
  readonly exactZ: readonly number[];
  /** Σ |p - exact|. */
  readonly l1: readonly number[];
  /** Largest less least ⟨Z_j⟩ over the sites. */
  readonly spread: readonly number[];
  /** Largest deviation of Σ p from 1. */
  readonly sum: number;
  /** Mean loss of the last ten iterations of each step. */
  readonly losses: readonly number[];
}

/** A steady state that was learned. */
export interface Steady {
  readonly kind: Kind;
  readonly sites: number;
  readonly mode: string;
  readonly seed: number;
  /** Strength g of the field. */
  readonly field: number;
  /** ⟨X⟩, ⟨Y⟩, ⟨Z⟩, means over the sites. */
  readonly found: readonly number[];
  readonly exact: readonly number[];
  /** Σ |p - exact|. */
  readonly l1: number;
  readonly loss: number;
}

/** Steady ⟨X⟩, ⟨Y⟩, ⟨Z⟩ of the card, by number of sites. */
export const KNOWN: Readonly<Record<string, readonly number[]>> = {
  3: [0.4148, 0.1926, -0.8074],
  4: [0.4398, 0.1872, -0.8128],
};

/** Largest |⟨Z⟩ - exact| over the times. */
export function worstZ({ z, exactZ }: Dynamics): number {
  return Math.max(...z.map((x, i) => Math.abs(x - exactZ[i]!)));
}

/** Largest of some numbers. */
export const most = (values: readonly number[]): number => Math.max(...values);

/** Largest error of ⟨X⟩, ⟨Y⟩, ⟨Z⟩. */
export function worstMean({ found, exact }: Steady): number {
  return most(found.map((x, i) => Math.abs(x - exact[i]!)));
}

/** The criteria of the card. Those that a quick run measures too little for are null. */
export function judge(
  dynamics: readonly Dynamics[],
  steady: readonly Steady[],
  checks: Checks,
  quick: boolean,
): Claim[] {
  const sites = quick ? 3 : 4;
  const of = (kind: Kind, mode?: 'full'): Dynamics[] =>
    dynamics.filter(
      (run) =>
        run.kind === kind && run.sites === sites && (mode === undefined || run.mode === mode),
    );
  const known = Object.entries(KNOWN).map(([n, values]) =>
    most(values.map((x, i) => Math.abs(x - (checks.steady[n]?.[i] ?? Number.NaN)))),
  );
  const orders = checks.trapezoid.slice(1).map((x, i) => Math.log2(x / checks.trapezoid[i]!));
  const plain = of('transformer');
  const bad = plain.filter((run) => !(worstZ(run) <= 0.03 && most(run.l1) <= 0.08));
  const start = most(plain.map(({ l1 }) => l1[0]!));
  const field = steady.filter((run) => run.sites === sites && run.field === 1);
  const missed = field.filter((run) => !(worstMean(run) <= 0.05));
  const single = of('transformer', 'full');
  const strings = of('string state', 'full');
  const pairs = strings.map((run) => ({
    run,
    other: single.find(({ seed }) => seed === run.seed)!,
  }));
  const calmer = pairs.filter(({ run, other }) => most(run.spread) <= most(other.spread) / 2);
  const machines = of('RBM', 'full');
  const errors = (runs: readonly Dynamics[]): string =>
    runs.length === 0
      ? '–'
      : `L1 ${most(runs.map(({ l1 }) => most(l1))).toFixed(3)}, ⟨Z⟩ ${most(runs.map(worstZ)).toFixed(3)}`;
  const exponent = (x: number): string => x.toExponential(1);
  return [
    {
      id: '1',
      claim: 'Effects sum to the identity; duals give back random states to 1e-12; p ≥ 0',
      met:
        checks.completeness < 1e-12 &&
        checks.reconstruction < 1e-12 &&
        checks.leastProbability >= 0,
      found: `off by ${exponent(checks.completeness)} and ${exponent(checks.reconstruction)}; least p ${exponent(checks.leastProbability)}`,
    },
    {
      id: '2',
      claim:
        'O of bonds is O of the whole generator, columns sum to 0 (1e-12); exp(O t) agrees with the density matrix (1e-6)',
      met: checks.blocks < 1e-12 && checks.columns < 1e-12 && checks.exponential < 1e-6,
      found: `off by ${exponent(checks.blocks)}, ${exponent(checks.columns)}, ${exponent(checks.exponential)}`,
    },
    {
      id: '3',
      claim:
        'Steady ⟨X⟩, ⟨Y⟩, ⟨Z⟩ of 3 and 4 sites to four digits; the trapezoid rule is of order 2',
      met:
        most(known) <= 0.51e-4 &&
        checks.nullVector < 1e-9 &&
        orders.every((order) => Math.abs(order - 2) < 0.1),
      found: `off by at most ${exponent(most(known))}; orders ${orders.map((x) => x.toFixed(2)).join(', ')} (L1 ${checks.trapezoid.map((x) => x.toFixed(4)).join(', ')})`,
    },
    {
      id: '4',
      claim:
        'Transformer, 4 sites, t ≤ 3, all strings and samples: |Δ⟨Z⟩| ≤ 0.03, L1 ≤ 0.08 at all times; exact at t = 0',
      met: quick ? null : plain.length > 0 && bad.length === 0 && start < 1e-12,
      found: `${plain.length - bad.length} of ${plain.length} runs; at most ${errors(plain)}; at t = 0 ${exponent(start)}`,
    },
    {
      id: '5',
      claim: 'Variational steady state, 4 sites: ⟨X⟩, ⟨Y⟩, ⟨Z⟩ within 0.05',
      met: quick ? null : field.length > 0 && missed.length === 0,
      found: `${field.length - missed.length} of ${field.length} runs; off by at most ${most(field.map(worstMean)).toFixed(3)}`,
    },
    {
      id: '6',
      claim:
        'String state of the translations: spread of ⟨Z_j⟩ at most half of the single order; probabilities sum to 1 (1e-12)',
      met:
        strings.length > 0 &&
        calmer.length === strings.length &&
        most(strings.map(({ sum }) => sum)) < 1e-12,
      found: `${calmer.length} of ${strings.length}; spread ${exponent(most(strings.map((run) => most(run.spread))))} instead of ${most(single.map((run) => most(run.spread))).toFixed(3)}; sum off by ${exponent(most(strings.map(({ sum }) => sum)))}; at most ${errors(strings)}`,
    },
    {
      id: '7',
      claim: 'Changing token k changes no conditional at positions ≤ k',
      met: checks.masking === 0 && checks.reaction > 0,
      found: `changes by ${checks.masking}, behind by at least ${exponent(checks.reaction)}`,
    },
    {
      id: '8',
      claim:
        'Nearer to the exact solution than a restricted Boltzmann machine of like size (the paper; here its sums are exact, no Markov chain; reported, not a condition)',
      met: null,
      found: `transformer at most ${errors(single)}; string state ${errors(strings)}; RBM ${errors(machines)}`,
    },
  ];
}
