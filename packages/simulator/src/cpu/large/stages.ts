/** Cuts a circuit on a large state into stages, each on few enough qubits for a chunk of the state to stay in the cache. */
import { bitCount } from '../../bits.ts';
import { bitsOf } from '../element.ts';
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
  // What the window in work takes, and the best one before it.
  let taken = new Uint8Array(left.length);
  let most = new Uint8Array(left.length);
  if (qubits <= size) return [{ local: range(0, qubits), items: left }];
  const run = Math.min(RUN_QUBITS, Math.max(0, size - 3 - inLanes));
  const always = bitsOf(range(addressed - run, qubits));
  const free = addressed - run;
  while (left.length > 0) {
    let best: Taken = { local: 0, count: 0 };
    // A first choice of no qubits lets the elements themselves ask for theirs.
    for (let window = -1; window < free; window++) {
      let wanted = always;
      const more = window < 0 ? 0 : Math.min(free, size - bitCount(always));
      for (let i = 0; i < more; i++) wanted |= 1 << ((window + i) % free);
      const found = take(left, wanted, size, qubits, taken);
      if (found.count <= best.count) continue;
      best = found;
      [taken, most] = [most, taken];
      if (found.count === left.length) break;
    }
    let all = best.local;
    for (let q = addressed - 1; bitCount(all) < size; q--) all |= 1 << q;
    const items: Item[] = [];
    const others: Item[] = [];
    for (let i = 0; i < left.length; i++) (most[i] === 1 ? items : others).push(left[i] as Item);
    stages.push({ local: range(0, qubits).filter((q) => ((all >> q) & 1) === 1), items });
    left = others;
  }
  return stages;
}

/** How much runs in a stage, and the qubits that must be local for it. */
interface Taken {
  readonly local: number;
  readonly count: number;
}

/** Takes elements in order as long as their qubits are local or can be made so, and marks them by their position. */
function take(
  left: readonly Item[],
  wanted: number,
  size: number,
  qubits: number,
  isTaken: Uint8Array,
): Taken {
  let local = wanted;
  let count = 0;
  let room = size - bitCount(wanted);
  isTaken.fill(0, 0, left.length);
  const waiting = new Waiting(2 ** qubits - 1);
  for (let i = 0; i < left.length && !waiting.closed; i++) {
    const item = left[i] as Item;
    if (waiting.lets(item)) {
      const { touched, mixed, needed } = item;
      let missing = needed & ~local;
      let missed = missing === 0 ? 0 : bitCount(missing);
      if (mixed === 0 && touched !== 0 && (touched & local) === 0) {
        missing |= 1 << (item.qubits[0] as number);
        missed++;
      }
      if (missed <= room) {
        if (missing !== 0) {
          local |= missing;
          room = size - bitCount(local);
        }
        isTaken[i] = 1;
        count++;
        continue;
      }
    }
    waiting.add(item);
  }
  return { local, count };
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);
