// What the board draws of an operation, wire by wire, and how it is read aloud.
import { gate } from '@ketwork/circuit';
import type { Angle, GateOp, Op, Slot } from '@ketwork/circuit';

/** One mark on a wire, or a box over several wires. */
export type Mark =
  | { readonly kind: 'dot' | 'ring' | 'plus' | 'cross' | 'meter' | 'fence'; readonly wire: number }
  | {
      readonly kind: 'box';
      readonly wire: number;
      readonly bottom: number;
      readonly text: string;
      readonly small: string;
    };

/** A drawing of an operation. */
export interface Drawing {
  readonly marks: readonly Mark[];
  /** Whether a line joins the marks. */
  readonly linked: boolean;
  /** Colours: as in the library's own drawings. */
  readonly tone: 'fixed' | 'weight' | 'measure' | 'classical';
  /** Text below the wire, such as the classical bit of a measurement. */
  readonly note?: string;
  /** The operation in words. */
  readonly title: string;
}

/** An angle in short: multiples of π by name, other numbers with three digits, slots by name. */
export function angleLabel(angle: Angle, slots: readonly Slot[]): string {
  if (typeof angle === 'number') return numberLabel(angle);
  if (!('slot' in angle)) return 'f(…)';
  const single = slots.find(({ name }) => name === angle.slot)?.shape.length === 0;
  return single ? angle.slot : `${angle.slot}[${angle.index}]`;
}

const PARTS = [1, 2, 3, 4, 6, 8, 12, 16];

/** A number of radians in short. */
export function numberLabel(value: number): string {
  if (value === 0) return '0';
  for (const part of PARTS) {
    const times = Math.round((value * part) / Math.PI);
    if (times === 0 || Math.abs(times) > 16) continue;
    if (Math.abs(value - (times * Math.PI) / part) > 1e-9) continue;
    const factor = Math.abs(times) === 1 ? '' : String(Math.abs(times));
    return `${times < 0 ? '−' : ''}${factor}π${part === 1 ? '' : `/${part}`}`;
  }
  return String(Number(value.toFixed(3))).replace('-', '−');
}

const wires = (qubits: readonly number[]): string =>
  qubits.length === 1 ? `qubit ${qubits[0]}` : `qubits ${qubits.join(', ')}`;

/** The drawing of an operation. */
export function drawingOf(op: Op, slots: readonly Slot[]): Drawing {
  switch (op.type) {
    case 'gate':
      return gateDrawing(op, slots);
    case 'measure': {
      const kept = op.postselect === undefined ? '' : `, keep ${op.postselect}`;
      return {
        marks: [{ kind: 'meter', wire: op.qubit }],
        linked: false,
        tone: 'measure',
        note: `c${op.bit}${op.postselect === undefined ? '' : `=${op.postselect}`}`,
        title: `measure qubit ${op.qubit} into bit ${op.bit}${kept}`,
      };
    }
    case 'reset':
      return {
        marks: op.qubits.map((wire) => ({
          kind: 'box',
          wire,
          bottom: wire,
          text: '|0⟩',
          small: '',
        })),
        linked: false,
        tone: 'measure',
        title: `reset ${wires(op.qubits)}`,
      };
    case 'barrier':
      return {
        marks: op.qubits.map((wire) => ({ kind: 'fence', wire })),
        linked: false,
        tone: 'fixed',
        title: `barrier on ${wires(op.qubits)}`,
      };
    case 'conditional': {
      const { bits, value } = op.condition;
      const condition = `${bits.map((bit) => `c${bit}`).join('')}=${value}`;
      const inside = [...op.then, ...op.otherwise];
      const names = inside.map((inner) =>
        inner.type === 'gate' ? gate(inner.gate).symbol : inner.type,
      );
      const text = op.repeat === undefined ? 'if' : 'while';
      return box([...new Set(inside.flatMap((inner) => marksOf(inner, slots)))], {
        text: `${text} ${names.length > 2 ? '…' : names.map((name) => (name === '⊕' ? 'X' : name)).join(' ')}`,
        small: condition,
        tone: 'classical',
        title: `${text} ${condition}: ${inside.map((inner) => drawingOf(inner, slots).title).join('; ')}`,
      });
    }
    default: {
      const text =
        op.type === 'matrix'
          ? (op.label ?? 'U')
          : op.type === 'evolution'
            ? 'e⁻ⁱᵗᴬ'
            : op.type === 'channel'
              ? op.channel.slice(0, 5)
              : '|ψ⟩';
      const controls = 'controls' in op ? op.controls : [];
      const base = box(op.qubits, {
        text,
        small: '',
        tone: 'fixed',
        title: `${op.type} on ${wires(op.qubits)}`,
      });
      return withControls(base, controls);
    }
  }
}

