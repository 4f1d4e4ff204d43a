import { hint } from '@ketwork/base';

import type { Control } from '@ketwork/circuit';
import type { Expression, GateCall, GateDefinition, Modifier, Statement } from '../ast.ts';
import { Declarations } from './declarations.ts';
import { shortened } from './evaluator.ts';
import type { GateEntry } from './libraries.ts';
import { inverted, piece, raised, underControls } from './pieces.ts';
import type { Piece, Turn } from './pieces.ts';
import { recognised } from './recognise.ts';
import { Scope } from './scope.ts';
import type { Scalar, Value } from './values.ts';
import { FLOAT, angleOf, constant, integerOf, numberOfBits, symbolic } from './values.ts';

type Change =
  | { readonly name: 'ctrl' | 'negctrl'; readonly count: number; readonly at: number }
  | { readonly name: 'inv'; readonly at: number }
  | { readonly name: 'pow'; readonly exponent: Turn; readonly at: number };

/** Calls and definitions of gates. */
export abstract class Gates extends Declarations {
  #calls = 0;

  /** The qubits an operand stands for. */
  protected abstract operand(
    expression: Expression,
    scope: Scope,
  ): { readonly ids: readonly number[]; readonly register: boolean };

  /** A call in the program: broadcast over registers, once per value that a measured angle can have. */
  protected gateCall(call: GateCall, scope: Scope): void {
    const entry = this.#entry(call.name, call.at, scope);
    const values = this.#angles(call.values, scope);
    const changes =
      call.modifiers.length === 0
        ? []
        : call.modifiers.map((modifier) => this.#change(modifier, scope));
    const operands = call.operands.map((operand) => this.operand(operand, scope));
    this.#checkCounts(call, entry, values.length, operands.length, controlsOf(changes));
    let length = 1;
    let register: number | undefined;
    for (const [i, operand] of operands.entries()) {
      if (!operand.register) continue;
      if (register !== undefined && operand.ids.length !== length) {
        this.fail(
          `registers of ${length} and ${operand.ids.length} qubits meet in one gate`,
          call.operands[i]!.at,
          'Use registers of one length, or single qubits',
        );
      }
      register = i;
      length = operand.ids.length;
    }
    try {
      if (values.every(isKnown)) this.#broadcast(call, entry, values, changes, operands, length);
      else {
        this.emitter.cases(values, (known) =>
          this.#broadcast(call, entry, known, changes, operands, length),
        );
      }
    } catch (error) {
      this.blame(error, call.at, call.end);
    }
  }

  #broadcast(
    call: GateCall,
    entry: GateEntry,
    values: readonly Scalar[],
    changes: readonly Change[],
    operands: readonly { readonly ids: readonly number[]; readonly register: boolean }[],
    length: number,
  ): void {
    const turns = values.map(angleOf);
    for (let i = 0; i < length; i++) {
      const qubits = operands.map(({ ids, register }) => ids[register ? i : 0]!);
      if (qubits.length > 1) this.#checkDifferent(qubits, call);
      this.emitter.step();
      this.emitter.pieces(this.#applied(entry, turns, qubits, changes));
    }
  }

  /** `gphase(γ);` with modifiers; its qubits are controls. */
  protected phaseCall(call: Extract<Statement, { type: 'gphase' }>, scope: Scope): void {
    const { modifiers, operands, value, at, end } = call;
    this.gateCall(
      { type: 'gate', at, end, name: 'gphase', modifiers, values: [value], operands },
      scope,
    );
  }

  #entry(name: string, at: number, scope: Scope): GateEntry {
    if (name === 'gphase' && this.version === 3) return GPHASE;
    const found = scope.find(name);
    if (found?.kind === 'gate') {
      if (found.definition !== undefined && found.definition.body === undefined) {
        this.fail(
          `the gate '${shortened(name)}' is opaque: nobody knows what it does`,
          at,
          'Define it with gate',
        );
      }
      return found.entry;
    }
    if (found !== undefined) this.fail(`'${shortened(name)}' is no gate`, at);
    // Among equally near names those in small letters come before U and CX.
    const all = scope.names('gate');
    const names = [...all.filter((one) => /[a-z]/.test(one)), ...all];
    const file = this.version === 2 ? 'qelib1.inc' : 'stdgates.inc';
    const remedy = this.standard(name)
      ? `Add include "${file}"; at the top`
      : 'Define it with gate, or use another one';
    return this.fail(
      `unknown gate '${shortened(name)}'${hint(shortened(name), names)}`,
      at,
      remedy,
    );
  }

