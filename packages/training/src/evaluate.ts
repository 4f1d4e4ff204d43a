import { sizeOf, UnsupportedError, ValueError } from '@ketwork/base';
import { forward, lossValues, networkOf } from '@ketwork/nn';
import type { BuiltLayer, Loss, LossValues, MaybePromise, Model } from '@ketwork/nn';
import type { AsyncEngine, Engine } from '@ketwork/simulator';
import { Examples } from './data.ts';
import type { TrainingData, WeightedBatch } from './data.ts';
import { Breather, bindEngine } from './engine.ts';
import { piecesOf } from './gradient.ts';
import { accuracy } from './metrics/classification.ts';
import { classesOf, confusionOf } from './metrics/classes.ts';
import { Means } from './metrics/means.ts';
import type { Metric } from './metrics/metric.ts';

/** Options of {@link predict}. */
export interface PredictOptions {
  /** Engine for the quantum layers. Default: the one that is bound, else the CPU. */
  readonly engine?: Engine | AsyncEngine;
  /** Examples per pass. Default 256. */
  readonly batchSize?: number;
}

/** Options of {@link evaluate}. */
export interface EvaluateOptions extends PredictOptions {
  /** The loss. */
  readonly loss: Loss;
  /** What else to measure. Default: accuracy where the loss is one of classification, else nothing. */
  readonly metrics?: readonly Metric[];
}

/** How good a model is on some data. */
export interface Evaluation {
  /** Mean loss. */
  readonly loss: number;
  /** Metrics by name. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Number of examples. */
  readonly examples: number;
  /** Outputs of the model, `[examples, ...outputShape]`. */
  readonly outputs: Float64Array;
  /** Predicted classes, `[examples]`; where the labels are class indices only. */
  readonly predictions?: Uint32Array;
  /** `confusion[a][p]`: how often class `a` was predicted as `p`; where the labels are class indices only. */
  readonly confusion?: readonly (readonly number[])[];
}

/** Losses whose outputs are logits of classes. */
const CLASSIFICATION: readonly string[] = ['crossEntropy', 'binaryCrossEntropy', 'hinge'];

/** The metrics asked for, or those that suit the loss. */
export function metricsFor(loss: Loss, metrics: readonly Metric[] | undefined): readonly Metric[] {
  return metrics ?? (CLASSIFICATION.includes(loss.name) ? [accuracy] : []);
}

/**
 * Measures a model on data, as in use rather than in training.
 *
 * @throws ValueError where the model is not built or data and model do not fit; what the loss and the engine throw.
 * Rejects, never throws at once.
 * @example
 * ```ts
 * import { crossEntropy, dense, sequential } from '@ketwork/nn';
 * import { evaluate } from '@ketwork/training';
 * const model = sequential(dense(2, 2));
 * model.build(1);
 * const { metrics, confusion } = await evaluate(model, { inputs: [0, 1, 1, 0], labels: [0, 1] }, { loss: crossEntropy });
 * console.log(metrics['accuracy'], confusion); // accuracy and counts
 * ```
 */
export async function evaluate(
  model: Model | BuiltLayer,
  data: TrainingData,
  { loss, metrics, engine, batchSize = 256 }: EvaluateOptions,
): Promise<Evaluation> {
  checkBatchSize('evaluate', batchSize);
  const network = networkOf(model);
  const examples = new Examples('evaluate', data, network.inputShape);
  await bindEngine(network, engine);
  return evaluateExamples(network, examples, loss, metricsFor(loss, metrics), batchSize);
}

/** Measures batches, so many at once, each at a place of its own. */
export interface LossesOf {
  of(batch: WeightedBatch, place: number): MaybePromise<LossValues>;
  readonly atOnce: number;
}

function hereOneByOne(network: BuiltLayer, loss: Loss): LossesOf {
  const of = lossValues(network, loss);
  return { of: (batch) => of(batch), atOnce: 1 };
}

