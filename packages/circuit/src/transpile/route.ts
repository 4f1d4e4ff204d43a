import { bits, CircuitError, fold, key, uniformAt, ValueError } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { deepFrozen, qubitsOf, withQubits } from '../ops.ts';
import type { Circuit, Op } from '../types.ts';
import { checkCircuit } from '../validate.ts';

/** Pairs of physical qubits on which operations may act. */
export type CouplingMap = readonly (readonly [number, number])[];

/** Options of {@link route}. */
export interface RouteOptions {
  /** Where each qubit of the circuit begins, `layout[qubit]` being a physical qubit; searched for when absent. */
  readonly layout?: readonly number[];
  /** Seed of the search. Default 0. */
  readonly seed?: number;
  /** How many searches to make, of which the one with the fewest swaps is kept. Default 8. */
  readonly trials?: number;
}

/** A circuit on physical qubits. */
export interface RoutedCircuit<Names extends string = string> {
  /** The circuit on as many qubits as the coupling map has. */
  readonly circuit: Circuit<Names>;
  /** Physical qubit on which each qubit of the circuit begins. */
  readonly initialLayout: readonly number[];
  /** Physical qubit on which each qubit of the circuit ends. */
  readonly finalLayout: readonly number[];
  /** Number of SWAPs put in. */
  readonly swaps: number;
}

/**
 * Moves a circuit onto a device where only some pairs of qubits are coupled, by putting in SWAPs. The search looks ahead
 * and goes forth and back over the circuit to find where qubits should begin (SABRE: Li, Ding and Xie, ASPLOS 2019,
 * arXiv:1809.02573). Couplings have no direction. State preparations, which no device has as such, stay whole where their
 * qubits begin, whatever is coupled there.
 *
 * @param coupling Pairs of physical qubits, all connected with each other.
 * @throws CircuitError for an operation on more than two qubits (use `decompose` first), or a map that is too small or
 * falls apart; ValueError for a layout that does not fit.
 *
 * @example
 * ```ts
 * import { circuit, route } from '@ketwork/circuit';
 * const ring = circuit(4, (q) => q.cnot(0, 1).cnot(1, 2).cnot(2, 3).cnot(3, 0));
 * const { swaps, circuit: routed } = route(ring, [[0, 1], [1, 2], [2, 3]]);
 * console.log(swaps, routed.ops.length); // 2 6
 * ```
 */
export function route<Names extends string>(
  circuit: Circuit<Names>,
  coupling: CouplingMap,
  options: RouteOptions = {},
): RoutedCircuit<Names> {
  const device = new Device(coupling);
  const { trials = 8, seed = 0 } = options;
  if (!Number.isSafeInteger(trials) || trials < 1) {
    throw new ValueError(`trials is ${trials}`, { remedy: 'Give a positive integer' });
  }
  check(circuit, device, options.layout);
  const random = key(seed);
  const steps = stepsOf(circuit.ops);
  const back = [...steps].reverse();
  let best: { readonly found: Found; readonly start: readonly number[] } | undefined;
  for (let trial = 0; trial < trials; trial++) {
    const stream = fold(random, trial);
    let start = options.layout ?? device.layout(circuit.qubits, stream, trial);
    if (options.layout === undefined) {
      // Where a run ends is a good place for the way back to begin, and so on.
      for (let round = 0; round < 2; round++) {
        start = search(steps, start, device, fold(stream, 2 * round)).layout;
        start = search(back, start, device, fold(stream, 2 * round + 1)).layout;
      }
    }
    const found = search(steps, start, device, fold(stream, 4));
    if (best === undefined || found.swaps < best.found.swaps) best = { found, start };
    if (found.swaps === 0) break;
  }
  const { found, start } = best!;
  const routed = { ...circuit, qubits: device.qubits, ops: found.ops };
  checkCircuit(routed);
  return {
    circuit: deepFrozen(routed),
    initialLayout: [...start],
    finalLayout: found.layout,
    swaps: found.swaps,
  };
}

/** A device: which qubits are coupled and how far they are apart. */
class Device {
  readonly qubits: number;
  readonly neighbours: readonly (readonly number[])[];
  readonly distance: readonly Int32Array[];

