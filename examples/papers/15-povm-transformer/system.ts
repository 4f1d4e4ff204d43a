// The lattices of the paper in POVM form, and their exact solutions: a driven chain and a square lattice of spins, which decay.
import {
  fourPauliPovm,
  lindbladEvolve,
  lindbladian,
  povmGenerator,
  povmProbabilities,
  povmValues,
  X,
  Y,
  Z,
} from 'ketwork';
import type { Lindbladian, PauliSum, Povm } from 'ketwork';
import { everything } from './ansatz.ts';

/** Couplings of H = V/4 Σ Z Z + g/2 Σ X with jump operators √γ σ⁻ on every site, periodic ends. */
export interface Couplings {
  readonly v: number;
  readonly g: number;
  readonly gamma: number;
}

/** Those of the check that the reduced reproduction follows. */
export const COUPLINGS: Couplings = { v: 2, g: 1, gamma: 1 };

/** σ⁻ = (X - iY)/2 as the authors' code has it: it takes |0⟩, the state of Z = +1, to |1⟩. */
const SIGMA_MINUS = [
  [0, 0],
  [1, 0],
];

/** Entries of a row of the generator O: strings b and O_ab. */
export interface Row {
  readonly strings: Int32Array;
  readonly coefficients: Float64Array;
}

/** A lattice with everything that the experiments ask of it. */
export interface Lattice {
  readonly sites: number;
  readonly bonds: readonly (readonly [number, number])[];
  /** Number of strings of outcomes, 4^N; a string is a number in base 4, site 0 first. */
  readonly size: number;
  /** 0 to 4^N - 1. */
  readonly everything: Int32Array;
  readonly measurement: Povm;
  readonly generator: Lindbladian;
  /** O_ab of a bond, its sites in order: `[16, 16]`. */
  readonly block: Float64Array;
  /** Row a of O: the strings that differ from a on one bond at most. */
  row(a: number): Row;
  /** tr(P N_b) of X, Y, Z on each site and string: `[3][site][4^N]`. */
  readonly values: readonly (readonly Float64Array[])[];
}

/** What a bond between two sites adds: all of its coupling, and a share of what its first site does alone. */
interface Bond {
  hamiltonian(a: number, b: number): PauliSum;
  /** Rate of the jump operator of the first site. */
  readonly rate: number;
}

type Pair = readonly [number, number];

/** A ring in which every site owns one bond. */
export function chain(sites: number, { v, g, gamma }: Couplings = COUPLINGS): Lattice {
  const bonds = Array.from({ length: sites }, (_, q): Pair => [q, (q + 1) % sites]);
  return lattice(sites, bonds, {
    hamiltonian: (a, b) =>
      Z(a)
        .mul(Z(b))
        .scale(v / 4)
        .add(X(a).scale(g / 2)),
    rate: gamma,
  });
}

/** Couplings of the paper's square lattice, H = Σ (J_x X X + J_y Y Y + J_z Z Z), with jump operators √γ σ⁻ on every site. */
export const HEISENBERG = { x: 0.9, y: 1.6, z: 1, gamma: 1 } as const;

/** Rows of sites on a torus; every site owns the bonds to its right and below, which a side of two sites doubles. */
export function square(height: number, width: number): Lattice {
  const site = (r: number, c: number): number => (r % height) * width + (c % width);
  const bonds = Array.from({ length: height * width }, (_, q): Pair[] => {
    const [r, c] = [Math.floor(q / width), q % width];
    return [
      [q, site(r, c + 1)],
      [q, site(r + 1, c)],
    ];
  }).flat();
  return lattice(height * width, bonds, {
    hamiltonian: (a, b) =>
      X(a)
        .mul(X(b))
        .scale(HEISENBERG.x)
        .add(Y(a).mul(Y(b)).scale(HEISENBERG.y))
        .add(Z(a).mul(Z(b)).scale(HEISENBERG.z)),
    rate: HEISENBERG.gamma / 2,
  });
}

function lattice(sites: number, bonds: readonly Pair[], bond: Bond): Lattice {
  const all = Array.from({ length: sites }, (_, q) => q);
  const measurement = fourPauliPovm();
  const jump = (q: number) => ({ matrix: SIGMA_MINUS, qubits: [q], rate: bond.rate });
  const two = lindbladian(2, { hamiltonian: bond.hamiltonian(0, 1), jumps: [jump(0)] });
  const block = povmGenerator(measurement, two);
  const size = 4 ** sites;
  const strings = Array.from({ length: size }, (_, a) => digits(a, sites)).flat();
  const rows: (Row | undefined)[] = [];
  return {
    sites,
    bonds,
    size,
    everything: everything(sites),
    measurement,
    generator: lindbladian(sites, {
      hamiltonian: bonds.map(([a, b]) => bond.hamiltonian(a, b)).reduce((x, y) => x.add(y)),
      jumps: bonds.map(([a]) => jump(a)),
    }),
    block,
    row: (a) => (rows[a] ??= rowOf(a, sites, bonds, block)),
    values: [X, Y, Z].map((P) => all.map((q) => povmValues(measurement, P(q), strings, sites))),
  };
}

/** Digits of a string of outcomes, site 0 first. */
export function digits(a: number, sites: number): number[] {
  return Array.from({ length: sites }, (_, q) => Math.floor(a / 4 ** (sites - 1 - q)) % 4);
}

function rowOf(a: number, sites: number, bonds: readonly Pair[], block: Float64Array): Row {
  const entries = new Map<number, number>();
  const own = digits(a, sites);
  for (const [q, next] of bonds) {
    const left = 4 ** (sites - 1 - q);
    const right = 4 ** (sites - 1 - next);
    const from = 4 * own[q]! + own[next]!;
    const base = a - own[q]! * left - own[next]! * right;
    for (let to = 0; to < 16; to++) {
      const coefficient = block[16 * from + to]!;
      if (Math.abs(coefficient) < 1e-15) continue;
      const b = base + (to >> 2) * left + (to & 3) * right;
      entries.set(b, (entries.get(b) ?? 0) + coefficient);
    }
  }
  return {
    strings: Int32Array.from(entries.keys()),
    coefficients: Float64Array.from(entries.values()),
  };
}

/** Probabilities of the product state |0…0⟩. */
export function initial({ sites, measurement }: Lattice): Float64Array {
  const state = new Float64Array(2 ** (sites + 1));
  state[0] = 1;
  return povmProbabilities(measurement, { state });
}

/** Exact probabilities at some times, from the density matrix: one array for each time. */
export function exact(system: Lattice, times: readonly number[]): Float64Array[] {
  const state = new Float64Array(2 ** (system.sites + 1));
  state[0] = 1;
  const density = lindbladEvolve(system.generator, { state }, times);
  const p = povmProbabilities(system.measurement, { density }, { qubits: system.sites });
  return times.map((_, i) => p.slice(i * system.size, (i + 1) * system.size));
}

/** ⟨P_j⟩ for P = X, Y, Z and each site j. */
export function expectations(system: Lattice, p: Float64Array): number[][] {
  return system.values.map((sites) =>
    sites.map((values) => values.reduce((sum, value, a) => sum + value * p[a]!, 0)),
  );
}

/** Means over the sites of ⟨X⟩, ⟨Y⟩, ⟨Z⟩. */
export function means(system: Lattice, p: Float64Array): number[] {
  return expectations(system, p).map((sites) => sites.reduce((a, b) => a + b, 0) / sites.length);
}

/** Σ |p - q|. */
export function distance(p: Float64Array, q: Float64Array): number {
  return p.reduce((sum, x, i) => sum + Math.abs(x - q[i]!), 0);
}
