import type { Json, Loss, Optimizer, Shape } from '@ketwork/nn';
import type { Evaluation, Metric, PrivacyOptions, TrainingData } from '@ketwork/training';

/** What each selected participant does in a round, beginning with the weights of the coordinator. */
export interface LocalTraining {
  /** The loss; over HTTP one of Ketwork's, since only its name travels. */
  readonly loss: Loss;
  /** The optimiser of a participant, one of Ketwork's, new in every round. */
  readonly optimizer: Optimizer;
  /** How often a participant sees each of its examples in a round. Default 1. */
  readonly epochs?: number;
  /** Examples per step. Default 32. */
  readonly batchSize?: number;
}

/** An optimiser as plain data, which `optimizerFromJSON` of `@ketwork/nn` makes again. */
export interface OptimizerJson {
  /** Such as `adam`. */
  readonly name: string;
  /** Its settings by name. */
  readonly settings: Readonly<Record<string, Json>>;
}

/** What a participant is asked to do in one round; plain data. The weights are not part of it: they travel as an array beside. */
export interface RoundTask {
  /** Name of the run, new for every federation, the same after a restart. */
  readonly run: string;
  /** Number of the round, from 1. */
  readonly round: number;
  /** Which attempt at the round, from 1: a round with too few updates is repeated. Weights and work are the same. */
  readonly attempt: number;
  /** Seed of this participant's local training, the same in all rounds. */
  readonly seed: number;
  /** Passes over the participant's examples. */
  readonly epochs: number;
  /** Number of the first of them in the participant's random streams, from 1. */
  readonly firstEpoch: number;
  /** Examples per step. */
  readonly batchSize: number;
  /** Name of the loss. */
  readonly loss: string;
  /** The optimiser. */
  readonly optimizer: OptimizerJson;
  /** Weight μ/2 of the squared distance from the coordinator's weights in the local loss (FedProx). 0: none. */
  readonly proximal: number;
  /** Largest Euclidean norm of the change of the shared parameters; participants scale theirs down to it. Absent: no bound. */
  readonly clippingNorm?: number;
  /** How updates are added up in secret. Absent: they are sent as they are. */
  readonly secure?: SecureTask;
  /** What the participant itself does for privacy. Absent: nothing beyond `clippingNorm`. */
  readonly privacy?: ParticipantPrivacy;
}

/** Local privacy as a task demands it; plain data. */
export type ParticipantPrivacy = LocalPrivacy & {
  /** Rounds of the federation, the most that a participant can take part in. */
  readonly rounds: number;
};

/** Secure aggregation as a task demands it: what decides how an update becomes integers; plain data. */
export interface SecureTask {
  /** How many participants are asked. */
  readonly participants: number;
  /** Largest Euclidean norm of a change of the shared weights; participants scale theirs down to it. */
  readonly clippingNorm: number;
  /** Most examples that one participant counts for. */
  readonly maxExamples: number;
  /** Whether changes are added times examples, or as they are. */
  readonly weighted: boolean;
}

/** What a participant answers. */
export interface Update {
  /** The run it belongs to. */
  readonly run: string;
  /** The round it belongs to. */
  readonly round: number;
  /** Number of examples it was trained on, the weight of the update. */
  readonly examples: number;
  /** The participant's shared weights after its training, `[size]`, in the order of the layout. */
  readonly weights: Float64Array;
  /** Mean loss of the last local epoch; absent where the participant keeps it secret, as it does where it provides privacy. */
  readonly loss?: number;
  /** ε that this participant has spent, where it trains or answers privately. Its own statement. */
  readonly epsilon?: number;
}

/** The order of the shared weights in the one array in which they travel: parameters, then buffers, personal ones left out. */
export interface WeightsLayout {
  /** Name and shape of each, in order. */
  readonly entries: readonly { readonly name: string; readonly shape: Shape }[];
  /** How many numbers they are together. */
  readonly size: number;
  /** How many of them, at the beginning, are parameters; the rest are buffers, such as running statistics. */
  readonly trained: number;
}

