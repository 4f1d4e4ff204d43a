import type { Circuit } from '@ketwork/circuit';
import { CIRCUIT_SCHEMA, assembleCircuit } from '@ketwork/circuit';
import { KetworkError, hint } from '@ketwork/base';
import type { Expression, Index, Statement, TypeExpression } from '../ast.ts';
import type { Cell } from './emitter.ts';
import { cast } from './functions.ts';
import { plural } from './gates.ts';
import { Operands, isSingle } from './operands.ts';
import { bitsOf, shortened } from './evaluator.ts';
import { builtIn2, builtIn3, library, qelib1, stdgates } from './libraries.ts';
import type { QasmRegister } from './declarations.ts';
import { Scope } from './scope.ts';
import type { Bits, Conjunction, Measured, Scalar, ScalarType, Value } from './values.ts';
import { Refusal, constant, nameOf } from './values.ts';

/** How a statement ends other than by going on. */
export type Signal =
  | { readonly type: 'break' | 'continue' | 'end'; readonly at: number }
  | { readonly type: 'return'; readonly at: number; readonly value: Value | undefined };

/** What was read. */
export interface Outcome {
  readonly circuit: Circuit;
  readonly qubits: readonly QasmRegister[];
  readonly bits: readonly QasmRegister[];
  readonly outputs: readonly string[];
  readonly notices: readonly string[];
}

/** Runs the statements of a program and collects the operations they make. */
export class Interpreter extends Operands {
  #calls = 0;

  /** Makes the gates known that need no include. */
  begin(): void {
    const table = this.version === 2 ? builtIn2 : builtIn3;
    for (const [name, entry] of Object.entries(table))
      this.global.set(name, { kind: 'gate', entry });
  }

  /** Runs a statement of the program. @returns whether the program ends here. */
  run(statement: Statement): boolean {
    const signal = this.#execute(statement, this.global);
    if (signal === undefined || signal.type === 'end') return signal !== undefined;
    return this.fail(
      `'${signal.type}' stands outside of a ${signal.type === 'return' ? 'subroutine' : 'loop'}`,
      signal.at,
    );
  }

  /** The finished circuit. */
  finish(): Outcome {
    this.checkInputs(this.#inputNames);
    if (this.qubits === 0)
      this.fail('the program has no qubits', 0, 'Declare some, such as qubit[2] q;');
    const circuit: Circuit = {
      schema: CIRCUIT_SCHEMA,
      qubits: this.qubits,
      bits: this.bits,
      slots: this.slots,
      ops: this.emitter.finish(),
    };
    return {
      circuit: this.#checked(circuit),
      qubits: this.qubitRegisters,
      bits: this.bitRegisters,
      outputs: this.outputs,
      notices: this.notices,
    };
  }

  readonly #inputNames: string[] = [];

  /** Circuits have limits of their own, such as the nesting of conditionals. */
  #checked(circuit: Circuit): Circuit {
    try {
      return assembleCircuit(circuit);
    } catch (cause) {
      if (!(cause instanceof KetworkError)) throw cause;
      return this.placed(0, () => {
        throw new Refusal(`the program makes no circuit: ${cause.message}`);
      });
    }
  }

