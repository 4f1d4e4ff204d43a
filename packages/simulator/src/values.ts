import { hint, sizeOf, ValueError } from '@ketwork/base';
import type { Circuit, Slot } from '@ketwork/circuit';
import { hermitianFault } from './compile.ts';

/** Values of all slots of a circuit, checked. */
export interface SlotValues {
  /** Number of examples: that of the batch slots, 1 where there are none. */
  readonly batch: number;
  /**
   * The values of a slot: `[...shape]` or `[batch, ...shape]`. The caller's own array where a `Float64Array` was given,
   * so never write into it.
   */
  get(name: string): Float64Array;
}

/** A slot with what is needed to check its values quickly. */
interface SlotPlan {
  readonly slot: Slot;
  readonly size: number;
  /** For amplitudes: whether some operation takes them as they are and so needs norm 1, or divides by the norm. */
  readonly norm: 'any' | 'one' | 'positive';
}

const plans = new WeakMap<Circuit, readonly SlotPlan[]>();

/** Circuits of an engine's own, whose amplitudes are states it made: their norms are off by as much as its rounding. */
const trusted = new WeakSet<Circuit>();

/** Leaves out the check of norms for a circuit of an engine's own. Returns the circuit. */
export function trustNorms<C extends Circuit>(circuit: C): C {
  trusted.add(circuit);
  return circuit;
}

function planOf(circuit: Circuit): readonly SlotPlan[] {
  let plan = plans.get(circuit);
  if (plan === undefined) {
    plan = circuit.slots.map((slot) => {
      let norm: SlotPlan['norm'] = 'any';
      for (const op of trusted.has(circuit) ? [] : circuit.ops) {
        if (
          op.type !== 'statePreparation' ||
          !('slot' in op.amplitudes) ||
          op.amplitudes.slot !== slot.name
        )
          continue;
        if (!op.normalize) norm = 'one';
        else if (norm === 'any') norm = 'positive';
      }
      return { slot, size: sizeOf(slot.shape), norm };
    });
    plans.set(circuit, plan);
  }
  return plan;
}

/**
 * Reads and checks the values a program is run with: every slot present, no unknown names, lengths that fit the shapes, one
 * batch size, finite numbers, amplitudes of norm 1 (to 1e-6) where they are not normalised, Hermitian matrices. A
 * `Float64Array` is used as it is; other array-likes, and nested arrays of numbers, are copied into one.
 *
 * @param values by slot name, `[...shape]` for shared slots and `[batch, ...shape]` for batch slots, row-major.
 * @throws ValueError naming the slot, what is wrong with it and what would fit.
 *
 * @example
 * ```ts
 * import { circuit, input } from '@ketwork/circuit';
 * import { readValues } from '@ketwork/simulator';
 * const turn = circuit(1, (q) => { q.rx(input('x', []).at(), 0); });
 * console.log(readValues(turn, { x: [0.1, 0.2, 0.3] }).batch); // 3
 * ```
 */
