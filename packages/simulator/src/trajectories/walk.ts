/**
 * Trajectories through a circuit whose random choices depend on the state. Trajectories that chose alike so far are in
 * the same state, so they go together: where they part, the state is copied. (Quantum jumps: Dalibard, Castin, Mølmer,
 * Phys. Rev. Lett. 68, 580, 1992.)
 */
import type { Draws } from './draws.ts';
import type { Branches } from './channels.ts';
import type { Instruction } from './instructions.ts';
import { RegisterState } from './register.ts';
import type { StateStore } from './register.ts';

/** A state at the end of the circuit and the trajectories that came to it. */
export interface Leaf {
  readonly state: RegisterState;
  /** Classical bits. */
  readonly bits: Uint8Array;
  /** Numbers of the trajectories, ascending. */
  readonly trajectories: readonly number[];
  /** How many random numbers each of them has drawn. */
  readonly drawn: number;
}

/** Trajectories that are in one state, somewhere in the circuit. */
interface Group {
  readonly trajectories: readonly number[];
  /** The next instruction. */
  at: number;
  readonly bits: Uint8Array;
  readonly counters: number[];
  drawn: number;
  state: RegisterState;
}

/** Groups that part from one state; the last of them takes the state itself. */
interface Parting {
  readonly from: Group;
  readonly parts: Part[];
}

interface Part {
  readonly trajectories: readonly number[];
  readonly enter: (group: Group) => void;
}

/** Trajectories that found no room for a copy of their state. */
interface Restart {
  readonly trajectories: readonly number[];
}

/** What a walk needs besides trajectories. */
export interface WalkOptions {
  readonly store: StateStore;
  readonly instructions: readonly Instruction[];
  /** Number of classical bits. */
  readonly bits: number;
  readonly draws: Draws;
  /** Applies an operation that is left to another engine. */
  readonly engine: (index: number, amplitudes: Float64Array) => void;
  /** Receives each final state; it is valid during the call only. */
  readonly leaf: (leaf: Leaf) => void;
}

const ZERO: Branches = {
  matrices: [
    [1, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 1, 0],
  ],
  effects: [
    [1, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 1, 0],
  ],
};
const TO_ZERO = [
  [1, 0, 0, 0, 0, 0, 0, 0],
  [0, 0, 1, 0, 0, 0, 0, 0],
];

/** Takes trajectories through the circuit. Those that do not pass a post-selection never arrive. */
export function walk(trajectories: readonly number[], options: WalkOptions): void {
  const stack: (Parting | Restart)[] = [{ trajectories }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    let group: Group;
    if ('from' in next) {
      const { from, parts } = next;
      const part = parts.shift() as Part;
      const last = parts.length === 0;
      const state = last ? from.state : from.state.fork();
      if (state === undefined) {
        // No room: these begin again, and the last part goes on in the state that is there.
        const rest = [part, ...parts];
        const kept = rest.pop() as Part;
        for (const { trajectories: again } of rest) stack.push({ trajectories: again });
        stack.push({ from, parts: [kept] });
        continue;
      }
      if (!last) stack.push(next);
      group = {
        ...from,
        trajectories: part.trajectories,
        bits: from.bits.slice(),
        counters: [...from.counters],
        state,
      };
      part.enter(group);
    } else {
      const address = options.store.acquire();
      if (address === undefined) throw new Error('a walk began with states of another in work');
      const state = new RegisterState(options.store, address);
      state.clear();
      group = {
        trajectories: next.trajectories,
        at: 0,
        bits: new Uint8Array(options.bits),
        counters: [],
        drawn: 0,
        state,
      };
    }
    const parting = advance(group, options);
    if (parting !== undefined) stack.push(parting);
  }
}

/** Takes a group to the end, or to where it parts. */
function advance(group: Group, options: WalkOptions): Parting | undefined {
  const { instructions, draws, engine, leaf } = options;
  const { state, bits, counters, trajectories } = group;
  while (group.at < instructions.length) {
    const instruction = instructions[group.at++] as Instruction;
    switch (instruction.type) {
      case 'map':
        state.apply(instruction.targets, instruction.matrix, instruction.controls);
        break;
      case 'engine':
        engine(instruction.index, state.amplitudes());
        break;
      case 'prepare':
        state.prepare(instruction.targets, instruction.column);
        break;
      case 'enter':
        counters[instruction.counter] = 0;
        break;
      case 'jump':
        group.at = instruction.to;
        break;
      case 'test': {
        const { loop, otherwise } = instruction;
        let read = 0;
        instruction.bits.forEach((bit, i) => {
          if (bits[bit] === 1) read += 2 ** i;
        });
        if (read !== instruction.value) group.at = otherwise;
        else if (loop !== undefined) {
          const rounds = counters[loop.counter] as number;
          if (rounds >= loop.limit) group.at = otherwise;
          else counters[loop.counter] = rounds + 1;
        }
        break;
      }
      default: {
        const parts = choose(group, instruction, draws);
        const [only, another] = parts;
        if (only === undefined) {
          state.release();
          return undefined;
        }
        if (another !== undefined || only.trajectories.length < trajectories.length) {
          // The smallest first: so at most log2 of the number of trajectories wait.
          parts.sort((a, b) => a.trajectories.length - b.trajectories.length);
          return { from: group, parts };
        }
        only.enter(group);
      }
    }
  }
  leaf({ state, bits, trajectories, drawn: group.drawn });
  state.release();
  return undefined;
}

/** Lets every trajectory of a group draw its branch; parts in the order of branches. */
function choose(
  group: Group,
  instruction: Extract<Instruction, { type: 'channel' | 'measure' | 'reset' }>,
  draws: Draws,
): Part[] {
  const { state } = group;
  const qubits = instruction.type === 'channel' ? instruction.qubits : [instruction.qubit];
  const branches = instruction.type === 'channel' ? instruction.branches : ZERO;
  const fixed = branches.probabilities;
  const weights = fixed ?? state.weights(qubits, branches.effects);
  let total = 0;
  for (const weight of weights) total += weight;
  const lists: number[][] = [];
  const place = group.drawn++;
  for (const trajectory of group.trajectories) {
    const drawn = draws.at(trajectory, place) * total;
    let sum = 0;
    let branch = -1;
    // The last branch with a weight takes what rounding leaves over.
    for (let b = 0; b < weights.length; b++) {
      if ((weights[b] as number) <= 0) continue;
      branch = b;
      sum += weights[b] as number;
      if (drawn < sum) break;
    }
    (lists[branch] ??= []).push(trajectory);
  }
  const parts: Part[] = [];
  lists.forEach((trajectories, branch) => {
    const weight = weights[branch] as number;
    let enter: Part['enter'];
    if (instruction.type === 'measure') {
      const { bit, postselect } = instruction;
      if (postselect !== undefined && postselect !== branch) return;
      enter = (entered) => {
        entered.state.project(qubits, branches.matrices[branch] as ArrayLike<number>, weight);
        entered.bits[bit] = branch;
      };
    } else if (instruction.type === 'reset') {
      enter = (entered) =>
        entered.state.project(qubits, TO_ZERO[branch] as ArrayLike<number>, weight);
    } else if (branches.factors !== undefined) {
      const factors = branches.factors[branch] ?? [];
      enter = (entered) => {
        for (const { qubit, matrix } of factors)
          entered.state.apply([qubits[qubit] as number], matrix);
      };
    } else {
      enter = (entered) =>
        entered.state.project(qubits, branches.matrices[branch] as ArrayLike<number>, weight);
    }
    parts.push({ trajectories, enter });
  });
  return parts;
}
