import { squaredMatrix, squaredPauli } from '@ketwork/circuit';
import type { Circuit, Measurement, Observable, PauliTerm } from '@ketwork/circuit';
import { bitCount } from '../bits.ts';
import { wiresRead } from '../compile.ts';

/** A weighted Walsh–Hadamard coefficient: the mean of a product of Z on the qubits of `mask`, added to a column. */
export interface DiagonalEntry {
  readonly mask: number;
  readonly column: number;
  readonly weight: number;
  /** The qubits in the lanes that Z also acts on, as bits of a lane's number, where the state is packed. */
  readonly last?: number;
}

/** How expectation values and probabilities are read from a state. Masks are basis indices: bit n-1-q is qubit q. */
export type ReadoutStep =
  | { readonly type: 'probabilities'; readonly kept: number; readonly column: number }
  | { readonly type: 'diagonal'; readonly kept: number; readonly entries: readonly DiagonalEntry[] }
  | {
      readonly type: 'pauli';
      readonly x: number;
      readonly z: number;
      readonly weight: number;
      readonly column: number;
      /** What the string has on the qubits in the lanes, where the state is packed. */
      readonly last?: { readonly x: number; readonly z: number };
    }
  /**
   * Strings that flip the same bits `x`: one pass over pairs of amplitudes, then a transform over the bits of `kept`.
   * Without the highest flipped bit, which tells the two of a pair apart, an entry's mask is the string's z; its weight
   * takes in the sign of i^|x&z|. `odd`: strings with an odd number of Y, read from imaginary parts.
   */
  | {
      readonly type: 'flips';
      readonly x: number;
      readonly odd: boolean;
      readonly kept: number;
      readonly entries: readonly DiagonalEntry[];
    }
  /** Strings that commute qubit by qubit, read in their common basis: X on the qubits of `x`, Y on those of `y`, Z elsewhere. */
  | {
      readonly type: 'basis';
      readonly x: number;
      readonly y: number;
      readonly kept: number;
      readonly entries: readonly DiagonalEntry[];
    }
  | {
      readonly type: 'hermitian';
      readonly qubits: readonly number[];
      readonly matrix: HermitianSource;
      readonly column: number;
    }
  | { readonly type: 'state' };

/** Where a Hermitian matrix comes from: fixed numbers, or a slot, perhaps squared (for variances). */
export type HermitianSource =
  | { readonly values: readonly number[] }
  | { readonly slot: string; readonly squared: boolean };

/** How one measurement's result is made of columns. */
export type ResultPlan =
  | { readonly type: 'columns'; readonly columns: readonly number[] }
  | {
      readonly type: 'variance';
      readonly means: readonly number[];
      readonly squares: readonly number[];
    }
  | { readonly type: 'state' };

/** The read-outs of a program: numbers per example ("columns") and how results are made of them. */
export interface Readout {
  readonly columns: number;
  readonly steps: readonly ReadoutStep[];
  readonly results: readonly ResultPlan[];
}

/** A Pauli string is i^|x&z| X^x Z^z: whether the power of i is odd, and the sign that remains. */
export function pauliPhase(
  x: number,
  z: number,
  last: { readonly x: number; readonly z: number } = { x: 0, z: 0 },
): { odd: boolean; sign: 1 | -1 } {
  const power = (bitCount(x & z) + bitCount(last.x & last.z)) & 3;
  return { odd: (power & 1) === 1, sign: power >= 2 ? -1 : 1 };
}

/** A Pauli string as bit masks with a real coefficient: `i^|x&z| X^x Z^z`. */
interface MaskedTerm {
  readonly x: number;
  readonly z: number;
  readonly coefficient: number;
}

/** Its expectation value is the squared norm of the state. */
const IDENTITY: Observable = { type: 'pauli', terms: [{ coefficient: 1, paulis: [] }] };

