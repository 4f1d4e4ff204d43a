// What is edited: a circuit of the library and values for its slots. Every edit is a function from one document to the
// next, so that undo is a list of documents.
import { UnsupportedError } from '@ketwork/base';
import { assembleCircuit, CIRCUIT_SCHEMA, gate, qubitsOf, withQubits } from '@ketwork/circuit';
import type { Circuit, Control, GateOp, Op } from '@ketwork/circuit';
import { bitsOf, layoutOf } from './columns.ts';
import type { Placement } from './columns.ts';

/** Most qubits the page shows; results of all basis states stay readable and instant. */
export const MAX_QUBITS = 12;
/** Most operations the page shows. */
const MAX_OPS = 500;

/** A circuit with values for its slots, row-major. */
export interface Document {
  readonly circuit: Circuit;
  readonly values: Readonly<Record<string, readonly number[]>>;
}

/** A document after an edit, and which operation to select in it. */
export interface Edited {
  readonly document: Document;
  readonly selected: number | undefined;
}

/** A document without operations. */
export function emptyDocument(qubits: number): Document {
  return documentOf(
    assembleCircuit({ schema: CIRCUIT_SCHEMA, qubits, bits: 0, slots: [], ops: [] }),
  );
}

/** A document around a circuit; slots without a given value of the right length start at zero. */
export function documentOf(circuit: Circuit, values: Document['values'] = {}): Document {
  const complete = circuit.slots.map((slot) => {
    const size = slot.shape.reduce((product, length) => product * length, 1);
    const given = values[slot.name];
    const fits = given?.length === size && given.every(Number.isFinite);
    return [slot.name, fits ? given : new Array<number>(size).fill(0)] as const;
  });
  return { circuit, values: Object.fromEntries(complete) };
}

/** The document with other operations. @throws CircuitError where they do not make a circuit. */
function withOps(document: Document, ops: readonly Op[], qubits?: number): Document {
  const { circuit } = document;
  const bits = Math.max(0, ...ops.flatMap(bitsOf).map((bit) => bit + 1));
  return {
    ...document,
    circuit: assembleCircuit({ ...circuit, qubits: qubits ?? circuit.qubits, bits, ops }),
  };
}

interface Placed {
  readonly op: Op;
  readonly index: number;
  readonly place: Placement;
}

/** Operations column by column: the order in which positions on the board make sense. */
function inColumns({ circuit }: Document): readonly Placed[] {
  const { placements } = layoutOf(circuit);
  return circuit.ops
    .map((op, index) => ({ op, index, place: placements[index]! }))
    .sort((a, b) => a.place.column - b.place.column || a.index - b.index);
}

/** `op` among others: in front of what stands in its way in the column or further right, behind all else up to there. */
function ordered(others: readonly Placed[], op: Op, column: number): Placed['op'][] {
  const before: Op[] = [];
  const after: Op[] = [];
  for (const other of others) {
    const first =
      other.place.column < column || (other.place.column === column && !overlaps(other.place, op));
    (first ? before : after).push(other.op);
  }
  return [...before, op, ...after];
}

function overlaps({ top, bottom }: Placement, op: Op): boolean {
  const qubits = qubitsOf(op);
  return qubits.length === 0 || (Math.min(...qubits) <= bottom && Math.max(...qubits) >= top);
}

/** Puts an operation in front of everything that stands in its way in the column. */
export function insertOp(document: Document, op: Op, column: number): Edited {
  const ops = ordered(inColumns(document), op, column);
  return { document: withOps(document, ops), selected: ops.indexOf(op) };
}

/** Takes operation `index` to another column, as `op`; further right means behind what stands there. */
export function moveOp(document: Document, index: number, column: number, op?: Op): Edited {
  const moved = { ...(op ?? document.circuit.ops[index]!) };
  const all = inColumns(document);
  const from = all.find((other) => other.index === index)!.place.column;
  const others = all.filter((other) => other.index !== index);
  if (
    column === from &&
    others.every(({ place }) => place.column !== from || !overlaps(place, moved))
  ) {
    return replaceOp(document, index, moved);
  }
  const ops = ordered(others, moved, column > from ? column + 1 : column);
  return { document: withOps(document, ops), selected: ops.indexOf(moved) };
}

/** Exchanges operation `index` with its neighbour before or behind it on any of its wires. */
export function stepOp(document: Document, index: number, direction: -1 | 1): Edited {
  const { placements } = layoutOf(document.circuit);
  const own = placements[index]!;
  const near = placements
    .filter((p) => p !== own && p.top <= own.bottom && p.bottom >= own.top)
    .filter((p) => (p.column - own.column) * direction > 0)
    .map((p) => p.column);
  if (near.length === 0) return { document, selected: index };
  return moveOp(document, index, direction > 0 ? Math.min(...near) : Math.max(...near));
}

