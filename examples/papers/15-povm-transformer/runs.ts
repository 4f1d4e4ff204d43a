// One run: an ansatz that is moved in time, or that learns the steady state, against the exact solution.
import { fold, key as keyOf } from 'ketwork';
import { rounded } from '../../common/experiment.ts';
import { distribution, network, transformerAnsatz } from './ansatz.ts';
import type { Ansatz } from './ansatz.ts';
import { most } from './claims.ts';
import type { Dynamics, Kind, Steady } from './claims.ts';
import { evolveAnsatz, findSteadyState } from './learning.ts';
import type { Mode, Schedule } from './learning.ts';
import { rbmAnsatz } from './rbm.ts';
import { distance, exact, expectations, means } from './system.ts';
import type { Lattice } from './system.ts';

/** Probabilities of |0⟩ on each site. */
const FIRST = [1 / 3, 1 / 6, 1 / 6, 1 / 3];
export const SIZES = { hidden: 16, feedForward: 16 } as const;
export const RBM_UNITS = 100;

/** The check's schedule: rate 0.01, lower from two thirds on. */
export const schedule = (iterations: number): Schedule => ({
  iterations,
  rate: 0.01,
  lowerAt: Math.round(0.66 * iterations),
  factor: 0.3,
});

/** An ansatz in the product state; `orders` are those of a string state. */
export function create(
  kind: Kind,
  sites: number,
  seed: number,
  orders: readonly (readonly number[])[],
): Ansatz {
  if (kind === 'RBM') return rbmAnsatz(sites, seed, FIRST, RBM_UNITS);
  const built = network(sites, seed, FIRST, SIZES);
  return transformerAnsatz(built, kind === 'string state' ? orders : undefined);
}

export function parameterCount({ parameters }: Ansatz): number {
  return parameters.reduce((sum, { data }) => sum + data.length, 0);
}

/** What a run is about. */
export interface Run {
  readonly kind: Kind;
  readonly mode: Mode;
  readonly seed: number;
  readonly orders: readonly (readonly number[])[];
  readonly iterations: number;
}

/** Steps of 2δ. */
export interface Steps {
  readonly delta: number;
  readonly steps: number;
}

export async function runDynamics(
  system: Lattice,
  { kind, mode, seed, orders, iterations }: Run,
  { delta, steps }: Steps,
  progress: (share: number, text: string) => void,
): Promise<Dynamics> {
  const { sites } = system;
  const evolution = {
    delta,
    steps,
    mode,
    schedule: schedule(iterations),
    key: fold(keyOf(seed), 0),
  };
  const make = (): Ansatz => create(kind, sites, seed, orders);
  const { p, losses } = await evolveAnsatz(system, make, evolution, progress);
  const times = p.map((_, i) => rounded(2 * delta * i));
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

export function runSteady(
  system: Lattice,
  { kind, mode, seed, orders, iterations }: Run,
  field: number,
): Steady {
  const { sites } = system;
  const ansatz = create(kind, sites, seed, orders);
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