/** State of a strategy between rounds, arrays of the size of the parameters by name; kept in the coordinator's journal. */
export type StrategyState = Record<string, Float64Array>;

/** An update as a strategy sees it. */
export interface WeightChange {
  /** Who made it. */
  readonly participant: string;
  /** Number of examples it was trained on. */
  readonly examples: number;
  /** New weights minus those of the coordinator, `[size]`. */
  readonly delta: Float64Array;
}

/** How updates become new weights. Those of Ketwork are made by functions such as {@link fedAvg}. */
export interface Strategy {
  /** Name, such as `fedAvg`. */
  readonly name: string;
  /** Settings as plain data, for journals and reports. */
  readonly settings: Readonly<Record<string, number>>;
  /** Weight of the proximal term in local training. Default 0. */
  readonly proximal?: number;
  /** Fewest updates it can work with. Default 1. */
  readonly minimum?: number;
  /**
   * Makes one change of weights of those of all participants, which come in the order of the participants' names. Absent:
   * their mean weighted by examples, which is all that secure aggregation and central privacy can give.
   */
  readonly combine?: (changes: readonly WeightChange[]) => Float64Array;
  /** State before the first round, for so many parameters. Default: none. */
  init?(size: number): StrategyState;
  /**
   * New parameters from the old ones and their combined change, buffers left out; changes `state` in place. Default: their sum.
   */
  step?(weights: Float64Array, delta: Float64Array, state: StrategyState): Float64Array;
}

/** Settings that all kinds of privacy share. */
export interface PrivacyTarget {
  /** δ of the guarantee, well below one over the number of those protected. */
  readonly delta: number;
  /** Standard deviation of the noise over the sensitivity of what it is added to. Either this or `epsilon`. */
  readonly noiseMultiplier?: number;
  /** ε that the whole federation may spend; the least noise for it is used. */
  readonly epsilon?: number;
  /** Who computes ε. Default `pld`. */
  readonly accountant?: 'rdp' | 'pld';
  /**
   * Where noise and draws come from: `cryptographic`, the default, the runtime's `crypto`; or `seeded-unsafe`, which makes
   * runs repeatable for tests and protects nothing.
   */
  readonly randomness?: 'cryptographic' | 'seeded-unsafe';
}

/**
 * Privacy of whole participants against everyone but the coordinator (McMahan et al. 2018, arXiv:1710.06963): each is drawn
 * for a round with probability `clients / participants`, changes are clipped at the participant and again at the coordinator,
 * which adds Gaussian noise of deviation `noiseMultiplier · clippingNorm` to their sum and divides by `clients`, whoever answered.
 */
export interface CentralPrivacy extends PrivacyTarget {
  /** The coordinator is trusted and adds the noise. */
  readonly kind: 'central';
  /** Largest Euclidean norm of the change of the shared parameters by one participant. */
  readonly clippingNorm: number;
}

/**
 * Privacy of a participant's whole data also against the coordinator: it clips the change of the shared parameters and adds
 * Gaussian noise itself, of deviation `noiseMultiplier · 2 · clippingNorm`, since two changes may be twice the norm apart.
 */
export interface LocalNoise extends PrivacyTarget {
  /** Each participant adds noise to its answer. */
  readonly kind: 'local';
  /** Largest Euclidean norm of the change of the shared parameters. */
  readonly clippingNorm: number;
}

/** Privacy of single examples also against the coordinator: participants train by DP-SGD. `epsilon` is for all rounds together. */
export interface LocalTrainingPrivacy extends PrivacyOptions {
  /** Each participant trains privately, as `fit` does with these options. */
  readonly kind: 'examples';
}

/** Privacy that participants provide themselves. */
export type LocalPrivacy = LocalNoise | LocalTrainingPrivacy;

