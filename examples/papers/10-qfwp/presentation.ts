import { lineChart } from '@ketwork/plot';
import type { Figure, ReportSection, Series } from '@ketwork/plot';
import { mean, median, rounded } from '../../common/experiment.ts';
import { textTable } from '../../common/table.ts';
import { AGENTS } from './agents.ts';
import { equalEpochs, lessonsOf, middle, of } from './claims.ts';
import type { Evidence } from './claims.ts';
import { BATCH, finalError } from './forecasts.ts';
import type { Forecast } from './forecasts.ts';
import { ALL, QLSTM, VARIANTS } from './models.ts';
import { TASKS, split } from './series.ts';

/** Models whose curves are drawn. */
const DRAWN = [ALL, QLSTM, 'MLP'];

/** Tables and curves for the page. */
export function sections(evidence: Evidence): ReportSection[] {
  const { forecasts } = evidence;
  return [
    {
      title: 'Time series',
      blocks: [
        'Windows of four values, the next value; 67 % of the windows for training, the last 15 % of these choose the weights that are kept. Test error: mean squared error on the rest.',
        { caption: 'Median test error over the seeds', ...errors(evidence) },
        { caption: 'Lowest to highest seed', ...ranges(evidence) },
        { caption: 'Size and time', ...sizes(evidence) },
      ],
    },
    ...tasksOf(forecasts).map((task) => ({
      title: task,
      blocks: [
        TASKS.find(({ name }) => name === task)!.source,
        predictions(forecasts, task),
        learning(evidence, task),
      ],
    })),
    ...(evidence.lessons.length === 0
      ? []
      : [
          {
            title: 'Reinforcement learning',
            blocks: [
              'Empty rooms as in MiniGrid; eight side by side, windows of five steps. Return: 1 - 0.9 · steps / max steps on reaching the goal, else 0.',
              { caption: 'Mean over the seeds', ...lessonTable(evidence) },
              ...roomsOf(evidence).map((room) => returns(evidence, room)),
            ],
          },
        ]),
  ];
}

/** The same for the terminal. */
export function summary(evidence: Evidence): string {
  const text = ({ columns, rows }: Rows): string =>
    textTable(
      columns,
      rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toPrecision(3) : cell))),
    );
  return [
    `Median test error over the seeds\n${text(errors(evidence))}`,
    text(sizes(evidence)),
    ...(evidence.lessons.length === 0 ? [] : [`Agents\n${text(lessonTable(evidence))}`]),
  ].join('\n\n');
}

interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

function tasksOf(forecasts: readonly Forecast[]): string[] {
  return [...new Set(forecasts.map(({ task }) => task))];
}

function errors({ forecasts, simplest }: Evidence): Rows {
  const models = VARIANTS.map(({ name }) => name);
  return {
    columns: ['series', ...models, 'persistence', 'mean'],
    rows: tasksOf(forecasts).map((task) => [
      task,
      ...models.map((model) => middle(of(forecasts, task, model))),
      simplest[task]!.persistence,
      simplest[task]!.mean,
    ]),
  };
}

function ranges({ forecasts }: Evidence): Rows {
  const models = VARIANTS.map(({ name }) => name);
  const range = (runs: readonly Forecast[]): string => {
    const found = runs.map(finalError);
    return `${Math.min(...found).toPrecision(2)} to ${Math.max(...found).toPrecision(2)}`;
  };
  return {
    columns: ['series', ...models],
    rows: tasksOf(forecasts).map((task) => [
      task,
      ...models.map((model) => range(of(forecasts, task, model))),
    ]),
  };
}

function sizes({ forecasts, stepTimes }: Evidence): Rows {
  const task = forecasts[0]!.task;
  return {
    columns: ['model', 'parameters', `ms per step of ${BATCH}`, 'epochs'],
    rows: VARIANTS.map(({ name }) => {
      const runs = of(forecasts, task, name);
      return [name, `${runs[0]!.parameters}`, stepTimes[name]!, `${runs[0]!.trainLoss.length}`];
    }),
  };
}

