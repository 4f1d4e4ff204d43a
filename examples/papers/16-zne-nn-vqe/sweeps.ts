import {
  exponentialExtrapolation,
  expval,
  learnedExtrapolation,
  linearExtrapolation,
  polynomialExtrapolation,
  richardsonExtrapolation,
  zeroNoiseExtrapolation,
} from 'ketwork';
import type { Engine } from 'ketwork';
import { median } from '../../common/experiment.ts';
import { ansatz, noiseOf, noisyAnsatz, repeated } from './circuits.ts';
import type { Problem } from './circuits.ts';

/** How much work a form of the experiment does. */
export interface Settings {
  /** Strengths of noise. */
  readonly grid: readonly number[];
  readonly shots: number;
  readonly vqeSteps: number;
  /** Networks per extrapolation, and their steps. */
  readonly networks: number;
  readonly networkSteps: number;
}

/** Values at the strengths of the grid and what continuations to 0 are off by. */
export interface Sweep {
  readonly problem: string;
  /** What was swept: fixed angles, or VQE under the noise. */
  readonly kind: 'fixed angles' | 'fixed angles, shots' | 'VQE under noise';
  readonly seed: number;
  readonly ideal: number;
  readonly values: readonly number[];
  /** Value of each network at 0. */
  readonly networks: readonly number[];
  /** |error| at 0; of the networks the median and the largest. */
  readonly errors: Readonly<Record<Method, number>>;
}

export type Method =
  | 'raw'
  | 'network'
  | 'worst network'
  | 'linear'
  | 'quadratic'
  | 'exponential'
  | 'exponential to 0'
  | 'Richardson';

/** Energies at every strength, exact or from shots. */
export function energies(
  engine: Engine,
  problem: Problem,
  theta: Float64Array,
  strengths: readonly number[],
  shots?: { readonly count: number; readonly seed: number },
): number[] {
  using program = engine.compile(
    noisyAnsatz,
    expval(problem.hamiltonian),
    shots === undefined ? {} : { shots: shots.count },
  );
  const values = { theta: repeated(theta, strengths.length), p: strengths };
  return [...program.run(values, { seed: shots?.seed ?? 0 })];
}

/** Continues a curve to no noise in all ways. */
export function extrapolated(
  from: Pick<Sweep, 'problem' | 'kind' | 'seed' | 'ideal' | 'values'>,
  settings: Settings,
): Sweep {
  const { values, ideal } = from;
  const { grid } = settings;
  const off = (value: number): number => Math.abs(value - ideal);
  const learned = learnedExtrapolation({
    networks: settings.networks,
    steps: settings.networkSteps,
    seed: from.seed,
  });
  const networks = learned.fit(grid, values).parameters;
  const each = networks.map(off);
  return {
    ...from,
    networks,
    errors: {
      raw: off(values[0]!),
      network: median(each),
      'worst network': Math.max(...each),
      linear: off(linearExtrapolation().fit(grid, values).value),
      quadratic: off(polynomialExtrapolation(2).fit(grid, values).value),
      exponential: off(exponentialExtrapolation().fit(grid, values).value),
      'exponential to 0': off(exponentialExtrapolation({ asymptote: 0 }).fit(grid, values).value),
      Richardson: off(richardsonExtrapolation().fit(grid.slice(0, 4), values.slice(0, 4)).value),
    },
  };
}

/** |error| of folding at the least noise. */
export interface Folding {
  readonly seed: number;
  readonly raw: number;
  readonly linear: number;
  readonly Richardson: number;
  readonly exponential: number;
}

/** Zero-noise extrapolation as a device can do it: gates folded to scales 1, 3 and 5 at the least strength. */
export function folded(
  engine: Engine,
  problem: Problem,
  theta: Float64Array,
  ideal: number,
  strength: number,
  seed: number,
): Folding {
  const by = (extrapolate: ReturnType<typeof linearExtrapolation>) =>
    zeroNoiseExtrapolation(engine, ansatz, problem.hamiltonian, {
      noise: noiseOf(strength),
      scales: [1, 3, 5],
      folding: 'gates-left',
      values: { theta },
      extrapolate,
    });
  const linear = by(linearExtrapolation());
  const off = (value: number): number => Math.abs(value - ideal);
  return {
    seed,
    raw: off(linear.measured[0]!),
    linear: off(linear.values[0]!),
    Richardson: off(by(richardsonExtrapolation()).values[0]!),
    exponential: off(by(exponentialExtrapolation({ asymptote: 0 })).values[0]!),
  };
}
