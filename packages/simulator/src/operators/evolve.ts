import { ValueError } from '@ketwork/base';
import { hermitianEigen } from '../hermitian.ts';
import { readStates } from '../states/input.ts';
import { chebyshev } from './chebyshev.ts';
import { krylov } from './krylov.ts';
import { matrixOf } from './lanczos.ts';
import { hamiltonianQubits, operatorOf } from './operator.ts';
import type { Hamiltonian, HamiltonianOptions } from './operator.ts';

/** Options of {@link evolve}. */
export interface EvolveOptions extends HamiltonianOptions {
  /**
   * `exact`: eigenvalues of the matrix, up to 10 qubits. `chebyshev`: a series of Chebyshev polynomials (Tal-Ezer and
   * Kosloff, J. Chem. Phys. 81, 3967, 1984), a few vectors of memory. `krylov`: Lanczos steps (Park and Light, J. Chem.
   * Phys. 85, 5870, 1986), some twenty vectors. `auto`, the default, is `exact` up to 6 qubits, `chebyshev` above.
   */
  readonly method?: 'auto' | 'exact' | 'chebyshev' | 'krylov';
  /** Largest error of a state, as the length of the difference. Default 1e-12; rounding adds to it. */
  readonly tolerance?: number;
}

const MOST_EXACT = 10;
const USUALLY_EXACT = 6;

/**
 * States evolved under a Hamiltonian, `exp(-i · time · H)|ψ⟩`, to a tolerance.
 *
 * @param hamiltonian a Pauli sum, a sparse matrix or a Hermitian matrix.
 * @param states `[batch, 2^n, 2]`, each of norm 1.
 * @param time one time for all, or one for each state; several times of a single state make a batch.
 * @param options `method`, `tolerance`; `qubits` n, where a batch is given.
 * @returns `[batch, 2^n, 2]`.
 * @throws ValueError where Hamiltonian, states and times do not fit, or the matrix is too large for `exact`.
 * @example
 * ```ts
 * import { ising } from '@ketwork/circuit';
 * import { evolve } from '@ketwork/simulator';
 * console.log(evolve(ising(1), [1, 0, 0, 0], Math.PI / 2)); // i|1⟩: [0, 0, 0, 1]
 * ```
 */
export function evolve(
  hamiltonian: Hamiltonian,
  states: ArrayLike<number>,
  time: number | ArrayLike<number>,
  options: EvolveOptions = {},
): Float64Array {
  const name = 'evolve';
  const { tolerance = 1e-12 } = options;
  const read = readStates(name, { state: states }, hamiltonianQubits(hamiltonian, options));
  const times = typeof time === 'number' ? [time] : Array.from(time);
  if (times.length === 0 || times.some((t) => !Number.isFinite(t)) || !(tolerance > 0)) {
    throw new ValueError(`${name}: times [${times.join(', ')}] to a tolerance of ${tolerance}`, {
      remedy: 'Give finite times and a positive tolerance',
    });
  }
  if (times.length > 1 && read.batch > 1 && times.length !== read.batch) {
    throw new ValueError(`${name}: ${times.length} times for ${read.batch} states`, {
      remedy: 'Give one time, or one for each state',
    });
  }
  const { qubits, size } = read;
  const method =
    options.method === undefined || options.method === 'auto'
      ? qubits <= USUALLY_EXACT
        ? 'exact'
        : 'chebyshev'
      : options.method;
  if (method === 'exact' && qubits > MOST_EXACT) {
    throw new ValueError(`${name}: a matrix on ${qubits} qubits is too large to diagonalise`, {
      remedy: "Use method 'chebyshev' or 'krylov'",
    });
  }
  const operator = operatorOf(name, hamiltonian, qubits);
  const batch = Math.max(read.batch, times.length);
  const out = new Float64Array(2 * batch * size);
  const outOf = (e: number): Float64Array => out.subarray(2 * e * size, 2 * (e + 1) * size);
  const stateOf = (e: number): Float64Array => read.data.subarray(2 * e * size, 2 * (e + 1) * size);
  const timeOf = (e: number): number => times[times.length === 1 ? 0 : e]!;
  if (method === 'exact') {
    const eigen = hermitianEigen(matrixOf(operator), size);
    for (let e = 0; e < batch; e++)
      exponential(eigen, stateOf(read.batch === 1 ? 0 : e), timeOf(e), outOf(e));
  } else if (method === 'krylov') {
    for (let e = 0; e < batch; e++)
      outOf(e).set(krylov(operator, stateOf(read.batch === 1 ? 0 : e), timeOf(e), tolerance));
  } else if (method === 'chebyshev') {
    // Times of one state share the polynomials.
    if (read.batch === 1) {
      const all = Array.from({ length: batch }, (_, e) => ({ time: timeOf(e), out: outOf(e) }));
      chebyshev(operator, stateOf(0), all, tolerance);
    } else {
      for (let e = 0; e < batch; e++)
        chebyshev(operator, stateOf(e), [{ time: timeOf(e), out: outOf(e) }], tolerance);
    }
  } else {
    throw new ValueError(`${name}: there is no method '${String(method)}'`, {
      remedy: "Use 'auto', 'exact', 'chebyshev' or 'krylov'",
    });
  }
  return out;
}

/** `V exp(-i t Λ) V† x` from eigenvalues and eigenvectors. */
function exponential(
  { values, vectors }: ReturnType<typeof hermitianEigen>,
  x: Float64Array,
  time: number,
  out: Float64Array,
): void {
  for (let k = 0; k < values.length; k++) {
    const v = vectors.subarray(x.length * k, x.length * (k + 1));
    let re = 0;
    let im = 0;
    for (let i = 0; i < x.length; i += 2) {
      re += v[i]! * x[i]! + v[i + 1]! * x[i + 1]!;
      im += v[i]! * x[i + 1]! - v[i + 1]! * x[i]!;
    }
    const cos = Math.cos(time * values[k]!);
    const sin = -Math.sin(time * values[k]!);
    const a = cos * re - sin * im;
    const b = cos * im + sin * re;
    for (let i = 0; i < x.length; i += 2) {
      out[i]! += a * v[i]! - b * v[i + 1]!;
      out[i + 1]! += a * v[i + 1]! + b * v[i]!;
    }
  }
}
