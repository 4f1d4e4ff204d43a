// Icons, drawn with lines of the text's colour.
import { html } from 'lit-html';
import type { TemplateResult } from 'lit-html';

const PATHS = {
  brand: 'M7 4v16M11 4l6 8-6 8M20 4v16',
  undo: 'M9 7L4 12l5 5M4.5 12H14a6 6 0 0 1 6 6',
  redo: 'M15 7l5 5-5 5M19.500 12H10a6 6 0 0 0-6 6',
  link: 'M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.700-5.700l-1 1M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.700 5.700l1-1',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  close: 'M6 6l12 12M18 6L6 18',
  play: 'M7 5l12 7-12 7z',
  stop: 'M7 7h10v10H7z',
} as const;

/** One icon, not read aloud. */
export function icon(name: keyof typeof PATHS): TemplateResult {
  return html`<svg
    class="icon ${name}"
    viewBox="0 0 24 24"
    width="18"
    height="18"
    aria-hidden="true"
  >
    <path d=${PATHS[name]} />
  </svg>`;
}
