import type { Occurrence } from '../shift/occurrences.ts';

/** What a run contributes to: the value (no occurrence), a first derivative or a second one. */
interface Target {
  readonly i?: number;
  readonly j?: number;
  readonly coefficient: number;
}

/** A run with some columns shifted, and what it contributes to. */
export interface JetRun {
  readonly shifts: ReadonlyMap<number, number>;
  readonly targets: Target[];
}

/**
 * The runs for values, first and second derivatives by every pair i ≤ j of occurrences: the shift rule of one after that of
 * the other. Runs that several derivatives need, such as the one without shifts, are made once.
 */
export function jetRuns(occurrences: readonly Occurrence[]): JetRun[] {
  const runs = new Map<string, JetRun>();
  const add = (parts: readonly { column: number; shift: number }[], target: Target): void => {
    const shifts = new Map<number, number>();
    for (const { column, shift } of parts) shifts.set(column, (shifts.get(column) ?? 0) + shift);
    for (const [column, shift] of shifts) if (Math.abs(shift) < 1e-12) shifts.delete(column);
    const name = [...shifts]
      .sort(([a], [b]) => a - b)
      .map(([column, shift]) => `${column}:${shift.toFixed(9)}`)
      .join(' ');
    const run = runs.get(name) ?? { shifts, targets: [] };
    runs.set(name, run);
    run.targets.push(target);
  };
  add([], { coefficient: 1 });
  occurrences.forEach(({ rule }, i) => {
    for (const first of rule) add([first], { i, coefficient: first.coefficient });
    for (let j = i; j < occurrences.length; j++) {
      const second = j === i ? occurrences[i]!.again : occurrences[j]!.rule;
      for (const a of rule) {
        for (const b of second) add([a, b], { i, j, coefficient: a.coefficient * b.coefficient });
      }
    }
  });
  return [...runs.values()];
}

/** Values, first and second derivatives of linear measurements by the occurrences' angles. */
export class Jets {
  readonly outputs: number;
  readonly size: number;
  /** `[batch, outputs]` */
  readonly values: Float64Array;
  /** `[batch, outputs, size]` */
  readonly first: Float64Array;
  /** `[batch, outputs, size, size]`, symmetric once complete. */
  readonly second: Float64Array;

  constructor(batch: number, outputs: number, size: number) {
    this.outputs = outputs;
    this.size = size;
    this.values = new Float64Array(batch * outputs);
    this.first = new Float64Array(batch * outputs * size);
    this.second = new Float64Array(batch * outputs * size * size);
  }

  /** Adds one result of one example to all that it contributes to. */
  add(example: number, output: number, result: number, targets: readonly Target[]): void {
    const row = example * this.outputs + output;
    for (const { i, j, coefficient } of targets) {
      const part = coefficient * result;
      if (i === undefined) this.values[row]! += part;
      else if (j === undefined) this.first[row * this.size + i]! += part;
      else this.addSecond(row, i, j, part);
    }
  }

  /** Adds to both places of a second derivative. */
  addSecond(row: number, i: number, j: number, part: number): void {
    this.second[(row * this.size + i) * this.size + j]! += part;
    if (i !== j) this.second[(row * this.size + j) * this.size + i]! += part;
  }
}
