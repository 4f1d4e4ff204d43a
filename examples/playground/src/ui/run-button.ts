// The button that starts long work and, while it runs, stops it.
import { html } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { icon } from './icons.ts';

/** The button; `label` says what it starts. */
export function runButton(
  busy: boolean,
  label: string,
  act: { readonly start: () => void; readonly stop: () => void },
): TemplateResult {
  return html`<button type="button" class="plain primary go" @click=${busy ? act.stop : act.start}>
    ${icon(busy ? 'stop' : 'play')}${busy ? 'Stop' : label}
  </button>`;
}
