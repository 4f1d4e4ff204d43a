import { actorCritic, adam, fold, integers, key } from 'ketwork';
import type { Policy } from 'ketwork';
import { mean, rounded } from '../../common/experiment.ts';
import type { Part } from '../../common/experiment.ts';
import { GridWorld } from './grid-world.ts';
import { classicalPolicy, quantumPolicy } from './policies.ts';

/** Names of the agents. */
export const QUANTUM = 'QFWP, decay 0.7';
export const SOURCE = 'QFWP, no decay';
export const CLASSICAL = 'MLP';

const SIZES = { observations: 147, actions: 3 };

/** An agent for the rooms. */
export interface Agent {
  readonly name: string;
  make(seed: number): Policy;
}

export const AGENTS: readonly Agent[] = [
  { name: QUANTUM, make: (seed) => quantumPolicy({ ...SIZES, decay: 0.7 }, seed) },
  { name: SOURCE, make: (seed) => quantumPolicy({ ...SIZES, decay: 1 }, seed) },
  // 10 hidden units make 1,524 parameters, at least as many as the 1,382 of the others.
  { name: CLASSICAL, make: (seed) => classicalPolicy({ ...SIZES, hidden: 10 }, seed) },
];

/** An agent trained in a room. */
export interface Lesson {
  /** Cells along a side of the room. */
  readonly room: number;
  readonly agent: string;
  readonly seed: number;
  readonly parameters: number;
  readonly steps: number;
  readonly episodes: number;
  /** Mean return of the episodes that ended in each fortieth of the steps; null where there were none. */
  readonly curve: readonly (number | null)[];
  /** Mean return of the last 100 episodes. */
  readonly last: number;
  /** Steps until the mean of 100 episodes first reached 0.7; null where it never did. */
  readonly solvedAfter: number | null;
  /** Seconds until then. */
  readonly solvedSeconds: number | null;
  readonly seconds: number;
}

export const ENVIRONMENTS = 8;
export const SETTINGS = {
  window: 5,
  discount: 0.95,
  entropyWeight: 0.01,
  valueWeight: 0.5,
  clip: { norm: 0.5 },
};
export const LEARNING_RATE = 1e-3;
export const GOOD = 0.7;
const BUCKETS = 40;
const RECENT = 100;

/** Trains an agent from nothing. */
export async function learn(
  agent: Agent,
  room: number,
  seed: number,
  steps: number,
  progress: Part['progress'],
): Promise<Lesson> {
  const policy = agent.make(seed);
  const rooms = Array.from({ length: ENVIRONMENTS }, () => new GridWorld(room));
  const options = { optimizer: adam(LEARNING_RATE), steps, seed, ...SETTINGS };
  const returns: number[] = [];
  const buckets = Array.from({ length: BUCKETS }, (): number[] => []);
  let recent = 0;
  let solved: { after: number; seconds: number } | undefined;
  let seconds = 0;
  for await (const update of actorCritic(policy, rooms, options)) {
    const bucket = Math.min(BUCKETS - 1, Math.floor(BUCKETS * update.progress));
    for (const { return: earned } of update.episodes) {
      returns.push(earned);
      buckets[bucket]!.push(earned);
      recent += earned - (returns.at(-RECENT - 1) ?? 0);
      if (returns.length >= RECENT && recent / RECENT >= GOOD)
        solved ??= { after: update.step, seconds: update.elapsed };
    }
    seconds = update.elapsed;
    if (update.episodes.length > 0)
      progress(
        update.progress,
        `mean return ${(recent / Math.min(RECENT, returns.length)).toFixed(2)}`,
      );
  }
  return {
    room,
    agent: agent.name,
    seed,
    parameters: policy.parameters.reduce((sum, { data }) => sum + data.length, 0),
    steps,
    episodes: returns.length,
    curve: buckets.map((bucket) => (bucket.length === 0 ? null : rounded(mean(bucket)))),
    last: rounded(mean(returns.slice(-RECENT))),
    solvedAfter: solved?.after ?? null,
    solvedSeconds: solved === undefined ? null : rounded(solved.seconds, 1),
    seconds: rounded(seconds, 1),
  };
}

/** Mean return of an agent that acts at random. */
export function randomReturn(room: number, episodes: number, seed: number): number {
  const world = new GridWorld(room);
  let sum = 0;
  for (let episode = 0; episode < episodes; episode++) {
    const own = fold(key(seed), episode);
    world.reset(fold(own, 0));
    const actions = integers(fold(own, 1), world.maxSteps, world.actions);
    for (let done = false, t = 0; !done; t++) {
      const step = world.step(actions[t]!);
      sum += step.reward;
      done = step.done;
    }
  }
  return sum / episodes;
}
