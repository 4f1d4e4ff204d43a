import type { Loss, Optimizer, Shape } from '@ketwork/nn';

/** What each selected participant does in a round, beginning with the weights of the coordinator. */
export interface LocalTraining {
  /** The loss; over HTTP one of Ketwork's, since only its name travels. */
  readonly loss: Loss;
  /** The optimiser of a participant, new in every round. */
  readonly optimizer: Optimizer;
  /** How often a participant sees each of its examples in a round. Default 1. */
  readonly epochs?: number;
  /** Examples per step. Default 32. */
  readonly batchSize?: number;
}

/** What a participant is asked to do in one round. The weights are not part of it: they travel as an array beside. */
export interface RoundTask {
  /** Name of the run, new for every federation, the same after a restart. */
  readonly run: string;
  /** Number of the round, from 1. */
  readonly round: number;
  /** Seed of this participant's local training in this round. */
  readonly seed: number;
  /** Passes over the participant's examples. */
  readonly epochs: number;
  /** Examples per step. */
  readonly batchSize: number;
  /** Name of the loss. */
  readonly loss: string;
  /** The optimiser as plain data. */
  readonly optimizer: unknown;
  /** Weight μ/2 of the squared distance from the coordinator's weights in the local loss (FedProx). 0: none. */
  readonly proximal: number;
  /** Largest Euclidean norm of a change of weights; participants scale theirs down to it. Absent: no bound. */
  readonly clippingNorm?: number;
}

/** What a participant answers: the change of the shared weights and what it was made from. */
export interface Update {
  /** Who made it. */
  readonly participant: string;
  /** The round it belongs to. */
  readonly round: number;
  /** Number of examples it was trained on, the weight of the update. */
  readonly examples: number;
  /** New weights minus those of the coordinator, `[size]`, in the order of the layout. */
  readonly delta: Float64Array;
  /** Mean loss of the last local epoch. */
  readonly loss: number;
}

/** The order of the shared weights in the one array in which they travel: parameters, then buffers, personal ones left out. */
export interface WeightsLayout {
  /** Name and shape of each, in order. */
  readonly entries: readonly { readonly name: string; readonly shape: Shape }[];
  /** How many numbers they are together. */
  readonly size: number;
}

/** State of a strategy between rounds, arrays of the size of the weights by name; kept in the coordinator's journal. */
export type StrategyState = Record<string, Float64Array>;

/** How updates become new weights. */
export interface Strategy {
  /** Name, such as `fedAvg`. */
  readonly name: string;
  /** Settings as plain data, for journals and reports. */
  readonly settings: Readonly<Record<string, number>>;
  /** Weight of the proximal term in local training. Default 0. */
  readonly proximal?: number;
  /**
   * Makes one change of weights of those of all participants; updates come in the order of the participants' names. Absent:
   * their mean weighted by examples, which is all that secure aggregation can give.
   */
  readonly combine?: (updates: readonly Update[]) => Float64Array;
  /** State before the first round. Default: none. */
  init?(size: number): StrategyState;
  /** New weights from the old ones and the combined change; changes `state` in place. Default: their sum. */
  step?(weights: Float64Array, delta: Float64Array, state: StrategyState): Float64Array;
}

/** What came of one round. */
export interface RoundRecord {
  /** Number of the round, from 1. */
  readonly round: number;
  /** Who was asked. */
  readonly selected: readonly string[];
  /** Whose updates count. */
  readonly participants: readonly string[];
  /** Mean local loss of those, weighted by examples. */
  readonly loss: number;
  /** Examples they were trained on together. */
  readonly examples: number;
  /** Examples times local epochs. */
  readonly samples: number;
  /** Loss and metrics of the coordinator's own test data after the round, where it has some. */
  readonly evaluation?: {
    readonly loss: number;
    readonly metrics: Readonly<Record<string, number>>;
  };
  /** Privacy spent up to here, where the federation is private. */
  readonly epsilon?: number;
  /** Bytes of weights sent to and from participants. */
  readonly bytes: number;
  /** Seconds since the start of the run. */
  readonly seconds: number;
}