  constructor(coupling: CouplingMap) {
    this.qubits = 1 + coupling.reduce((most, pair) => Math.max(most, ...pair), 0);
    if (this.qubits > 4096) {
      throw new CircuitError(`the coupling map has qubit ${this.qubits - 1}`, {
        remedy: 'Number qubits from 0 to at most 4095',
      });
    }
    const sets = Array.from({ length: this.qubits }, () => new Set<number>());
    for (const [a, b] of coupling) {
      if (![a, b].every((q) => Number.isSafeInteger(q) && q >= 0) || a === b) {
        throw new CircuitError(`the coupling map has the pair [${a}, ${b}]`, {
          remedy: 'Use pairs of different qubits from 0 on',
        });
      }
      sets[a]!.add(b);
      sets[b]!.add(a);
    }
    this.neighbours = sets.map((set) => [...set].sort((a, b) => a - b));
    this.distance = sets.map((_, from) => {
      const far = new Int32Array(this.qubits).fill(-1);
      far[from] = 0;
      const queue = [from];
      for (const q of queue) {
        for (const next of this.neighbours[q]!) {
          if (far[next] !== -1) continue;
          far[next] = far[q]! + 1;
          queue.push(next);
        }
      }
      return far;
    });
    const apart = this.distance[0]!.indexOf(-1);
    if (apart !== -1) {
      throw new CircuitError(`the coupling map does not connect qubits 0 and ${apart}`, {
        remedy: 'Give a map in which every qubit can be reached',
      });
    }
  }

  /** A place to begin: qubits in order for the first trial, then close together around a random qubit. */
  layout(count: number, stream: Key, trial: number): number[] {
    if (trial === 0) return Array.from({ length: count }, (_, q) => q);
    const center = bits(stream, 1)[0]! % this.qubits;
    const order = Array.from({ length: this.qubits }, (_, q) => q).sort(
      (a, b) => this.distance[center]![a]! - this.distance[center]![b]! || a - b,
    );
    const chosen = order.slice(0, count);
    for (let i = chosen.length - 1; i > 0; i--) {
      const j = Math.floor(uniformAt(stream, 1, i) * (i + 1));
      [chosen[i], chosen[j]] = [chosen[j]!, chosen[i]!];
    }
    return chosen;
  }
}

/** An operation with the qubits that must be next to each other and those that only keep the order. */
interface Step {
  readonly op: Op;
  readonly qubits: readonly number[];
  readonly pair: readonly [number, number] | undefined;
}

function stepsOf(ops: readonly Op[]): Step[] {
  return ops.map((op) => {
    const qubits = [...new Set(qubitsOf(op))];
    const pair = needsPair(op) && qubits.length === 2 ? (qubits as [number, number]) : undefined;
    return { op, qubits, pair };
  });
}

/**
 * Whether the qubits of an operation must be coupled. Barriers and resets act on each by itself; a state preparation comes
 * before everything else on its qubits, so before any SWAP, too.
 */
function needsPair({ type }: Op): boolean {
  return !['barrier', 'reset', 'measure', 'statePreparation'].includes(type);
}

function check(circuit: Circuit, device: Device, layout: readonly number[] | undefined): void {
  if (circuit.qubits > device.qubits) {
    throw new CircuitError(
      `the circuit has ${circuit.qubits} qubits and the coupling map ${device.qubits}`,
      { remedy: 'Use a larger device' },
    );
  }
  circuit.ops.forEach((op, operation) => {
    const count = new Set(qubitsOf(op)).size;
    if (!needsPair(op) || count <= 2) return;
    throw new CircuitError(`a ${op.type} on ${count} qubits cannot be routed`, {
      operation,
      remedy: 'Call decompose() first',
    });
  });
  if (layout === undefined) return;
  const fits =
    layout.length === circuit.qubits &&
    new Set(layout).size === layout.length &&
    layout.every((q) => Number.isSafeInteger(q) && q >= 0 && q < device.qubits);
  if (!fits) {
    throw new ValueError(`the layout [${layout.join(', ')}] does not fit`, {
      remedy: `Give ${circuit.qubits} different numbers from 0 to ${device.qubits - 1}`,
    });
  }
}

interface Found {
  readonly ops: readonly Op[];
  readonly layout: readonly number[];
  readonly swaps: number;
}

/** How many operations beyond the next ones are looked at, and what they count. */
const AHEAD = 20;
const WEIGHT = 0.5;
/** What a swap of a qubit costs the more, the more often it was swapped lately. */
const DECAY = 0.001;
const RESET_DECAY = 5;

