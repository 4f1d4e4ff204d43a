import type { Expression, Index, Statement } from '../ast.ts';
import type { Cell } from './emitter.ts';
import { shortened } from './evaluator.ts';
import { Gates, plural } from './gates.ts';
import { Scope } from './scope.ts';
import type { Value } from './values.ts';
import { integerOf } from './values.ts';

/** What stands for qubits and bits: names, indices, slices, joined registers; and what measures them. */
export abstract class Operands extends Gates {
  /** Names of the whole program. */
  protected readonly global: Scope = new Scope();
  /** Physical qubits, such as $2, and which qubits of the circuit they are. */
  readonly #hardware = new Map<number, number>();

  /** The qubits an operand stands for. */
  protected override operand(
    expression: Expression,
    scope: Scope,
  ): { readonly ids: readonly number[]; readonly register: boolean } {
    switch (expression.type) {
      case 'name': {
        const found = this.known(expression.name, expression.at, scope);
        if (found.kind === 'qubits') return found;
        return this.fail(
          `'${shortened(expression.name)}' is no qubit`,
          expression.at,
          `Declare it with ${this.version === 2 ? 'qreg' : 'qubit'}`,
        );
      }
      case 'index': {
        const [only] = expression.indices;
        if (
          only?.type === 'number' &&
          expression.of.type === 'name' &&
          expression.indices.length === 1
        ) {
          // What most programs are made of: one qubit of a register.
          const found = scope.find(expression.of.name);
          const id =
            found?.kind === 'qubits' && found.register && only.integer
              ? found.ids[only.value]
              : undefined;
          if (id !== undefined) return { ids: [id], register: false };
        }
        const { ids, register } = this.operand(expression.of, scope);
        if (!register) this.fail('a single qubit has an index', expression.at, 'Leave it out');
        if (expression.indices.length > 1) this.fail('a register has one index', expression.at);
        const { list, several } = this.places(
          this.#constantIndex(expression.indices[0]!, scope),
          ids.length,
          scope,
        );
        return { ids: list.map((place) => ids[place]!), register: several };
      }
      case 'concat': {
        const [left, right] = [expression.left, expression.right].map(
          (part) => this.operand(part, scope).ids,
        );
        if (left!.length + right!.length > this.emitter.limits.qubits)
          this.fail('a register is too long', expression.at);
        this.placed(expression.at, () => this.emitter.step(left!.length + right!.length));
        return { ids: [...left!, ...right!], register: true };
      }
      case 'hardware': {
        const known = this.#hardware.get(expression.index);
        if (known !== undefined) return { ids: [known], register: false };
        this.declareQubits(`$${expression.index}`, expression.at, undefined, this.global);
        this.#hardware.set(expression.index, this.qubits - 1);
        return { ids: [this.qubits - 1], register: false };
      }
      default:
        return this.fail('this is no qubit', expression.at, 'Name a qubit or a register');
    }
  }

  /** An index must be known; the message says so before anything else is tried. */
  #constantIndex(index: Index, scope: Scope): Index {
    if (index.type === 'name') {
      const value = this.evaluate(index, scope);
      this.placed(index.at, () => integerOf(value, 'an index'));
    }
    return index;
  }

  /** The bits that a target stands for. */
  protected bitCells(expression: Expression, scope: Scope): readonly Cell[] {
    if (expression.type === 'index') {
      if (expression.of.type === 'name') {
        const found = this.known(expression.of.name, expression.of.at, scope);
        if (found.kind === 'bits' && !found.register)
          this.fail('a single bit has an index', expression.at, 'Leave it out');
      }
      const cells = this.bitCells(expression.of, scope);
      if (expression.indices.length > 1) this.fail('a register has one index', expression.at);
      return this.places(expression.indices[0]!, cells.length, scope).list.map(
        (place) => cells[place]!,
      );
    }
    if (expression.type === 'concat') {
      return [...this.bitCells(expression.left, scope), ...this.bitCells(expression.right, scope)];
    }
    if (expression.type !== 'name')
      return this.fail('this is no bit', expression.at, 'Name a bit or a register');
    const found = this.known(expression.name, expression.at, scope);
    if (found.kind === 'bits') return found.cells;
    return this.fail(
      `'${shortened(expression.name)}' is no bit`,
      expression.at,
      `Declare it with ${this.version === 2 ? 'creg' : 'bit'}`,
    );
  }

  /** A measurement that stands alone, or with an arrow. */
  protected measure(
    { operand, target, at }: Extract<Statement, { type: 'measure' }>,
    scope: Scope,
  ): void {
    if (target === undefined) this.measured(operand, at, scope);
    else this.measureInto(operand, this.bitCells(target, scope), at, scope);
  }

  protected override measureInto(
    operand: Expression,
    cells: readonly Cell[],
    at: number,
    scope: Scope,
  ): void {
    const { ids } = this.operand(operand, scope);
    if (ids.length !== cells.length) {
      this.fail(
        `${plural(ids.length, 'qubit')} are measured into ${plural(cells.length, 'bit')}`,
        at,
        'Use as many bits as qubits',
      );
    }
    ids.forEach((qubit, i) => {
      const cell = cells[i]!;
      const { bit } = cell;
      if (bit === undefined)
        return this.fail('the target of a measurement is constant', at, 'Declare a bit');
      return this.placed(at, () => {
        this.emitter.step();
        this.emitter.measure(qubit, bit, cell);
      });
    });
  }

  protected override measured(operand: Expression, at: number, scope: Scope): Value {
    const { ids, register } = this.operand(operand, scope);
    const cells = this.newBits(ids.length, at);
    this.measureInto(operand, cells, at, scope);
    const elements = cells.map(({ bit }) => this.emitter.current(bit));
    return register ? { kind: 'bits', elements } : elements[0]!;
  }

  /** `let name = …;` */
  protected alias(
    { name, nameAt, value }: Extract<Statement, { type: 'alias' }>,
    scope: Scope,
  ): void {
    let first = value;
    while (first.type === 'index' || first.type === 'concat')
      first = first.type === 'index' ? first.of : first.left;
    const bits = first.type === 'name' && scope.find(first.name)?.kind === 'bits';
    if (bits) {
      const register =
        value.type !== 'name' || (scope.find(value.name) as { register: boolean }).register;
      const cells = this.bitCells(value, scope);
      this.define(name, nameAt, scope, {
        kind: 'bits',
        cells,
        register: register && !(value.type === 'index' && isSingle(value.indices[0]!)),
      });
    } else this.define(name, nameAt, scope, { kind: 'qubits', ...this.operand(value, scope) });
  }
}

/** Whether an index stands for one element. */
export function isSingle(index: Index): boolean {
  return index.type !== 'range' && index.type !== 'set';
}