/** Plans the read-outs of analytic measurements. */
export function planReadout(circuit: Circuit, measurements: readonly Measurement[]): Readout {
  const { qubits } = circuit;
  const bitOf = (qubit: number): number => 2 ** (qubits - 1 - qubit);
  const steps: ReadoutStep[] = [];
  const entries: DiagonalEntry[] = [];
  let columns = 0;

  const addTerms = (terms: readonly MaskedTerm[], column: number): void => {
    for (const { x, z, coefficient } of terms) {
      if (x === 0) entries.push({ mask: z, column, weight: coefficient });
      else steps.push({ type: 'pauli', x, z, weight: coefficient, column });
    }
  };
  const masked = (term: PauliTerm): MaskedTerm => {
    let x = 0;
    let z = 0;
    for (const { qubit, pauli } of term.paulis) {
      if (pauli !== 'Z') x |= bitOf(qubit);
      if (pauli !== 'X') z |= bitOf(qubit);
    }
    return { x, z, coefficient: term.coefficient };
  };
  /** Adds a column with the expectation value of an observable or of its square. */
  const expectation = (observable: Observable, squared: boolean): number => {
    const column = columns++;
    if (observable.type === 'pauli') {
      addTerms((squared ? squaredPauli(observable) : observable).terms.map(masked), column);
    } else if (observable.type === 'projector') {
      // |b⟩⟨b| is the mean over all Z products on its qubits with the signs of b; it is its own square.
      const bits = observable.qubits.map(bitOf);
      for (let subset = 0; subset < 2 ** bits.length; subset++) {
        let mask = 0;
        let sign = 1;
        bits.forEach((bit, i) => {
          if (((subset >> i) & 1) === 0) return;
          mask |= bit;
          if (observable.bits[i] === 1) sign = -sign;
        });
        entries.push({ mask, column, weight: sign / 2 ** bits.length });
      }
    } else {
      const { matrix } = observable;
      const source: HermitianSource =
        'slot' in matrix
          ? { slot: matrix.slot, squared }
          : { values: squared ? [...squaredMatrix(matrix)] : matrix };
      steps.push({ type: 'hermitian', qubits: observable.qubits, matrix: source, column });
    }
    return column;
  };

  const results = measurements.map((measurement): ResultPlan => {
    switch (measurement.type) {
      case 'expval':
        return {
          type: 'columns',
          columns: measurement.observables.map((o) => expectation(o, false)),
        };
      case 'variance':
        return {
          type: 'variance',
          means: measurement.observables.map((o) => expectation(o, false)),
          squares: measurement.observables.map((o) => expectation(o, true)),
        };
      case 'state':
        if (!steps.some((step) => step.type === 'state')) steps.push({ type: 'state' });
        return { type: 'state' };
      case 'probabilities': {
        const order = wiresRead(measurement, qubits);
        const first = columns;
        const kept = order.reduce((mask, qubit) => mask | bitOf(qubit), 0);
        steps.push({ type: 'probabilities', kept, column: first });
        columns += 2 ** order.length;
        return { type: 'columns', columns: outcomeOrder(order).map((index) => first + index) };
      }
      case 'successProbability':
        return { type: 'columns', columns: [expectation(IDENTITY, false)] };
      case 'samples':
      case 'counts':
      case 'densityOperator':
        throw new Error(`${measurement.type} has no exact value`);
    }
  });
  if (entries.length > 0) {
    const kept = entries.reduce((mask, entry) => mask | entry.mask, 0);
    // First, so that the backward pass can start by writing lambda instead of clearing it.
    steps.unshift({ type: 'diagonal', kept, entries });
  }
  return { columns, steps, results };
}

/** For each outcome of `qubits` in the user's order, its index when the qubits are in ascending order. */
export function outcomeOrder(qubits: readonly number[]): number[] {
  const sorted = qubits.toSorted((a, b) => a - b);
  const order = [0];
  // The last qubit counts least: each earlier one doubles the list.
  for (const qubit of qubits.toReversed()) {
    const weight = 2 ** (sorted.length - 1 - sorted.indexOf(qubit));
    const known = order.length;
    for (let outcome = 0; outcome < known; outcome++)
      order.push((order[outcome] as number) + weight);
  }
  return order;
}

/** The bits of `value` under `mask`, moved together. */
export function compress(value: number, mask: number): number {
  let out = 0;
  let at = 1;
  for (let rest = mask; rest !== 0; rest &= rest - 1) {
    if ((value & rest & -rest) !== 0) out |= at;
    at <<= 1;
  }
  return out;
}

/**
 * The read-outs of a state whose basis states are exchanged with those that differ in the bits of `x`: probabilities of
 * outcomes are found in other columns. (The weights of Pauli strings are another matter.)
 */
export function exchangeOutcomes(readout: Readout, x: number): Readout {
  const moves = readout.steps.flatMap((step) => {
    const flips = step.type === 'probabilities' ? compress(x, step.kept) : 0;
    if (step.type !== 'probabilities' || flips === 0) return [];
    return [{ first: step.column, count: 2 ** bitCount(step.kept), flips }];
  });
  if (moves.length === 0) return readout;
  const moved = (column: number): number => {
    for (const { first, count, flips } of moves)
      if (column >= first && column < first + count) return first + ((column - first) ^ flips);
    return column;
  };
  const results = readout.results.map((plan): ResultPlan =>
    plan.type === 'columns' ? { ...plan, columns: plan.columns.map(moved) } : plan,
  );
  return { ...readout, results };
}
