import { hint } from '@ketwork/base';
import type { Expression, Index, Range } from '../ast.ts';
import { QasmError } from '../error.ts';
import type { Cell, Emitter } from './emitter.ts';
import { CONSTANTS, builtIn, cast, functionNames } from './functions.ts';
import { binary, truth, unary } from './operators.ts';
import type { Named, Scope } from './scope.ts';
import type { ArrayOf, Constant, Scalar, ScalarType, Value } from './values.ts';
import { BIT, BOOL, FLOAT, INT, Refusal, constant, integerOf } from './values.ts';

/** Most indices of a range or set. */
const MOST_INDICES = 65_536;

/** Works out expressions. */
export abstract class Evaluator {
  protected readonly text: string;
  protected readonly version: 2 | 3;
  protected readonly emitter: Emitter;

  constructor(text: string, version: 2 | 3, emitter: Emitter) {
    this.text = text;
    this.version = version;
    this.emitter = emitter;
  }

  /** Stops with an error. */
  protected fail(what: string, at: number, remedy?: string, end?: number): never {
    throw new QasmError(what, this.text, {
      at,
      ...(remedy === undefined ? {} : { remedy }),
      ...(end === undefined ? {} : { end }),
    });
  }

  /** Says where in the program a refusal happened. */
  protected placed<T>(at: number, work: () => T, end?: number): T {
    try {
      return work();
    } catch (error) {
      return this.blame(error, at, end);
    }
  }

  /** Turns a refusal into an error of that place. */
  protected blame(error: unknown, at: number, end?: number): never {
    if (error instanceof Refusal) this.fail(error.message, at, error.remedy, end);
    throw error;
  }

  /** A call of a subroutine. */
  protected abstract call(
    name: string,
    values: readonly Expression[],
    at: number,
    scope: Scope,
  ): Value | undefined;

  /** Measures into a new bit or register. */
  protected abstract measured(operand: Expression, at: number, scope: Scope): Value;

  /** The type of an expression of types. */
  protected abstract scalarType(
    type: Extract<Expression, { type: 'cast' }>['to'],
    scope: Scope,
  ): ScalarType;

  /** What an expression is worth. */
  evaluate(expression: Expression, scope: Scope): Value {
    switch (expression.type) {
      case 'number':
        return this.#number(expression.value, expression.integer, expression.at);
      case 'name':
        return this.#name(expression.name, expression.at, scope);
      case 'binary':
        return this.#chain(expression, scope);
      case 'unary': {
        const of = this.evaluate(expression.of, scope);
        return this.#counted(expression.at, () => unary(expression.op, of));
      }
      case 'boolean':
        return constant(BOOL, Number(expression.value));
      case 'timing':
        return constant({ base: 'duration' }, expression.value);
      case 'bits':
        return {
          kind: 'bits',
          elements: [...expression.text].reverse().map((bit) => constant(BIT, Number(bit))),
        };
      case 'call':
        return this.#call(expression, scope);
      case 'cast': {
        const of = this.evaluate(expression.of, scope);
        const { to } = expression;
        if (to.base === 'bit' && to.size !== undefined) {
          const width = this.integer(to.size, 'the length of a register', scope);
          if (width < 1 || width > MOST_INDICES)
            this.fail(`a register cannot have ${width} bits`, to.size.at);
          return this.#counted(expression.at, () => bitsOf(of, width));
        }
        const type = this.scalarType(to, scope);
        return this.#counted(expression.at, () => cast(of, type));
      }
      case 'index':
        return this.#indexed(expression, scope);
      case 'measure':
        return this.measured(expression.operand, expression.at, scope);
      case 'concat': {
        const parts = [expression.left, expression.right].map((part) => this.evaluate(part, scope));
        return this.placed(expression.at, () => joined(parts));
      }
      case 'list':
        return this.fail(
          'the elements of an array are used as a value',
          expression.at,
          'Give them where the array is declared',
        );
      case 'hardware':
        return this.fail(
          `the qubit $${expression.index} is used as a value`,
          expression.at,
          'Measure it',
        );
    }
  }

  /** A known integer. */
  integer(expression: Expression, what: string, scope: Scope): number {
    const value = this.evaluate(expression, scope);
    return this.placed(expression.at, () => integerOf(value, what));
  }

