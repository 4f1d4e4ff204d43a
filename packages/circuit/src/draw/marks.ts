import { anglesText, exponentText, shorten } from './angle-text.ts';
import { findGate } from '../gates/table.ts';
import type { Angle, Control, GateOp, Op, Slot } from '../types.ts';

/** One sign on one wire, or a box over several. */
export type Mark =
  | {
      readonly kind: 'box';
      readonly top: number;
      readonly bottom: number;
      readonly name: string;
      /** Angles without the brackets; empty where there are none. */
      readonly angles: string;
      /** Which wires the operation uses, in which role; empty for a box on one wire. */
      readonly pins: readonly Pin[];
    }
  | { readonly kind: 'control'; readonly wire: number; readonly value: 0 | 1 }
  | { readonly kind: 'not' | 'swap' | 'reset' | 'barrier'; readonly wire: number }
  | { readonly kind: 'meter'; readonly wire: number; readonly postselect?: 0 | 1 };

/** Inside a box: a position in the operation's list of qubits, a Pauli letter, or a control (`■`, `○`). */
export interface Pin {
  readonly wire: number;
  readonly text: string;
}

/** What an operation is, for colours: does it hold data, weights, or nothing that changes? */
export type Tone =
  | 'fixed'
  | 'input'
  | 'weight'
  | 'prepare'
  | 'noise'
  | 'measure'
  | 'classical'
  | 'barrier';

/** The signs of one operation. */
export interface Marks {
  readonly marks: readonly Mark[];
  /** Whether a vertical line joins them. */
  readonly linked: boolean;
  readonly tone: Tone;
}

const ANGLE_LIMIT = 18;
const NAME_LIMIT = 24;

/** The signs of an operation, from the top wire down. Conditionals are laid out from their parts. */
export function marksOf(op: Exclude<Op, { type: 'conditional' }>, slots: readonly Slot[]): Marks {
  switch (op.type) {
    case 'gate':
      return gateMarks(op, slots);
    case 'matrix':
      return boxed(
        op.qubits,
        op.controls,
        shorten(op.label ?? 'U', NAME_LIMIT),
        '',
        op.unitary ? 'fixed' : 'noise',
      );
    case 'evolution': {
      const generator =
        'slot' in op.generator ? op.generator.slot : 'terms' in op.generator ? 'H' : 'A';
      const tone = toneOf(
        [
          ...('slot' in op.generator ? [slotAngle(generator)] : []),
          op.time,
          ...(op.drift === undefined ? [] : [op.drift.time]),
        ],
        slots,
      );
      const drift =
        op.drift === undefined ? '' : exponentText(op.drift.time, 'B', slots, ANGLE_LIMIT);
      return boxed(
        op.qubits,
        op.controls,
        'exp',
        exponentText(op.time, generator, slots, ANGLE_LIMIT) + drift,
        tone,
      );
    }
    case 'statePreparation': {
      const name = 'slot' in op.amplitudes ? op.amplitudes.slot : 'ψ';
      const tone = 'slot' in op.amplitudes ? toneOf([slotAngle(name)], slots) : 'prepare';
      return boxed(op.qubits, [], `|${shorten(name, NAME_LIMIT)}⟩`, '', tone);
    }
    case 'channel':
      return boxed(
        op.qubits,
        [],
        shorten(op.channel, NAME_LIMIT),
        anglesText(op.angles, slots, ANGLE_LIMIT),
        'noise',
      );
    case 'measure': {
      const meter = { kind: 'meter', wire: op.qubit } as const;
      const kept = op.postselect === undefined ? meter : { ...meter, postselect: op.postselect };
      return { marks: [kept], linked: false, tone: 'measure' };
    }
    case 'reset':
      return { marks: onEach('reset', op.qubits), linked: false, tone: 'prepare' };
    case 'barrier':
      return { marks: onEach('barrier', op.qubits), linked: false, tone: 'barrier' };
  }
}

function onEach(kind: 'reset' | 'barrier' | 'not' | 'swap', wires: readonly number[]): Mark[] {
  return [...wires].sort((a, b) => a - b).map((wire) => ({ kind, wire }));
}

function slotAngle(slot: string): Angle {
  return { slot, index: 0 };
}

function toneOf(angles: readonly Angle[], slots: readonly Slot[]): Tone {
  const axes = angles
    .flatMap(slotNames)
    .map((name) => slots.find((slot) => slot.name === name)?.axis);
  if (axes.includes('batch')) return 'input';
  return axes.includes('shared') ? 'weight' : 'fixed';
}

function slotNames(angle: Angle): string[] {
  if (typeof angle === 'number') return [];
  if ('slot' in angle) return [angle.slot];
  if ('fn' in angle) return slotNames(angle.of);
  return ('add' in angle ? angle.add : angle.mul).flatMap(slotNames);
}

function gateMarks(op: GateOp, slots: readonly Slot[]): Marks {
  const row = findGate(op.gate);
  const own = op.qubits.slice(0, row?.controls ?? 0).map((qubit): Control => ({ qubit, value: 1 }));
  const targets = op.qubits.slice(own.length);
  const controls = [...own, ...op.controls];
  const symbol = row?.symbol ?? op.gate;
  const tone = toneOf(op.angles, slots);
  const controlled = controls.length > 0;
  if (symbol === '⊕' || (symbol === 'X' && controlled))
    return joined(onEach('not', targets), controls, tone);
  if (symbol === '×') return joined(onEach('swap', targets), controls, tone);
  if (symbol === '●' || (symbol === 'Z' && controlled)) {
    return joined(
      targets.map((wire): Mark => ({ kind: 'control', wire, value: 1 })),
      controls,
      tone,
    );
  }
  const angles = anglesText(op.angles, slots, ANGLE_LIMIT);
  if (targets.length > 0) return boxed(targets, controls, symbol, angles, tone, op.word);
  // A phase on no qubit: without controls it may stand on any wire, under controls it stands on the last of them.
  const last = controls.at(-1);
  const suffix = last?.value === 0 ? `${symbol}₀` : symbol;
  return boxed([last?.qubit ?? 0], controls.slice(0, -1), suffix, angles, tone);
}

function joined(marks: readonly Mark[], controls: readonly Control[], tone: Tone): Marks {
  const all = [
    ...marks,
    ...controls.map((control): Mark => ({
      kind: 'control',
      wire: control.qubit,
      value: control.value,
    })),
  ];
  const first = (mark: Mark): number => (mark.kind === 'box' ? mark.top : mark.wire);
  return { marks: all.sort((a, b) => first(a) - first(b)), linked: true, tone };
}

function boxed(
  qubits: readonly number[],
  controls: readonly Control[],
  name: string,
  angles: string,
  tone: Tone,
  word?: string,
): Marks {
  const top = Math.min(...qubits);
  const bottom = Math.max(...qubits);
  const inside = controls.filter(({ qubit }) => qubit > top && qubit < bottom);
  const pins = qubits.map((wire, i): Pin => ({ wire, text: word?.[i] ?? String(i) }));
  pins.push(
    ...inside.map(({ qubit, value }): Pin => ({ wire: qubit, text: value === 1 ? '■' : '○' })),
  );
  const needed = top !== bottom || word !== undefined;
  const box: Mark = { kind: 'box', top, bottom, name, angles, pins: needed ? pins : [] };
  return joined(
    [box],
    controls.filter((control) => !inside.includes(control)),
    tone,
  );
}
