/** A lowered circuit as a table of words that the shaders read: no circuit needs a shader of its own. */
import type { HostProgram, PreparationData } from '../program/host.ts';
import { parity } from '../program/matrices.ts';
import { imageOf } from '../program/affine.ts';
import type { AffineMap } from '../program/affine.ts';
import { lowerBits } from '../program/plan.ts';
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
  parities: 13,
  product: 14,
  signs: 15,
} as const;

/** Added to the first word of matrices that all examples share, where shaders read those in a way of their own. */
export const SHARED = 16;

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
  /** Qubits of a matrix, a marginal or a density matrix; products of Z, how many. */
  readonly width: number;
  /** Matrices on up to four qubits: how an index spreads over what they leave free, and the bits that are set in all of them. */
  readonly controls?: readonly number[];
  readonly value?: number;
  /** Bits of other qubits that are zero in all amplitudes that are not. */
  readonly zero?: number;
}

/** The table, with the places of its parts. */
export interface Encoded {
  /** All that occurs in it. */
  readonly kinds: ReadonlySet<number>;
  readonly words: Uint32Array<ArrayBuffer>;
  readonly preparations: Range;
  /** What takes their place, and that of the first steps, where the host has made the state after those. */
  readonly head: Range;
  readonly steps: Range;
  readonly readings: Range;
  /** Steps in the order in which they are undone, as far as gradients are taken by them or by earlier ones. */
  readonly back: Range;
  /** All of them. */
  readonly wholeBack: Range;
  /** Where the last of those begins that gradients are taken by; {@link NONE} where there are none. */
  readonly stop: number;
  /** What λ is made of. */
  readonly weights: Range;
  readonly entries: {
    readonly forward: readonly Entry[];
    readonly backward: readonly Entry[];
    readonly wholeBackward: readonly Entry[];
    readonly readings: readonly Entry[];
  };
}

/**
 * Encodes a program. Shared data come first in the device's data, those of the examples follow.
 * @param cellsAt where a step's gradient cells begin in a record, in numbers
 * @param sparse whether the first steps pass over amplitudes that are still zero
 * @param whole whether states are whole in workgroups: then signs of products of Z are tables
 * @param shared whether matrices that all examples share are of a kind of their own
 */
