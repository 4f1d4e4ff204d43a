// Quantum kernels for ttH events: Wu et al., arXiv:2104.05059.
import {
  cpu,
  fidelityKernel,
  iqpFeatureMap,
  kernelStatistics,
  pairMeanFeatureMap,
  projectedKernel,
  sampleKernel,
} from 'ketwork';
import type { Circuit, Kernel } from 'ketwork';
import type { ReportSection } from '@ketwork/plot';
import { circuitFigure, lineChart } from '@ketwork/plot';
import { mean, rounded, spread } from '../../common/experiment.ts';
import type {
  Claim,
  Experiment,
  ExperimentOptions,
  ExperimentResult,
} from '../../common/experiment.ts';
import { textTable } from '../../common/table.ts';
import { gramChecks, kernelChecks } from './checks.ts';
import { BDT, MAP_B, NOISE, RBF, SHOTS, aucs, judge, sizes } from './claims.ts';
import type { Capability, Comparison, Measured } from './claims.ts';
import { events, firstEvents } from './data.ts';
import { LARGE, trainLarge } from './large.ts';
import type { LargeResult } from './large.ts';
import { PROJECTED_GAMMAS, classical, kernelMachine, machine, tunedMachine } from './models.ts';
import { noisyKernel } from './noise.ts';
import type { Noise } from './noise.ts';

/** How large everything is. */
interface Settings {
  readonly few: { readonly qubits: number; readonly train: number; readonly test: number };
  readonly many: { readonly qubits: number; readonly train: number; readonly test: number };
  readonly small: {
    readonly qubits: number;
    readonly train: number;
    readonly test: number;
    readonly seeds: number;
    /** States with errors that are drawn for each event. */
    readonly draws: number;
  };
  readonly growth: {
    readonly qubits: number;
    readonly train: readonly number[];
    readonly test: number;
  };
  readonly largest: { readonly qubits: number; readonly events: number };
  readonly checks: { readonly qubits: number; readonly events: number };
}

const FULL: Settings = {
  few: { qubits: 10, train: 400, test: 400 },
  many: { qubits: 15, train: 200, test: 200 },
  small: { qubits: 15, train: 50, test: 50, seeds: 12, draws: 8 },
  growth: { qubits: 10, train: [100, 400, 800, 1600], test: 2000 },
  largest: { qubits: 20, events: 60 },
  checks: { qubits: 10, events: 40 },
};
const QUICK: Settings = {
  few: { qubits: 6, train: 100, test: 100 },
  many: { qubits: 8, train: 60, test: 60 },
  small: { qubits: 6, train: 24, test: 24, seeds: 1, draws: 2 },
  growth: { qubits: 6, train: [50, 100], test: 200 },
  largest: { qubits: 12, events: 20 },
  checks: { qubits: 5, events: 12 },
};
const ALPHAS = [0.5, 1, 1.5, Math.PI];
/** Strengths to choose from by the cross-validation that also chooses C. */
const CHOSEN_ALPHAS = [0.25, 0.5, 1, 1.5];
const COUNT = 1000;
const DEPOLARIZING: Noise = { one: 0.001, two: 0.01 };

const experiment: Experiment = {
  number: '01',
  title: 'Quantum kernels for ttH events',
  source: 'arXiv:2104.05059',
  variants: {
    tiles: `${LARGE.train} training events by tiles on disk (${LARGE.qubits} qubits, 5 GB, some 10 minutes)`,
  },
  async run(options: ExperimentOptions): Promise<ExperimentResult> {
    return options.variant === 'tiles' ? largeRun(options) : mainRun(options);
  },
};

async function mainRun({
  quick,
  seed,
  seeds,
  expect,
  part,
}: ExperimentOptions): Promise<ExperimentResult> {
  const settings = quick ? QUICK : FULL;
  const { few, many, small, growth, largest, checks } = settings;
  const smallSeeds = Array.from({ length: quick ? 1 : small.seeds }, (_, i) => seed + i);
  expect(1 + seeds.length * (3 + 4 + 8) + smallSeeds.length * 10 + 15);
  const measured: Measured = {
    checks: [await part('kernel checks', () => kernelChecks(checks.qubits, checks.events, seed))],
    few: await inTurn(seeds, (s) =>
      part(`${few.qubits} qubits, seed ${s}`, () => compare(few, s), 3),
    ),
    many: await inTurn(seeds, (s) =>
      part(`${many.qubits} qubits, seed ${s}`, () => compare(many, s), 4),
    ),
    small: await inTurn(smallSeeds, (s) =>
      part(`${small.train} events, seed ${s}`, () => compareNoisy(small, s), 10),
    ),
    growth: (
      await inTurn(seeds, (s) => part(`growth, seed ${s}`, () => growing(growth, s), 8))
    ).flat(),
    largest: await part(`${largest.qubits} qubits`, () => capability(largest, seed), 15),
  };
  return {
    data: { settings: { ...settings, shots: COUNT, noise: DEPOLARIZING }, ...measured },
    claims: judge(measured, quick),
    text: summary(measured),
    report: sections(measured),
  };
}

