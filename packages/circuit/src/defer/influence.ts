/** What operations do to single qubits, what measurements read of them, and what has no influence on that. */
import { gate } from '../gates/table.ts';
import { qubitsOf } from '../ops.ts';
import type { Measurement, Op } from '../types.ts';

/** Indices of operations that what is read depends on, and their qubits. */
export function lightCone(
  ops: readonly Op[],
  all: readonly number[],
  read: readonly number[],
): { kept: readonly number[]; needed: readonly number[] } {
  const cone = new Set(read);
  const kept: number[] = [];
  for (const [index, op] of [...ops.entries()].reverse()) {
    if (op.type === 'barrier') continue;
    const on = qubitsOf(op);
    if (!changesNorm(op) && !on.some((qubit) => cone.has(qubit))) continue;
    for (const qubit of on) cone.add(qubit);
    kept.push(index);
  }
  // A circuit has a qubit, needed or not.
  if (cone.size === 0) cone.add(0);
  return { kept: kept.reverse(), needed: all.filter((qubit) => cone.has(qubit)) };
}

/** Whether an operation leaves the value of a qubit alone. Conditionals count as not, since they may ask for that value. */
export function actsOnValue(op: Op, qubit: number): boolean {
  switch (op.type) {
    case 'barrier':
    case 'measure':
      return true;
    case 'gate': {
      const row = gate(op.gate);
      const at = op.qubits.indexOf(qubit);
      return at < row.controls || row.diagonal;
    }
    case 'matrix':
    case 'evolution':
      return !op.qubits.includes(qubit);
    default:
      return false;
  }
}

/** Whether an operation may change the norm: maps that are not unitary, and amplitudes that are taken as they are. */
function changesNorm(op: Op): boolean {
  if (op.type === 'matrix') return !op.unitary;
  return op.type === 'statePreparation' && !op.normalize && 'slot' in op.amplitudes;
}

/** Whether a measurement reads no more of a qubit than its value. */
export function readsValue(m: Measurement, qubit: number): boolean {
  if (m.type === 'state' || m.type === 'densityOperator') return !reads(m, qubit);
  if (m.type !== 'expval' && m.type !== 'variance') return true;
  return m.observables.every((o) => {
    if (o.type === 'hermitian') return !o.qubits.includes(qubit);
    if (o.type === 'projector') return true;
    return o.terms.every(({ paulis }) =>
      paulis.every((letter) => letter.qubit !== qubit || letter.pauli === 'Z'),
    );
  });
}

/** Whether a measurement reads a qubit at all. */
export function reads(m: Measurement, qubit: number): boolean {
  switch (m.type) {
    case 'successProbability':
      return false;
    case 'state':
      return true;
    case 'expval':
    case 'variance':
      return m.observables.some((o) =>
        o.type === 'pauli'
          ? o.terms.some(({ paulis }) => paulis.some((letter) => letter.qubit === qubit))
          : o.qubits.includes(qubit),
      );
    case 'densityOperator':
      return m.qubits?.includes(qubit) ?? true;
    default:
      return m.qubits?.includes(qubit) ?? m.bits === undefined;
  }
}
