// The circuit as an OpenQASM program, to be read, changed and kept.
import { draw, drawQuantikz, drawSvg } from '@ketwork/circuit';
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import { download } from '../ui/drawing.ts';
import { placeOf } from './editor.ts';
import type { Editor } from './editor.ts';

/** The program pane. */
export function program(editor: Editor): TemplateResult {
  const { text, version, error, notices } = editor.program;
  const place = error === undefined ? undefined : placeOf(error);
  const numbers = text
    .trimEnd()
    .split('\n')
    .map((_, i) => html`<span class=${place?.line === i + 1 ? 'wrong' : ''}>${i + 1}</span>`);
  return html`<section
    class="card program"
    aria-label="OpenQASM program"
    @dragover=${(event: DragEvent) => event.preventDefault()}
    @drop=${(event: DragEvent) => {
      const [file] = event.dataTransfer?.files ?? [];
      if (file === undefined) return;
      event.preventDefault();
      void file.text().then((read) => editor.type(read));
    }}
  >
    <div class="cardhead">
      <h2 id="program-name">OpenQASM</h2>
      <label class="inline"
        >version
        <select
          aria-label="Version of OpenQASM"
          .value=${live(String(version))}
          @change=${(event: Event) =>
            editor.setVersion((event.target as HTMLSelectElement).value === '2' ? 2 : 3)}
        >
          <option value="3" ?selected=${version === 3}>3</option>
          <option value="2" ?selected=${version === 2}>2</option>
        </select>
      </label>
      <span class="space"></span>
      <label class="plain filebutton"
        >Open<input
          type="file"
          accept=".qasm,text/plain"
          aria-label="Open an OpenQASM file"
          @change=${(event: Event) => {
            const input = event.target as HTMLInputElement;
            const [file] = input.files ?? [];
            if (file !== undefined) void file.text().then((read) => editor.type(read));
            input.value = '';
          }}
      /></label>
      <select
        class="plain"
        aria-label="Save the circuit"
        .value=${live('')}
        @change=${(event: Event) => {
          save(editor, (event.target as HTMLSelectElement).value);
          (event.target as HTMLSelectElement).value = '';
        }}
      >
        <option value="">Save …</option>
        <option value="qasm">OpenQASM (.qasm)</option>
        <option value="svg">Drawing (.svg)</option>
        <option value="txt">Drawing as text (.txt)</option>
        <option value="tex">LaTeX, quantikz (.tex)</option>
        <option value="json">Circuit (.json)</option>
      </select>
    </div>
    <div class="code">
      <div class="gutter" aria-hidden="true">${numbers}</div>
      <textarea
        rows="8"
        wrap="off"
        spellcheck="false"
        autocomplete="off"
        autocapitalize="off"
        aria-labelledby="program-name"
        aria-invalid=${error !== undefined}
        aria-describedby="program-fault"
        .value=${live(text)}
        @input=${(event: Event) => editor.type((event.target as HTMLTextAreaElement).value)}
        @change=${() => editor.settle()}
        @scroll=${(event: Event) => {
          const area = event.target as HTMLTextAreaElement;
          area.previousElementSibling!.scrollTop = area.scrollTop;
        }}
      ></textarea>
    </div>
    <div id="program-fault" class="fault" aria-live="polite">
      ${
        error === undefined
          ? notices.length === 0
            ? html`<p class="quiet">Edit the program or drop a file here; the circuit follows.</p>`
            : notices.map((notice) => html`<p class="quiet">${notice}</p>`)
          : html`<pre>${error.message}</pre>
              ${
                place === undefined
                  ? nothing
                  : html`<button type="button" class="plain" @click=${() => show(text, place)}>
                      Go to line ${place.line}
                    </button>`
              }`
      }
    </div>
  </section>`;
}

/** Puts the caret where the program is wrong. */
function show(text: string, place: { readonly line: number; readonly column: number }): void {
  const area = document.querySelector<HTMLTextAreaElement>('.program textarea')!;
  const before = text.split('\n').slice(0, place.line - 1);
  const at = before.reduce((sum, line) => sum + line.length + 1, 0) + place.column - 1;
  area.focus();
  area.setSelectionRange(at, at + 1);
}

function save(editor: Editor, kind: string): void {
  const { circuit } = editor.document;
  switch (kind) {
    case 'qasm':
      return download('circuit.qasm', 'text/plain', editor.program.text);
    case 'svg':
      return download('circuit.svg', 'image/svg+xml', drawSvg(circuit));
    case 'txt':
      return download('circuit.txt', 'text/plain', draw(circuit));
    case 'tex':
      return download('circuit.tex', 'text/plain', drawQuantikz(circuit));
    case 'json':
      return download('circuit.json', 'application/json', JSON.stringify(circuit));
  }
}
