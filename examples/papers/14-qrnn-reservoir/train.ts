// Reservoir computing via quantum recurrent neural networks: Chen, Fry, Deshmukh, Rastunkov and Stefanski, arXiv:2211.02612.
import { lineChart } from '@ketwork/plot';
import type { ReportSection } from '@ketwork/plot';
import { rounded } from '../../common/experiment.ts';
import type { Experiment, ExperimentOptions, ExperimentResult } from '../../common/experiment.ts';
import { textTable } from '../../common/table.ts';
import { check } from './checks.ts';
import { judge, runsOf, settling, short, testError } from './claims.ts';
import type { Baselines } from './claims.ts';
import {
  CELLS,
  LAMBDA,
  QUANTUM,
  SCALES,
  autoregression,
  classicalReservoir,
  randomNetwork,
  spins,
  trained,
} from './models.ts';
import type { Run } from './models.ts';
import { TASKS, task } from './tasks.ts';

/** Epochs of the networks that are trained, and of read-outs by gradients. */
const EPOCHS = 30;
const READ_OUT_EPOCHS = 100;

interface TaskResult {
  readonly baselines: Baselines;
  readonly sizes: readonly [train: number, test: number];
  readonly runs: readonly Run[];
}

const experiment: Experiment = {
  number: '14',
  title: 'Reservoir computing via quantum recurrent neural networks',
  source: 'arXiv:2211.02612',
  async run(options: ExperimentOptions): Promise<ExperimentResult> {
    const { quick, seeds } = options;
    const names = quick ? TASKS.slice(0, 3) : TASKS;
    const epochs = options.epochs ?? (quick ? 2 : EPOCHS);
    const readOut = options.epochs ?? (quick ? 5 : READ_OUT_EPOCHS);
    options.expect(names.length);
    const checks = await check();
    const results: Record<string, TaskResult> = {};
    for (const name of names) {
      results[name] = await options.part(name, async ({ progress }) => {
        const data = task(name);
        const runs: Run[] = [autoregression(data)];
        for (const [i, seed] of seeds.entries()) {
          const say = (what: string): void => progress(i / seeds.length, `seed ${seed}, ${what}`);
          say('classical reservoir');
          runs.push(await classicalReservoir(data, seed, readOut));
          for (const cell of CELLS) {
            for (const scale of SCALES) {
              say(`${QUANTUM[cell]} reservoir`);
              const by = scale === 0.3 ? readOut : undefined;
              runs.push(await randomNetwork(cell, scale, data, seed, by));
            }
          }
          say('spin reservoir');
          runs.push(await spins(data, seed, readOut));
          for (const cell of quick ? (['qrnn'] as const) : CELLS) {
            say(`training ${QUANTUM[cell]}`);
            runs.push(await trained(cell, data, seed, epochs));
          }
        }
        const { baselines, train, test } = data;
        return {
          baselines,
          sizes: [train.size, test.size],
          runs: runs.map((run) => compact(run, seeds[0]!)),
        };
      });
    }
    const runs = Object.values(results).flatMap((result) => result.runs);
    const baselines = Object.fromEntries(
      Object.entries(results).map(([name, result]) => [name, result.baselines] as const),
    );
    const sizes = Object.fromEntries(
      Object.entries(results).map(([name, result]) => [name, result.sizes] as const),
    );
    const settings = {
      seeds,
      epochs,
      readOutEpochs: readOut,
      window: 4,
      optimizer: 'rmsprop 0.01',
      batchSize: 10,
      lambda: LAMBDA,
    };
    const full = !quick && epochs >= EPOCHS;
    const tables = [errors(runs, baselines), costs(runs, names), settlingTable(runs, names)];
    return {
      data: { settings, sizes, baselines, checks, runs },
      claims: judge(runs, baselines, checks, full),
      text: tables
        .map(({ title, columns, rows }) => `${title}\n${textTable(columns, rows)}`)
        .join('\n\n'),
      report: [
        ...tables.map(({ title, columns, rows }): ReportSection => ({
          title,
          blocks: [{ columns, rows }],
        })),
        curves(runs, names[0]!, seeds[0]!),
      ],
    };
  },
};