export function encode(
  host: HostProgram,
  layout: Layout,
  cellsAt: (step: Exclude<Step, { type: 'permutation' }>) => number | undefined,
  sparse: boolean,
  whole = false,
  shared = false,
): Encoded {
  const words: number[] = [];
  const kinds = new Set<number>();
  const { plan, readings } = host;
  const { qubits } = plan;
  const powers = (bits: readonly number[]): number[] => bits.map((bit) => 2 ** bit);
  const place = (axis: string, offset: number): [offset: number, stride: number] =>
    axis === 'batch' ? [host.sharedSize + offset, host.batchSize] : [offset, 0];
  const put = (code: number, list: readonly number[]): number => {
    const at = words.length;
    kinds.add(code);
    words.push(code, list.length + 2, ...list);
    return at;
  };
  const range = (write: () => void): Range => {
    const start = words.length;
    write();
    return { start, end: words.length };
  };
  const map = ({ columns, flip }: AffineMap): number[] => [flip, ...columns];

  // Bits that steps before have touched: the others are zero in all amplitudes that are not.
  const everything = 2 ** qubits - 1;
  let touched = everything;
  const putStep = (step: Step): Entry => {
    if (step.type === 'permutation') {
      touched = everything;
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
    const numbers = powers(bits);
    const own = numbers.reduce((all, bit) => all | bit, 0);
    const zero = ~(touched | own) & everything;
    touched |= own;
    const controls = spreading(mask | zero, bits);
    if (width > 4) {
      const at = put(op.wide, [mask, value, ...data, width, ...numbers]);
      return { op: op.wide, at, step, width };
    }
    const kind = shared && width >= 3 && step.axis !== 'batch' ? SHARED + width : width;
    const at = put(kind, [
      mask,
      value,
      ...data,
      cells,
      ...numbers,
      controls.length,
      value,
      ...controls,
    ]);
    return { op: kind, at, step, width, controls, value, zero };
  };

  const putReadings = (where: Layout, signs: boolean): Entry[] => {
    const entries: Entry[] = [];
    const add = (code: number, section: Section, width: number, list: readonly number[]): void => {
      const at = put(code, [section.start, ...list]);
      entries.push({ op: code, at, section, width });
    };
    const { strings, marginals, densities } = readings;
    const named = strings.map((string, index) => ({ ...string, index }));
    const diagonal = named.filter(({ x }) => x === 0);
    const others = named.filter(({ x }) => x !== 0);
    if (diagonal.length > 0 && signs) {
      const tables: number[] = [];
      for (let block = 0; block < diagonal.length; block += 32) {
        const masks = diagonal.slice(block, block + 32).map(({ z }) => z);
        for (let index = 0; index <= everything; index++)
          tables.push(
            masks.reduce((word, z, j) => (parity(index & z) ? word | (1 << j) : word), 0),
          );
      }
      const list = diagonal.map(({ index }) => index);
      add(op.signs, where.strings, 0, [strings.length, diagonal.length, ...list, ...tables]);
    } else if (diagonal.length > 0) {
      const list = diagonal.flatMap(({ z, index }) => [z, index]);
      add(op.parities, where.strings, diagonal.length, [strings.length, diagonal.length, ...list]);
    }
    if (others.length > 0) {
      const list = others.flatMap(({ x, z, power, index }) => [x, z, power, index]);
      add(op.strings, where.strings, 0, [strings.length, others.length, ...list]);
    }
    marginals.forEach(({ bits }, i) =>
      add(op.marginal, where.marginals[i] as Section, bits.length, [bits.length, ...powers(bits)]),
    );
    densities.forEach(({ bits }, i) =>
      add(op.density, where.densities[i] as Section, bits.length, [bits.length, ...powers(bits)]),
    );
    if (where.state !== undefined) add(op.state, where.state, 0, []);
    return entries;
  };

  const putPreparation = ({ bits, axis, offset }: PreparationData): void => {
    put(op.preparation, [...place(axis, offset), bits.length, ...powers(bits)]);
  };
  const preparations = range(() => {
    const { start } = plan;
    if (start !== undefined) {
      const lower = lowerBits(qubits);
      const { columns, flip } = start.target;
      const images = (of: AffineMap): number[] =>
        Array.from({ length: 2 ** of.columns.length }, (_, index) => imageOf(of, index));
      put(op.product, [
        ...place(start.axis, host.offsetOf(start)),
        lower,
        ...images({ columns: columns.slice(0, lower), flip }),
        ...images({ columns: columns.slice(lower), flip: 0 }),
      ]);
    }
    host.preparations.forEach(putPreparation);
  });
  const head = range(() => {
    if (host.head !== undefined) putPreparation(host.head);
  });
  let forwardEntries: Entry[] = [];
  let backwardEntries: Entry[] = [];
  let readingEntries: Entry[] = [];
  const putSteps = (): Entry[] => {
    touched = sparse ? (plan.start?.touched ?? prepared(host)) : everything;
    const entries = plan.steps.map(putStep);
    touched = everything;
    return entries;
  };
  const steps = range(() => {
    forwardEntries = putSteps();
  });
  const read = range(() => {
    readingEntries = putReadings(layout, whole);
  });
  const wholeBack = range(() => {
    backwardEntries = plan.steps.toReversed().map(putStep);
  });
  const needed =
    backwardEntries.findLastIndex(({ step }) => step !== undefined && learns(step)) + 1;
  const back = { ...wholeBack, end: backwardEntries[needed]?.at ?? wholeBack.end };
  const weights = range(() => {
    putReadings(readings.layout(), false);
  });
  return {
    kinds,
    words: Uint32Array.from(words),
    preparations,
    head,
    steps,
    readings: read,
    back,
    wholeBack,
    stop: backwardEntries[needed - 1]?.at ?? NONE,
    weights,
    entries: {
      forward: forwardEntries,
      backward: backwardEntries.slice(0, needed),
      wholeBackward: backwardEntries,
      readings: readingEntries,
    },
  };
}

/** Whether gradients are taken by a step's angles. */
const learns = (step: Step): boolean => step.type !== 'permutation' && step.cells !== undefined;

/** Bits of qubits that are prepared. */
const prepared = ({ preparations }: HostProgram): number =>
  preparations.reduce((all, { bits }) => bits.reduce((mask, bit) => mask | (2 ** bit), all), 0);

/**
 * Where zeros have to be put into the number of a coset for all bits of a mask, ascending, before those of a matrix's qubits are.
 */
function spreading(mask: number, bits: readonly number[]): number[] {
  const positions: number[] = [];
  for (let bit = 0; bit < 32; bit++) {
    if (((mask >>> bit) & 1) === 1) positions.push(2 ** (bit - bits.filter((b) => b < bit).length));
  }
  return positions;
}
