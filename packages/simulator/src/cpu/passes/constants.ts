/** Elements that depend on no value, as matrices, and what applying them costs. */
import { elementary } from '@ketwork/base';
import { cleaned, product, productBehind, scaled, spreadOver, zeros } from '../complex-matrix.ts';
import { support } from '../element.ts';
import type { Element } from '../element.ts';
import type { Lowered } from '../lower.ts';
import { modulusOf, patternFor } from '../pattern.ts';
import type { EngineProgram } from './pass.ts';

/** A constant on one or two qubits. */
export interface Constant {
  /** The element it is made of, where it is one alone. */
  readonly element: Element;
  /** Qubits, controls included, of the matrix. */
  readonly qubits: readonly number[];
  readonly matrix: readonly number[];
  /** Floating point operations per amplitude. */
  readonly flops: number;
}

/** From so many operations per amplitude on, a matrix on two qubits has no zeros left to keep. */
export const DENSE = 24;
/** Operations per amplitude of a matrix on two qubits without zeros. */
export const FULL = 30;
/** A turn of every amplitude: two products and a sum for each part. */
const TURN = 6;

const PAULI = {
  X: [0, 0, 1, 0, 1, 0, 0, 0],
  Y: [0, 0, 0, -1, 0, 1, 0, 0],
  Z: [1, 0, 0, 0, 0, 0, -1, 0],
} as const;

/** The element as a constant on at most two qubits, if it is one. Maps that are not unitary stay by themselves. */
export function constantOf(element: Element, lowered: Lowered): Constant | undefined {
  const qubits = support(element);
  if (qubits.length === 0 || qubits.length > 2 || element.type === 'table') return undefined;
  if (lowered.filters.has(element.operation)) return undefined;
  const own = ownMatrix(element, lowered);
  if (own === undefined) return undefined;
  const matrix =
    element.controls.length === 0 ? own : spreadOver(qubits, own, element.qubits, element.controls);
  return { element, qubits, matrix, flops: flopsOf(element) };
}

/** The matrix of an element on its qubits without controls. */
function ownMatrix(
  element: Exclude<Element, { type: 'table' }>,
  { angles }: Lowered,
): readonly number[] | undefined {
  if (element.type === 'matrix') return element.matrix;
  const angle = angles.constant(element.coefficient.node);
  if (angle === undefined) return undefined;
  const turn = angle * element.coefficient.scale;
  const [cos, sin] = [elementary.cos(turn), elementary.sin(turn)];
  const size = 2 ** element.qubits.length;
  const out = new Array<number>(2 * size * size).fill(0);
  if (element.type === 'phase') {
    for (let a = 0; a < size; a++) {
      const acts = element.odd === true ? a === 1 || a === 2 : a === size - 1;
      out[2 * a * (size + 1)] = acts ? cos : 1;
      out[2 * a * (size + 1) + 1] = acts ? sin : 0;
    }
    return out;
  }
  const all = element.qubits;
  // The letters of a word act on different qubits and commute.
  const word = [...element.word]
    .map((letter, i) => {
      const pauli = PAULI[letter as keyof typeof PAULI];
      return spreadOver(all, pauli, [all[i] as number], []);
    })
    .reduce(product);
  const turned = scaled(word, 0, -sin);
  for (let a = 0; a < size; a++)
    turned[2 * a * (size + 1)] = (turned[2 * a * (size + 1)] as number) + cos;
  return turned;
}

/** Floating point operations of an element per amplitude of the whole state. */
export function flopsOf(element: Element): number {
  const part = 2 ** -element.controls.length;
  switch (element.type) {
    case 'matrix':
      return part * patternFor(element.matrix).flops;
    case 'rotation':
      return part * TURN;
    case 'phase':
      return part * TURN * (element.odd === true ? 0.5 : 2 ** -element.qubits.length);
    default:
      return TURN;
  }
}

