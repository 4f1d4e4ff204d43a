// The state of the circuit view and everything that changes it. Views read it and call its methods; it knows nothing of
// elements.
import { KetworkError } from '@ketwork/base';
import { QasmError, parseQasm, toQasm } from '@ketwork/qasm';
import { gate } from '@ketwork/circuit';
import type { GateOp, Op } from '@ketwork/circuit';
import type { Engine } from '@ketwork/simulator';
import { paletteItems } from './catalog.ts';
import { layoutOf, opAt } from './columns.ts';
import * as edit from './document.ts';
import type { Document, Edited } from './document.ts';
import { History } from './history.ts';
import { Live } from './live.ts';
import type { LiveResult } from './live.ts';
import { drawingOf } from './marks.ts';

/** A cell of the board. */
export interface Cell {
  readonly wire: number;
  readonly column: number;
}

/** What is being dragged: a chip of the palette, or an operation by its part on a wire. */
export type Dragged = { readonly kind: string } | { readonly index: number; readonly wire: number };

/** The program pane. */
export interface ProgramPane {
  readonly text: string;
  readonly version: 2 | 3;
  /** What is wrong with the text, or why the circuit has none. */
  readonly error?: Error;
  readonly notices: readonly string[];
}

/** What an error says, in one text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The circuit view. */
export class Editor {
  readonly #history: History<Document>;
  readonly #live: Live;
  readonly #changed: () => void;
  /** The selected operation. */
  selected: number | undefined;
  /** Where the keyboard is on the board. */
  cursor: Cell = { wire: 0, column: 0 };
  /** The chip that the next tap on the board places. */
  armed: string | undefined;
  dragged: Dragged | undefined;
  /** Cell under what is dragged. */
  target: Cell | undefined;
  program: ProgramPane;
  result: LiveResult | undefined;
  /** Why there is no result. */
  failure: Error | undefined;
  /** What was last done, read aloud. */
  announcement = '';
  /** What is wrong with the angle that was typed last, and where: a field's id. */
  wrongAngle: { readonly field: string; readonly typed: string } | undefined;

  constructor(document: Document, engine: Engine, changed: () => void) {
    this.#history = new History(document);
    this.#live = new Live(engine);
    this.#changed = changed;
    this.program = { text: '', version: 3, notices: [] };
    this.#refresh();
  }

  get document(): Document {
    return this.#history.present;
  }

  get canUndo(): boolean {
    return this.#history.canUndo;
  }

  get canRedo(): boolean {
    return this.#history.canRedo;
  }

  /** Index of the operation under the cursor. */
  get opAtCursor(): number | undefined {
    return opAt(this.document.circuit, this.cursor.wire, this.cursor.column);
  }

  get selectedOp(): Op | undefined {
    return this.selected === undefined ? undefined : this.document.circuit.ops[this.selected];
  }

  undo(): void {
    if (this.#history.undo()) this.#restored('Undone');
  }

  redo(): void {
    if (this.#history.redo()) this.#restored('Redone');
  }

  #restored(what: string): void {
    const { ops } = this.document.circuit;
    if (this.selected !== undefined && this.selected >= ops.length) this.selected = undefined;
    this.announcement = what;
    this.#refresh();
  }

  /** Opens another document, as one step that can be undone. */
  open(document: Document, announcement: string): void {
    this.#history.push(document);
    this.selected = undefined;
    this.cursor = { wire: 0, column: 0 };
    this.announcement = announcement;
    this.#refresh();
  }

  /** Ends a gesture such as dragging a slider. */
  settle(): void {
    this.#history.settle();
  }

  // The board.

  /** Moves the cursor, within the circuit and the first free column behind it. */
  moveCursor(wire: number, column: number): void {
    this.wrongAngle = undefined;
    const { circuit } = this.document;
    this.cursor = {
      wire: Math.max(0, Math.min(circuit.qubits - 1, wire)),
      column: Math.max(0, Math.min(layoutOf(circuit).columns, column)),
    };
    this.selected = opAt(circuit, this.cursor.wire, this.cursor.column);
    this.settle();
    this.#changed();
  }

  /** Selects an operation and puts the cursor on it. */
  select(index: number | undefined): void {
    this.wrongAngle = undefined;
    this.selected = index;
    if (index !== undefined) this.#cursorTo(index);
    this.#changed();
  }

  arm(kind: string | undefined): void {
    this.armed = kind;
    const entry = paletteItems.find((known) => known.kind === kind);
    this.announcement = entry === undefined ? '' : `${entry.title}: choose a place on the board`;
    this.#changed();
  }

  /** Puts a new operation of the palette into a cell. With `advance` the cursor goes on behind it. */
  place(kind: string, { wire, column }: Cell, advance = false): void {
    const { document } = this;
    if (kind === 'control') {
      this.#placeControl({ wire, column });
      return;
    }
    const op = edit.newOp(document, kind, wire);
    if (op === undefined) {
      this.#say(`${kind} needs more qubits than the circuit has`);
      return;
    }
    this.#apply(edit.insertOp(document, op, column));
    const index = this.selected!;
    this.#cursorTo(index, wire);
    const placed = layoutOf(this.document.circuit).placements[index]!;
    this.#say(`${drawingOf(op, []).title}, step ${placed.column + 1}`);
    if (advance) {
      this.cursor = { wire, column: placed.column + 1 };
      this.#changed();
    }
  }

  /** Gives the nearest gate of a column a control on a wire. */
  #placeControl({ wire, column }: Cell): void {
    const { ops } = this.document.circuit;
    const { placements } = layoutOf(this.document.circuit);
    const gates = placements
      .map((placement, index) => ({ ...placement, index, op: ops[index]! }))
      .filter((entry) => entry.column === column && entry.op.type === 'gate')
      .filter(({ op }) => !edit.touches(op, wire))
      .sort((a, b) => distance(a, wire) - distance(b, wire));
    const [nearest] = gates;
    if (nearest === undefined) {
      this.#say('There is no gate in this column that could be controlled from here');
      return;
    }
    this.#control(nearest.index, edit.withControl(nearest.op as GateOp, wire, 1));
  }