/** The work of {@link evaluate}, with everything checked and bound. */
export async function evaluateExamples(
  network: BuiltLayer,
  examples: Examples,
  loss: Loss,
  metrics: readonly Metric[],
  batchSize: number,
  losses: LossesOf = hereOneByOne(network, loss),
): Promise<Evaluation> {
  const { size } = examples;
  const means = new Means(metrics);
  const breather = new Breather();
  const width = sizeOf(network.outputShape);
  const outputs = new Float64Array(size * width);
  const labels: number[] = [];
  const pieces = piecesOf(size, batchSize);
  for (let next = 0; next < pieces.length; next += losses.atOnce) {
    const batches = pieces
      .slice(next, next + losses.atOnce)
      .map(({ first, count }) => examples.range(first, first + count));
    const results = await Promise.all(batches.map((batch, place) => losses.of(batch, place)));
    results.forEach((result, i) => {
      const batch = batches[i]!;
      means.add(meanLoss(result, batch.weights), result.outputs, batch.y, batch.count);
      outputs.set(result.outputs, pieces[next + i]!.first * width);
      for (const label of batch.y) labels.push(label);
    });
    await breather.pause();
  }
  const base = { loss: means.loss, metrics: means.metrics, examples: size, outputs };
  const classes = width === 1 ? 2 : width;
  const indices =
    labels.length === size &&
    labels.every((label) => Number.isInteger(label) && label >= 0 && label < classes);
  if (!CLASSIFICATION.includes(loss.name) || network.outputShape.length !== 1 || !indices)
    return base;
  const predictions = classesOf(outputs, size);
  return { ...base, predictions, confusion: confusionOf(labels, predictions, classes) };
}

/**
 * Outputs of a model, as in use rather than in training.
 *
 * @param inputs Row-major, `[examples, ...inputShape]`.
 * @returns `[examples, ...outputShape]`; `classesOf` turns logits into classes.
 * @throws ValueError where the model is not built or the inputs do not fit; what the engine throws. Rejects, never
 * throws at once.
 * @example
 * ```ts
 * import { dense, sequential } from '@ketwork/nn';
 * import { classesOf, predict } from '@ketwork/training';
 * const model = sequential(dense(2, 3));
 * model.build(1);
 * const outputs = await predict(model, [0, 1, 1, 0]);
 * console.log(classesOf(outputs, 2).length); // 2
 * ```
 */
export async function predict(
  model: Model | BuiltLayer,
  inputs: ArrayLike<number>,
  { engine, batchSize = 256 }: PredictOptions = {},
): Promise<Float64Array> {
  checkBatchSize('predict', batchSize);
  const network = networkOf(model);
  const inputSize = sizeOf(network.inputShape);
  const width = sizeOf(network.outputShape);
  const size = inputs.length / inputSize;
  // Labels are not needed; the check of the inputs is the same.
  const examples = new Examples(
    'predict',
    { inputs, labels: new Float64Array(Math.max(1, Math.floor(size))) },
    network.inputShape,
  );
  await bindEngine(network, engine);
  const breather = new Breather();
  const outputs = new Float64Array(size * width);
  for (let start = 0; start < size; start += batchSize) {
    const { x } = examples.range(start, Math.min(size, start + batchSize));
    outputs.set(await forward(network, x), start * width);
    await breather.pause();
  }
  return outputs;
}

/** The mean loss, each example counting as much as its weight says. */
function meanLoss({ loss, losses }: LossValues, weights: Float64Array | undefined): number {
  if (weights === undefined) return loss;
  let total = 0;
  for (let e = 0; e < losses.length; e++) total += weights[e]! * losses[e]!;
  return total / losses.length;
}

/** Refuses a batch size that is not a positive integer. */
export function checkBatchSize(what: string, batchSize: number): void {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new ValueError(`${what}: the batch size ${batchSize} is not a positive integer`);
  }
}

/** Finds the metric that decides about early stop and the like. */
export function monitored(
  what: string,
  metrics: readonly Metric[],
  name: string,
): Pick<Metric, 'name' | 'better'> {
  if (name === 'loss') return { name, better: 'lower' };
  const metric = metrics.find((candidate) => candidate.name === name);
  if (metric === undefined) {
    throw new UnsupportedError(`fit: ${what} watches '${name}', which is not measured`, {
      remedy: `Watch ${['loss', ...metrics.map((m) => m.name)].join(' or ')}, or add the metric`,
    });
  }
  return metric;
}