function marksOf(op: Op, slots: readonly Slot[]): number[] {
  return drawingOf(op, slots).marks.flatMap((mark) =>
    mark.kind === 'box'
      ? Array.from({ length: mark.bottom - mark.wire + 1 }, (_, i) => mark.wire + i)
      : [mark.wire],
  );
}

function box(
  qubits: readonly number[],
  rest: { readonly text: string; readonly small: string } & Pick<Drawing, 'tone' | 'title'>,
): Drawing {
  const { text, small, tone, title } = rest;
  const wire = Math.min(...qubits);
  const bottom = Math.max(...qubits);
  return { marks: [{ kind: 'box', wire, bottom, text, small }], linked: true, tone, title };
}

function withControls(
  drawing: Drawing,
  controls: readonly { readonly qubit: number; readonly value: 0 | 1 }[],
): Drawing {
  if (controls.length === 0) return drawing;
  const marks = controls.map(({ qubit, value }): Mark => ({
    kind: value === 1 ? 'dot' : 'ring',
    wire: qubit,
  }));
  const on = controls.map(({ qubit, value }) => `qubit ${qubit} is ${value}`);
  return {
    ...drawing,
    marks: [...drawing.marks, ...marks],
    title: `${drawing.title}, where ${on.join(' and ')}`,
  };
}

function gateDrawing(op: GateOp, slots: readonly Slot[]): Drawing {
  const row = gate(op.gate);
  const tone = op.angles.length > 0 ? 'weight' : 'fixed';
  const small = op.angles.map((angle) => angleLabel(angle, slots)).join(', ');
  const controlQubits = op.qubits.slice(0, row.controls);
  const targets = op.qubits.slice(row.controls);
  const controls = [
    ...controlQubits.map((qubit) => ({ qubit, value: 1 as const })),
    ...op.controls,
  ];
  const angles = small === '' ? '' : `(${small})`;
  const name = row.base ?? row.name;
  const title = `${name === 'PauliRot' ? `PauliRot ${op.word}` : name}${angles} on ${wires(targets)}`;
  if (row.symbol === '⊕' || (row.name === 'X' && controls.length > 0)) {
    const plus: Drawing = {
      marks: [{ kind: 'plus', wire: targets[0]! }],
      linked: true,
      tone,
      title,
    };
    return withControls(plus, controls);
  }
  if (row.symbol === '●' || (row.name === 'Z' && controls.length > 0)) {
    const dot: Drawing = { marks: [{ kind: 'dot', wire: targets[0]! }], linked: true, tone, title };
    return withControls(dot, controls);
  }
  if (row.symbol === '×') {
    const crosses = targets.map((wire): Mark => ({ kind: 'cross', wire }));
    return withControls({ marks: crosses, linked: true, tone, title }, controls);
  }
  if (targets.length === 0) {
    const all: Drawing = {
      marks: [{ kind: 'box', wire: 0, bottom: 0, text: row.symbol, small }],
      linked: false,
      tone,
      title,
    };
    return withControls(all, controls);
  }
  const inner = [...targets].sort((a, b) => a - b);
  const together = inner.every((wire, i) => i === 0 || wire === inner[i - 1]! + 1);
  const between = controls.some(({ qubit }) => qubit > inner[0]! && qubit < inner.at(-1)!);
  const text = op.word ?? row.symbol;
  if (targets.length === 1 || (together && !between)) {
    return withControls(box(targets, { text, small, tone, title }), controls);
  }
  // Wires in between stay free of the box: one box a wire, joined by a line.
  const marks = targets.map((wire, i): Mark => ({
    kind: 'box',
    wire,
    bottom: wire,
    text: op.word?.[i] ?? text,
    small: i === 0 ? small : '',
  }));
  return withControls({ marks, linked: true, tone, title }, controls);
}
