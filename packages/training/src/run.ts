import type { Loss, Model, Optimizer } from '@ketwork/nn';
import type { AsyncEngine, Engine } from '@ketwork/simulator';
import type { ClipOptions } from './clip.ts';
import type { Examples, TrainingData } from './data.ts';
import type { Evaluation } from './evaluate.ts';
import type { Metric } from './metrics/metric.ts';
import type { PlateauOptions } from './plateau.ts';
import type { PrivacyOptions, PrivacyPlan } from './privacy/options.ts';
import type { PrivacyReport } from './privacy/report.ts';
import type { AdversarialTraining } from './robustness/training.ts';
import type { Team, WorkersOptions } from './workers/options.ts';

/** When to stop before the last epoch. */
export interface EarlyStop {
  /** Epochs without improvement after which training stops. */
  readonly patience: number;
  /** What is watched on the validation data: `loss`, the default, or the name of a metric. */
  readonly monitor?: string;
  /** Least change that counts as an improvement. Default 0: any. */
  readonly minDelta?: number;
  /** Whether the model gets the parameters of its best epoch at the end. Default true. */
  readonly restoreBest?: boolean;
}

/** Where and how often a run is saved. */
export interface CheckpointOptions {
  /** Path of the safetensors file, written whole or not at all. */
  readonly path: string;
  /** Save after every so many epochs, and after the last one. Default 1. */
  readonly every?: number;
  /** Save after every so many steps too, also within an epoch. Default: not. */
  readonly everySteps?: number;
  /** Save after a step where so many seconds have passed since the last time. Default: not. */
  readonly everySeconds?: number;
  /** Save where the run is aborted, stopped or left, so that it can go on from there. Default true. */
  readonly onAbort?: boolean;
  /** Go on from the file where it exists. The run then ends with the same bits as one that never stopped. Default false. */
  readonly resume?: boolean;
}

/** Options of {@link fit}. */
export interface FitOptions {
  /** The loss. */
  readonly loss: Loss;
  /** The optimiser. */
  readonly optimizer: Optimizer;
  /** How often every example is seen. */
  readonly epochs: number;
  /** Examples per pass, and per step unless `accumulate` says otherwise. Default 32. */
  readonly batchSize?: number;
  /**
   * Passes per step: their gradients are added up, so that a step is one of `batchSize · accumulate` examples in the
   * memory of `batchSize`. Equal to the large batch but for rounding, dropout included; batch normalisation and shots see
   * each pass alone. Default 1.
   */
  readonly accumulate?: number;
  /** Bounds on the gradient of each step. Default: none. */
  readonly clip?: ClipOptions;
  /** Factors on the losses of training examples by class, for data with rare classes; labels are class indices. Default: all 1. */
  readonly classWeights?: readonly number[];
  /**
   * Seed of first parameters, order of the examples, dropout, shots and attacks, an integer from 0 to 2^53 - 1. In private
   * training it is the seed of first parameters only, unless that is told to be repeatable: the rest is secret.
   */
  readonly seed: number;
  /**
   * Number of the first epoch in the random streams, from 1: two runs of n epochs, the second one with `firstEpoch: n + 1`,
   * draw what one run of 2n does. The optimiser begins anew. Default 1.
   */
  readonly firstEpoch?: number;
  /** Engine for the quantum layers. Default: the one that is bound, else the CPU in this thread. */
  readonly engine?: Engine | AsyncEngine;
  /** Data measured after every epoch. */
  readonly validation?: TrainingData;
  /** What else to measure. Default: accuracy where the loss is one of classification, else nothing. */
  readonly metrics?: readonly Metric[];
  /** When to stop early; needs validation data. */
  readonly earlyStop?: EarlyStop;
  /** Lowers the learning rate where validation stands still; needs validation data. */
  readonly reduceOnPlateau?: PlateauOptions;
  /**
   * Adversarial training (Goodfellow et al., arXiv:1412.6572; Madry et al., arXiv:1706.06083): in every step a share of the
   * examples is replaced by what an attack makes of them, against the model as it is. Losses and metrics of the run are of
   * these too; validation data stays as it is. Workers share the attacks
   * of Ketwork; others run in the calling thread. Default: none.
   */
  readonly adversarial?: AdversarialTraining;
  /**
   * Worker threads that share the examples of a step, each with a copy of the model and a CPU engine of its own. The
   * result has the same bits for any number of them, 1 (no thread at all) included. Default: the whole batch in this thread.
   */
  readonly workers?: number | WorkersOptions;
  /**
   * Called after every step, before the loop over the steps sees it. Like the other two it may be asynchronous and is
   * waited for; where it returns `'stop'` the run ends after this step, and its errors end the run as its own would.
   */
  readonly onStep?: (progress: FitProgress) => unknown;
  /** Called after every epoch, with its record. */
  readonly onEpoch?: (record: EpochRecord) => unknown;
  /** Called with what was measured on the validation data after an epoch, outputs and confusion included. */
  readonly onEvaluate?: (evaluation: Evaluation, epoch: number) => unknown;
  /**
   * Trains with differential privacy: steps draw their examples by chance, `batchSize · accumulate` of them on average,
   * clip the gradient of each and add noise, before any optimiser. An epoch is as many steps as would see every example
   * once. The result's `privacy` says what is guaranteed. Default: not.
   */
  readonly privacy?: PrivacyOptions;
  /** Where to save the run; Node only. */
  readonly checkpoint?: CheckpointOptions;
  /** Stops training between two steps; the model keeps what it has learned. */
  readonly signal?: AbortSignal;
}

