import { CircuitError } from '@ketwork/base';
import type { Circuit, GateOp, MatrixOp, Op } from '@ketwork/circuit';
import type { QasmRegister } from '../interpreter/declarations.ts';
import { numberText } from './angle-text.ts';
import { DEFINITIONS, definedName } from './definitions.ts';
import { elementary } from './elementary.ts';
import { matrixGates } from './matrix.ts';
import { pauliRotations, refused } from './expressible.ts';
import { Names, layoutOf } from './registers.ts';
import type { Layout } from './registers.ts';
import type { ToQasmOptions } from './options.ts';

type Conditional = Op & { readonly type: 'conditional' };

/** Most bits of a condition whose opposite is written value by value. */
const MOST_OPPOSITES = 4;

/** Writes a circuit in OpenQASM 2. */
export class Writer2 {
  readonly #circuit: Circuit;
  readonly #qubits: Layout;
  readonly #bits: Layout;
  readonly #definitions = new Map<string, readonly string[]>();
  #operation = 0;

  constructor(circuit: Circuit, options: ToQasmOptions) {
    if (circuit.slots.length > 0) {
      const names = circuit.slots.map(({ name }) => `'${name}'`).join(', ');
      throw new CircuitError(`OpenQASM 2 has no inputs, and the circuit has the slots ${names}`, {
        remedy: 'Give their values with bind() first, or write version 3',
      });
    }
    this.#circuit = circuit;
    const names = new Names(2);
    for (const definition of Object.keys(DEFINITIONS)) names.take(definedName(definition));
    this.#qubits = layoutOf(circuit.qubits, options.qubits ?? [], 'q', names, 2);
    this.#bits = layoutOf(circuit.bits, registersOf(circuit, options.bits ?? []), 'c', names, 2);
  }

