import { support } from '../element.ts';
import type { Element } from '../element.ts';
import { productBefore, productBehind } from '../complex-matrix.ts';
import { canonicalForm } from '../kak.ts';
import { DENSE, FULL, combined, constantOf, flopsOf, fromMatrix, isIdentity } from './constants.ts';
import type { Constant } from './constants.ts';
import { withElements } from './pass.ts';
import type { EngineProgram, Pass } from './pass.ts';
import { hasProductPrefix } from './product-prefix.ts';

/** Operations per amplitude a replacement has to save: more steps wait for each other more often. */
const LEAST_SAVED = 4;
/** With more parts on single qubits that nobody takes, 12 operations each, nothing can be saved. */
const MOST_LEFT = 2;

/**
 * Replaces dense constant unitaries on two qubits by the core of their canonical form where neighbours take what it leaves
 * on single qubits: a dense matrix takes it for nothing, as does the product state a circuit begins with. Of 30
 * operations per amplitude 8 remain, so in a brickwork every other layer becomes a cheap one. A replacement that does not
 * make the circuit cheaper does not happen.
 *
 * Measured on brickworks of ten layers, time without the pass over time with it: 1.05 to 1.3 at 3 to 6 qubits, 1.4 at 8 to
 * 12 qubits in batches, 1.3 at 16 to 20 qubits; gradients and single precision alike. Taking all matrices apart, each core with
 * phases of its neighbours (14) and two rotations between layers (4 each), would leave 22 operations per matrix; this
 * leaves 19 on average.
 */
export const canonicalCores: Pass = (program) => {
  const { elements } = program.lowered;
  if (!elements.some(mayBeDense)) return program;
  const slots = elements.map((element) => new Slot(element, program));
  if (!slots.some(({ isDense }) => isDense)) return program;
  const last = new Array<Slot | undefined>(program.lowered.qubits).fill(undefined);
  for (const slot of slots) {
    slot.qubits.forEach((qubit, place) => {
      const before = last[qubit];
      slot.previous[place] = before;
      if (before !== undefined) before.next[before.qubits.indexOf(qubit)] = slot;
      last[qubit] = slot;
    });
  }
  for (const slot of slots) if (slot.isDense) replaceByCore(slot, program);
  const list: Element[] = [];
  for (const slot of slots) slot.appendTo(list, program);
  return withElements(program, list);
};

const mayBeDense = (element: Element): boolean =>
  element.type === 'matrix' && support(element).length === 2 && flopsOf(element) >= DENSE;

/** Where a constant stands. */
interface Place {
  constant: Constant | undefined;
}

const SIDES = ['before', 'after'] as const;
type Side = (typeof SIDES)[number];

/** An element of the list, and behind and before it what it leaves on single qubits. */
class Slot implements Place {
  readonly element: Element;
  readonly #given: Constant | undefined;
  constant: Constant | undefined;
  isCore = false;
  /** Its qubits, and at the place of each of them: its neighbours, and what it leaves. */
  readonly qubits: readonly number[];
  readonly previous: (Slot | undefined)[] = [];
  readonly next: (Slot | undefined)[] = [];
  readonly before: (Place | undefined)[] = [];
  readonly after: (Place | undefined)[] = [];

  constructor(element: Element, { lowered }: EngineProgram) {
    this.element = element;
    this.qubits = support(element);
    this.#given = constantOf(element, lowered);
    this.constant = this.#given;
  }

  get isDense(): boolean {
    const { constant } = this;
    return constant?.qubits.length === 2 && constant.flops >= DENSE && !this.isCore;
  }

  /** Where a neighbour takes a part on one qubit, if it does. */
  taker(place: number, side: Side): Place | undefined {
    const slot = side === 'before' ? this.previous[place] : this.next[place];
    if (slot === undefined) return undefined;
    if (side === 'before' && slot.after.length > 0) {
      const left = slot.after[slot.qubits.indexOf(this.qubits[place] as number)];
      if (left !== undefined) return left;
    }
    return slot.isDense || slot.constant?.qubits.length === 1 ? slot : undefined;
  }

