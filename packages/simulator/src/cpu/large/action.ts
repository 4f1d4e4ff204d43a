/** How elements act on single qubits, which decides what may move past what, and where it may run. */
import { elementary } from '@ketwork/base';
import { bitsOf, support } from '../element.ts';
import type { Element } from '../element.ts';
import { flipsOf } from '../flips.ts';
import type { Flip } from '../flips.ts';
import { shapeOf } from '../passes/pass.ts';

/** An element with what planning asks about it, worked out once. Sets of qubits are bits, that of qubit q being 2^q. */
export interface Item {
  readonly element: Element;
  readonly qubits: readonly number[];
  /** All its qubits. */
  readonly touched: number;
  /** Qubits whose basis states the element mixes or exchanges. */
  readonly mixed: number;
  /** Qubits that must be local for it to run. */
  readonly needed: number;
  /** The flips of basis states that the element is, where it is nothing else. */
  readonly flips: readonly Flip[] | undefined;
}

/** Reads an element's action off its matrix. */
export function itemOf(element: Element): Item {
  const qubits = support(element);
  const touched = bitsOf(qubits);
  const mixed = mixedQubits(element);
  const needed = neededQubits(element, mixed, touched) | mixed;
  return { element, qubits, touched, mixed, needed, flips: flipsOf(element) };
}

function mixedQubits(element: Element): number {
  if (element.type === 'phase' || element.type === 'table') return 0;
  const { qubits } = element;
  if (element.type === 'matrix') return shapeOf(element) === 'diagonal' ? 0 : bitsOf(qubits);
  let bits = 0;
  for (let i = 0; i < qubits.length; i++)
    if (element.word[i] !== 'Z') bits |= 1 << (qubits[i] as number);
  return bits;
}

/** Qubits that must be local although they are not mixed. */
function neededQubits(element: Element, mixed: number, touched: number): number {
  // Only phases and controls are the same for a whole chunk in a way that the code of stages handles.
  if (element.type === 'matrix' && mixed === 0 && phaseOf(element) === undefined)
    return bitsOf(element.qubits);
  return element.type === 'table' ? touched : 0;
}

/** The angle of a matrix diag(1, e^{i angle}), else undefined. */
export function phaseOf(element: Element & { readonly type: 'matrix' }): number | undefined {
  const { matrix } = element;
  if (element.qubits.length !== 1 || matrix[0] !== 1 || matrix[1] !== 0) return undefined;
  for (let i = 2; i < 6; i++) if (matrix[i] !== 0) return undefined;
  const [re, im] = [matrix[6] as number, matrix[7] as number];
  // A map that is not unitary scales, which a phase cannot.
  const modulus = Math.sqrt(re ** 2 + im ** 2);
  return Math.abs(modulus - 1) < 4e-16 ? elementary.atan2(im, re) : undefined;
}

/**
 * What waits on each qubit while a list is walked in order: nothing, something that acts diagonally on it, or anything.
 * Two elements that act diagonally on all qubits they share commute.
 */
export class Waiting {
  /** Qubits on which anything waits, and those on which something waits that mixes them. */
  #touched = 0;
  #mixed = 0;
  readonly #all: number;

  /** @param all qubits of the items that are asked for */
  constructor(all: number) {
    this.#all = all;
  }

  /** Whether an item can move before everything that waits. */
  lets({ touched, mixed }: Item): boolean {
    return ((mixed & this.#touched) | (touched & this.#mixed)) === 0;
  }

  /** Makes an item wait. */
  add({ touched, mixed }: Item): void {
    this.#touched |= touched;
    this.#mixed |= mixed;
  }

  /** Whether nothing that touches a qubit can pass any more. */
  get closed(): boolean {
    return (this.#all & ~this.#mixed) === 0;
  }
}
