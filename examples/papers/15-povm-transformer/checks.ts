// What must hold exactly, apart from all learning: criteria 1 to 3 and 7 of the card.
import {
  fold,
  forward,
  key as keyOf,
  lindbladEvolve,
  normal,
  povmDensity,
  povmGenerator,
  povmProbabilities,
  steadyState,
  sumGenerators,
} from 'ketwork';
import { rounded } from '../../common/experiment.ts';
import { network } from './ansatz.ts';
import { factorised, solve } from './linear.ts';
import { chain, distance, exact, initial, means } from './system.ts';
import type { Lattice } from './system.ts';

/** Errors of what must be exact. */
export interface Checks {
  /** Σ_a M_a - I, largest entry. */
  readonly completeness: number;
  /** Random density matrices of 1 to 4 qubits against what their probabilities stand for. */
  readonly reconstruction: number;
  /** Least probability of these states. */
  readonly leastProbability: number;
  /** O from bonds against O from the whole generator. */
  readonly blocks: number;
  /** Columns of O, largest sum. */
  readonly columns: number;
  /** exp(O t) p(0) against Runge–Kutta steps of the density matrix. */
  readonly exponential: number;
  /** The null vector of O against the density matrix's steady state. */
  readonly nullVector: number;
  /** ⟨X⟩, ⟨Y⟩, ⟨Z⟩ of the steady state, by number of sites. */
  readonly steady: Readonly<Record<string, readonly number[]>>;
  /** Σ |p - exact| of the exact trapezoid rule at t = 2 for steps 0.05, 0.1, 0.2, four sites. */
  readonly trapezoid: readonly number[];
  /** Largest change of a conditional at a position ≤ k when token k changes. */
  readonly masking: number;
  /** Smallest change behind. */
  readonly reaction: number;
}

/** Steps of the trapezoid rule that are compared. */
export const STEPS = [0.05, 0.1, 0.2] as const;

export function check(seed: number): Checks {
  const systems = [3, 4].map((sites) => chain(sites));
  const generators = systems.map((system) => dense(system));
  const steady = systems.map((system, i) => nullVector(system, generators[i]!));
  return {
    ...povmChecks(systems[0]!, seed),
    blocks: Math.max(
      ...systems.map((system, i) =>
        largest(povmGenerator(system.measurement, system.generator), generators[i]!),
      ),
    ),
    columns: Math.max(...systems.map((system, i) => columnSums(system, generators[i]!))),
    exponential: Math.max(...systems.map((system, i) => exponentialError(system, generators[i]!))),
    nullVector: Math.max(
      ...systems.map((system, i) => {
        const density = steadyState(system.generator);
        return largest(steady[i]!, povmProbabilities(system.measurement, { density }));
      }),
    ),
    steady: Object.fromEntries(
      systems.map((system, i) => [`${system.sites}`, means(system, steady[i]!).map(sixDigits)]),
    ),
    trapezoid: STEPS.map((step) => sixDigits(trapezoidError(systems[1]!, generators[1]!, step))),
    ...maskingChecks(seed),
  };
}

const sixDigits = (x: number): number => rounded(x, 6);

function largest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
}

/** O from the bonds. */
export function dense({ sites, bonds, block }: Lattice): Float64Array {
  return sumGenerators(
    sites,
    bonds.map((qubits) => ({ qubits, matrix: block })),
  );
}

function povmChecks(
  { measurement }: Lattice,
  seed: number,
): Pick<Checks, 'completeness' | 'reconstruction' | 'leastProbability'> {
  const { effects } = measurement;
  const sum = Array.from({ length: 8 }, (_, i) =>
    [0, 8, 16, 24].reduce((total, at) => total + effects[at + i]!, 0),
  );
  let reconstruction = 0;
  let leastProbability = 1;
  for (const n of [1, 2, 3, 4]) {
    const density = randomDensity(n, seed);
    const p = povmProbabilities(measurement, { density });
    reconstruction = Math.max(reconstruction, largest(povmDensity(measurement, p), density));
    leastProbability = p.reduce((a, b) => Math.min(a, b), leastProbability);
  }
  return {
    completeness: largest(sum, [1, 0, 0, 0, 0, 0, 1, 0]),
    reconstruction,
    leastProbability,
  };
}

