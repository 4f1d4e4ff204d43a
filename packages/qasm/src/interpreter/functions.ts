import { angle as angles } from '@ketwork/circuit';
import type { AngleFunction } from '@ketwork/circuit';
import { binary, fitted } from './operators.ts';
import type { Bits, ScalarType, Value } from './values.ts';
import {
  FLOAT,
  INT,
  Refusal,
  UINT,
  constant,
  integerOf,
  mapped,
  nameOf,
  numberOfBits,
  symbolic,
} from './values.ts';

/** Constants of OpenQASM 3; version 2 has `pi` only. */
export const CONSTANTS: Readonly<Record<string, number>> = {
  pi: Math.PI,
  π: Math.PI,
  tau: 2 * Math.PI,
  τ: 2 * Math.PI,
  euler: Math.E,
  ℇ: Math.E,
};

/** Functions of one real number, by name, with the function of angles they are. */
const REAL: Readonly<Record<string, AngleFunction>> = {
  sin: 'sin',
  cos: 'cos',
  tan: 'tan',
  arcsin: 'asin',
  arccos: 'acos',
  arctan: 'atan',
  exp: 'exp',
  log: 'log',
  sqrt: 'sqrt',
};

const VERSION_2: Readonly<Record<string, AngleFunction>> = {
  sin: 'sin',
  cos: 'cos',
  tan: 'tan',
  exp: 'exp',
  ln: 'log',
  sqrt: 'sqrt',
};

/** Names of the functions of a version. */
export function functionNames(version: 2 | 3): readonly string[] {
  if (version === 2) return Object.keys(VERSION_2);
  return [
    ...Object.keys(REAL),
    'mod',
    'pow',
    'popcount',
    'rotl',
    'rotr',
    'sizeof',
    'ceiling',
    'floor',
  ];
}

/** A call of a built-in function; undefined where there is none of that name. @throws Refusal */
export function builtIn(name: string, values: readonly Value[], version: 2 | 3): Value | undefined {
  const table = version === 2 ? VERSION_2 : REAL;
  const real = Object.hasOwn(table, name) ? table[name] : undefined;
  if (real !== undefined) {
    const [value] = counted(name, values, 1);
    return ofReal(real, value!);
  }
  if (version === 2) return undefined;
  switch (name) {
    case 'pow': {
      const [a, b] = counted(name, values, 2);
      return binary('**', a!, b!, true);
    }
    case 'mod': {
      const [a, b] = counted(name, values, 2).map(single);
      if (a!.kind === 'symbolic' || b!.kind === 'symbolic') break;
      const whole = [a!, b!].every(
        (value) =>
          value.kind !== 'conjunction' &&
          value.type.base !== 'float' &&
          value.type.base !== 'angle',
      );
      return mapped([a!, b!], whole ? INT : FLOAT, ([x, y]) => {
        if (y === 0) throw new Refusal('a division by zero');
        return x! - y! * Math.floor(x! / y!);
      });
    }
    case 'ceiling':
    case 'floor': {
      const [a] = counted(name, values, 1).map(single);
      return mapped([a!], INT, ([x]) =>
        fitted(name === 'floor' ? Math.floor(x!) : Math.ceil(x!), INT),
      );
    }
    case 'popcount': {
      const [a] = counted(name, values, 1);
      if (a!.kind === 'bits')
        return mapped(a!.elements, UINT, (bits) => bits.reduce((sum, bit) => sum + bit, 0));
      return mapped([single(a!)], UINT, ([x]) => x!.toString(2).replaceAll('0', '').length);
    }
    case 'rotl':
    case 'rotr': {
      const [a, by] = counted(name, values, 2);
      const bits = registerOf(a!, name);
      const n = bits.elements.length;
      const shift = integerOf(by!, 'the distance') * (name === 'rotl' ? 1 : -1);
      const elements = bits.elements.map((_, i) => bits.elements[(((i - shift) % n) + n) % n]!);
      return { kind: 'bits', elements };
    }
    case 'sizeof':
      return sizeOfValue(values);
  }
  return undefined;
}

function sizeOfValue(values: readonly Value[]): Value {
  const [array, axis] = values;
  if (array === undefined || values.length > 2)
    throw new Refusal('sizeof takes an array and perhaps a dimension');
  if (array.kind === 'bits') return constant(UINT, array.elements.length);
  if (array.kind !== 'array')
    throw new Refusal(`sizeof does not take ${nameOf(array)}`, 'It takes arrays');
  const at = axis === undefined ? 0 : integerOf(axis, 'the dimension');
  const length = array.shape[at];
  if (length === undefined)
    throw new Refusal(`an array of ${array.shape.length} dimensions has no dimension ${at}`);
  return constant(UINT, length);
}

function ofReal(fn: AngleFunction, value: Value): Value {
  const argument = single(value);
  if (argument.kind === 'symbolic') return symbolic(FLOAT, angles[fn](argument.angle));
  return mapped([argument], FLOAT, ([x]) => fitted(realFunction(fn, x!), FLOAT));
}

function realFunction(fn: AngleFunction, x: number): number {
  const y = Math[fn](x);
  if (!Number.isFinite(y)) throw new Refusal(`${fn}(${x}) is not a finite number`);
  return y;
}

function counted(name: string, values: readonly Value[], count: number): readonly Value[] {
  if (values.length === count) return values;
  throw new Refusal(`${name} got ${values.length} values`, `Give ${count}`);
}

function single(value: Value): Exclude<Value, Bits | { kind: 'array' }> {
  if (value.kind === 'array')
    throw new Refusal('an array is used as a number', 'Use one of its elements');
  return value.kind === 'bits' ? numberOfBits(value) : value;
}

function registerOf(value: Value, name: string): Bits {
  if (value.kind !== 'bits')
    throw new Refusal(`${name} takes a bit register`, `Not ${nameOf(value)}`);
  return value;
}

/** A value as another type. @throws Refusal */
export function cast(value: Value, type: ScalarType): Value {
  if (value.kind === 'array') throw new Refusal('an array cannot be cast', 'Cast its elements');
  const from = value.kind === 'bits' ? numberOfBits(value) : value;
  if (from.kind === 'symbolic') {
    if (type.base === 'float' || type.base === 'angle') return { ...from, type };
    throw new Refusal(
      `an input cannot become a value of type ${type.base}`,
      'Give its value when reading the program',
    );
  }
  if (from.kind === 'conjunction') return from;
  if (from.kind === 'constant' && from.type === type) return from;
  const integer = type.base === 'int' || type.base === 'uint';
  // An angle of n bits is a register of n bits that counts parts of a turn.
  if (type.base === 'angle' && type.width !== undefined && value.kind === 'bits') {
    const { width } = type;
    return mapped([from], type, ([x]) => fitted((x! / 2 ** width) * 2 * Math.PI, type));
  }
  return mapped([from], type, ([x]) => fitted(integer ? Math.trunc(x!) : x!, type));
}