interface NamedTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The models by name, and by the scale of their angles where these are random. */
function models(runs: readonly Run[]): { readonly model: string; readonly scale?: number }[] {
  const seen = new Map<string, { model: string; scale?: number }>();
  for (const { model, scale } of runs)
    seen.set(`${model} ${scale}`, { model, ...(scale === undefined ? {} : { scale }) });
  return [...seen.values()];
}

function nameOf({ model, scale }: { readonly model: string; readonly scale?: number }): string {
  return scale === undefined ? model : `${model} s = ${scale}`;
}

function errors(runs: readonly Run[], baselines: Readonly<Record<string, Baselines>>): NamedTable {
  const tasks = Object.keys(baselines);
  const rows = models(runs).map((one) => [
    nameOf(one),
    `${runs.find((run) => run.model === one.model)!.parameters}`,
    ...tasks.map((name) => short(testError(runs, name, one.model, one.scale))),
  ]);
  return {
    title: 'Test error (MSE, series scaled to [-1, 1]), median of the seeds',
    columns: ['model', 'trained numbers', ...tasks],
    rows: [
      ['mean of the training data', '1', ...tasks.map((name) => short(baselines[name]!.mean))],
      [
        'persistence',
        '0',
        ...tasks.map((name) => short(baselines[name]!.persistence ?? Number.NaN)),
      ],
      ...rows,
    ],
  };
}

function costs(runs: readonly Run[], tasks: readonly string[]): NamedTable {
  const task = tasks[0]!;
  const rows = models(runs).flatMap((one) => {
    const own = runsOf(runs, task, one.model, one.scale);
    const { circuits, seconds } = own[0]!;
    if (circuits.forward === 0 || (one.scale !== undefined && one.scale !== 0.3)) return [];
    const least = Math.min(seconds, ...own.map((run) => run.seconds));
    return [[nameOf(one), `${circuits.forward}`, `${circuits.backward}`, least.toFixed(3)]];
  });
  return {
    title: `What training takes on ${task}: circuits run, circuits differentiated, seconds (least of the seeds)`,
    columns: ['model', 'forward', 'backward', 'seconds'],
    rows,
  };
}

function settlingTable(runs: readonly Run[], tasks: readonly string[]): NamedTable {
  const rows = models(runs)
    .filter(({ model, scale }) => model !== 'AR(4)' && (scale === undefined || scale === 0.3))
    .map(({ model, scale }) => [
      nameOf({ model, ...(scale === undefined ? {} : { scale }) }),
      ...tasks.map((task) => {
        const loss = settling(runs, task, model, scale, 'loss');
        return `${settling(runs, task, model, scale)} (${short(loss)})`;
      }),
    ]);
  return {
    title:
      'Epochs to 1.1 × final loss, and that loss (read-out by gradients; whole network where trained), medians of the seeds',
    columns: ['model', ...tasks],
    rows,
  };
}

function curves(runs: readonly Run[], task: string, seed: number): ReportSection {
  const series = models(runs).flatMap((one) => {
    const run = runsOf(runs, task, one.model, one.scale).find((own) => own.seed === seed);
    if (run?.losses === undefined || (one.scale !== undefined && one.scale !== 0.3)) return [];
    return [{ name: nameOf(one), values: run.losses.map((loss) => Math.log10(loss)) }];
  });
  const chart = lineChart(series, {
    title: `Loss on ${task}, seed ${seed}`,
    xLabel: 'epoch',
    yLabel: 'log10 of the mean squared error',
    width: 720,
  });
  return {
    title: 'Learning curves',
    blocks: [
      'Reservoirs: the read-out trained by gradients on features that stay. Trained networks: all parameters.',
      { svg: chart },
    ],
  };
}

/** Numbers as results keep them; curves only of the first seed and the middle scale. */
function compact({ losses, settled, ...run }: Run, seed: number): Run {
  const digits = (value: number): number => Number(value.toPrecision(5));
  const kept = run.seed === seed && (run.scale === undefined || run.scale === 0.3);
  return {
    ...run,
    trainError: digits(run.trainError),
    testError: digits(run.testError),
    seconds: rounded(run.seconds),
    ...(losses === undefined || !kept ? {} : { losses: losses.map(digits) }),
    ...(settled === undefined
      ? {}
      : { settled: { epochs: settled.epochs, loss: digits(settled.loss) } }),
  };
}

export default experiment;
