import { median } from '../../common/experiment.ts';
import type { Claim } from '../../common/experiment.ts';
import type { Checks } from './checks.ts';
import type { Method, Sweep } from './sweeps.ts';

/** Networks of an ensemble. */
export const ENSEMBLE = 5;

/** |error| of a method, median over the sweeps of a kind and problem; NaN where there are none. */
export function typical(
  sweeps: readonly Sweep[],
  problem: string,
  kind: Sweep['kind'],
  method: Method,
): number {
  const own = sweeps.filter((sweep) => sweep.problem === problem && sweep.kind === kind);
  return own.length === 0 ? Number.NaN : median(own.map(({ errors }) => errors[method]));
}

/** Whether the networks of an ensemble lie on both sides of the true value. */
export function covers(sweep: Sweep): boolean {
  const few = sweep.networks.slice(0, ENSEMBLE);
  return Math.min(...few) <= sweep.ideal && sweep.ideal <= Math.max(...few);
}

/** The criteria of the reproduction. Those that a quick run measures too little for are null. */
export function judge(sweeps: readonly Sweep[], checks: Checks, quick: boolean): Claim[] {
  const [main] = sweeps.filter(({ problem }) => problem === 'ZZZZ');
  const exact = sweeps.filter(({ problem, kind }) => problem === 'ZZZZ' && kind === 'fixed angles');
  const errors = (kind: Sweep['kind'], problem = 'ZZZZ'): string =>
    (['network', 'raw', 'linear', 'quadratic', 'exponential', 'exponential to 0'] as const)
      .map((method) => `${method} ${typical(sweeps, problem, kind, method).toFixed(3)}`)
      .join(', ');
  const beats = exact.map(
    ({ errors: e }) =>
      e.network <= 0.5 * e.raw && e.network <= e.linear && e.network <= e.quadratic,
  );
  const covered = exact.filter(covers).length;
  const falls = exact.every(({ values }) =>
    values.every((value, i) => i === 0 || Math.abs(value) < Math.abs(values[i - 1]!)),
  );
  const furthest = Math.max(...checks.trajectories);
  const energy = exact.map(({ ideal }) => ideal);
  return [
    {
      id: '1',
      claim: 'Depolarizing channels are complete to 1e-12, and mix completely at p = 3/4 and 15/16',
      met: checks.completeness < 1e-12 && checks.mixing < 1e-12,
      found: `off by ${checks.completeness.toExponential(1)} and ${checks.mixing.toExponential(1)}`,
    },
    {
      id: '2',
      claim:
        'The density matrix at p = 0 is that of the statevector (1e-12); 2000 trajectories agree with density matrices within 3 standard errors at every p',
      met: checks.noiseless < 1e-12 && furthest <= 3,
      found: `off by ${checks.noiseless.toExponential(1)}; at most ${furthest.toFixed(2)} standard errors`,
    },
    {
      id: '3',
      claim: 'VQE without noise reaches -0.95 from every start',
      met: energy.every((value) => value <= -0.95),
      found: energy.map((value) => value.toFixed(4)).join(', '),
    },
    {
      id: '4',
      claim: '|E(p)| falls with p',
      met: falls,
      found: `from ${Math.abs(main!.values[0]!).toFixed(4)} to ${Math.abs(main!.values.at(-1)!).toFixed(4)} (first start)`,
    },
    {
      id: '5',
      claim:
        'Network: median error at most half of the raw one at the least p, at most the linear and the quadratic one, from every start',
      met: quick ? null : beats.every(Boolean),
      found: `${beats.filter(Boolean).length} of ${beats.length}; medians: ${errors('fixed angles')}; with shots: ${errors('fixed angles, shots')}`,
    },
    {
      id: '6',
      claim: `${ENSEMBLE} networks lie on both sides of the true value for at least 3 of 4 starts`,
      met: quick ? null : covered >= 3,
      found: `${covered} of ${exact.length}`,
    },
    {
      id: '7',
      claim: 'Transverse Ising with the same code (reported, not a condition)',
      met: null,
      found: `error of the networks / raw error: ${(typical(sweeps, 'transverse Ising', 'fixed angles', 'network') / typical(sweeps, 'transverse Ising', 'fixed angles', 'raw')).toFixed(2)}; ${errors('fixed angles', 'transverse Ising')}`,
    },
  ];
}
