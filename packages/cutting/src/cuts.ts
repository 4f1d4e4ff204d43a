import { CircuitError } from '@ketwork/base';
import { qubitsOf } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { separated } from './gate-cut.ts';

/** Cuts the wire of a qubit just before an operation, by the operation's index in the circuit. */
export interface WireCut {
  /** The qubit whose wire is cut. */
  readonly wire: number;
  /** Index of the first operation behind the cut; it need not act on the qubit. */
  readonly before: number;
}

/** Cuts an operation on two qubits into local ones. */
export interface GateCut {
  /** Index of the operation in the circuit. */
  readonly gate: number;
}

/** A place where a circuit is cut. */
export type Cut = WireCut | GateCut;

/** Checks that every cut is a place in the circuit and cuts something. @throws CircuitError */
export function checkCuts(circuit: Circuit, cuts: readonly Cut[]): void {
  const seen = new Set<string>();
  cuts.forEach((cut, i) => {
    const fail = (why: string, remedy: string): never => {
      throw new CircuitError(`cut ${i} ${why}`, { remedy });
    };
    const isWire = 'wire' in cut;
    const at = isWire ? cut.before : cut.gate;
    const op = circuit.ops[at];
    if (!Number.isSafeInteger(at) || op === undefined) {
      fail(`is at operation ${at}`, `The circuit has operations 0 to ${circuit.ops.length - 1}`);
    }
    const name = isWire ? `${cut.wire} ${nextUse(circuit, cut.wire, at)}` : `gate ${at}`;
    if (seen.has(name)) fail('is there twice', 'Name each cut once');
    seen.add(name);
    if (!isWire) {
      if (separated(op!) === undefined) {
        fail(
          `is at operation ${at}, which is no rotation, phase or controlled gate on two qubits`,
          'Cut the wires of its qubits instead',
        );
      }
      return;
    }
    if (!Number.isSafeInteger(cut.wire) || cut.wire < 0 || cut.wire >= circuit.qubits) {
      fail(`is on qubit ${cut.wire}`, `The circuit has qubits 0 to ${circuit.qubits - 1}`);
    }
    const acts = (j: number): boolean => qubitsOf(circuit.ops[j]!).includes(cut.wire);
    if (!circuit.ops.slice(0, at).some((_, j) => acts(j))) {
      fail(`is before the first operation on qubit ${cut.wire}`, 'Cut behind it');
    }
    if (nextUse(circuit, cut.wire, at) === circuit.ops.length) {
      fail(`is behind the last operation on qubit ${cut.wire}`, 'Cut before it');
    }
  });
}

/** Index of the next operation on a qubit, so that cuts in one stretch of a wire can be told to be the same. */
function nextUse(circuit: Circuit, qubit: number, from: number): number {
  for (let i = from; i < circuit.ops.length; i++) {
    const op = circuit.ops[i]!;
    if (op.type !== 'barrier' && qubitsOf(op).includes(qubit)) return i;
  }
  return circuit.ops.length;
}