/** The series and what models make of it, each with the seed of median test error. */
function predictions(forecasts: readonly Forecast[], task: string): Figure {
  const { all, test } = split(TASKS.find(({ name }) => name === task)!.make());
  const x = Array.from(all.labels, (_, i) => i);
  const models = [ALL, QLSTM].map((model): Series => {
    const runs = of(forecasts, task, model).toSorted((a, b) => finalError(a) - finalError(b));
    return { name: model, values: runs[Math.floor((runs.length - 1) / 2)]!.predicted, x };
  });
  const svg = lineChart([{ name: 'series', values: all.labels, x }, ...models], {
    title: `${task}: one step ahead`,
    xLabel: 'window',
    yLabel: 'next value',
  });
  return {
    svg,
    caption: `From window ${all.size - test.size} on windows were not seen in training.`,
  };
}

/** Validation error by epoch, median of the seeds. */
function learning(evidence: Evidence, task: string): Figure {
  const curves = DRAWN.map((model): Series => {
    const runs = of(evidence.forecasts, task, model).map((run) => run.validationLoss);
    const values = runs[0]!.map((_, epoch) => Math.log10(median(runs.map((run) => run[epoch]!))));
    return { name: model, values };
  });
  const svg = lineChart(curves, {
    title: `${task}: learning`,
    xLabel: 'epoch',
    yLabel: 'log10 of the validation error',
  });
  const epochs = equalEpochs(evidence);
  return {
    svg,
    caption: `Median of the seeds. All epochs of the fast weight programmer take as long as ${epochs} of the QLSTM.`,
  };
}

function roomsOf({ lessons }: Evidence): number[] {
  return [...new Set(lessons.map(({ room }) => room))];
}

function lessonTable(evidence: Evidence): Rows {
  const { lessons, random } = evidence;
  const rows = roomsOf(evidence).flatMap((room) =>
    AGENTS.flatMap(({ name }) => {
      const runs = lessonsOf(lessons, room, name);
      if (runs.length === 0) return [];
      const last = runs.map((run) => run.last);
      const solved = runs.flatMap((run) => run.solvedAfter ?? []);
      return [
        [
          `${room} × ${room}`,
          name,
          `${runs[0]!.parameters}`,
          mean(last),
          Math.min(...last),
          random[`${room}`]!,
          `${solved.length} of ${runs.length}`,
          solved.length === 0 ? '–' : `${Math.round(median(solved))}`,
          mean(runs.map((run) => run.seconds)),
        ],
      ];
    }),
  );
  return {
    columns: [
      'room',
      'agent',
      'parameters',
      'last 100',
      'lowest',
      'random',
      'at 0.7',
      'steps to 0.7',
      's',
    ],
    rows,
  };
}

/** Mean return by steps, mean over the seeds. */
function returns(evidence: Evidence, room: number): Figure {
  const curves = AGENTS.flatMap(({ name }): Series[] => {
    const runs = lessonsOf(evidence.lessons, room, name);
    if (runs.length === 0) return [];
    const { curve, steps } = runs[0]!;
    const values = curve.map((_, i) => {
      const found = runs.flatMap((run) => run.curve[i] ?? []);
      return found.length === 0 ? Number.NaN : mean(found);
    });
    const x = curve.map((_, i) => rounded(((i + 1) * steps) / curve.length / 1000, 3));
    return [{ name, values, x }];
  });
  const chance = evidence.random[`${room}`]!;
  const x = curves[0]!.x!;
  const all = [...curves, { name: 'random', values: Array.from(x, () => chance), x }];
  const svg = lineChart(all, {
    title: `${room} × ${room} room`,
    xLabel: 'thousand steps',
    yLabel: 'mean return of an episode',
    yRange: [0, 1],
  });
  return { svg, caption: 'Mean over the seeds of the episodes that ended in each fortieth.' };
}
