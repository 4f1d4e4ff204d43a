import { CircuitError } from '@ketwork/base';
import { deepFrozen } from './ops.ts';
import type {
  CountsMeasurement,
  DensityOperatorMeasurement,
  ExpvalMeasurement,
  HermitianObservable,
  Observable,
  ProbabilitiesMeasurement,
  ProjectorObservable,
  QubitsAndBits,
  SamplesMeasurement,
  StateMeasurement,
  SuccessProbabilityMeasurement,
  VarianceMeasurement,
} from './types.ts';

/**
 * Expectation values of observables, `[batch, observables]`.
 *
 * @throws CircuitError without an observable.
 * @example
 * ```ts
 * import { X, Z, expval } from '@ketwork/circuit';
 * console.log(expval(Z(0), Z(1).mul(Z(2)), X(3).scale(0.5).add(Z(3))).observables.length); // 3
 * ```
 */
export function expval(...observables: readonly Observable[]): ExpvalMeasurement {
  return deepFrozen({ type: 'expval', observables: plain(observables, 'expval') });
}

/**
 * Variances ⟨O²⟩ − ⟨O⟩² of observables, `[batch, observables]`.
 *
 * @throws CircuitError without an observable.
 * @example
 * ```ts
 * import { Z, variance } from '@ketwork/circuit';
 * console.log(variance(Z(0)).type); // variance
 * ```
 */
export function variance(...observables: readonly Observable[]): VarianceMeasurement {
  return deepFrozen({ type: 'variance', observables: plain(observables, 'variance') });
}

/**
 * Probabilities of basis states, `[batch, 2^k]`, the first qubit being the most significant bit; or of the values of
 * classical bits. After post-selection they are those of the kept part, and sum to 1.
 *
 * @param read The k qubits to measure; all of them, in order, by default. Or `{ bits }`, classical bits as the circuit
 * leaves them, or `{ qubits, bits }`, both together, the qubits being more significant.
 * @throws CircuitError when a qubit or bit is repeated or not an integer of at least 0.
 * @example
 * ```ts
 * import { probabilities } from '@ketwork/circuit';
 * console.log(probabilities([2, 0]).qubits, probabilities({ bits: [0, 1] }).bits); // [ 2, 0 ] [ 0, 1 ]
 * ```
 */
export function probabilities(read?: readonly number[] | QubitsAndBits): ProbabilitiesMeasurement {
  return deepFrozen({ type: 'probabilities', ...chosen(read) });
}

/**
 * The probability that all post-selections of the circuit hold, `[batch]`; 1 without any. After maps that are not
 * unitary it is the squared norm that they leave, which post-selections then reduce.
 *
 * @example
 * ```ts
 * import { successProbability } from '@ketwork/circuit';
 * console.log(successProbability().type); // successProbability
 * ```
 */
export function successProbability(): SuccessProbabilityMeasurement {
  return deepFrozen({ type: 'successProbability' });
}

/**
 * The statevector, interleaved re, im, `[batch, 2^n, 2]`, global phase included.
 *
 * @example
 * ```ts
 * import { state } from '@ketwork/circuit';
 * console.log(state().type); // state
 * ```
 */
export function state(): StateMeasurement {
  return deepFrozen({ type: 'state' });
}

/**
 * The density matrix of some qubits, interleaved re, im, `[batch, 2^k, 2^k, 2]`, row-major.
 *
 * @param qubits The k qubits, first one most significant; all of them, in order, by default.
 * @throws CircuitError for a repeated qubit.
 * @example
 * ```ts
 * import { densityOperator } from '@ketwork/circuit';
 * console.log(densityOperator([0]).qubits); // [ 0 ]
 * ```
 */
export function densityOperator(qubits?: readonly number[]): DensityOperatorMeasurement {
  return deepFrozen({
    type: 'densityOperator',
    ...(qubits === undefined ? {} : { qubits: numbers(qubits, 'qubit') }),
  });
}

/**
 * Measured bits, shot by shot: `Uint8Array` `[batch, shots, k]`. After post-selection all shots are kept ones.
 *
 * @param shots How often to measure, a positive integer.
 * @param read The k qubits to measure; all of them, in order, by default. Or `{ bits }`, classical bits as the circuit
 * leaves them, or `{ qubits, bits }`, the qubits first.
 * @throws CircuitError for a number of shots that is not a positive integer, or a repeated qubit or bit.
 * @example
 * ```ts
 * import { samples } from '@ketwork/circuit';
 * console.log(samples(100).shots, samples(100, { bits: [0] }).bits); // 100 [ 0 ]
 * ```
 */