export function readValues(
  circuit: Circuit,
  values: Readonly<Record<string, ArrayLike<unknown>>> | undefined,
): SlotValues {
  const plan = planOf(circuit);
  const given = values ?? {};
  const read = new Map<string, Float64Array>();
  let batch = 1;
  let batchOf: string | undefined;
  for (const { slot, size, norm } of plan) {
    const { name } = slot;
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined) throw missing(circuit, slot, given);
    const array = value instanceof Float64Array ? value : toArray(value, `slot '${name}'`);
    if (slot.axis === 'batch') {
      const examples = array.length / size;
      if (!Number.isInteger(examples) || examples === 0) {
        throw new ValueError(
          `slot '${name}' got ${array.length} numbers, which is not a whole number of examples`,
          {
            remedy: `Give [batch, ...shape] = ${shapeText(['batch', ...slot.shape])}, a multiple of ${size} numbers`,
          },
        );
      }
      if (batchOf === undefined) {
        batch = examples;
        batchOf = name;
      } else if (examples !== batch) {
        throw new ValueError(
          `slot '${name}' has ${examples} examples and slot '${batchOf}' has ${batch}`,
          {
            remedy: 'Give all batch slots the same number of examples',
          },
        );
      }
    } else if (array.length !== size) {
      throw new ValueError(`slot '${name}' got ${array.length} numbers`, {
        remedy: `It is shared by the batch: give shape ${shapeText(slot.shape)}, ${size} number${size === 1 ? '' : 's'}`,
      });
    }
    checkFinite(array, name, true);
    if (norm !== 'any') checkNorm(array, size, slot, norm);
    if (slot.kind === 'hermitian') checkHermitian(array, size, slot);
    read.set(name, array);
  }
  for (const name in given) {
    if (read.has(name) || given[name] === undefined) continue;
    const names = circuit.slots.map((s) => s.name);
    throw new ValueError(`the circuit has no slot '${name}'${hint(name, names)}`, {
      remedy: names.length === 0 ? 'It takes no values' : `Its slots are ${names.join(', ')}`,
    });
  }
  return {
    batch,
    get(name: string): Float64Array {
      const array = read.get(name);
      if (array === undefined) throw new ValueError(`the circuit has no slot '${name}'`);
      return array;
    },
  };
}

function missing(
  circuit: Circuit,
  slot: Slot,
  given: Readonly<Record<string, unknown>>,
): ValueError {
  const known = new Set(circuit.slots.map((s) => s.name));
  const stray = Object.keys(given).filter((name) => !known.has(name));
  const text = shapeText(slot.axis === 'batch' ? ['batch', ...slot.shape] : slot.shape);
  const others = stray.length === 0 ? '' : ` (given: ${stray.join(', ')})`;
  return new ValueError(`slot '${slot.name}' has no value${others}`, {
    remedy: `Give ${slot.name}: numbers of shape ${text}`,
  });
}

function shapeText(shape: readonly (number | string)[]): string {
  return `[${shape.join(', ')}]`;
}

/** Copies array-likes and nested arrays of numbers into one Float64Array. */
function toArray(value: ArrayLike<unknown>, what: string): Float64Array {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    if (value instanceof BigInt64Array || value instanceof BigUint64Array) {
      throw new ValueError(`${what} got 64-bit integers`, {
        remedy: 'Give a Float64Array or an array of numbers',
      });
    }
    return Float64Array.from(value as ArrayLike<number>);
  }
  if (typeof value === 'number') {
    throw new ValueError(`${what} got the bare number ${String(value)}`, {
      remedy: 'Give an array, such as [0.5]',
    });
  }
  if (lengthOf(value) === undefined) {
    throw new ValueError(
      `${what} got ${value === null ? 'null' : typeof value} instead of an array`,
      {
        remedy: 'Give a Float64Array or an array of numbers',
      },
    );
  }
  const flat: number[] = [];
  flatten(value, what, flat);
  return Float64Array.from(flat);
}

function flatten(value: ArrayLike<unknown>, what: string, into: number[]): void {
  const rowLength = lengthOf(value[0]);
  for (let i = 0; i < value.length; i++) {
    const item = value[i];
    const length = lengthOf(item);
    if (length === undefined && typeof item !== 'number') {
      throw new ValueError(`${what} holds ${item === null ? 'null' : `a ${typeof item}`}`, {
        remedy: 'Give numbers only',
      });
    }
    if (length !== rowLength) throw ragged(what);
    if (typeof item === 'number') into.push(item);
    else flatten(item as ArrayLike<unknown>, what, into);
  }
}

/** Length of an array-like, undefined for anything else. */
function lengthOf(item: unknown): number | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const { length } = item as { length?: unknown };
  return typeof length === 'number' ? length : undefined;
}

