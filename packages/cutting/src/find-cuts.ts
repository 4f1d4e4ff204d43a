import { CircuitError, UnsupportedError, ValueError } from '@ketwork/base';
import { qubitsOf } from '@ketwork/circuit';
import type { Circuit, Op } from '@ketwork/circuit';
import type { Cut } from './cuts.ts';
import type { ElementaryCut } from './fragments.ts';
import { fragmentsOf } from './fragments.ts';
import { isRotation, separated } from './gate-cut.ts';

/** Options of {@link findCuts}. */
export interface FindCutsOptions {
  /** Most qubits of a fragment. */
  readonly maxQubits?: number;
  /** Most cuts, a gate counting once per rotation in it; 8 by default. */
  readonly maxCuts?: number;
  /** Whether wires may be cut; true by default. */
  readonly wires?: boolean;
  /** Whether gates may be cut; true by default. */
  readonly gates?: boolean;
  /** Partial solutions kept per operation; 2,000 by default. More takes longer and finds cheaper cuts in large circuits. */
  readonly beam?: number;
}

/** What {@link findCuts} found. */
export interface FoundCuts {
  /** Where to cut; empty where the circuit fits. */
  readonly cuts: readonly Cut[];
  /** Qubits of each fragment. */
  readonly fragments: readonly number[];
  /** Sampling overhead: by how many times more shots the spread stays that of the whole circuit, at most. */
  readonly overhead: number;
  /** Whether the search was complete, so that no cheaper cuts exist. */
  readonly optimal: boolean;
}

/** Sampling overhead of elementary cuts: 16 per wire, (1 + 2|sin θ|)² per rotation, 9 where θ is not known. */
export function overheadOf(cuts: readonly ElementaryCut[]): number {
  return cuts.reduce((product, { angle }) => product * costOf(angle), 1);
}

function costOf(angle: ElementaryCut['angle']): number {
  if (angle === undefined) return 16;
  return typeof angle === 'number' ? (1 + 2 * Math.abs(Math.sin(angle))) ** 2 : 9;
}

/** A way to treat the operations so far. */
interface State {
  readonly cost: number;
  readonly count: number;
  /** Number of the fragment that each qubit's wire is in now. */
  readonly owner: readonly number[];
  /** Qubits of each fragment, by number. */
  readonly width: ReadonlyMap<number, number>;
  readonly next: number;
  readonly cuts: Chain | undefined;
}

interface Chain {
  readonly cut: Cut;
  readonly before: Chain | undefined;
}

/**
 * Searches for the cuts with the least sampling overhead under which no fragment has more than `maxQubits` qubits.
 * Operations are taken in order; each may join the fragments of its wires, be cut itself, or have some of its wires cut
 * before it. States that agree on all that matters later are merged, and the cheapest `beam` of them kept.
 *
 * @throws ValueError for a `maxQubits` that is not a positive integer; UnsupportedError where no such cuts were found.
 *
 * @example
 * ```ts
 * import { circuit } from '@ketwork/circuit';
 * import { findCuts } from '@ketwork/cutting';
 * const chain = circuit(4, (q) => q.h(0).cnot(0, 1).cnot(1, 2).cnot(2, 3));
 * const { cuts, fragments, overhead } = findCuts(chain, { maxQubits: 3 });
 * console.log(cuts, fragments, overhead); // [ { gate: 3 } ] [ 3, 1 ] 9
 * ```
 */
