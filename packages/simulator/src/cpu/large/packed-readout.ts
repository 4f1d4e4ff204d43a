/** Read-outs of a state whose last qubits lie in the lanes: those of two (four) states of fewer qubits, put together at the end. */
import { bitCount, highestBit, parity } from '../../bits.ts';
import { pauliPhase } from '../readout.ts';
import type { DiagonalEntry, Readout, ReadoutStep } from '../readout.ts';

/**
 * Columns of lanes: for each mean one per set of qubits in the lanes, what has a Z on just these, whose lanes with an odd
 * number of ones there count negative; and probabilities per lane.
 */
export interface PackedReadout {
  readonly readout: Readout;
  /** By the program's column: the first column of a mean, that for no Z; the others stand behind in binary order. */
  readonly means: ReadonlyMap<number, number>;
  readonly blocks: readonly ProbabilityBlock[];
}

/** Consecutive columns of the program that are probabilities. */
export interface ProbabilityBlock {
  readonly first: number;
  readonly count: number;
  /** First column of lanes. */
  readonly column: number;
  /** The lanes to add up for each outcome of the measured qubits in the lanes. */
  readonly lanes: readonly (readonly number[])[];
}

/** Whether read-outs can be made from a packed state. */
export const isReadable = ({ steps }: Readout): boolean =>
  steps.every(({ type }) => type !== 'hermitian');

/** Rewrites read-outs on n qubits for the lanes of n - `inLanes`. */
export function packReadout({ steps }: Readout, inLanes: number): PackedReadout {
  const lanes = 2 ** inLanes;
  const inner = lanes - 1;
  const packed: ReadoutStep[] = [];
  const means = new Map<number, number>();
  const blocks: ProbabilityBlock[] = [];
  let next = 0;
  const mean = (column: number): number => {
    let first = means.get(column);
    if (first === undefined) {
      first = next;
      means.set(column, first);
      next += lanes;
    }
    return first;
  };
  const entriesOf = (entries: readonly DiagonalEntry[]): DiagonalEntry[] =>
    entries.map(({ mask, column, weight }) => {
      const last = mask & inner;
      return { mask: mask >>> inLanes, weight, column: mean(column) + last, last };
    });
  for (const step of steps.flatMap((written) => uncrossed(written, inner))) {
    if (step.type === 'diagonal') {
      packed.push({ ...step, kept: step.kept >>> inLanes, entries: entriesOf(step.entries) });
    } else if (step.type === 'flips') {
      const entries = entriesOf(step.entries);
      packed.push({ ...step, x: step.x >>> inLanes, kept: step.kept >>> inLanes, entries });
    } else if (step.type === 'basis') {
      const entries = entriesOf(step.entries);
      const [x, y] = [step.x >>> inLanes, step.y >>> inLanes];
      packed.push({ ...step, x, y, kept: step.kept >>> inLanes, entries });
    } else if (step.type === 'pauli') {
      const last = { x: step.x & inner, z: step.z & inner };
      packed.push({
        ...step,
        // With X or Y there, a lane meets the amplitude of another one, and Z has that one's sign.
        weight: parity(last.x & last.z) === 1 ? -step.weight : step.weight,
        column: mean(step.column) + last.z,
        last,
        x: step.x >>> inLanes,
        z: step.z >>> inLanes,
      });
    } else if (step.type === 'probabilities') {
      const kept = step.kept >>> inLanes;
      packed.push({ type: 'probabilities', kept, column: next });
      const outcomes = lanesByOutcome(step.kept & inner, lanes);
      const count = 2 ** bitCount(kept);
      blocks.push({
        first: step.column,
        count: outcomes.length * count,
        column: next,
        lanes: outcomes,
      });
      next += count;
    } else packed.push(step);
  }
  return { readout: { columns: next, steps: packed, results: [] }, means, blocks };
}

/** The lanes of each outcome of the qubits in the lanes that are measured. */
function lanesByOutcome(kept: number, lanes: number): number[][] {
  const all = Array.from({ length: lanes }, (_, lane) => lane);
  const outcomes = all.filter((lane) => (lane & ~kept) === 0);
  return outcomes.map((outcome) => all.filter((lane) => (lane & kept) === outcome));
}

/** Strings read together that flip qubits in the lanes, which would exchange the lanes, are read one by one. */
function uncrossed(step: ReadoutStep, inner: number): readonly ReadoutStep[] {
  if (step.type === 'flips' && (step.x & inner) !== 0) {
    const { x, odd } = step;
    return step.entries.map(({ mask, column, weight }): ReadoutStep => {
      // The highest flipped bit, which the mask lacks, makes the number of Y even or odd.
      const z = parity(x & mask) === Number(odd) ? mask : mask | highestBit(x);
      return { type: 'pauli', x, z, column, weight: weight * pauliPhase(x, z).sign };
    });
  }
  if (step.type === 'basis' && ((step.x | step.y) & inner) !== 0) {
    return step.entries.map(({ mask, column, weight }): ReadoutStep => ({
      type: 'pauli',
      x: mask & (step.x | step.y),
      z: mask & ~step.x,
      column,
      weight,
    }));
  }
  return [step];
}
