import { key, normal, ValueError, fold } from '@ketwork/base';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { hermitianEigen } from '../hermitian.ts';
import { hamiltonianQubits, operatorOf } from './operator.ts';
import type { Hamiltonian, HamiltonianOptions, Operator } from './operator.ts';
import { qubitsOfSum } from './sparse.ts';

/** Options of {@link groundState}. */
export interface GroundStateOptions extends HamiltonianOptions {
  /** Number of lowest states, degenerate ones counted each. Default 1. */
  readonly count?: number;
  /** Largest residual ‖H ψ - E ψ‖, relative to the width of the spectrum; the error of E is about its square. Default 1e-9. */
  readonly tolerance?: number;
  /** Seed of the vector the search starts from. Default 0. */
  readonly seed?: number;
  /** Most products of H and a vector for each state. Default 5000. */
  readonly maxProducts?: number;
}

/** Lowest eigenvalues and eigenstates. */
export interface GroundState {
  /** Energies, ascending: `[count]`. */
  readonly energies: Float64Array;
  /** Their states, orthonormal: `[count, 2^n, 2]`. */
  readonly states: Float64Array;
  /** ‖H ψ - E ψ‖ of each: `[count]`. */
  readonly residuals: Float64Array;
}

/** Up to this dimension matrices are diagonalised. */
const DENSE = 64;
/** Most bytes of the vectors of a search. */
const VECTOR_BYTES = 2 ** 29;

/**
 * The ground state, and with `count` the lowest excited states, of a Hamiltonian: by Lanczos with thick restarts and full
 * orthogonalisation (Wu and Simon, SIAM J. Matrix Anal. Appl. 22, 602, 2000), one state after the other, so that
 * degenerate ones are found too. Up to 6 qubits the matrix is diagonalised.
 *
 * @param hamiltonian a Pauli sum, a sparse matrix or a Hermitian matrix.
 * @param options `qubits` n, by default those that the Hamiltonian needs; `count`, `tolerance`, `seed`.
 * @throws ValueError for options out of range, or where the search does not converge.
 * @example
 * ```ts
 * import { heisenberg } from '@ketwork/circuit';
 * import { groundState } from '@ketwork/simulator';
 * const { energies } = groundState(heisenberg(10));
 * console.log(energies[0]); // -17.032140…
 * ```
 */
export function groundState(
  hamiltonian: Hamiltonian,
  options: GroundStateOptions = {},
): GroundState {
  const name = 'groundState';
  const { count = 1, tolerance = 1e-9, seed = 0, maxProducts = 5000 } = options;
  const qubits = hamiltonianQubits(hamiltonian, options) ?? qubitsOf(hamiltonian);
  const operator = operatorOf(name, hamiltonian, qubits);
  const { dimension } = operator;
  if (!Number.isSafeInteger(count) || count < 1 || count > dimension) {
    throw new ValueError(`${name}: ${count} states of ${dimension}`, {
      remedy: 'Use a positive integer, at most the dimension',
    });
  }
  if (!(tolerance > 0) || !(maxProducts >= 1)) {
    throw new ValueError(`${name}: tolerance ${tolerance}, at most ${maxProducts} products`, {
      remedy: 'Use positive numbers',
    });
  }
  const energies = new Float64Array(count);
  const residuals = new Float64Array(count);
  const states = new Float64Array(2 * count * dimension);
  const vectorOf = (i: number): Float64Array =>
    states.subarray(2 * i * dimension, 2 * (i + 1) * dimension);
  if (dimension <= DENSE || 4 * count >= dimension) {
    const { values, vectors } = hermitianEigen(matrixOf(operator), dimension);
    energies.set(values.subarray(0, count));
    states.set(vectors.subarray(0, states.length));
  } else {
    const locked: Float64Array[] = [];
    for (let i = 0; i < count; i++) {
      const start = normal(fold(key(seed), i), 2 * dimension);
      const goal = tolerance * Math.max(operator.radius, Number.MIN_VALUE);
      const found = lowest(operator, start, locked, goal, maxProducts);
      if (found === undefined) {
        throw new ValueError(`${name}: no convergence within ${maxProducts} products`, {
          remedy: 'Raise maxProducts or tolerance',
        });
      }
      vectorOf(i).set(found.vector);
      energies[i] = found.value;
      locked.push(vectorOf(i));
    }
  }
  const image = new Float64Array(2 * dimension);
  for (let i = 0; i < count; i++) {
    const x = vectorOf(i);
    operator.apply(x, image);
    let sum = 0;
    for (let k = 0; k < x.length; k++) sum += (image[k]! - energies[i]! * x[k]!) ** 2;
    residuals[i] = Math.sqrt(sum);
  }
  return sorted({ energies, states, residuals }, dimension);
}

/** Rounding may exchange nearly degenerate states. */
function sorted({ energies, states, residuals }: GroundState, dimension: number): GroundState {
  const order = Array.from(energies, (_, i) => i).sort((a, b) => energies[a]! - energies[b]!);
  if (order.every((from, to) => from === to)) return { energies, states, residuals };
  const moved = new Float64Array(states.length);
  order.forEach((from, to) =>
    moved.set(
      states.subarray(2 * from * dimension, 2 * (from + 1) * dimension),
      2 * to * dimension,
    ),
  );
  return {
    energies: Float64Array.from(order, (i) => energies[i]!),
    states: moved,
    residuals: Float64Array.from(order, (i) => residuals[i]!),
  };
}

