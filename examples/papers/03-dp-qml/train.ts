// Quantum machine learning with differential privacy: Watkins, Chen and Yoo, arXiv:2103.06232.
import { lineChart } from '@ketwork/plot';
import { mean, spread } from '../../common/experiment.ts';
import type { Experiment, ExperimentOptions, ExperimentResult } from '../../common/experiment.ts';
import { textTable } from '../../common/table.ts';
import { judge, meanOf } from './claims.ts';
import { TASKS } from './data.ts';
import { VARIANTS } from './models.ts';
import { anchorRatios, runsOf } from './runs.ts';
import type { Run } from './runs.ts';

const experiment: Experiment = {
  number: '03',
  title: 'Quantum machine learning with differential privacy',
  source: 'arXiv:2103.06232',
  async run({ quick, seeds, expect, part }: ExperimentOptions): Promise<ExperimentResult> {
    const noises = quick ? [0, 1, 2] : [0, 1, 2, 4];
    const steps = quick ? 40 : 300;
    const counts = quick ? ([400, 200] as const) : ([1000, 600] as const);
    expect(seeds.length);
    const runs: Run[] = [];
    for (const seed of seeds) {
      const own = await part(`seed ${seed}`, ({ progress }) =>
        runsOf(seed, noises, steps, counts, progress),
      );
      runs.push(...own);
    }
    const anchors = anchorRatios();
    const table = tableOf(runs, noises);
    const caption =
      'Accuracy on test examples (mean and deviation over the seeds) by noise multiplier and ε at δ = 1e-5';
    return {
      data: { settings: { noises, steps, counts, seeds }, anchors, runs },
      claims: judge(runs, anchors, quick),
      text: `${caption}\n${textTable(table.columns, table.rows)}`,
      report: [
        { title: 'Results', blocks: [{ ...table, caption }] },
        {
          title: 'Accuracy and ε',
          blocks: TASKS.map((task) => ({
            svg: chart(task, runs, noises),
            caption: `${task}: mean over the seeds.`,
          })),
        },
      ],
    };
  },
};

function tableOf(
  runs: readonly Run[],
  noises: readonly number[],
): { columns: string[]; rows: string[][] } {
  const heading = (noise: number): string => {
    const { epsilon } = runs.find((run) => run.noise === noise)!;
    return epsilon === null ? 'not private' : `σ ${noise}, ε ${epsilon.toFixed(2)}`;
  };
  const rows = TASKS.flatMap((task) =>
    VARIANTS.map(({ name }) => {
      const own = runs.filter((run) => run.task === task && run.model === name);
      return [
        task,
        name,
        `${own[0]!.parameters}`,
        ...noises.map((noise) =>
          spread(own.filter((run) => run.noise === noise).map(({ accuracy }) => accuracy)),
        ),
        mean(own.map(({ seconds }) => seconds)).toFixed(1),
      ];
    }),
  );
  return {
    columns: ['task', 'model', 'parameters', ...noises.map(heading), 'seconds'],
    rows,
  };
}

function chart(task: string, runs: readonly Run[], noises: readonly number[]): string {
  const secret = noises.filter((noise) => noise > 0).toReversed();
  const own = runs.filter((run) => run.task === task);
  return lineChart(
    VARIANTS.map(({ name }) => ({
      name,
      x: secret.map((noise) => own.find((run) => run.noise === noise)!.epsilon!),
      values: secret.map((noise) => meanOf(own, task, name, noise, 'accuracy')),
    })),
    { title: `Accuracy against ε, ${task}`, xLabel: 'ε at δ = 1e-5', yLabel: 'test accuracy' },
  );
}

export default experiment;