/** One after the other, not side by side. */
async function inTurn<A, B>(list: readonly A[], work: (item: A) => Promise<B>): Promise<B[]> {
  const found: B[] = [];
  for (const item of list) found.push(await work(item));
  return found;
}

/** Map B at several strengths and other maps, and the classical machines, on one seed's events. */
async function compare(
  { qubits, train, test }: Settings['few'],
  seed: number,
): Promise<Comparison> {
  const begin = performance.now();
  const data = events(qubits, train, test, seed);
  const engine = await cpu();
  const mapB = (alpha: number): Circuit => pairMeanFeatureMap(qubits, { alpha });
  const scores = ALPHAS.map((alpha) => {
    const name = alpha === Math.PI ? 'π' : `${alpha}`;
    return kernelMachine(`map B, α = ${name}`, fidelityKernel(engine, mapB(alpha)), data, seed);
  });
  const strength = (alpha: number): Kernel => fidelityKernel(engine, mapB(alpha));
  scores.push(tunedMachine('map B, α chosen', strength, data, seed, CHOSEN_ALPHAS));
  const zz = fidelityKernel(engine, iqpFeatureMap(qubits, { pattern: 'chain' }));
  scores.push(kernelMachine('ZZ map, α = 1', zz, data, seed));
  const twice = fidelityKernel(engine, pairMeanFeatureMap(qubits, { repeats: 2 }));
  scores.push(kernelMachine('map B twice, α = 1', twice, data, seed));
  const projected = (gamma: number): Kernel => projectedKernel(engine, mapB(Math.PI), { gamma });
  scores.push(tunedMachine('map B projected, α = π', projected, data, seed, PROJECTED_GAMMAS));
  scores.push(...classical(data, seed));
  return { qubits, train, test, seed, scores, seconds: secondsSince(begin) };
}

/** Few events: the exact kernel, from shots, and from shots of a noisy device. */
async function compareNoisy(
  { qubits, train, test, draws }: Settings['small'],
  seed: number,
): Promise<Comparison> {
  const begin = performance.now();
  const data = events(qubits, train, test, seed);
  const engine = await cpu();
  const map = pairMeanFeatureMap(qubits);
  const [x, y] = [data.train.inputs, data.test.inputs];
  const shots = fidelityKernel(engine, map, { shots: COUNT });
  const estimated = machine(
    SHOTS,
    shots.matrix(x, { seed }),
    shots.between(y, x, { seed }),
    data.train.labels,
    data.test.labels,
    seed,
  );
  const gram = await noisyKernel(map, x, x, DEPOLARIZING, draws, seed);
  const between = await noisyKernel(map, y, x, DEPOLARIZING, draws, seed + 1_000_000);
  const noisy = machine(
    NOISE,
    sampleKernel(gram, { shots: COUNT, seed }),
    sampleKernel(between, { shots: COUNT, seed, columns: train }),
    data.train.labels,
    data.test.labels,
    seed,
  );
  const exact = kernelMachine(MAP_B, fidelityKernel(engine, map), data, seed);
  const scores = [exact, estimated, noisy, ...classical(data, seed)];
  return { qubits, train, test, seed, scores, seconds: secondsSince(begin) };
}

/** AUC by number of training events: the first ones of one set, and the same test events. */
async function growing(
  { qubits, train, test }: Settings['growth'],
  seed: number,
): Promise<Comparison[]> {
  const engine = await cpu();
  const kernel = fidelityKernel(engine, pairMeanFeatureMap(qubits));
  return train.map((count) => {
    const begin = performance.now();
    const data = firstEvents(qubits, count, Math.max(...train), test, seed);
    const scores = [kernelMachine(MAP_B, kernel, data, seed), ...classical(data, seed)];
    return { qubits, train: count, test, seed, scores, seconds: secondsSince(begin) };
  });
}

