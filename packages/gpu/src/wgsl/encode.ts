/** A lowered circuit as a table of words that the shaders read: no circuit needs a shader of its own. */
import type { HostProgram } from '../program/host.ts';
import type { AffineMap } from '../program/affine.ts';
import type { Step } from '../program/plan.ts';
import type { Layout, Section } from '../program/readings.ts';

/** First word of an entry. Matrices on 1 to 4 qubits have their number of qubits. */
export const op = {
  wide: 5,
  permutation: 6,
  diagonal: 7,
  strings: 8,
  marginal: 9,
  density: 10,
  state: 11,
  preparation: 12,
  observe: 13,
} as const;

/** Which state an entry of the kind `state` keeps, and where: its own place, or those that come with the call. */
export const kept = { reading: 0, end: 1, start: 2 } as const;

/** Stands for what a step does not have. */
export const NONE = 0xffffffff;

/** A run of entries. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** An entry of the table. */
export interface Entry {
  readonly op: number;
  /** Where it begins, in words. */
  readonly at: number;
  /** Its step, where it is one. */
  readonly step?: Step;
  /** Its numbers in a record, where it is a reading. */
  readonly section?: Section;
  /** Qubits of a matrix, a marginal or a density matrix. */
  readonly width: number;
}

/** The table, with the places of its parts. */
export interface Encoded {
  readonly words: Uint32Array<ArrayBuffer>;
  readonly preparations: Range;
  /** Steps and readings; steps, λ, and steps undone. */
  readonly forward: Range;
  readonly gradient: Range;
  /** What λ is made of. */
  readonly weights: Range;
  readonly entries: {
    readonly forward: readonly Entry[];
    readonly backward: readonly Entry[];
    readonly readings: readonly Entry[];
  };
}

/**
 * Encodes a program. Shared data come first in the device's data, those of the examples follow.
 * @param cellsAt where a step's gradient cells begin in a record, in numbers
 */
export function encode(
  host: HostProgram,
  layout: Layout,
  cellsAt: (step: Exclude<Step, { type: 'permutation' }>) => number | undefined,
): Encoded {
  const words: number[] = [];
  const { plan, readings } = host;
  const { qubits } = plan;
  const powers = (bits: readonly number[]): number[] => bits.map((bit) => 2 ** bit);
  const place = (axis: string, offset: number): [offset: number, stride: number] =>
    axis === 'batch' ? [host.sharedSize + offset, host.batchSize] : [offset, 0];
  const put = (code: number, list: readonly number[]): number => {
    const at = words.length;
    words.push(code, list.length + 2, ...list);
    return at;
  };
  const range = (write: () => void): Range => {
    const start = words.length;
    write();
    return { start, end: words.length };
  };
  const map = ({ columns, flip }: AffineMap): number[] => [flip, ...columns];

  const putStep = (step: Step): Entry => {
    if (step.type === 'permutation') {
      const at = put(op.permutation, [...map(step.source), ...map(step.target)]);
      return { op: op.permutation, at, step, width: 0 };
    }
    const data = place(step.axis, host.offsetOf(step));
    const cells = cellsAt(step) ?? NONE;
    if (step.type === 'diagonal') {
      const parts = step.parts.flatMap(({ condition, parity }) => [
        condition.mask,
        condition.value,
        parity,
      ]);
      const at = put(op.diagonal, [...data, cells, step.parts.length, ...parts]);
      return { op: op.diagonal, at, step, width: 0 };
    }
    const { mask, value } = step.condition;
    const bits = step.qubits.map((qubit) => qubits - 1 - qubit).sort((a, b) => a - b);
    const width = bits.length;
    const code = width <= 4 ? width : op.wide;
    const at = put(code, [mask, value, ...data, width <= 4 ? cells : width, ...powers(bits)]);
    return { op: code, at, step, width };
  };

  const putReadings = (where: Layout): Entry[] => {
    const entries: Entry[] = [];
    const add = (code: number, section: Section, width: number, list: readonly number[]): void => {
      const at = put(code, [section.start, ...list]);
      entries.push({ op: code, at, section, width });
    };
    const { strings, marginals, densities } = readings;
    if (strings.length > 0) {
      const list = strings.flatMap(({ x, z, power }) => [x, z, power]);
      add(op.strings, where.strings, 0, [strings.length, ...list]);
    }
    marginals.forEach(({ bits }, i) =>
      add(op.marginal, where.marginals[i] as Section, bits.length, [bits.length, ...powers(bits)]),
    );
    densities.forEach(({ bits }, i) =>
      add(op.density, where.densities[i] as Section, bits.length, [bits.length, ...powers(bits)]),
    );
    if (where.state !== undefined) add(op.state, where.state, 0, [kept.reading]);
    return entries;
  };

  const preparations = range(() => {
    for (const { bits, axis, offset } of host.preparations)
      put(op.preparation, [...place(axis, offset), bits.length, ...powers(bits)]);
  });
  let forwardEntries: Entry[] = [];
  let backwardEntries: Entry[] = [];
  let readingEntries: Entry[] = [];
  const forward = range(() => {
    forwardEntries = plan.steps.map(putStep);
    readingEntries = putReadings(layout);
  });
  const gradient = range(() => {
    plan.steps.forEach(putStep);
    put(op.state, [0, kept.end]);
    put(op.observe, []);
    backwardEntries = plan.steps.toReversed().map(putStep);
    put(op.state, [0, kept.start]);
  });
  const weights = range(() => {
    putReadings(readings.layout());
  });
  return {
    words: Uint32Array.from(words),
    preparations,
    forward,
    gradient,
    weights,
    entries: { forward: forwardEntries, backward: backwardEntries, readings: readingEntries },
  };
}
