import { UnsupportedError } from '@ketwork/base';
import type { Circuit, Measurement, Op } from '@ketwork/circuit';
import type { Capabilities, DifferentiationMethod } from '@ketwork/simulator';
import { slotsOf } from './shift/occurrences.ts';
import { differentiationMethods, methodLimit } from './table.ts';

const METHODS = differentiationMethods.map(({ method }) => method);

/** Methods on one more qubit. */
const WITH_ANCILLA: readonly DifferentiationMethod[] = ['hadamard-test', 'reversed-hadamard-test'];

/** Methods that hold only where results are linear in the density matrix. */
const LINEAR: readonly DifferentiationMethod[] = [
  'parameter-shift',
  'stochastic-shift',
  ...WITH_ANCILLA,
];

/** Where something is in the way of a method; the whole circuit where no operation is named. */
interface Fault {
  readonly operation?: number;
  readonly why: string;
}

/** Why a method does not go through the circuit, whatever is measured, and where. */
function obstacle(
  method: DifferentiationMethod,
  circuit: Circuit,
  measurements: readonly Measurement[],
  shots: boolean,
  capabilities: Capabilities,
): Fault | undefined {
  if (WITH_ANCILLA.includes(method)) {
    if (circuit.qubits + 1 > capabilities.maxQubits)
      return {
        why: `${method} needs one more qubit than the ${capabilities.maxQubits} of engine '${capabilities.engine}'`,
      };
    const missing = ['H', 'PauliRot'].find(
      (name) => capabilities.gates !== 'all' && !capabilities.gates.includes(name),
    );
    if (missing !== undefined)
      return {
        why: `${method} needs the gate '${missing}', which engine '${capabilities.engine}' lacks`,
      };
  }
  if (method === 'adjoint' && typeof capabilities.adjointIrreversible === 'object') {
    const why = `adjoint differentiation of engine '${capabilities.engine}' does not go through postselection to an observable in a slot`;
    const kept = among(circuit.ops, (op) =>
      op.type === 'measure' && op.postselect !== undefined ? why : undefined,
    );
    if (kept !== undefined && measurements.some(readsSlot)) return kept;
  }
  // The probability of post-selection itself is not divided by anything.
  const divided = measurements.some(({ type }) => type !== 'successProbability');
  return among(circuit.ops, (op) => fault(method, op, divided, shots, capabilities));
}

/** Whether an observable is the matrix of a slot. */
function readsSlot(m: Measurement): boolean {
  return (
    (m.type === 'expval' || m.type === 'variance') &&
    m.observables.some((o) => o.type === 'hermitian' && 'slot' in o.matrix)
  );
}

function among(ops: readonly Op[], faultOf: (op: Op) => string | undefined): Fault | undefined {
  for (const [operation, op] of ops.entries()) {
    const inner =
      op.type === 'conditional' ? among([...op.then, ...op.otherwise], faultOf) : undefined;
    const why = inner?.why ?? faultOf(op);
    if (why !== undefined) return { operation, why };
  }
  return undefined;
}

/** Whether an engine's adjoint differentiation goes through operations of a type that cannot be undone. */
function goesThrough(type: Op['type'], { adjointIrreversible = false }: Capabilities): boolean {
  return typeof adjointIrreversible === 'boolean'
    ? adjointIrreversible
    : adjointIrreversible.includes(type);
}

