import { AngleExpression } from '@ketwork/circuit';
import type { Angle } from '@ketwork/circuit';

/** Type of a single value. `width` in bits; absent where the program leaves it open. */
export interface ScalarType {
  readonly base: 'bit' | 'bool' | 'int' | 'uint' | 'float' | 'angle' | 'duration';
  readonly width?: number;
}

/** A value that is known now. Booleans and bits are 0 or 1, durations seconds. */
export interface Constant {
  readonly kind: 'constant';
  readonly type: ScalarType;
  readonly value: number;
}

/** A value made of inputs of the circuit. */
export interface Symbolic {
  readonly kind: 'symbolic';
  readonly type: ScalarType;
  readonly angle: AngleExpression;
  /** How big the expression is. */
  readonly nodes: number;
}

/** A classical bit of the circuit as it was at some time: every measurement into it makes a new version. */
export interface BitReference {
  readonly bit: number;
  readonly version: number;
}

/** A value made of measured bits: one entry per assignment of the bits, the first bit being the least significant. */
export interface Measured {
  readonly kind: 'measured';
  readonly type: ScalarType;
  readonly bits: readonly BitReference[];
  readonly table: readonly number[];
}

/** True where all of many bits have given values (or, negated, where not all have): too wide for a table. */
export interface Conjunction {
  readonly kind: 'conjunction';
  readonly bits: readonly BitReference[];
  readonly values: readonly number[];
  readonly negated: boolean;
}

/** A bit register; the first element is the least significant bit. */
export interface Bits {
  readonly kind: 'bits';
  readonly elements: readonly Scalar[];
}

/** An array, row-major. */
export interface ArrayOf {
  readonly kind: 'array';
  readonly type: ScalarType;
  readonly shape: readonly number[];
  readonly elements: readonly Value[];
}

/** A single value. */
export type Scalar = Constant | Symbolic | Measured | Conjunction;

/** What an expression may be worth. */
export type Value = Scalar | Bits | ArrayOf;

/** Most measured bits a table may depend on. */
const TABLE_BITS = 12;

/** A fault whose place the caller knows. */
export class Refusal extends Error {
  /** What to do about it. */
  readonly remedy: string | undefined;

  constructor(what: string, remedy?: string) {
    super(what);
    this.remedy = remedy;
  }
}

export const BOOL: ScalarType = { base: 'bool' };
export const BIT: ScalarType = { base: 'bit' };
export const INT: ScalarType = { base: 'int' };
export const UINT: ScalarType = { base: 'uint' };
export const FLOAT: ScalarType = { base: 'float' };

/** A known value. */
export function constant(type: ScalarType, value: number): Constant {
  return { kind: 'constant', type, value };
}

/** A bit of the circuit as a value. */
export function measuredBit(reference: BitReference): Measured {
  return { kind: 'measured', type: BIT, bits: [reference], table: [0, 1] };
}

/** Most nodes of the angle of one gate. */
const ANGLE_NODES = 2000;
/** How deep an angle may be nested; what circuits allow, and a little less. */
const ANGLE_DEPTH = 60;

/** A value made of inputs. @throws Refusal where it grows too big */
export function symbolic(type: ScalarType, angle: AngleExpression): Symbolic {
  let nodes = 0;
  const visit = (node: Angle, depth: number): void => {
    if (++nodes > ANGLE_NODES || depth > ANGLE_DEPTH) {
      throw new Refusal(
        'an expression of inputs is too big',
        'Compute it outside and give the result as an input',
      );
    }
    if (typeof node === 'number' || 'slot' in node) return;
    if ('add' in node) node.add.forEach((term) => visit(term, depth + 1));
    else if ('mul' in node) node.mul.forEach((term) => visit(term, depth + 1));
    else visit(node.of, depth + 1);
  };
  visit(angle.data, 0);
  return { kind: 'symbolic', type, angle, nodes };
}

/** Assignments of bits that several tables share. */
export interface JoinedBits {
  readonly bits: readonly BitReference[];
  /** For each value, which of the joined bits its own bits are. */
  readonly places: readonly (readonly number[])[];
}

