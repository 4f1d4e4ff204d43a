// The paper's two-dimensional benchmark, reduced: dissipative Heisenberg spins on a square lattice of
// 2 × 2 sites, a torus.
import { lineChart } from '@ketwork/plot';
import type { Claim, ExperimentOptions, ExperimentResult } from '../../common/experiment.ts';
import { snakes } from './ansatz.ts';
import { most, worstZ } from './claims.ts';
import type { Dynamics, Kind } from './claims.ts';
import { SIZES, runDynamics, schedule } from './runs.ts';
import { HEISENBERG, square } from './system.ts';
import { DYNAMICS_COLUMNS, dynamicsRows, dynamicsText } from './tables.ts';

/** Half of a step of 0.04: these bonds are several times as strong as the chain's. */
const STEPS = { delta: 0.02, steps: 25 } as const;
const ITERATIONS = 100;

const SIDE = 2;
const KINDS: readonly Kind[] = ['transformer', 'string state', 'RBM'];

export async function runSquare(options: ExperimentOptions): Promise<ExperimentResult> {
  const { seed, seeds, part } = options;
  const system = square(SIDE, SIDE);
  options.expect(seeds.length * KINDS.length);
  const dynamics: Dynamics[] = [];
  for (const own of seeds) {
    for (const kind of KINDS) {
      const orders = snakes(SIDE, SIDE);
      const run = { kind, mode: 'full', seed: own, orders, iterations: ITERATIONS } as const;
      dynamics.push(
        await part(`${kind} seed ${own}`, ({ progress }) =>
          runDynamics(system, run, STEPS, progress),
        ),
      );
    }
  }
  const shown = dynamics.filter((run) => run.seed === seed);
  const curves = [
    { name: 'exact', x: shown[0]!.times, values: shown[0]!.exactZ },
    ...shown.map(({ kind, times, z }) => ({ name: kind, x: times, values: z })),
  ];
  const settings = {
    couplings: HEISENBERG,
    ...SIZES,
    ...STEPS,
    schedule: schedule(ITERATIONS),
    seeds,
  };
  const svg = lineChart(curves, {
    title: '⟨Z⟩ of 2 × 2 sites',
    xLabel: 'time',
    yLabel: 'mean ⟨Z⟩',
  });
  return {
    data: { settings, dynamics },
    claims: judgeSquare(dynamics),
    text: dynamicsText(dynamics),
    report: [
      {
        title: 'Square lattice',
        blocks: [{ svg }, { columns: DYNAMICS_COLUMNS, rows: dynamicsRows(dynamics) }],
      },
    ],
  };
}

/** The card has no criteria for square lattices; these are its bounds for the chain. */
export function judgeSquare(dynamics: readonly Dynamics[]): Claim[] {
  const of = (kind: Kind): Dynamics[] => dynamics.filter((run) => run.kind === kind);
  const errors = (runs: readonly Dynamics[]): string =>
    `L1 ${most(runs.map(({ l1 }) => most(l1))).toFixed(3)}, ⟨Z⟩ ${most(runs.map(worstZ)).toFixed(3)}`;
  const isNear = (run: Dynamics): boolean => worstZ(run) <= 0.03 && most(run.l1) <= 0.08;
  const better = dynamics
    .filter(({ kind }) => kind === 'string state')
    .map((run) => ({
      run,
      other: dynamics.find(({ kind, seed }) => kind === 'transformer' && seed === run.seed)!,
    }));
  const won = better.filter(({ run, other }) => most(run.l1) <= most(other.l1));
  return [
    {
      id: 'square 1',
      claim: 'Transformer, one order, to t = 1: |Δ⟨Z⟩| ≤ 0.03, L1 ≤ 0.08, as for the chain',
      met: of('transformer').every(isNear),
      found: `${of('transformer').filter(isNear).length} of ${of('transformer').length} runs; at most ${errors(of('transformer'))}`,
    },
    {
      id: 'square 2',
      claim: 'The same for string states of eight snakes',
      met: of('string state').every(isNear),
      found: `${of('string state').filter(isNear).length} of ${of('string state').length} runs; at most ${errors(of('string state'))}`,
    },
    {
      id: 'square 3',
      claim: 'String states of eight snakes are nearer to the exact solution than one order',
      met: won.length === better.length,
      found: `${won.length} of ${better.length} seeds`,
    },
    {
      id: 'square 4',
      claim: 'Boltzmann machine of like size, exact sums (reported)',
      met: null,
      found: errors(of('RBM')),
    },
  ];
}
