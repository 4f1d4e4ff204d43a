import { CircuitError } from '@ketwork/base';
import { adjoint, dimensionOf, multiply, pauliMatrix } from '../gates/matrix.ts';
import { productOf, sumOf } from '../expression.ts';
import type { Angle } from '../types.ts';

/** A parameter of a channel: a probability, or a time. */
export interface ChannelParameter {
  /** Name used in formulas and documentation. */
  readonly name: string;
  /** What it is, one phrase. */
  readonly help: string;
  /** Least value. */
  readonly min: number;
  /** Greatest value. */
  readonly max: number;
}

/** A Pauli string that a channel applies with some probability; one letter of I, X, Y, Z per qubit. */
export interface PauliProbability {
  /** Probability from 0 to 1. */
  readonly probability: number;
  /** Letters, first qubit first. */
  readonly word: string;
}

/** An entry of a Pauli transfer matrix that is not zero for all parameters. */
export interface TransferEntry {
  /** Index of the Pauli word that comes out: its letters I, X, Y, Z as digits 0 to 3, first qubit most significant. */
  readonly row: number;
  /** Index of the Pauli word that goes in. */
  readonly column: number;
  /** The entry, an expression in the parameters. */
  readonly value: Angle;
}

/** One row of the channel table: a completely positive map that keeps the trace. */
export interface Channel {
  /** Canonical name, as circuits store it. */
  readonly name: string;
  /** Other names under which {@link channel} finds it; upper and lower case do not matter. */
  readonly aliases: readonly string[];
  /** Number of qubits, or `any` (1 to 4). */
  readonly qubits: number | 'any';
  /** Its parameters in the order in which they are given, for that many qubits (1 by default). */
  readonly parameters: (qubits?: number) => readonly ChannelParameter[];
  /** What is wrong with parameters that are each within their range, and what to do; undefined where nothing is. */
  readonly conflict?: (
    parameters: readonly number[],
  ) => { readonly what: string; readonly remedy: string } | undefined;
  /**
   * Kraus matrices, `ρ ↦ Σ K ρ K†`: `2 · 4^k` numbers each, row-major, interleaved re, im, first qubit most significant.
   * Matrices that vanish at these parameters are left out.
   */
  readonly kraus: (parameters: readonly number[], qubits?: number) => readonly Float64Array[];
  /**
   * Entries `T[i, j] = tr(P_i E(P_j)) / 2^k` of the Pauli transfer matrix, with expressions or numbers as parameters:
   * smooth where square roots in Kraus matrices are not, so derivatives with respect to parameters come from here.
   */
  readonly transfer: (parameters: readonly Angle[], qubits?: number) => readonly TransferEntry[];
  /** The Pauli strings the channel applies and how likely, the identity first; absent where it is no such mixture. */
  readonly paulis?: (parameters: readonly number[], qubits?: number) => readonly PauliProbability[];
  /** Text of the box in a drawing. */
  readonly symbol: string;
  /** One Markdown sentence or two with the formula. */
  readonly help: string;
}

/** All Pauli words of that many letters in the order of their indices, the identity first. */
export function pauliWords(qubits: number): readonly string[] {
  return Array.from({ length: 4 ** qubits }, (_, index) =>
    Array.from({ length: qubits }, (_, q) => 'IXYZ'[(index >> (2 * (qubits - 1 - q))) & 3]).join(
      '',
    ),
  );
}

/** Whether two Pauli words anticommute. */
function anticommute(a: string, b: string): boolean {
  let differing = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== 'I' && b[i] !== 'I' && a[i] !== b[i]) differing++;
  return differing % 2 === 1;
}

/** The matrix times a real number. */
export function scaled(factor: number, matrix: ArrayLike<number>): Float64Array {
  return Float64Array.from(matrix, (x) => factor * x);
}

/** Products `b · a` of all pairs: the Kraus matrices of `a` followed by `b`. */
export function followedBy(
  a: readonly Float64Array[],
  b: readonly Float64Array[],
): readonly Float64Array[] {
  return b.flatMap((second) => a.map((first) => multiply(second, first)));
}

/** Without matrices that are zero. */
export function withoutZeros(kraus: readonly Float64Array[]): readonly Float64Array[] {
  return kraus.filter((matrix) => matrix.some((x) => x !== 0));
}

