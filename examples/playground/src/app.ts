// The page around the views: tabs, undo, sharing, and one rendering per frame.
import { KetworkError } from '@ketwork/base';
import { cpu } from '@ketwork/simulator';
import { html, nothing, render } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { COLUMN, NAMES, board, boardKey } from './circuit/board.ts';
import { MAX_QUBITS } from './circuit/document.ts';
import { Dragging } from './circuit/drag.ts';
import { Editor, messageOf } from './circuit/editor.ts';
import { examples } from './circuit/examples.ts';
import { inspector, parameters } from './circuit/inspector.ts';
import { paletteView } from './circuit/palette.ts';
import { program } from './circuit/program.ts';
import { results } from './circuit/results.ts';
import { pack, unpack } from './circuit/share.ts';
import { icon } from './ui/icons.ts';
import type { LazyView } from './ui/lazy-view.ts';

const TABS = [
  { id: 'circuit', label: 'Circuit' },
  { id: 'train', label: 'Train' },
  { id: 'bench', label: 'Bench' },
] as const;
type Tab = (typeof TABS)[number]['id'];

/** Milliseconds without an edit after which the address is renewed; browsers limit how often that may happen. */
const ADDRESS_DELAY = 400;

/** Starts the page in an element. */
export async function start(root: HTMLElement): Promise<void> {
  await new App(root).open();
}

class App {
  readonly #root: HTMLElement;
  #editor!: Editor;
  #tab: Tab = 'circuit';
  #notice: string | undefined;
  #shared = false;
  #leastColumns = 8;
  #frame: number | undefined;
  #addressTimer: ReturnType<typeof setTimeout> | undefined;
  #packed = '';
  readonly #views = new Map<Tab, LazyView>();

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  async open(): Promise<void> {
    const engine = await cpu();
    this.#root.replaceChildren();
    this.#editor = new Editor(examples[0]!.make(), engine, () => this.#changed());
    await this.#fromAddress();
    this.#draw();
    new Dragging(this.#editor, this.#root, () => this.#schedule()).listen();
    this.#root.addEventListener('keydown', (event) => this.#key(event));
    addEventListener('hashchange', () => void this.#fromAddress());
    new ResizeObserver(() => this.#measure()).observe(this.#root);
    this.#measure();
    document.documentElement.dataset['ready'] = 'yes';
    if (import.meta.env.PROD) await navigator.serviceWorker?.register('./offline.js');
  }

  // Rendering.

  #changed(): void {
    this.#schedule();
    clearTimeout(this.#addressTimer);
    this.#addressTimer = setTimeout(() => void this.#toAddress(), ADDRESS_DELAY);
  }

  #schedule(): void {
    if (this.#frame !== undefined) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#draw();
    });
  }

  #draw(): void {
    const board = document.activeElement?.closest('.board');
    render(this.#page(), this.#root);
    // The focus follows the cursor of the board.
    if (board) this.#focusCursor();
  }

  #focusCursor(): void {
    this.#root.querySelector<HTMLElement>('.board [tabindex="0"]')?.focus();
  }

  #measure(): void {
    const window = this.#root.querySelector('.boardwindow');
    if (window === null || window.clientWidth === 0) return;
    const least = Math.max(4, Math.floor((window.clientWidth - NAMES) / COLUMN));
    if (least === this.#leastColumns) return;
    this.#leastColumns = least;
    this.#schedule();
  }

