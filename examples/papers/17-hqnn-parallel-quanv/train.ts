// Hybrid networks with parallel circuits and with quanvolution: Senokosov et al., arXiv:2304.09224.
import { adam, crossEntropy, evaluate, fit } from 'ketwork';
import type { Model } from 'ketwork';
import { lineChart } from '@ketwork/plot';
import { mean, rounded, spread } from '../../common/experiment.ts';
import type {
  Experiment,
  ExperimentOptions,
  ExperimentResult,
  Part,
} from '../../common/experiment.ts';
import { textTable } from '../../common/table.ts';
import { checkCircuits } from './checks.ts';
import { CONV, EQUAL, FIXED, LARGE, PARALLEL, QUANV, RANDOM, WIDE, judge } from './claims.ts';
import type { Run } from './claims.ts';
import { digits, small } from './data.ts';
import type { Split } from './data.ts';
import { fullMnist } from './full-mnist.ts';
import {
  REDUCED_CHANNELS,
  SIDE,
  SMALL_SIDE,
  convolutionTwin,
  equalTwin,
  hqnnParallel,
  hqnnQuanv,
  largeTwin,
  parameterCount,
} from './models.ts';

/** Networks that are compared on the same images by the same loop. */
interface Comparison {
  readonly name: string;
  readonly side: number;
  readonly rate: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly counts: { readonly train: number; readonly validation: number; readonly test: number };
  readonly models: readonly {
    readonly name: string;
    /** Cost of a run, for the time left only. */
    readonly cost: number;
    make(seed: number): Model;
  }[];
}

const parallel = (quick: boolean): Comparison => ({
  name: 'Parallel',
  side: SIDE,
  rate: 2e-3,
  batchSize: 64,
  epochs: quick ? 1 : 8,
  counts: quick
    ? { train: 256, validation: 100, test: 300 }
    : { train: 4000, validation: 1000, test: 2000 },
  models: [
    { name: PARALLEL, cost: 8, make: () => hqnnParallel(REDUCED_CHANNELS) },
    { name: EQUAL, cost: 8, make: () => equalTwin(REDUCED_CHANNELS) },
    { name: LARGE, cost: 12, make: () => largeTwin(REDUCED_CHANNELS) },
  ],
});

const quanv = (quick: boolean): Comparison => ({
  name: 'Quanv',
  side: SMALL_SIDE,
  rate: 0.01,
  batchSize: 10,
  epochs: quick ? 2 : 20,
  counts: quick
    ? { train: 100, validation: 50, test: 200 }
    : { train: 500, validation: 500, test: 500 },
  models: [
    { name: QUANV, cost: 4, make: () => hqnnQuanv('trained') },
    { name: FIXED, cost: 2, make: () => hqnnQuanv('fixed') },
    { name: RANDOM, cost: 2, make: (seed) => hqnnQuanv('random', seed) },
    { name: CONV, cost: 1, make: () => convolutionTwin(4) },
    { name: WIDE, cost: 1, make: () => convolutionTwin(16) },
  ],
});

const experiment: Experiment = {
  number: '17',
  title: 'Hybrid networks for image classification: HQNN-Parallel and HQNN-Quanv',
  source: 'arXiv:2304.09224',
  variants: {
    'full-mnist': 'HQNN-Parallel on all of MNIST',
    'full-mnist-twin': 'its classical twin on all of MNIST',
  },
  run: (options) => (options.variant === undefined ? compare(options) : fullMnist(options)),
};

async function compare(options: ExperimentOptions): Promise<ExperimentResult> {
  const { quick, seeds } = options;
  const comparisons = [parallel(quick), quanv(quick)].map((comparison) => ({
    ...comparison,
    epochs: options.epochs ?? comparison.epochs,
  }));
  const all = comparisons.flatMap(({ models }) => models);
  options.expect(seeds.length * all.reduce((sum, { cost }) => sum + cost, 0));
  const checks = await checkCircuits();
  const runs: Run[] = [];
  for (const comparison of comparisons) {
    for (const seed of seeds) {
      const images = digits(seed, quick, comparison.counts);
      const data = images.then((split) => (comparison.side === SIDE ? split : small(split)));
      for (const { name, cost, make } of comparison.models) {
        runs.push(
          await options.part(
            `${name}, seed ${seed}`,
            async (part) => train(comparison, name, make(seed), await data, seed, part),
            cost,
          ),
        );
      }
    }
  }
  const settings = comparisons.map(({ name, side, rate, batchSize, epochs, counts }) => {
    return { name, side, optimizer: 'adam', learningRate: rate, batchSize, epochs, ...counts };
  });
  const tables = comparisons.map((comparison) => table(comparison, runs));
  return {
    data: { settings, checks, runs },
    claims: judge(runs, checks, quick),
    text: comparisons
      .map(({ name, epochs }, i) => {
        const { columns, rows } = tables[i]!;
        const heading = `${name}: test accuracy after ${epochs} epochs, ${seeds.length} seeds`;
        return `${heading}\n${textTable(columns, rows)}`;
      })
      .join('\n\n'),
    report: comparisons.map((comparison, i) => ({
      title: `HQNN-${comparison.name}`,
      blocks: [
        { ...tables[i]!, caption: `Accuracies: mean and deviation of ${seeds.length} seeds.` },
        lineChart(
          comparison.models.map(({ name }) => ({ name, values: curve(runs, name) })),
          {
            title: 'Validation accuracy, mean over the seeds',
            xLabel: 'epoch',
            yLabel: 'accuracy',
          },
        ),
      ],
    })),
  };
}

async function train(
  { rate, batchSize, epochs, side }: Comparison,
  name: string,
  model: Model,
  data: Split,
  seed: number,
  part: Part,
): Promise<Run> {
  const run = fit(model, data.train, {
    loss: crossEntropy,
    optimizer: adam(rate),
    epochs,
    batchSize,
    seed,
    validation: data.validation,
  });
  for await (const step of run)
    part.progress(step.progress, `epoch ${step.epoch}, loss ${step.loss.toFixed(3)}`);
  const { history, seconds } = await run;
  const { metrics } = await evaluate(model, data.test, { loss: crossEntropy });
  return {
    model: name,
    seed,
    parameters: parameterCount(model, side),
    trainLoss: history.map(({ loss }) => rounded(loss)),
    validationAccuracy: history.map(({ validation }) => rounded(validation!.metrics['accuracy']!)),
    testAccuracy: rounded(metrics['accuracy']!),
    secondsPerEpoch: rounded(seconds / epochs, 3),
  };
}

function curve(runs: readonly Run[], model: string): number[] {
  const own = runs.filter((run) => run.model === model);
  return own[0]!.validationAccuracy.map((_, i) =>
    mean(own.map((run) => run.validationAccuracy[i]!)),
  );
}

function table(
  { models }: Comparison,
  runs: readonly Run[],
): { columns: string[]; rows: string[][] } {
  const rows = models.map(({ name }) => {
    const own = runs.filter((run) => run.model === name);
    return [
      name,
      `${own[0]!.parameters}`,
      spread(own.map((run) => run.testAccuracy)),
      mean(own.map((run) => run.trainLoss.at(-1)!)).toFixed(3),
      mean(own.map((run) => run.secondsPerEpoch)).toFixed(2),
    ];
  });
  return { columns: ['network', 'parameters', 'test accuracy', 'loss', 's/epoch'], rows };
}

export default experiment;
