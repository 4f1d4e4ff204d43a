import { matmul, ValueError } from '@ketwork/base';
import { hermitianEigen } from '../hermitian.ts';
import { checkPart, offsetsOf, others, readStates } from './input.ts';
import type { QuantumState, ReadStates, StateOptions } from './input.ts';
import { exampleOf, singularValues } from './matrices.ts';

/**
 * The density matrix of some qubits, the others being traced out.
 *
 * @param given pure states or density matrices.
 * @param keep k qubits, the first one most significant in the result.
 * @param options `qubits` n, where a batch is given.
 * @returns `[batch, 2^k, 2^k, 2]`, interleaved re, im.
 * @throws ValueError for numbers that are no states, or qubits out of range.
 * @example
 * ```ts
 * import { circuit, state } from '@ketwork/circuit';
 * import { cpu, reducedDensity } from '@ketwork/simulator';
 * const bell = (await cpu()).compile(circuit(2, (q) => q.h(0).cnot(0, 1)), state()).run();
 * console.log(reducedDensity({ state: bell }, [0])); // [0.5, 0, 0, 0, 0, 0, 0.5, 0]
 * ```
 */
export function reducedDensity(
  given: QuantumState,
  keep: readonly number[],
  options: StateOptions = {},
): Float64Array {
  const name = 'reducedDensity';
  const states = readStates(name, given, options.qubits);
  checkPart(name, keep, states.qubits);
  const each = 2 * 4 ** keep.length;
  const out = new Float64Array(states.batch * each);
  for (let e = 0; e < states.batch; e++) out.set(reducedOf(states, e, keep), e * each);
  return out;
}

/** The reduced density matrix of one example, `[2^k, 2^k, 2]`. */
export function reducedOf(states: ReadStates, e: number, keep: readonly number[]): Float64Array {
  const { qubits, size, isPure } = states;
  const rows = offsetsOf(keep, qubits);
  const rests = offsetsOf(others(keep, qubits), qubits);
  const d = rows.length;
  const x = exampleOf(states, e);
  const out = new Float64Array(2 * d * d);
  if (!isPure) {
    for (let r = 0; r < d; r++) {
      for (let c = 0; c < d; c++) {
        let re = 0;
        let im = 0;
        for (const rest of rests) {
          const from = 2 * ((rows[r]! + rest) * size + rows[c]! + rest);
          re += x[from]!;
          im += x[from + 1]!;
        }
        out[2 * (r * d + c)] = re;
        out[2 * (r * d + c) + 1] = im;
      }
    }
    return out;
  }
  // M M† for the amplitudes as a matrix, real and imaginary parts apart.
  const k = rests.length;
  const a = new Float64Array(d * k);
  const b = new Float64Array(d * k);
  for (let r = 0; r < d; r++) {
    for (let i = 0; i < k; i++) {
      const from = 2 * (rows[r]! + rests[i]!);
      a[r * k + i] = x[from]!;
      b[r * k + i] = x[from + 1]!;
    }
  }
  const re = matmul(a, a, d, k, d, { transposeB: true });
  matmul(b, b, d, k, d, { transposeB: true, accumulate: true, out: re });
  const im = matmul(b, a, d, k, d, { transposeB: true });
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      out[2 * (r * d + c)] = re[r * d + c]!;
      out[2 * (r * d + c) + 1] = im[r * d + c]! - im[c * d + r]!;
    }
  }
  return out;
}

/** Largest number of qubits of a density matrix that is diagonalised. */
const MAX_SPECTRUM = 10;

/** Eigenvalues of the reduced density matrix of one example, not negative; of pure states up to zeros. */
export function spectrumOf(
  name: string,
  states: ReadStates,
  e: number,
  of: readonly number[] | undefined,
): Float64Array {
  const { qubits, isPure, size } = states;
  if (isPure && (of === undefined || of.length === qubits)) return Float64Array.of(1);
  // Both parts of a pure state have the same spectrum.
  const part =
    isPure && of !== undefined && 2 * of.length > qubits ? others(of, qubits) : (of ?? []);
  const d = of === undefined ? size : 2 ** part.length;
  if (d > 2 ** MAX_SPECTRUM) {
    throw new ValueError(`${name}: a density matrix of ${Math.log2(d)} qubits is too large`, {
      remedy: `Look at ${MAX_SPECTRUM} qubits at most, or at a part of a pure state`,
    });
  }
  const matrix =
    of === undefined || (!isPure && of.length === qubits)
      ? exampleOf(states, e)
      : reducedOf(states, e, part);
  const { values } = hermitianEigen(matrix, d);
  if (values[0]! < -1e-5) {
    throw new ValueError(
      `${name}: the density matrix${states.batch === 1 ? '' : ` of example ${e}`} has the eigenvalue ${values[0]}`,
      { remedy: 'A density matrix has no negative eigenvalues' },
    );
  }
  return values.map((x) => Math.max(0, x));
}