/** Goes through the operations in the order their qubits allow, with swaps where no waiting one can act. */
function search(
  steps: readonly Step[],
  start: readonly number[],
  device: Device,
  stream: Key,
): Found {
  const place = [...start];
  const holder = new Int32Array(device.qubits).fill(-1);
  place.forEach((physical, qubit) => (holder[physical] = qubit));
  const { waiting, followers } = dependencies(steps, place.length);
  let front = steps.map((_, i) => i).filter((i) => waiting[i] === 0);
  const ops: Op[] = [];
  const decay = new Float64Array(device.qubits).fill(1);
  let [swaps, sinceReset, stuck] = [0, 0, 0] as [number, number, number];
  const apart = (pair: readonly [number, number]): number =>
    device.distance[place[pair[0]]!]![place[pair[1]]!]!;
  const exchange = (a: number, b: number): void => {
    [holder[a], holder[b]] = [holder[b]!, holder[a]!];
    if (holder[a] !== -1) place[holder[a]] = a;
    if (holder[b] !== -1) place[holder[b]] = b;
  };
  while (front.length > 0) {
    const ready = front.filter((i) => steps[i]!.pair === undefined || apart(steps[i]!.pair) === 1);
    if (ready.length > 0) {
      const next = front.filter((i) => !ready.includes(i));
      for (const i of ready) {
        ops.push(withQubits(steps[i]!.op, (qubit) => place[qubit]!));
        for (const follower of followers[i]!) if (--waiting[follower]! === 0) next.push(follower);
      }
      front = next.sort((a, b) => a - b);
      stuck = 0;
      continue;
    }
    const pairs = front.map((i) => steps[i]!.pair!);
    const later = lookAhead(front, steps, followers);
    let chosen: readonly [number, number] | undefined;
    if (stuck > 3 * device.qubits) {
      // The look-ahead goes round in circles: bring the first pair together on the shortest way.
      const from = place[pairs[0]![0]]!;
      const to = place[pairs[0]![1]]!;
      const step = device.neighbours[from]!.find(
        (q) => device.distance[q]![to]! < device.distance[from]![to]!,
      )!;
      chosen = [from, step];
    } else {
      let [least, ties] = [Infinity, 0] as [number, number];
      for (const a of new Set(pairs.flat().map((qubit) => place[qubit]!))) {
        for (const b of device.neighbours[a]!) {
          exchange(a, b);
          let cost = pairs.reduce((sum, pair) => sum + apart(pair), 0) / pairs.length;
          if (later.length > 0) {
            cost += (WEIGHT * later.reduce((sum, pair) => sum + apart(pair), 0)) / later.length;
          }
          cost *= Math.max(decay[a]!, decay[b]!);
          exchange(a, b);
          if (cost < least - 1e-12) {
            [least, ties, chosen] = [cost, 1, [a, b]];
          } else if (cost < least + 1e-12 && uniformAt(stream, swaps, ++ties) < 1 / ties) {
            chosen = [a, b];
          }
        }
      }
    }
    const [a, b] = chosen!;
    exchange(a, b);
    ops.push({ type: 'gate', gate: 'SWAP', qubits: [a, b], angles: [], controls: [] });
    swaps++;
    stuck++;
    if (++sinceReset === RESET_DECAY) {
      decay.fill(1);
      sinceReset = 0;
    } else {
      decay[a]! += DECAY;
      decay[b]! += DECAY;
    }
  }
  return { ops, layout: place, swaps };
}

/** How many operations each one waits for, and which wait for it. */
function dependencies(
  steps: readonly Step[],
  qubits: number,
): { readonly waiting: Int32Array; readonly followers: number[][] } {
  const waiting = new Int32Array(steps.length);
  const followers: number[][] = steps.map(() => []);
  const last = new Int32Array(qubits).fill(-1);
  let lastClassical = -1;
  steps.forEach((step, i) => {
    const before = new Set(step.qubits.map((qubit) => last[qubit]!));
    // Classical bits keep the order of the operations that use them.
    if (step.op.type === 'measure' || step.op.type === 'conditional') {
      before.add(lastClassical);
      lastClassical = i;
    }
    before.delete(-1);
    waiting[i] = before.size;
    for (const earlier of before) followers[earlier]!.push(i);
    for (const qubit of step.qubits) last[qubit] = i;
  });
  return { waiting, followers };
}

/** Pairs of the operations that come next after the waiting ones. */
function lookAhead(
  front: readonly number[],
  steps: readonly Step[],
  followers: readonly (readonly number[])[],
): (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  const seen = new Set(front);
  const queue = [...front];
  for (const i of queue) {
    for (const follower of followers[i]!) {
      if (seen.has(follower)) continue;
      seen.add(follower);
      queue.push(follower);
      const { pair } = steps[follower]!;
      if (pair !== undefined) pairs.push(pair);
      if (pairs.length === AHEAD) return pairs;
    }
  }
  return pairs;
}
