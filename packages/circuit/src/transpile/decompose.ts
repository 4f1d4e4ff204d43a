import { gate } from '../gates/table.ts';
import { deepFrozen } from '../ops.ts';
import type { Circuit, Op } from '../types.ts';
import { checkCircuit } from '../validate.ts';
import { BasisWriter } from './basis.ts';
import { lowered } from './lower.ts';

/** Options of {@link decompose}. */
export interface DecomposeOptions {
  /**
   * Names of the gates to use. Gates on one qubit: RZ with RY, RX, SX or H, or RX with RY, or U3; for two qubits one of
   * CNOT, CZ, RZZ, RXX, ECR, ISWAP. `['RZ', 'SX', 'CNOT']` by default. Operations that are in the basis stay.
   */
  readonly basis?: readonly string[];
}

/**
 * The circuit in gates of a basis, equal up to a global phase. Angles stay expressions of slots. Matrices become gates by
 * Euler angles (one qubit), the canonical form with at most three CNOTs (two) or gates that mix two basis states each
 * (more); controls are taken off as in Barenco et al., Phys. Rev. A 52, 3457 (1995), borrowing other qubits of the
 * circuit. Preparations, channels, measurements, resets and barriers stay; conditionals are decomposed inside.
 *
 * @throws CircuitError for a basis that does not suffice, a matrix that is not unitary, and evolutions under matrices or
 * under Pauli strings that do not commute.
 *
 * @example
 * ```ts
 * import { circuit, decompose, specs } from '@ketwork/circuit';
 * const adder = circuit(3, (q) => q.toffoli(0, 1, 2).swap(0, 1));
 * console.log(specs(decompose(adder, { basis: ['RZ', 'RX', 'CNOT'] })).gates['CNOT']); // 9
 * ```
 */
export function decompose<Names extends string>(
  circuit: Circuit<Names>,
  options: DecomposeOptions = {},
): Circuit<Names> {
  const { basis = ['RZ', 'SX', 'CNOT'] } = options;
  const names = new Set(basis.map((name) => gate(name).name));
  const writer = new BasisWriter(names);
  const one = (op: Op, operation: number): readonly Op[] => {
    switch (op.type) {
      case 'gate':
        if (names.has(op.gate) && op.controls.length === 0) return [op];
        return writer.write(lowered(op, circuit.qubits, operation));
      case 'matrix':
      case 'evolution':
        return writer.write(lowered(op, circuit.qubits, operation));
      case 'conditional': {
        const inside = (ops: readonly Op[]): Op[] => ops.flatMap((inner) => one(inner, operation));
        return [{ ...op, then: inside(op.then), otherwise: inside(op.otherwise) }];
      }
      default:
        return [op];
    }
  };
  const decomposed = { ...circuit, ops: circuit.ops.flatMap(one) };
  checkCircuit(decomposed);
  return deepFrozen(decomposed);
}
