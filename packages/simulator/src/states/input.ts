import { ValueError } from '@ketwork/base';

/**
 * A state given to the functions of states: pure, as `state()` returns it, `[batch, 2^n, 2]`; or a density matrix,
 * `[batch, 2^n, 2^n, 2]`, interleaved re, im.
 */
export type QuantumState =
  | {
      /** Amplitudes, `[batch, 2^n, 2]`, each example of norm 1. */
      readonly state: ArrayLike<number>;
    }
  | {
      /** Density matrices, `[batch, 2^n, 2^n, 2]`, Hermitian and of trace 1. */
      readonly density: ArrayLike<number>;
    };

/** Options of functions of states. */
export interface StateOptions {
  /** Number of qubits n; needed for a batch, found from the length of a single state. */
  readonly qubits?: number;
}

/** Options of functions of a part of a state. */
export interface SubsystemOptions extends StateOptions {
  /** The qubits looked at, the others being traced out; all of them by default. */
  readonly of?: readonly number[];
}

/** Options of functions with a logarithm. */
export interface EntropyOptions extends SubsystemOptions {
  /** Base of the logarithm: e (nats) by default, 2 for bits. */
  readonly base?: number;
}

/** A batch of states, checked. */
export interface ReadStates {
  readonly isPure: boolean;
  readonly qubits: number;
  /** 2^n. */
  readonly size: number;
  readonly batch: number;
  readonly data: Float64Array;
}

/** How far norm, trace and Hermiticity may be off: states in single precision pass. */
const TOLERANCE = 1e-5;

/** Reads and checks states. @throws ValueError */
export function readStates(name: string, given: QuantumState, qubits?: number): ReadStates {
  const value = given as Partial<{ state: ArrayLike<number>; density: ArrayLike<number> }> | null;
  const isPure = value?.state !== undefined;
  const numbers = value?.state ?? value?.density;
  if (typeof numbers !== 'object' || (isPure && value.density !== undefined)) {
    throw new ValueError(`${name}: no state was given`, {
      remedy: 'Give { state: amplitudes } or { density: matrices }',
    });
  }
  const data = numbers instanceof Float64Array ? numbers : Float64Array.from(numbers);
  const n = qubits ?? Math.log2(data.length / 2) / (isPure ? 1 : 2);
  const size = 2 ** n;
  const each = 2 * (isPure ? size : size * size);
  const batch = data.length / each;
  if (!Number.isInteger(n) || n < 1 || !Number.isInteger(batch) || batch < 1) {
    const what = isPure ? 'states' : 'density matrices';
    throw new ValueError(
      `${name}: ${data.length} numbers are no ${what}${qubits === undefined ? '' : ` of ${qubits} qubits`}`,
      {
        remedy: `Give ${isPure ? '[batch, 2^n, 2]' : '[batch, 2^n, 2^n, 2]'} numbers, and the number of qubits of a batch`,
      },
    );
  }
  const read = { isPure, qubits: n, size, batch, data };
  for (let e = 0; e < batch; e++) checkExample(name, read, e);
  return read;
}

function checkExample(name: string, { isPure, size, batch, data }: ReadStates, e: number): void {
  const where = batch === 1 ? '' : ` of example ${e}`;
  const fail = (what: string, remedy: string): never => {
    throw new ValueError(`${name}: ${what}`, { remedy });
  };
  let total = 0;
  if (isPure) {
    for (let i = 2 * size * e; i < 2 * size * (e + 1); i++) total += data[i]! ** 2;
    if (!(Math.abs(total - 1) <= TOLERANCE))
      fail(`the squared norm${where} is ${total}`, 'Divide the amplitudes by their norm');
    return;
  }
  const start = 2 * size * size * e;
  for (let r = 0; r < size; r++) {
    total += data[start + 2 * (r * size + r)]!;
    for (let c = 0; c <= r; c++) {
      const a = start + 2 * (r * size + c);
      const b = start + 2 * (c * size + r);
      const off = Math.abs(data[a]! - data[b]!) + Math.abs(data[a + 1]! + data[b + 1]!);
      if (!(off <= TOLERANCE))
        fail(`the density matrix${where} is not Hermitian at [${r}, ${c}]`, 'Use (ρ + ρ†)/2');
    }
  }
  if (!(Math.abs(total - 1) <= TOLERANCE))
    fail(`the trace of the density matrix${where} is ${total}`, 'Divide it by its trace');
}

/** A list of different qubits of a state. @throws ValueError */
export function checkPart(name: string, part: readonly number[], qubits: number): void {
  const isWrong = part.some((q) => !Number.isInteger(q) || q < 0 || q >= qubits);
  if (isWrong || part.length === 0 || new Set(part).size !== part.length) {
    throw new ValueError(`${name}: [${part.join(', ')}] is no part of ${qubits} qubits`, {
      remedy: `Name qubits from 0 to ${qubits - 1}, each once`,
    });
  }
}

/** The qubits that are not in a list, ascending. */
export function others(part: readonly number[], qubits: number): number[] {
  return Array.from({ length: qubits }, (_, q) => q).filter((q) => !part.includes(q));
}

/** The factor that turns natural logarithms into those of a base. @throws ValueError */
export function perNat(name: string, base: number = Math.E): number {
  if (!(base > 0) || base === 1 || !Number.isFinite(base))
    throw new ValueError(`${name}: the base of the logarithm is ${base}`, {
      remedy: 'Use a positive number other than 1',
    });
  return base === Math.E ? 1 : 1 / Math.log(base);
}

/** Basis indices of the states of some qubits (first one most significant), all others being 0. */
export function offsetsOf(part: readonly number[], qubits: number): Int32Array {
  let offsets = Int32Array.of(0);
  for (const qubit of part) {
    const bit = 2 ** (qubits - 1 - qubit);
    const next = new Int32Array(2 * offsets.length);
    offsets.forEach((offset, i) => {
      next[2 * i] = offset;
      next[2 * i + 1] = offset + bit;
    });
    offsets = next;
  }
  return offsets;
}

/** Two batches of equal length, or one of a single state, which goes with each of the other. @throws ValueError */
export function commonBatch(name: string, a: ReadStates, b: ReadStates): number {
  if (a.qubits !== b.qubits) {
    throw new ValueError(`${name}: states of ${a.qubits} and of ${b.qubits} qubits`, {
      remedy: 'Give states of the same qubits',
    });
  }
  if (a.batch !== b.batch && a.batch !== 1 && b.batch !== 1) {
    throw new ValueError(`${name}: batches of ${a.batch} and ${b.batch} states`, {
      remedy: 'Give batches of one length, or a single state on one side',
    });
  }
  return Math.max(a.batch, b.batch);
}
