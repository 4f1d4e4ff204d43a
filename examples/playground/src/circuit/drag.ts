// Dragging with mouse, pen or finger: chips onto the board, operations across it or out of it.
import { cellAt } from './board.ts';
import { layoutOf } from './columns.ts';
import { touches } from './document.ts';
import type { Dragged, Editor } from './editor.ts';

/** Pixels a pointer may shake before a press becomes a drag. */
const SLACK = 6;
/** Pixels from the edge of the board's window where dragging scrolls it. */
const EDGE = 40;

/** Listens to the elements of the circuit view, which carry `data-kind` (chips) and `data-op` (cells). */
export class Dragging {
  readonly #editor: Editor;
  readonly #root: HTMLElement;
  readonly #render: () => void;
  #pressed:
    | {
        readonly id: number;
        readonly x: number;
        readonly y: number;
        readonly what: Dragged;
        readonly from: HTMLElement;
      }
    | undefined;
  #ghost: HTMLElement | undefined;
  /** Whether the click that follows the release belongs to a drag. */
  #dragged = false;

  constructor(editor: Editor, root: HTMLElement, render: () => void) {
    this.#editor = editor;
    this.#root = root;
    this.#render = render;
  }

  /** Begins to listen. */
  listen(): void {
    const root = this.#root;
    root.addEventListener('pointerdown', (event) => this.#down(event));
    root.addEventListener('pointermove', (event) => this.#move(event));
    root.addEventListener('pointerup', (event) => this.#up(event));
    root.addEventListener('pointercancel', () => this.#end());
    root.addEventListener('click', (event) => this.#click(event), true);
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.#editor.dragged !== undefined) this.#end();
    });
  }

  #down(event: PointerEvent): void {
    this.#dragged = false;
    if (event.button !== 0 || this.#pressed !== undefined) return;
    const from = (event.target as HTMLElement).closest<HTMLElement>('[data-kind],[data-op]');
    const what = from === null ? undefined : this.#meant(from);
    if (from === null || what === undefined) return;
    this.#pressed = { id: event.pointerId, x: event.clientX, y: event.clientY, what, from };
  }

  #meant({ dataset }: HTMLElement): Dragged | undefined {
    if (dataset['kind'] !== undefined) return { kind: dataset['kind'] };
    if (dataset['op'] === undefined || dataset['op'] === '') return undefined;
    const index = Number(dataset['op']);
    const wire = Number(dataset['wire']);
    const op = this.#editor.document.circuit.ops[index]!;
    const { top } = layoutOf(this.#editor.document.circuit).placements[index]!;
    return { index, wire: touches(op, wire) ? wire : top };
  }

  #move(event: PointerEvent): void {
    const pressed = this.#pressed;
    if (pressed === undefined || event.pointerId !== pressed.id) return;
    const editor = this.#editor;
    if (editor.dragged === undefined) {
      if (Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < SLACK) return;
      editor.dragged = pressed.what;
      editor.armed = undefined;
      this.#root.setPointerCapture(pressed.id);
      this.#ghost = ghostOf(editor, pressed.what);
    }
    this.#ghost?.style.setProperty('translate', `${event.clientX}px ${event.clientY}px`);
    const board = this.#root.querySelector('.board')!;
    this.#scroll(board.parentElement!, event.clientX, event.clientY);
    editor.target = cellAt(editor, board, event.clientX, event.clientY);
    const out = 'index' in pressed.what && editor.target === undefined;
    this.#ghost?.classList.toggle('out', out);
    this.#render();
  }

  #scroll(around: Element, x: number, y: number): void {
    const { left, right } = around.getBoundingClientRect();
    if (x > right - EDGE) around.scrollLeft += 12;
    else if (x < left + EDGE) around.scrollLeft -= 12;
    if (y > innerHeight - EDGE) scrollBy(0, 12);
    else if (y < EDGE) scrollBy(0, -12);
  }

  #up(event: PointerEvent): void {
    if (this.#pressed?.id !== event.pointerId) return;
    const editor = this.#editor;
    const { dragged, target } = editor;
    this.#end();
    if (dragged === undefined) return;
    this.#dragged = true;
    if ('kind' in dragged) {
      if (target !== undefined) editor.place(dragged.kind, target);
    } else if (target === undefined) editor.remove(dragged.index);
    else editor.moveTo(dragged.index, dragged.wire, target);
  }

  #end(): void {
    this.#pressed = undefined;
    this.#ghost?.remove();
    this.#ghost = undefined;
    this.#editor.dragged = undefined;
    this.#editor.target = undefined;
    this.#render();
  }

  /** A drag is no click. */
  #click(event: MouseEvent): void {
    if (!this.#dragged) return;
    this.#dragged = false;
    event.stopPropagation();
    event.preventDefault();
  }
}

/** What hangs at the pointer. */
function ghostOf(editor: Editor, what: Dragged): HTMLElement {
  const ghost = document.createElement('div');
  ghost.className = 'ghost';
  ghost.setAttribute('aria-hidden', 'true');
  const op = 'index' in what ? editor.document.circuit.ops[what.index]! : undefined;
  ghost.textContent =
    'kind' in what
      ? (document.querySelector(`[data-kind="${what.kind}"]`)?.textContent ?? what.kind).trim()
      : op!.type === 'gate'
        ? op!.gate
        : op!.type;
  document.body.append(ghost);
  return ghost;
}
