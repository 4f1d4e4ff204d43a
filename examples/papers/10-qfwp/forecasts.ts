import { cpu, fit, gatherRows, mse, networkOf, predict, rmsprop, valueAndGrad } from 'ketwork';
import { rounded } from '../../common/experiment.ts';
import type { Part } from '../../common/experiment.ts';
import { parameterCount } from './models.ts';
import type { Variant } from './models.ts';
import { LENGTH, split, squaredError } from './series.ts';
import type { Task } from './series.ts';

/** A model trained on a series. */
export interface Forecast {
  readonly task: string;
  readonly model: string;
  readonly seed: number;
  readonly parameters: number;
  /** Mean squared error on the training windows by epoch. */
  readonly trainLoss: readonly number[];
  /** The same on the validation windows. */
  readonly validationLoss: readonly number[];
  /** Every epoch that was the best so far on the validation windows, and the test error with its weights. */
  readonly best: readonly (readonly [epoch: number, testError: number])[];
  /** Predictions of all windows with the weights that were kept. */
  readonly predicted: readonly number[];
}

export const BATCH = 10;
export const RATE = 0.01;

/** Trains a model and keeps the weights that are best on the validation windows. */
export async function forecast(
  task: Task,
  variant: Variant,
  seed: number,
  epochs: number,
  progress: Part['progress'],
): Promise<Forecast> {
  const { all, train, validation, test } = split(task.make());
  const model = variant.make();
  const run = fit(model, train, {
    loss: mse,
    optimizer: rmsprop(RATE, { alpha: 0.99, eps: 1e-8 }),
    epochs,
    batchSize: BATCH,
    seed,
    validation,
  });
  const best: [number, number][] = [];
  let lowest = Infinity;
  let predicted: Float64Array = new Float64Array(0);
  for await (const { record, progress: share } of run) {
    if (record === undefined) continue;
    progress(share, `epoch ${record.epoch}, loss ${record.loss.toExponential(2)}`);
    if (!(record.validation!.loss < lowest)) continue;
    lowest = record.validation!.loss;
    predicted = await predict(model, all.inputs);
    const error = squaredError(predicted.subarray(all.size - test.size), test.labels);
    best.push([record.epoch, rounded(error, 7)]);
  }
  const { history } = await run;
  return {
    task: task.name,
    model: variant.name,
    seed,
    parameters: parameterCount(variant.make()),
    trainLoss: history.map(({ loss }) => rounded(loss, 6)),
    validationLoss: history.map((record) => rounded(record.validation!.loss, 6)),
    best,
    predicted: Array.from(predicted, (value) => rounded(value)),
  };
}

/** Test error with the weights kept after so many epochs; the first epoch's for less than one. */
export function errorAfter({ best }: Forecast, epochs: number): number {
  return (best.findLast(([epoch]) => epoch <= epochs) ?? best[0]!)[1];
}

/** Test error with the weights kept at the end. */
export function finalError({ best }: Forecast): number {
  return best.at(-1)![1];
}

const ROUNDS = 60;
const STEPS = 20;

/**
 * Milliseconds of a training step of each model: forward, backward and optimiser on a batch. The models take turns, and
 * the least of many rounds counts, so that other work of the machine does not.
 */
export async function stepTimes(
  task: Task,
  variants: readonly Variant[],
  rounds: number = ROUNDS,
): Promise<Record<string, number>> {
  const { train } = split(task.make());
  const rows = Uint32Array.from({ length: BATCH }, (_, i) => i);
  const batch = {
    x: gatherRows(train.inputs, LENGTH, rows),
    y: gatherRows(train.labels, 1, rows),
  };
  const engine = await cpu();
  const runs = variants.map(({ name, make }) => {
    const model = make();
    model.build(train.inputShape, 1);
    const network = networkOf(model);
    network.bind?.(engine);
    const optimizer = rmsprop(RATE);
    const state = optimizer.init(network.parameters);
    return { name, network, step: valueAndGrad(network, mse), optimizer, state, least: Infinity };
  });
  for (let round = 0; round < rounds; round++) {
    for (const run of runs) {
      const start = performance.now();
      for (let i = 0; i < STEPS; i++) {
        const { grads } = await run.step(batch);
        run.optimizer.step(run.network.parameters, grads, run.state);
      }
      run.least = Math.min(run.least, (performance.now() - start) / STEPS);
    }
  }
  return Object.fromEntries(runs.map(({ name, least }) => [name, rounded(least, 5)]));
}