  #page(): TemplateResult {
    const editor = this.#editor;
    return html`
      <header>
        <h1>${icon('brand')}<span>Ketwork</span> <span class="soft">playground</span></h1>
        <div
          class="tabs"
          role="tablist"
          aria-label="Views"
          @keydown=${(event: KeyboardEvent) => this.#walkTabs(event)}
        >
          ${TABS.map(
            ({ id, label }) =>
              html`<button
                type="button"
                role="tab"
                id="tab-${id}"
                aria-controls="view-${id}"
                aria-selected=${this.#tab === id}
                tabindex=${this.#tab === id ? 0 : -1}
                @click=${() => void this.#show(id)}
              >
                ${label}
              </button>`,
          )}
        </div>
        <div class="actions">
          <button
            type="button"
            class="plain icon"
            aria-label="Undo"
            title="Undo (Ctrl+Z)"
            ?disabled=${this.#tab !== 'circuit' || !editor.canUndo}
            @click=${() => editor.undo()}
          >
            ${icon('undo')}
          </button>
          <button
            type="button"
            class="plain icon"
            aria-label="Redo"
            title="Redo (Ctrl+Shift+Z)"
            ?disabled=${this.#tab !== 'circuit' || !editor.canRedo}
            @click=${() => editor.redo()}
          >
            ${icon('redo')}
          </button>
          <button
            type="button"
            class="plain share"
            title="Copy the address of this circuit"
            @click=${() => void this.#share()}
          >
            ${icon(this.#shared ? 'check' : 'link')}<span
              >${this.#shared ? 'Copied' : 'Share'}</span
            >
          </button>
        </div>
      </header>
      ${
        this.#notice === undefined
          ? nothing
          : html`<div class="notice" role="alert">
              <span>${this.#notice}</span>
              <button
                type="button"
                class="plain icon"
                aria-label="Close"
                @click=${() => this.#tell(undefined)}
              >
                ${icon('close')}
              </button>
            </div>`
      }
      <main>
        <div
          id="view-circuit"
          role="tabpanel"
          aria-labelledby="tab-circuit"
          ?hidden=${this.#tab !== 'circuit'}
        >
          ${this.#circuitView()}
        </div>
        ${(['train', 'bench'] as const).map(
          (id) =>
            html`<div
              id="view-${id}"
              role="tabpanel"
              aria-labelledby="tab-${id}"
              ?hidden=${this.#tab !== id}
            >
              ${this.#views.get(id)?.element ?? html`<p class="starting">Loading …</p>`}
            </div>`,
        )}
      </main>
      <p class="aloud" aria-live="polite">${editor.announcement}</p>
    `;
  }

  #circuitView(): TemplateResult {
    const editor = this.#editor;
    const { qubits, ops } = editor.document.circuit;
    return html`<div class="columns editor">
      <div class="column">
        <section class="card" aria-label="Palette">${paletteView(editor)}</section>
        <section class="card" aria-label="Board">
          <div class="cardhead">
            <h2>Circuit</h2>
            <button
              type="button"
              class="plain icon"
              aria-label="Remove the last qubit"
              title="Remove the last qubit"
              ?disabled=${qubits <= 1}
              @click=${() => editor.removeQubit()}
            >
              ${icon('minus')}
            </button>
            <output class="count">${qubits} ${qubits === 1 ? 'qubit' : 'qubits'}</output>
            <button
              type="button"
              class="plain icon"
              aria-label="Add a qubit"
              title="Add a qubit"
              ?disabled=${qubits >= MAX_QUBITS}
              @click=${() => editor.addQubit()}
            >
              ${icon('plus')}
            </button>
            <span class="space"></span>
            <select
              class="plain"
              aria-label="Open an example"
              @change=${(event: Event) => this.#example(event)}
            >
              <option value="">Examples …</option>
              ${examples.map(({ name }, i) => html`<option value=${i}>${name}</option>`)}
            </select>
            <button
              type="button"
              class="plain"
              ?disabled=${ops.length === 0}
              @click=${() => editor.clear()}
            >
              Clear
            </button>
          </div>
          <div
            class="boardwindow"
            @click=${(event: MouseEvent) => this.#tapped(event)}
            @keydown=${(event: KeyboardEvent) => this.#boardKey(event)}
          >
            ${board(editor, this.#leastColumns)}
          </div>
          <div class="inspector" aria-label="Selected operation" role="region">
            ${inspector(editor)}
          </div>
        </section>
      </div>
      <div class="column side">${results(editor.result, editor.failure)}</div>
      <div class="column more">${parameters(editor)} ${program(editor)}</div>
    </div>`;
  }

  // The board.

  #tapped(event: MouseEvent): void {
    const cell = (event.target as Element).closest<HTMLElement>('[data-column]');
    if (cell === null) return;
    const place = { wire: Number(cell.dataset['wire']), column: Number(cell.dataset['column']) };
    if (this.#editor.armed === undefined) this.#editor.moveCursor(place.wire, place.column);
    else this.#editor.place(this.#editor.armed, place);
    this.#draw();
    this.#focusCursor();
  }

  #boardKey(event: KeyboardEvent): void {
    const editor = this.#editor;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      if (editor.armed !== undefined) editor.place(editor.armed, editor.cursor, true);
      else {
        // A gate that was just placed is behind the cursor, and its fields are in sight.
        const { wire, column } = editor.cursor;
        if (editor.selected === undefined || editor.opAtCursor !== undefined)
          editor.moveCursor(wire, column);
        this.#draw();
        const field =
          this.#root.querySelector<HTMLElement>('.inspected input, .inspected select') ??
          this.#root.querySelector<HTMLElement>('.inspected button') ??
          this.#root.querySelector<HTMLElement>('.palette [tabindex="0"]');
        field?.focus();
      }
    } else if (boardKey(editor, event)) event.preventDefault();
  }

  #example(event: Event): void {
    const select = event.target as HTMLSelectElement;
    const chosen = examples[Number(select.value)];
    if (select.value !== '' && chosen !== undefined) {
      this.#editor.open(chosen.make(), `Opened ${chosen.name}`);
    }
    select.value = '';
  }

  // Keys of the whole page.

  #key(event: KeyboardEvent): void {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    // A text field has an undo of its own.
    if ((event.target as Element).matches('textarea, input[type="text"]')) return;
    const key = event.key.toLowerCase();
    if (key !== 'z' && key !== 'y') return;
    // The browser would undo what was typed into the program, wherever the focus is.
    event.preventDefault();
    // What cannot be seen is not undone.
    if (this.#tab !== 'circuit') return;
    if (key === 'y' || event.shiftKey) this.#editor.redo();
    else this.#editor.undo();
  }

  #walkTabs(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const at = TABS.findIndex(({ id }) => id === this.#tab);
    const next = TABS[(at + step + TABS.length) % TABS.length]!.id;
    event.preventDefault();
    void this.#show(next);
    this.#root.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  }

  async #show(tab: Tab): Promise<void> {
    this.#tab = tab;
    this.#draw();
    if (tab === 'circuit') {
      this.#measure();
      return;
    }
    if (!this.#views.has(tab)) {
      try {
        const { view } = await (tab === 'train'
          ? import('./train/view.ts')
          : import('./bench/view.ts'));
        const made = await view();
        // The tab may have been left and entered again in the meantime.
        if (!this.#views.has(tab)) this.#views.set(tab, made);
      } catch (error) {
        this.#tell(`This view cannot be loaded: ${messageOf(error)}. Open the tab again to retry.`);
        return;
      }
      this.#draw();
    }
    this.#views.get(tab)!.shown();
  }

  // The address.

  async #toAddress(): Promise<void> {
    this.#packed = await pack(this.#editor.document);
    history.replaceState(null, '', `#${this.#packed}`);
  }

  async #fromAddress(): Promise<void> {
    const text = location.hash.slice(1);
    if (text === '' || text === this.#packed) return;
    try {
      this.#editor.open(await unpack(text), 'Opened the circuit of the address');
      this.#packed = text;
    } catch (error) {
      if (!(error instanceof KetworkError)) throw error;
      this.#tell(messageOf(error));
    }
  }

  async #share(): Promise<void> {
    await this.#toAddress();
    try {
      await navigator.clipboard.writeText(location.href);
      this.#shared = true;
    } catch {
      this.#tell('The address of this page now holds the circuit; copy it from the address bar.');
    }
    this.#draw();
    setTimeout(() => {
      this.#shared = false;
      this.#schedule();
    }, 1600);
  }

  #tell(notice: string | undefined): void {
    this.#notice = notice === undefined ? undefined : notice[0]!.toUpperCase() + notice.slice(1);
    this.#schedule();
  }
}
