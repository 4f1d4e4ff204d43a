import type { Control } from '@ketwork/circuit';
import { support } from './element.ts';
import type { Element } from './element.ts';

/** Elements that run together while the amplitudes of `register` are held in registers. */
export interface Group {
  /** Qubits held in registers, ascending. */
  readonly register: readonly number[];
  /** Controls outside the register: the group runs only on that part of the state. */
  readonly controls: readonly Control[];
  readonly elements: readonly Element[];
}

/** A matrix this wide is multiplied from memory, not written out as code. */
export const isDense = (element: Element): element is Element & { readonly type: 'matrix' } =>
  element.type === 'matrix' && element.qubits.length > 2;

/** Amplitude pairs, coefficients and temporaries compete for registers and code size; a longer group is split here. */
const MAX_ELEMENTS = 24;

/**
 * Splits a list of elements into groups of at most `size` register qubits. Elements move only past elements on other
 * qubits. An element too wide for a register becomes a group of its own with its controls outside.
 *
 * @param lane qubit that is no outer control, because its two values share a vector
 */
export function groupElements(
  elements: readonly Element[],
  qubits: number,
  size: number,
  lane?: number,
): Group[] {
  const supports = elements.map(support);
  const wide = elements.map(
    (element, i) =>
      isDense(element) || element.type === 'table' || (supports[i] as number[]).length > size,
  );
  let left = elements.map((_, index) => index);
  const groups: Group[] = [];
  while (left.length > 0) {
    let first = left[0] as number;
    const head: Element[] = [];
    if ((elements[first] as Element).type === 'table') {
      // Every amplitude passes through the next group once, and through the table on the way.
      head.push(elements[first] as Element);
      left = left.slice(1);
      const next = left[0];
      if (next === undefined || wide[next] === true) {
        const register = Array.from({ length: Math.min(size, qubits) }, (_, q) => q);
        groups.push({ register, controls: [], elements: head });
        continue;
      }
      first = next;
    }
    const seed = supports[first] as number[];
    if (wide[first] === true) {
      groups.push(wideGroup(elements[first] as Element, lane));
      left = left.slice(1);
      continue;
    }
    let register = new Set(seed);
    let members = reachable(left, supports, wide, register, qubits);
    while (register.size < Math.min(size, qubits)) {
      let best: { register: Set<number>; members: number[] } | undefined;
      for (const candidate of partners(left, supports, register)) {
        const wider = new Set(register).add(candidate);
        const found = reachable(left, supports, wide, wider, qubits);
        if (best === undefined || found.length > best.members.length)
          best = { register: wider, members: found };
      }
      if (best === undefined) break;
      ({ register, members } = best);
    }
    const taken = new Set(members.slice(0, MAX_ELEMENTS));
    groups.push({
      register: [...register].sort((a, b) => a - b),
      controls: [],
      elements: [...head, ...[...taken].map((index) => elements[index] as Element)],
    });
    left = left.filter((index) => !taken.has(index));
  }
  return groups;
}

function wideGroup(element: Element, lane: number | undefined): Group {
  let { qubits, controls } = element;
  if (element.type === 'phase' && element.odd !== true && qubits.length > 1) {
    // A phase on many qubits is a controlled phase on one of them.
    const target = qubits.find((qubit) => qubit === lane) ?? qubits[0];
    const others = qubits.filter((qubit) => qubit !== target);
    controls = [...controls, ...others.map((qubit) => ({ qubit, value: 1 as const }))];
    qubits = target === undefined ? [] : [target];
  }
  const inner = controls.filter(({ qubit }) => qubit === lane);
  const register = [...qubits, ...inner.map(({ qubit }) => qubit)].sort((a, b) => a - b);
  const outer = controls.filter(({ qubit }) => qubit !== lane);
  return { register, controls: outer, elements: [{ ...element, qubits, controls: inner }] };
}

/** Indices, in order, of the elements that can run now if only `register` may be touched. */
function reachable(
  left: readonly number[],
  supports: readonly (readonly number[])[],
  wide: readonly boolean[],
  register: ReadonlySet<number>,
  qubits: number,
): number[] {
  const blocked = new Set<number>();
  const found: number[] = [];
  for (const index of left) {
    const touched = supports[index] as readonly number[];
    if (wide[index] !== true && touched.every((q) => register.has(q) && !blocked.has(q))) {
      found.push(index);
    } else {
      for (const q of touched) blocked.add(q);
      if (blocked.size >= qubits) break;
    }
  }
  return found;
}

/** Qubits that share an element with the register among the next elements, else any qubit met soon. */
function partners(
  left: readonly number[],
  supports: readonly (readonly number[])[],
  register: ReadonlySet<number>,
): Set<number> {
  const near = new Set<number>();
  const met = new Set<number>();
  for (const index of left.slice(0, 64)) {
    const touched = supports[index] as readonly number[];
    const joined = touched.some((q) => register.has(q));
    for (const q of touched) {
      if (register.has(q)) continue;
      met.add(q);
      if (joined) near.add(q);
    }
  }
  return near.size > 0 ? near : met;
}
