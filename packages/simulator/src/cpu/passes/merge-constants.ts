import { support } from '../element.ts';
import type { Element } from '../element.ts';
import { DENSE, FULL, combined, constantOf, fromMatrix, isIdentity } from './constants.ts';
import type { Constant } from './constants.ts';
import { withElements } from './pass.ts';
import type { EngineProgram, Pass } from './pass.ts';

/** How many constants in a row on one qubit are looked at together. */
const LONGEST = 5;

/**
 * Multiplies neighbouring constants on the same one or two qubits where that saves operations: H T H is a rotation about
 * X, H CZ H a CNOT, and what stands before or behind a dense matrix on two qubits disappears in it. Constant angles count
 * as constants. Where nobody reads the state, a global phase is chosen that makes numbers real.
 */
export const mergeConstants: Pass = (program) => new Merger(program).merge();

/** An element of the new list. */
interface Item {
  readonly element: Element;
  /** The element as a constant, where it is one. */
  readonly constant: Constant | undefined;
}

class Merger {
  readonly #program: EngineProgram;
  /** The new list; what was merged elsewhere leaves a gap. */
  readonly #items: (Item | undefined)[] = [];
  /** Positions of the items on each qubit, ascending. */
  readonly #on: number[][];

  constructor(program: EngineProgram) {
    this.#program = program;
    this.#on = Array.from({ length: program.lowered.qubits }, () => []);
  }

  merge(): EngineProgram {
    const { lowered } = this.#program;
    for (const element of lowered.elements) {
      const at = this.#items.push(this.#itemOf(element)) - 1;
      for (const qubit of support(element)) this.#on[qubit]?.push(at);
      // Each merger removes an item.
      while (this.#mergeBack(at));
    }
    const elements = this.#items.flatMap((item) => (item === undefined ? [] : [item.element]));
    return withElements(this.#program, elements);
  }

  #itemOf(element: Element): Item {
    const constant = constantOf(element, this.#program.lowered);
    const fixed = element.type === 'matrix' && element.controls.length === 0;
    if (constant === undefined || !fixed) return { element, constant };
    // No form of these is cheaper.
    if (constant.flops === 0 || constant.flops === FULL) return { element, constant };
    const { qubits, matrix } = constant;
    const cheaper = fromMatrix(qubits, matrix, element.operation, this.#program);
    return cheaper.flops < constant.flops
      ? { element: cheaper.element, constant: cheaper }
      : { element, constant };
  }

  /** Merges an item with earlier ones, if that pays, and says whether it did; then the item may have moved back. */
  #mergeBack(at: number): boolean {
    const constant = this.#items[at]?.constant;
    if (constant === undefined) return false;
    return constant.qubits.length === 1 ? this.#mergeChain(at) : this.#mergeAround(at);
  }

  /** The last constants on one qubit, perhaps with one among them that also acts on another qubit. */
  #mergeChain(at: number): boolean {
    const last = this.#items[at]?.constant as Constant;
    const positions = this.#on[last.qubits[0] as number] as number[];
    const chain: number[] = [];
    const parts: Constant[] = [];
    let flops = 0;
    let best: { saved: number; chain: number[]; merged: Constant } | undefined;
    for (const position of positions.slice(-LONGEST).toReversed()) {
      const part = this.#items[position]?.constant;
      if (part === undefined) break;
      chain.push(position);
      parts.unshift(part);
      flops += part.flops;
      const wide = parts.filter(({ qubits }) => qubits.length === 2);
      // A second one would have to pass what lies between the two on the other qubit.
      if (wide.length > 1) break;
      if (parts.length === 1 || flops <= (best?.saved ?? 0)) continue;
      // What costs nothing, a CNOT, can only change what stands on both sides of it and else cancels.
      if (wide[0]?.flops === 0) {
        const others = parts.filter(({ qubits }) => qubits.length === 1);
        if (wide[0] === part || combined(others, this.#program)?.flops !== 0) continue;
      }
      const merged = combined(parts, this.#program);
      if (merged === undefined) break;
      const saved = flops - merged.flops;
      if (saved > (best?.saved ?? 0) + 0.1) best = { saved, chain: [...chain], merged };
    }
    if (best === undefined) return false;
    const { chain: taken, merged } = best;
    const wide = taken.filter((p) => this.#items[p]?.constant?.qubits.length === 2);
    this.#replace(taken, wide[0] ?? at, merged);
    return wide.length === 0;
  }

  /** A constant on two qubits and an earlier one that nothing separates from it. */
  #mergeAround(at: number): boolean {
    const constant = this.#items[at]?.constant as Constant;
    for (const qubit of constant.qubits) {
      const before = (this.#on[qubit] as number[]).at(-2);
      const part = before === undefined ? undefined : this.#items[before]?.constant;
      if (before === undefined || part === undefined) continue;
      if (!part.qubits.every((q) => constant.qubits.includes(q) && this.#on[q]?.at(-2) === before))
        continue;
      const merged = combined([part, constant], this.#program);
      // A permutation saves nothing, but keeps what is behind it from reaching a dense matrix.
      const least = Math.max(part.flops, constant.flops) >= DENSE ? -0.1 : 0.1;
      if (merged === undefined || part.flops + constant.flops - merged.flops < least) continue;
      this.#replace([before, at], at, merged);
      return true;
    }
    return false;
  }

  /** Puts a constant in the place of several, at the position `to` of one of them. */
  #replace(positions: readonly number[], to: number, merged: Constant): void {
    const gone = isIdentity(merged) ? positions : positions.filter((position) => position !== to);
    for (const position of gone) {
      for (const qubit of this.#items[position]?.constant?.qubits ?? []) {
        const list = this.#on[qubit] as number[];
        list.splice(list.lastIndexOf(position), 1);
      }
      this.#items[position] = undefined;
    }
    if (!gone.includes(to)) this.#items[to] = { element: merged.element, constant: merged };
  }
}