/** The bits that several values depend on. @throws Refusal for too many, or for two versions of one bit */
function joinBits(values: readonly (readonly BitReference[])[]): JoinedBits {
  const index = new Map<number, number>();
  const bits: BitReference[] = [];
  const places = values.map((list) =>
    list.map((reference) => {
      const known = index.get(reference.bit);
      if (known === undefined) {
        index.set(reference.bit, bits.length);
        bits.push(reference);
        return bits.length - 1;
      }
      if (bits[known]!.version !== reference.version) overwritten();
      return known;
    }),
  );
  if (bits.length > TABLE_BITS) {
    throw new Refusal(
      `an expression depends on ${bits.length} measured bits`,
      `At most ${TABLE_BITS} can be followed; compare registers with constants, or split it`,
    );
  }
  return { bits, places };
}

/** Says that a value that is needed is gone. */
export function overwritten(): never {
  throw new Refusal(
    'a measured value is used after its bit was measured into again',
    'Measure into another bit',
  );
}

/** A function of values, worked out for every assignment of the measured bits among them. */
export function mapped(
  values: readonly Scalar[],
  type: ScalarType,
  work: (numbers: readonly number[]) => number,
): Constant | Measured {
  if (values.every((value) => value.kind === 'constant')) {
    return constant(type, work(values.map(({ value }) => value)));
  }
  const known = values.map((value): Constant | Measured => {
    if (value.kind === 'symbolic') {
      throw new Refusal(
        'an input and a measured value are mixed, or an input is used where its value must be known',
        'Give the value of the input when reading the program',
      );
    }
    if (value.kind === 'conjunction') {
      throw new Refusal(
        'a comparison of a wide register is part of a larger expression',
        'Use it alone as a condition',
      );
    }
    return value;
  });
  const { bits, places } = joinBits(
    known.map((value) => (value.kind === 'measured' ? value.bits : [])),
  );
  const table = Array.from({ length: 2 ** bits.length }, (_, assignment) =>
    work(
      known.map((value, i) => {
        if (value.kind === 'constant') return value.value;
        let entry = 0;
        places[i]!.forEach((place, own) => (entry |= ((assignment >> place) & 1) << own));
        return value.table[entry]!;
      }),
    ),
  );
  return reduced({ kind: 'measured', type, bits, table });
}

/** Leaves out bits that do not matter. */
export function reduced(value: Measured): Constant | Measured {
  let { bits, table } = value;
  for (let i = bits.length - 1; i >= 0; i--) {
    const step = 2 ** i;
    if (table.some((entry, k) => (k & step) === 0 && entry !== table[k | step])) continue;
    bits = bits.filter((_, j) => j !== i);
    table = table.filter((_, k) => (k & step) === 0);
  }
  if (bits.length === 0) return constant(value.type, table[0]!);
  return { kind: 'measured', type: value.type, bits, table };
}

/** The angle of a gate: a number, or an expression of inputs. */
export function angleOf(value: Value): number | AngleExpression {
  if (value.kind === 'constant') return value.value;
  if (value.kind === 'symbolic') return value.angle;
  throw new Refusal(`${nameOf(value)} is not an angle`);
}

/** What a value is, for messages. */
export function nameOf(value: Value): string {
  switch (value.kind) {
    case 'array':
      return 'an array';
    case 'bits':
      return `a register of ${value.elements.length} bits`;
    case 'symbolic':
      return 'an input';
    case 'conjunction':
      return 'a condition on measured bits';
    case 'measured':
      return 'a measured value';
    case 'constant':
      return `a value of type ${value.type.base}`;
  }
}

/** A known integer. @throws Refusal */
export function integerOf(value: Value, what: string): number {
  const single = value.kind === 'bits' ? numberOfBits(value) : value;
  if (single.kind !== 'constant') {
    throw new Refusal(
      `${what} is ${nameOf(value)}, which is not known when the program is read`,
      single.kind === 'symbolic' ? 'Give its value when reading the program' : 'Use a constant',
    );
  }
  if (!Number.isSafeInteger(single.value))
    throw new Refusal(`${what} is ${single.value}`, 'Use an integer');
  return single.value;
}

/** A register read as an unsigned integer. */
export function numberOfBits({ elements }: Bits): Constant | Measured {
  if (
    elements.length > 53 &&
    elements.slice(53).some((bit) => bit.kind !== 'constant' || bit.value !== 0)
  ) {
    throw new Refusal('a register of more than 53 bits is used as a number', 'Use a shorter one');
  }
  return mapped(elements.slice(0, 53), { base: 'uint', width: elements.length }, (bits) =>
    bits.reduce((sum, bit, i) => sum + bit * 2 ** i, 0),
  );
}
