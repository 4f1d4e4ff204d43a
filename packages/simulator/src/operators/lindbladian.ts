import { ValueError } from '@ketwork/base';
import { denseMatrix, interleavedMatrix } from '@ketwork/circuit';
import type { MatrixLike } from '@ketwork/circuit';
import { checkPart, offsetsOf, others } from '../states/input.ts';
import type { Hamiltonian } from './operator.ts';
import { multiplySparse, qubitsOfSum } from './sparse.ts';

/** A jump operator of a master equation: `√rate · matrix` on some qubits. */
export interface JumpOperator {
  /** Any matrix of 2^k rows; the first of `qubits` is the most significant bit of its rows and columns. */
  readonly matrix: MatrixLike;
  /** The k qubits it acts on. */
  readonly qubits: readonly number[];
  /** Rate, in the inverse of the unit of time. Default 1. */
  readonly rate?: number;
}

/** What {@link lindbladian} makes a generator of. */
export interface LindbladTerms {
  /** A Pauli sum, a sparse matrix or a Hermitian matrix, in the inverse of the unit of time (ħ = 1). None by default. */
  readonly hamiltonian?: Hamiltonian;
  /** Jump operators; none by default. */
  readonly jumps?: readonly JumpOperator[];
}

/** Generator of a master equation as a matrix in compressed sparse rows that acts on `[2^n, 2^n]` density matrices, row by row. */
export interface Lindbladian {
  readonly type: 'lindbladian';
  /** Number of qubits n. */
  readonly qubits: number;
  /** Number of rows and columns, 4^n. */
  readonly dimension: number;
  /** Where each row begins among the entries, and where the last one ends: `[4^n + 1]`. */
  readonly rows: Int32Array;
  /** Column of each entry, ascending within a row: `[entries]`. */
  readonly columns: Int32Array;
  /** Entries, interleaved re, im: `[entries, 2]`. */
  readonly values: Float64Array;
}

/** Largest number of qubits: density matrices of 65,536 numbers. */
const MAX_QUBITS = 8;

/**
 * Generator 𝓛 of the Lindblad master equation dρ/dt = 𝓛[ρ] = -i[H, ρ] + Σ_k γ_k (L_k ρ L_k† - ½ {L_k† L_k, ρ})
 * (Lindblad, Commun. Math. Phys. 48, 119, 1976), for up to 8 qubits. See `lindbladEvolve`, `steadyState` and
 * `applyLindbladian`.
 *
 * @param qubits n.
 * @param terms `hamiltonian` H and `jumps` L_k with their rates γ_k.
 * @throws ValueError where an operator does not act on these qubits, is not finite, or a rate is negative.
 * @example
 * ```ts
 * import { X } from '@ketwork/circuit';
 * import { lindbladian, steadyState } from '@ketwork/simulator';
 * const decay = [[0, 1], [0, 0]]; // |0⟩⟨1|
 * const l = lindbladian(1, { hamiltonian: X(0), jumps: [{ matrix: decay, qubits: [0] }] });
 * console.log(steadyState(l)[0]); // population of |0⟩: 5/9
 * ```
 */
export function lindbladian(qubits: number, terms: LindbladTerms): Lindbladian {
  if (!Number.isSafeInteger(qubits) || qubits < 1 || qubits > MAX_QUBITS) {
    throw new ValueError(`lindbladian: a density matrix of ${qubits} qubits`, {
      remedy: `Use 1 to ${MAX_QUBITS} qubits`,
    });
  }
  const { hamiltonian, jumps = [] } = terms;
  const d = 2 ** qubits;
  // -iH - ½ Σ L†L: it acts from the left, and its conjugate transpose from the right.
  const drift = new Float64Array(2 * d * d);
  if (hamiltonian !== undefined) {
    const h = hamiltonianMatrix(hamiltonian, qubits);
    for (let i = 0; i < h.length; i += 2) {
      drift[i] = h[i + 1]!;
      drift[i + 1] = -h[i]!;
    }
  }
  const operators = jumps.map((jump, k) => jumpRows(jump, k, qubits));
  for (const rows of operators) {
    for (const row of rows) {
      for (const [a, ar, ai] of row) {
        for (const [b, br, bi] of row) {
          drift[2 * (a * d + b)]! -= (ar * br + ai * bi) / 2;
          drift[2 * (a * d + b) + 1]! -= (ar * bi - ai * br) / 2;
        }
      }
    }
  }
  return assemble(qubits, sparseRows(drift, d), operators);
}

/** Entries of a row: column, real and imaginary part. */
type Row = readonly (readonly [number, number, number])[];

function assemble(
  qubits: number,
  drift: readonly Row[],
  operators: readonly (readonly Row[])[],
): Lindbladian {
  const d = 2 ** qubits;
  const rows = new Int32Array(d * d + 1);
  const columns: number[] = [];
  const values: number[] = [];
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      const entries = new Map<number, [number, number]>();
      const add = (column: number, re: number, im: number): void => {
        const entry = entries.get(column);
        if (entry === undefined) entries.set(column, [re, im]);
        else {
          entry[0] += re;
          entry[1] += im;
        }
      };
      for (const [k, re, im] of drift[r]!) add(k * d + c, re, im);
      for (const [k, re, im] of drift[c]!) add(r * d + k, re, -im);
      for (const jump of operators) {
        for (const [k, ar, ai] of jump[r]!) {
          for (const [l, br, bi] of jump[c]!) add(k * d + l, ar * br + ai * bi, ai * br - ar * bi);
        }
      }
      for (const [column, [re, im]] of [...entries].sort((a, b) => a[0] - b[0])) {
        if (re === 0 && im === 0) continue;
        columns.push(column);
        values.push(re, im);
      }
      rows[r * d + c + 1] = columns.length;
    }
  }
  return {
    type: 'lindbladian',
    qubits,
    dimension: d * d,
    rows,
    columns: Int32Array.from(columns),
    values: Float64Array.from(values),
  };
}

