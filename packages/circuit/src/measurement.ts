import { CircuitError } from '@ketwork/base';
import { deepFrozen } from './ops.ts';
import type {
  CountsMeasurement,
  ExpvalMeasurement,
  HermitianObservable,
  Observable,
  ProbabilitiesMeasurement,
  ProjectorObservable,
  SamplesMeasurement,
  StateMeasurement,
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
 * Probabilities of basis states, `[batch, 2^k]`, the first qubit being the most significant bit.
 *
 * @param qubits The k qubits to measure; all of them, in order, by default.
 * @throws CircuitError when a qubit is repeated or not an integer of at least 0.
 * @example
 * ```ts
 * import { probabilities } from '@ketwork/circuit';
 * console.log(probabilities([2, 0]).qubits); // [ 2, 0 ]
 * ```
 */
export function probabilities(qubits?: readonly number[]): ProbabilitiesMeasurement {
  return deepFrozen({ type: 'probabilities', ...chosen(qubits) });
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
 * Measured bits, shot by shot: `Uint8Array` `[batch, shots, k]`.
 *
 * @param shots How often to measure, a positive integer.
 * @param qubits The k qubits to measure; all of them, in order, by default.
 * @throws CircuitError for a number of shots that is not a positive integer, or a repeated qubit.
 * @example
 * ```ts
 * import { samples } from '@ketwork/circuit';
 * console.log(samples(100).shots); // 100
 * ```
 */
export function samples(shots: number, qubits?: readonly number[]): SamplesMeasurement {
  checkShots(shots);
  return deepFrozen({ type: 'samples', shots, ...chosen(qubits) });
}

/**
 * How often each outcome is measured: one record per example, keyed by the bit string, first qubit leftmost.
 *
 * @param shots How often to measure, a positive integer.
 * @param qubits The qubits to measure; all of them, in order, by default.
 * @throws CircuitError for a number of shots that is not a positive integer, or a repeated qubit.
 * @example
 * ```ts
 * import { counts } from '@ketwork/circuit';
 * console.log(counts(1000, [0, 1]).qubits); // [ 0, 1 ]
 * ```
 */
export function counts(shots: number, qubits?: readonly number[]): CountsMeasurement {
  checkShots(shots);
  return deepFrozen({ type: 'counts', shots, ...chosen(qubits) });
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

function chosen(qubits: readonly number[] | undefined): { readonly qubits?: readonly number[] } {
  if (qubits === undefined) return {};
  if (!Array.isArray(qubits)) {
    throw new CircuitError(
      `a measurement got ${JSON.stringify(qubits)} instead of a list of qubits`,
      {
        remedy: 'Give a list, such as [0]',
      },
    );
  }
  const wrong = qubits.find((qubit) => !Number.isSafeInteger(qubit) || qubit < 0);
  if (wrong !== undefined || qubits.length === 0 || new Set(qubits).size !== qubits.length) {
    throw new CircuitError(`a measurement of the qubits [${qubits.join(', ')}]`, {
      remedy: 'Name at least one qubit, integers from 0, and each of them once',
    });
  }
  return { qubits: [...qubits] };
}

function checkShots(shots: number): void {
  if (!Number.isSafeInteger(shots) || shots < 1) {
    throw new CircuitError(`a measurement with ${shots} shots`, {
      remedy: 'Use a positive integer',
    });
  }
}
