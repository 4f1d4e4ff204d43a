import type { Slot, SlotAxis } from '@ketwork/circuit';
import { AngleExpression, weight } from '@ketwork/circuit';
import { hint } from '@ketwork/base';
import type { Expression, Statement, TypeExpression } from '../ast.ts';
import type { Cell, Emitter } from './emitter.ts';
import { Evaluator, bitsOf, shortened } from './evaluator.ts';
import { cast } from './functions.ts';
import type { Named } from './scope.ts';
import type { Scope } from './scope.ts';
import type { Scalar, ScalarType, Value } from './values.ts';
import { BIT, constant, nameOf, symbolic } from './values.ts';

/** A named register of qubits or classical bits. */
export interface QasmRegister {
  /** Name in the program. */
  readonly name: string;
  /** Its qubits or bits in the circuit, in the order of its indices. */
  readonly indices: readonly number[];
}

/** What the interpreter is told about inputs. */
export interface InputOptions {
  /** Values of inputs, which then are no slots. */
  readonly inputs: Readonly<Record<string, number | boolean | readonly number[]>>;
  /** Inputs of which every example of a batch has its own value. */
  readonly batch: readonly string[];
}

type Declaration = Extract<Statement, { type: 'declare' }>;

/** Most elements of an array. */
const MOST_ELEMENTS = 100_000;

/** Makes variables, registers and inputs. */
export abstract class Declarations extends Evaluator {
  /** Number of qubits so far. */
  protected qubits = 0;
  /** Number of classical bits so far. */
  protected bits = 0;
  protected readonly qubitRegisters: QasmRegister[] = [];
  protected readonly bitRegisters: QasmRegister[] = [];
  protected readonly slots: Slot[] = [];
  protected readonly outputs: string[] = [];
  protected readonly notices: string[] = [];
  readonly #inputs: InputOptions;
  #elements = 0;

  constructor(text: string, version: 2 | 3, emitter: Emitter, inputs: InputOptions) {
    super(text, version, emitter);
    this.#inputs = inputs;
  }

  /** Notes something that the circuit does not show; each note once. */
  protected notice(what: string): void {
    if (this.notices.length < 100 && !this.notices.includes(what)) this.notices.push(what);
  }

  /** Gives a name its meaning, once per block. */
  protected define(name: string, at: number, scope: Scope, named: Named): void {
    const known = scope.own(name);
    if (known?.kind === 'gate' && known.file !== undefined) {
      this.fail(`'${shortened(name)}' is a gate of ${known.file}`, at, 'Use another name');
    }
    if (known !== undefined) {
      this.fail(`'${shortened(name)}' is declared twice`, at, 'Rename one of them');
    }
    scope.set(name, named);
  }

  /** `qubit[n] q;` */
  protected declareQubits(
    name: string,
    at: number,
    size: Expression | undefined,
    scope: Scope,
  ): void {
    const length = size === undefined ? 1 : this.#length(size, scope);
    if (this.qubits + length > this.emitter.limits.qubits) {
      this.fail(
        `the program has more than ${this.emitter.limits.qubits} qubits`,
        size?.at ?? at,
        'Use fewer',
      );
    }
    const ids = Array.from({ length }, (_, i) => this.qubits + i);
    this.qubits += length;
    this.qubitRegisters.push({ name, indices: ids });
    this.define(name, at, scope, { kind: 'qubits', ids, register: size !== undefined });
  }

  /** New classical bits of the circuit. */
  protected newBits(length: number, at: number): (Cell & { readonly bit: number })[] {
    if (this.bits + length > this.emitter.limits.qubits) {
      this.fail(
        `the program has more than ${this.emitter.limits.qubits} classical bits`,
        at,
        'Use fewer',
      );
    }
    const first = this.bits;
    this.bits += length;
    return Array.from({ length }, (_, i) => ({ type: BIT, bit: first + i, value: undefined }));
  }

