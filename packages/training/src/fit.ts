import { ValueError } from '@ketwork/base';
import type { Loss, Model, Optimizer } from '@ketwork/nn';
import type { AsyncEngine, Engine } from '@ketwork/simulator';
import { Examples } from './data.ts';
import type { TrainingData } from './data.ts';
import { checkBatchSize, metricsFor, monitored } from './evaluate.ts';
import type { Metric } from './metrics.ts';
import { trainingSteps } from './steps.ts';

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

/**
 * Trains a model. A model that is not built yet is built from the seed (`model.build(inputShape, seed)`), one that is goes
 * on from its parameters. Quantum layers are bound to the engine. The same seed, data and options give the same bits.
 *
 * Nothing happens until the result is awaited or the steps are looped over; a loop may be left, which ends the run
 * as an `AbortSignal` does.
 *
 * @returns The run, see {@link Fit}. It rejects with ValueError where the loss or a gradient is not finite, naming the step; where a
 * checkpoint belongs to another run; and with what layers, loss and engine throw.
 * @throws ValueError where options or data do not fit; UnsupportedError where early stop watches what is not measured.
 * @example
 * ```ts
 * import { adam, crossEntropy, dense, sequential, tanh } from '@ketwork/nn';
 * import { fit } from '@ketwork/training';
 * const model = sequential(dense(2, 8), tanh(), dense(8, 2));
 * const xor = { inputs: [0, 0, 0, 1, 1, 0, 1, 1], labels: [0, 1, 1, 0] };
 * const run = fit(model, xor, { loss: crossEntropy, optimizer: adam(0.1), epochs: 50, batchSize: 4, seed: 1 });
 * for await (const step of run) if (step.progress === 1) console.log(step.accuracy); // 1
 * console.log((await run).history.length); // 50
 * ```
 */
export function fit(model: Model, data: TrainingData, options: FitOptions): Fit {
  const { epochs, batchSize = 32, seed, loss, earlyStop, checkpoint } = options;
  checkCount('the number of epochs', epochs);
  checkBatchSize('fit', batchSize);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new ValueError(`fit: seed ${String(seed)} is not an integer from 0 to 2^53 - 1`, {
      remedy: 'Give one, such as seed: 1',
    });
  }
  const inputShape = model.network?.inputShape ?? model.inputShape ?? data.inputShape;
  if (inputShape === undefined) {
    throw new ValueError('fit: the input shape of the model is not known', {
      remedy:
        'Give the data an inputShape, build the model first, or name it in the first layer, such as dense(784, 4)',
    });
  }
  const metrics = metricsFor(loss, options.metrics);
  if (earlyStop !== undefined) {
    checkCount('the patience of early stop', earlyStop.patience);
    if (options.validation === undefined)
      throw new ValueError('fit: early stop needs validation data', {
        remedy: 'Give the option validation',
      });
    const { minDelta = 0 } = earlyStop;
    if (!(minDelta >= 0 && minDelta < Infinity))
      throw new ValueError(`fit: minDelta ${minDelta} is not a finite number of at least 0`);
  }
  if (checkpoint !== undefined) checkCount('epochs between checkpoints', checkpoint.every ?? 1);
  return new Run({
    ...options,
    model,
    inputShape,
    batchSize,
    metrics,
    examples: new Examples('fit', data, inputShape),
    validationExamples:
      options.validation && new Examples('fit: validation', options.validation, inputShape),
    monitor: earlyStop && monitored(metrics, earlyStop.monitor ?? 'loss'),
    left: { value: false },
  });
}

class Run implements Fit {
  readonly #plan: FitPlan;
  readonly #steps: AsyncGenerator<FitProgress, FitResult>;
  readonly #result = Promise.withResolvers<FitResult>();
  #started: 'no' | 'loop' | 'await' = 'no';

  constructor(plan: FitPlan) {
    this.#plan = plan;
    this.#steps = trainingSteps(plan);
    // A loop over the steps throws the error itself; that nobody awaits the result then is no second error.
    this.#result.promise.catch(() => {});
  }

  then<A = FitResult, B = never>(
    onFulfilled?: ((result: FitResult) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    if (this.#started === 'no') {
      this.#started = 'await';
      void this.#drain();
    }
    return this.#result.promise.then(onFulfilled, onRejected);
  }

  [Symbol.asyncIterator](): AsyncIterator<FitProgress, undefined> {
    if (this.#started !== 'no') {
      throw new ValueError('fit: this run has been started already', {
        remedy: 'Loop over the steps of a run once, before awaiting it',
      });
    }
    this.#started = 'loop';
    return {
      next: async () => {
        const { done, value } = await this.#next();
        return done === true ? { done, value: undefined } : { done: false, value };
      },
      return: async () => {
        this.#plan.left.value = true;
        await this.#drain();
        return { done: true, value: undefined };
      },
    };
  }

  async #drain(): Promise<void> {
    try {
      while ((await this.#next()).done !== true);
    } catch {
      // The result carries it.
    }
  }

  async #next(): Promise<IteratorResult<FitProgress, FitResult>> {
    try {
      const result = await this.#steps.next();
      if (result.done === true) this.#result.resolve(result.value);
      return result;
    } catch (error) {
      this.#result.reject(error);
      throw error;
    }
  }
}

function checkCount(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new ValueError(`fit: ${what} is ${value}, not a positive integer`);
}
