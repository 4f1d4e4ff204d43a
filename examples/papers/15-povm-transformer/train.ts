// Autoregressive transformers for open quantum systems: Luo, Chen, Carrasquilla and Clark, arXiv:2009.05580.
import { fold, key as keyOf } from 'ketwork';
import { lineChart } from '@ketwork/plot';
import type { ReportSection } from '@ketwork/plot';
import { rounded, spread } from '../../common/experiment.ts';
import type { Experiment, ExperimentOptions, ExperimentResult } from '../../common/experiment.ts';
import { textTable } from '../../common/table.ts';
import { distribution, network, transformerAnsatz, translations } from './ansatz.ts';
import type { Ansatz } from './ansatz.ts';
import { check } from './checks.ts';
import { judge, most, worstMean, worstZ } from './claims.ts';
import type { Dynamics, Kind, Steady } from './claims.ts';
import { evolveAnsatz, findSteadyState } from './learning.ts';
import type { Mode, Schedule } from './learning.ts';
import { rbmAnsatz } from './rbm.ts';
import { COUPLINGS, chain, distance, exact, expectations, means } from './system.ts';
import type { Chain } from './system.ts';

/** Probabilities of |0⟩ on each site. */
const FIRST = [1 / 3, 1 / 6, 1 / 6, 1 / 3];
const SIZES = { hidden: 16, feedForward: 16 };
/** Half of a step of 0.1. */
const DELTA = 0.05;
const RBM_UNITS = 100;

/** The check's schedule: rate 0.01, lower from two thirds on. */
const schedule = (iterations: number): Schedule => ({
  iterations,
  rate: 0.01,
  lowerAt: Math.round(0.66 * iterations),
  factor: 0.3,
});

function create(kind: Kind, sites: number, seed: number): Ansatz {
  if (kind === 'RBM') return rbmAnsatz(sites, seed, FIRST, RBM_UNITS);
  const built = network(sites, seed, FIRST, SIZES);
  return transformerAnsatz(built, kind === 'string state' ? translations(sites) : undefined);
}

interface DynamicsJob {
  readonly kind: Kind;
  readonly sites: number;
  readonly mode: Mode;
  readonly seed: number;
  readonly steps: number;
  readonly iterations: number;
  /** Seconds on one idle core, about. */
  readonly cost: number;
}

interface SteadyJob {
  readonly kind: Kind;
  readonly sites: number;
  readonly mode: Mode;
  readonly seed: number;
  readonly iterations: number;
  readonly field: number;
  readonly cost: number;
}

function plan({ quick, seed, seeds }: ExperimentOptions): {
  dynamics: DynamicsJob[];
  steady: SteadyJob[];
} {
  if (quick) {
    const short = { sites: 3, seed, steps: 6, iterations: 60, cost: 1 };
    return {
      dynamics: [
        { ...short, kind: 'transformer', mode: 'full' },
        { ...short, kind: 'transformer', mode: 200 },
        { ...short, kind: 'string state', mode: 'full' },
        { ...short, kind: 'RBM', mode: 'full' },
      ],
      steady: [
        { kind: 'transformer', sites: 3, mode: 'full', seed, iterations: 200, field: 1, cost: 1 },
      ],
    };
  }
  const each = { steps: 30, iterations: 100 };
  const dynamics = seeds.flatMap((s): DynamicsJob[] => [
    { ...each, kind: 'transformer', sites: 3, mode: 'full', seed: s, cost: 3 },
    { ...each, kind: 'transformer', sites: 4, mode: 'full', seed: s, cost: 6 },
    { ...each, kind: 'transformer', sites: 4, mode: 1000, seed: s, cost: 12 },
    { ...each, kind: 'string state', sites: 4, mode: 'full', seed: s, cost: 8 },
    { ...each, kind: 'RBM', sites: 4, mode: 'full', seed: s, cost: 7 },
  ]);
  const still = { sites: 4, iterations: 500, field: 1 };
  const steady = [
    ...seeds.flatMap((s): SteadyJob[] => [
      { ...still, kind: 'transformer', mode: 'full', seed: s, cost: 2 },
      { ...still, kind: 'transformer', mode: 10_000, seed: s, cost: 5 },
      { ...still, kind: 'string state', mode: 'full', seed: s, cost: 2 },
    ]),
    // The paper's figure of the steady state by field, on the first seed.
    ...[0, 0.8, 1.6, 2.4, 3.2, 4, 4.8].map((field): SteadyJob => ({
      ...still,
      kind: 'string state',
      mode: 'full',
      seed,
      field,
      cost: 2,
    })),
  ];
  // Six sites are beyond the check; 256 samples of 4096 strings.
  const large: DynamicsJob = {
    ...each,
    kind: 'transformer',
    sites: 6,
    mode: 256,
    seed,
    cost: 150,
  };
  return { dynamics: [...dynamics, large], steady };
}

