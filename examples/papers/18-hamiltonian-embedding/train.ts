// Hamiltonian embedding of images for data re-uploading classifiers, arXiv:2407.14055.
import { crossEntropy, drawSvg, evaluate, loadState, stateOf } from 'ketwork';
import type { Model } from 'ketwork';
import { lineChart } from '@ketwork/plot';
import { rounded } from '../../common/experiment.ts';
import type { Experiment, ExperimentOptions, ExperimentResult } from '../../common/experiment.ts';
import { textTable } from '../../common/table.ts';
import { accuracyTable, meanLoss, trial, trialsOf } from '../../common/trials.ts';
import type { Trial } from '../../common/trials.ts';
import { check } from './checks.ts';
import { BASELINE, FIFTEEN, FIVE, FIXED, LARGE, SHARED, TWIN, TWO, judge } from './claims.ts';
import { largeImages, lesions, pooledImages } from './data.ts';
import type { Task } from './data.ts';
import { hamiltonianModel, qcnnCircuit, qcnnModel, regression } from './models.ts';
import type { HamiltonianSettings } from './models.ts';

interface Variant {
  readonly name: string;
  readonly rate: number;
  readonly batchSize: number;
  readonly epochs: number;
  /** Seconds of a run on an idle machine, roughly, for the progress bar. */
  readonly cost: number;
  make(): Model;
}

interface Job {
  readonly task: Task;
  readonly variants: readonly Variant[];
}

const wall = (layers: number): HamiltonianSettings => ({ layers, unitary: 'brick-wall' });

/** The first eight classes on 8 × 8 pixels: all models by the same loop. */
function pooledJob(source: 'MNIST' | 'Fashion-MNIST', quick: boolean, epochs?: number): Job {
  const task = quick ? pooledImages(source, 200, 200) : pooledImages(source, 1200, 600);
  const loop = { rate: 0.03, batchSize: 100, epochs: epochs ?? (quick ? 10 : 60) };
  const model = (name: string, cost: number, settings: HamiltonianSettings): Variant => ({
    ...loop,
    name,
    cost,
    make: () => hamiltonianModel(8, 8, settings),
  });
  const extra = [
    model(SHARED, 5, { ...wall(15), shared: true }),
    model(FIXED, 5, { ...wall(15), time: 1 }),
  ];
  return {
    task,
    variants: [
      model(FIFTEEN, 5, wall(15)),
      ...(quick ? [] : extra),
      model(FIVE, 2, wall(5)),
      model(TWO, 1, wall(2)),
      { ...loop, name: BASELINE, cost: 2, make: () => qcnnModel(8, 8, 1) },
      { ...loop, name: TWIN, cost: 0.2, make: () => regression(8, 8) },
    ],
  };
}

/** Lesions instead of CT images: two brick-wall layers, as in the paper. */
function lesionJob(side: 8 | 32, quick: boolean, epochs?: number): Job {
  const loop = { rate: 0.03, batchSize: 20, epochs: epochs ?? (quick ? 5 : 100) };
  // The paper's wall on five qubits begins with pairs (1, 2) and (3, 4).
  const pairs = [
    [1, 2],
    [3, 4],
    [0, 1],
    [2, 3],
  ] as const;
  const settings: HamiltonianSettings = side === 32 ? { ...wall(2), pairs } : wall(2);
  return {
    task: lesions(side, 80, quick ? 100 : 400),
    variants: [
      { ...loop, name: TWO, cost: 2, make: () => hamiltonianModel(side, 2, settings) },
      { ...loop, name: BASELINE, cost: 3, make: () => qcnnModel(side, 2, side === 32 ? 3 : 2) },
      { ...loop, name: TWIN, cost: 0.2, make: () => regression(side, 2, side / 8) },
    ],
  };
}

/** Full images: 10 layers of SU(32). */
function largeJob(source: 'MNIST' | 'Fashion-MNIST', epochs?: number): Job {
  return {
    task: largeImages(source, 48_200, 10_000),
    variants: [
      {
        name: LARGE,
        rate: 0.01,
        batchSize: 500,
        epochs: epochs ?? 15,
        cost: 100,
        make: () => hamiltonianModel(32, 8, { layers: 10 }),
      },
      {
        name: BASELINE,
        rate: 0.03,
        batchSize: 500,
        epochs: epochs ?? 5,
        cost: 60,
        make: () => qcnnModel(32, 8, 2),
      },
      {
        name: TWIN,
        rate: 0.01,
        batchSize: 500,
        epochs: epochs ?? 5,
        cost: 10,
        make: () => regression(32, 8),
      },
    ],
  };
}