/** G G†/tr of a matrix G of normal numbers. */
function randomDensity(n: number, seed: number): Float64Array {
  const d = 2 ** n;
  const g = normal(fold(keyOf(seed), n), 2 * d * d);
  const rho = new Float64Array(2 * d * d);
  let trace = 0;
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      for (let k = 0; k < d; k++) {
        const [a, b] = [2 * (r * d + k), 2 * (c * d + k)];
        rho[2 * (r * d + c)]! += g[a]! * g[b]! + g[a + 1]! * g[b + 1]!;
        rho[2 * (r * d + c) + 1]! += g[a + 1]! * g[b]! - g[a]! * g[b + 1]!;
      }
    }
    trace += rho[2 * r * (d + 1)]!;
  }
  return rho.map((x) => x / trace);
}

function columnSums({ size }: Lattice, o: Float64Array): number {
  let most = 0;
  for (let b = 0; b < size; b++) {
    let sum = 0;
    for (let a = 0; a < size; a++) sum += o[a * size + b]!;
    most = Math.max(most, Math.abs(sum));
  }
  return most;
}

function times(o: Float64Array, p: Float64Array): Float64Array {
  return p.map((_, a) => {
    let sum = 0;
    for (let b = 0; b < p.length; b++) sum += o[a * p.length + b]! * p[b]!;
    return sum;
  });
}

function exponentialError(system: Lattice, o: Float64Array): number {
  const t = 1;
  let p = initial(system);
  // exp(O t) as 40 short Taylor series.
  for (let part = 0; part < 40; part++) {
    let term = p;
    let sum = p;
    for (let k = 1; k <= 16; k++) {
      term = times(o, term).map((x) => (x * t) / 40 / k);
      sum = sum.map((x, i) => x + term[i]!);
    }
    p = sum;
  }
  const state = new Float64Array(2 ** (system.sites + 1));
  state[0] = 1;
  const options = { method: 'rk4', step: 0.005 } as const;
  const density = lindbladEvolve(system.generator, { state }, t, options);
  return largest(p, povmProbabilities(system.measurement, { density }));
}

/** The p with O p = 0 and sum 1. */
function nullVector({ size }: Lattice, o: Float64Array): Float64Array {
  const matrix = o.slice();
  matrix.fill(1, (size - 1) * size);
  const right = new Float64Array(size);
  right[size - 1] = 1;
  return solve(factorised(matrix, size), right);
}

/** (I - δO)⁻¹ (I + δO) step by step to t = 2, against the exact solution. */
function trapezoidError(system: Lattice, o: Float64Array, step: number): number {
  const { size } = system;
  const matrix = o.map((x, i) => (i % (size + 1) === 0 ? 1 : 0) - (step / 2) * x);
  const factors = factorised(matrix, size);
  let p = initial(system);
  for (let k = 0; k < Math.round(2 / step); k++) {
    const flow = times(o, p);
    p = solve(
      factors,
      p.map((x, i) => x + (step / 2) * flow[i]!),
    );
  }
  return distance(p, exact(system, [2])[0]!);
}

/** Changes token k of sequences and looks at all conditionals of a network with random parameters. */
function maskingChecks(seed: number): Pick<Checks, 'masking' | 'reaction'> {
  const sites = 5;
  const built = network(sites, seed, [0.25, 0.25, 0.25, 0.25], { hidden: 16, feedForward: 16 });
  built.parameters.forEach(({ data }, i) => {
    const noise = normal(fold(keyOf(seed), 100 + i), data.length, { deviation: 0.3 });
    data.forEach((x, k) => (data[k] = x + noise[k]!));
  });
  const run = (tokens: readonly number[]): Float64Array => {
    const y = forward(built, tokens);
    if (y instanceof Promise) throw new Error('the network runs in this thread');
    return y;
  };
  const tokens = [1, 3, 0, 2, 1];
  const before = run(tokens);
  let masking = 0;
  let reaction = Infinity;
  for (let k = 0; k < sites; k++) {
    const after = run(tokens.map((token, i) => (i === k ? (token + 1) % 4 : token)));
    for (let i = 0; i < sites; i++) {
      const change = largest(after.subarray(4 * i, 4 * i + 4), before.subarray(4 * i, 4 * i + 4));
      if (i <= k) masking = Math.max(masking, change);
      else reaction = Math.min(reaction, change);
    }
  }
  return { masking, reaction };
}
