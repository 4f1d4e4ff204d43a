import { sizeOf } from '@ketwork/base';
import { gate } from './gates/table.ts';
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
  /** Operations that are no Clifford gates: rotations by other than quarter turns, T gates, matrices, evolutions. */
  readonly nonClifford: number;
  /** The depth, counting only those. */
  readonly nonCliffordDepth: number;
  /** Measurements, nested ones included. */
  readonly measurements: number;
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
    depth: depth(circuit),
    twoQubitDepth: depth(circuit, (op) => qubitsOf(op).length > 1),
    nonClifford: leaves.filter(isNonClifford).length,
    nonCliffordDepth: depth(circuit, (op) => leavesOf(op).some(isNonClifford)),
    measurements: leaves.filter(({ type }) => type === 'measure').length,
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

/** Whether an operation is a unitary outside the Clifford group, as far as its name and constant angles tell. */
function isNonClifford(op: Op): boolean {
  if (op.type === 'matrix' || op.type === 'evolution') return true;
  if (op.type !== 'gate' || op.gate === 'GPhase') return false;
  const row = gate(op.gate);
  if (op.controls.length > 0) {
    // Controlled Pauli gates are Clifford gates, anything larger is not.
    return op.controls.length > 1 || !['X', 'Y', 'Z'].includes(row.name);
  }
  if (row.parameters.length === 0) return !row.clifford;
  const quarter = row.controls > 0 ? 2 * Math.PI : Math.PI / 2;
  return !op.angles.every((angle) => typeof angle === 'number' && isMultiple(angle, quarter));
}

function isMultiple(angle: number, unit: number): boolean {
  return Math.abs(angle / unit - Math.round(angle / unit)) < 1e-12;
}

/**
 * Operations on the longest path through a circuit. Classical bits carry dependencies as qubits do; a conditional counts
 * once, and barriers only keep others apart.
 *
 * @param counts Which operations count; all by default.
 * @example
 * ```ts
 * import { circuit, depth } from '@ketwork/circuit';
 * const c = circuit(2, (q) => q.h(0).t(0).cnot(0, 1).t(1));
 * console.log(depth(c), depth(c, (op) => op.type === 'gate' && op.gate === 'T')); // 4 2
 * ```
 */
export function depth(circuit: Circuit, counts: (op: Op) => boolean = () => true): number {
  const qubits = new Float64Array(circuit.qubits);
  const bits = new Float64Array(circuit.bits);
  let deepest = 0;
  for (const op of circuit.ops) {
    let level = 0;
    for (const qubit of qubitsOf(op)) level = Math.max(level, qubits[qubit]!);
    for (const bit of bitsOf(op)) level = Math.max(level, bits[bit]!);
    if (op.type !== 'barrier' && qubitsOf(op).length > 0 && counts(op)) level++;
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
