/** What GPU engines can do, and how exact they are. */
import { UnsupportedError, ValueError } from '@ketwork/base';
import type { Capabilities } from '@ketwork/simulator';

/** Capabilities of an engine in single precision on states of up to so many qubits. */
export function gpuCapabilities(engine: string, maxQubits: number): Capabilities {
  return {
    engine,
    precision: ['f32'],
    maxQubits,
    ops: ['gate', 'matrix', 'evolution', 'statePreparation', 'barrier'],
    gates: 'all',
    analytic: ['expval', 'variance', 'probabilities', 'state', 'successProbability'],
    shots: ['expval', 'variance', 'probabilities', 'samples', 'counts', 'successProbability'],
    adjoint: ['expval', 'variance', 'probabilities', 'state', 'successProbability'],
  };
}

/**
 * Bound on the length of the error of a final state in single precision, as far as rounding goes, from the number of
 * passes over it. Roundings are independent, so that errors grow as the square root; the factor is twice what random
 * circuits of up to 1000 passes show.
 */
export function singleError(steps: number): number {
  return 2.5e-7 * Math.sqrt(1 + steps);
}

/**
 * Refuses what single precision cannot give. Results are compared in units of the observable's norm: an expectation value
 * is off by at most twice the length of the state's error.
 *
 * @throws UnsupportedError, and ValueError for a tolerance that is no positive number
 */
export function checkTolerance(tolerance: number | undefined, steps: number, engine: string): void {
  if (tolerance === undefined) return;
  if (!(tolerance > 0)) {
    throw new ValueError(`the tolerance is ${tolerance}`, {
      remedy: 'Give a positive number, such as 1e-5',
    });
  }
  const bound = 2 * singleError(steps);
  if (bound <= tolerance) return;
  throw new UnsupportedError(
    `engine '${engine}' computes in single precision: after ${steps} steps results are good to ` +
      `${bound.toExponential(1)} of the observable's norm, and the tolerance is ${tolerance}`,
    { remedy: 'Use cpu(), which computes in double precision, or a tolerance above that' },
  );
}
