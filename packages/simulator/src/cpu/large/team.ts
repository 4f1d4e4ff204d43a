/** Several workers on one large state: they do the same program, each its share of every stage, and meet in between. */
import { EnvironmentError } from '@ketwork/base';

/** Words of the memory in which a team meets. */
const word = { arrived: 0, round: 1, stopped: 2 } as const;

/** Bytes of that memory; words of their own cache line each would not make meetings faster, which are rare. */
const CONTROL_BYTES = 64;

/** Looks at the round this often before it sleeps: a stage's shares end within some ten microseconds of each other. */
const SPINS = 20_000;
/** Milliseconds of one sleep, after which a worker looks whether the team was stopped. */
const NAP = 50;
/** Milliseconds without any sign of the others after which a worker gives up. */
const PATIENCE = 120_000;

/** What a worker is told about its team: plain data with shared memory. */
export interface TeamPlace {
  readonly rank: number;
  readonly size: number;
  /** Memory of the state, shared by all. */
  readonly memory: WebAssembly.Memory;
  /** Memory of one call, in which the workers meet. */
  readonly control: SharedArrayBuffer;
}

/** New memory for one call of a team. */
export const teamControl = (): SharedArrayBuffer => new SharedArrayBuffer(CONTROL_BYTES);

/** Ends a call of a team early: every worker leaves at its next meeting. */
export function stopTeam(control: SharedArrayBuffer): void {
  const words = new Int32Array(control);
  Atomics.store(words, word.stopped, 1);
  Atomics.notify(words, word.round);
}

/** A worker left because the team was stopped; the reason is known elsewhere. */
class TeamStopped extends Error {
  override readonly name = 'TeamStopped';
}

/** A worker's place in a team during one call. */
export class Team {
  readonly rank: number;
  readonly size: number;
  readonly #words: Int32Array;

  constructor({ rank, size, control }: Pick<TeamPlace, 'rank' | 'size' | 'control'>) {
    this.rank = rank;
    this.size = size;
    this.#words = new Int32Array(control);
  }

  /**
   * Waits until all workers have come here: first looking again and again, then asleep.
   * @throws TeamStopped when the team was stopped, EnvironmentError when the others do not come.
   */
  meet(): void {
    const words = this.#words;
    const round = Atomics.load(words, word.round);
    if (Atomics.add(words, word.arrived, 1) === this.size - 1) {
      Atomics.store(words, word.arrived, 0);
      Atomics.add(words, word.round, 1);
      Atomics.notify(words, word.round);
    } else {
      let spins = 0;
      let waited = 0;
      while (Atomics.load(words, word.round) === round) {
        if (Atomics.load(words, word.stopped) !== 0) break;
        if (spins++ < SPINS) continue;
        if (Atomics.wait(words, word.round, round, NAP) === 'timed-out') waited += NAP;
        if (waited < PATIENCE) continue;
        throw new EnvironmentError('the other workers of a large state did not come', {
          remedy: 'Call again, or use fewer threads',
        });
      }
    }
    if (Atomics.load(words, word.stopped) !== 0) throw new TeamStopped('the team was stopped');
  }

  /** This worker's share of consecutive parts: from the first, up to but without the last. */
  share(parts: number): readonly [from: number, to: number] {
    const { rank, size } = this;
    return [Math.floor((parts * rank) / size), Math.floor((parts * (rank + 1)) / size)];
  }
}