/**
 * What one constant and then others do together, on the qubits of all of them (at most two), without its global phase
 * where that makes it cheaper and nobody reads the state.
 */
export function combined(parts: readonly Constant[], program: EngineProgram): Constant | undefined {
  const qubits: number[] = [];
  for (const part of parts)
    for (const qubit of part.qubits) if (!qubits.includes(qubit)) qubits.push(qubit);
  if (qubits.length > 2) return undefined;
  const first = parts[0] as Constant;
  let matrix: readonly number[] = spreadOver(qubits, first.matrix, first.qubits, []);
  for (let i = 1; i < parts.length; i++) {
    const part = parts[i] as Constant;
    matrix =
      part.qubits.length === 1 && qubits.length === 2
        ? productBehind(matrix, part.matrix, part.qubits[0] === qubits[1])
        : product(spreadOver(qubits, part.matrix, part.qubits, []), matrix);
  }
  return fromMatrix(qubits, matrix, first.element.operation, program);
}

/** A constant of a matrix on one or two qubits, in its cheapest form. */
export function fromMatrix(
  qubits: readonly number[],
  matrix: readonly number[],
  operation: number,
  { readout }: EngineProgram,
): Constant {
  const readsState = readout.steps.some(({ type }) => type === 'state');
  const make = (entries: readonly number[]): Constant => {
    const tidy = cleaned(entries);
    const element = withControls({ type: 'matrix', qubits, controls: [], matrix: tidy, operation });
    return { element, qubits, matrix: tidy, flops: flopsOf(element) };
  };
  const plain = make(matrix);
  if (readsState || qubits.length > 1) return plain;
  // The phase that makes the first number real, and with it those of a rotation about X or Y.
  const at = modulusOf(matrix[0] as number, matrix[1] as number) > 1e-3 ? 0 : 2;
  const [re, im] = [matrix[at] as number, matrix[at + 1] as number];
  const modulus = modulusOf(re, im);
  if (im === 0 || modulus === 0) return plain;
  const turned = make(scaled(matrix, re / modulus, -im / modulus));
  return turned.flops < plain.flops - 0.1 || isIdentity(turned) ? turned : plain;
}

/** Whether a constant does nothing. */
export const isIdentity = ({ matrix, qubits }: Constant): boolean =>
  matrix[0] === 1 &&
  matrix.every((x, i) => x === (i % (2 ** (qubits.length + 1) + 2) === 0 ? 1 : 0));

/** A matrix on two qubits that acts only where one of them has a value, as a controlled matrix on the other. */
function withControls(element: Element & { type: 'matrix' }): Element {
  const { qubits, matrix } = element;
  if (qubits.length !== 2) return element;
  let others = 0;
  for (let i = 0; i < 32; i++) if (matrix[i] !== 0 && ++others > 16) return element;
  for (const place of [0, 1] as const) {
    for (const value of [0, 1] as const) {
      const inner = controlledBy(matrix, 1 - place, value);
      if (inner === undefined) continue;
      const control = { qubit: qubits[place] as number, value };
      return {
        ...element,
        qubits: [qubits[1 - place] as number],
        controls: [control],
        matrix: inner,
      };
    }
  }
  return element;
}

/** What a matrix on two qubits does where a bit of the index has a value, if it does nothing else. */
function controlledBy(
  matrix: readonly number[],
  bit: number,
  value: 0 | 1,
): readonly number[] | undefined {
  const inner = zeros(8);
  let at = 0;
  for (let row = 0; row < 4; row++) {
    for (let column = 0; column < 4; column++) {
      const re = matrix[2 * (4 * row + column)] as number;
      const im = matrix[2 * (4 * row + column) + 1] as number;
      if (((row >> bit) & 1) === value && ((column >> bit) & 1) === value) {
        inner[at++] = re;
        inner[at++] = im;
      } else if (re !== (row === column ? 1 : 0) || im !== 0) return undefined;
    }
  }
  return inner;
}
