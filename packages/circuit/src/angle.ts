import { CircuitError, sizeOf } from '@ketwork/base';
import { functionOf, productOf, sumOf } from './expression.ts';
import type { Angle, AngleFunction, Slot, SlotAxis, SlotKind } from './types.ts';

/** What angle parameters of gates may be given as: radians, an expression, a slot of shape `[]`, or plain data. */
export type AngleLike = number | AngleExpression | SlotReference<string, 'scalar'> | Angle;

/** Options of a slot. */
export interface SlotOptions {
  /** `batch`: every example has its own value; `shared`: one value serves all. */
  readonly axis?: SlotAxis;
  /** Whether gradients with respect to the slot may be asked for. */
  readonly differentiable?: boolean;
}

/**
 * An angle made of slot elements and numbers. Immutable; made by {@link SlotReference.at} and its own methods.
 *
 * @example
 * ```ts
 * import { circuit, input, weight } from '@ketwork/circuit';
 * const theta = input('x', [1]).at(0).times(weight('w', [2]).at(0)).plus(weight('w', [2]).at(1));
 * console.log(circuit(1, (q) => q.rx(theta, 0)).slots.map((slot) => slot.name)); // [ 'x', 'w' ]
 * ```
 */
export class AngleExpression {
  /** The expression as plain, frozen data. */
  readonly data: Angle;
  /** The slots it reads. */
  readonly slots: readonly Slot[];

  constructor(data: Angle, slots: readonly Slot[]) {
    this.data = frozenAngle(data);
    this.slots = slots;
  }

  /** Sum with another angle. */
  plus(other: AngleLike): AngleExpression {
    return combine(sumOf, [this, other]);
  }

  /** Difference from another angle. */
  minus(other: AngleLike): AngleExpression {
    return this.plus(combine(productOf, [-1, other]));
  }

  /** Product with a number or another angle. */
  times(other: AngleLike): AngleExpression {
    return combine(productOf, [this, other]);
  }

  /** The angle with its sign changed. */
  negate(): AngleExpression {
    return combine(productOf, [-1, this]);
  }
}

/**
 * A named slot in the hands of a circuit's author. Made by {@link input}, {@link weight}, {@link amplitudes} and
 * {@link hermitianSlot}.
 *
 * @example
 * ```ts
 * import { weight } from '@ketwork/circuit';
 * const w = weight('w', [3, 4]);
 * console.log(w.size, w.at(2, 1).data); // 12 { slot: 'w', index: 9 }
 * ```
 */
export class SlotReference<Name extends string = string, Kind extends SlotKind = SlotKind> {
  /** The slot as data, as circuits store it. */
  readonly slot: Slot<Name> & { readonly kind: Kind };

  constructor(slot: Slot<Name> & { readonly kind: Kind }) {
    this.slot = slot;
  }

  /** Name under which values are given. */
  get name(): Name {
    return this.slot.name;
  }

  /** Shape of one value, without the batch axis. */
  get shape(): readonly number[] {
    return this.slot.shape;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.slot.shape);
  }

  /**
   * One element as an angle.
   *
   * @param indices One index per axis of the shape, each from 0.
   * @throws CircuitError when their number or a range is wrong, or the slot does not hold scalars.
   */
  at(...indices: readonly number[]): AngleExpression {
    const { name, shape } = this.slot;
    if (indices.length !== shape.length) {
      throw new CircuitError(
        `slot '${name}' has shape [${shape.join(', ')}] but at() got ${indices.length} indices`,
        {
          remedy: `Give ${shape.length}`,
        },
      );
    }
    let flat = 0;
    indices.forEach((index, axis) => {
      const length = shape[axis]!;
      if (!Number.isInteger(index) || index < 0 || index >= length) {
        throw new CircuitError(
          `index ${index} of axis ${axis} is outside slot '${name}' of shape [${shape.join(', ')}]`,
          {
            remedy: `Use 0 to ${length - 1}`,
          },
        );
      }
      flat = flat * length + index;
    });
    return this.element(flat);
  }

  /**
   * One element by its row-major index.
   *
   * @throws CircuitError when the index is out of range or the slot does not hold scalars.
   */
  element(index: number): AngleExpression {
    const { name, kind } = this.slot;
    if (kind !== 'scalar') {
      throw new CircuitError(`slot '${name}' holds ${kind}, which cannot be angles`, {
        remedy: 'Make the slot with input() or weight()',
      });
    }
    if (!Number.isInteger(index) || index < 0 || index >= this.size) {
      throw new CircuitError(`element ${index} is outside slot '${name}' of ${this.size} elements`);
    }
    return new AngleExpression({ slot: name, index }, [this.slot]);
  }

  /** All elements in row-major order. */
  elements(): AngleExpression[] {
    return Array.from({ length: this.size }, (_, index) => this.element(index));
  }
}