const experiment: Experiment = {
  number: '15',
  title: 'Autoregressive transformer for open quantum systems',
  source: 'arXiv:2009.05580',
  async run(options: ExperimentOptions): Promise<ExperimentResult> {
    const { quick, seed, part } = options;
    const jobs = plan(options);
    const cost = [...jobs.dynamics, ...jobs.steady].reduce((sum, job) => sum + job.cost, 0);
    options.expect(cost + 1);
    const checks = await part('checks', async () => check(seed), 1);
    const steady: Steady[] = [];
    for (const job of jobs.steady) {
      const name = `steady ${job.kind} ${job.sites} ${job.mode} g ${job.field} seed ${job.seed}`;
      steady.push(await part(name, async () => runSteady(job), job.cost));
    }
    const dynamics: Dynamics[] = [];
    for (const job of jobs.dynamics) {
      const name = `dynamics ${job.kind} ${job.sites} ${job.mode} seed ${job.seed}`;
      dynamics.push(await part(name, ({ progress }) => runDynamics(job, progress), job.cost));
    }
    const settings = {
      couplings: COUPLINGS,
      ...SIZES,
      delta: DELTA,
      optimizer: 'adam, decay rates 0.9 and 0.98',
      schedule: schedule(100),
      rbmUnits: RBM_UNITS,
      seeds: options.seeds,
      parameters: {
        transformer: parameterCount(create('transformer', 4, seed)),
        rbm: parameterCount(create('RBM', 4, seed)),
      },
    };
    return {
      data: { settings, checks, dynamics, steady },
      claims: judge(dynamics, steady, checks, quick),
      text: `${dynamicsText(dynamics)}\n\n${steadyText(steady)}`,
      report: report(dynamics, steady, seed),
    };
  },
};

function parameterCount({ parameters }: Ansatz): number {
  return parameters.reduce((sum, { data }) => sum + data.length, 0);
}

async function runDynamics(
  { kind, sites, mode, seed, steps, iterations }: DynamicsJob,
  progress: (share: number, text: string) => void,
): Promise<Dynamics> {
  const system = chain(sites);
  const evolution = {
    delta: DELTA,
    steps,
    mode,
    schedule: schedule(iterations),
    key: fold(keyOf(seed), 0),
  };
  const { p, losses } = await evolveAnsatz(
    system,
    () => create(kind, sites, seed),
    evolution,
    progress,
  );
  const times = p.map((_, i) => rounded(2 * DELTA * i));
  const references = exact(system, times);
  const zs = p.map((own) => expectations(system, own)[2]!);
  const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / sites;
  return {
    kind,
    sites,
    mode: String(mode),
    seed,
    times,
    z: zs.map((own) => rounded(meanOf(own), 6)),
    exactZ: references.map((own) => rounded(means(system, own)[2]!, 6)),
    l1: p.map((own, i) => short(distance(own, references[i]!))),
    spread: zs.map((own) => short(most(own) - Math.min(...own))),
    sum: most(p.map((own) => Math.abs(own.reduce((a, b) => a + b, 0) - 1))),
    losses: losses.map((x) => rounded(x, 5)),
  };
}

/** Five digits, however small. */
const short = (x: number): number => Number(x.toPrecision(5));

function runSteady({ kind, sites, mode, seed, iterations, field }: SteadyJob): Steady {
  const system: Chain = chain(sites, { ...COUPLINGS, g: field });
  const ansatz = create(kind, sites, seed);
  const key = fold(keyOf(seed), 1);
  const loss = findSteadyState(system, ansatz, mode, schedule(iterations), key);
  const p = distribution(ansatz);
  // The slowest modes of these chains decay as e^(-t/2) or faster.
  const reference = exact(system, [100])[0]!;
  return {
    kind,
    sites,
    mode: String(mode),
    seed,
    field,
    found: means(system, p).map((x) => rounded(x, 5)),
    exact: means(system, reference).map((x) => rounded(x, 5)),
    l1: short(distance(p, reference)),
    loss: rounded(loss, 5),
  };
}

/** Runs that differ in their seed only. */
function grouped<T extends { kind: Kind; sites: number; mode: string }>(runs: readonly T[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const run of runs) {
    const name = `${run.kind} ${run.sites} ${run.mode}`;
    groups.set(name, [...(groups.get(name) ?? []), run]);
  }
  return [...groups.values()];
}

