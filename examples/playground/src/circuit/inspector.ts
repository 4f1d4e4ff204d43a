// What can be changed of the selected operation, and of the circuit's slots.
import { gate, qubitsOf } from '@ketwork/circuit';
import type { GateOp } from '@ketwork/circuit';
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import { readAngle } from '../ui/angles.ts';
import { qubitRoles } from './editor.ts';
import type { Editor } from './editor.ts';
import { angleLabel, drawingOf, numberLabel } from './marks.ts';

/** The panel of the selected operation. */
export function inspector(editor: Editor): TemplateResult {
  const op = editor.selectedOp;
  if (op === undefined) {
    return html`<p class="hint">
      Drag a gate onto a wire, or tap it and then a place. Drag it out to remove it.
      <span class="keys">
        Keys on the board: arrows move, letters such as <kbd>H</kbd> <kbd>X</kbd>
        <kbd>C</kbd> place, <kbd>Alt</kbd> + arrows shift, <kbd>Enter</kbd> opens a gate,
        <kbd>Del</kbd> removes it.
      </span>
    </p>`;
  }
  const { slots, qubits } = editor.document.circuit;
  const title = drawingOf(op, slots).title;
  return html`<div class="inspected">
    <div class="what">
      <h3>${op.type === 'gate' ? op.gate : op.type}</h3>
      <p>${op.type === 'gate' ? formula(gate(op.gate).help) : title}</p>
    </div>
    <div class="fields">
      ${op.type === 'gate' ? gateFields(editor, op) : nothing}
      ${
        op.type === 'measure' || op.type === 'reset'
          ? qubitField('qubit', qubitsOf(op)[0]!, qubits, (to) =>
              editor.rewire(qubitsOf(op)[0]!, to),
            )
          : nothing
      }
    </div>
    <div class="buttons">
      ${button('←', 'Move left', () => editor.nudge('left'))}
      ${button('→', 'Move right', () => editor.nudge('right'))}
      ${button('Duplicate', 'Duplicate', () => editor.duplicate())}
      ${button('Remove', 'Remove', () => editor.remove(editor.selected!), 'danger')}
    </div>
  </div>`;
}

function button(text: string, label: string, act: () => void, kind = ''): TemplateResult {
  return html`<button
    type="button"
    class="plain ${kind}"
    aria-label=${label}
    title=${label}
    @click=${act}
  >
    ${text}
  </button>`;
}

/** A sentence of the gate table with its formula set apart. */
function formula(help: string): TemplateResult[] {
  return help
    .split('`')
    .map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));
}

function gateFields(editor: Editor, op: GateOp): TemplateResult {
  const row = gate(op.gate);
  const roles = qubitRoles(op);
  const { qubits } = editor.document.circuit;
  const free = Array.from({ length: qubits }, (_, q) => q).filter((q) => !op.qubits.includes(q));
  return html`
    ${op.angles.map((angle, which) => {
      const name = row.parameters[which]?.name ?? 'θ';
      if (typeof angle !== 'number') {
        return html`<p class="field">
          <span>${name}</span><output>${angleLabel(angle, editor.document.circuit.slots)}</output>
        </p>`;
      }
      return angleField(name, `angle-${which}`, angle, editor, (value, gesture) =>
        editor.setAngle(which, value, gesture),
      );
    })}
    <div class="wirefields">
      ${op.qubits.map((qubit, i) =>
        qubitField(roles[i]!, qubit, qubits, (to) => editor.rewire(qubit, to)),
      )}
    </div>
    ${
      free.length === 0 || op.gate === 'GPhase'
        ? nothing
        : html`<div class="field controls" role="group" aria-label="Further controls">
            <span>controls</span>
            ${free.map((qubit) => {
              const value = op.controls.find((control) => control.qubit === qubit)?.value;
              const state = value === undefined ? 'none' : `on ${value}`;
              return html`<button
                type="button"
                class="toggle"
                data-value=${value ?? ''}
                aria-label="Control on qubit ${qubit}: ${state}"
                title="Qubit ${qubit}: no control, ● on 1, ○ on 0"
                @click=${() => editor.cycleControl(qubit)}
              >
                <span aria-hidden="true"
                  >${value === undefined ? '–' : value === 1 ? '●' : '○'}</span
                >
                q${qubit}
              </button>`;
            })}
          </div>`
    }
  `;
}

function qubitField(
  role: string,
  qubit: number,
  qubits: number,
  act: (to: number) => void,
): TemplateResult {
  return html`<label class="field">
    <span>${role}</span>
    <select
      aria-label=${role}
      .value=${live(String(qubit))}
      @change=${(event: Event) => act(Number((event.target as HTMLSelectElement).value))}
    >
      ${Array.from(
        { length: qubits },
        (_, q) => html`<option value=${q} ?selected=${q === qubit}>q${q}</option>`,
      )}
    </select>
  </label>`;
}

/** Steps of a slider in half a turn. */
const STEPS = 48;

/** The angle of a slider, which browsers round to 15 digits, so that it is a fraction of π again. */
function snapped(value: string): number {
  return (Math.round((Number(value) * STEPS) / Math.PI) * Math.PI) / STEPS;
}

/** A slider of ±2π and a field that takes expressions. */
function angleField(
  name: string,
  id: string,
  value: number,
  editor: Editor,
  set: (value: number, gesture?: string) => void,
): TemplateResult {
  const typed = (event: Event): void => {
    const field = event.target as HTMLInputElement;
    const angle = readAngle(field.value);
    if (angle === undefined) {
      editor.refuseAngle(id, field.value);
      return;
    }
    set(angle);
    field.value = numberLabel(angle);
  };
  const wrong = editor.wrongAngle?.field === id ? editor.wrongAngle.typed : undefined;
  return html`<div class="field angle">
    <label for=${id}>${name}</label>
    <input
      id=${id}
      type="range"
      min=${-2 * Math.PI}
      max=${2 * Math.PI}
      step=${Math.PI / STEPS}
      .value=${live(String(value))}
      aria-valuetext="${numberLabel(value)} radians"
      @input=${(event: Event) => set(snapped((event.target as HTMLInputElement).value), id)}
      @pointerdown=${() => editor.settle()}
      @blur=${() => editor.settle()}
    />
    <input
      type="text"
      class="number"
      aria-label="${name} in radians, such as pi/4"
      spellcheck="false"
      autocomplete="off"
      aria-invalid=${wrong !== undefined}
      .value=${live(wrong ?? numberLabel(value))}
      @change=${typed}
    />
    ${
      wrong === undefined
        ? nothing
        : html`<p class="failure" role="alert">
            “${wrong}” is no angle: write radians, such as 1.2, pi/4 or arccos(1/3).
          </p>`
    }
  </div>`;
}

/** Sliders of the circuit's slots; nothing where it has none. */
export function parameters(editor: Editor): TemplateResult | typeof nothing {
  const { circuit, values } = editor.document;
  const scalar = circuit.slots.filter((slot) => slot.kind === 'scalar');
  if (scalar.length === 0) return nothing;
  return html`<section class="card parameters" aria-label="Parameters">
    <h2>Parameters</h2>
    <div class="fields">
      ${scalar.flatMap((slot) =>
        values[slot.name]!.map((value, element) => {
          const name = slot.shape.length === 0 ? slot.name : `${slot.name}[${element}]`;
          return angleField(name, `slot-${slot.name}-${element}`, value, editor, (next, gesture) =>
            editor.setValue(slot.name, element, next, gesture),
          );
        }),
      )}
    </div>
  </section>`;
}
