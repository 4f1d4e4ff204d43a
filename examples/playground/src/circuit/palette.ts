// The palette: a toolbar of chips. Drag one, or tap it and then a place; with the keyboard Enter puts it where the
// board's cursor is.
import { html } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { palette, paletteItems } from './catalog.ts';
import type { Editor } from './editor.ts';

/** The chip that Tab reaches. */
let current = 0;

/** The palette of the editor. */
export function paletteView(editor: Editor): TemplateResult {
  let place = 0;
  return html`<div
    class="palette"
    role="toolbar"
    aria-label="Gates"
    @keydown=${walk}
    @click=${(event: MouseEvent) => pressed(editor, event)}
  >
    ${palette.map(
      (group) =>
        html`<div class="group" role="group" aria-label=${group.name}>
          <span class="groupname" aria-hidden="true">${group.name}</span>
          <div class="chips">
            ${group.items.map(
              (entry) =>
                html`<button
                  type="button"
                  class="chip ${group.name === 'Rotations' || /^(CRY|CP|RZZ)$/.test(entry.kind) ? 'weight' : ''}"
                  data-kind=${entry.kind}
                  tabindex=${place++ === current ? 0 : -1}
                  title="${entry.title}${entry.key === undefined ? '' : ` (key ${entry.key.toUpperCase()})`}"
                  aria-label=${entry.title}
                  aria-pressed=${editor.armed === entry.kind}
                >
                  ${entry.label}
                </button>`,
            )}
          </div>
        </div>`,
    )}
  </div>`;
}

function pressed(editor: Editor, event: MouseEvent): void {
  const chip = (event.target as Element).closest<HTMLElement>('[data-kind]');
  if (chip === null) return;
  const kind = chip.dataset['kind']!;
  current = paletteItems.findIndex((entry) => entry.kind === kind);
  // A click that no pointer made: Enter or Space.
  if (event.detail === 0) editor.place(kind, editor.cursor, kind !== 'control');
  else editor.arm(editor.armed === kind ? undefined : kind);
}

function walk(event: KeyboardEvent): void {
  const toolbar = event.currentTarget as HTMLElement;
  const chips = [...toolbar.querySelectorAll<HTMLElement>('[data-kind]')];
  const at = chips.indexOf(document.activeElement as HTMLElement);
  if (at < 0) return;
  const next = {
    ArrowRight: at + 1,
    ArrowLeft: at - 1,
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    Home: 0,
    End: chips.length - 1,
  }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  current = (next + chips.length) % chips.length;
  chips.forEach((chip, i) => {
    chip.tabIndex = i === current ? 0 : -1;
  });
  chips[current]!.focus();
}
