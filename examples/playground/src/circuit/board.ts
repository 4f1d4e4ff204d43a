// The board: wires and gates as a drawing, and on top of it a grid of cells for pointer, keyboard and screen reader.
import { html, svg } from 'lit-html';
import type { SVGTemplateResult, TemplateResult } from 'lit-html';
import { paletteItems } from './catalog.ts';
import { layoutOf, opAt } from './columns.ts';
import type { Placement } from './columns.ts';
import type { Cell, Editor } from './editor.ts';
import { drawingOf } from './marks.ts';
import type { Drawing, Mark } from './marks.ts';

/** Width of a column, in pixels; the style sheet has the same numbers. */
export const COLUMN = 56;
/** Height of a wire's row. */
const ROW = 52;
/** Width of the wires' names. */
export const NAMES = 40;
const BOX = 38;

const x = (column: number): number => NAMES + column * COLUMN + COLUMN / 2;
const y = (wire: number): number => wire * ROW + ROW / 2;

/** The cell of the board at a point of the screen; undefined outside. */
export function cellAt(
  editor: Editor,
  board: Element,
  clientX: number,
  clientY: number,
): Cell | undefined {
  const { left, top } = board.getBoundingClientRect();
  const column = Math.floor((clientX - left - NAMES) / COLUMN);
  const wire = Math.floor((clientY - top) / ROW);
  const { circuit } = editor.document;
  if (wire < 0 || wire >= circuit.qubits || clientX < left) return undefined;
  return { wire, column: Math.min(Math.max(column, 0), layoutOf(circuit).columns) };
}

/** The board of the editor, at least so many columns wide. */
export function board(editor: Editor, least: number): TemplateResult {
  const { circuit } = editor.document;
  const { placements, columns } = layoutOf(circuit);
  const shown = Math.max(columns + 1, least);
  const width = NAMES + shown * COLUMN;
  const height = circuit.qubits * ROW;
  const wires = Array.from({ length: circuit.qubits }, (_, wire) => wire);
  const steps = Array.from({ length: shown }, (_, column) => column);
  return html`<div
    class="board"
    role="grid"
    aria-label="Circuit"
    aria-rowcount=${circuit.qubits}
    aria-colcount=${columns + 1}
    data-armed=${editor.armed ?? ''}
    data-dragging=${editor.dragged === undefined ? '' : 'yes'}
  >
    <svg class="wires" width=${width} height=${height} aria-hidden="true">
      ${wires.map(
        (wire) =>
          svg`<line class="wire" x1=${NAMES} x2=${width} y1=${y(wire)} y2=${y(wire)} />
              <text class="name" x=${NAMES - 10} y=${y(wire) + 5}>q${wire}</text>`,
      )}
      ${circuit.ops.map((op, index) => {
        const place = placements[index]!;
        const state = [
          index === editor.selected ? 'selected' : '',
          isDragged(editor, index) ? 'dragged' : '',
        ];
        return picture(drawingOf(op, circuit.slots), place, state.join(' '));
      })}
      ${dropMark(editor)}
    </svg>
    ${wires.map(
      (wire) =>
        html`<div class="row" role="row" aria-rowindex=${wire + 1}>
          <span class="rowname" role="rowheader">qubit ${wire}</span>
          ${steps.map((column) => cell(editor, wire, column, columns))}
        </div>`,
    )}
  </div>`;
}

function cell(editor: Editor, wire: number, column: number, columns: number): TemplateResult {
  const { circuit } = editor.document;
  const index = opAt(circuit, wire, column);
  const here = editor.cursor.wire === wire && editor.cursor.column === column;
  const what = index === undefined ? 'empty' : drawingOf(circuit.ops[index]!, circuit.slots).title;
  return html`<div
    role="gridcell"
    class="cell"
    tabindex=${here ? 0 : -1}
    aria-colindex=${column + 1}
    aria-selected=${index !== undefined && index === editor.selected}
    aria-label="Qubit ${wire}, step ${column + 1}: ${what}"
    aria-hidden=${column > columns}
    data-wire=${wire}
    data-column=${column}
    data-op=${index ?? ''}
  ></div>`;
}

function isDragged(editor: Editor, index: number): boolean {
  const { dragged } = editor;
  return dragged !== undefined && 'index' in dragged && dragged.index === index;
}

/** Where what is dragged would go. */
function dropMark(editor: Editor): SVGTemplateResult | undefined {
  const { dragged, target } = editor;
  if (dragged === undefined || target === undefined) return undefined;
  const { circuit } = editor.document;
  const occupied = opAt(circuit, target.wire, target.column);
  const own = 'index' in dragged && occupied === dragged.index;
  if (occupied === undefined || own || ('kind' in dragged && dragged.kind === 'control')) {
    return svg`<rect class="drop" x=${x(target.column) - 22} y=${y(target.wire) - 22} width="44" height="44" rx="7" />`;
  }
  const behind =
    'index' in dragged && layoutOf(circuit).placements[dragged.index]!.column < target.column;
  const at = x(target.column) + (behind ? COLUMN / 2 : -COLUMN / 2);
  return svg`<line class="insert" x1=${at} x2=${at} y1=${y(target.wire) - 23} y2=${y(target.wire) + 23} />`;
}