export function samples(
  shots: number,
  read?: readonly number[] | QubitsAndBits,
): SamplesMeasurement {
  checkShots(shots);
  return deepFrozen({ type: 'samples', shots, ...chosen(read) });
}

/**
 * How often each outcome is measured: one record per example, keyed by the bit string, first qubit (or bit) leftmost.
 * After post-selection all shots are kept ones.
 *
 * @param shots How often to measure, a positive integer.
 * @param read The qubits to measure; all of them, in order, by default. Or `{ bits }`, classical bits as the circuit
 * leaves them, or `{ qubits, bits }`, the qubits first.
 * @throws CircuitError for a number of shots that is not a positive integer, or a repeated qubit or bit.
 * @example
 * ```ts
 * import { counts } from '@ketwork/circuit';
 * console.log(counts(1000, [0, 1]).qubits, counts(1000, { bits: [0] }).bits); // [ 0, 1 ] [ 0 ]
 * ```
 */
export function counts(shots: number, read?: readonly number[] | QubitsAndBits): CountsMeasurement {
  checkShots(shots);
  return deepFrozen({ type: 'counts', shots, ...chosen(read) });
}

/** Observables as bare data, without the methods of Pauli sums. */
function plain(observables: readonly Observable[], of: string): Observable[] {
  if (observables.length === 0) {
    throw new CircuitError(`${of}() has no observable`, {
      remedy: `Give at least one, such as ${of}(Z(0))`,
    });
  }
  return observables.map((observable): Observable => {
    if (
      !['pauli', 'hermitian', 'projector'].includes(
        (observable as Partial<Observable> | undefined)?.type as string,
      )
    ) {
      throw new CircuitError(
        `${of}() got ${Array.isArray(observable) ? 'a list' : `a value of type ${typeof observable}`} where an observable belongs`,
        { remedy: `Give observables one by one, such as ${of}(Z(0), X(1))` },
      );
    }
    if (observable.type === 'pauli') return { type: 'pauli', terms: observable.terms };
    return { ...observable } satisfies HermitianObservable | ProjectorObservable;
  });
}

/** The lists of a measurement, checked as far as possible without a circuit. */
function chosen(read: readonly number[] | QubitsAndBits | undefined): QubitsAndBits {
  if (read === undefined) return {};
  if (typeof (read as unknown) !== 'object' || (read as unknown) === null) {
    throw new CircuitError(
      `a measurement got ${JSON.stringify(read)} instead of a list of qubits`,
      {
        remedy: 'Give a list, such as [0], or { bits: [0] }',
      },
    );
  }
  if (isList(read)) return { qubits: numbers(read, 'qubit') };
  const { qubits, bits, ...others } = read;
  const [stray] = Object.keys(others);
  if (stray !== undefined || (qubits === undefined && bits === undefined)) {
    throw new CircuitError(
      stray === undefined
        ? 'a measurement got an object with neither qubits nor bits'
        : `a measurement got the unknown option '${stray}'`,
      { remedy: 'Give { qubits }, { bits } or both' },
    );
  }
  return {
    ...(qubits === undefined ? {} : { qubits: numbers(qubits, 'qubit') }),
    ...(bits === undefined ? {} : { bits: numbers(bits, 'bit') }),
  };
}

function isList(read: readonly number[] | QubitsAndBits): read is readonly number[] {
  return Array.isArray(read);
}

/** A list of different whole numbers from 0 on, at least one. */
function numbers(list: readonly number[], what: 'qubit' | 'bit'): number[] {
  if (!Array.isArray(list)) {
    throw new CircuitError(
      `a measurement got ${JSON.stringify(list)} instead of a list of ${what}s`,
      { remedy: 'Give a list, such as [0]' },
    );
  }
  const wrong = list.find((wire) => !Number.isSafeInteger(wire) || wire < 0);
  if (wrong !== undefined || list.length === 0 || new Set(list).size !== list.length) {
    throw new CircuitError(`a measurement of the ${what}s [${list.join(', ')}]`, {
      remedy: `Name at least one ${what}, integers from 0, and each of them once`,
    });
  }
  return [...list];
}

function checkShots(shots: number): void {
  if (!Number.isSafeInteger(shots) || shots < 1) {
    throw new CircuitError(`a measurement with ${shots} shots`, {
      remedy: 'Use a positive integer',
    });
  }
}