/** A slot that still needs a name: it gets the name under which it is passed to `circuit`. */
export interface UnnamedSlot<Kind extends SlotKind = SlotKind> {
  /** The slot without its name. */
  readonly unnamed: Omit<Slot, 'name'> & { readonly kind: Kind };
}

/**
 * A slot for data: every example of a batch has its own values. Options override the defaults.
 *
 * @param name Name under which values are given; leave it out where `circuit` gets the slots as a record.
 * @param shape Shape of one example's values; `[]`, the default, is a single number.
 * @param options `axis` is `batch` and `differentiable` true by default.
 * @throws CircuitError when a dimension is not a positive integer or the name is empty.
 * @example
 * ```ts
 * import { circuit, input } from '@ketwork/circuit';
 * const x = input('x', [2]);
 * console.log(circuit(2, (q) => q.rx(x.at(0), 0).rx(x.at(1), 1)).slots[0]?.axis); // batch
 * ```
 */
export function input<const Name extends string>(
  name: Name,
  shape?: readonly number[],
  options?: SlotOptions,
): SlotReference<Name, 'scalar'>;
export function input(shape?: readonly number[], options?: SlotOptions): UnnamedSlot<'scalar'>;
export function input(
  ...rest: SlotArguments
): SlotReference<string, 'scalar'> | UnnamedSlot<'scalar'> {
  return makeSlot('scalar', 'batch', true, rest);
}

/**
 * A slot for trainable parameters: one value serves the whole batch. Options override the defaults.
 *
 * @param name Name under which values are given; leave it out where `circuit` gets the slots as a record.
 * @param shape Shape of the values; `[]`, the default, is a single number.
 * @param options `axis` is `shared` and `differentiable` true by default.
 * @throws CircuitError when a dimension is not a positive integer or the name is empty.
 * @example
 * ```ts
 * import { circuit, weight } from '@ketwork/circuit';
 * const trained = circuit(1, { w: weight([3]) }, (q, { w }) => q.rot(w.at(0), w.at(1), w.at(2), 0));
 * console.log(trained.slots[0]); // { name: 'w', shape: [ 3 ], kind: 'scalar', axis: 'shared', differentiable: true }
 * ```
 */
export function weight<const Name extends string>(
  name: Name,
  shape?: readonly number[],
  options?: SlotOptions,
): SlotReference<Name, 'scalar'>;
export function weight(shape?: readonly number[], options?: SlotOptions): UnnamedSlot<'scalar'>;
export function weight(
  ...rest: SlotArguments
): SlotReference<string, 'scalar'> | UnnamedSlot<'scalar'> {
  return makeSlot('scalar', 'shared', true, rest);
}

/**
 * A slot for amplitudes of a state that `prepare` loads.
 *
 * @param name Name under which values are given; leave it out where `circuit` gets the slots as a record.
 * @param shape `[2^k]` for real amplitudes or `[2^k, 2]` for interleaved re, im.
 * @param options `axis` is `batch` and `differentiable` true by default.
 * @throws CircuitError when the shape is neither of the two or the name is empty.
 * @example
 * ```ts
 * import { amplitudes, circuit } from '@ketwork/circuit';
 * const loaded = circuit(2, (q) => q.prepare(amplitudes('a', [4]), [0, 1], { normalize: true }));
 * console.log(loaded.slots[0]?.kind); // amplitudes
 * ```
 */
export function amplitudes<const Name extends string>(
  name: Name,
  shape: readonly number[],
  options?: SlotOptions,
): SlotReference<Name, 'amplitudes'>;
export function amplitudes(
  shape: readonly number[],
  options?: SlotOptions,
): UnnamedSlot<'amplitudes'>;
export function amplitudes(
  ...rest: SlotArguments
): SlotReference<string, 'amplitudes'> | UnnamedSlot<'amplitudes'> {
  return makeSlot('amplitudes', 'batch', true, rest);
}

