import { Canvas } from './canvas.ts';
import { extent, layoutOf, pagesOf } from './layout.ts';
import type { Layout, Placement } from './layout.ts';
import type { Mark } from './marks.ts';
import type { Circuit } from '../types.ts';

/** Options of {@link draw}. */
export interface DrawOptions {
  /** Greatest number of characters per line; longer drawings are folded. 0 or Infinity: never fold. Default 100. */
  readonly width?: number;
}

// Row of a wire's line; rows between wires are shared by the boxes above and below.
const rowOf = (wire: number): number => 2 * wire + 1;

/**
 * Draws a circuit as text: time runs from left to right, qubit 0 is the top wire, which is the leftmost letter of a
 * ket |q0 q1 …⟩. Boxes are gates, `■` and `○` controls on 1 and 0, `X` on a bare wire a swapped qubit, `M` a measurement
 * into the bit written below the double classical wire, `░` a barrier, `|0⟩` a reset. Digits inside a box on several
 * wires give the order of its qubits. Angles are in radians with three significant digits, multiples of π by name,
 * slot elements as `w[1,2,0]`; `w[1,2,:]` stands for all of a row.
 *
 * @returns Lines joined by `\n`, without a newline at the end. Folded lines end with `»` and go on after `«`.
 * @example
 * ```ts
 * import { circuit, draw } from '@ketwork/circuit';
 * const bell = circuit(2, (q) => {
 *   q.h(0);
 *   q.cnot(0, 1);
 * });
 * console.log(draw(bell));
 * //     ┌───┐
 * // q0: ┤ H ├──■──
 * //     └───┘┌─┴─┐
 * // q1: ─────┤ X ├
 * //          └───┘
 * ```
 */
export function draw(circuit: Circuit, options: DrawOptions = {}): string {
  const limit =
    options.width === undefined
      ? 100
      : options.width > 0
        ? options.width
        : Number.POSITIVE_INFINITY;
  const layout = layoutOf(circuit);
  const names = labelsOf(layout);
  const margin = Math.max(...names.map((name) => name.length));
  const widths = new Array<number>(layout.columns).fill(3);
  for (const placement of layout.placements) {
    widths[placement.column] = Math.max(widths[placement.column]!, widthOf(placement));
  }
  const total = widths.reduce((sum, width) => sum + width, margin);
  // Folded pages give up two characters to the marks of the fold.
  const pages = pagesOf(
    widths,
    total <= limit ? Number.POSITIVE_INFINITY : Math.max(1, limit - margin - 2),
  );
  return pages
    .flatMap(([first, end], page) => {
      const lines = pageLines(layout, names, margin, widths.slice(first, end), first);
      const before = page > 0 ? '«' : '';
      const after = page < pages.length - 1 ? '»' : '';
      const kept = lines.filter((line, i) => (i > 0 && i < lines.length - 1) || line.trim() !== '');
      return kept.map((line) => (before + line + after).trimEnd());
    })
    .join('\n');
}

function labelsOf(layout: Layout): string[] {
  const names = Array.from({ length: layout.qubits }, (_, qubit) => `q${qubit}: `);
  if (layout.bits > 0) names.push(`c: ${layout.bits}/`);
  const width = Math.max(...names.map((name) => name.length));
  return names.map((name, i) =>
    i < layout.qubits ? name.padStart(width) : name.padEnd(width, '═'),
  );
}

function boxText(mark: Extract<Mark, { kind: 'box' }>): string {
  return mark.angles === '' ? mark.name : `${mark.name}(${mark.angles})`;
}

function pinWidth(mark: Extract<Mark, { kind: 'box' }>): number {
  return Math.max(0, ...mark.pins.map((pin) => pin.text.length));
}

function markWidth(mark: Mark): number {
  switch (mark.kind) {
    case 'box':
      return [...boxText(mark)].length + pinWidth(mark) + 4;
    case 'not':
      return 5;
    case 'meter':
      return mark.postselect === undefined ? 3 : 5;
    case 'reset':
      return 5;
    case 'control':
    case 'swap':
    case 'barrier':
      return 3;
  }
}

