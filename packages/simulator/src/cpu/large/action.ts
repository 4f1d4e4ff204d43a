/** How elements act on single qubits, which decides what may move past what, and where it may run. */
import { support } from '../element.ts';
import type { Element } from '../element.ts';
import { flipsOf } from '../flips.ts';
import type { Flip } from '../flips.ts';
import { shapeOf } from '../passes/pass.ts';

/** An element with what planning asks about it, worked out once. */
export interface Item {
  readonly element: Element;
  readonly qubits: readonly number[];
  /** Qubits whose basis states the element mixes or exchanges. */
  readonly general: ReadonlySet<number>;
  /** The flips of basis states that the element is, where it is nothing else. */
  readonly flips: readonly Flip[] | undefined;
}

/** Reads an element's action off its matrix. */
export function itemOf(element: Element): Item {
  const qubits = support(element);
  return { element, qubits, general: new Set(generalQubits(element)), flips: flipsOf(element) };
}

function generalQubits(element: Element): readonly number[] {
  if (element.type === 'phase' || element.type === 'table') return [];
  if (element.type === 'rotation') return element.qubits.filter((_, i) => element.word[i] !== 'Z');
  return shapeOf(element) === 'diagonal' ? [] : element.qubits;
}

/**
 * What waits on each qubit while a list is walked in order: nothing, something that acts diagonally on it, or anything.
 * Two elements that act diagonally on all qubits they share commute.
 */
export class Waiting {
  readonly #level: Uint8Array;
  #closed = 0;

  constructor(qubits: number) {
    this.#level = new Uint8Array(qubits);
  }

  /** Whether an item can move before everything that waits. */
  lets({ qubits, general }: Item): boolean {
    return qubits.every((q) => (this.#level[q] as number) <= (general.has(q) ? 0 : 1));
  }

  /** Makes an item wait. */
  add({ qubits, general }: Item): void {
    for (const q of qubits) {
      const level = general.has(q) ? 2 : 1;
      if ((this.#level[q] as number) >= level) continue;
      if (level === 2) this.#closed++;
      this.#level[q] = level;
    }
  }

  /** Whether nothing can pass any more. */
  get closed(): boolean {
    return this.#closed === this.#level.length;
  }
}