export function findCuts(circuit: Circuit, options: FindCutsOptions): FoundCuts {
  const { maxQubits, maxCuts = 8, beam = 2000 } = options;
  if (maxQubits === undefined) {
    throw new ValueError('neither cuts nor maxQubits are given', {
      remedy: 'Say where to cut, or how many qubits a fragment may have',
    });
  }
  for (const [name, value] of Object.entries({ maxQubits, maxCuts, beam })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new ValueError(`${name} is ${value}`, { remedy: 'Give a positive integer' });
    }
  }
  const touched = new Set<number>();
  let states: State[] = [
    {
      cost: 1,
      count: 0,
      owner: Array.from({ length: circuit.qubits }, (_, q) => q),
      width: new Map(Array.from({ length: circuit.qubits }, (_, q) => [q, 1])),
      next: circuit.qubits,
      cuts: undefined,
    },
  ];
  let optimal = true;
  for (const [index, op] of circuit.ops.entries()) {
    if (op.type === 'barrier') continue;
    if (op.type === 'measure' || op.type === 'conditional') {
      throw new CircuitError('cuts of circuits with classical bits are not searched', {
        operation: index,
        remedy: 'Name the cuts yourself',
      });
    }
    const qubits = [...new Set(qubitsOf(op))];
    if (qubits.length > 1) {
      const gate = options.gates === false ? undefined : gateCost(op);
      const wires = options.wires === false ? [] : qubits.filter((qubit) => touched.has(qubit));
      const merged = new Map<string, State>();
      for (const state of states) {
        for (const next of successors(state, { qubits, index, wires, gate, maxQubits })) {
          if (next.count > maxCuts) continue;
          const key = signature(next);
          const known = merged.get(key);
          if (known === undefined || next.cost < known.cost) merged.set(key, next);
        }
      }
      states = [...merged.values()].sort((a, b) => a.cost - b.cost || a.count - b.count);
      if (states.length > beam) {
        optimal = false;
        states = states.slice(0, beam);
      }
      if (states.length === 0) {
        throw new UnsupportedError(
          `no cuts found that leave at most ${maxQubits} qubits in a fragment: operation ${index} is in the way`,
          { operation: index, remedy: 'Allow more qubits, more cuts or a wider beam' },
        );
      }
    }
    for (const qubit of qubits) touched.add(qubit);
  }
  const cuts: Cut[] = [];
  for (let chain = states[0]!.cuts; chain !== undefined; chain = chain.before) cuts.push(chain.cut);
  cuts.reverse();
  const taken = fragmentsOf(circuit, cuts);
  return {
    cuts,
    fragments: taken.fragments.map(({ wires }) => wires.length),
    overhead: overheadOf(taken.cuts),
    optimal,
  };
}

/** What a search needs to know about one operation. */
interface Place {
  readonly qubits: readonly number[];
  readonly index: number;
  /** Its wires on which something acted before. */
  readonly wires: readonly number[];
  /** Overhead and number of rotations of a cut through the operation; undefined where it cannot be cut. */
  readonly gate: { readonly cost: number; readonly count: number } | undefined;
  readonly maxQubits: number;
}

function gateCost(op: Op): Place['gate'] {
  const rotations = separated(op)?.filter(isRotation);
  return rotations === undefined
    ? undefined
    : { cost: overheadOf(rotations), count: rotations.length };
}

function* successors(state: State, place: Place): Generator<State> {
  const { qubits, index, wires, gate, maxQubits } = place;
  if (gate !== undefined) {
    yield {
      ...state,
      cost: state.cost * gate.cost,
      count: state.count + gate.count,
      cuts: { cut: { gate: index }, before: state.cuts },
    };
  }
  for (let subset = 0; subset < 2 ** wires.length; subset++) {
    const cut = wires.filter((_, i) => (subset >> i) % 2 === 1);
    const kept = new Set(
      qubits.filter((qubit) => !cut.includes(qubit)).map((qubit) => state.owner[qubit]!),
    );
    let size = cut.length;
    for (const fragment of kept) size += state.width.get(fragment)!;
    if (size > maxQubits) continue;
    const owner = [...state.owner];
    for (const [qubit, fragment] of owner.entries()) {
      if (kept.has(fragment) && !cut.includes(qubit)) owner[qubit] = state.next;
    }
    for (const qubit of qubits) owner[qubit] = state.next;
    const width = new Map(state.width);
    for (const fragment of kept) width.delete(fragment);
    width.set(state.next, size);
    let { cuts } = state;
    for (const wire of cut) cuts = { cut: { wire, before: index }, before: cuts };
    yield {
      cost: state.cost * 16 ** cut.length,
      count: state.count + cut.length,
      owner,
      width,
      next: state.next + 1,
      cuts,
    };
  }
}

/** What matters later: which wires are in one fragment and how wide it is. */
function signature({ owner, width }: State): string {
  const names = new Map<number, number>();
  const parts = owner.map((fragment) => {
    let name = names.get(fragment);
    if (name === undefined) names.set(fragment, (name = names.size));
    return `${name}:${width.get(fragment)!}`;
  });
  return parts.join(' ');
}
