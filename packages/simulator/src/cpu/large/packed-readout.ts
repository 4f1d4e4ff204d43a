/** Read-outs of a state whose last qubit lies in the lanes: those of two states of one qubit less, put together at the end. */
import { bitCount, highestBit, pauliPhase } from '../readout.ts';
import type { DiagonalEntry, Readout, ReadoutStep } from '../readout.ts';

/**
 * Columns of lanes: two for each mean, what does not look at the last qubit and what has a Z there, whose second lane
 * counts negative; and probabilities per lane.
 */
export interface PackedReadout {
  readonly readout: Readout;
  /** By the program's column: the first of the two columns of a mean. */
  readonly means: ReadonlyMap<number, number>;
  readonly blocks: readonly ProbabilityBlock[];
}

/** Consecutive columns of the program that are probabilities. */
export interface ProbabilityBlock {
  readonly first: number;
  readonly count: number;
  /** First column of lanes. */
  readonly column: number;
  /** Whether lanes are outcomes of the last qubit; else they are added up. */
  readonly lanes: boolean;
}

/** Whether read-outs can be made from a packed state. */
export const isReadable = ({ steps }: Readout): boolean =>
  steps.every(({ type }) => type !== 'hermitian');

/** Rewrites read-outs on n qubits for the lanes of n - 1. */
export function packReadout({ steps }: Readout): PackedReadout {
  const packed: ReadoutStep[] = [];
  const means = new Map<number, number>();
  const blocks: ProbabilityBlock[] = [];
  let next = 0;
  const mean = (column: number): { plain: number; signed: number } => {
    let plain = means.get(column);
    if (plain === undefined) {
      plain = next;
      means.set(column, plain);
      next += 2;
    }
    return { plain, signed: plain + 1 };
  };
  const entriesOf = (entries: readonly DiagonalEntry[]): DiagonalEntry[] =>
    entries.map(({ mask, column, weight }) => {
      const { plain, signed } = mean(column);
      const last = (mask & 1) as 0 | 1;
      return { mask: mask >>> 1, weight, column: last === 1 ? signed : plain, last };
    });
  for (const step of steps.flatMap(uncrossed)) {
    if (step.type === 'diagonal') {
      packed.push({ ...step, kept: step.kept >>> 1, entries: entriesOf(step.entries) });
    } else if (step.type === 'flips') {
      const entries = entriesOf(step.entries);
      packed.push({ ...step, x: step.x >>> 1, kept: step.kept >>> 1, entries });
    } else if (step.type === 'basis') {
      const entries = entriesOf(step.entries);
      const [x, y] = [step.x >>> 1, step.y >>> 1];
      packed.push({ ...step, x, y, kept: step.kept >>> 1, entries });
    } else if (step.type === 'pauli') {
      const { plain, signed } = mean(step.column);
      const z = (step.z & 1) === 1;
      const crossed = (step.x & 1) === 1;
      packed.push({
        ...step,
        // With X or Y on the last qubit, lane 0 meets the amplitude of lane 1, where Z counts negative.
        weight: crossed && z ? -step.weight : step.weight,
        column: z ? signed : plain,
        last: { x: step.x & 1, z: step.z & 1 },
        x: step.x >>> 1,
        z: step.z >>> 1,
      });
    } else if (step.type === 'probabilities') {
      const kept = step.kept >>> 1;
      packed.push({ type: 'probabilities', kept, column: next });
      const count = 2 ** bitCount(kept);
      const lanes = (step.kept & 1) === 1;
      blocks.push({ first: step.column, count: lanes ? 2 * count : count, column: next, lanes });
      next += count;
    } else packed.push(step);
  }
  return { readout: { columns: next, steps: packed, results: [] }, means, blocks };
}

/** Strings read together that flip the last qubit, which would exchange the lanes, are read one by one. */
function uncrossed(step: ReadoutStep): readonly ReadoutStep[] {
  if (step.type === 'flips' && (step.x & 1) === 1) {
    const { x, odd } = step;
    return step.entries.map(({ mask, column, weight }): ReadoutStep => {
      // The highest flipped bit, which the mask lacks, makes the number of Y even or odd.
      const z = (bitCount(x & mask) & 1) === Number(odd) ? mask : mask | highestBit(x);
      return { type: 'pauli', x, z, column, weight: weight * pauliPhase(x, z).sign };
    });
  }
  if (step.type === 'basis' && ((step.x | step.y) & 1) === 1) {
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