function qubitsOf(hamiltonian: Hamiltonian): number {
  if (hamiltonian.type === 'pauli') return qubitsOfSum(hamiltonian);
  return hamiltonian.type === 'sparse'
    ? Math.log2(hamiltonian.dimension)
    : Math.max(...hamiltonian.qubits) + 1;
}

/** The dense matrix of an operator, from its columns. */
export function matrixOf(operator: Operator): Float64Array {
  const d = operator.dimension;
  const out = new Float64Array(2 * d * d);
  const unit = new Float64Array(2 * d);
  const column = new Float64Array(2 * d);
  for (let c = 0; c < d; c++) {
    unit[2 * c] = 1;
    operator.apply(unit, column);
    unit[2 * c] = 0;
    for (let r = 0; r < d; r++) {
      out[2 * (r * d + c)] = column[2 * r]!;
      out[2 * (r * d + c) + 1] = column[2 * r + 1]!;
    }
  }
  return out;
}

/** The lowest eigenpair in the space orthogonal to the locked vectors. */
function lowest(
  operator: Operator,
  start: Float64Array,
  locked: readonly Float64Array[],
  goal: number,
  maxProducts: number,
): { readonly value: number; readonly vector: Float64Array } | undefined {
  const { dimension } = operator;
  const most = Math.max(8, Math.min(40, Math.floor(VECTOR_BYTES / (16 * dimension))));
  const size = Math.min(most, dimension - locked.length);
  const basis: Float64Array[] = [start];
  for (let pass = 0; pass < 2; pass++) for (const v of locked) removeComponent(start, v);
  scale(start, 1 / norm(start));
  let projected = new Matrix(size, size);
  let products = 0;
  let kept = 0;
  for (;;) {
    let beta = 0;
    let next = new Float64Array(0);
    let used = kept;
    for (let j = kept; j < size; j++) {
      const v = basis[j]!;
      next = new Float64Array(2 * dimension);
      operator.apply(v, next);
      products++;
      // Once to project, once more for what rounding left (Kahan and Parlett).
      for (let pass = 0; pass < 2; pass++) {
        for (const l of locked) removeComponent(next, l);
        for (let i = 0; i <= j; i++) {
          const part = removeComponent(next, basis[i]!);
          if (i === j && pass === 0) projected.set(j, j, part);
        }
      }
      beta = norm(next);
      used = j + 1;
      if (beta <= 1e-14 * Math.max(operator.radius, Number.MIN_VALUE) || used === size) break;
      projected.set(j, j + 1, beta);
      projected.set(j + 1, j, beta);
      scale(next, 1 / beta);
      basis[j + 1] = next;
    }
    const small = projected.subMatrix(0, used - 1, 0, used - 1);
    const evd = new EigenvalueDecomposition(small, { assumeSymmetric: true });
    const order = evd.realEigenvalues.map((_, i) => i);
    order.sort((a, b) => evd.realEigenvalues[a]! - evd.realEigenvalues[b]!);
    const coupling = (i: number): number => beta * evd.eigenvectorMatrix.get(used - 1, order[i]!);
    const isDone = used < size || Math.abs(coupling(0)) <= goal;
    const keep = isDone ? 1 : Math.max(1, Math.floor(size / 2) - 1);
    const rotated = Array.from({ length: keep }, (_, i) =>
      combine(basis, used, (k) => evd.eigenvectorMatrix.get(k, order[i]!)),
    );
    if (isDone) return { value: evd.realEigenvalues[order[0]!]!, vector: rotated[0]! };
    if (products >= maxProducts) return undefined;
    // The kept vectors are coupled to the next one only.
    const after = new Matrix(size, size);
    for (let i = 0; i < keep; i++) {
      after.set(i, i, evd.realEigenvalues[order[i]!]!);
      after.set(i, keep, coupling(i));
      after.set(keep, i, coupling(i));
    }
    scale(next, 1 / beta);
    basis.length = 0;
    basis.push(...rotated, next);
    projected = after;
    kept = keep;
  }
}

function combine(
  basis: readonly Float64Array[],
  count: number,
  weight: (k: number) => number,
): Float64Array {
  const out = new Float64Array(basis[0]!.length);
  for (let k = 0; k < count; k++) {
    const w = weight(k);
    const v = basis[k]!;
    for (let i = 0; i < out.length; i++) out[i]! += w * v[i]!;
  }
  scale(out, 1 / norm(out));
  return out;
}

/** Length of a vector. */
export function norm(v: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < v.length; i++) sum += v[i]! * v[i]!;
  return Math.sqrt(sum);
}

/** Multiplies a vector in place. */
export function scale(v: Float64Array, factor: number): void {
  for (let i = 0; i < v.length; i++) v[i]! *= factor;
}

/** `x -= ⟨u|x⟩ u` for a unit vector u; the real part of ⟨u|x⟩. */
export function removeComponent(x: Float64Array, u: Float64Array): number {
  let re = 0;
  let im = 0;
  for (let i = 0; i < x.length; i += 2) {
    re += u[i]! * x[i]! + u[i + 1]! * x[i + 1]!;
    im += u[i]! * x[i + 1]! - u[i + 1]! * x[i]!;
  }
  for (let i = 0; i < x.length; i += 2) {
    x[i]! -= re * u[i]! - im * u[i + 1]!;
    x[i + 1]! -= re * u[i + 1]! + im * u[i]!;
  }
  return re;
}