function ragged(what: string): ValueError {
  return new ValueError(`${what} got nested arrays of unequal lengths`, {
    remedy: 'Give rows of one length, or one flat array',
  });
}

function checkFinite(array: Float64Array, name: string, slot: boolean): void {
  // x - x is 0 for finite x and NaN otherwise: one sum tells whether anything is wrong.
  let sum = 0;
  for (let i = 0; i < array.length; i++) {
    const x = array[i]!;
    sum += x - x;
  }
  if (sum === 0) return;
  const index = array.findIndex((x) => !Number.isFinite(x));
  throw new ValueError(
    `${slot ? `slot '${name}'` : name} holds ${array[index]} at index ${index}`,
    { remedy: 'Give finite numbers' },
  );
}

function checkNorm(array: Float64Array, size: number, slot: Slot, norm: 'one' | 'positive'): void {
  for (let start = 0; start < array.length; start += size) {
    let square = 0;
    for (let i = 0; i < size; i++) square += array[start + i]! * array[start + i]!;
    const which = slot.axis === 'batch' ? ` of example ${start / size}` : '';
    if (square === 0) {
      throw new ValueError(`slot '${slot.name}': the amplitudes${which} are all zero`, {
        remedy: 'Give at least one amplitude that is not zero',
      });
    }
    if (norm === 'one' && Math.abs(Math.sqrt(square) - 1) > 1e-6) {
      throw new ValueError(
        `slot '${slot.name}': the amplitudes${which} have norm ${Math.sqrt(square)}`,
        {
          remedy: 'Divide them by their norm, or prepare the state with normalize: true',
        },
      );
    }
  }
}

function checkHermitian(array: Float64Array, size: number, slot: Slot): void {
  const d = slot.shape[0]!;
  for (let start = 0; start < array.length; start += size) {
    const fault = hermitianFault(array, start, d);
    if (fault === undefined) continue;
    const which = slot.axis === 'batch' ? ` example ${start / size}:` : '';
    throw new ValueError(`slot '${slot.name}':${which} ${fault}`, {
      remedy: 'Give Hermitian matrices',
    });
  }
}

/**
 * Reads and checks cotangents: one array per measurement of length `batch × outputs`, undefined for zero.
 *
 * @param dy an array for a single measurement, a list of arrays (or undefined) for several.
 * @param outputSizes numbers per example of each measurement.
 * @param single whether there is one measurement, given bare.
 * @param batch number of examples.
 * @throws ValueError for a length that does not fit or numbers that are not finite.
 *
 * @example
 * ```ts
 * import { readCotangents } from '@ketwork/simulator';
 * console.log(readCotangents([1, 2, 3, 4], [2], true, 2)); // [Float64Array [1, 2, 3, 4]]
 * ```
 */
export function readCotangents(
  dy: unknown,
  outputSizes: readonly number[],
  single: boolean,
  batch: number,
): (Float64Array | undefined)[] {
  const list = single ? [dy] : (dy as readonly unknown[] | undefined);
  if (!Array.isArray(list) || list.length !== outputSizes.length || (single && dy === undefined)) {
    throw new ValueError(
      single ? 'dy is missing' : 'dy is not a list with one entry per measurement',
      {
        remedy: `Give ${single ? 'an array' : `${outputSizes.length} arrays (or undefined for zero)`}`,
      },
    );
  }
  return list.map((item: unknown, i) => {
    if (item === undefined) return undefined;
    const name = single ? 'dy' : `dy[${i}]`;
    const array = item instanceof Float64Array ? item : toArray(item as ArrayLike<unknown>, name);
    const expected = batch * outputSizes[i]!;
    if (array.length !== expected) {
      throw new ValueError(`${name} has ${array.length} numbers`, {
        remedy: `The result has ${batch} examples of ${outputSizes[i]} numbers: give ${expected}`,
      });
    }
    checkFinite(array, name, false);
    return array;
  });
}
