// A slider with its label and its value.
import { html } from 'lit-html';
import type { TemplateResult } from 'lit-html';

/** What a slider shows and sets. */
interface Slider {
  readonly name: string;
  readonly label: string;
  readonly value: number;
  readonly range: readonly [min: number, max: number, step: number];
  readonly set: (value: number) => void;
}

/** The slider; `set` hears of every move. */
export function slider({ name, label, value, range, set }: Slider): TemplateResult {
  const [min, max, step] = range;
  return html`<label class="field slider"
    ><span>${label}</span>
    <input
      type="range"
      name=${name}
      min=${min}
      max=${max}
      step=${step}
      .value=${String(value)}
      @input=${(event: Event) => set(Number((event.target as HTMLInputElement).value))}
    />
    <output>${value}</output>
  </label>`;
}