  #all(statements: readonly Statement[], scope: Scope): Signal | undefined {
    for (const statement of statements) {
      const signal = this.#execute(statement, scope);
      if (signal !== undefined) return signal;
    }
    return undefined;
  }

  #execute(statement: Statement, scope: Scope): Signal | undefined {
    const { at } = statement;
    if (statement.type === 'gate') {
      this.gateCall(statement, scope);
      return undefined;
    }
    this.placed(at, () => this.emitter.step());
    switch (statement.type) {
      case 'gphase':
        this.phaseCall(statement, scope);
        return undefined;
      case 'measure':
        this.measure(statement, scope);
        return undefined;
      case 'qubits':
        if (scope !== this.global)
          this.fail('qubits are declared inside of a block', at, 'Declare them at the top');
        this.declareQubits(statement.name, statement.nameAt, statement.size, scope);
        return undefined;
      case 'declare':
        if (statement.role === 'input') this.#inputNames.push(statement.name);
        this.declareVariable(statement, scope);
        return undefined;
      case 'include':
        this.#include(statement.file, at);
        return undefined;
      case 'alias':
        this.alias(statement, scope);
        return undefined;
      case 'gateDefinition':
        if (scope !== this.global)
          this.fail('a gate is defined inside of a block', at, 'Define it at the top');
        this.defineGate(statement, scope);
        return undefined;
      case 'subroutine':
        if (scope !== this.global)
          this.fail('a subroutine is defined inside of a block', at, 'Define it at the top');
        this.define(statement.name, at, scope, { kind: 'subroutine', node: statement });
        return undefined;
      case 'assign':
        this.#assign(statement, scope);
        return undefined;
      case 'expression': {
        const { value } = statement;
        if (value.type === 'call' && scope.find(value.name) !== undefined)
          this.call(value.name, value.values, at, scope);
        else this.evaluate(value, scope);
        return undefined;
      }
      case 'reset': {
        const { ids } = this.operand(statement.operand, scope);
        this.placed(at, () => {
          this.emitter.step(ids.length);
          this.emitter.push({ type: 'reset', qubits: ids });
        });
        return undefined;
      }
      case 'barrier': {
        const ids = statement.operands.flatMap((operand) => this.operand(operand, scope).ids);
        const all = Array.from({ length: this.qubits }, (_, i) => i);
        this.placed(at, () => {
          this.emitter.step(ids.length);
          this.emitter.push({
            type: 'barrier',
            qubits: statement.operands.length === 0 ? all : [...new Set(ids)],
          });
        });
        return undefined;
      }
      case 'if':
        return this.#if(statement, scope);
      case 'while':
        return this.#while(statement, scope);
      case 'for': {
        let ended: Signal | undefined;
        this.loop(statement, scope, (inner) => {
          const signal = this.#all(statement.body, inner);
          if (signal === undefined || signal.type === 'continue') return false;
          if (signal.type !== 'break') ended = signal;
          return true;
        });
        return ended;
      }
      case 'block':
        return this.#all(statement.body, new Scope(scope));
      case 'return': {
        const value =
          statement.value === undefined ? undefined : this.evaluate(statement.value, scope);
        return { type: 'return', at, value };
      }
      case 'break':
      case 'continue':
      case 'end':
        return { type: statement.type, at };
      case 'skipped':
        this.notice(`${statement.what} has no effect on the circuit`);
        return undefined;
    }
  }

  #include(file: string, at: number): void {
    const gates = library(file);
    if (gates === undefined) {
      this.fail(
        `the file '${shortened(file)}' cannot be included${hint(file, ['stdgates.inc', 'qelib1.inc'])}`,
        at,
        'stdgates.inc and qelib1.inc are built in; copy the text of others into the program',
      );
    }
    for (const [name, entry] of Object.entries(gates)) {
      const known = this.global.own(name);
      if (known !== undefined && !(known.kind === 'gate' && known.file !== undefined)) {
        if (known.kind === 'gate' && known.definition === undefined) continue;
        this.fail(
          `'${name}' is declared before ${file}, which has a gate of that name`,
          at,
          'Move the include to the top',
        );
      }
      this.global.set(name, { kind: 'gate', entry, file });
    }
  }

  protected override standard(name: string): boolean {
    return Object.hasOwn(this.version === 2 ? qelib1 : stdgates, name);
  }

  #assign(node: Extract<Statement, { type: 'assign' }>, scope: Scope): void {
    const { target, op, at } = node;
    let { value: expression } = node;
    const base = target.type === 'index' ? target.of : target;
    if (base.type !== 'name')
      return this.fail('this cannot be assigned to', target.at, 'Name a variable');
    const found = this.known(base.name, base.at, scope);
    if (op !== '')
      expression = { type: 'binary', at, mark: at, op, left: target, right: expression };
    const shown = shortened(base.name);
    switch (found.kind) {
      case 'bits': {
        const cells = this.bitCells(target, scope);
        if (cells.some(({ bit }) => bit === undefined)) this.fail(`'${shown}' is constant`, at);
        if (expression.type === 'measure') {
          this.measureInto(expression.operand, cells, expression.at, scope);
          return;
        }
        const value = this.evaluate(expression, scope);
        const single = target.type === 'index' ? isSingle(target.indices[0]!) : !found.register;
        this.placed(expression.at, () => {
          const elements = single
            ? [cast(value, { base: 'bit' }) as Scalar]
            : (bitsOf(value, cells.length) as Bits).elements;
          this.assignBits(cells, elements);
        });
        return;
      }
      case 'variable': {
        if (found.fixed) this.fail(`'${shown}' is constant`, at, 'Declare a variable');
        if (target.type === 'index')
          this.fail(`'${shown}' has no elements that can be assigned`, at);
        const value = this.converted(expression, found.cell.type, scope);
        this.emitter.write(found.cell, value);
        return;
      }
      case 'array': {
        if (found.fixed) this.fail(`'${shown}' is constant`, at);
        const indices = target.type === 'index' ? target.indices : [];
        const { list, shape } = this.elements(found.shape, indices, target.at, scope);
        const value = this.evaluate(expression, scope);
        this.placed(expression.at, () => {
          if (shape === undefined) {
            this.emitter.write(found.cells[list[0]!]!, cast(value, found.type));
            return;
          }
          if (value.kind !== 'array' || value.shape.join() !== shape.join()) {
            throw new Refusal(
              `${nameOf(value)} does not fit elements of shape [${shape.join(', ')}]`,
            );
          }
          list.forEach((place, i) =>
            this.emitter.write(found.cells[place]!, cast(value.elements[i]!, found.type)),
          );
        });
        return;
      }
      default:
        this.fail(`'${shown}' cannot be assigned to`, at, 'Name a variable');
    }
  }

  /** Runs a body that may or may not run; nothing may leave it. */
  #conditionally(body: readonly Statement[], scope: Scope): void {
    const signal = this.#all(body, new Scope(scope));
    if (signal === undefined) return;
    this.fail(
      `'${signal.type}' depends on a measured bit`,
      signal.at,
      'A circuit has no such jump; put what follows into the other branch',
    );
  }

  #if(node: Extract<Statement, { type: 'if' }>, scope: Scope): Signal | undefined {
    const condition = this.condition(node.condition, scope);
    if (condition.kind === 'constant') {
      return this.#all(condition.value === 0 ? node.otherwise : node.then, new Scope(scope));
    }
    this.placed(node.at, () =>
      this.emitter.choose(
        condition as Measured | Conjunction,
        () => this.#conditionally(node.then, scope),
        () => this.#conditionally(node.otherwise, scope),
      ),
    );
    return undefined;
  }

  #while(node: Extract<Statement, { type: 'while' }>, scope: Scope): Signal | undefined {
    for (;;) {
      const condition = this.condition(node.condition, scope);
      if (condition.kind !== 'constant') {
        this.placed(node.at, () =>
          this.emitter.repeat(
            () => {
              const again = this.condition(node.condition, scope);
              if (again.kind === 'measured' || again.kind === 'conjunction') return again;
              throw new Refusal(
                'the condition of a loop does not depend on what is measured in it',
              );
            },
            () => this.#conditionally(node.body, scope),
          ),
        );
        return undefined;
      }
      if (condition.value === 0) return undefined;
      this.placed(node.at, () => this.emitter.step());
      const signal = this.#all(node.body, new Scope(scope));
      if (signal?.type === 'break') return undefined;
      if (signal !== undefined && signal.type !== 'continue') return signal;
    }
  }

  /** Runs `body` for every value; it returns true to stop. */
  protected override loop(
    node: Extract<Statement, { type: 'for' }>,
    scope: Scope,
    body: (scope: Scope) => unknown,
  ): void {
    const type = this.scalarType(node.kind, scope);
    for (const value of this.#values(node.over, scope)) {
      this.placed(node.at, () => this.emitter.step());
      const inner = new Scope(scope);
      const own = this.placed(node.at, () => cast(value, type));
      inner.set(node.name, { kind: 'variable', cell: { type, value: own }, fixed: true });
      if (body(inner) === true) return;
    }
  }

  #values(over: Index, scope: Scope): readonly Value[] {
    if (over.type === 'range') {
      return this.range(over, undefined, scope).map((x) => constant({ base: 'int' }, x));
    }
    if (over.type === 'set') return over.items.map((item) => this.evaluate(item, scope));
    const value = this.evaluate(over, scope);
    if (value.kind === 'bits') return value.elements;
    if (value.kind === 'array' && value.shape.length === 1) return value.elements;
    return this.fail(
      `a loop cannot run over ${nameOf(value)}`,
      over.at,
      'Use a range, a set, a register or an array of one dimension',
    );
  }

  /** A call of a subroutine: its body is run here. */
  protected override call(
    name: string,
    values: readonly Expression[],
    at: number,
    scope: Scope,
  ): Value | undefined {
    const found = scope.find(name);
    if (found?.kind !== 'subroutine') {
      const remedy =
        found?.kind === 'gate' ? `Name the qubits behind it: ${shortened(name)} q;` : undefined;
      return this.fail(`'${shortened(name)}' is no subroutine`, at, remedy);
    }
    const { node } = found;
    if (values.length !== node.parameters.length) {
      this.fail(
        `'${shortened(name)}' got ${plural(values.length, 'value')}`,
        at,
        `It takes ${node.parameters.length}`,
      );
    }
    if (++this.#calls > this.emitter.limits.nesting) {
      this.fail(
        `subroutines call each other more than ${this.emitter.limits.nesting} deep`,
        at,
        'Circuits have no recursion without end',
      );
    }
    const inner = new Scope(this.global, true);
    node.parameters.forEach((parameter, i) => this.#argument(parameter, values[i]!, scope, inner));
    const signal = this.#all(node.body, inner);
    this.#calls--;
    if (signal !== undefined && signal.type !== 'return') {
      return this.fail(`'${signal.type}' leaves a subroutine`, signal.at);
    }
    const value = signal?.value;
    if (node.result === undefined || value === undefined) {
      if (node.result !== undefined)
        this.fail(`'${shortened(name)}' ends without a value`, at, 'Add return');
      return undefined;
    }
    if (node.result.base === 'bit' && node.result.size !== undefined) {
      const length = this.integer(node.result.size, 'the length', inner);
      return this.placed(signal!.at, () => bitsOf(value, length));
    }
    const type = this.scalarType(node.result, inner);
    return this.placed(signal!.at, () => cast(value, type));
  }

  /** Gives a parameter its meaning. */
  #argument(
    {
      name,
      kind,
      at,
    }: { readonly name: string; readonly kind: TypeExpression; readonly at: number },
    expression: Expression,
    outside: Scope,
    inside: Scope,
  ): void {
    if (kind.base === 'qubit') {
      const operand = this.operand(expression, outside);
      if (kind.size !== undefined) {
        const length = this.integer(kind.size, 'the length', inside);
        if (operand.ids.length !== length) {
          this.fail(
            `${plural(operand.ids.length, 'qubit')} are given where '${shortened(name)}' has ${length}`,
            expression.at,
          );
        }
      } else if (operand.ids.length !== 1)
        this.fail(`a register is given for the qubit '${shortened(name)}'`, expression.at);
      this.define(name, at, inside, {
        kind: 'qubits',
        ids: operand.ids,
        register: kind.size !== undefined,
      });
      return;
    }
    if (kind.dimensions !== undefined || kind.rank !== undefined) {
      const found =
        expression.type === 'name'
          ? this.known(expression.name, expression.at, outside)
          : undefined;
      if (found?.kind !== 'array')
        return this.fail(`'${shortened(name)}' wants an array`, expression.at, 'Give its name');
      const rank =
        kind.rank === undefined
          ? kind.dimensions!.length
          : this.integer(kind.rank, 'the number of dimensions', inside);
      if (found.shape.length !== rank)
        this.fail(`'${shortened(name)}' wants an array of ${rank} dimensions`, expression.at);
      this.define(name, at, inside, { ...found, fixed: found.fixed || kind.access !== 'mutable' });
      return;
    }
    const value = this.evaluate(expression, outside);
    if (kind.base === 'bit') {
      const length = kind.size === undefined ? 1 : this.integer(kind.size, 'the length', inside);
      const elements = this.placed(expression.at, () =>
        kind.size === undefined
          ? [cast(value, { base: 'bit' }) as Scalar]
          : (bitsOf(value, length) as Bits).elements,
      );
      // A copy: the bit outside stays what it is.
      const cells = elements.map((bit): Cell => ({ type: { base: 'bit' }, value: bit }));
      this.define(name, at, inside, { kind: 'bits', cells, register: kind.size !== undefined });
      return;
    }
    const type: ScalarType = this.scalarType(kind, inside);
    const own = this.placed(expression.at, () => cast(value, type));
    this.define(name, at, inside, { kind: 'variable', cell: { type, value: own }, fixed: false });
  }
}
