/** Matrices on four qubits that follow one another, several of them a pass. */
import { countBits } from '../program/matrices.ts';
import type { Entry } from './encode.ts';

/** Matrices that are applied in one pass, in which each thread has all amplitudes to itself that differ only in bits of their qubits. */
export interface Joined {
  readonly entries: readonly Entry[];
  /** Bits, ascending, that the number of a thread leaves out: those of the qubits, and what is zero all the time. */
  readonly controls: readonly number[];
  /** Masks of the qubits of each matrix. */
  readonly own: readonly number[];
  /** Masks of what numbers its cosets in a thread: the qubits of the others, as far as they are not zero yet. */
  readonly free: readonly number[];
}

/** Qubits of a matrix. */
export const JOINED_WIDTH = 4;
/** Most qubits of joined matrices, so that what numbers the cosets of one is no more than its own: 256 amplitudes are near a core. */
const QUBITS: number = 2 * JOINED_WIDTH;
/** Fewest: from here on the cosets of a matrix are as many as a thread takes at a time. */
const FEWEST = 6;
/** Threads that there are to be at least, 2^8, for all cores to have work. */
const THREADS = 8;

/** Joins matrices, one after the other, as long as their qubits are few enough; what is left alone stays as it is. */
export function join(
  entries: readonly Entry[],
  qubits: number,
  most: number,
): readonly (Entry | Joined)[] {
  const widest = Math.min(QUBITS, qubits - THREADS);
  const found: (Entry | Joined)[] = [];
  let waiting: Entry[] = [];
  const flush = (): void => {
    const union = waiting.reduce((mask, entry) => mask | maskOf(entry, qubits), 0);
    if (waiting.length > 1 && countBits(union) >= FEWEST)
      found.push(joined(waiting, union, qubits));
    else found.push(...waiting);
    waiting = [];
  };
  for (const entry of entries) {
    if (!canJoin(entry)) {
      flush();
      found.push(entry);
      continue;
    }
    const union = [...waiting, entry].reduce((mask, one) => mask | maskOf(one, qubits), 0);
    if (waiting.length === most || countBits(union) > widest) flush();
    waiting.push(entry);
  }
  flush();
  return found;
}

const canJoin = ({ op, step }: Entry): boolean =>
  op === JOINED_WIDTH &&
  step?.type === 'unitary' &&
  step.axis !== 'batch' &&
  step.condition.mask === 0;

/** Bits of a matrix's qubits. */
const maskOf = ({ step }: Entry, qubits: number): number =>
  step?.type === 'unitary'
    ? step.qubits.reduce((mask, qubit) => mask | (2 ** (qubits - 1 - qubit)), 0)
    : 0;

function joined(entries: readonly Entry[], union: number, qubits: number): Joined {
  let zero = entries[0]?.zero ?? 0;
  const left = union | zero;
  const controls = Array.from({ length: qubits }, (_, bit) => 2 ** bit).filter(
    (bit) => (left & bit) !== 0,
  );
  const own = entries.map((entry) => maskOf(entry, qubits));
  const free = own.map((mask) => {
    zero &= ~mask;
    return union & ~mask & ~zero;
  });
  return { entries, controls, own, free };
}
