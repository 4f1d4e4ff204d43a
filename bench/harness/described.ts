import { UnsupportedError } from '@ketwork/base';
import type { Angle, Circuit } from '@ketwork/circuit';

/** A number, or an element of a slot: `x` has values per example, `w` has one for all. */
export type Parameter = number | readonly [slot: string, index: number];

/**
 * A gate as peers read it: name of the gate table (or `matrix`, or `noise:` and the name of a channel), qubits, parameters (or
 * elements, re and im in turn).
 */
export type DescribedGate = readonly [
  name: string,
  qubits: readonly number[],
  ...parameters: Parameter[],
];

/** A circuit as peers in other processes read it. */
export interface Described {
  readonly qubits: number;
  readonly gates: readonly DescribedGate[];
}

function parameter(angle: Angle): Parameter {
  if (typeof angle === 'number') return angle;
  if ('slot' in angle) return [angle.slot, angle.index];
  throw new UnsupportedError(
    'peers of the bench know angles that are a number or an element of a slot',
  );
}

/** Reads one of our circuits as a list of gates, so that all sides run the same circuit. */
export function described({ qubits, ops, slots }: Circuit): Described {
  if (slots.some(({ name, axis }) => (name === 'x') !== (axis === 'batch'))) {
    throw new UnsupportedError('peers of the bench know a batch slot x and a shared slot w');
  }
  const gates = ops.map((op): DescribedGate => {
    if (op.type === 'gate' && op.controls.length === 0)
      return [op.gate, op.qubits, ...op.angles.map(parameter)];
    if (op.type === 'matrix' && op.controls.length === 0)
      return ['matrix', op.qubits, ...op.matrix];
    if (op.type === 'channel' && op.kraus === undefined)
      return [`noise:${op.channel}`, op.qubits, ...op.angles.map(parameter)];
    throw new UnsupportedError(`peers of the bench do not know the operation ${op.type}`);
  });
  return { qubits, gates };
}
