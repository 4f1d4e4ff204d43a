// A hybrid quantum-classical graph convolutional network: Chen, Wei, Zhang, Yu and Yoo, arXiv:2101.06189.
import { adam, crossEntropy, evaluate, fit } from 'ketwork';
import { lineChart } from '@ketwork/plot';
import { mean, rounded, spread } from '../../common/experiment.ts';
import type { Experiment, ExperimentOptions, ExperimentResult } from '../../common/experiment.ts';
import { textTable } from '../../common/table.ts';
import { check } from './checks.ts';
import { accuracies, judge } from './claims.ts';
import type { Run } from './claims.ts';
import { GCN, NODES, parameterCount, QCNN, RADIUS, SMALL, VARIANTS } from './models.ts';
import { events, TASKS } from './tasks.ts';
import type { Task } from './tasks.ts';

const BATCH = 20;

const experiment: Experiment = {
  number: '04',
  title: 'Hybrid quantum-classical graph convolutional network',
  source: 'arXiv:2101.06189',
  async run(options: ExperimentOptions): Promise<ExperimentResult> {
    const { quick, seed, seeds, expect, part } = options;
    const tasks = quick ? TASKS.slice(0, 2) : TASKS;
    const epochs = options.epochs ?? (quick ? 6 : 30);
    const [trainCount, testCount] = quick ? [100, 100] : [200, 400];
    expect(tasks.length * seeds.length);
    const checks = await check(seed);
    const runs: Run[] = [];
    for (const task of tasks) {
      for (const s of seeds) {
        const own = await part(`${task.name}, seed ${s}`, ({ progress }) =>
          train(task, s, epochs, trainCount, testCount, progress),
        );
        runs.push(...own);
      }
    }
    const names = tasks.map(({ name }) => name);
    const settings = {
      epochs,
      batchSize: BATCH,
      optimizer: 'adam',
      seeds,
      trainCount,
      testCount,
      imageSide: 16,
      nodes: NODES,
      radius: RADIUS,
    };
    const table = accuracyTable(runs, names);
    const caption = `Test accuracy after ${epochs} epochs, mean and deviation over ${seeds.length} seeds`;
    return {
      data: { settings, checks, runs },
      claims: judge(runs, checks, quick),
      text: `${caption}\n${textTable(table.columns, table.rows)}`,
      report: [
        {
          title: 'Accuracy',
          blocks: [
            'Events of a toy generator; the paper’s simulation is not public.',
            { ...table, caption },
          ],
        },
        {
          title: 'Training',
          blocks: names.map((name) => ({
            svg: lineChart(
              [SMALL, GCN, QCNN].map((model) => ({
                name: model,
                values: meanLoss(runs, name, model),
              })),
              { title: `Training loss, ${name}`, xLabel: 'epoch', yLabel: 'cross-entropy (nats)' },
            ),
            caption: `Mean over the seeds, ${name}.`,
          })),
        },
      ],
    };
  },
};

/** Trains all networks on the same events. */
async function train(
  task: Task,
  seed: number,
  epochs: number,
  trainCount: number,
  testCount: number,
  progress: (share: number, text: string) => void,
): Promise<Run[]> {
  const data = events(task, seed, trainCount, testCount);
  const runs: Run[] = [];
  for (const [v, variant] of VARIANTS.entries()) {
    const model = variant.make();
    const training = fit(model, data.train[variant.reads], {
      loss: crossEntropy,
      optimizer: adam(variant.rate),
      epochs,
      batchSize: BATCH,
      seed,
    });
    for await (const step of training) {
      progress((v + step.progress) / VARIANTS.length, `${variant.name}, epoch ${step.epoch}`);
    }
    const { history, seconds } = await training;
    const measured = async (part: 'train' | 'test'): Promise<number> => {
      const { metrics } = await evaluate(model, data[part][variant.reads], { loss: crossEntropy });
      return rounded(metrics['accuracy']!);
    };
    runs.push({
      task: task.name,
      model: variant.name,
      rate: variant.rate,
      seed,
      parameters: parameterCount(variant),
      trainLoss: history.map(({ loss }) => rounded(loss)),
      trainAccuracy: await measured('train'),
      testAccuracy: await measured('test'),
      seconds: rounded(seconds, 2),
    });
  }
  return runs;
}

function accuracyTable(
  runs: readonly Run[],
  tasks: readonly string[],
): { columns: string[]; rows: string[][] } {
  const rows = VARIANTS.map(({ name, rate }) => {
    const own = runs.filter((run) => run.model === name && run.rate === rate);
    return [
      name,
      `${own[0]!.parameters}`,
      `${rate}`,
      ...tasks.map((task) => spread(accuracies(runs, task, name, rate))),
      mean(own.map(({ seconds }) => seconds)).toFixed(1),
    ];
  });
  return { columns: ['network', 'parameters', 'rate', ...tasks, 'seconds'], rows };
}

/** Training loss by epoch, mean over the seeds. */
function meanLoss(runs: readonly Run[], task: string, model: string): number[] {
  const own = runs.filter((run) => run.task === task && run.model === model);
  return own[0]!.trainLoss.map((_, epoch) => mean(own.map(({ trainLoss }) => trainLoss[epoch]!)));
}

export default experiment;