/** `ΣK†K` of Kraus matrices on that many qubits. */
export function krausSum(kraus: readonly ArrayLike<number>[], qubits: number): Float64Array {
  const sum = new Float64Array(2 * 4 ** qubits);
  for (const matrix of kraus)
    multiply(adjoint(matrix), matrix).forEach((x, i) => (sum[i] = sum[i]! + x));
  return sum;
}

/**
 * A row for a mixture of Pauli strings.
 *
 * @param row `probabilities` gives the probability of each word but the identity, which has the rest.
 */
export function pauliChannel(
  row: Pick<
    Channel,
    'name' | 'aliases' | 'qubits' | 'parameters' | 'conflict' | 'symbol' | 'help'
  > & {
    readonly probabilities: (
      parameters: readonly Angle[],
      qubits: number,
    ) => readonly { readonly word: string; readonly probability: Angle }[];
  },
): Channel {
  const { probabilities, ...rest } = row;
  const width = row.qubits === 'any' ? 1 : row.qubits;
  const paulis = (parameters: readonly number[], qubits = width): readonly PauliProbability[] => {
    const others = probabilities(parameters, qubits).map(({ word, probability }) => ({
      probability: probability as number,
      word,
    }));
    const sum = others.reduce((total, { probability }) => total + probability, 0);
    return [{ probability: Math.max(0, 1 - sum), word: 'I'.repeat(qubits) }, ...others];
  };
  return {
    ...rest,
    paulis,
    kraus: (parameters, qubits) =>
      withoutZeros(
        paulis(parameters, qubits).map(({ probability, word }) =>
          scaled(Math.sqrt(probability), pauliMatrix(word)),
        ),
      ),
    transfer: (parameters, qubits = width) => {
      const others = probabilities(parameters, qubits);
      return pauliWords(qubits).map((word, index) => ({
        row: index,
        column: index,
        value: sumOf(
          1,
          ...others
            .filter((other) => anticommute(word, other.word))
            .map(({ probability }) => productOf(-2, probability)),
        ),
      }));
    },
  };
}

/**
 * Pauli transfer matrix of the map `ρ ↦ Σ K ρ K†` on k qubits: `T[i, j] = tr(P_i Σ K P_j K†) / 2^k`, `4^k × 4^k` real
 * numbers, row-major. Index i stands for a Pauli word: letters I, X, Y, Z as digits 0 to 3, first qubit most significant.
 *
 * @param kraus At least one matrix, `2 · 4^k` numbers each, row-major, interleaved re, im.
 * @throws CircuitError where matrices differ in size or are not `2^k × 2^k`.
 * @example
 * ```ts
 * import { channel, pauliTransferMatrix } from '@ketwork/circuit';
 * const transfer = pauliTransferMatrix(channel('phaseFlip').kraus([0.5]));
 * console.log([0, 5, 10, 15].map((i) => transfer[i]?.toFixed(3))); // [ '1.000', '0.000', '0.000', '1.000' ]
 * ```
 */
export function pauliTransferMatrix(kraus: readonly ArrayLike<number>[]): Float64Array {
  const d = dimensionOf(kraus[0] ?? []);
  const qubits = Math.log2(d);
  if (!Number.isInteger(qubits) || kraus.some((matrix) => dimensionOf(matrix) !== d)) {
    throw new CircuitError('Kraus matrices are not all of one size 2^k × 2^k', {
      remedy: 'Give 2 · 4^k numbers for each',
    });
  }
  const paulis = pauliWords(qubits).map(pauliMatrix);
  const count = paulis.length;
  const out = new Float64Array(count * count);
  for (const matrix of kraus) {
    const dagger = adjoint(matrix);
    paulis.forEach((pauli, column) => {
      const image = multiply(multiply(matrix, pauli), dagger);
      for (let row = 0; row < count; row++) {
        const left = paulis[row]!;
        let trace = 0;
        for (let i = 0; i < d; i++) {
          for (let j = 0; j < d; j++) {
            const a = 2 * (i * d + j);
            const b = 2 * (j * d + i);
            trace += left[a]! * image[b]! - left[a + 1]! * image[b + 1]!;
          }
        }
        out[row * count + column] = out[row * count + column]! + trace / d;
      }
    });
  }
  return out;
}