  /** A condition. */
  condition(expression: Expression, scope: Scope): Scalar {
    const value = this.evaluate(expression, scope);
    return this.#counted(expression.at, () => truth(value)) as Scalar;
  }

  /** The places that an index stands for, each from 0 to below the length. */
  places(
    index: Index,
    length: number,
    scope: Scope,
  ): { readonly list: readonly number[]; readonly several: boolean } {
    if (index.type === 'range') return { list: this.range(index, length, scope), several: true };
    const place = (expression: Expression): number => {
      const wanted = this.integer(expression, 'an index', scope);
      const at = wanted < 0 ? wanted + length : wanted;
      if (at >= 0 && at < length) return at;
      return this.fail(
        `index ${wanted} is out of range`,
        expression.at,
        length === 1
          ? 'There is one element, of index 0'
          : `There are ${length} elements, of index 0 to ${length - 1}`,
      );
    };
    if (index.type === 'set') return { list: index.items.map(place), several: true };
    return { list: [place(index)], several: false };
  }

  /**
   * The numbers of a range, both ends included.
   *
   * @param length Of the register it indexes; undefined for the range of a loop.
   */
  range(range: Range, length: number | undefined, scope: Scope): number[] {
    const step =
      range.step === undefined ? 1 : this.integer(range.step, 'the step of a range', scope);
    if (step === 0) this.fail('the step of a range is 0', range.step!.at, 'Use another step');
    const end = (expression: Expression | undefined, missing: number): number => {
      if (expression === undefined) {
        if (length !== undefined) return missing;
        return this.fail(
          'a range of a loop has no end',
          range.at,
          'Give the first and the last number',
        );
      }
      const wanted = this.integer(expression, 'the end of a range', scope);
      if (length === undefined) return wanted;
      const at = wanted < 0 ? wanted + length : wanted;
      if (at >= 0 && at < length) return at;
      return this.fail(
        `index ${wanted} is out of range`,
        expression.at,
        `There are ${length} elements, of index 0 to ${length - 1}`,
      );
    };
    const last = (length ?? 0) - 1;
    const start = end(range.start, step > 0 ? 0 : last);
    const stop = end(range.stop, step > 0 ? last : 0);
    const count = Math.max(0, Math.floor((stop - start) / step) + 1);
    this.placed(range.at, () => this.emitter.step(count));
    if (length !== undefined && count > MOST_INDICES)
      this.fail(`a range has ${count} numbers`, range.at);
    return Array.from({ length: count }, (_, i) => start + i * step);
  }

  /** What a bit holds, or the value it was given. */
  protected read(cell: Cell, name: string, at: number): Value {
    if (cell.value !== undefined) return cell.value;
    if (cell.bit !== undefined) return this.emitter.current(cell.bit);
    return this.fail(`'${name}' has no value yet`, at, 'Assign one first');
  }

  /** The meaning of a name that must be known. */
  protected known(name: string, at: number, scope: Scope): Named {
    const found = scope.find(name);
    if (found !== undefined) return found;
    const names = scope.names('qubits', 'bits', 'variable', 'array');
    return this.fail(
      `unknown name '${shortened(name)}'${hint(shortened(name), names)}`,
      at,
      'Declare it first',
    );
  }

