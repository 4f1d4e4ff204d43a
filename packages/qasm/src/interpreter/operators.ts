import { angle as angles } from '@ketwork/circuit';
import type { AngleExpression } from '@ketwork/circuit';
import type { Bits, Scalar, ScalarType, Value } from './values.ts';
import {
  BOOL,
  FLOAT,
  INT,
  Refusal,
  angleOf,
  constant,
  mapped,
  nameOf,
  numberOfBits,
  symbolic,
} from './values.ts';

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);
const BITWISE: ReadonlySet<string> = new Set(['&', '|', '^']);
const TAU = 2 * Math.PI;

/** A binary operation. `exact` divides integers without remainder, as OpenQASM 3 does. @throws Refusal */
export function binary(op: string, a: Value, b: Value, exact: boolean): Value {
  if (a.kind === 'array' || b.kind === 'array') {
    throw new Refusal(`'${op}' does not take arrays`, 'Use their elements');
  }
  if (a.kind === 'bits' || b.kind === 'bits') {
    const wide = onRegisters(op, a, b);
    if (wide !== undefined) return wide;
  }
  const left = a.kind === 'bits' ? numberOfBits(a) : a;
  const right = b.kind === 'bits' ? numberOfBits(b) : b;
  if (left.kind === 'symbolic' || right.kind === 'symbolic') return onInputs(op, left, right);
  if (op === '&&' || op === '||') {
    const both = op === '&&';
    return mapped([left, right], BOOL, ([x, y]) =>
      Number(both ? x !== 0 && y !== 0 : x !== 0 || y !== 0),
    );
  }
  const [p, q] = [typeOf(left), typeOf(right)];
  if (COMPARISONS.has(op))
    return mapped([left, right], BOOL, ([x, y]) => Number(compare(op, x!, y!)));
  const type = resultOf(op, p, q, exact);
  return mapped([left, right], type, ([x, y]) => fitted(arithmetic(op, x!, y!, type, p), type));
}

/** A unary operation. @throws Refusal */
export function unary(op: string, a: Value): Value {
  if (a.kind === 'array') throw new Refusal(`'${op}' does not take arrays`, 'Use their elements');
  if (op === '!') return negation(truth(a));
  if (op === '~') {
    if (a.kind === 'bits') {
      return {
        kind: 'bits',
        elements: a.elements.map((bit) => mapped([bit], { base: 'bit' }, ([x]) => 1 - x!)),
      };
    }
    const type = typeOf(a);
    if (type.base === 'bit') return mapped([a], type, ([x]) => 1 - x!);
    if (type.base === 'int') return mapped([a], type, ([x]) => -1 - x!);
    if (type.base === 'uint') return mapped([a], type, ([x]) => 2 ** (type.width ?? 32) - 1 - x!);
    throw new Refusal(`'~' does not take ${nameOf(a)}`, 'It takes bits and integers');
  }
  const single = a.kind === 'bits' ? numberOfBits(a) : a;
  if (single.kind === 'symbolic') return symbolic(single.type, single.angle.negate());
  const type = typeOf(single);
  const signed: ScalarType =
    type.base === 'float' || type.base === 'angle' || type.base === 'duration' ? type : INT;
  return mapped([single], signed, ([x]) => fitted(-x!, signed));
}

/** A value as a condition. */
export function truth(value: Value): Scalar {
  if (value.kind === 'array')
    throw new Refusal('an array is not a condition', 'Compare one of its elements');
  if (value.kind === 'conjunction') return value;
  if (value.kind === 'bits') {
    // Any bit that is 1 makes it true.
    if (value.elements.length > 1)
      return negation(
        allOf(
          value.elements,
          value.elements.map(() => 0),
        ),
      );
    return mapped(value.elements, BOOL, ([x]) => Number(x !== 0));
  }
  if (value.kind === 'symbolic') {
    throw new Refusal('a condition depends on an input', 'Give its value when reading the program');
  }
  return mapped([value], BOOL, ([x]) => Number(x !== 0));
}

/** The opposite of a condition. */
function negation(value: Scalar): Scalar {
  return value.kind === 'conjunction'
    ? { ...value, negated: !value.negated }
    : mapped([value], BOOL, ([x]) => Number(x === 0));
}

