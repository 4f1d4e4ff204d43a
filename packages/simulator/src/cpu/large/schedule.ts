/** The order of work on a chunk: groups of elements, and flips of basis states that only rename amplitudes. */
import { bitCount } from '../../bits.ts';
import type { Element } from '../element.ts';
import type { Flip } from '../flips.ts';
import type { Group } from '../group.ts';
import { itemOf, Waiting } from './action.ts';
import type { Item } from './action.ts';
import type { Condition, LocalElement } from './chunk.ts';

/** A flip in terms of a chunk: `target` and `control` are local qubits. */
export interface LocalFlip {
  readonly target: number;
  /** A flip of the target where this local qubit is 1; undefined for all of the chunk. */
  readonly control: number | undefined;
  /** For all of the chunk only. */
  readonly condition: Condition;
}

/** One step of the work on a chunk. */
export type Work =
  | { readonly type: 'group'; readonly group: Group; readonly condition: Condition }
  | { readonly type: 'flip'; readonly flip: LocalFlip };

interface Entry extends Item {
  readonly condition: Condition;
  /** The element as flips of addresses, if it can be done so. */
  readonly renaming: readonly LocalFlip[] | undefined;
  /** Runs in a group of its own. */
  readonly alone: boolean;
}

/** Longest group, as in `group.ts`. */
const MAX_ELEMENTS = 24;
/** So many elements say which qubits a register may take next. */
const AHEAD = 48;

/**
 * Orders the elements of a stage. Flips of address bits come as early as they can, since they cost nothing; other elements
 * go into groups of at most `size` register qubits.
 *
 * @param qubits number of local qubits
 * @param inLanes how many of them, the last ones, lie in the lanes, so that no address knows them
 */
export function scheduleStage(
  elements: readonly LocalElement[],
  qubits: number,
  inLanes: number,
  size: number,
): Work[] {
  const lane = (qubit: number): boolean => qubit >= qubits - inLanes;
  const places = Array.from({ length: qubits }, (_, q) => q);
  let left = elements.map((local) => entryOf(local, lane, size));
  // A phase on no qubit passes everything.
  const all = 2 ** qubits - 1;
  const loose = left.some(({ touched }) => touched === 0);
  const lastOf = (register: number): number => (loose ? all : register);
  const work: Work[] = [];
  while (left.length > 0) {
    left = takeFlips(left, qubits, work);
    const [first] = left;
    if (first === undefined) break;
    if (first.alone) {
      work.push({
        type: 'group',
        group: aloneGroup(first.element, lane),
        condition: first.condition,
      });
      left = left.slice(1);
      continue;
    }
    let register = first.touched;
    while (bitCount(register) < size) {
      let best = register;
      let most = -1;
      for (const candidate of candidates(left, register)) {
        const wider = register | (1 << candidate);
        const found = reachable(left, wider, lastOf(wider));
        if (found <= most) continue;
        most = found;
        best = wider;
      }
      if (most < 0) break;
      register = best;
    }
    const inside = register;
    const members: Element[] = [];
    left = takeReachable(left, register, lastOf(register), members);
    const group = {
      register: places.filter((q) => ((inside >> q) & 1) === 1),
      controls: [],
      elements: members,
    };
    work.push({ type: 'group', group, condition: first.condition });
  }
  return work;
}

/** Whether a qubit lies in the lanes. */
type InLanes = (qubit: number) => boolean;

function entryOf({ element, condition }: LocalElement, lane: InLanes, size: number): Entry {
  const item = itemOf(element);
  const { qubits, touched, mixed, needed, flips } = item;
  return {
    element,
    qubits,
    touched,
    mixed,
    needed,
    flips,
    condition,
    renaming: flips === undefined ? undefined : renamingOf(flips, condition, lane),
    alone: condition.mask !== 0 || qubits.length > size,
  };
}

