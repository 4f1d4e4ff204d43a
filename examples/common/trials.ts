import { adam, crossEntropy, evaluate, fit } from 'ketwork';
import type { Dataset, Model } from 'ketwork';
import { mean, rounded, spread } from './experiment.ts';

/** A classifier trained once. */
export interface Trial {
  readonly task: string;
  readonly model: string;
  readonly seed: number;
  readonly parameters: number;
  /** Loss of the training examples by epoch. */
  readonly trainLoss: readonly number[];
  /** After the last epoch. */
  readonly trainAccuracy: number;
  /** After the last epoch; test data are looked at once. */
  readonly testAccuracy: number;
  readonly seconds: number;
}

/** How a classifier is trained: with Adam and cross-entropy. */
export interface TrialOptions {
  readonly task: string;
  readonly model: string;
  readonly seed: number;
  readonly rate: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly progress: (share: number, text: string) => void;
}

/** Trains a classifier and measures its accuracy. */
export async function trial(
  model: Model,
  train: Dataset,
  test: Dataset,
  options: TrialOptions,
): Promise<Trial> {
  const { task, seed, epochs, batchSize, rate, progress } = options;
  const training = fit(model, train, {
    loss: crossEntropy,
    optimizer: adam(rate),
    epochs,
    batchSize,
    seed,
  });
  for await (const step of training)
    progress(step.progress, `epoch ${step.epoch}: loss ${step.loss.toFixed(3)}`);
  const { history, seconds } = await training;
  const measured = async (data: Dataset): Promise<number> => {
    const { metrics } = await evaluate(model, data, { loss: crossEntropy });
    return rounded(metrics['accuracy']!);
  };
  return {
    task,
    model: options.model,
    seed,
    parameters: model.network!.parameters.reduce((sum, p) => sum + p.data.length, 0),
    trainLoss: history.map(({ loss }) => rounded(loss)),
    trainAccuracy: await measured(train),
    testAccuracy: await measured(test),
    seconds: rounded(seconds, 2),
  };
}

/** The trials of a model on a task. */
export function trialsOf(trials: readonly Trial[], task: string, model: string): Trial[] {
  return trials.filter((one) => one.task === task && one.model === model);
}

/** Test accuracies of a model on a task, one per seed. */
export function testAccuracies(trials: readonly Trial[], task: string, model: string): number[] {
  return trialsOf(trials, task, model).map(({ testAccuracy }) => testAccuracy);
}

/** Training loss by epoch, mean over the seeds. */
export function meanLoss(trials: readonly Trial[], task: string, model: string): number[] {
  const own = trialsOf(trials, task, model);
  return own[0]!.trainLoss.map((_, epoch) => mean(own.map(({ trainLoss }) => trainLoss[epoch]!)));
}

/** Models by tasks: parameters, test accuracy (mean and deviation over the seeds) and mean seconds of a run. */
export function accuracyTable(
  trials: readonly Trial[],
  models: readonly string[],
  tasks: readonly string[],
): { columns: string[]; rows: string[][] } {
  const rows = models.map((model) => {
    const own = trials.filter((one) => one.model === model && tasks.includes(one.task));
    const counts = [...new Set(own.map(({ parameters }) => parameters))];
    return [
      model,
      counts.join(', '),
      ...tasks.map((task) => {
        const found = testAccuracies(trials, task, model);
        return found.length === 0 ? '–' : spread(found);
      }),
      mean(own.map(({ seconds }) => seconds)).toFixed(1),
    ];
  });
  return { columns: ['model', 'parameters', ...tasks, 'seconds'], rows };
}