/** A Schmidt decomposition. */
export interface SchmidtDecomposition {
  /** Number of coefficients r: the smaller of 2^k and 2^(n-k). */
  readonly rank: number;
  /** Schmidt coefficients, descending, their squares adding up to 1: `[batch, r]`. */
  readonly coefficients: Float64Array;
  /** Their states of the part, `[batch, r, 2^k, 2]`; zero where the coefficient is exactly 0. */
  readonly left: Float64Array;
  /** Their states of the other qubits in ascending order, `[batch, r, 2^(n-k), 2]`. */
  readonly right: Float64Array;
}

/**
 * Schmidt decomposition of pure states, `|ψ⟩ = Σ s_i |left_i⟩|right_i⟩`.
 *
 * @param state `[batch, 2^n, 2]`, interleaved re, im.
 * @param part the k qubits of the left states, the first one most significant; not all.
 * @param options `qubits` n, where a batch is given.
 * @throws ValueError for numbers that are no states, or qubits out of range.
 * @example
 * ```ts
 * import { circuit, state } from '@ketwork/circuit';
 * import { cpu, schmidt } from '@ketwork/simulator';
 * const bell = (await cpu()).compile(circuit(2, (q) => q.h(0).cnot(0, 1)), state()).run();
 * console.log(schmidt(bell, [0]).coefficients); // [0.7071, 0.7071]
 * ```
 */
export function schmidt(
  state: ArrayLike<number>,
  part: readonly number[],
  options: StateOptions = {},
): SchmidtDecomposition {
  const name = 'schmidt';
  const states = readStates(name, { state }, options.qubits);
  const { qubits, batch } = states;
  checkBipartition(name, part, qubits);
  const a = offsetsOf(part, qubits);
  const b = offsetsOf(others(part, qubits), qubits);
  const rank = Math.min(a.length, b.length);
  const coefficients = new Float64Array(batch * rank);
  const left = new Float64Array(2 * batch * rank * a.length);
  const right = new Float64Array(2 * batch * rank * b.length);
  for (let e = 0; e < batch; e++) {
    const isWide = a.length <= b.length;
    const found = singularValues(amplitudeMatrix(states, e, a, b), rank);
    // X = Σ σ w u with w conjugated in `right`.
    const conjugated = found.right.map((x, i) => (i % 2 === 0 ? x : 0 - x));
    coefficients.set(found.values, e * rank);
    left.set(isWide ? conjugated : found.left, 2 * e * rank * a.length);
    right.set(isWide ? found.left : conjugated, 2 * e * rank * b.length);
  }
  return { rank, coefficients, left, right };
}

/** Schmidt coefficients of one example. */
export function schmidtCoefficients(
  states: ReadStates,
  e: number,
  part: readonly number[],
): Float64Array {
  const a = offsetsOf(part, states.qubits);
  const b = offsetsOf(others(part, states.qubits), states.qubits);
  return singularValues(amplitudeMatrix(states, e, a, b), Math.min(a.length, b.length)).values;
}

/** Amplitudes as a matrix with the smaller part as rows. */
function amplitudeMatrix(
  states: ReadStates,
  e: number,
  a: Int32Array,
  b: Int32Array,
): Float64Array {
  const [rows, columns] = a.length <= b.length ? [a, b] : [b, a];
  const x = exampleOf(states, e);
  const out = new Float64Array(2 * rows.length * columns.length);
  let to = 0;
  for (const row of rows) {
    for (const column of columns) {
      out[to++] = x[2 * (row + column)]!;
      out[to++] = x[2 * (row + column) + 1]!;
    }
  }
  return out;
}

/** A part that leaves something over. @throws ValueError */
export function checkBipartition(name: string, part: readonly number[], qubits: number): void {
  checkPart(name, part, qubits);
  if (part.length === qubits) {
    throw new ValueError(`${name}: the part is the whole system`, {
      remedy: 'Leave at least one qubit for the other side',
    });
  }
}