  /** Appends its elements to a list. */
  appendTo(list: Element[], program: EngineProgram): void {
    if (this.constant === undefined) {
      list.push(this.element);
      return;
    }
    for (const place of this.before) this.#append(list, place?.constant, program);
    this.#append(list, this.constant, program);
    for (const place of this.after) this.#append(list, place?.constant, program);
  }

  #append(list: Element[], constant: Constant | undefined, program: EngineProgram): void {
    if (constant === undefined || isIdentity(constant)) return;
    const { element, qubits, matrix } = constant;
    // A dense matrix that took parts gets its element at the end.
    const grown = constant.flops === FULL && constant !== this.#given;
    list.push(grown ? fromMatrix(qubits, matrix, element.operation, program).element : element);
  }
}

/** What takes the parts that a matrix leaves on single qubits, or undefined: before and behind the first, the second. */
const takers: (Place | undefined)[] = [];
/** Places that change, and what they become. */
const places: Place[] = [];
const changes: Constant[] = [];

function replaceByCore(slot: Slot, program: EngineProgram): void {
  const dense = slot.constant as Constant;
  const { qubits, matrix } = dense;
  const { operation } = slot.element;
  const startsFree = hasProductPrefix(program.lowered);
  const isFree = (index: number, side: Side): boolean =>
    startsFree && side === 'before' && slot.previous[index] === undefined;
  let untaken = 0;
  for (let leg = 0; leg < 4; leg++) {
    const side = SIDES[leg & 1] as Side;
    takers[leg] = slot.taker(leg >> 1, side);
    if (takers[leg] === undefined && !isFree(leg >> 1, side)) untaken++;
  }
  if (untaken > MOST_LEFT) return;
  const form = canonicalForm(matrix);
  if (form === undefined) return;
  const core = fromMatrix(qubits, form.core, operation, program);
  let saved = dense.flops - core.flops;
  const left: { readonly side: Side; readonly index: number; readonly place: Place }[] = [];
  // What taking parts can save at most, from neighbours on single qubits.
  let more = 0;
  for (let leg = 0; leg < 4; leg++) {
    const side = SIDES[leg & 1] as Side;
    const index = leg >> 1;
    const taken = takers[leg]?.constant;
    if (taken !== undefined) {
      if (taken.qubits.length === 1) more += taken.flops;
      continue;
    }
    const entries = form[side][index] as number[];
    const part = fromMatrix([qubits[index] as number], entries, operation, program);
    left.push({ side, index, place: { constant: part } });
    if (!isFree(index, side)) saved -= part.flops;
  }
  if (saved + more < LEAST_SAVED) return;
  let changed = 0;
  for (let leg = 0; leg < 4; leg++) {
    const taker = takers[leg];
    if (taker === undefined) continue;
    let at = 0;
    while (at < changed && places[at] !== taker) at++;
    const old = at < changed ? (changes[at] as Constant) : taker.constant;
    if (old === undefined) continue;
    const side = SIDES[leg & 1] as Side;
    const qubit = qubits[leg >> 1] as number;
    const entries = form[side][leg >> 1] as number[];
    let constant: Constant | undefined;
    if (old.qubits.length === 2) {
      const second = old.qubits[1] === qubit;
      const grown =
        side === 'before'
          ? productBehind(old.matrix, entries, second)
          : productBefore(old.matrix, entries, second);
      constant = { element: old.element, qubits: old.qubits, matrix: grown, flops: FULL };
      saved -= FULL - old.flops;
    } else {
      const part = fromMatrix([qubit], entries, operation, program);
      constant = combined(side === 'before' ? [old, part] : [part, old], program);
      if (constant === undefined) return;
      saved -= constant.flops - old.flops;
    }
    places[at] = taker;
    changes[at] = constant;
    if (at === changed) changed++;
  }
  if (saved < LEAST_SAVED) return;
  slot.constant = core;
  slot.isCore = true;
  for (let at = 0; at < changed; at++) (places[at] as Place).constant = changes[at];
  for (const { side, index, place } of left) slot[side][index] = place;
}
