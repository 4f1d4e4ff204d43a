import { CircuitError, UnsupportedError } from '@ketwork/base';
import { angle as angles } from '@ketwork/circuit';
import type { Angle, EvolutionOp, PauliTerm } from '@ketwork/circuit';

/** Refuses what OpenQASM has no words for. */
export function refused(what: string, operation: number): never {
  throw new UnsupportedError(`${what} cannot be written in OpenQASM`, {
    operation,
    remedy: 'Leave it out, or save the circuit as JSON with toJSON()',
  });
}

/** A rotation about a Pauli word. */
export interface PauliRotation {
  readonly word: string;
  readonly qubits: readonly number[];
  readonly turn: Angle;
}

/** An evolution under commuting Pauli strings as rotations. @throws CircuitError for other evolutions */
export function pauliRotations(op: EvolutionOp, operation: number): readonly PauliRotation[] {
  const { generator } = op;
  const terms = 'terms' in generator ? generator.terms : undefined;
  if (
    terms === undefined ||
    'drift' in op ||
    terms.some((a, i) => terms.slice(i).some((b) => !commute(a, b)))
  ) {
    throw new CircuitError(
      'an evolution under terms that do not commute, a matrix or a slot has no gates',
      {
        operation,
        remedy: 'Write it as steps of pauliRot(), each under one Pauli string',
      },
    );
  }
  return terms.map(({ coefficient, paulis }) => ({
    word: paulis.map(({ pauli }) => pauli).join(''),
    qubits: paulis.map(({ qubit }) => qubit),
    turn: angles.mul(2 * coefficient, op.time).data,
  }));
}

/** Whether two Pauli strings commute: they differ on an even number of qubits that both touch. */
function commute(a: PauliTerm, b: PauliTerm): boolean {
  let differ = 0;
  for (const { qubit, pauli } of a.paulis) {
    if (b.paulis.some((other) => other.qubit === qubit && other.pauli !== pauli)) differ++;
  }
  return differ % 2 === 0;
}
