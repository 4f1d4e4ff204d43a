// Autoregressive transformers for open quantum systems: Luo, Chen, Carrasquilla and Clark, arXiv:2009.05580.
import { lineChart } from '@ketwork/plot';
import type { ReportSection } from '@ketwork/plot';
import type { Experiment, ExperimentOptions, ExperimentResult } from '../../common/experiment.ts';
import { translations } from './ansatz.ts';
import { check } from './checks.ts';
import { judge } from './claims.ts';
import type { Dynamics, Kind, Steady } from './claims.ts';
import type { Mode } from './learning.ts';
import {
  RBM_UNITS,
  SIZES,
  create,
  parameterCount,
  runDynamics,
  runSteady,
  schedule,
} from './runs.ts';
import { runSquare } from './square.ts';
import { COUPLINGS, chain } from './system.ts';
import {
  DYNAMICS_COLUMNS,
  STEADY_COLUMNS,
  dynamicsRows,
  dynamicsText,
  steadyRows,
  steadyText,
} from './tables.ts';

/** Half of a step of 0.1. */
const DELTA = 0.05;

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
  variants: { square: 'the square lattice of 2 × 2 sites' },
  async run(options: ExperimentOptions): Promise<ExperimentResult> {
    if (options.variant === 'square') return runSquare(options);
    const { quick, seed, part } = options;
    const jobs = plan(options);
    const cost = [...jobs.dynamics, ...jobs.steady].reduce((sum, job) => sum + job.cost, 0);
    options.expect(cost + 1);
    const checks = await part('checks', async () => check(seed), 1);
    const steady: Steady[] = [];
    for (const job of jobs.steady) {
      const name = `steady ${job.kind} ${job.sites} ${job.mode} g ${job.field} seed ${job.seed}`;
      const system = chain(job.sites, { ...COUPLINGS, g: job.field });
      const run = { ...job, orders: translations(job.sites) };
      steady.push(await part(name, async () => runSteady(system, run, job.field), job.cost));
    }
    const dynamics: Dynamics[] = [];
    for (const job of jobs.dynamics) {
      const name = `dynamics ${job.kind} ${job.sites} ${job.mode} seed ${job.seed}`;
      const run = { ...job, orders: translations(job.sites) };
      const steps = { delta: DELTA, steps: job.steps };
      dynamics.push(
        await part(
          name,
          ({ progress }) => runDynamics(chain(job.sites), run, steps, progress),
          job.cost,
        ),
      );
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
        transformer: parameterCount(create('transformer', 4, seed, [])),
        rbm: parameterCount(create('RBM', 4, seed, [])),
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
