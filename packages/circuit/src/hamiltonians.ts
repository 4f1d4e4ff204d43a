import { CircuitError, ValueError } from '@ketwork/base';
import type { PauliSum } from './observable.ts';
import type { WeightedWord } from './pauli-algebra.ts';
import { pauliSum } from './pauli-algebra.ts';

/** Two qubits that interact, and the strength of it relative to the others (1 by default). */
export type Edge = readonly [a: number, b: number, weight?: number];

/** Where the qubits of a model sit: a number of qubits in a chain, or the pairs that interact. */
export type Lattice = number | readonly Edge[];

/** Options that all chains share. */
export interface ChainOptions {
  /** Whether the last qubit of a chain interacts with the first. Default false. */
  readonly periodic?: boolean;
}

/**
 * Pairs of neighbours in a chain 0–1–2–….
 *
 * @param qubits number of qubits, at least 1.
 * @param options `periodic` closes the chain to a ring (from 3 qubits on; two neighbours are one pair).
 * @throws CircuitError when the number is not a positive integer.
 * @example
 * ```ts
 * import { chain } from '@ketwork/circuit';
 * console.log(chain(3, { periodic: true })); // [ [ 0, 1 ], [ 1, 2 ], [ 2, 0 ] ]
 * ```
 */
export function chain(qubits: number, options: ChainOptions = {}): Edge[] {
  checkCount(qubits, 'a chain');
  const edges = Array.from({ length: qubits - 1 }, (_, i): Edge => [i, i + 1]);
  return options.periodic === true && qubits > 2 ? [...edges, [qubits - 1, 0]] : edges;
}

/**
 * Pairs of neighbours on a square lattice, qubit `row · columns + column`: to the right, then down.
 *
 * @param rows number of rows, at least 1.
 * @param columns number of columns, at least 1.
 * @param options `periodic` joins opposite borders that are at least 3 apart.
 * @throws CircuitError when a number is not a positive integer.
 * @example
 * ```ts
 * import { squareLattice } from '@ketwork/circuit';
 * console.log(squareLattice(2, 2)); // [ [ 0, 1 ], [ 0, 2 ], [ 1, 3 ], [ 2, 3 ] ]
 * ```
 */
export function squareLattice(rows: number, columns: number, options: ChainOptions = {}): Edge[] {
  checkCount(rows, 'a lattice');
  checkCount(columns, 'a lattice');
  const periodic = options.periodic === true;
  const edges: Edge[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      if (column + 1 < columns) edges.push([at, at + 1]);
      else if (periodic && columns > 2) edges.push([at, row * columns]);
      if (row + 1 < rows) edges.push([at, at + columns]);
      else if (periodic && rows > 2) edges.push([at, column]);
    }
  }
  return edges;
}

/** Options of {@link ising}. */
export interface IsingOptions extends ChainOptions {
  /** Strength J of the coupling; positive favours equal neighbours. Default 1. */
  readonly coupling?: number;
  /** Strength h of the field along X. Default 1. */
  readonly field?: number;
  /** Strength g of a further field along Z. Default 0. */
  readonly longitudinal?: number;
}

/**
 * The Ising model in a transverse field, `H = -J Σ Z_a Z_b - h Σ X_q - g Σ Z_q`. At h = J a chain is critical.
 *
 * @param lattice a number of qubits in a chain, or the pairs of neighbours with optional weights.
 * @param options strengths, each 1 by default (`longitudinal` 0), and `periodic` for chains.
 * @throws CircuitError for pairs that are none; ValueError for a strength that is not finite.
 * @example
 * ```ts
 * import { ising, squareLattice } from '@ketwork/circuit';
 * console.log(ising(4, { periodic: true, field: 0.5 }).terms.length); // 8
 * console.log(ising(squareLattice(3, 3)).terms.length); // 21
 * ```
 */
export function ising(lattice: Lattice, options: IsingOptions = {}): PauliSum {
  const { coupling = 1, field = 1, longitudinal = 0 } = options;
  checkNumbers('ising', { coupling, field, longitudinal });
  const { edges, qubits } = read('ising', lattice, options);
  return model([
    ...edges.map(([a, b, weight = 1]): WeightedWord => [-coupling * weight, 'ZZ', [a, b]]),
    ...qubits.map((qubit): WeightedWord => [-field, 'X', [qubit]]),
    ...qubits.map((qubit): WeightedWord => [-longitudinal, 'Z', [qubit]]),
  ]);
}

/** Options of {@link heisenberg}. */
export interface HeisenbergOptions extends ChainOptions {
  /** Strength of the coupling, one number or one each for XX, YY and ZZ; positive is antiferromagnetic. Default 1. */
  readonly coupling?: number | readonly [x: number, y: number, z: number];
  /** Strength h of the field along Z. Default 0. */
  readonly field?: number;
}

/**
 * The Heisenberg model, `H = Σ (J_x X_a X_b + J_y Y_a Y_b + J_z Z_a Z_b) + h Σ Z_q`, in Pauli matrices (not spins: those
 * would be a quarter of the coupling).
 *
 * @param lattice a number of qubits in a chain, or the pairs of neighbours with optional weights.
 * @param options strengths, and `periodic` for chains.
 * @throws CircuitError for pairs that are none; ValueError for a strength that is not finite.
 * @example
 * ```ts
 * import { heisenberg } from '@ketwork/circuit';
 * console.log(heisenberg(4, { coupling: [1, 1, 0.5] }).terms.length); // 9
 * ```
 */