const experiment: Experiment = {
  number: '18',
  title: 'Hamiltonian embedding of images for data re-uploading classifiers',
  source: 'arXiv:2407.14055',
  variants: {
    large: 'all images of eight classes at 32 × 32 pixels, 10 layers of SU(32); one seed, minutes',
  },
  async run(options: ExperimentOptions): Promise<ExperimentResult> {
    const { quick, seed, epochs, expect, part } = options;
    const large = options.variant === 'large';
    const seeds = large ? [seed] : options.seeds;
    const jobs = large
      ? [largeJob('MNIST', epochs), largeJob('Fashion-MNIST', epochs)]
      : quick
        ? [pooledJob('MNIST', true, epochs), lesionJob(8, true, epochs)]
        : [
            pooledJob('MNIST', false, epochs),
            pooledJob('Fashion-MNIST', false, epochs),
            lesionJob(8, false, epochs),
            lesionJob(32, false, epochs),
          ];
    const costs = jobs.flatMap(({ variants }) => variants.map(({ cost }) => cost));
    expect(seeds.length * costs.reduce((a, b) => a + b, 0));
    const checks = await check(seed);
    const trials: Trial[] = [];
    const trotter: { readonly seed: number; readonly accuracies: readonly number[] }[] = [];
    for (const { task, variants } of jobs) {
      for (const s of seeds) {
        for (const variant of variants) {
          const done = await part(
            `${task.name}, ${variant.name}, seed ${s}`,
            async ({ progress }) => {
              const [train, test] = await task.load(s);
              const model = variant.make();
              const { rate, batchSize } = variant;
              const own = await trial(model, train, test, {
                task: task.name,
                model: variant.name,
                seed: s,
                rate,
                batchSize,
                epochs: variant.epochs,
                progress,
              });
              const steps =
                variant.name === FIFTEEN && task.name === 'MNIST'
                  ? await byTrotter(model, test)
                  : undefined;
              return { own, steps };
            },
            variant.cost,
          );
          trials.push(done.own);
          if (done.steps !== undefined) trotter.push({ seed: s, accuracies: done.steps });
        }
      }
    }
    return result(trials, trotter, checks, { jobs, seeds, quick });
  },
};

const STEPS = [1, 2, 4, 8, 16];

/** Test accuracy of a trained model when its evolutions are done in so many Trotter steps. */
async function byTrotter(trained: Model, test: Parameters<typeof evaluate>[1]): Promise<number[]> {
  const state = stateOf(trained);
  const accuracies: number[] = [];
  for (const trotterSteps of STEPS) {
    const model = hamiltonianModel(8, 8, { ...wall(15), evolution: { trotterSteps } });
    loadState(model.build([8, 8], 1), state);
    const { metrics } = await evaluate(model, test, { loss: crossEntropy });
    accuracies.push(rounded(metrics['accuracy']!));
  }
  return accuracies;
}

function result(
  trials: readonly Trial[],
  trotter: readonly { readonly seed: number; readonly accuracies: readonly number[] }[],
  checks: Awaited<ReturnType<typeof check>>,
  run: {
    readonly jobs: readonly Job[];
    readonly seeds: readonly number[];
    readonly quick: boolean;
  },
): ExperimentResult {
  const { jobs, seeds, quick } = run;
  const tasks = jobs.map(({ task }) => task.name);
  const tables = jobs.map(({ task, variants }) => ({
    ...accuracyTable(
      trials,
      variants.map(({ name }) => name),
      [task.name],
    ),
    caption: `Test accuracy on ${task.name}, mean and deviation over ${seeds.length} seeds`,
  }));
  const steps = {
    columns: ['Trotter steps', ...STEPS.map(String), 'exact'],
    rows: trotter.map((one) => [
      `seed ${one.seed}`,
      ...one.accuracies.map((a) => a.toFixed(3)),
      trialsOf(trials, 'MNIST', FIFTEEN)
        .find((t) => t.seed === one.seed)!
        .testAccuracy.toFixed(3),
    ]),
    caption: `Test accuracy of ${FIFTEEN} on MNIST, trained exactly and run by product formulas`,
  };
  const settings = jobs.map(({ task, variants }) => ({
    task: task.name,
    models: variants.map(({ name, rate, batchSize, epochs }) => ({
      name,
      rate,
      batchSize,
      epochs,
    })),
  }));
  const shown = tables.map(
    ({ caption, columns, rows }) => `${caption}\n${textTable(columns, rows)}`,
  );
  if (trotter.length > 0) shown.push(`${steps.caption}\n${textTable(steps.columns, steps.rows)}`);
  return {
    data: { settings, optimizer: 'adam', seeds, checks, trotter, trials },
    claims: judge(trials, checks, quick),
    text: shown.join('\n\n'),
    report: [
      {
        title: 'Accuracy',
        blocks: [...tables, ...(trotter.length > 0 ? [steps] : [])],
      },
      {
        title: 'Training',
        blocks: tasks.map((name, i) => ({
          svg: lineChart(
            jobs[i]!.variants.map((variant) => ({
              name: variant.name,
              values: meanLoss(trials, name, variant.name),
            })),
            { title: `Training loss, ${name}`, xLabel: 'epoch', yLabel: 'cross-entropy (nats)' },
          ),
          caption: `Mean over the seeds, ${name}. Probabilities as logits bound the loss from below.`,
        })),
      },
      {
        title: 'Baseline',
        blocks: [
          {
            svg: drawSvg(qcnnCircuit(6, 1).circuit),
            caption: 'The QCNN for 8 × 8 pixels; pooling by controlled gates.',
            wide: true,
          },
        ],
      },
    ],
  };
}

export default experiment;