/** Whether each bit has its value. */
function allOf(bits: readonly Scalar[], values: readonly number[]): Scalar {
  const open: { readonly bit: Scalar; readonly value: number }[] = [];
  for (const [i, bit] of bits.entries()) {
    const value = values[i]!;
    if (bit.kind !== 'constant') open.push({ bit, value });
    else if (bit.value !== value) return constant(BOOL, 0);
  }
  if (open.length <= 12) {
    return mapped(
      open.map(({ bit }) => bit),
      BOOL,
      (numbers) => Number(numbers.every((x, i) => x === open[i]!.value)),
    );
  }
  const references = open.map(({ bit, value }) => {
    if (bit.kind !== 'measured' || bit.bits.length !== 1) {
      throw new Refusal(
        'a comparison depends on too many measured bits',
        'Compare fewer at a time',
      );
    }
    return { reference: bit.bits[0]!, value: bit.table[1] === 1 ? value : 1 - value };
  });
  return {
    kind: 'conjunction',
    bits: references.map(({ reference }) => reference),
    values: references.map(({ value }) => value),
    negated: false,
  };
}

/** Operations that registers have of their own; undefined where they count as numbers. */
function onRegisters(op: string, a: Bits | Scalar, b: Bits | Scalar): Value | undefined {
  if (a.kind === 'bits' && (op === '<<' || op === '>>')) {
    const by = b.kind === 'constant' ? b.value : undefined;
    if (by === undefined) return undefined;
    const zero = constant({ base: 'bit' }, 0);
    return {
      kind: 'bits',
      elements: a.elements.map((_, i) => a.elements[op === '<<' ? i - by : i + by] ?? zero),
    };
  }
  if (op === '&&' || op === '||') return binary(op, truth(a), truth(b), true);
  if (a.kind === 'bits' && b.kind === 'bits') {
    if (
      a.elements.length !== b.elements.length &&
      (BITWISE.has(op) || op === '==' || op === '!=')
    ) {
      throw new Refusal(
        `'${op}' got registers of ${a.elements.length} and ${b.elements.length} bits`,
        'Use registers of one length',
      );
    }
    if (BITWISE.has(op)) {
      return {
        kind: 'bits',
        elements: a.elements.map((bit, i) =>
          mapped([bit, b.elements[i]!], { base: 'bit' }, ([x, y]) => bitwise(op, x!, y!)),
        ),
      };
    }
  }
  if (op !== '==' && op !== '!=') return undefined;
  const register = a.kind === 'bits' ? a : (b as Bits);
  const other = a.kind === 'bits' ? b : a;
  const values =
    other.kind === 'bits'
      ? other.elements.map((bit) => (bit.kind === 'constant' ? bit.value : undefined))
      : other.kind === 'constant'
        ? register.elements.map((_, i) => Math.floor(other.value / 2 ** i) % 2)
        : [undefined];
  if (values.includes(undefined)) {
    // Both are registers with open bits, or the other is an open number.
    if (other.kind === 'bits' && register.elements.every((bit) => bit.kind === 'constant')) {
      return onRegisters(op, other, register);
    }
    return undefined;
  }
  const fits =
    other.kind !== 'constant' || (other.value >= 0 && other.value < 2 ** register.elements.length);
  const equal = fits ? allOf(register.elements, values as number[]) : constant(BOOL, 0);
  return op === '==' ? equal : negation(equal);
}

/** Sums, products and powers of inputs. */
function onInputs(op: string, a: Scalar, b: Scalar): Value {
  const [x, y] = [angleOf(a), angleOf(b)];
  const types = [a, b].map(typeOf);
  const type = types.every(({ base }) => base === 'angle') ? types[0]! : FLOAT;
  const made = (angle: AngleExpression): Value => symbolic(type, angle);
  switch (op) {
    case '+':
      return made(angles.add(x, y));
    case '-':
      return made(angles.add(x, typeof y === 'number' ? -y : y.negate()));
    case '*':
      return made(angles.mul(x, y));
    case '/':
      if (typeof y === 'number') return made(angles.mul(x, 1 / nonzero(y)));
      break;
    case '**':
      if (typeof y === 'number' && Number.isInteger(y) && y >= 0 && y <= 16) {
        return y === 0
          ? constant(type, 1)
          : made(angles.mul(1, ...Array.from({ length: y }, () => x)));
      }
      if (y === 0.5) return made(angles.sqrt(x));
      if (typeof x === 'number' && x > 0 && typeof y !== 'number')
        return made(angles.exp(y.times(Math.log(x))));
  }
  throw new Refusal(
    `'${op}' cannot be applied to an input here`,
    'Sums, products, division by constants and powers are possible; or give its value when reading the program',
  );
}

function typeOf(value: Scalar): ScalarType {
  return value.kind === 'conjunction' ? BOOL : value.type;
}