/**
 * A slot for Hermitian matrices that come with the data: observables per example, or generators of an evolution.
 * Values have shape `[dimension, dimension, 2]`, interleaved re, im.
 *
 * @param name Name under which values are given; leave it out where `circuit` gets the slots as a record.
 * @param dimension `2^k` for k qubits.
 * @param options `axis` is `batch` and `differentiable` false by default.
 * @throws CircuitError when the dimension is not a power of two or the name is empty.
 * @example
 * ```ts
 * import { expval, hermitian, hermitianSlot } from '@ketwork/circuit';
 * console.log(expval(hermitian(hermitianSlot('h', 2), [0])).observables[0]);
 * ```
 */
export function hermitianSlot<const Name extends string>(
  name: Name,
  dimension: number,
  options?: SlotOptions,
): SlotReference<Name, 'hermitian'>;
export function hermitianSlot(dimension: number, options?: SlotOptions): UnnamedSlot<'hermitian'>;
export function hermitianSlot(
  ...rest:
    | readonly [string, number, (SlotOptions | undefined)?]
    | readonly [number, (SlotOptions | undefined)?]
): SlotReference<string, 'hermitian'> | UnnamedSlot<'hermitian'> {
  const square = (dimension: number): readonly number[] => [dimension, dimension, 2];
  return typeof rest[0] === 'string'
    ? makeSlot('hermitian', 'batch', false, [rest[0], square(rest[1] as number), rest[2]])
    : makeSlot('hermitian', 'batch', false, [square(rest[0]), rest[1] as SlotOptions | undefined]);
}

type SlotArguments =
  | readonly [string, (readonly number[] | undefined)?, (SlotOptions | undefined)?]
  | readonly [(readonly number[] | undefined)?, (SlotOptions | undefined)?];

function makeSlot<Kind extends SlotKind>(
  kind: Kind,
  axis: SlotAxis,
  differentiable: boolean,
  rest: SlotArguments,
): SlotReference<string, Kind> | UnnamedSlot<Kind> {
  const named = typeof rest[0] === 'string';
  const shape = ((named ? rest[1] : rest[0]) ?? []) as readonly number[];
  const options = (named ? rest[2] : rest[1]) as SlotOptions | undefined;
  const unnamed = {
    shape: Object.freeze([...shape]),
    kind,
    axis: options?.axis ?? axis,
    differentiable: options?.differentiable ?? differentiable,
  };
  const name = named ? rest[0] : undefined;
  checkSlot({ name: name ?? 'unnamed', ...unnamed });
  return name === undefined ? { unnamed } : referenceTo({ name, ...unnamed });
}

/** A reference to a slot given as data. */
export function referenceTo<Name extends string, Kind extends SlotKind>(
  slot: Slot<Name> & { readonly kind: Kind },
): SlotReference<Name, Kind> {
  return new SlotReference(Object.freeze(slot));
}

/** Checks name, shape and kind of a slot. @throws CircuitError */
export function checkSlot(slot: Slot): void {
  const { name, shape, kind, axis } = slot;
  if (typeof name !== 'string' || name === '') {
    throw new CircuitError('a slot has an empty name', {
      remedy: 'Name it, such as input("x", [4])',
    });
  }
  if (name === '__proto__')
    throw new CircuitError(`a slot is named '${name}'`, { remedy: 'Use another name' });
  const text = `slot '${name}' has shape [${shape.join(', ')}]`;
  if (!shape.every((length) => Number.isSafeInteger(length) && length > 0)) {
    throw new CircuitError(text, { remedy: 'Use positive integers' });
  }
  if (!Number.isSafeInteger(sizeOf(shape)) || sizeOf(shape) > 2 ** 31) {
    throw new CircuitError(text, { remedy: 'Use at most 2^31 elements' });
  }
  if (
    !['scalar', 'amplitudes', 'hermitian'].includes(kind) ||
    !['shared', 'batch'].includes(axis)
  ) {
    throw new CircuitError(`slot '${name}' has kind '${kind}' and axis '${axis}'`, {
      remedy: "Use the axis 'shared' or 'batch'",
    });
  }
  const [first = 0] = shape;
  const power = first >= 2 && Number.isInteger(Math.log2(first));
  const pair = shape.length === 2 && shape[1] === 2;
  if (kind === 'amplitudes' && !(power && (shape.length === 1 || pair))) {
    throw new CircuitError(`${text}, which amplitudes cannot have`, {
      remedy: 'Use [2^k] for real or [2^k, 2] for interleaved re, im',
    });
  }
  if (
    kind === 'hermitian' &&
    !(power && shape.length === 3 && shape[1] === first && shape[2] === 2)
  ) {
    throw new CircuitError(`${text}, which a Hermitian matrix cannot have`, {
      remedy: 'Use [2^k, 2^k, 2]: interleaved re, im',
    });
  }
}