  #number(value: number, integer: boolean, at: number): Constant {
    if (!Number.isFinite(value) || (integer && !Number.isSafeInteger(value))) {
      // Version 2 has real division, so that a big integer is as good as a real number.
      if (Number.isFinite(value) && this.version === 2) return constant(FLOAT, value);
      this.fail(
        'a number is too big',
        at,
        integer ? 'Integers reach from -2^53 to 2^53' : 'Use finite numbers',
      );
    }
    return constant(integer ? INT : FLOAT, value);
  }

  #name(name: string, at: number, scope: Scope): Value {
    const found = scope.find(name);
    if (found === undefined) {
      const value = Object.hasOwn(CONSTANTS, name) ? CONSTANTS[name] : undefined;
      if (value !== undefined && (this.version === 3 || name === 'pi'))
        return constant(FLOAT, value);
      this.known(name, at, scope);
    }
    return this.#valueOf(found!, name, at);
  }

  #valueOf(found: Named, name: string, at: number): Value {
    switch (found.kind) {
      case 'variable':
        return this.read(found.cell, name, at);
      case 'bits': {
        this.placed(at, () => this.emitter.step(found.cells.length));
        const elements = found.cells.map((cell) => this.read(cell, name, at) as Scalar);
        return found.register ? { kind: 'bits', elements } : elements[0]!;
      }
      case 'array':
        this.placed(at, () => this.emitter.step(found.cells.length));
        return {
          kind: 'array',
          type: found.type,
          shape: found.shape,
          elements: found.cells.map((cell) => this.read(cell, name, at)),
        };
      case 'qubits':
        return this.fail(`the qubits '${name}' are used as a value`, at, 'Measure them');
      default:
        return this.fail(`the ${found.kind} '${name}' is used as a value`, at);
    }
  }

  /** A chain such as `a + b - c` leans to the left; it is walked, not descended. */
  #chain(expression: Expression & { readonly type: 'binary' }, scope: Scope): Value {
    const spine: (Expression & { readonly type: 'binary' })[] = [];
    let first: Expression = expression;
    while (first.type === 'binary') {
      spine.push(first);
      first = first.left;
    }
    let value = this.evaluate(first, scope);
    for (const { op, right, mark } of spine.reverse()) {
      // The right side of && and || counts only where the left one leaves it open.
      if (
        (op === '&&' || op === '||') &&
        value.kind === 'constant' &&
        (value.value !== 0) === (op === '||')
      ) {
        value = constant(BOOL, Number(op === '||'));
        continue;
      }
      const other = this.evaluate(right, scope);
      // What most angles are made of, such as 3*pi/4.
      if (value.kind === 'constant' && other.kind === 'constant') {
        const quick = quickly(op, value, other);
        if (quick !== undefined) {
          value = constant(FLOAT, quick);
          continue;
        }
      }
      const left = value;
      value = this.#counted(
        mark,
        () => binary(op, left, other, this.version === 3),
        mark + op.length,
      );
    }
    return value;
  }

  /** Tables of measured bits take time. */
  #counted(at: number, work: () => Value, end?: number): Value {
    try {
      const value = work();
      if (value.kind === 'measured') this.emitter.step(value.table.length);
      if (value.kind === 'symbolic') this.emitter.step(value.nodes);
      return value;
    } catch (error) {
      return this.blame(error, at, end);
    }
  }

  #call({ name, values, at }: Expression & { readonly type: 'call' }, scope: Scope): Value {
    if (scope.find(name) !== undefined) {
      const result = this.call(name, values, at, scope);
      return result ?? this.fail(`'${name}' returns nothing`, at, 'Call it as a statement');
    }
    const given = values.map((value) => this.evaluate(value, scope));
    const result = this.placed(at, () => builtIn(name, given, this.version));
    if (result !== undefined) return result;
    const names = [...functionNames(this.version), ...scope.names('subroutine')];
    return this.fail(
      `unknown function '${shortened(name)}'${hint(shortened(name), names)}`,
      at,
      `There are ${names.join(', ')}`,
    );
  }

  #indexed(expression: Expression & { readonly type: 'index' }, scope: Scope): Value {
    const { of, indices, at } = expression;
    // One element of a register or array is read without the others.
    const direct = of.type === 'name' ? scope.find(of.name) : undefined;
    if (direct?.kind === 'bits' && indices.length === 1) {
      if (!direct.register)
        this.fail(`'${(of as { name: string }).name}' is a single bit`, at, 'Leave out the index');
      const { list, several } = this.places(indices[0]!, direct.cells.length, scope);
      const elements = list.map((place) => this.read(direct.cells[place]!, 'bit', at) as Scalar);
      return several ? { kind: 'bits', elements } : elements[0]!;
    }
    if (direct?.kind === 'array') {
      const { list, shape } = this.elements(direct.shape, indices, at, scope);
      const values = list.map((place) =>
        this.read(direct.cells[place]!, (of as { name: string }).name, at),
      );
      return shape === undefined
        ? values[0]!
        : { kind: 'array', type: direct.type, shape, elements: values };
    }
    const value = this.evaluate(of, scope);
    if (value.kind === 'array') {
      const { list, shape } = this.elements(value.shape, indices, at, scope);
      const elements = list.map((place) => value.elements[place]!);
      return shape === undefined
        ? elements[0]!
        : { kind: 'array', type: value.type, shape, elements };
    }
    const bits = value.kind === 'bits' ? value : this.placed(at, () => digits(value));
    if (indices.length > 1) this.fail('a register has one index', at);
    const { list, several } = this.places(indices[0]!, bits.elements.length, scope);
    const elements = list.map((place) => bits.elements[place]!);
    return several ? { kind: 'bits', elements } : elements[0]!;
  }

  /** Places of the elements that indices stand for; the shape is undefined for a single element. */
  protected elements(
    shape: readonly number[],
    indices: readonly Index[],
    at: number,
    scope: Scope,
  ): { readonly list: readonly number[]; readonly shape: readonly number[] | undefined } {
    if (indices.length > shape.length) {
      this.fail(`an array of ${shape.length} dimensions got ${indices.length} indices`, at);
    }
    let list = [0];
    const left: number[] = [];
    for (const [axis, length] of shape.entries()) {
      const index = indices[axis];
      const chosen =
        index === undefined
          ? { list: Array.from({ length }, (_, i) => i), several: true }
          : this.places(index, length, scope);
      if (chosen.several) left.push(chosen.list.length);
      list = list.flatMap((place) => chosen.list.map((i) => place * length + i));
    }
    return { list, shape: left.length === 0 ? undefined : left };
  }
}

