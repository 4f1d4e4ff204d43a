import { marksOf } from './marks.ts';
import type { Mark, Marks, Tone } from './marks.ts';
import { conditionText, titleOf } from './titles.ts';
import { qubitsOf } from '../ops.ts';
import type { Circuit, ConditionalOp, Op, Slot } from '../types.ts';

/** One step of the drawing: what is drawn in one column for one operation. */
export interface Placement {
  /** Index of the operation in the circuit; inside a conditional `3.then.0`. */
  readonly path: string;
  readonly column: number;
  /** Whether this is the first and the last placement of its operation; a conditional has several. */
  readonly opens: boolean;
  readonly closes: boolean;
  /** The whole operation in words. */
  readonly title: string;
  readonly tone: Tone;
  /** From the top wire down. */
  readonly marks: readonly Mark[];
  /** Whether a vertical line joins the marks. */
  readonly linked: boolean;
  /** A double line from the lowest mark down to the classical wire. */
  readonly classical?: ClassicalLink;
}

/** How a placement meets the classical wire. */
export interface ClassicalLink {
  readonly kind: 'measure' | 'condition';
  /** Written at the classical wire: the bit, or the condition. */
  readonly label: string;
}

/** Where everything of a circuit is drawn, in columns and wires: shared by text and SVG. Wire `qubits` is the classical one. */
export interface Layout {
  readonly qubits: number;
  readonly bits: number;
  readonly columns: number;
  readonly placements: readonly Placement[];
}

/** The wires a mark covers, both ends included. */
export function extent(mark: Mark): readonly [top: number, bottom: number] {
  return mark.kind === 'box' ? [mark.top, mark.bottom] : [mark.wire, mark.wire];
}

/**
 * Puts every operation as far left as it can go without crossing another one. An operation whose marks are joined
 * occupies all wires between its topmost and its lowest one; one that meets the classical wire all wires below it too.
 */
export function layoutOf(circuit: Circuit): Layout {
  const planner = new Planner(circuit);
  circuit.ops.forEach((op, index) => planner.place(op, String(index)));
  return planner.finish();
}

class Planner {
  private readonly circuit: Circuit;
  private readonly slots: readonly Slot[];
  private readonly placements: Placement[] = [];
  // First free column of every qubit and, last, of the classical wire.
  private readonly front: number[];

  constructor(circuit: Circuit) {
    this.circuit = circuit;
    this.slots = circuit.slots;
    this.front = new Array<number>(circuit.qubits + 1).fill(0);
  }

  finish(): Layout {
    const { qubits, bits } = this.circuit;
    return { qubits, bits, columns: Math.max(0, ...this.front), placements: this.placements };
  }

  place(op: Op, path: string): void {
    if (op.type === 'conditional') this.conditional(op, path);
    else
      this.put(
        marksOf(op, this.slots),
        path,
        titleOf(op, this.slots),
        { opens: true, closes: true },
        linkOf(op),
      );
  }

  private put(
    drawn: Marks,
    path: string,
    title: string,
    ends: { readonly opens: boolean; readonly closes: boolean },
    classical?: ClassicalLink,
  ): void {
    const wires = this.occupied(drawn, classical !== undefined);
    const column = Math.max(0, ...wires.map((wire) => this.front[wire]!));
    for (const wire of wires) this.front[wire] = column + 1;
    const placement = {
      path,
      column,
      ...ends,
      title,
      tone: drawn.tone,
      marks: drawn.marks,
      linked: drawn.linked,
    };
    this.placements.push(classical === undefined ? placement : { ...placement, classical });
  }

  private occupied(drawn: Marks, classical: boolean): number[] {
    const extents = drawn.marks.map(extent);
    if (!drawn.linked && !classical) return extents.flatMap(([top, bottom]) => range(top, bottom));
    const top = Math.min(...extents.map(([first]) => first));
    const bottom = Math.max(...extents.map(([, last]) => last));
    return range(top, classical ? this.circuit.qubits : bottom);
  }

  private conditional(op: ConditionalOp, path: string): void {
    const title = titleOf(op, this.slots);
    const link = { kind: 'condition', label: conditionText(op.condition) } as const;
    const only = op.then[0];
    // One plain gate under a condition is drawn as that gate with a line to the classical wire.
    if (
      op.then.length === 1 &&
      op.otherwise.length === 0 &&
      op.repeat === undefined &&
      only !== undefined &&
      (only.type === 'gate' ||
        only.type === 'matrix' ||
        only.type === 'evolution' ||
        only.type === 'statePreparation')
    ) {
      this.put(marksOf(only, this.slots), path, title, { opens: true, closes: true }, link);
      return;
    }
    const wires = qubitsOf(op);
    const top = wires.length === 0 ? 0 : Math.min(...wires);
    const bottom = wires.length === 0 ? this.circuit.qubits - 1 : Math.max(...wires);
    const bracket = (name: string): Marks => ({
      marks: [{ kind: 'box', top, bottom, name, angles: '', pins: [] }],
      linked: true,
      tone: 'classical',
    });
    const head = op.repeat === undefined ? 'If' : `While ≤${op.repeat}`;
    this.put(bracket(head), path, title, { opens: true, closes: false }, link);
    op.then.forEach((inner, index) => this.place(inner, `${path}.then.${index}`));
    if (op.otherwise.length > 0) {
      this.put(bracket('Else'), path, title, { opens: false, closes: false });
      op.otherwise.forEach((inner, index) => this.place(inner, `${path}.otherwise.${index}`));
    }
    this.put(bracket('End'), path, title, { opens: false, closes: true });
  }
}

function linkOf(op: Op): ClassicalLink | undefined {
  return op.type === 'measure' ? { kind: 'measure', label: String(op.bit) } : undefined;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/**
 * Breaks columns into pages no wider than `available`, as many columns as fit on each; a column wider than that gets a
 * page of its own.
 *
 * @returns First column and column after the last, per page; at least one page.
 */
export function pagesOf(
  widths: readonly number[],
  available: number,
): [first: number, end: number][] {
  const pages: [number, number][] = [];
  let first = 0;
  let used = 0;
  widths.forEach((width, column) => {
    if (column > first && used + width > available) {
      pages.push([first, column]);
      first = column;
      used = 0;
    }
    used += width;
  });
  pages.push([first, widths.length]);
  return pages;
}