  #length(size: Expression, scope: Scope): number {
    const length = this.integer(size, 'the length', scope);
    if (length < 1)
      this.fail(`a register cannot have the length ${length}`, size.at, 'Use at least 1');
    return length;
  }

  /** A type of single values. */
  protected override scalarType(type: TypeExpression, scope: Scope): ScalarType {
    const { base, size } = type;
    if (base === 'stretch') this.fail('stretch is not supported', type.at, 'Use durations');
    if (size === undefined) return { base: base as ScalarType['base'] };
    const width = this.integer(size, 'the width of a type', scope);
    if (width < 1 || width > 1024)
      this.fail(`a type cannot have ${width} bits`, size.at, 'Use 1 to 1024');
    return { base: base as ScalarType['base'], width };
  }

  /** A declaration of a classical variable. */
  protected declareVariable(node: Declaration, scope: Scope): void {
    const { kind, name, nameAt: at, role } = node;
    if (role === 'input') {
      if (node.value !== undefined)
        this.fail('an input has a value', node.value.at, 'Leave it out');
      this.#declareInput(kind, name, at, scope);
      return;
    }
    if (role === 'output') this.outputs.push(name);
    if (role === 'constant' && node.value === undefined) {
      this.fail(`the constant '${shortened(name)}' has no value`, at, 'Give it one');
    }
    if (kind.dimensions !== undefined || kind.rank !== undefined) this.#declareArray(node, scope);
    else if (kind.base === 'bit') this.#declareBits(node, scope);
    else {
      const type = this.scalarType(kind, scope);
      const value = node.value === undefined ? undefined : this.converted(node.value, type, scope);
      this.define(name, at, scope, {
        kind: 'variable',
        cell: { type, value },
        fixed: role === 'constant',
      });
    }
  }

  /** A value of an expression as a type wants it. */
  protected converted(expression: Expression, type: ScalarType, scope: Scope): Value {
    const value = this.evaluate(expression, scope);
    return this.placed(expression.at, () => cast(value, type));
  }

  #declareBits({ kind, name, nameAt: at, role, value }: Declaration, scope: Scope): void {
    const length = kind.size === undefined ? 1 : this.#length(kind.size, scope);
    const register = kind.size !== undefined;
    if (role === 'constant') {
      const cells = this.#bitValues(value!, length, register, scope).map((bit): Cell => ({
        type: BIT,
        value: bit,
      }));
      this.define(name, at, scope, { kind: 'bits', cells, register });
      return;
    }
    const cells =
      value === undefined || value.type === 'measure'
        ? []
        : this.#bitsOfCall(value, length, register, scope);
    if (cells.length === 0) {
      cells.push(...this.newBits(length, kind.size?.at ?? at));
      if (value?.type === 'measure') this.measureInto(value.operand, cells, value.at, scope);
      else if (value !== undefined)
        this.assignBits(cells, this.#bitValues(value, length, register, scope));
    }
    this.bitRegisters.push({ name, indices: cells.map(({ bit }) => bit!) });
    this.define(name, at, scope, { kind: 'bits', cells, register });
  }

  /** Bits that a subroutine measured and returned become the bits declared; none where they are something else. */
  #bitsOfCall(expression: Expression, length: number, register: boolean, scope: Scope): Cell[] {
    if (expression.type !== 'call') return [];
    const first = this.bits;
    const values = this.#bitValues(expression, length, register, scope);
    const bits = values.map((value) =>
      value.kind === 'measured' && value.bits.length === 1 && value.table[1] === 1
        ? value.bits[0]!.bit
        : -1,
    );
    if (bits.every((bit) => bit >= first) && new Set(bits).size === bits.length) {
      return bits.map((bit): Cell => ({ type: BIT, bit, value: undefined }));
    }
    const cells = this.newBits(length, expression.at);
    this.assignBits(cells, values);
    return cells;
  }

  /** The bits of an initial value. */
  #bitValues(
    expression: Expression,
    length: number,
    register: boolean,
    scope: Scope,
  ): readonly Scalar[] {
    const value = this.evaluate(expression, scope);
    return this.placed(expression.at, () => {
      if (!register && value.kind !== 'bits') return [cast(value, BIT) as Scalar];
      return (bitsOf(value, length) as Extract<Value, { kind: 'bits' }>).elements;
    });
  }

  /** Gives bits values that are not measured. */
  protected assignBits(cells: readonly Cell[], values: readonly Scalar[]): void {
    cells.forEach((cell, i) => {
      const value = values[i]!;
      // A bit that nothing was measured into is 0 in the circuit, too.
      const zero = value.kind === 'constant' && value.value === 0 && cell.value === undefined;
      if (cell.bit !== undefined && zero && this.emitter.current(cell.bit).bits[0]!.version === 0)
        return;
      if (cell.bit !== undefined) {
        this.notice(
          'bits that are computed, not measured, are followed while reading but are no results of the circuit',
        );
      }
      this.emitter.write(cell, value);
    });
  }

  /** Measures qubits into bits. */
  protected abstract measureInto(
    operand: Expression,
    cells: readonly Cell[],
    at: number,
    scope: Scope,
  ): void;

  #declareArray({ kind, name, nameAt: at, role, value }: Declaration, scope: Scope): void {
    const type = this.scalarType(kind, scope);
    if (kind.rank !== undefined)
      this.fail('an array has no lengths', at, 'Give the length of each dimension');
    const shape = kind.dimensions!.map((dimension) => this.#length(dimension, scope));
    const count = shape.reduce((product, length) => product * length, 1);
    this.#elements += count;
    if (shape.length > 7 || this.#elements > MOST_ELEMENTS) {
      this.fail(
        `arrays have more than ${MOST_ELEMENTS} elements or 7 dimensions`,
        at,
        'Use smaller ones',
      );
    }
    const elements = value === undefined ? undefined : this.#arrayValues(value, type, shape, scope);
    const cells = Array.from({ length: count }, (_, i): Cell => ({ type, value: elements?.[i] }));
    this.define(name, at, scope, { kind: 'array', type, shape, cells, fixed: role === 'constant' });
  }

  #arrayValues(
    expression: Expression,
    type: ScalarType,
    shape: readonly number[],
    scope: Scope,
  ): readonly Value[] {
    const [length, ...rest] = shape;
    if (length === undefined) return [this.converted(expression, type, scope)];
    if (expression.type !== 'list') {
      const value = this.evaluate(expression, scope);
      if (value.kind !== 'array' || value.shape.join() !== shape.join()) {
        this.fail(
          `${nameOf(value)} does not fit an array of shape [${shape.join(', ')}]`,
          expression.at,
        );
      }
      return value.elements;
    }
    if (expression.items.length !== length) {
      this.fail(
        `${expression.items.length} elements do not fit a length of ${length}`,
        expression.at,
      );
    }
    return expression.items.flatMap((item) => this.#arrayValues(item, type, rest, scope));
  }

  /** An input: a slot of the circuit, or the value it was given. */
  #declareInput(kind: TypeExpression, name: string, at: number, scope: Scope): void {
    const type = this.scalarType(kind.base === 'bit' ? { at: kind.at, base: 'bit' } : kind, scope);
    const shape = (kind.dimensions ?? []).map((dimension) => this.#length(dimension, scope));
    const count = shape.reduce((product, length) => product * length, 1);
    if (count > MOST_ELEMENTS)
      this.fail(`the input '${shortened(name)}' has ${count} elements`, at, 'Use fewer');
    const given = Object.hasOwn(this.#inputs.inputs, name) ? this.#inputs.inputs[name] : undefined;
    let values: readonly Value[];
    if (given !== undefined) {
      const numbers = (typeof given === 'object' ? given : [given]).map(Number);
      const wanted = kind.base === 'bit' && kind.size !== undefined ? 1 : count;
      if (numbers.length !== wanted || !numbers.every((x) => Number.isFinite(x))) {
        this.fail(
          `the input '${shortened(name)}' got ${numbers.length} values`,
          at,
          `Give ${wanted}, all of them finite`,
        );
      }
      values = numbers.map((x) =>
        this.placed(at, () =>
          cast(
            constant({ base: 'float' }, x),
            kind.base === 'bit' && kind.size !== undefined ? { base: 'uint' } : type,
          ),
        ),
      );
    } else if (type.base === 'float' || type.base === 'angle') {
      const axis: SlotAxis = this.#inputs.batch.includes(name) ? 'batch' : 'shared';
      const { slot } = weight(name, shape, { axis });
      this.slots.push(slot);
      values = Array.from({ length: count }, (_, index) =>
        symbolic(type, new AngleExpression({ slot: name, index }, [slot])),
      );
    } else {
      this.fail(
        `the input '${shortened(name)}' of type ${type.base} has no value`,
        at,
        `Give it when reading the program: { inputs: { ${shortened(name)}: … } }. Only angles and real numbers can stay open`,
      );
    }
    if (kind.base === 'bit') {
      const length = kind.size === undefined ? 1 : this.#length(kind.size, scope);
      const bits = this.placed(
        at,
        () => (bitsOf(values[0]!, length) as Extract<Value, { kind: 'bits' }>).elements,
      );
      const cells = bits.map((bit): Cell => ({ type: BIT, value: bit }));
      this.define(name, at, scope, { kind: 'bits', cells, register: kind.size !== undefined });
    } else if (shape.length === 0) {
      this.define(name, at, scope, {
        kind: 'variable',
        cell: { type, value: values[0] },
        fixed: true,
      });
    } else {
      const cells = values.map((value): Cell => ({ type, value }));
      this.define(name, at, scope, { kind: 'array', type, shape, cells, fixed: true });
    }
  }

  /** Refuses values for inputs that the program does not have. */
  protected checkInputs(declared: readonly string[]): void {
    for (const name of [...Object.keys(this.#inputs.inputs), ...this.#inputs.batch]) {
      if (declared.includes(name)) continue;
      this.fail(
        `the program has no input '${shortened(name)}'${hint(name, declared)}`,
        0,
        'Leave out its value',
      );
    }
  }
}
