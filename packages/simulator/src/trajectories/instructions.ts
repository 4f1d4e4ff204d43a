/** A circuit as a list of instructions for one example: matrices worked out, conditions and loops as jumps. */
import { gate } from '@ketwork/circuit';
import type { ChannelOp, Circuit, Control, GateOp, Op } from '@ketwork/circuit';
import { concrete } from '../reference/operations.ts';
import type { Example } from '../reference/operations.ts';
import { channelOf } from './channels.ts';
import type { Branches } from './channels.ts';

/** One step of a trajectory. */
export type Instruction =
  | {
      readonly type: 'map';
      readonly targets: readonly number[];
      readonly controls: readonly Control[];
      readonly matrix: ArrayLike<number>;
    }
  /** An operation that another engine applies, by its place among those. */
  | { readonly type: 'engine'; readonly index: number }
  | {
      readonly type: 'prepare';
      readonly targets: readonly number[];
      readonly column: ArrayLike<number>;
    }
  | { readonly type: 'channel'; readonly qubits: readonly number[]; readonly branches: Branches }
  | {
      readonly type: 'measure';
      readonly qubit: number;
      readonly bit: number;
      readonly postselect?: 0 | 1;
    }
  | { readonly type: 'reset'; readonly qubit: number }
  /** Goes to `otherwise` unless the bits read as `value` and, in a loop, fewer than `limit` rounds were made. */
  | {
      readonly type: 'test';
      readonly bits: readonly number[];
      readonly value: number;
      readonly otherwise: number;
      readonly loop?: { readonly counter: number; readonly limit: number };
    }
  | { readonly type: 'enter'; readonly counter: number }
  | { readonly type: 'jump'; readonly to: number };

type Changeable<T> = { -readonly [K in keyof T]: T[K] };

/** Operations on more targets than this are left to an engine that knows more about them. */
const MOST_TARGETS = 2;

/** Whether an operation of a circuit is one that {@link instructionsOf} leaves to another engine. */
function isWide(op: Op): boolean {
  if (op.type === 'gate') return ownQubits(op).targets.length > MOST_TARGETS;
  return (op.type === 'matrix' || op.type === 'evolution') && op.qubits.length > MOST_TARGETS;
}

/** The operations of a circuit that are left to another engine, in the order in which they appear, branches included. */
export function wideOps(ops: readonly Op[]): Op[] {
  return ops.flatMap((op) => {
    if (op.type === 'conditional') return [...wideOps(op.then), ...wideOps(op.otherwise)];
    return isWide(op) ? [op] : [];
  });
}

/** The target qubits of a gate without the controls that the gate itself has. */
function ownQubits({ gate: name, qubits }: GateOp): {
  readonly targets: readonly number[];
  readonly controls: readonly Control[];
} {
  const row = gate(name);
  // A controlled gate on two qubits is one matrix.
  const count = qubits.length > MOST_TARGETS ? row.controls : 0;
  return {
    targets: qubits.slice(count),
    controls: qubits.slice(0, count).map((qubit) => ({ qubit, value: 1 })),
  };
}

/** Works the instructions of a circuit out for the values of one example. */
export function instructionsOf(circuit: Circuit, example: Example): readonly Instruction[] {
  const list: Instruction[] = [];
  let counters = 0;
  let wide = 0;
  const visit = (op: Op, operation: number): void => {
    if (isWide(op)) {
      list.push({ type: 'engine', index: wide++ });
      return;
    }
    switch (op.type) {
      case 'gate':
      case 'matrix':
      case 'evolution': {
        const { targets, controls } =
          op.type === 'gate' ? ownQubits(op) : { targets: op.qubits, controls: [] };
        const inner =
          op.type === 'gate' && controls.length > 0
            ? { ...op, gate: gate(op.gate).base ?? op.gate, qubits: targets }
            : op;
        const step = concrete(inner, operation, example, () => false);
        if (step === undefined || !('matrix' in step.map.form)) return;
        const { matrix } = step.map.form;
        const all = [...controls, ...op.controls];
        if (targets.length > 0) {
          list.push({ type: 'map', targets, controls: all, matrix });
          return;
        }
        // A phase on nothing but controls is one on the last of them; a global phase is nothing.
        const last = all.pop();
        if (last === undefined) return;
        const [re = 1, im = 0] = [matrix[0], matrix[1]];
        const phase = last.value === 1 ? [1, 0, 0, 0, 0, 0, re, im] : [re, im, 0, 0, 0, 0, 1, 0];
        list.push({ type: 'map', targets: [last.qubit], controls: all, matrix: phase });
        return;
      }
      case 'statePreparation': {
        const step = concrete(op, operation, example, () => false);
        if (step === undefined || !('column' in step.map.form)) return;
        list.push({ type: 'prepare', targets: op.qubits, column: step.map.form.column });
        return;
      }
      case 'channel':
        list.push(channelInstruction(op, operation, example));
        return;
      case 'measure':
        list.push({
          type: 'measure',
          qubit: op.qubit,
          bit: op.bit,
          ...(op.postselect !== undefined && { postselect: op.postselect }),
        });
        return;
      case 'reset':
        for (const qubit of op.qubits) list.push({ type: 'reset', qubit });
        return;
      case 'conditional': {
        const { bits, value } = op.condition;
        const loop =
          op.repeat === undefined ? undefined : { counter: counters++, limit: op.repeat };
        if (loop !== undefined) list.push({ type: 'enter', counter: loop.counter });
        const start = list.length;
        const test: Changeable<Extract<Instruction, { type: 'test' }>> = {
          type: 'test',
          bits,
          value,
          otherwise: 0,
          ...(loop !== undefined && { loop }),
        };
        list.push(test);
        for (const inner of op.then) visit(inner, operation);
        if (loop !== undefined) {
          list.push({ type: 'jump', to: start });
          test.otherwise = list.length;
          return;
        }
        const jump: Changeable<Extract<Instruction, { type: 'jump' }>> = { type: 'jump', to: 0 };
        list.push(jump);
        test.otherwise = list.length;
        for (const inner of op.otherwise) visit(inner, operation);
        jump.to = list.length;
        return;
      }
      case 'barrier':
    }
  };
  circuit.ops.forEach(visit);
  return list;
}

function channelInstruction(op: ChannelOp, operation: number, example: Example): Instruction {
  return { type: 'channel', qubits: op.qubits, branches: channelOf(op, operation, example) };
}
