import type {
  CentralPrivacy,
  OptimizerJson,
  ParticipantPrivacy,
  RoundRecord,
  RoundTask,
  SecureAggregationOptions,
  Strategy,
  StrategyState,
  WeightsLayout,
} from '../contract.ts';

/** Central privacy as it has been checked and completed. */
export interface CentralPlan extends Required<Omit<CentralPrivacy, 'kind' | 'epsilon'>> {
  readonly kind: 'central';
  /** Probability with which a round draws a participant. */
  readonly sampleRate: number;
}

/** Secure aggregation as it has been checked and completed. */
export interface SecurePlan extends Required<SecureAggregationOptions> {
  /** Most examples that one participant counts for. */
  readonly maxExamples: number;
  /** Whether changes are added times examples, or as they are. */
  readonly weighted: boolean;
}

/** A federation as its options were checked and completed, see `planOf`. Everything here decides the result. */
export interface RoundsPlan {
  /** Name of the run. */
  readonly run: string;
  /** Order of the shared weights. */
  readonly layout: WeightsLayout;
  /** The weights before the first round, `[size]`. */
  readonly weights: Float64Array;
  /** Number of rounds. */
  readonly rounds: number;
  /** How many participants exist, present or not. */
  readonly population: number;
  /** Participants per round; undefined: all that are present. */
  readonly clients: number | undefined;
  /** Fewest updates that make a round. */
  readonly minimum: number;
  /** How often one round is tried. */
  readonly attempts: number;
  readonly seed: number;
  readonly strategy: Strategy;
  /** What participants do. */
  readonly local: {
    readonly loss: string;
    readonly optimizer: OptimizerJson;
    readonly epochs: number;
    readonly batchSize: number;
  };
  readonly maxNorm: number;
  readonly maxExamples: number;
  /** Privacy that the coordinator provides. */
  readonly central: CentralPlan | undefined;
  /** Privacy that participants provide. */
  readonly privacy: ParticipantPrivacy | undefined;
  /** Secure aggregation. */
  readonly secure: SecurePlan | undefined;
}

/** Where a federation stands between rounds: plain data and arrays, for a journal. Kept in place by {@link Rounds}. */
export interface RoundsState {
  /** What a plan must have in common with the one this state came from. */
  readonly identity: string;
  /** Name of the run. */
  readonly run: string;
  /** Number of the next round, from 1; one more than the last when all are done. */
  round: number;
  /** Number of the next attempt at it, from 1. */
  attempt: number;
  /** How many of the attempts before it ended with their process, and do not count as failed. Absent: none. */
  interrupted?: number;
  /** Shared weights, `[size]`. */
  weights: Float64Array;
  /** What the strategy keeps. */
  readonly strategy: StrategyState;
  /** One entry per finished round. */
  readonly history: RoundRecord[];
  /** ε that participants state, by name, where they provide privacy. */
  readonly epsilons: Record<string, number>;
}

/** A round that waits for updates. */
export interface OpenRound {
  /** Number of the round, from 1. */
  readonly round: number;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Who takes part, in the order of names. */
  readonly selected: readonly string[];
  /** The shared weights to begin with, `[size]`; not to be changed. */
  readonly weights: Float64Array;
  /** What a selected participant shall do. @throws UpdateError where it is not selected. */
  task(participant: string): RoundTask;
}

/** Updates of which only the sum is known, as secure aggregation has it. */
export interface SummedUpdates {
  /** Whose updates are in it. */
  readonly participants: readonly string[];
  /** `Σ weight · (new weights - old ones)`, `[size]`; every weight 1 where privacy is central, else the number of examples. */
  readonly sum: Float64Array;
  /** Examples of all together. */
  readonly examples: number;
  /** Their mean loss, weighted by examples. */
  readonly loss: number;
}
