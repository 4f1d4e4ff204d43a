import { ValueError } from '@ketwork/base';
import type { Model } from '@ketwork/nn';
import { Examples } from './data.ts';
import type { TrainingData } from './data.ts';
import { checkBatchSize, metricsFor, monitored } from './evaluate.ts';
import type { Fit, FitOptions, FitPlan, FitProgress, FitResult } from './run.ts';
import { trainingSteps } from './steps.ts';

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
