import { ValueError } from '@ketwork/base';
import { denseMatrix } from '@ketwork/circuit';
import type { HermitianObservable, PauliObservable } from '@ketwork/circuit';
import { perExample } from '../states/entropy.ts';
import { readStates } from '../states/input.ts';
import { PauliOperator } from './pauli-operator.ts';
import { multiplySparse, qubitsOfSum } from './sparse.ts';
import type { SparseMatrix } from './sparse.ts';

/** A Hamiltonian: a Pauli sum, a sparse matrix, or a fixed Hermitian matrix on some qubits. */
export type Hamiltonian = PauliObservable | SparseMatrix | HermitianObservable;

/** Options of functions of a Hamiltonian and states. */
export interface HamiltonianOptions {
  /** Number of qubits n of the states; by default found from a sparse matrix or a single state. */
  readonly qubits?: number;
}

/** A Hermitian operator that acts on states of 2^n amplitudes. */
export interface Operator {
  readonly dimension: number;
  /** y = H x, interleaved; x and y are different arrays. */
  apply(x: Float64Array, y: Float64Array): void;
  /** An interval that holds the spectrum. */
  readonly center: number;
  readonly radius: number;
}

/** Largest number of qubits a Hamiltonian acts on. */
const MAX_QUBITS = 26;

/** The operator of a Hamiltonian on n qubits. @throws ValueError */
export function operatorOf(name: string, hamiltonian: Hamiltonian, qubits: number): Operator {
  const dimension = 2 ** qubits;
  if (qubits > MAX_QUBITS) {
    throw new ValueError(`${name}: ${qubits} qubits are too many`, {
      remedy: `Use at most ${MAX_QUBITS}`,
    });
  }
  switch (hamiltonian.type) {
    case 'pauli': {
      const needed = qubitsOfSum(hamiltonian);
      if (needed > qubits) {
        throw new ValueError(
          `${name}: the Hamiltonian acts on qubit ${needed - 1}, the states have ${qubits} qubits`,
          { remedy: 'Give states of more qubits' },
        );
      }
      const operator = new PauliOperator(hamiltonian, qubits);
      let center = 0;
      let radius = 0;
      for (const { coefficient, paulis } of hamiltonian.terms) {
        if (paulis.length === 0) center += coefficient;
        else radius += Math.abs(coefficient);
      }
      return { dimension, center, radius, apply: (x, y) => operator.apply(x, y) };
    }
    case 'sparse': {
      if (hamiltonian.dimension !== dimension) {
        throw new ValueError(
          `${name}: a matrix of ${hamiltonian.dimension} rows does not act on ${qubits} qubits`,
          { remedy: `Give a matrix of ${dimension} rows` },
        );
      }
      const { center, radius } = gershgorin(hamiltonian);
      return { dimension, center, radius, apply: (x, y) => multiplySparse(hamiltonian, x, y) };
    }
    case 'hermitian': {
      const { matrix } = hamiltonian;
      if ('slot' in matrix || hamiltonian.qubits.some((q) => q >= qubits)) {
        throw new ValueError(
          `${name}: the Hamiltonian ${'slot' in matrix ? `is the slot '${matrix.slot}'` : `does not act on ${qubits} qubits`}`,
          { remedy: 'Give a fixed matrix on qubits of the states' },
        );
      }
      const radius = Math.sqrt(matrix.reduce((sum, x) => sum + x * x, 0));
      const places = hamiltonian.qubits;
      const own = places.length === qubits && places.every((q, i) => q === i);
      const dense = own ? matrix : denseMatrix(hamiltonian, qubits);
      return { dimension, center: 0, radius, apply: (x, y) => multiplyDense(dense, x, y) };
    }
    default:
      throw new ValueError(`${name}: no Hamiltonian was given`, {
        remedy: 'Give a Pauli sum, sparseMatrix(…) or hermitian(…)',
      });
  }
}

/** The interval of Gershgorin's discs. */
function gershgorin({ dimension, rows, columns, values }: SparseMatrix): {
  readonly center: number;
  readonly radius: number;
} {
  let low = Infinity;
  let high = -Infinity;
  for (let row = 0; row < dimension; row++) {
    let diagonal = 0;
    let others = 0;
    for (let k = rows[row]!; k < rows[row + 1]!; k++) {
      if (columns[k] === row) diagonal = values[2 * k]!;
      else others += Math.hypot(values[2 * k]!, values[2 * k + 1]!);
    }
    low = Math.min(low, diagonal - others);
    high = Math.max(high, diagonal + others);
  }
  return { center: (low + high) / 2, radius: (high - low) / 2 };
}

