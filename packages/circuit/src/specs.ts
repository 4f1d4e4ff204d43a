import { sizeOf } from '@ketwork/base';
import { bitsOf, qubitsOf } from './ops.ts';
import type { Circuit, Op, SlotAxis } from './types.ts';

/** What {@link specs} tells about a circuit. */
export interface CircuitSpecs {
  /** Number of qubits. */
  readonly qubits: number;
  /** Number of classical bits. */
  readonly bits: number;
  /** Number of operations without barriers; of a conditional those of both branches. */
  readonly operations: number;
  /** Operations on the longest path; a conditional counts once, barriers only keep others apart. */
  readonly depth: number;
  /** The same, counting only operations on two or more qubits. */
  readonly twoQubitDepth: number;
  /** Operations by gate name, or by type where they are not gates; `C(RX)`, `2C(RX)` have 1, 2 further controls. */
  readonly gates: Readonly<Record<string, number>>;
  /** Operations by the number of qubits they act on, controls included. */
  readonly byQubits: Readonly<Record<number, number>>;
  /** Numbers in all slots that are shared by the batch. */
  readonly weights: number;
  /** Numbers per example in all slots on the batch axis. */
  readonly inputs: number;
}

/**
 * Size, depth and parameter counts of a circuit.
 *
 * @example
 * ```ts
 * import { circuit, specs } from '@ketwork/circuit';
 * const { depth, gates } = specs(circuit(3, (q) => q.h(0).cnot(0, 1).cnot(1, 2)));
 * console.log(depth, gates); // 3 { H: 1, CNOT: 2 }
 * ```
 */
export function specs(circuit: Circuit): CircuitSpecs {
  const leaves = circuit.ops.flatMap(leavesOf).filter((op) => op.type !== 'barrier');
  const elements = (axis: SlotAxis): number =>
    circuit.slots.reduce((sum, slot) => (slot.axis === axis ? sum + sizeOf(slot.shape) : sum), 0);
  return {
    qubits: circuit.qubits,
    bits: circuit.bits,
    operations: leaves.length,
    depth: depthOf(circuit, () => 1),
    twoQubitDepth: depthOf(circuit, (op) => (qubitsOf(op).length > 1 ? 1 : 0)),
    gates: countBy(leaves.map(titleOf)),
    byQubits: countBy(leaves.map((op) => qubitsOf(op).length)),
    weights: elements('shared'),
    inputs: elements('batch'),
  };
}

function leavesOf(op: Op): readonly Op[] {
  return op.type === 'conditional' ? [...op.then, ...op.otherwise].flatMap(leavesOf) : [op];
}

function titleOf(op: Op): string {
  const title = op.type === 'gate' ? op.gate : op.type;
  const controls = 'controls' in op ? op.controls.length : 0;
  return controls === 0 ? title : `${controls === 1 ? '' : controls}C(${title})`;
}

/** Longest weighted path; classical bits carry dependencies like qubits do. */
function depthOf(circuit: Circuit, weight: (op: Op) => number): number {
  const qubits = new Float64Array(circuit.qubits);
  const bits = new Float64Array(circuit.bits);
  let deepest = 0;
  for (const op of circuit.ops) {
    let level = 0;
    for (const qubit of qubitsOf(op)) level = Math.max(level, qubits[qubit]!);
    for (const bit of bitsOf(op)) level = Math.max(level, bits[bit]!);
    if (op.type !== 'barrier' && qubitsOf(op).length > 0) level += weight(op);
    for (const qubit of qubitsOf(op)) qubits[qubit] = level;
    for (const bit of bitsOf(op)) bits[bit] = level;
    deepest = Math.max(deepest, level);
  }
  return deepest;
}

function countBy<Key extends string | number>(keys: readonly Key[]): Record<Key, number> {
  const counts = {} as Record<Key, number>;
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}
