import { ValueError, awaitableSteps } from '@ketwork/base';
import type { Model } from '@ketwork/nn';
import { checkClip } from './clip.ts';
import { Examples } from './data.ts';
import type { TrainingData } from './data.ts';
import { checkBatchSize, metricsFor, monitored } from './evaluate.ts';
import { checkPlateau } from './plateau.ts';
import { checkPrivacy, stretchOf } from './privacy/options.ts';
import { checkAdversarial } from './robustness/training.ts';
import type { Fit, FitOptions, FitPlan } from './run.ts';
import { trainingSteps } from './steps.ts';
import { teamOf } from './workers/options.ts';

/**
 * Trains a model. A model that is not built yet is built from the seed (`model.build(inputShape, seed)`), one that is goes
 * on from its parameters. Quantum layers are bound to the engine. The same seed, data and options give the same bits,
 * also where the run was interrupted and resumed from a checkpoint, and for any number of workers.
 *
 * Nothing happens until the result is awaited or the steps are looped over; a loop may be left, which ends the run
 * as an `AbortSignal` does.
 *
 * @returns The run, see {@link Fit}. It rejects with ValueError where the loss or a gradient is not finite, naming the step; where a
 * checkpoint belongs to another run; and with what layers, loss and engine throw.
 * @throws ValueError where options or data do not fit or a privacy target cannot be had; UnsupportedError where early stop
 * watches what is not measured, or workers could not make model or loss again.
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
  const { batchSize = 32, accumulate = 1, loss } = options;
  checkOptions(options);
  const { adversarial, privacy } = options;
  if (adversarial !== undefined) checkAdversarial(adversarial, data.inputs);
  const inputShape = model.network?.inputShape ?? model.inputShape ?? data.inputShape;
  if (inputShape === undefined) {
    throw new ValueError('fit: the input shape of the model is not known', {
      remedy:
        'Give the data an inputShape, build the model first, or name it in the first layer, such as dense(784, 4)',
    });
  }
  const metrics = metricsFor(loss, options.metrics);
  const { earlyStop, reduceOnPlateau, validation, classWeights } = options;
  const examples = new Examples('fit', data, inputShape, classWeights);
  const batch = batchSize * accumulate;
  const steps = options.epochs * Math.ceil(examples.size / batch);
  const usualPiece = privacy === undefined ? Math.ceil(batchSize / 8) : stretchOf(batch);
  const team = teamOf(model, options, usualPiece);
  const stretch = team?.pieceSize ?? usualPiece;
  const plan: FitPlan = {
    ...options,
    model,
    inputShape,
    batchSize,
    accumulate,
    metrics,
    team,
    examples,
    privatePlan:
      privacy && checkPrivacy(privacy, { examples: examples.size, batch, steps, stretch }),
    validationExamples: validation && new Examples('fit: validation', validation, inputShape),
    monitor: earlyStop && monitored('early stop', metrics, earlyStop.monitor ?? 'loss'),
    plateauMonitor:
      reduceOnPlateau && monitored('reduceOnPlateau', metrics, reduceOnPlateau.monitor ?? 'loss'),
    left: { value: false },
  };
  return awaitableSteps('fit', trainingSteps(plan), () => (plan.left.value = true));
}

/** Refuses options out of range. */
function checkOptions(options: FitOptions): void {
  const { epochs, batchSize = 32, accumulate = 1, seed, clip, classWeights = [] } = options;
  checkCount('the number of epochs', epochs);
  checkBatchSize('fit', batchSize);
  checkCount('the number of passes per step', accumulate);
  checkCount('the first epoch', options.firstEpoch ?? 1);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new ValueError(`fit: seed ${String(seed)} is not an integer from 0 to 2^53 - 1`, {
      remedy: 'Give one, such as seed: 1',
    });
  }
  if (clip !== undefined) checkClip('fit', clip);
  for (const weight of classWeights) {
    if (!(weight >= 0 && weight < Infinity))
      throw new ValueError(`fit: class weight ${weight} is not a finite number of at least 0`);
  }
  checkWatching(options);
  const { every = 1, everySteps = 1, everySeconds = 0 } = options.checkpoint ?? {};
  checkCount('epochs between checkpoints', every);
  checkCount('steps between checkpoints', everySteps);
  if (!(everySeconds >= 0)) {
    throw new ValueError(
      `fit: ${everySeconds} seconds between checkpoints are not a number of at least 0`,
    );
  }
}

/** Refuses settings of what watches the validation data. */
function checkWatching({ earlyStop, reduceOnPlateau, validation }: FitOptions): void {
  for (const [what, watching] of [
    ['early stop', earlyStop],
    ['reduceOnPlateau', reduceOnPlateau],
  ] as const) {
    if (watching === undefined) continue;
    const { patience = 10, minDelta = 0 } = watching;
    checkCount(`the patience of ${what}`, patience);
    if (validation === undefined) {
      throw new ValueError(`fit: ${what} needs validation data`, {
        remedy: 'Give the option validation',
      });
    }
    if (!(minDelta >= 0 && minDelta < Infinity))
      throw new ValueError(`fit: minDelta ${minDelta} is not a finite number of at least 0`);
  }
  if (reduceOnPlateau !== undefined) checkPlateau(reduceOnPlateau);
}

function checkCount(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new ValueError(`fit: ${what} is ${value}, not a positive integer`);
}
