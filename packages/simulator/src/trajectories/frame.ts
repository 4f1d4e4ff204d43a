/**
 * Circuits whose noise consists of Pauli strings with known probabilities. Each trajectory draws its strings first; they
 * are moved through the circuit to its end, which only changes signs of angles on the way (the rules of the gate table;
 * Knill, Nature 434, 39, 2005). What is left to run is one circuit without noise, in which every trajectory is an
 * example with its own signs.
 */
import { gate } from '@ketwork/circuit';
import type { Angle, ChannelOp, Circuit, GateOp, Op, Slot } from '@ketwork/circuit';

/** The Pauli matrix X or Z on a qubit, as part of a frame. */
export interface Generator {
  readonly qubit: number;
  readonly letter: 'X' | 'Z';
}

/** What is done to the frame of a trajectory on its way through the circuit. */
export type FrameStep =
  /** A random Pauli string is added. */
  | { readonly type: 'noise'; readonly op: ChannelOp; readonly operation: number }
  /** Each generator becomes a product of others. */
  | {
      readonly type: 'map';
      readonly images: readonly { readonly from: Generator; readonly to: readonly Generator[] }[];
    }
  /** Element `index` of the slot is -1 where the frame holds an odd number of these generators, else 1. */
  | { readonly type: 'sign'; readonly index: number; readonly of: readonly Generator[] }
  /** Element `index` of the slot is π where the frame holds this generator, which leaves the frame. */
  | { readonly type: 'apply'; readonly index: number; readonly generator: Generator };

/** A circuit without noise that runs trajectories as examples. */
export interface FramedCircuit {
  /** All slots but one are shared; the last one, {@link slot}, has the numbers of each trajectory. */
  readonly circuit: Circuit;
  readonly slot: string;
  /** Elements of that slot; 0 where no angle depends on the trajectory and the slot is missing. */
  readonly width: number;
  readonly steps: readonly FrameStep[];
  /** The qubit that each classical bit is read from, of bits that are measured in the end. */
  readonly bits: ReadonlyMap<number, number>;
}

const nameOf = ({ qubit, letter }: Generator): string => `${letter}${qubit}`;

/**
 * Rewrites a circuit, or returns undefined where its noise does not move through it in this way.
 *
 * @param isMixture whether a channel is a mixture of Pauli strings
 * @param last qubits on which the frame must be empty in the end
 * @param diagonal whether what is read would be the same if a qubit were measured before: its last measurement may be left
 * out then
 */