  /** Whether the standard file of this version has a gate of that name. */
  protected abstract standard(name: string): boolean;

  #angles(values: readonly Expression[], scope: Scope): readonly Scalar[] {
    return values.map((expression) => {
      const value = this.evaluate(expression, scope);
      const single: Value =
        value.kind === 'bits' ? this.placed(expression.at, () => numberOfBits(value)) : value;
      if (single.kind === 'constant' || single.kind === 'symbolic' || single.kind === 'measured')
        return single;
      return this.fail('this is not an angle', expression.at, 'Give a number');
    });
  }

  #change({ name, value, at }: Modifier, scope: Scope): Change {
    if (name === 'inv') {
      if (value !== undefined) this.fail('inv takes no value', value.at, 'Use pow(-1) @ …');
      return { name, at };
    }
    if (name === 'pow') {
      const exponent = this.evaluate(value!, scope);
      return { name, exponent: this.placed(value!.at, () => angleOf(exponent)), at };
    }
    const known = value === undefined ? undefined : this.evaluate(value, scope);
    const count =
      known === undefined
        ? 1
        : this.placed(value!.at, () => integerOf(known, 'the number of controls'));
    if (count < 1 || count > this.emitter.limits.qubits) {
      this.fail(`a gate cannot have ${count} controls`, value!.at, 'Use a positive number');
    }
    return { name, count, at };
  }

  #checkCounts(
    call: GateCall,
    entry: GateEntry,
    values: number,
    operands: number,
    controls: number,
  ): void {
    const { name, at, end } = call;
    if (values !== entry.parameters) {
      const takes = entry.parameters === 0 ? 'It takes none' : `It takes ${entry.parameters}`;
      this.fail(`'${shortened(name)}' got ${plural(values, 'angle')}`, at, takes, end);
    }
    const wanted = entry.qubits + controls;
    if (operands !== wanted) {
      const of = controls === 0 ? '' : `, ${controls} of them as controls`;
      this.fail(
        `'${shortened(name)}' got ${plural(operands, 'qubit')}`,
        at,
        `It takes ${wanted}${of}`,
        end,
      );
    }
  }

  #checkDifferent(qubits: readonly number[], call: GateCall): void {
    if (qubits.length > 8 && new Set(qubits).size === qubits.length) return;
    const twice = qubits.findIndex((qubit, i) => qubits.indexOf(qubit) !== i);
    if (twice < 0) return;
    const at = call.operands[twice]?.at ?? call.at;
    this.fail(`'${shortened(call.name)}' acts twice on one qubit`, at, 'Give different qubits');
  }

  /** What a call does, modifiers included; the one nearest to the gate acts first. */
  #applied(
    entry: GateEntry,
    turns: readonly Turn[],
    qubits: readonly number[],
    changes: readonly Change[],
  ): readonly Piece[] {
    if (changes.length === 0) return entry.make(turns, qubits);
    const controls = controlsOf(changes);
    let pieces = entry.make(turns, qubits.slice(controls));
    let free = controls;
    for (const change of changes.toReversed()) {
      this.emitter.step(pieces.length);
      if (change.name === 'inv') pieces = inverted(pieces);
      else if (change.name === 'pow') {
        const from = pieces;
        pieces = this.placed(change.at, () => raised(from, change.exponent, this.emitter.left));
      } else {
        const value = change.name === 'ctrl' ? 1 : 0;
        const own = qubits.slice(free - change.count, free);
        free -= change.count;
        pieces = underControls(
          pieces,
          own.map((qubit): Control => ({ qubit, value })),
        );
      }
    }

    return pieces;
  }

  /** `gate name(…) … { … }` */
  protected defineGate(node: GateDefinition, scope: Scope): void {
    const { name, parameters, qubits, at } = node;
    const known = scope.own(name);
    if (known !== undefined && !(known.kind === 'gate' && known.file !== undefined)) {
      this.fail(`'${shortened(name)}' is declared twice`, at, 'Rename one of them');
    }
    if (known !== undefined)
      this.notice(
        `the gate '${shortened(name)}' of the program replaces that of the included file`,
      );
    for (const list of [parameters, qubits]) {
      const twice = list.find((one, i) => list.indexOf(one) !== i);
      if (twice !== undefined)
        this.fail(`'${shortened(name)}' has two parameters '${shortened(twice)}'`, at);
    }
    const entry: GateEntry = {
      parameters: parameters.length,
      qubits: qubits.length,
      make: (turns, on) => this.#expand(node, turns, on, scope),
    };
    // A definition of what the table has anyway becomes that gate.
    const better =
      node.body === undefined ? undefined : recognised(name, entry, this.version === 2);
    scope.set(name, { kind: 'gate', entry: better ?? entry, definition: node });
  }

  /** The gates a definition is made of. */
  #expand(
    node: GateDefinition,
    turns: readonly Turn[],
    on: readonly number[],
    outside: Scope,
  ): readonly Piece[] {
    if (++this.#calls > this.emitter.limits.nesting) {
      this.fail(`gates call each other more than ${this.emitter.limits.nesting} deep`, node.at);
    }
    const scope = new Scope(outside, true);
    node.parameters.forEach((name, i) => {
      const turn = turns[i]!;
      const value = typeof turn === 'number' ? constant(FLOAT, turn) : symbolic(FLOAT, turn);
      if (value.kind === 'symbolic') this.placed(node.at, () => this.emitter.step(value.nodes));
      scope.set(name, { kind: 'variable', cell: { type: FLOAT, value }, fixed: true });
    });
    node.qubits.forEach((name, i) =>
      scope.set(name, { kind: 'qubits', ids: [on[i]!], register: false }),
    );
    const pieces: Piece[] = [];
    try {
      for (const statement of node.body ?? []) this.#inside(statement, scope, pieces);
    } finally {
      this.#calls--;
    }
    return pieces;
  }

  /** A statement of a gate's body. */
  #inside(statement: Statement, scope: Scope, pieces: Piece[]): void {
    this.placed(statement.at, () => this.emitter.step());
    switch (statement.type) {
      case 'gate':
      case 'gphase': {
        const call: GateCall =
          statement.type === 'gate'
            ? statement
            : { ...statement, type: 'gate', name: 'gphase', values: [statement.value] };
        const entry = this.#entry(call.name, call.at, scope);
        const turns = this.#angles(call.values, scope).map((value, i) =>
          this.placed(call.values[i]!.at, () => angleOf(value)),
        );
        const changes = call.modifiers.map((modifier) => this.#change(modifier, scope));
        const qubits = call.operands.map((operand) => this.operand(operand, scope).ids[0]!);
        this.#checkCounts(call, entry, turns.length, qubits.length, controlsOf(changes));
        if (qubits.length > 1) this.#checkDifferent(qubits, call);
        const made = this.placed(
          call.at,
          () => this.#applied(entry, turns, qubits, changes),
          call.end,
        );
        this.placed(call.at, () => this.emitter.step(made.length));
        if (pieces.length + made.length > this.emitter.left) {
          this.fail(
            'a gate has more operations than the circuit may have',
            call.at,
            'Raise the limit `operations`',
          );
        }
        for (const one of made) pieces.push(one);
        return;
      }
      case 'for':
        if (this.version === 3) {
          this.loop(statement, scope, (inner) =>
            statement.body.forEach((one) => this.#inside(one, inner, pieces)),
          );
          return;
        }
        break;
      case 'barrier':
      case 'skipped':
        return;
    }
    this.fail('this cannot stand in the body of a gate', statement.at, 'Gates are made of gates');
  }

  /** Runs the body of a loop once for every value. */
  protected abstract loop(
    node: Extract<Statement, { type: 'for' }>,
    scope: Scope,
    body: (scope: Scope) => void,
  ): void;
}

const GPHASE: GateEntry = {
  parameters: 1,
  qubits: 0,
  make: (turns) => [piece('GPhase', turns, [])],
};

/** Whether a value is the same in every run. */
function isKnown(value: Scalar): boolean {
  return value.kind !== 'measured';
}

function controlsOf(changes: readonly Change[]): number {
  return changes.reduce((sum, change) => sum + ('count' in change ? change.count : 0), 0);
}

/** A count with its noun. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
