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

/** Members beyond this many do not make a candidate register better. */
const MAX_COUNTED = 4 * MAX_ELEMENTS;
/** How many elements ahead are looked at for qubits to add to a register. */
const AHEAD = 64;

/**
 * Splits a list of elements into groups of at most `size` register qubits. Elements move only past elements on other
 * qubits. An element too wide for a register becomes a group of its own with its controls outside. The time is
 * proportional to the number of elements.
 *
 * @param lane qubit that is no outer control, because its two values share a vector
 */
export function groupElements(
  elements: readonly Element[],
  qubits: number,
  size: number,
  lane?: number,
): Group[] {
  const queues = new Queues(elements, qubits, size);
  const { supports, wide } = queues;
  const groups: Group[] = [];
  for (let first = queues.first(); first !== undefined; first = queues.first()) {
    const head: Element[] = [];
    if ((elements[first] as Element).type === 'table') {
      // Every amplitude passes through the next group once, and through the table on the way.
      head.push(elements[first] as Element);
      queues.take(first);
      const next = queues.first();
      if (next === undefined || wide[next] === true) {
        const register = Array.from({ length: Math.min(size, qubits) }, (_, q) => q);
        groups.push({ register, controls: [], elements: head });
        continue;
      }
      first = next;
    }
    if (wide[first] === true) {
      groups.push(wideGroup(elements[first] as Element, lane));
      queues.take(first);
      continue;
    }
    let register = [...new Set(supports[first])];
    let members = queues.reachable(register);
    while (register.length < Math.min(size, qubits)) {
      let best: { register: number[]; members: number[] } | undefined;
      for (const candidate of queues.partners(register)) {
        const wider = [...register, candidate];
        const found = queues.reachable(wider);
        if (best === undefined || found.length > best.members.length)
          best = { register: wider, members: found };
      }
      if (best === undefined) break;
      ({ register, members } = best);
    }
    const taken = members.slice(0, MAX_ELEMENTS);
    for (const index of taken) queues.take(index);
    groups.push({
      register: register.toSorted((a, b) => a - b),
      controls: [],
      elements: [...head, ...taken.map((index) => elements[index] as Element)],
    });
  }
  return groups;
}

/** The elements not yet in a group: as one list, and per qubit as a queue of those that touch it. */
class Queues {
  /** Qubits of each element. One without qubits, a global phase, waits in a queue of its own behind the last qubit. */
  readonly supports: readonly (readonly number[])[];
  /** Whether an element is too wide for a register. */
  readonly wide: readonly boolean[];
  readonly #qubits: number;
  readonly #queues: readonly (readonly number[])[];
  /** How many of each queue are taken. */
  readonly #taken: Uint32Array;
  /** Neighbours in the list of the elements left; position 0 stands for its ends, position i + 1 for element i. */
  readonly #next: Uint32Array;
  readonly #previous: Uint32Array;

  constructor(elements: readonly Element[], qubits: number, size: number) {
    const count = elements.length;
    this.#qubits = qubits;
    this.supports = elements.map(support);
    this.wide = elements.map(
      (element, i) =>
        isDense(element) ||
        element.type === 'table' ||
        (this.supports[i] as readonly number[]).length > size,
    );
    const queues: number[][] = Array.from({ length: qubits + 1 }, () => []);
    this.supports.forEach((touched, i) => {
      for (const qubit of touched) (queues[qubit] as number[]).push(i);
      if (touched.length === 0) (queues[qubits] as number[]).push(i);
    });
    this.#queues = queues;
    this.#taken = new Uint32Array(qubits + 1);
    this.#next = Uint32Array.from({ length: count + 1 }, (_, i) => (i + 1) % (count + 1));
    this.#previous = Uint32Array.from({ length: count + 1 }, (_, i) => (i + count) % (count + 1));
  }

  /** The first element left. */
  first(): number | undefined {
    const at = this.#next[0] as number;
    return at === 0 ? undefined : at - 1;
  }

  /** Takes an element, which is the first left on each of its qubits. */
  take(index: number): void {
    const touched = this.supports[index] as readonly number[];
    for (const qubit of touched.length === 0 ? [this.#qubits] : touched)
      this.#taken[qubit] = (this.#taken[qubit] as number) + 1;
    const at = index + 1;
    const next = this.#next[at] as number;
    const previous = this.#previous[at] as number;
    this.#next[previous] = next;
    this.#previous[next] = previous;
  }

  /** Indices, in order, of the elements that can run now if only `register` may be touched; at most MAX_COUNTED. */
  reachable(register: readonly number[]): number[] {
    const lanes = [...register, this.#qubits];
    const at = lanes.map((qubit) => this.#taken[qubit] as number);
    const blocked = lanes.map(() => false);
    const found: number[] = [];
    while (found.length < MAX_COUNTED) {
      let index = Infinity;
      lanes.forEach((qubit, i) => {
        const head = blocked[i] === true ? undefined : this.#queues[qubit]?.[at[i] as number];
        if (head !== undefined && head < index) index = head;
      });
      if (index === Infinity) break;
      const touched = this.supports[index] as readonly number[];
      const free =
        this.wide[index] !== true &&
        touched.every((qubit) => {
          const i = register.indexOf(qubit);
          return i >= 0 && blocked[i] !== true;
        });
      if (free) found.push(index);
      // The first on one of its qubits, and with nothing before it left unblocked, the first on all of them.
      lanes.forEach((qubit, i) => {
        if (!(touched.length === 0 ? qubit === this.#qubits : touched.includes(qubit))) return;
        if (free) at[i] = (at[i] as number) + 1;
        else blocked[i] = true;
      });
    }
    return found;
  }

  /** Qubits that share an element with the register among the next elements, else any qubit met soon. */
  partners(register: readonly number[]): Set<number> {
    const near = new Set<number>();
    const met = new Set<number>();
    let at = this.#next[0] as number;
    for (let i = 0; i < AHEAD && at !== 0; i++, at = this.#next[at] as number) {
      const touched = this.supports[at - 1] as readonly number[];
      const joined = touched.some((qubit) => register.includes(qubit));
      for (const qubit of touched) {
        if (register.includes(qubit)) continue;
        met.add(qubit);
        if (joined) near.add(qubit);
      }
    }
    return near.size > 0 ? near : met;
  }
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