function widthOf(placement: Placement): number {
  const label = placement.classical === undefined ? 0 : placement.classical.label.length + 1;
  return Math.max(label, ...placement.marks.map(markWidth));
}

function pageLines(
  layout: Layout,
  names: readonly string[],
  margin: number,
  widths: readonly number[],
  first: number,
): string[] {
  const starts: number[] = [];
  let width = margin;
  for (const column of widths) {
    starts.push(width);
    width += column;
  }
  const { qubits, bits } = layout;
  const canvas = new Canvas(width, rowOf(qubits) + (bits > 0 ? 2 : 0));
  names.forEach((name, wire) => {
    canvas.write(0, rowOf(wire), name);
    if (width > margin)
      canvas.horizontal(rowOf(wire), margin, width - 1, wire < qubits ? 1 : 2, true);
  });
  // Barriers last: they fill the rows between wires only where nothing else is.
  const inOrder = [...layout.placements].sort(
    (a, b) => Number(a.tone === 'barrier') - Number(b.tone === 'barrier'),
  );
  for (const placement of inOrder) {
    const column = placement.column - first;
    if (column < 0 || column >= widths.length) continue;
    drawPlacement(canvas, placement, starts[column]! + ((widths[column]! - 1) >> 1), qubits);
  }
  return canvas.lines();
}

/** Rows at which a vertical line meets a mark, from above and from below. */
function rowsOf(mark: Mark): readonly [top: number, bottom: number] {
  const [top, bottom] = extent(mark);
  const edge = mark.kind === 'box' || mark.kind === 'not' || mark.kind === 'meter' ? 1 : 0;
  return [rowOf(top) - edge, rowOf(bottom) + edge];
}

function drawPlacement(
  canvas: Canvas,
  placement: Placement,
  centre: number,
  classicalWire: number,
): void {
  const { marks, classical } = placement;
  for (const mark of marks) drawMark(canvas, mark, centre);
  if (placement.linked) {
    marks
      .slice(1)
      .forEach((mark, i) => canvas.vertical(centre, rowsOf(marks[i]!)[1], rowsOf(mark)[0]));
  }
  if (classical !== undefined) {
    const row = rowOf(classicalWire);
    canvas.vertical(centre, rowsOf(marks.at(-1)!)[1], row, 2);
    canvas.write(centre - ((classical.label.length - 1) >> 1), row + 1, classical.label);
  }
}

function drawMark(canvas: Canvas, mark: Mark, centre: number): void {
  const [top, bottom] = rowsOf(mark);
  const left = centre - ((markWidth(mark) - 1) >> 1);
  const right = left + markWidth(mark) - 1;
  switch (mark.kind) {
    case 'box': {
      canvas.frame(left, top, right, bottom);
      for (const pin of mark.pins) canvas.write(left + 1, rowOf(pin.wire), pin.text);
      const indent = pinWidth(mark) + 2;
      canvas.write(left + indent, (top + bottom) >> 1, boxText(mark));
      break;
    }
    case 'not':
      canvas.frame(left, top, right, bottom);
      canvas.write(centre, rowOf(mark.wire), 'X');
      break;
    case 'meter':
      canvas.frame(left, top, right, bottom);
      canvas.write(
        left + 1,
        rowOf(mark.wire),
        mark.postselect === undefined ? 'M' : `M=${mark.postselect}`,
      );
      break;
    case 'reset':
      canvas.write(left + 1, rowOf(mark.wire), '|0⟩');
      break;
    case 'control':
      canvas.write(centre, rowOf(mark.wire), mark.value === 1 ? '■' : '○');
      break;
    case 'swap':
      canvas.write(centre, rowOf(mark.wire), 'X');
      break;
    case 'barrier':
      for (const row of [top - 1, top, top + 1]) {
        if (row === top || canvas.isEmpty(centre, row)) canvas.write(centre, row, '░');
      }
      break;
  }
}