/** Sums and products of real numbers, one of them perhaps an integer; undefined for everything else. */
function quickly(op: string, a: Constant, b: Constant): number | undefined {
  const real =
    a.type === FLOAT ? b.type === FLOAT || b.type === INT : a.type === INT && b.type === FLOAT;
  if (!real) return undefined;
  const [x, y] = [a.value, b.value];
  const result =
    op === '*' ? x * y : op === '/' ? x / y : op === '+' ? x + y : op === '-' ? x - y : NaN;
  return Number.isFinite(result) ? result : undefined;
}

/** A number as a register of so many bits. */
export function bitsOf(value: Value, width: number): Value {
  if (value.kind === 'bits') {
    if (value.elements.length === width) return value;
    throw new Refusal(`${value.elements.length} bits do not fit a register of ${width}`);
  }
  if (value.kind !== 'constant')
    throw new Refusal('a measured number cannot become a register', 'Measure into the register');
  const { value: number } = value;
  const whole =
    value.type.base === 'angle' ? Math.round((number / (2 * Math.PI)) * 2 ** width) : number;
  if (!Number.isSafeInteger(whole)) throw new Refusal(`${number} is not an integer`);
  const low = ((whole % 2 ** width) + 2 ** width) % 2 ** width;
  return {
    kind: 'bits',
    elements: Array.from({ length: width }, (_, i) =>
      constant(BIT, i < 53 ? Math.floor(low / 2 ** i) % 2 : 0),
    ),
  };
}

/** The binary digits of an integer that has a width. */
function digits(value: Value): Extract<Value, { kind: 'bits' }> {
  if (value.kind === 'constant' && value.type.width !== undefined) {
    return bitsOf(value, value.type.width) as Extract<Value, { kind: 'bits' }>;
  }
  throw new Refusal(
    'an index is given to what has none',
    'Registers, arrays and integers of a width have indices',
  );
}

function joined(parts: readonly Value[]): Value {
  if (parts.some((part) => part.kind === 'array')) {
    const arrays = parts as readonly ArrayOf[];
    if (!parts.every((part) => part.kind === 'array' && part.shape.length === 1)) {
      throw new Refusal("'++' joins registers, or arrays of one dimension");
    }
    const elements = arrays.flatMap((array) => array.elements);
    return { kind: 'array', type: arrays[0]!.type, shape: [elements.length], elements };
  }
  return {
    kind: 'bits',
    elements: parts.flatMap((part) => (part.kind === 'bits' ? part.elements : [part as Scalar])),
  };
}

/** Names in messages stay short. */
export function shortened(name: string): string {
  return name.length > 40 ? `${name.slice(0, 40)}…` : name;
}