export function frameOf(
  circuit: Circuit,
  isMixture: (op: ChannelOp) => boolean,
  last: readonly number[],
  diagonal: (qubit: number) => boolean,
): FramedCircuit | undefined {
  const slot = freeName(circuit);
  const steps: FrameStep[] = [];
  const ops: Op[] = [];
  /** Generators that the frame may hold here. */
  const held = new Set<string>();
  const may = (g: Generator): boolean => held.has(nameOf(g));
  const bits = new Map<number, number>();
  let width = 0;

  const apply = (qubits: readonly number[], letters: readonly ('X' | 'Z')[]): void => {
    for (const qubit of qubits) {
      for (const letter of letters) {
        const generator = { qubit, letter };
        if (!held.delete(nameOf(generator))) continue;
        const index = width++;
        steps.push({ type: 'apply', index, generator });
        // exp(-iπX/2) is X up to a phase.
        const angles = [{ slot, index }];
        const name = letter === 'X' ? 'RX' : 'RZ';
        ops.push({ type: 'gate', gate: name, qubits: [qubit], angles, controls: [] });
      }
    }
  };

  const passGate = (given: GateOp): void => {
    let op = given;
    const touched = [...op.qubits, ...op.controls.map(({ qubit }) => qubit)];
    if (!touched.some((q) => may({ qubit: q, letter: 'X' }) || may({ qubit: q, letter: 'Z' }))) {
      ops.push(op);
      return;
    }
    const fixed = phases[op.gate];
    if (fixed !== undefined) op = { ...op, gate: 'P', angles: [fixed] };
    const rules = rulesOf(op);
    // What cannot pass is applied first.
    for (const { qubit } of op.controls) apply([qubit], ['X']);
    op.qubits.forEach((qubit, i) => {
      for (const letter of ['X', 'Z'] as const) {
        const rule = rules[letter][i];
        const hard =
          op.controls.length > 0 &&
          typeof rule === 'object' &&
          ('map' in rule || rule.phase !== undefined);
        if (rule === undefined || rule === 'flush' || hard) apply([qubit], [letter]);
      }
    });
    const signs = new Map<number, Generator[]>();
    const images: { from: Generator; to: Generator[] }[] = [];
    op.qubits.forEach((qubit, i) => {
      for (const letter of ['X', 'Z'] as const) {
        const generator = { qubit, letter };
        const rule = rules[letter][i];
        if (!may(generator) || typeof rule !== 'object') continue;
        if ('flip' in rule) {
          for (const angle of rule.flip) {
            const list = signs.get(angle);
            if (list === undefined) signs.set(angle, [generator]);
            else list.push(generator);
          }
        } else images.push({ from: generator, to: generatorsOf(rule.map, op.qubits) });
      }
    });
    if (images.length > 0) {
      steps.push({ type: 'map', images });
      for (const { from } of images) held.delete(nameOf(from));
      for (const { to } of images) for (const g of to) held.add(nameOf(g));
    }
    const angles = op.angles.map((angle, i): Angle => {
      const of = signs.get(i);
      if (of === undefined) return angle;
      const index = width++;
      steps.push({ type: 'sign', index, of });
      return { mul: [angle, { slot, index }] };
    });
    ops.push(signs.size === 0 ? op : { ...op, angles });
  };

  for (const [operation, op] of circuit.ops.entries()) {
    switch (op.type) {
      case 'gate':
        passGate(op);
        break;
      case 'matrix':
      case 'evolution':
        // The tree knows how to evolve under what comes with the data or in two parts.
        if (op.type === 'evolution' && ('slot' in op.generator || op.drift !== undefined))
          return undefined;
        apply([...op.qubits, ...op.controls.map(({ qubit }) => qubit)], ['X', 'Z']);
        ops.push(op);
        break;
      case 'statePreparation':
        if (op.qubits.some((q) => may({ qubit: q, letter: 'X' }))) return undefined;
        ops.push(op);
        break;
      case 'channel':
        if (!isMixture(op)) return undefined;
        steps.push({ type: 'noise', op, operation });
        for (const qubit of op.qubits)
          for (const letter of ['X', 'Z'] as const) held.add(nameOf({ qubit, letter }));
        break;
      case 'barrier':
        ops.push(op);
        break;
      case 'measure': {
        const { qubit, bit, postselect } = op;
        const later = circuit.ops.slice(operation + 1);
        if (
          !diagonal(qubit) ||
          postselect !== undefined ||
          later.some((next) => touches(next, qubit))
        )
          return undefined;
        bits.set(bit, qubit);
        break;
      }
      default:
        return undefined;
    }
  }
  apply(last, ['X', 'Z']);
  const slots: Slot[] = circuit.slots.map((s) => ({ ...s, axis: 'shared' }));
  if (width > 0)
    slots.push({
      name: slot,
      shape: [width],
      kind: 'scalar',
      axis: 'batch',
      differentiable: false,
    });
  return {
    circuit: Object.freeze({
      ...circuit,
      bits: 0,
      slots: Object.freeze(slots),
      ops: Object.freeze(ops),
    }),
    slot,
    width,
    steps,
    bits,
  };
}

/** Whether an operation does anything to a qubit. */
function touches(op: Op, qubit: number): boolean {
  if (op.type === 'barrier') return false;
  // A condition may come to anything.
  if (op.type === 'conditional') return true;
  if (op.type === 'measure') return op.qubit === qubit;
  const controls = 'controls' in op ? op.controls : [];
  return op.qubits.includes(qubit) || controls.some((control) => control.qubit === qubit);
}

/** Constant gates that are phases, so that X passes them as it passes a phase. */
const phases: Readonly<Record<string, number>> = {
  T: Math.PI / 4,
  Tdg: -Math.PI / 4,
};

type Rules = ReturnType<typeof gate>['pauliFrame'];

/** The rules of a gate; of one without, where only a Pauli word is known, what anticommutes with the word. */
function rulesOf(op: GateOp): Rules {
  const row = gate(op.gate);
  const word = op.gate === 'MultiRZ' ? 'Z'.repeat(op.qubits.length) : op.word;
  if (row.qubits !== 'any' || word === undefined) return row.pauliFrame;
  const against = (pauli: 'X' | 'Z'): Rules['X'] =>
    [...word].map((letter) => (letter === pauli || letter === 'I' ? 'pass' : { flip: [0] }));
  return { X: against('X'), Z: against('Z') };
}

/** The generators of a Pauli word over some qubits; its sign is only a phase. */
function generatorsOf(word: string, qubits: readonly number[]): Generator[] {
  return [...word.replace('-', '')].flatMap((letter, i) => {
    const qubit = qubits[i] as number;
    const list: Generator[] = [];
    if (letter === 'X' || letter === 'Y') list.push({ qubit, letter: 'X' });
    if (letter === 'Z' || letter === 'Y') list.push({ qubit, letter: 'Z' });
    return list;
  });
}

function freeName(circuit: Circuit): string {
  let name = 'frame';
  while (circuit.slots.some((s) => s.name === name)) name += '_';
  return name;
}