function resultOf(op: string, a: ScalarType, b: ScalarType, exact: boolean): ScalarType {
  if (a.base === 'duration' || b.base === 'duration') {
    return op === '/' && a.base === b.base ? FLOAT : { base: 'duration' };
  }
  if (op === '<<' || op === '>>')
    return a.base === 'int' || a.base === 'uint' || a.base === 'angle' ? a : { base: 'uint' };
  if (a.base === 'angle' || b.base === 'angle') {
    if (op === '/' && a.base === 'angle' && b.base === 'angle') return FLOAT;
    return a.base === 'angle' ? a : b;
  }
  if (a.base === 'float' || b.base === 'float' || (op === '/' && !exact)) {
    if (BITWISE.has(op))
      throw new Refusal(`'${op}' does not take real numbers`, 'It takes integers and bits');
    return FLOAT;
  }
  if (a.base === 'bit' && b.base === 'bit' && BITWISE.has(op)) return a;
  if (a.base === 'int' || b.base === 'int') return wider('int', a, b);
  return wider('uint', a, b);
}

/** The common type of two integers; widths only where both have one. */
function wider(base: 'int' | 'uint', a: ScalarType, b: ScalarType): ScalarType {
  const integers = [a, b].filter(({ base: kind }) => kind === 'int' || kind === 'uint');
  const widths = integers.flatMap(({ width }) => (width === undefined ? [] : [width]));
  return integers.length === 2 && widths.length === 2
    ? { base, width: Math.max(...widths) }
    : { base };
}

function compare(op: string, x: number, y: number): boolean {
  switch (op) {
    case '==':
      return x === y;
    case '!=':
      return x !== y;
    case '<':
      return x < y;
    case '<=':
      return x <= y;
    case '>':
      return x > y;
    default:
      return x >= y;
  }
}

function arithmetic(op: string, x: number, y: number, type: ScalarType, left: ScalarType): number {
  switch (op) {
    case '+':
      return x + y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    case '/': {
      const quotient = x / nonzero(y);
      return type.base === 'int' || type.base === 'uint' ? Math.trunc(quotient) : quotient;
    }
    case '%':
      return x % nonzero(y);
    case '**':
      if (type.base !== 'float' && y < 0)
        throw new Refusal(`${x} ** ${y} is not an integer`, 'Use a real number, such as 2.0');
      return x ** y;
    case '<<':
    case '>>': {
      if (y < 0 || left.base === 'float') throw new Refusal(`'${op}' takes integers from 0`);
      const shifted = op === '<<' ? x * 2 ** y : Math.floor(x / 2 ** y);
      return shifted;
    }
    default:
      return bitwise(op, x, y);
  }
}

function bitwise(op: string, x: number, y: number): number {
  if (!Number.isSafeInteger(x) || !Number.isSafeInteger(y))
    throw new Refusal(`'${op}' takes integers`);
  if (Math.abs(x) < 2 ** 31 && Math.abs(y) < 2 ** 31)
    return op === '&' ? x & y : op === '|' ? x | y : x ^ y;
  const [p, q] = [BigInt(x), BigInt(y)];
  return Number(op === '&' ? p & q : op === '|' ? p | q : p ^ q);
}

function nonzero(y: number): number {
  if (y === 0) throw new Refusal('a division by zero');
  return y;
}

/** The number as the type holds it: integers of a width overflow, angles lie from 0 to 2π. @throws Refusal */
export function fitted(x: number, type: ScalarType): number {
  if (!Number.isFinite(x)) throw new Refusal(`a value is ${x}`, 'Use finite numbers');
  const { base, width } = type;
  if (base === 'float' || base === 'duration') return x;
  if (base === 'angle') {
    const turned = x % TAU;
    const positive = turned < 0 ? turned + TAU : turned;
    if (width === undefined || width > 52) return positive;
    const steps = 2 ** width;
    return ((Math.round((positive / TAU) * steps) % steps) / steps) * TAU;
  }
  if (base === 'bit' || base === 'bool') return x === 0 ? 0 : 1;
  if (width !== undefined && width < 53) {
    const modulus = 2 ** width;
    const least = base === 'int' ? -modulus / 2 : 0;
    return ((((x - least) % modulus) + modulus) % modulus) + least;
  }
  if (!Number.isSafeInteger(x)) {
    throw new Refusal(`the integer ${x} is beyond ±2^53`, 'Use smaller numbers');
  }
  if (base === 'uint' && x < 0) return x + 2 ** Math.min(width ?? 32, 53);
  return x + 0;
}
