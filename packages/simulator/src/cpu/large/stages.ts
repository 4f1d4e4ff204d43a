/** Cuts a circuit on a large state into stages, each on few enough qubits for a chunk of the state to stay in the cache. */
import { elementary } from '@ketwork/base';
import type { Element } from '../element.ts';
import { itemOf, Waiting } from './action.ts';
import type { Item } from './action.ts';

/** Elements that run chunk by chunk: the amplitudes of the local qubits are together while they run. */
export interface Stage {
  /** Local qubits, ascending; the last ones, which lie in the lanes, are always among them. */
  readonly local: readonly number[];
  readonly items: readonly Item[];
}

/** Qubits at the end (besides those in the lanes) that are local in every stage, so that chunks consist of runs of 1 KiB. */
const RUN_QUBITS = 5;

/**
 * Stages of at most `size` local qubits. An element runs where every qubit it mixes is local; what it does diagonally on
 * the others is the same for a whole chunk. Greedy: of several windows of qubits the one that takes most elements.
 *
 * @param inLanes how many qubits, the last ones, lie in the lanes
 */
export function planStages(
  elements: readonly Element[],
  qubits: number,
  inLanes: number,
  size: number,
): Stage[] {
  const addressed = qubits - inLanes;
  let left = elements.map(itemOf);
  const stages: Stage[] = [];
  if (qubits <= size) return [{ local: range(0, qubits), items: left }];
  const run = Math.min(RUN_QUBITS, Math.max(0, size - 3 - inLanes));
  const always = range(addressed - run, qubits);
  const free = addressed - run;
  while (left.length > 0) {
    let best: { local: Set<number>; taken: Set<Item> } | undefined;
    // A first choice of no qubits lets the elements themselves ask for theirs.
    for (let window = -1; window < free; window++) {
      const wanted = new Set(always);
      for (let i = 0; window >= 0 && i < free && wanted.size < size; i++)
        wanted.add((window + i) % free);
      const found = take(left, wanted, size, qubits);
      if (best === undefined || found.taken.size > best.taken.size) best = found;
      if (found.taken.size === left.length) break;
    }
    const { local, taken } = best as { local: Set<number>; taken: Set<Item> };
    for (let q = addressed - 1; local.size < size; q--) local.add(q);
    stages.push({
      local: [...local].sort((a, b) => a - b),
      items: left.filter((item) => taken.has(item)),
    });
    left = left.filter((item) => !taken.has(item));
  }
  return stages;
}

/** Takes elements in order as long as their qubits are local or can be made so. */
function take(
  left: readonly Item[],
  wanted: ReadonlySet<number>,
  size: number,
  qubits: number,
): { local: Set<number>; taken: Set<Item> } {
  const local = new Set(wanted);
  const taken = new Set<Item>();
  const waiting = new Waiting(qubits);
  for (const item of left) {
    if (waiting.closed) break;
    if (waiting.lets(item)) {
      const missing = neededQubits(item).filter((q) => !local.has(q));
      const diagonal = item.general.size === 0 && item.qubits.length > 0;
      const idle = diagonal && !item.qubits.some((q) => local.has(q));
      if (idle) missing.push(item.qubits[0] as number);
      if (local.size + missing.length <= size) {
        for (const q of missing) local.add(q);
        taken.add(item);
        continue;
      }
    }
    waiting.add(item);
  }
  return { local, taken };
}

/** Qubits that must be local for an element to run. */
function neededQubits({ element, general, qubits }: Item): readonly number[] {
  // Only phases and controls are the same for a whole chunk in a way that the code of stages handles.
  if (element.type === 'matrix' && general.size === 0 && phaseOf(element) === undefined)
    return element.qubits;
  return element.type === 'table' ? qubits : [...general];
}

/** The angle of a matrix diag(1, e^{i angle}), else undefined. */
export function phaseOf(element: Element & { readonly type: 'matrix' }): number | undefined {
  const [a, ai, b, bi, c, ci, re, im] = element.matrix;
  if (element.qubits.length !== 1 || a !== 1 || ai !== 0) return undefined;
  if (b !== 0 || bi !== 0 || c !== 0 || ci !== 0) return undefined;
  // A map that is not unitary scales, which a phase cannot.
  const modulus = Math.sqrt((re as number) ** 2 + (im as number) ** 2);
  return Math.abs(modulus - 1) < 4e-16 ? elementary.atan2(im as number, re as number) : undefined;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);
