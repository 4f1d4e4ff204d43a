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

/** What a matrix leaves on one of its qubits, before or behind it. */
interface Leg {
  readonly qubit: number;
  /** Place of the qubit among those of the matrix. */
  readonly index: number;
  readonly side: Side;
  /** Costs nothing where it is left. */
  readonly free: boolean;
  readonly taker: Place | undefined;
}

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
    const left =
      side === 'before'
        ? slot?.after[slot.qubits.indexOf(this.qubits[place] as number)]
        : undefined;
    if (left !== undefined) return left;
    return slot?.isDense === true || slot?.constant?.qubits.length === 1 ? slot : undefined;
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

function replaceByCore(slot: Slot, program: EngineProgram): void {
  const dense = slot.constant as Constant;
  const { qubits, matrix } = dense;
  const { operation } = slot.element;
  const startsFree = hasProductPrefix(program.lowered);
  const legs: Leg[] = [];
  let untaken = 0;
  for (let index = 0; index < 2; index++) {
    for (const side of SIDES) {
      const free = startsFree && side === 'before' && slot.previous[index] === undefined;
      const taker = slot.taker(index, side);
      if (!free && taker === undefined) untaken++;
      legs.push({ qubit: qubits[index] as number, index, side, free, taker });
    }
  }
  if (untaken > MOST_LEFT) return;
  const form = canonicalForm(matrix);
  if (form === undefined) return;
  const core = fromMatrix(qubits, form.core, operation, program);
  let saved = dense.flops - core.flops;
  const left: { readonly side: Side; readonly index: number; readonly place: Place }[] = [];
  // What taking parts can save at most, from neighbours on single qubits.
  let more = 0;
  for (const { qubit, index, side, free, taker } of legs) {
    if (taker?.constant !== undefined) {
      if (taker.constant.qubits.length === 1) more += taker.constant.flops;
      continue;
    }
    const part = fromMatrix([qubit], form[side][index] as number[], operation, program);
    left.push({ side, index, place: { constant: part } });
    if (!free) saved -= part.flops;
  }
  if (saved + more < LEAST_SAVED) return;
  const changes = new Map<Place, Constant>();
  for (const { qubit, index, side, taker } of legs) {
    const old = taker === undefined ? undefined : (changes.get(taker) ?? taker.constant);
    if (taker === undefined || old === undefined) continue;
    const matrix = form[side][index] as number[];
    if (old.qubits.length === 2) {
      const second = old.qubits[1] === qubit;
      const grown =
        side === 'before'
          ? productBehind(old.matrix, matrix, second)
          : productBefore(old.matrix, matrix, second);
      changes.set(taker, { ...old, matrix: grown, flops: FULL });
      saved -= FULL - old.flops;
      continue;
    }
    const part = fromMatrix([qubit], matrix, operation, program);
    const merged = combined(side === 'before' ? [old, part] : [part, old], program);
    if (merged === undefined) return;
    changes.set(taker, merged);
    saved -= merged.flops - old.flops;
  }
  if (saved < LEAST_SAVED) return;
  slot.constant = core;
  slot.isCore = true;
  for (const [place, constant] of changes) place.constant = constant;
  for (const { side, index, place } of left) slot[side][index] = place;
}
