import { UnsupportedError } from '@ketwork/base';
import type { Circuit, Measurement, Op } from '@ketwork/circuit';
import type { Capabilities, DifferentiationMethod } from '@ketwork/simulator';

const METHODS: readonly DifferentiationMethod[] = [
  'adjoint',
  'parameter-shift',
  'finite-difference',
];

/** Why a method cannot differentiate a measurement, or undefined where it can. */
function limit(
  method: DifferentiationMethod,
  m: Measurement,
  shots: boolean,
  capabilities: Capabilities,
): string | undefined {
  if (m.type === 'samples' || m.type === 'counts') return 'random outcomes have no derivative';
  switch (method) {
    case 'adjoint':
      if (shots) return 'adjoint differentiation needs the exact state, not shots';
      return capabilities.adjoint.includes(m.type)
        ? undefined
        : `engine '${capabilities.engine}' has no adjoint differentiation of ${m.type}`;
    case 'parameter-shift': {
      if (m.type === 'state')
        return 'amplitudes obey no parameter-shift rule: they are not linear in the density matrix';
      // The variance is differentiated through the expectation values of O and O².
      const needed = m.type === 'variance' ? 'expval' : m.type;
      const able = shots ? capabilities.shots : capabilities.analytic;
      return able.includes(needed)
        ? undefined
        : `engine '${capabilities.engine}' cannot compute ${needed} ${shots ? 'from shots' : 'exactly'}`;
    }
    case 'finite-difference':
      return shots
        ? 'the noise of shots, divided by the small step, drowns central differences'
        : undefined;
  }
}

/** Why a method does not go through the circuit, whatever is measured, and where. */
function obstacle(
  method: DifferentiationMethod,
  ops: readonly Op[],
  shots: boolean,
  capabilities: Capabilities,
): { readonly operation: number; readonly why: string } | undefined {
  for (const [operation, op] of ops.entries()) {
    const inner =
      op.type === 'conditional'
        ? obstacle(method, [...op.then, ...op.otherwise], shots, capabilities)
        : undefined;
    const why = inner?.why ?? fault(method, op, shots, capabilities);
    if (why !== undefined) return { operation, why };
  }
  return undefined;
}

function fault(
  method: DifferentiationMethod,
  op: Op,
  shots: boolean,
  capabilities: Capabilities,
): string | undefined {
  const filter = op.type === 'matrix' && !op.unitary;
  if (method === 'adjoint' && capabilities.adjointIrreversible !== true) {
    if (filter)
      return `adjoint differentiation of engine '${capabilities.engine}' cannot undo a map that is not unitary`;
    if (op.type === 'measure' || op.type === 'reset' || op.type === 'channel') {
      return `adjoint differentiation of engine '${capabilities.engine}' cannot undo operations of type '${op.type}'`;
    }
  }
  if (method === 'parameter-shift') {
    if (op.type === 'measure' && op.postselect !== undefined) {
      return 'parameter-shift does not hold with postselection, which divides by a probability';
    }
    // Exact results of a filtered state are not divided by its norm; shots are drawn from normalised probabilities.
    if (filter && shots) {
      return 'parameter-shift does not hold for shots with a map that is not unitary: they are drawn from probabilities divided by their sum';
    }
  }
  return undefined;
}

/** The methods that cover all measurements of a circuit on an engine. */
export function methodsFor(
  circuit: Circuit,
  measurements: readonly Measurement[],
  shots: boolean,
  capabilities: Capabilities,
): DifferentiationMethod[] {
  return METHODS.filter(
    (method) =>
      measurements.every((m) => limit(method, m, shots, capabilities) === undefined) &&
      obstacle(method, circuit.ops, shots, capabilities) === undefined,
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
    throw new UnsupportedError(`there is no differentiation method '${asked}'`, {
      remedy: `Use best, ${METHODS.join(', ')}`,
    });
  }
  const method =
    asked !== 'best'
      ? asked
      : methodsFor(circuit, measurements, shots, capabilities).includes('adjoint')
        ? 'adjoint'
        : 'parameter-shift';
  measurements.forEach((m, i) => {
    const why = limit(method, m, shots, capabilities);
    if (why === undefined) return;
    const where = measurements.length === 1 ? 'measurement' : `measurement ${i}`;
    const who = m.type === 'samples' || m.type === 'counts' ? 'no method can' : `${method} cannot`;
    throw new UnsupportedError(`${where}: ${who} differentiate ${m.type}: ${why}`, {
      remedy: remedy(circuit, measurements, shots, capabilities),
    });
  });
  const found = obstacle(method, circuit.ops, shots, capabilities);
  if (found !== undefined) {
    throw new UnsupportedError(found.why, {
      operation: found.operation,
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
  const able = methodsFor(circuit, measurements, shots, capabilities);
  if (able.length > 0) return `Use ${able.join(' or ')}`;
  const exact = methodsFor(circuit, measurements, false, capabilities);
  if (shots && exact.length > 0) return `Leave shots away and use ${exact.join(' or ')}`;
  return 'Use an engine whose capabilities cover these measurements';
}