  /** Changes the control of the selected gate on a qubit: none, 1, 0. */
  cycleControl(qubit: number): void {
    const op = this.selectedOp;
    if (op?.type !== 'gate') return;
    const value = op.controls.find((control) => control.qubit === qubit)?.value;
    const next = value === undefined ? 1 : value === 1 ? 0 : undefined;
    this.#control(this.selected!, edit.withControl(op, qubit, next));
  }

  #control(index: number, op: GateOp): void {
    this.#apply(edit.replaceOp(this.document, index, op));
    this.#cursorTo(index);
    this.#say(drawingOf(op, this.document.circuit.slots).title);
  }

  /** Takes the part of an operation on `wire` to a cell. */
  moveTo(index: number, wire: number, to: Cell): void {
    const op = this.document.circuit.ops[index]!;
    const moved = wire === to.wire ? op : edit.rewired(op, wire, to.wire);
    this.#apply(edit.moveOp(this.document, index, to.column, moved));
    this.#cursorTo(this.selected!, to.wire);
    this.#say(drawingOf(moved, this.document.circuit.slots).title);
  }

  /** Moves the selected operation one step along its wires, or its part at the cursor one wire up or down. */
  nudge(direction: 'left' | 'right' | 'up' | 'down'): void {
    const { selected } = this;
    if (selected === undefined) return;
    if (direction === 'left' || direction === 'right') {
      this.#apply(edit.stepOp(this.document, selected, direction === 'left' ? -1 : 1));
      this.#cursorTo(this.selected!, this.cursor.wire);
    } else {
      const op = this.document.circuit.ops[selected]!;
      const to = this.cursor.wire + (direction === 'up' ? -1 : 1);
      if (to < 0 || to >= this.document.circuit.qubits || op.type === 'barrier') return;
      const from = edit.touches(op, this.cursor.wire) ? this.cursor.wire : edit.firstQubit(op);
      this.#apply(edit.replaceOp(this.document, selected, edit.rewired(op, from, to)));
      this.#cursorTo(this.selected!, to);
    }
    this.#sayWhere();
  }

  remove(index: number): void {
    const title = drawingOf(this.document.circuit.ops[index]!, this.document.circuit.slots).title;
    this.#apply(edit.removeOp(this.document, index));
    this.moveCursor(this.cursor.wire, this.cursor.column);
    this.#say(`Removed ${title}`);
  }

  duplicate(): void {
    if (this.selected === undefined) return;
    this.#apply(edit.duplicateOp(this.document, this.selected));
    this.#cursorTo(this.selected);
    this.#sayWhere();
  }

  /** Exchanges the wires of the selected operation's part and another part, or moves the part. */
  rewire(from: number, to: number): void {
    const op = this.selectedOp;
    if (op === undefined) return;
    this.#apply(edit.replaceOp(this.document, this.selected!, edit.rewired(op, from, to)));
    this.#cursorTo(this.selected!, to);
  }

  setAngle(which: number, value: number, gesture?: string): void {
    if (this.selected === undefined) return;
    this.#apply(edit.setAngle(this.document, this.selected, which, value), gesture);
  }

  /** Says of a field that no angle was typed there, until another one is. */
  refuseAngle(field: string, typed: string): void {
    this.wrongAngle = { field, typed };
    this.#changed();
  }

  setValue(slot: string, element: number, value: number, gesture?: string): void {
    const document = edit.setValue(this.document, slot, element, value);
    this.#apply({ document, selected: this.selected }, gesture);
  }

  addQubit(): void {
    if (this.document.circuit.qubits >= edit.MAX_QUBITS) return;
    this.#apply({ document: edit.addQubit(this.document), selected: this.selected });
    this.#say(`${this.document.circuit.qubits} qubits`);
  }

  removeQubit(): void {
    const { qubits } = this.document.circuit;
    if (qubits <= 1) return;
    this.#apply({ document: edit.removeQubit(this.document, qubits - 1), selected: undefined });
    this.moveCursor(this.cursor.wire, this.cursor.column);
    this.#say(`${qubits - 1} qubits`);
  }

  clear(): void {
    this.open(edit.emptyDocument(this.document.circuit.qubits), 'Empty circuit');
  }

  // The program.

  /** Reads the program as it is typed; the circuit stays as it is while the text is wrong. */
  type(text: string): void {
    const { version } = this.program;
    try {
      const { circuit, notices, version: written } = parseQasm(text, { version });
      edit.checkSize(circuit);
      this.program = { text, version: written, notices };
      const document = edit.documentOf(circuit, this.document.values);
      this.#history.push(document, 'program');
      this.selected = undefined;
      this.cursor = { wire: 0, column: 0 };
      this.#simulate();
    } catch (error) {
      if (!(error instanceof KetworkError)) throw error;
      this.program = { text, version, error, notices: [] };
    }
    this.#changed();
  }

  /** Writes the program in another version of the language. */
  setVersion(version: 2 | 3): void {
    this.program = { ...this.program, version };
    this.#write();
    this.#changed();
  }

  #write(): void {
    const { version } = this.program;
    try {
      this.program = { text: toQasm(this.document.circuit, { version }), version, notices: [] };
    } catch (error) {
      if (!(error instanceof KetworkError)) throw error;
      this.program = { text: '', version, error, notices: [] };
    }
  }

  // Common.

  #apply({ document, selected }: Edited, gesture?: string): void {
    this.#history.push(document, gesture);
    this.selected = selected;
    this.#refresh();
  }

  #refresh(): void {
    this.#write();
    this.#simulate();
    this.#changed();
  }

  #simulate(): void {
    this.wrongAngle = undefined;
    try {
      this.result = this.#live.run(this.document);
      this.failure = undefined;
    } catch (error) {
      if (!(error instanceof KetworkError)) throw error;
      this.result = undefined;
      this.failure = error;
    }
  }

  #cursorTo(index: number, wire?: number): void {
    const { column, top, bottom } = layoutOf(this.document.circuit).placements[index]!;
    const on = wire ?? this.cursor.wire;
    this.cursor = { wire: on >= top && on <= bottom ? on : top, column };
    this.#changed();
  }

  #say(text: string): void {
    this.announcement = text;
    this.#changed();
  }

  #sayWhere(): void {
    const op = this.selectedOp;
    if (op === undefined) return;
    const { title } = drawingOf(op, this.document.circuit.slots);
    this.#say(`${title}, step ${this.cursor.column + 1}`);
  }
}

function distance(place: { readonly top: number; readonly bottom: number }, wire: number): number {
  return Math.max(place.top - wire, wire - place.bottom, 0);
}

/** Names of a gate's own qubits, in its order. */
export function qubitRoles(op: GateOp): readonly string[] {
  const { controls } = gate(op.gate);
  const targets = op.qubits.length - controls;
  return op.qubits.map((_, i) => {
    if (i < controls) return controls === 1 ? 'control' : `control ${i + 1}`;
    if (controls > 0) return targets === 1 ? 'target' : `target ${i - controls + 1}`;
    return targets === 1 ? 'qubit' : `qubit ${i + 1}`;
  });
}

/** Where a program is wrong: line and column, counted from 1. */
export function placeOf(
  error: Error,
): { readonly line: number; readonly column: number } | undefined {
  return error instanceof QasmError ? { line: error.line, column: error.column } : undefined;
}
