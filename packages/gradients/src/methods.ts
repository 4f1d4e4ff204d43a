import { UnsupportedError } from '@ketwork/base';
import type { Circuit, Measurement, Op } from '@ketwork/circuit';
import type { Capabilities, DifferentiationMethod } from '@ketwork/simulator';

const METHODS: readonly DifferentiationMethod[] = ['adjoint', 'parameter-shift', 'finite-difference'];

/** Why a method cannot differentiate a measurement, or undefined where it can. */
function fault(method: DifferentiationMethod, m: Measurement, shots: boolean, capabilities: Capabilities): string | undefined {
  if (m.type === 'samples' || m.type === 'counts') return `${m.type} are random outcomes, which have no derivative`;
  switch (method) {
    case 'adjoint':
      if (shots) return 'adjoint differentiation needs the exact state, not shots';
      return capabilities.adjoint.includes(m.type)
        ? undefined
        : `engine '${capabilities.engine}' has no adjoint differentiation of ${m.type}`;
    case 'parameter-shift': {
      if (m.type === 'state') return 'amplitudes obey no parameter-shift rule: they are not linear in the density matrix';
      // The variance is differentiated through the expectation values of O and O².
      const needed = m.type === 'variance' ? 'expval' : m.type;
      const able = shots ? capabilities.shots : capabilities.analytic;
      return able.includes(needed)
        ? undefined
        : `engine '${capabilities.engine}' cannot compute ${needed} ${shots ? 'from shots' : 'exactly'}`;
    }
    case 'finite-difference':
      return shots ? 'the noise of shots, divided by the small step, drowns central differences' : undefined;
  }
}

function works(
  method: DifferentiationMethod,
  circuit: Circuit,
  measurements: readonly Measurement[],
  shots: boolean,
  capabilities: Capabilities,
): boolean {
  return (
    measurements.every((m) => fault(method, m, shots, capabilities) === undefined) &&
    (method !== 'parameter-shift' || postselection(circuit.ops) === undefined)
  );
}

/**
 * Settles the method: the one asked for if it covers every measurement, `best` as adjoint before parameter-shift.
 *
 * @throws UnsupportedError naming what is in the way and what works instead.
 */
export function chooseMethod(
  asked: DifferentiationMethod | 'best',
  circuit: Circuit,
  measurements: readonly Measurement[],
  shots: boolean,
  capabilities: Capabilities,
): DifferentiationMethod {
  if (asked !== 'best' && !METHODS.includes(asked)) {
    throw new UnsupportedError(`there is no differentiation method '${String(asked)}'`, {
      remedy: `Use best, ${METHODS.join(', ')}`,
    });
  }
  const method =
    asked !== 'best'
      ? asked
      : works('adjoint', circuit, measurements, shots, capabilities)
        ? 'adjoint'
        : 'parameter-shift';
  measurements.forEach((m, i) => {
    const why = fault(method, m, shots, capabilities);
    if (why === undefined) return;
    const where = measurements.length === 1 ? 'measurement' : `measurement ${i}`;
    throw new UnsupportedError(`${where}: ${method} cannot differentiate ${m.type}: ${why}`, {
      remedy: remedy(circuit, measurements, shots, capabilities),
    });
  });
  const operation = method === 'parameter-shift' ? postselection(circuit.ops) : undefined;
  if (operation !== undefined) {
    throw new UnsupportedError('parameter-shift does not hold after postselection, which divides by a probability', {
      operation,
      remedy: remedy(circuit, measurements, shots, capabilities),
    });
  }
  return method;
}

function remedy(
  circuit: Circuit,
  measurements: readonly Measurement[],
  shots: boolean,
  capabilities: Capabilities,
): string {
  if (measurements.some((m) => m.type === 'samples' || m.type === 'counts')) {
    return 'Ask for expval, variance or probabilities with { shots } instead';
  }
  const able = METHODS.filter((m) => works(m, circuit, measurements, shots, capabilities));
  if (able.length > 0) return `Use ${able.join(' or ')}`;
  const exact = METHODS.filter((m) => works(m, circuit, measurements, false, capabilities));
  if (shots && exact.length > 0) return `Leave shots away and use ${exact.join(' or ')}`;
  return 'Use an engine whose capabilities cover these measurements';
}

/** Index of the first operation that keeps only one outcome of a measurement. */
function postselection(ops: readonly Op[]): number | undefined {
  const found = ops.findIndex(
    (op) =>
      (op.type === 'measure' && op.postselect !== undefined) ||
      (op.type === 'conditional' && postselection([...op.then, ...op.otherwise]) !== undefined),
  );
  return found < 0 ? undefined : found;
}