/** Loss and metrics of one epoch. */
export interface EpochRecord {
  /** Number of the epoch, from 1. */
  readonly epoch: number;
  /** Mean loss of the training examples, each as it was when its step was taken. */
  readonly loss: number;
  /** Metrics of the training examples likewise, by name. */
  readonly metrics: Readonly<Record<string, number>>;
  /** The same for the validation data, after the epoch. */
  readonly validation?: {
    readonly loss: number;
    readonly metrics: Readonly<Record<string, number>>;
  };
  /** Seconds from the start of training to the end of the epoch. */
  readonly seconds: number;
}

/** What is known after a step. */
export interface FitProgress {
  /** Number of the epoch, from 1. */
  readonly epoch: number;
  /** Number of epochs. */
  readonly epochs: number;
  /** Number of the step, from 1. */
  readonly step: number;
  /** Number of steps of the whole run. */
  readonly steps: number;
  /** Share of the run that is done, 0 to 1. */
  readonly progress: number;
  /** Mean loss of the epoch so far. */
  readonly loss: number;
  /** Loss of this step's batch; NaN where a private step drew no example. */
  readonly batchLoss: number;
  /** Metrics of the epoch so far; those over all examples at its last step only. */
  readonly metrics: Readonly<Record<string, number>>;
  /** The metric of that name, where it is measured. */
  readonly accuracy?: number;
  /** Learning rate of this step, where the optimiser tells. */
  readonly learningRate?: number;
  /** Norm of this step's gradient before it was clipped, where it is. */
  readonly gradientNorm?: number;
  /** Training examples per second since the start. */
  readonly samplesPerSecond: number;
  /** Seconds since the start. */
  readonly elapsed: number;
  /** Seconds to the end, as far as one can tell. */
  readonly eta: number;
  /** The epoch's record, at its last step. */
  readonly record?: EpochRecord;
}

/** How a run ended. */
export interface FitResult {
  /** `completed` all epochs, `early-stop`, `stopped` by a callback, or `aborted` by the signal or by leaving the loop. */
  readonly reason: 'completed' | 'early-stop' | 'stopped' | 'aborted';
  /** One entry per completed epoch, those before a resume included. */
  readonly history: readonly EpochRecord[];
  /** Steps taken, those before a resume included. */
  readonly steps: number;
  /** The best epoch, where early stop watched for it, and the value watched. */
  readonly best?: { readonly epoch: number; readonly value: number };
  /** What the run guarantees, where it was private. */
  readonly privacy?: PrivacyReport;
  /** Seconds of this run. */
  readonly seconds: number;
  /** Training examples per second in the steps of this run, validation not counted. */
  readonly samplesPerSecond: number;
}

/** A training run: loop over its steps, or await its result, or both one after the other. It starts with either. */
export interface Fit extends AsyncIterable<FitProgress>, PromiseLike<FitResult> {}

/** What is watched on the validation data. */
export type Watched = Pick<Metric, 'name' | 'better'>;

/** Everything {@link fit} has checked. */
export interface FitPlan extends FitOptions {
  readonly model: Model;
  readonly examples: Examples;
  readonly validationExamples: Examples | undefined;
  readonly batchSize: number;
  readonly metrics: readonly Metric[];
  readonly inputShape: readonly number[];
  readonly accumulate: number;
  readonly team: Team | undefined;
  readonly privatePlan: PrivacyPlan | undefined;
  readonly monitor: Watched | undefined;
  readonly plateauMonitor: Watched | undefined;
  /** Set where the loop over the steps was left. */
  readonly left: { value: boolean };
}
