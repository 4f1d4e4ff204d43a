// Quantum convolutional filters for high-energy physics images: Chen, Wei, Zhang, Yu and Yoo, arXiv:2012.12177.
import { adam, crossEntropy, fit } from 'ketwork';
import type { Model } from 'ketwork';
import { lineChart } from '@ketwork/plot';
import type { Figure } from '@ketwork/plot';
import { mean, rounded } from '../../common/experiment.ts';
import type {
  Experiment,
  ExperimentOptions,
  ExperimentResult,
  Part,
} from '../../common/experiment.ts';
import { textTable } from '../../common/table.ts';
import { REUPLOAD, SIMILAR, SINGLE, SMALL, curve, judge, spread } from './claims.ts';
import type { Run } from './claims.ts';
import { checkKernel } from './kernel-checks.ts';
import { classicalNetwork, parameterCount, quantumNetwork } from './models.ts';
import { digits, muonElectron, muonPion, muonProton, otherPairs } from './tasks.ts';
import type { Task } from './tasks.ts';

interface Variant {
  readonly name: string;
  readonly rate: number;
  /** Cost of a run, for the progress bar only. */
  readonly cost: number;
  make(): Model;
}

const VARIANTS: readonly Variant[] = [
  { name: REUPLOAD, rate: 0.05, cost: 5, make: () => quantumNetwork({ reupload: true }) },
  { name: SINGLE, rate: 0.05, cost: 5, make: () => quantumNetwork({ reupload: false }) },
  ...[0.01, 0.05].flatMap((rate) => [
    { name: SMALL, rate, cost: 1, make: () => classicalNetwork(2) },
    { name: SIMILAR, rate, cost: 1, make: () => classicalNetwork(5) },
  ]),
];
const BATCH = 20;

const experiment: Experiment = {
  number: '05',
  title: 'Quantum convolutional filters for high-energy physics images',
  source: 'arXiv:2012.12177',
  variants: {
    'all-pairs':
      'all six pairs of the four particles, and digits, with five seeds (a minute and a half)',
  },
  async run(options: ExperimentOptions): Promise<ExperimentResult> {
    const { quick, seed, expect, part } = options;
    const all = options.variant === 'all-pairs';
    const three = [muonElectron, muonProton, muonPion];
    const tasks = quick ? [muonElectron, digits] : [...three, ...(all ? otherPairs : []), digits];
    const seeds = quick ? [seed] : all ? options.seeds : [seed, seed + 1, seed + 2];
    const epochs = options.epochs ?? (quick ? 4 : 30);
    const [trainCount, testCount] = quick ? [100, 100] : [200, 400];
    const jobs = tasks.flatMap((task) =>
      seeds.flatMap((s) => VARIANTS.map((variant) => ({ task, seed: s, variant }))),
    );
    expect(jobs.reduce((sum, { variant }) => sum + variant.cost, 0));

    const kernel = await checkKernel();
    const runs: Run[] = [];
    for (const { task, seed: s, variant } of jobs) {
      const train = async ({ progress }: Part): Promise<Run> => {
        const data = await loaded(task, s, trainCount, testCount);
        const model = variant.make();
        const training = fit(model, data.train, {
          loss: crossEntropy,
          optimizer: adam(variant.rate),
          epochs,
          batchSize: BATCH,
          seed: s,
          validation: data.test,
        });
        for await (const step of training)
          progress(step.progress, `epoch ${step.epoch}: loss ${step.loss.toFixed(3)}`);
        const { history, seconds, samplesPerSecond } = await training;
        return {
          task: task.name,
          model: variant.name,
          rate: variant.rate,
          seed: s,
          parameters: parameterCount(variant.make()),
          trainLoss: history.map(({ loss }) => rounded(loss)),
          testAccuracy: history.map(({ validation }) => rounded(validation!.metrics['accuracy']!)),
          seconds: rounded(seconds, 2),
          samplesPerSecond: Math.round(samplesPerSecond),
        };
      };
      const name = `${task.name}, ${variant.name} at ${variant.rate}, seed ${s}`;
      runs.push(await part(name, train, variant.cost));
    }
    const settings = {
      epochs,
      batchSize: BATCH,
      optimizer: 'adam',
      seeds,
      trainCount,
      testCount,
      imageSide: 16,
    };
    const sources = Object.fromEntries(tasks.map(({ name, source }) => [name, source]));
    const names = tasks.map(({ name }) => name);
    return {
      data: { settings, tasks: sources, kernel, runs },
      claims: judge(runs, kernel),
      text: `${summary(runs, names, epochs)}\n\n${curves(runs, names)}`,
      report: [{ title: 'Learning curves', blocks: charts(runs, names) }],
    };
  },
};

const cache = new Map<string, ReturnType<Task['load']>>();

/** Loads data of a task once per seed. */
function loaded(
  task: Task,
  seed: number,
  trainCount: number,
  testCount: number,
): ReturnType<Task['load']> {
  const name = [task.name, seed, trainCount, testCount].join();
  const data = cache.get(name) ?? task.load(seed, trainCount, testCount);
  cache.set(name, data);
  return data;
}

function summary(runs: readonly Run[], tasks: readonly string[], epochs: number): string {
  const rows = VARIANTS.map(({ name, rate }) => {
    const own = runs.filter((run) => run.model === name && run.rate === rate);
    return [
      name,
      `${own[0]!.parameters}`,
      `${rate}`,
      ...tasks.map((task) => curve(runs, task, name, rate)!.at(-1)!.toFixed(3)),
      `${Math.round(mean(own.map((run) => run.samplesPerSecond)))}`,
    ];
  });
  const columns = ['model', 'parameters', 'rate', ...tasks, 'images/s'];
  const spreads = tasks.map((task) => `${task} ${spread(runs, task, REUPLOAD, 0.05)}`);
  return [
    `Test accuracy after ${epochs} epochs, mean over the seeds`,
    textTable(columns, rows),
    `${REUPLOAD}, lowest to highest seed: ${spreads.join(', ')}`,
  ].join('\n');
}

/** Test accuracy by epoch at the same rate, a chart per task. */
function charts(runs: readonly Run[], tasks: readonly string[]): Figure[] {
  return tasks.map((task) => ({
    svg: lineChart(
      [REUPLOAD, SINGLE, SIMILAR].map((model) => ({
        name: model,
        values: curve(runs, task, model, 0.05)!,
      })),
      { title: `${task}, rate 0.05`, xLabel: 'epoch', yLabel: 'test accuracy', yStyle: 'percent' },
    ),
  }));
}

/** Test accuracy by epoch at the same rate, in a few columns. */
function curves(runs: readonly Run[], tasks: readonly string[]): string {
  const epochs = runs[0]!.testAccuracy.length;
  const shown = [1, 2, 3, 5, 7, 10, 15, 20, 25, 30, epochs].filter(
    (epoch, i, all) => epoch <= epochs && all.indexOf(epoch) === i,
  );
  const rows = tasks.flatMap((task) =>
    [REUPLOAD, SIMILAR].map((model) => {
      const values = curve(runs, task, model, 0.05)!;
      return [task, model, ...shown.map((epoch) => values[epoch - 1]!.toFixed(3))];
    }),
  );
  return `Learning curves at rate 0.05 (test accuracy by epoch)\n${textTable(['task', 'model', ...shown.map(String)], rows)}`;
}

export default experiment;