function renamingOf(
  flips: readonly Flip[],
  condition: Condition,
  lane: InLanes,
): readonly LocalFlip[] | undefined {
  const renaming: LocalFlip[] = [];
  for (const { target, controls } of flips) {
    const [control] = controls;
    if (lane(target) || controls.length > 1) return undefined;
    if (control !== undefined) {
      // Whether amplitudes change places may depend on the chunk or on one of its bits, not on both.
      if (lane(control.qubit) || condition.mask !== 0) return undefined;
      renaming.push({ target, control: control.qubit, condition });
      // Where the control must be 0: flipped everywhere and once more where it is 1.
      if (control.value === 0) renaming.push({ target, control: undefined, condition });
    } else renaming.push({ target, control: undefined, condition });
  }
  return renaming;
}

/** Moves all flips that can be done now into the work. */
function takeFlips(left: readonly Entry[], qubits: number, work: Work[]): Entry[] {
  const waiting = new Waiting(2 ** qubits - 1);
  return left.filter((entry) => {
    if (entry.renaming !== undefined && waiting.lets(entry)) {
      for (const flip of entry.renaming) work.push({ type: 'flip', flip });
      return false;
    }
    waiting.add(entry);
    return true;
  });
}

/**
 * How many elements, in order, can run now if only `register` may be touched.
 *
 * @param last where other elements wait on all of these qubits, none behind can run
 */
function reachable(left: readonly Entry[], register: number, last: number): number {
  const waiting = new Waiting(last);
  let found = 0;
  for (let i = 0; i < left.length; i++) {
    const entry = left[i] as Entry;
    if (!entry.alone && (entry.touched & ~register) === 0 && waiting.lets(entry)) {
      if (++found === MAX_ELEMENTS) break;
    } else {
      waiting.add(entry);
      if (waiting.closed) break;
    }
  }
  return found;
}

/** Takes these elements, and returns the others. */
function takeReachable(
  left: readonly Entry[],
  register: number,
  last: number,
  taken: Element[],
): Entry[] {
  const waiting = new Waiting(last);
  const others: Entry[] = [];
  for (let i = 0; i < left.length; i++) {
    const entry = left[i] as Entry;
    if (
      taken.length < MAX_ELEMENTS &&
      !waiting.closed &&
      !entry.alone &&
      (entry.touched & ~register) === 0 &&
      waiting.lets(entry)
    )
      taken.push(entry.element);
    else {
      others.push(entry);
      waiting.add(entry);
    }
  }
  return others;
}

/** Qubits outside the register that are met soon, in the order in which they are met. */
function candidates(left: readonly Entry[], register: number): number[] {
  const met: number[] = [];
  let seen = register;
  for (let i = 0; i < left.length && i < AHEAD; i++) {
    const { touched, qubits } = left[i] as Entry;
    if ((touched & ~seen) === 0) continue;
    for (const q of qubits) {
      if (((seen >> q) & 1) === 1) continue;
      seen |= 1 << q;
      met.push(q);
    }
  }
  return met;
}

/** An element too wide for a register, or not for every chunk: controls stay outside the register. */
function aloneGroup(element: Element, lane: InLanes): Group {
  let { qubits, controls } = element;
  if (element.type === 'phase' && element.odd !== true && qubits.length > 1) {
    // A phase on many qubits is a controlled phase on one of them.
    const target = qubits.find(lane) ?? qubits[0];
    const others = qubits.filter((qubit) => qubit !== target);
    controls = [...controls, ...others.map((qubit) => ({ qubit, value: 1 as const }))];
    qubits = target === undefined ? [] : [target];
  }
  const inner = controls.filter(({ qubit }) => lane(qubit));
  const register = [...qubits, ...inner.map(({ qubit }) => qubit)].sort((a, b) => a - b);
  const outer = controls.filter(({ qubit }) => !lane(qubit));
  return { register, controls: outer, elements: [{ ...element, qubits, controls: inner }] };
}
