import { ValueError } from '@ketwork/base';
import type { Counts } from './contract.ts';

/** Options of {@link reorderQubits} and {@link toLittleEndian} for arrays. */
export interface QubitOrderOptions {
  /** Numbers per basis state: 2 for amplitudes (interleaved re, im), 1 for probabilities. Default 1. */
  readonly components?: 1 | 2;
}

/**
 * Puts the qubits of a result into another order: place i of the new order holds qubit `order[i]` of the old one.
 *
 * Arrays are `[batch, 2^n]`, such as probabilities, or `[batch, 2^n, 2]` with `components: 2`, such as states. Bit strings
 * and the keys of counts have one letter per qubit.
 *
 * @param order a permutation of 0 … n − 1.
 * @returns a new array, string or record.
 * @throws ValueError where `order` is no permutation or what is given does not have that many qubits.
 *
 * @example
 * ```ts
 * import { circuit, probabilities } from '@ketwork/circuit';
 * import { cpu, reorderQubits } from '@ketwork/simulator';
 * const flipped = (await cpu()).compile(circuit(2, (q) => q.x(1)), probabilities()).run();
 * console.log(flipped); // [0, 1, 0, 0]
 * console.log(reorderQubits(flipped, [1, 0])); // [0, 0, 1, 0]
 * console.log(reorderQubits('011', [2, 0, 1])); // 101
 * ```
 */
export function reorderQubits(
  values: ArrayLike<number>,
  order: readonly number[],
  options?: QubitOrderOptions,
): Float64Array;
export function reorderQubits(bits: string, order: readonly number[]): string;
export function reorderQubits(counts: Readonly<Counts>, order: readonly number[]): Counts;
export function reorderQubits(
  given: ArrayLike<number> | string | Readonly<Counts>,
  order: readonly number[],
  options: QubitOrderOptions = {},
): Float64Array | string | Counts {
  checkOrder(order);
  if (typeof given === 'string') return reorderBits(given, order);
  if (!isArrayLike(given)) {
    const entries = Object.entries(given).map(([bits, count]) => [reorderBits(bits, order), count]);
    return Object.fromEntries(entries) as Counts;
  }
  return reorderArray(given, order, options.components ?? 1);
}

/**
 * Results in the convention of Qiskit and qulacs, where qubit 0 is the least significant bit of an index and the
 * rightmost letter of a bit string. The order of the qubits is reversed, so the function also converts back.
 *
 * Arrays are `[batch, 2^n]`, or `[batch, 2^n, 2]` with `components: 2`, as for {@link reorderQubits}.
 *
 * @param qubits number of qubits n of an array.
 * @returns a new array, string or record.
 * @throws ValueError where an array is not made of states of that many qubits, or a string is not made of 0 and 1.
 *
 * @example
 * ```ts
 * import { circuit, counts, state } from '@ketwork/circuit';
 * import { cpu, toLittleEndian } from '@ketwork/simulator';
 * const engine = await cpu();
 * const flipped = circuit(2, (q) => q.x(0)); // |10⟩ here, |01⟩ there
 * console.log(toLittleEndian(engine.compile(flipped, state()).run(), 2, { components: 2 })); // [0, 0, 1, 0, 0, 0, 0, 0]
 * console.log(toLittleEndian(engine.compile(flipped, counts(8)).run()[0]!)); // { '01': 8 }
 * ```
 */
export function toLittleEndian(
  values: ArrayLike<number>,
  qubits: number,
  options?: QubitOrderOptions,
): Float64Array;
export function toLittleEndian(bits: string): string;
export function toLittleEndian(counts: Readonly<Counts>): Counts;
export function toLittleEndian(
  given: ArrayLike<number> | string | Readonly<Counts>,
  qubits?: number,
  options: QubitOrderOptions = {},
): Float64Array | string | Counts {
  if (typeof given === 'string') return reorderBits(given, reversed(given.length));
  if (!isArrayLike(given)) {
    const entries = Object.entries(given).map(([bits, count]) => [toLittleEndian(bits), count]);
    return Object.fromEntries(entries) as Counts;
  }
  if (qubits === undefined || !Number.isInteger(qubits) || qubits < 0 || qubits > 48) {
    throw new ValueError(`the number of qubits of an array is ${String(qubits)}`, {
      remedy: 'Give the number of qubits of the circuit as second argument',
    });
  }
  return reorderArray(given, reversed(qubits), options.components ?? 1);
}

function reversed(qubits: number): number[] {
  return Array.from({ length: qubits }, (_, i) => qubits - 1 - i);
}

function isArrayLike(given: ArrayLike<number> | Readonly<Counts>): given is ArrayLike<number> {
  return Array.isArray(given) || ArrayBuffer.isView(given);
}

function checkOrder(order: readonly number[]): void {
  const seen = new Set(order);
  const fits = order.every(
    (qubit) => Number.isInteger(qubit) && qubit >= 0 && qubit < order.length,
  );
  if (!fits || seen.size !== order.length) {
    throw new ValueError(
      `[${order.join(', ')}] does not name every qubit from 0 to ${order.length - 1} once`,
      {
        remedy: 'Give a permutation',
      },
    );
  }
}

function reorderBits(bits: string, order: readonly number[]): string {
  if (bits.length !== order.length || !/^[01]*$/.test(bits)) {
    throw new ValueError(`'${bits}' is not a bit string of ${order.length} qubits`, {
      remedy: 'Give one 0 or 1 per qubit',
    });
  }
  return order.map((qubit) => bits[qubit]).join('');
}

function reorderArray(
  values: ArrayLike<number>,
  order: readonly number[],
  components: number,
): Float64Array {
  if (components !== 1 && components !== 2) {
    throw new ValueError(`there are no arrays with ${String(components)} numbers per basis state`, {
      remedy: 'Use 1 for probabilities and 2 for states',
    });
  }
  const qubits = order.length;
  const states = 2 ** qubits;
  if (values.length === 0 || values.length % (states * components) !== 0) {
    const shape = components === 1 ? `[batch, ${states}]` : `[batch, ${states}, 2]`;
    throw new ValueError(
      `${values.length} numbers do not have the shape ${shape} of ${qubits} qubits`,
      {
        remedy:
          components === 1
            ? 'For states set components to 2'
            : 'For probabilities leave components out',
      },
    );
  }
  // Place of the bit of qubit order[i] in the old index; bit i from the left in the new one.
  const places = order.map((qubit) => 2 ** (qubits - 1 - qubit));
  const source = new Float64Array(states);
  for (let i = 0, filled = 1; i < qubits; i++, filled *= 2) {
    // The last qubits of the order are the lowest bits of the new index.
    const place = places[qubits - 1 - i]!;
    for (let j = 0; j < filled; j++) source[filled + j] = source[j]! + place;
  }
  const result = new Float64Array(values.length);
  for (let start = 0; start < values.length; start += states * components) {
    for (let index = 0; index < states; index++) {
      const from = start + source[index]! * components;
      const to = start + index * components;
      result[to] = values[from]!;
      if (components === 2) result[to + 1] = values[from + 1]!;
    }
  }
  return result;
}