/** One operation. */
function picture(drawing: Drawing, place: Placement, state: string): SVGTemplateResult {
  const at = x(place.column);
  const ends = drawing.marks.map((mark) => [
    mark.wire,
    mark.kind === 'box' ? mark.bottom : mark.wire,
  ]);
  const top = Math.min(...ends.map(([first]) => first!));
  const bottom = Math.max(...ends.map(([, last]) => last!));
  return svg`<g class="gate ${drawing.tone} ${state}">
    <rect class="halo" x=${at - 25} y=${y(top) - 24} width="50" height=${y(bottom) - y(top) + 48} rx="9" />
    ${drawing.linked && bottom > top ? svg`<line class="link" x1=${at} x2=${at} y1=${y(top)} y2=${y(bottom)} />` : ''}
    ${drawing.marks.map((mark) => markPicture(mark, at))}
    ${drawing.note === undefined ? '' : svg`<text class="note" x=${at} y=${y(bottom) + 15}>${drawing.note}</text>`}
  </g>`;
}

function markPicture(mark: Mark, at: number): SVGTemplateResult {
  const middle = y(mark.wire);
  switch (mark.kind) {
    case 'dot':
      return svg`<circle class="dot" cx=${at} cy=${middle} r="5" />`;
    case 'ring':
      return svg`<circle class="ring" cx=${at} cy=${middle} r="5" />`;
    case 'plus':
      return svg`<circle class="ring" cx=${at} cy=${middle} r="13" />
        <path class="stroke" d="M${at - 13} ${middle}h26M${at} ${middle - 13}v26" />`;
    case 'cross':
      return svg`<path class="stroke" d="M${at - 7} ${middle - 7}l14 14m0 -14l-14 14" />`;
    case 'fence':
      return svg`<rect class="fence" x=${at - 4} y=${middle - ROW / 2} width="8" height=${ROW} />`;
    case 'meter':
      return svg`<rect class="box" x=${at - BOX / 2} y=${middle - BOX / 2} width=${BOX} height=${BOX} rx="6" />
        <path class="stroke" d="M${at - 10} ${middle + 3}a10 10 0 0 1 20 0M${at} ${middle + 3}l8 -13" />`;
    case 'box': {
      const height = y(mark.bottom) - middle + BOX;
      const centre = (middle + y(mark.bottom)) / 2;
      const size = mark.text.length > 4 ? 'long' : mark.text.length > 2 ? 'medium' : '';
      return svg`<rect class="box" x=${at - BOX / 2 - 3} y=${middle - BOX / 2} width=${BOX + 6} height=${height} rx="6" />
        <text class="text ${size}" x=${at} y=${centre + (mark.small === '' ? 5 : -1)}>${mark.text}</text>
        ${mark.small === '' ? '' : svg`<text class="small" x=${at} y=${centre + 12}>${fitted(mark.small)}</text>`}`;
    }
  }
}

/** What of a box's small text fits into it: of several angles as many as do. */
function fitted(text: string): string {
  if (text.length <= 8) return text;
  const start = text.slice(0, 7);
  const comma = start.lastIndexOf(',');
  return comma < 0 ? `${start}…` : `${start.slice(0, comma)}, …`;
}

/** Keys of the board. Returns whether the key meant something. */
export function boardKey(editor: Editor, event: KeyboardEvent): boolean {
  const { wire, column } = editor.cursor;
  const arrows = {
    ArrowLeft: 'left',
    ArrowRight: 'right',
    ArrowUp: 'up',
    ArrowDown: 'down',
  } as const;
  const direction = arrows[event.key as keyof typeof arrows];
  if (direction !== undefined) {
    if (event.altKey) editor.nudge(direction);
    else {
      const across = direction === 'left' ? -1 : direction === 'right' ? 1 : 0;
      const down = direction === 'up' ? -1 : direction === 'down' ? 1 : 0;
      editor.moveCursor(wire + down, column + across);
    }
    return true;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  switch (event.key) {
    case 'Home':
      editor.moveCursor(wire, 0);
      return true;
    case 'End':
      editor.moveCursor(wire, layoutOf(editor.document.circuit).columns);
      return true;
    case 'Delete':
    case 'Backspace':
      if (editor.selected !== undefined) editor.remove(editor.selected);
      return true;
    case 'Escape':
      editor.arm(undefined);
      return true;
  }
  const entry = paletteItems.find((known) => known.key === event.key.toLowerCase());
  if (entry === undefined) return false;
  editor.place(entry.kind, { wire, column }, entry.kind !== 'control');
  return true;
}