  /** The program. */
  text(): string {
    const lines = this.#circuit.ops.flatMap((op, i) => {
      this.#operation = i;
      return op.type === 'conditional' ? this.#conditional(op) : this.#op(op);
    });
    const registers = (word: string, { registers: list }: Layout): string[] =>
      list.map(({ name, length }) => `${word} ${name}[${length}];`);
    return [
      'OPENQASM 2.0;',
      'include "qelib1.inc";',
      ...[...this.#definitions.values()].flat(),
      ...registers('qreg', this.#qubits),
      ...registers('creg', this.#bits),
      ...lines,
      '',
    ].join('\n');
  }

  #on(qubits: readonly number[]): string {
    return qubits.map((qubit) => this.#qubits.wires[qubit]!).join(', ');
  }

  #line(name: string, turns: readonly number[], qubits: readonly number[]): string {
    const values = turns.length === 0 ? '' : `(${turns.map(numberText).join(', ')})`;
    return `${name}${values} ${this.#on(qubits)};`;
  }

  #op(op: Op): readonly string[] {
    switch (op.type) {
      case 'gate':
      case 'matrix':
        return this.#unitary(op);
      case 'evolution':
        return pauliRotations(op, this.#operation).flatMap(({ word, qubits, turn }) => {
          const rotation = { type: 'gate', angles: [turn], controls: op.controls } as const;
          if (word === '')
            return this.#unitary({
              ...rotation,
              gate: 'GPhase',
              qubits: [],
              angles: [-(turn as number) / 2],
            });
          return this.#unitary({ ...rotation, gate: 'PauliRot', qubits, word });
        });
      case 'measure':
        if (op.postselect !== undefined) refused('a postselected measurement', this.#operation);
        return [`measure ${this.#qubits.wires[op.qubit]} -> ${this.#bits.wires[op.bit]};`];
      case 'reset':
        return op.qubits.map((qubit) => `reset ${this.#qubits.wires[qubit]};`);
      case 'barrier':
        return [`barrier ${this.#on(op.qubits)};`];
      case 'conditional':
        return this.#fail('a conditional inside of another one', 'Write version 3');
      default:
        return refused(
          op.type === 'channel' ? 'a noise channel' : 'a state preparation',
          this.#operation,
        );
    }
  }

  #fail(what: string, remedy: string): never {
    throw new CircuitError(`${what} cannot be written in OpenQASM 2`, {
      operation: this.#operation,
      remedy,
    });
  }

  #unitary(op: GateOp | MatrixOp): readonly string[] {
    if (op.type === 'matrix' && !op.unitary) refused('a map that is not unitary', this.#operation);
    if (op.type === 'gate' && op.controls.length === 0) {
      const definition = DEFINITIONS[op.gate];
      // qelib1.inc has rxx and rzz.
      if (definition !== undefined && op.gate !== 'RXX' && op.gate !== 'RZZ') {
        this.#definitions.set(op.gate, definition);
        return [this.#line(definedName(op.gate), op.angles as number[], op.qubits)];
      }
    }
    if (op.type === 'matrix' && op.qubits.length > 1) return this.#matrix(op);
    return elementary(op).map(({ name, turns, qubits }) => this.#line(name, turns, qubits));
  }

  /** A matrix on several qubits, its gates under the controls of the whole. */
  #matrix(op: MatrixOp): readonly string[] {
    const { ops, phase } = matrixGates(op.matrix, op.qubits.length);
    const on = (inner: GateOp): GateOp => ({
      ...inner,
      qubits: inner.qubits.map((i) => op.qubits[i]!),
      controls: op.controls,
    });
    const turned: GateOp = {
      type: 'gate',
      gate: 'GPhase',
      qubits: [],
      angles: [phase],
      controls: op.controls,
    };
    return [...ops.map(on), turned].flatMap((inner) => this.#unitary(inner));
  }

  /** Every statement of a branch has the condition of its own in front. */
  #conditional({ condition, then, otherwise, repeat }: Conditional): readonly string[] {
    if (repeat !== undefined) this.#fail('a loop on measured bits', 'Write version 3');
    const { bits, value } = condition;
    const register = this.#bits.registers.find(
      ({ first, length }) => length === bits.length && bits.every((bit, i) => bit === first + i),
    );
    if (register === undefined) {
      return this.#fail('a condition on bits that are no register of their own', 'Write version 3');
    }
    const writes = (ops: readonly Op[]): boolean =>
      ops.some((op) => op.type === 'measure' && bits.includes(op.bit));
    if (
      writes(then.slice(0, -1)) ||
      writes(otherwise.slice(0, -1)) ||
      (otherwise.length > 0 && writes(then))
    ) {
      this.#fail('a branch that measures into the bits of its condition', 'Write version 3');
    }
    if (otherwise.length > 0 && bits.length > MOST_OPPOSITES) {
      this.#fail(`an else of a condition on ${bits.length} bits`, 'Write version 3');
    }
    const under = (ops: readonly Op[], wanted: number): string[] =>
      ops
        .filter((op) => op.type !== 'barrier')
        .flatMap((op) => this.#op(op))
        .map((line) => `if (${register.name} == ${wanted}) ${line}`);
    const others = Array.from({ length: 2 ** bits.length }, (_, other) => other).filter(
      (other) => other !== value,
    );
    return [
      ...under(then, value),
      ...(otherwise.length === 0 ? [] : others.flatMap((other) => under(otherwise, other))),
    ];
  }
}

/** Registers that the conditions need, besides those that are wanted. */
function registersOf(circuit: Circuit, wanted: readonly QasmRegister[]): readonly QasmRegister[] {
  const registers = [...wanted];
  const taken = new Set(wanted.flatMap(({ indices }) => indices));
  const visit = (op: Op): void => {
    if (op.type !== 'conditional') return;
    const { bits } = op.condition;
    if (bits.every((bit) => !taken.has(bit))) {
      registers.push({ name: 'c', indices: bits });
      bits.forEach((bit) => taken.add(bit));
    }
    op.then.forEach(visit);
    op.otherwise.forEach(visit);
  };
  circuit.ops.forEach(visit);
  return registers;
}
