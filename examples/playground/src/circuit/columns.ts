// Where operations stand on the board: every one as far left as its wires, and the classical bits it uses, allow.
import { qubitsOf } from '@ketwork/circuit';
import type { Circuit, Op } from '@ketwork/circuit';

/** Place of one operation: its column and the wires from `top` to `bottom`, which no other one crosses there. */
export interface Placement {
  readonly column: number;
  readonly top: number;
  readonly bottom: number;
}

/** Places of all operations, in their order, and how many columns they take. */
export interface BoardLayout {
  readonly placements: readonly Placement[];
  readonly columns: number;
}

/** Classical bits an operation writes or reads, nested operations included. */
export function bitsOf(op: Op): readonly number[] {
  if (op.type === 'measure') return [op.bit];
  if (op.type !== 'conditional') return [];
  return [...op.condition.bits, ...[...op.then, ...op.otherwise].flatMap(bitsOf)];
}

const known = new WeakMap<Circuit, BoardLayout>();

/** The layout of a circuit, worked out once. */
export function layoutOf(circuit: Circuit): BoardLayout {
  const found = known.get(circuit);
  if (found !== undefined) return found;
  const wires = new Array<number>(circuit.qubits).fill(0);
  const bits = new Array<number>(circuit.bits).fill(0);
  const placements = circuit.ops.map((op): Placement => {
    const qubits = qubitsOf(op);
    const top = qubits.length === 0 ? 0 : Math.min(...qubits);
    const bottom = qubits.length === 0 ? circuit.qubits - 1 : Math.max(...qubits);
    const used = bitsOf(op);
    const column = Math.max(...wires.slice(top, bottom + 1), ...used.map((bit) => bits[bit]!));
    wires.fill(column + 1, top, bottom + 1);
    for (const bit of used) bits[bit] = column + 1;
    return { column, top, bottom };
  });
  const layout = { placements, columns: Math.max(0, ...wires) };
  known.set(circuit, layout);
  return layout;
}

/** The operation on a wire in a column, if any; a line between two parts of a gate counts as part of it. */
export function opAt(circuit: Circuit, wire: number, column: number): number | undefined {
  const index = layoutOf(circuit).placements.findIndex(
    (p) => p.column === column && p.top <= wire && wire <= p.bottom,
  );
  return index < 0 ? undefined : index;
}