/** Angle data, and the slots it reads as far as they are known. */
export function resolveAngle(like: AngleLike): {
  readonly data: Angle;
  readonly slots: readonly Slot[];
} {
  if (like instanceof AngleExpression) return like;
  if (like instanceof SlotReference) {
    if (like.shape.length === 0) return like.element(0);
    throw new CircuitError(
      `slot '${like.name}' of shape [${like.shape.join(', ')}] is used as one angle`,
      { remedy: 'Pick an element with at()' },
    );
  }
  if (typeof like !== 'number' && !isAngleData(like)) {
    throw new CircuitError(`an angle is ${kindOf(like)}`, {
      remedy: 'Give radians, an expression or a named slot that holds one number',
    });
  }
  // Not a number and infinity stay as they are: validation reports them with the operation's index.
  return { data: typeof like === 'number' ? like + 0 : structuredClone(like), slots: [] };
}

function isAngleData(like: unknown): boolean {
  if (typeof like !== 'object' || like === null) return false;
  return ['slot', 'add', 'mul', 'fn'].some((field) => Object.hasOwn(like, field));
}

function kindOf(like: unknown): string {
  if (like === null || like === undefined) return String(like);
  if (Array.isArray(like)) return 'a list';
  if (typeof like !== 'object') return `a ${typeof like}`;
  return 'unnamed' in like ? 'a slot without a name' : 'an unknown object';
}

function combine(
  join: (...angles: readonly Angle[]) => Angle,
  likes: readonly AngleLike[],
): AngleExpression {
  const parts = likes.map(resolveAngle);
  return new AngleExpression(join(...parts.map((part) => part.data)), [
    ...new Set(parts.flatMap((part) => part.slots)),
  ]);
}

function applied(fn: AngleFunction): (x: AngleLike) => AngleExpression {
  return (x) => {
    const { data, slots } = resolveAngle(x);
    return new AngleExpression(functionOf(fn, data), slots);
  };
}

function frozenAngle(angle: Angle): Angle {
  if (typeof angle === 'number' || Object.isFrozen(angle)) return angle;
  if ('add' in angle) Object.freeze(angle.add);
  if ('mul' in angle) Object.freeze(angle.mul);
  return Object.freeze(angle);
}

/** What {@link angle} offers: functions of angles with exact derivatives. */
export interface AngleFunctions {
  /** Sine. */
  readonly sin: (x: AngleLike) => AngleExpression;
  /** Cosine. */
  readonly cos: (x: AngleLike) => AngleExpression;
  /** Tangent. */
  readonly tan: (x: AngleLike) => AngleExpression;
  /** Arcsine; NaN outside [-1, 1]. */
  readonly asin: (x: AngleLike) => AngleExpression;
  /** Arccosine; NaN outside [-1, 1]. */
  readonly acos: (x: AngleLike) => AngleExpression;
  /** Arctangent. */
  readonly atan: (x: AngleLike) => AngleExpression;
  /** Square root; NaN below 0. */
  readonly sqrt: (x: AngleLike) => AngleExpression;
  /** Exponential function. */
  readonly exp: (x: AngleLike) => AngleExpression;
  /** Natural logarithm; NaN below 0. */
  readonly log: (x: AngleLike) => AngleExpression;
  /** Sum of any number of angles. */
  readonly add: (...terms: readonly AngleLike[]) => AngleExpression;
  /** Product of any number of angles. */
  readonly mul: (...factors: readonly AngleLike[]) => AngleExpression;
}

/**
 * Functions of angles. Each takes numbers, expressions or plain data and gives an expression with exact derivatives.
 *
 * @throws ValueError when a constant argument gives no finite value, such as `angle.log(0)`.
 * @example
 * ```ts
 * import { angle, circuit, input } from '@ketwork/circuit';
 * const x = input('x', [1]).at(0);
 * const encoded = circuit(1, (q) => q.ry(angle.asin(x), 0).rz(angle.acos(angle.mul(x, x)), 0));
 * console.log(encoded.ops.length); // 2
 * ```
 */
export const angle: AngleFunctions = {
  sin: applied('sin'),
  cos: applied('cos'),
  tan: applied('tan'),
  asin: applied('asin'),
  acos: applied('acos'),
  atan: applied('atan'),
  sqrt: applied('sqrt'),
  exp: applied('exp'),
  log: applied('log'),
  add: (...terms) => combine(sumOf, terms),
  mul: (...factors) => combine(productOf, factors),
};
