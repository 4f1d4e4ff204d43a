import type { Loss, Model, Optimizer } from '@ketwork/nn';
import type { AsyncEngine, Engine } from '@ketwork/simulator';
import type { Examples, TrainingData } from './data.ts';
import type { Metric } from './metrics.ts';

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
  /** Examples per step. Default 32. */
  readonly batchSize?: number;
  /** Seed of first parameters, order of the examples and dropout, an integer from 0 to 2^53 - 1. */
  readonly seed: number;
  /** Engine for the quantum layers. Default: the one that is bound, else the CPU in this thread. */
  readonly engine?: Engine | AsyncEngine;
  /** Data measured after every epoch. */
  readonly validation?: TrainingData;
  /** What else to measure. Default: accuracy where the loss is one of classification, else nothing. */
  readonly metrics?: readonly Metric[];
  /** When to stop early; needs validation data. */
  readonly earlyStop?: EarlyStop;
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
  /** Loss of this step's batch. */
  readonly batchLoss: number;
  /** Metrics of the epoch so far. */
  readonly metrics: Readonly<Record<string, number>>;
  /** The metric of that name, where it is measured. */
  readonly accuracy?: number;
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
  /** `completed` all epochs, `early-stop`, or `aborted` by the signal or by leaving the loop. */
  readonly reason: 'completed' | 'early-stop' | 'aborted';
  /** One entry per completed epoch, those before a resume included. */
  readonly history: readonly EpochRecord[];
  /** Steps taken, those before a resume included. */
  readonly steps: number;
  /** The best epoch, where early stop watched for it, and the value watched. */
  readonly best?: { readonly epoch: number; readonly value: number };
  /** Seconds of this run. */
  readonly seconds: number;
  /** Training examples per second in the steps of this run, validation not counted. */
  readonly samplesPerSecond: number;
}

/** A training run: loop over its steps, or await its result, or both one after the other. It starts with either. */
export interface Fit extends AsyncIterable<FitProgress>, PromiseLike<FitResult> {}

/** Everything {@link fit} has checked. */
export interface FitPlan extends FitOptions {
  readonly model: Model;
  readonly examples: Examples;
  readonly validationExamples: Examples | undefined;
  readonly batchSize: number;
  readonly metrics: readonly Metric[];
  readonly inputShape: readonly number[];
  readonly monitor: Pick<Metric, 'name' | 'better'> | undefined;
  /** Set where the loop over the steps was left. */
  readonly left: { value: boolean };
}