function sparseRows(matrix: Float64Array, d: number): Row[] {
  return Array.from({ length: d }, (_, r) => {
    const row: [number, number, number][] = [];
    for (let c = 0; c < d; c++) {
      const [re, im] = [matrix[2 * (r * d + c)]!, matrix[2 * (r * d + c) + 1]!];
      if (re !== 0 || im !== 0) row.push([c, re, im]);
    }
    return row;
  });
}

function hamiltonianMatrix(hamiltonian: Hamiltonian, qubits: number): Float64Array {
  const refuse = (what: string): never => {
    throw new ValueError(`lindbladian: ${what}, the state has ${qubits} qubits`, {
      remedy: 'Give a fixed Hamiltonian on qubits of the state',
    });
  };
  if (hamiltonian.type === 'sparse') {
    const { dimension, rows, columns, values } = hamiltonian;
    if (dimension !== 2 ** qubits) refuse(`the Hamiltonian has ${dimension} rows`);
    const out = new Float64Array(2 * dimension * dimension);
    for (let row = 0; row < dimension; row++) {
      for (let k = rows[row]!; k < rows[row + 1]!; k++) {
        const to = 2 * (row * dimension + columns[k]!);
        out[to] = values[2 * k]!;
        out[to + 1] = values[2 * k + 1]!;
      }
    }
    return out;
  }
  if (hamiltonian.type === 'hermitian' && 'slot' in hamiltonian.matrix)
    refuse(`the Hamiltonian is the slot '${hamiltonian.matrix.slot}'`);
  const needed =
    hamiltonian.type === 'pauli'
      ? qubitsOfSum(hamiltonian)
      : Math.max(...hamiltonian.qubits.map((q) => q + 1));
  if (needed > qubits) refuse(`the Hamiltonian acts on qubit ${needed - 1}`);
  return denseMatrix(hamiltonian, qubits);
}

/** Rows of √rate · matrix on all qubits. */
function jumpRows({ matrix, qubits: on, rate = 1 }: JumpOperator, k: number, n: number): Row[] {
  const name = `lindbladian: jump operator ${k}`;
  checkPart(name, on, n);
  if (!(rate >= 0 && rate < Infinity)) {
    throw new ValueError(`${name} has the rate ${rate}`, {
      remedy: 'Give a finite number of at least 0',
    });
  }
  const given = interleavedMatrix(matrix);
  const size = 2 ** on.length;
  if (given.length !== 2 * size * size || !given.every(Number.isFinite)) {
    throw new ValueError(
      `${name} is no finite ${size} × ${size} matrix, as ${on.length} qubits need`,
      { remedy: 'Give rows of numbers or complex numbers, or one flat list of interleaved re, im' },
    );
  }
  const scale = Math.sqrt(rate);
  const own = offsetsOf(on, n);
  const rest = on.length === n ? Int32Array.of(0) : offsetsOf(others(on, n), n);
  const rows: [number, number, number][][] = Array.from({ length: 2 ** n }, () => []);
  for (const base of rest) {
    for (let r = 0; r < size; r++) {
      for (let c = 0; c < size; c++) {
        const [re, im] = [given[2 * (r * size + c)]!, given[2 * (r * size + c) + 1]!];
        if (re !== 0 || im !== 0)
          rows[base + own[r]!]!.push([base + own[c]!, scale * re, scale * im]);
      }
    }
  }
  return rows;
}

/** Largest absolute sum of a row: a bound of the generator's growth. */
export function normOf({ dimension, rows, values }: Lindbladian): number {
  let largest = 0;
  for (let row = 0; row < dimension; row++) {
    let sum = 0;
    for (let k = rows[row]!; k < rows[row + 1]!; k++)
      sum += Math.hypot(values[2 * k]!, values[2 * k + 1]!);
    largest = Math.max(largest, sum);
  }
  return largest;
}

/**
 * 𝓛[A] of matrices A, which need not be density matrices.
 *
 * @param matrices `[batch, 2^n, 2^n, 2]`, interleaved re, im.
 * @returns `[batch, 2^n, 2^n, 2]`.
 * @throws ValueError where the length does not fit.
 * @example
 * ```ts
 * import { applyLindbladian, lindbladian } from '@ketwork/simulator';
 * const l = lindbladian(1, { jumps: [{ matrix: [[0, 1], [0, 0]], qubits: [0], rate: 2 }] });
 * console.log(applyLindbladian(l, [0, 0, 0, 0, 0, 0, 1, 0])); // 2, 0, 0, 0, 0, 0, -2, 0
 * ```
 */
export function applyLindbladian(
  generator: Lindbladian,
  matrices: ArrayLike<number>,
): Float64Array {
  const data = matrices instanceof Float64Array ? matrices : Float64Array.from(matrices);
  const size = 2 * generator.dimension;
  if (data.length === 0 || data.length % size !== 0) {
    throw new ValueError(
      `applyLindbladian: ${data.length} numbers are no matrices of ${generator.qubits} qubits`,
      { remedy: 'Give [batch, 2^n, 2^n, 2] numbers' },
    );
  }
  const out = new Float64Array(data.length);
  for (let at = 0; at < data.length; at += size)
    multiplySparse(generator, data.subarray(at, at + size), out.subarray(at, at + size));
  return out;
}