export function heisenberg(lattice: Lattice, options: HeisenbergOptions = {}): PauliSum {
  const { coupling = 1, field = 0 } = options;
  const [x, y, z] = typeof coupling === 'number' ? [coupling, coupling, coupling] : coupling;
  checkNumbers('heisenberg', { 'coupling x': x, 'coupling y': y, 'coupling z': z, field });
  const { edges, qubits } = read('heisenberg', lattice, options);
  return model([
    ...edges.flatMap(([a, b, weight = 1]): WeightedWord[] => [
      [x * weight, 'XX', [a, b]],
      [y * weight, 'YY', [a, b]],
      [z * weight, 'ZZ', [a, b]],
    ]),
    ...qubits.map((qubit): WeightedWord => [field, 'Z', [qubit]]),
  ]);
}

/** Options of {@link xxz}. */
export interface XxzOptions extends ChainOptions {
  /** Strength J of the coupling. Default 1. */
  readonly coupling?: number;
  /** Anisotropy Δ of the coupling along Z. Default 1, the Heisenberg model. */
  readonly anisotropy?: number;
  /** Strength h of the field along Z. Default 0. */
  readonly field?: number;
}

/**
 * The XXZ model, `H = J Σ (X_a X_b + Y_a Y_b + Δ Z_a Z_b) + h Σ Z_q`.
 *
 * @param lattice a number of qubits in a chain, or the pairs of neighbours with optional weights.
 * @param options strengths, and `periodic` for chains.
 * @throws CircuitError for pairs that are none; ValueError for a strength that is not finite.
 * @example
 * ```ts
 * import { xxz } from '@ketwork/circuit';
 * console.log(xxz(4, { anisotropy: 0 }).terms.length); // 6
 * ```
 */
export function xxz(lattice: Lattice, options: XxzOptions = {}): PauliSum {
  const { coupling = 1, anisotropy = 1, field = 0, periodic = false } = options;
  checkNumbers('xxz', { coupling, anisotropy, field });
  return heisenberg(lattice, {
    coupling: [coupling, coupling, coupling * anisotropy],
    field,
    periodic,
  });
}

/**
 * The size of a cut as an observable, `C = Σ w_ab (1 - Z_a Z_b)/2`: in a basis state, the weight of the edges whose ends
 * differ. Maximise it, or minimise `maxCut(graph).scale(-1)` (Farhi, Goldstone, Gutmann, arXiv:1411.4028).
 *
 * @param graph edges `[a, b]` or `[a, b, weight]`.
 * @throws CircuitError for an edge that is none; ValueError for a weight that is not finite.
 * @example
 * ```ts
 * import { maxCut } from '@ketwork/circuit';
 * console.log(maxCut([[0, 1], [1, 2], [2, 0]]).terms[0]); // { coefficient: 1.5, paulis: [] }
 * ```
 */
export function maxCut(graph: readonly Edge[]): PauliSum {
  const { edges } = read('maxCut', graph, {});
  const total = edges.reduce((sum, [, , weight = 1]) => sum + weight, 0);
  return model([
    [total / 2, ''],
    ...edges.map(([a, b, weight = 1]): WeightedWord => [-weight / 2, 'ZZ', [a, b]]),
  ]);
}

/** Terms of strength 0 are left out. */
function model(words: readonly WeightedWord[]): PauliSum {
  return pauliSum(words.filter(([coefficient]) => coefficient !== 0));
}

function read(
  name: string,
  lattice: Lattice,
  options: ChainOptions,
): { readonly edges: readonly Edge[]; readonly qubits: readonly number[] } {
  if (typeof lattice === 'number') {
    checkCount(lattice, name);
    const qubits = Array.from({ length: lattice }, (_, i) => i);
    return { edges: chain(lattice, options), qubits };
  }
  if (options.periodic !== undefined) {
    throw new CircuitError(`${name}: 'periodic' is for chains, and a list of pairs was given`, {
      remedy: 'List the pairs that close the lattice, or give a number of qubits',
    });
  }
  const qubits = new Set<number>();
  for (const edge of lattice) {
    const [a, b, weight = 1] = edge;
    const isQubit = (qubit: number): boolean => Number.isSafeInteger(qubit) && qubit >= 0;
    if (!isQubit(a) || !isQubit(b) || a === b) {
      throw new CircuitError(`${name}: [${edge.join(', ')}] is not a pair of qubits`, {
        remedy: 'Give two different integers from 0, and a weight if need be',
      });
    }
    checkNumbers(name, { 'weight of a pair': weight });
    qubits.add(a).add(b);
  }
  return { edges: lattice, qubits: [...qubits].sort((a, b) => a - b) };
}

function checkCount(count: number, what: string): void {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new CircuitError(`${what} of ${count} qubits`, { remedy: 'Use a positive integer' });
  }
}

function checkNumbers(name: string, numbers: Readonly<Record<string, number>>): void {
  for (const [what, value] of Object.entries(numbers)) {
    if (!Number.isFinite(value)) {
      throw new ValueError(`${name}: ${what} is ${value}`, { remedy: 'Use a finite number' });
    }
  }
}