function multiplyDense(matrix: ArrayLike<number>, x: Float64Array, y: Float64Array): void {
  const d = x.length / 2;
  let at = 0;
  for (let row = 0; row < d; row++) {
    let re = 0;
    let im = 0;
    for (let c = 0; c < 2 * d; c += 2, at += 2) {
      const a = matrix[at]!;
      const b = matrix[at + 1]!;
      re += a * x[c]! - b * x[c + 1]!;
      im += a * x[c + 1]! + b * x[c]!;
    }
    y[2 * row] = re;
    y[2 * row + 1] = im;
  }
}

/** Qubits of states that a Hamiltonian acts on, where options do not say. */
export function hamiltonianQubits(
  hamiltonian: Hamiltonian,
  { qubits }: HamiltonianOptions,
): number | undefined {
  return qubits ?? (hamiltonian.type === 'sparse' ? Math.log2(hamiltonian.dimension) : undefined);
}

/**
 * H|ψ⟩ for each state of a batch. Twice this is the derivative of ⟨H⟩ by the state: given as cotangent of `state()`, it
 * makes `vjp` return the gradient of ⟨H⟩ of any Hamiltonian.
 *
 * @param hamiltonian a Pauli sum, a sparse matrix or a Hermitian matrix.
 * @param states `[batch, 2^n, 2]`, of any norm.
 * @param options `qubits` n, where a batch is given.
 * @returns `[batch, 2^n, 2]`.
 * @throws ValueError where Hamiltonian and states do not fit.
 * @example
 * ```ts
 * import { ising } from '@ketwork/circuit';
 * import { applyHamiltonian } from '@ketwork/simulator';
 * console.log(applyHamiltonian(ising(1), [1, 0, 0, 0])); // [0, 0, -1, 0]
 * ```
 */
export function applyHamiltonian(
  hamiltonian: Hamiltonian,
  states: ArrayLike<number>,
  options: HamiltonianOptions = {},
): Float64Array {
  const name = 'applyHamiltonian';
  const data = states instanceof Float64Array ? states : Float64Array.from(states);
  const n = hamiltonianQubits(hamiltonian, options) ?? Math.log2(data.length / 2);
  const batch = data.length / 2 ** (n + 1);
  if (!Number.isInteger(n) || !Number.isInteger(batch) || batch < 1) {
    throw new ValueError(`${name}: ${data.length} numbers are no states of ${n} qubits`, {
      remedy: 'Give [batch, 2^n, 2] numbers, and the number of qubits of a batch',
    });
  }
  const operator = operatorOf(name, hamiltonian, n);
  const out = new Float64Array(data.length);
  const size = 2 * operator.dimension;
  for (let at = 0; at < data.length; at += size)
    operator.apply(data.subarray(at, at + size), out.subarray(at, at + size));
  return out;
}

/**
 * ⟨ψ|H|ψ⟩ for each state of a batch.
 *
 * @param hamiltonian a Pauli sum, a sparse matrix or a Hermitian matrix.
 * @param states `[batch, 2^n, 2]`, each of norm 1.
 * @param options `qubits` n, where a batch is given.
 * @returns `[batch]`.
 * @throws ValueError where Hamiltonian and states do not fit.
 * @example
 * ```ts
 * import { heisenberg } from '@ketwork/circuit';
 * import { expectation, sparseMatrix } from '@ketwork/simulator';
 * console.log(expectation(sparseMatrix(heisenberg(2)), [1, 0, 0, 0, 0, 0, 0, 0])); // [1]
 * ```
 */
export function expectation(
  hamiltonian: Hamiltonian,
  states: ArrayLike<number>,
  options: HamiltonianOptions = {},
): Float64Array {
  const name = 'expectation';
  const read = readStates(name, { state: states }, hamiltonianQubits(hamiltonian, options));
  const operator = operatorOf(name, hamiltonian, read.qubits);
  const image = new Float64Array(2 * read.size);
  return perExample(read, (e) => {
    const x = read.data.subarray(2 * e * read.size, 2 * (e + 1) * read.size);
    operator.apply(x, image);
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += x[i]! * image[i]!;
    return sum;
  });
}