const DYNAMICS_COLUMNS = [
  'probabilities',
  'sites',
  'strings',
  'runs',
  'largest |Δ⟨Z⟩|',
  'largest L1',
  'last L1',
  'spread of ⟨Z_j⟩',
];

function dynamicsRows(dynamics: readonly Dynamics[]): string[][] {
  return grouped(dynamics).map((runs) => [
    runs[0]!.kind,
    `${runs[0]!.sites}`,
    runs[0]!.mode === 'full' ? 'all' : `${runs[0]!.mode} drawn`,
    `${runs.length}`,
    spread(runs.map(worstZ), 4),
    spread(
      runs.map(({ l1 }) => most(l1)),
      4,
    ),
    spread(
      runs.map(({ l1 }) => l1.at(-1)!),
      4,
    ),
    spread(
      runs.map((run) => most(run.spread)),
      4,
    ),
  ]);
}

function dynamicsText(dynamics: readonly Dynamics[]): string {
  return `Dynamics to t = ${dynamics[0]!.times.at(-1)}, mean ± deviation over the seeds\n${textTable(DYNAMICS_COLUMNS, dynamicsRows(dynamics))}`;
}

const STEADY_COLUMNS = [
  'probabilities',
  'strings',
  'g',
  'runs',
  '⟨X⟩',
  '⟨Y⟩',
  '⟨Z⟩',
  'exact',
  'largest error',
  'L1',
];

function steadyRows(steady: readonly Steady[]): string[][] {
  const fields = [...new Set(steady.map(({ field }) => field))].sort((a, b) => a - b);
  return fields.flatMap((field) =>
    grouped(steady.filter((run) => run.field === field)).map((runs) => [
      runs[0]!.kind,
      runs[0]!.mode === 'full' ? 'all' : `${runs[0]!.mode} drawn`,
      `${field}`,
      `${runs.length}`,
      ...[0, 1, 2].map((i) =>
        spread(
          runs.map(({ found }) => found[i]!),
          4,
        ),
      ),
      runs[0]!.exact.map((x) => x.toFixed(4)).join(', '),
      most(runs.map(worstMean)).toFixed(4),
      spread(
        runs.map(({ l1 }) => l1),
        4,
      ),
    ]),
  );
}

function steadyText(steady: readonly Steady[]): string {
  return `Steady states\n${textTable(STEADY_COLUMNS, steadyRows(steady))}`;
}

function report(
  dynamics: readonly Dynamics[],
  steady: readonly Steady[],
  seed: number,
): ReportSection[] {
  const largest = dynamics.some(({ sites }) => sites === 4) ? 4 : 3;
  const own = dynamics.filter((run) => run.seed === seed && run.sites === largest);
  const label = ({ kind, mode }: Dynamics): string =>
    mode === 'full' ? kind : `${kind}, ${mode} samples`;
  const sections: ReportSection[] = [
    {
      title: 'Dynamics',
      blocks: [
        {
          svg: lineChart(
            [
              { name: 'exact', x: own[0]!.times, values: own[0]!.exactZ },
              ...own.map((run) => ({ name: label(run), x: run.times, values: run.z })),
            ],
            { title: `⟨Z⟩ of ${largest} sites`, xLabel: 'time', yLabel: 'mean ⟨Z⟩' },
          ),
        },
        {
          svg: lineChart(
            own.map((run) => ({ name: label(run), x: run.times, values: run.l1 })),
            { title: 'Distance from the exact p', xLabel: 'time', yLabel: 'Σ |Δp|' },
          ),
        },
        { columns: DYNAMICS_COLUMNS, rows: dynamicsRows(dynamics) },
      ],
    },
    { title: 'Steady states', blocks: [{ columns: STEADY_COLUMNS, rows: steadyRows(steady) }] },
  ];
  // The run at g = 1 of the seeds is part of the figure, too.
  const scan = steady
    .filter((run) => run.seed === seed && run.kind === 'string state')
    .sort((a, b) => a.field - b.field);
  if (scan.length < 2) return sections;
  const x = scan.map(({ field }) => field);
  const curves = ['X', 'Y', 'Z'].flatMap((name, i) => [
    { name: `⟨${name}⟩ learned`, x, values: scan.map(({ found }) => found[i]!) },
    { name: `⟨${name}⟩ exact`, x, values: scan.map((run) => run.exact[i]!) },
  ]);
  return [
    ...sections,
    {
      title: 'Steady state by field',
      blocks: [
        {
          svg: lineChart(curves, {
            title: 'Steady state of the string state',
            xLabel: 'g',
            yLabel: 'mean over the sites',
          }),
        },
      ],
    },
  ];
}

export default experiment;