async function capability(
  { qubits, events: count }: Settings['largest'],
  seed: number,
): Promise<Capability> {
  const begin = performance.now();
  const { train } = events(qubits, count, 2, seed);
  // Blocks of 16 states or so: a state of 20 qubits takes 16 MiB, and as much again while it is compared.
  const kernel = fidelityKernel(await cpu(), pairMeanFeatureMap(qubits), { memory: 2 ** 30 });
  const gram = kernel.matrix(train.inputs);
  kernel.dispose();
  return {
    qubits,
    events: count,
    ...gramChecks(gram, count),
    offDiagonal: rounded(kernelStatistics(gram).mean),
    seconds: secondsSince(begin),
  };
}

function secondsSince(begin: number): number {
  return rounded((performance.now() - begin) / 1000, 2);
}

async function largeRun({ seed, expect, part }: ExperimentOptions): Promise<ExperimentResult> {
  expect(1);
  const found = await part(`${LARGE.train} events`, (work) => trainLarge(LARGE, seed, work));
  const claims: Claim[] = [
    {
      id: '7',
      claim: `${found.train} training events at ${found.qubits} qubits by tiles on disk: finishes, and the AUC is above that of ${found.selection} events`,
      met: found.auc > found.selectionAuc,
      found: `AUC ${found.auc.toFixed(3)} against ${found.selectionAuc.toFixed(3)} with ${found.selection} events; boosted trees on all events ${found.bdt.toFixed(3)}`,
    },
  ];
  return { data: { large: found }, claims, text: largeSummary(found) };
}

function largeSummary(found: LargeResult): string {
  const rows = Object.entries(found).map(([name, value]) => [name, String(value)]);
  return textTable(['', ''], rows);
}

/** Models in the order of the first run. */
function modelsOf(runs: readonly Comparison[]): string[] {
  return runs[0]!.scores.map(({ model }) => model);
}

/** A row per machine: AUC, and where the kernel lies. */
function rowsOf(runs: readonly Comparison[]): string[][] {
  return modelsOf(runs).map((model) => {
    const scores = runs.flatMap((run) => run.scores.filter((score) => score.model === model));
    const off = scores.flatMap(({ offDiagonal }) =>
      offDiagonal === undefined ? [] : [offDiagonal],
    );
    return [
      model,
      spread(aucs(runs, model)),
      off.length === 0 ? '–' : mean(off).toFixed(3),
      off.length === 0
        ? '–'
        : mean(scores.map(({ offDiagonalDeviation }) => offDiagonalDeviation!)).toFixed(3),
    ];
  });
}

const COLUMNS = ['machine', 'AUC', 'mean off diagonal', 'deviation'];

function captionOf([run]: readonly Comparison[], count: number): string {
  const { qubits, train, test } = run!;
  return `${qubits} qubits, ${train} training and ${test} test events, ${count} seeds`;
}

function growthRows({ growth: runs }: Measured): string[][] {
  return sizes(runs).map((size) => {
    const own = runs.filter(({ train }) => train === size);
    return [`${size}`, ...[MAP_B, RBF, BDT].map((model) => spread(aucs(own, model)))];
  });
}

function summary(measured: Measured): string {
  const { few, many, small } = measured;
  const tables = [few, many, small].map(
    (runs) => `${captionOf(runs, runs.length)}\n${textTable(COLUMNS, rowsOf(runs))}`,
  );
  const grown = textTable(['events', MAP_B, RBF, BDT], growthRows(measured));
  return [...tables, `AUC by training events\n${grown}`].join('\n\n');
}

function sections(measured: Measured): ReportSection[] {
  const { few, many, small, growth: runs } = measured;
  const x = sizes(runs);
  return [
    {
      title: 'Feature map',
      blocks: [circuitFigure(pairMeanFeatureMap(3), 'Map B on three qubits, α = 1')],
    },
    ...[few, many, small].map((each) => ({
      title: captionOf(each, each.length),
      blocks: [{ columns: COLUMNS, rows: rowsOf(each) }],
    })),
    {
      title: 'Training events',
      blocks: [
        {
          svg: lineChart(
            [MAP_B, RBF, BDT].map((name) => ({
              name,
              x,
              values: x.map((size) =>
                mean(
                  aucs(
                    runs.filter(({ train }) => train === size),
                    name,
                  ),
                ),
              ),
            })),
            {
              title: 'AUC by number of training events, mean of the seeds',
              xLabel: 'training events',
              yLabel: 'AUC',
            },
          ),
        },
        { columns: ['events', MAP_B, RBF, BDT], rows: growthRows(measured) },
      ],
    },
  ];
}

export default experiment;
