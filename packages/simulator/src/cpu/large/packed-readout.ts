/** Read-outs of a state whose last qubit lies in the lanes: those of two states of one qubit less, put together at the end. */
import type { Readout, ReadoutStep } from '../readout.ts';

/**
 * Columns of lanes: column 2c of what does not look at the last qubit, 2c + 1 of what has a Z there, whose second lane
 * counts negative. Probabilities keep their outcomes per lane.
 */
export interface PackedReadout {
  readonly readout: Readout;
  /** Where each of the program's columns comes from. */
  readonly columns: readonly PackedColumn[];
}

export type PackedColumn =
  | { readonly type: 'mean'; readonly plain: number; readonly signed: number }
  | { readonly type: 'lane'; readonly column: number; readonly lane: 0 | 1 }
  | { readonly type: 'both'; readonly column: number };

/** Whether read-outs can be made from a packed state. */
export const isReadable = ({ steps }: Readout): boolean =>
  steps.every(({ type }) => type !== 'hermitian');

/** Rewrites read-outs on n qubits for the lanes of n - 1. */
export function packReadout({ steps }: Readout): PackedReadout {
  const packed: ReadoutStep[] = [];
  const from: PackedColumn[] = [];
  let next = 0;
  const mean = (column: number): PackedColumn & { type: 'mean' } => {
    let found = from[column];
    if (found === undefined) {
      found = { type: 'mean', plain: next, signed: next + 1 };
      next += 2;
      from[column] = found;
    }
    if (found.type !== 'mean') throw new Error('a column of two kinds');
    return found;
  };
  for (const step of steps) {
    if (step.type === 'diagonal') {
      packed.push({
        type: 'diagonal',
        kept: step.kept >>> 1,
        entries: step.entries.map(({ mask, column, weight }) => {
          const { plain, signed } = mean(column);
          const last = (mask & 1) as 0 | 1;
          return { mask: mask >>> 1, weight, column: last === 1 ? signed : plain, last };
        }),
      });
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
      const count = 2 ** bitsOf(kept);
      for (let i = 0; i < count; i++) {
        if ((step.kept & 1) === 0) from[step.column + i] = { type: 'both', column: next + i };
        else
          for (const lane of [0, 1] as const)
            from[step.column + 2 * i + lane] = { type: 'lane', column: next + i, lane };
      }
      next += count;
    } else packed.push(step);
  }
  return { readout: { columns: next, steps: packed, results: [] }, columns: from };
}

function bitsOf(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
