import { CircuitError } from '@ketwork/base';
import { productOf } from '../expression.ts';
import { primitives } from '../gates/primitives.ts';
import type { Control, EvolutionOp, GateOp, MatrixOp } from '../types.ts';
import { Elementary } from './elementary.ts';
import { addUnitary } from './unitary.ts';

/** A gate, a unitary matrix or an evolution as gates RX, RY, RZ, H and CNOT, up to a global phase. */
export function lowered(
  op: GateOp | MatrixOp | EvolutionOp,
  qubits: number,
  operation: number,
): readonly GateOp[] {
  const to = new Elementary(qubits);
  if (op.type === 'gate' && op.gate === 'SWAP' && op.controls.length === 0) {
    const [a, b] = op.qubits as [number, number];
    to.cnot(a, b);
    to.cnot(b, a);
    to.cnot(a, b);
    return to.ops;
  }
  if (op.type === 'evolution') {
    addEvolution(to, op, operation);
    return to.ops;
  }
  if (op.type === 'matrix' && !op.unitary) {
    throw new CircuitError('a matrix that is not unitary cannot be decomposed into gates', {
      operation,
      remedy: 'Leave it out of the circuit',
    });
  }
  for (const primitive of primitives(op)) {
    controlledOn(to, primitive.controls, (controls) => {
      if (primitive.type === 'matrix') addUnitary(to, primitive.matrix, primitive.qubits, controls);
      else if (primitive.type === 'phase')
        to.phase([...controls, ...primitive.qubits], primitive.angle);
      else to.rotation(primitive.word, primitive.qubits, primitive.angle, controls);
    });
  }
  return to.ops;
}

/** Turns controls of value 0 into controls of value 1 for the time being. */
function controlledOn(
  to: Elementary,
  controls: readonly Control[],
  run: (controls: readonly number[]) => void,
): void {
  const zeros = controls.filter(({ value }) => value === 0);
  for (const { qubit } of zeros) to.x(qubit);
  run(controls.map(({ qubit }) => qubit));
  for (const { qubit } of zeros) to.x(qubit);
}

function addEvolution(to: Elementary, op: EvolutionOp, operation: number): void {
  const { generator, time } = op;
  if (op.drift !== undefined) {
    throw new CircuitError('an evolution with a drift has no exact gates', {
      operation,
      remedy: 'Write it as short evolutions under one part after the other',
    });
  }
  if (!('terms' in generator)) {
    throw new CircuitError('an evolution under a matrix cannot be decomposed into gates', {
      operation,
      remedy: 'Write its generator as a sum of Pauli strings',
    });
  }
  const words = generator.terms.map(
    ({ paulis }) => new Map(paulis.map(({ qubit, pauli }) => [qubit, pauli])),
  );
  const commute = words.every((a, i) =>
    words.slice(i + 1).every((b) => {
      const differing = [...a].filter(([qubit, pauli]) => (b.get(qubit) ?? pauli) !== pauli);
      return differing.length % 2 === 0;
    }),
  );
  if (!commute) {
    throw new CircuitError(
      'an evolution under Pauli strings that do not commute has no exact gates',
      {
        operation,
        remedy: 'Use trotter() to approximate it',
      },
    );
  }
  controlledOn(to, op.controls, (controls) => {
    for (const { coefficient, paulis } of generator.terms) {
      if (paulis.length === 0) to.phase(controls, productOf(-coefficient, time));
      else {
        to.rotation(
          paulis.map(({ pauli }) => pauli).join(''),
          paulis.map(({ qubit }) => qubit),
          productOf(2 * coefficient, time),
          controls,
        );
      }
    }
  });
}