/** Privacy of a federation, one of three kinds. */
export type FederationPrivacy = CentralPrivacy | LocalPrivacy;

/**
 * Secure aggregation (Bonawitz et al., CCS 2017): the coordinator learns the sum of updates and of their examples, and
 * nothing else about single ones, as long as it follows the protocol. Participants may drop out at any time.
 */
export interface SecureAggregationOptions {
  /**
   * Largest Euclidean norm of the change of the shared weights; participants scale theirs down to it, and the resolution of
   * the sum follows from it. With central privacy its clipping norm, else it must be given.
   */
  readonly clippingNorm?: number;
  /** Share of a round's participants that must stay to the end, above 1/2. Default 2/3. A round with fewer is repeated. */
  readonly threshold?: number;
  /**
   * `full`, the default, agrees on keys and masks updates. `sum-only`, for `simulate`, adds the same integers without masks:
   * the same result to the last bit, sooner.
   */
  readonly protocol?: 'full' | 'sum-only';
}

/** What decides the result of a federation, simulated or real. */
export interface FederationOptions {
  /** Number of rounds. */
  readonly rounds: number;
  /** What participants do in a round. */
  readonly local: LocalTraining;
  /** Seed of first weights, selection and local training, an integer from 0 to 2^53 - 1. */
  readonly seed: number;
  /** Participants per round, drawn anew for each; with central privacy their expected number. Default: all. */
  readonly clients?: number;
  /** How updates become new weights. Default `fedAvg()`. */
  readonly strategy?: Strategy;
  /** Names of parameters and buffers, or beginnings of names up to a dot, that every participant keeps for itself. Default: none. */
  readonly personal?: readonly string[];
  /** Differential privacy. Default: none. */
  readonly privacy?: FederationPrivacy;
  /** Secure aggregation: updates reach the coordinator masked. Default: as they are. */
  readonly secureAggregation?: SecureAggregationOptions;
  /** Largest Euclidean norm of the change of weights that the coordinator accepts. Default: none. */
  readonly maxNorm?: number;
  /** Most examples that a participant may say it has. Default 1e9; with secure aggregation, whose resolution follows from it, 1e6. */
  readonly maxExamples?: number;
  /** Fewest updates that make a round; one with fewer is repeated with others. Default 1, or what the strategy needs. */
  readonly minimum?: number;
  /** How often one round is tried before the federation gives up; what a coordinator that was killed began does not count. Default 100. */
  readonly attempts?: number;
  /** The coordinator's own test data, measured after every round. */
  readonly evaluation?: TrainingData;
  /** What else to measure on it. Default: accuracy where the loss is one of classification, else nothing. */
  readonly metrics?: readonly Metric[];
  /** Called after every round, and awaited. `'stop'` ends the federation. */
  readonly onRound?: (record: RoundRecord) => unknown;
  /** Stops the federation between or within rounds; finished rounds count. */
  readonly signal?: AbortSignal;
}

/** What came of one round. */
export interface RoundRecord {
  /** Number of the round, from 1. */
  readonly round: number;
  /** How many attempts it took. */
  readonly attempts: number;
  /** Who was asked. */
  readonly selected: readonly string[];
  /** Whose updates count. */
  readonly participants: readonly string[];
  /** Mean local loss of those who tell theirs, weighted by examples; NaN where nobody does. */
  readonly loss: number;
  /** Examples they were trained on together. */
  readonly examples: number;
  /** Examples times local epochs. */
  readonly samples: number;
  /** Loss and metrics of the coordinator's own test data after the round, where it has some. */
  readonly evaluation?: Pick<Evaluation, 'loss' | 'metrics'>;
  /** ε spent up to here: of the federation where privacy is central, else the largest that a participant states. */
  readonly epsilon?: number;
  /** Bytes of weights sent to and from participants. */
  readonly bytes: number;
  /** Seconds since the start of the run. */
  readonly seconds: number;
}
