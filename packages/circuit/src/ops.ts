import { CircuitError } from '@ketwork/base';
import type { Angle, Control, EvolutionOp, Op, PauliTerm } from './types.ts';

/**
 * All qubits an operation touches: its own, then its controls; of a conditional, those of its branches.
 *
 * @example
 * ```ts
 * import { circuit, qubitsOf } from '@ketwork/circuit';
 * console.log(circuit(3, (q) => q.cnot(2, 0)).ops.map(qubitsOf)); // [ [ 2, 0 ] ]
 * ```
 */
export function qubitsOf(op: Op): readonly number[] {
  switch (op.type) {
    case 'gate':
    case 'matrix':
    case 'evolution':
      return op.controls.length === 0
        ? op.qubits
        : [...op.qubits, ...op.controls.map((control) => control.qubit)];
    case 'measure':
      return [op.qubit];
    case 'conditional':
      return [...new Set([...op.then, ...op.otherwise].flatMap(qubitsOf))];
    default:
      return op.qubits;
  }
}

/** Classical bits an operation writes or reads, nested operations included. */
export function bitsOf(op: Op): readonly number[] {
  if (op.type === 'measure') return [op.bit];
  return op.type === 'conditional'
    ? [...op.condition.bits, ...[...op.then, ...op.otherwise].flatMap(bitsOf)]
    : [];
}

/**
 * The operation on other qubits, nested operations included.
 *
 * @param to New qubit of each qubit the operation touches; different ones for different ones.
 * @example
 * ```ts
 * import { circuit, qubitsOf, withQubits } from '@ketwork/circuit';
 * const [op] = circuit(2, (q) => q.cnot(0, 1)).ops;
 * if (op) console.log(qubitsOf(withQubits(op, (qubit) => qubit + 3))); // [ 3, 4 ]
 * ```
 */
export function withQubits(op: Op, to: (qubit: number) => number): Op {
  const qubits = (list: readonly number[]): number[] => list.map(to);
  const controls = (list: readonly Control[]): Control[] =>
    list.map(({ qubit, value }) => ({ qubit: to(qubit), value }));
  switch (op.type) {
    case 'gate':
    case 'matrix':
      return { ...op, qubits: qubits(op.qubits), controls: controls(op.controls) };
    case 'evolution': {
      const moved = { ...op, qubits: qubits(op.qubits), controls: controls(op.controls) };
      const placed = <G extends EvolutionOp['generator']>(generator: G): G =>
        'terms' in generator
          ? { ...generator, terms: generator.terms.map((term) => termOn(term, to)) }
          : generator;
      return {
        ...moved,
        generator: placed(op.generator),
        ...(op.drift === undefined
          ? {}
          : { drift: { ...op.drift, generator: placed(op.drift.generator) } }),
      };
    }
    case 'measure':
      return { ...op, qubit: to(op.qubit) };
    case 'conditional':
      return {
        ...op,
        then: op.then.map((inner) => withQubits(inner, to)),
        otherwise: op.otherwise.map((inner) => withQubits(inner, to)),
      };
    default:
      return { ...op, qubits: qubits(op.qubits) };
  }
}

/** A Pauli string on other qubits, again in ascending order. */
export function termOn(term: PauliTerm, to: (qubit: number) => number): PauliTerm {
  return {
    coefficient: term.coefficient,
    paulis: term.paulis
      .map(({ qubit, pauli }) => ({ qubit: to(qubit), pauli }))
      .sort((a, b) => a.qubit - b.qubit),
  };
}

/** The operation with its angles replaced, nested operations included. */
export function withAngles(op: Op, replace: (angle: Angle) => Angle): Op {
  if (op.type === 'gate' || op.type === 'channel') return { ...op, angles: op.angles.map(replace) };
  if (op.type === 'evolution') {
    const { drift } = op;
    const time = replace(op.time);
    return drift === undefined
      ? { ...op, time }
      : { ...op, time, drift: { ...drift, time: replace(drift.time) } };
  }
  if (op.type !== 'conditional') return op;
  return {
    ...op,
    then: op.then.map((inner) => withAngles(inner, replace)),
    otherwise: op.otherwise.map((inner) => withAngles(inner, replace)),
  };
}

/** The operation under further controls. @throws CircuitError for operations that are not maps of the state alone */
export function withControls(op: Op, controls: readonly Control[], operation: number): Op {
  if (controls.length === 0 || op.type === 'barrier') return op;
  if (op.type === 'gate' || op.type === 'matrix' || op.type === 'evolution') {
    return { ...op, controls: [...controls, ...op.controls] };
  }
  throw new CircuitError(`a ${op.type} cannot be controlled`, {
    operation,
    remedy: 'Only gates, matrices and evolutions can; put the rest outside',
  });
}

/** Freezes plain data all the way down and returns it. */
export function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFrozen(part);
  }
  return value;
}