/** Removes operation `index`. */
export function removeOp(document: Document, index: number): Edited {
  return {
    document: withOps(document, document.circuit.ops.toSpliced(index, 1)),
    selected: undefined,
  };
}

/** Replaces operation `index` by another one in the same place. */
export function replaceOp(document: Document, index: number, op: Op): Edited {
  return { document: withOps(document, document.circuit.ops.with(index, op)), selected: index };
}

/** A second operation like number `index`, right behind it. */
export function duplicateOp(document: Document, index: number): Edited {
  const { ops } = document.circuit;
  return {
    document: withOps(document, ops.toSpliced(index + 1, 0, ops[index]!)),
    selected: index + 1,
  };
}

/** Sets one angle of a gate or channel to a number of radians. */
export function setAngle(document: Document, index: number, which: number, value: number): Edited {
  const op = document.circuit.ops[index]!;
  if (op.type !== 'gate') return { document, selected: index };
  return replaceOp(document, index, { ...op, angles: op.angles.with(which, value) });
}

/** Sets one element of a slot. */
export function setValue(
  document: Document,
  slot: string,
  element: number,
  value: number,
): Document {
  const values = document.values[slot]!;
  return { ...document, values: { ...document.values, [slot]: values.with(element, value) } };
}

/** The operation with its part on wire `from` on wire `to`; what stands on `to` goes to `from`. */
export function rewired(op: Op, from: number, to: number): Op {
  return withQubits(op, (qubit) => (qubit === from ? to : qubit === to ? from : qubit));
}

/** Adds a control on `qubit`, changes its value, or with `undefined` removes it. */
export function withControl(op: GateOp, qubit: number, value: 0 | 1 | undefined): GateOp {
  const others: readonly Control[] = op.controls.filter((control) => control.qubit !== qubit);
  return { ...op, controls: value === undefined ? others : [...others, { qubit, value }] };
}

/** One qubit more, at the bottom. */
export function addQubit(document: Document): Document {
  return withOps(document, document.circuit.ops, document.circuit.qubits + 1);
}

/** Without a qubit and the operations on it. */
export function removeQubit(document: Document, qubit: number): Document {
  const ops = document.circuit.ops
    .filter((op) => !qubitsOf(op).includes(qubit))
    .map((op) => withQubits(op, (other) => (other > qubit ? other - 1 : other)));
  return withOps(document, ops, document.circuit.qubits - 1);
}

/**
 * A new operation of the palette with its first qubit on `wire` and the others below, or above where there is no room.
 *
 * @returns undefined where the circuit has too few qubits for it.
 */
export function newOp(document: Document, kind: string, wire: number): Op | undefined {
  const { qubits, ops } = document.circuit;
  if (kind === 'measure') {
    const taken = new Set(ops.flatMap(bitsOf));
    let bit = 0;
    while (taken.has(bit)) bit++;
    return { type: 'measure', qubit: wire, bit };
  }
  if (kind === 'reset') return { type: 'reset', qubits: [wire] };
  if (kind === 'barrier') {
    return { type: 'barrier', qubits: Array.from({ length: qubits }, (_, qubit) => qubit) };
  }
  const row = gate(kind);
  const count = row.qubits === 'any' ? 1 : row.qubits;
  if (count > qubits) return undefined;
  const below = Array.from({ length: count }, (_, i) => wire + i).filter((q) => q < qubits);
  const above = Array.from({ length: count - below.length }, (_, i) => wire - 1 - i);
  return {
    type: 'gate',
    gate: row.name,
    qubits: [...below, ...above],
    angles: row.parameters.map(() => Math.PI / 2),
    controls: [],
  };
}

/** Whether an operation acts on a qubit or is controlled by it. */
export function touches(op: Op, qubit: number): boolean {
  return qubitsOf(op).includes(qubit);
}

/** The uppermost qubit of an operation. */
export function firstQubit(op: Op): number {
  return Math.min(...qubitsOf(op));
}

/** @throws UnsupportedError for a circuit that is too large to be shown. */
export function checkSize({ qubits, ops }: Circuit): void {
  if (qubits > MAX_QUBITS) {
    throw new UnsupportedError(`the program has ${qubits} qubits`, {
      remedy: `This page shows at most ${MAX_QUBITS}; the library itself runs many more`,
    });
  }
  if (ops.length > MAX_OPS) {
    throw new UnsupportedError(`the program has ${ops.length} operations`, {
      remedy: `This page shows at most ${MAX_OPS}; the library itself runs many more`,
    });
  }
}