function fault(
  method: DifferentiationMethod,
  op: Op,
  divided: boolean,
  shots: boolean,
  capabilities: Capabilities,
): string | undefined {
  const filter = op.type === 'matrix' && !op.unitary;
  if (method === 'adjoint' && !goesThrough(op.type, capabilities)) {
    if (filter)
      return `adjoint differentiation of engine '${capabilities.engine}' cannot undo a map that is not unitary`;
    if (op.type === 'measure' || op.type === 'reset' || op.type === 'channel') {
      return `adjoint differentiation of engine '${capabilities.engine}' cannot undo operations of type '${op.type}'`;
    }
  }
  if (method === 'reversed-hadamard-test') {
    if (filter) return `${method} cannot run a map that is not unitary backwards`;
    if (['channel', 'measure', 'reset', 'conditional'].includes(op.type))
      return `${method} cannot run operations of type '${op.type}' backwards`;
  }
  if (!LINEAR.includes(method)) return undefined;
  if (divided && op.type === 'measure' && op.postselect !== undefined) {
    return `${method} does not hold with postselection, which divides by a probability`;
  }
  // Exact results of a filtered state are not divided by its norm; shots are drawn from normalised probabilities.
  if (filter && shots) {
    return `${method} does not hold for shots with a map that is not unitary: they are drawn from probabilities divided by their sum`;
  }
  return undefined;
}

/**
 * The methods that cover all measurements of a circuit on an engine; stochastic-shift, which is parameter-shift elsewhere,
 * only where a slot enters an evolution with a drift.
 */
export function methodsFor(
  circuit: Circuit,
  measurements: readonly Measurement[],
  shots: boolean,
  capabilities: Capabilities,
): DifferentiationMethod[] {
  const drift = drifting(circuit.ops);
  return METHODS.filter(
    (method) =>
      (drift || method !== 'stochastic-shift') &&
      measurements.every((m) => methodLimit(method, m.type, shots, capabilities) === undefined) &&
      obstacle(method, circuit, measurements, shots, capabilities) === undefined,
  );
}

/**
 * Settles the method: the one asked for if it covers every measurement. `best` is adjoint where it can be, else
 * parameter-shift, and stochastic-shift where a slot enters an evolution with a drift.
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
  const able = methodsFor(circuit, measurements, shots, capabilities);
  const shift = drifting(circuit.ops) ? 'stochastic-shift' : 'parameter-shift';
  const method = asked !== 'best' ? asked : able.includes('adjoint') ? 'adjoint' : shift;
  const remedy = (): string => remedyOf(able, circuit, measurements, shots, capabilities);
  measurements.forEach((m, i) => {
    const why = methodLimit(method, m.type, shots, capabilities);
    if (why === undefined) return;
    const where = measurements.length === 1 ? 'measurement' : `measurement ${i}`;
    const who = m.type === 'samples' || m.type === 'counts' ? 'no method can' : `${method} cannot`;
    throw new UnsupportedError(`${where}: ${who} differentiate ${m.type}: ${why}`, {
      remedy: remedy(),
    });
  });
  const found = obstacle(method, circuit, measurements, shots, capabilities);
  if (found !== undefined) {
    throw new UnsupportedError(found.why, {
      ...(found.operation === undefined ? {} : { operation: found.operation }),
      remedy: remedy(),
    });
  }
  return method;
}

/** Whether a slot enters an evolution with a drift. */
function drifting(ops: readonly Op[]): boolean {
  return ops.some((op) => {
    if (op.type === 'conditional') return drifting([...op.then, ...op.otherwise]);
    return (
      op.type === 'evolution' &&
      op.drift !== undefined &&
      slotsOf({ add: [op.time, op.drift.time] }).size > 0
    );
  });
}

function remedyOf(
  able: readonly DifferentiationMethod[],
  circuit: Circuit,
  measurements: readonly Measurement[],
  shots: boolean,
  capabilities: Capabilities,
): string {
  if (measurements.some((m) => m.type === 'samples' || m.type === 'counts')) {
    return 'Ask for expval, variance or probabilities with { shots } instead';
  }
  if (able.length > 0) return `Use ${alternatively(able)}`;
  const exact = methodsFor(circuit, measurements, false, capabilities);
  if (shots && exact.length > 0) return `Leave shots away and use ${alternatively(exact)}`;
  return 'Use an engine whose capabilities cover these measurements';
}

/** A list of alternatives: `a`, `a or b`, `a, b or c`. */
export function alternatively(names: readonly string[]): string {
  return names.length < 2
    ? names.join('')
    : `${names.slice(0, -1).join(', ')} or ${names[names.length - 1]!}`;
}
