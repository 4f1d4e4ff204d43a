import { ValueError, key, uniform } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { fastWeightProgrammer } from '@ketwork/layers';
import { Tape, adam, dense, ops, prefixed, sgd } from '@ketwork/nn';
import type { Rule, Tensor } from '@ketwork/nn';
import { Random, centralDifferences, expectClose } from '@ketwork/testing';
import { actorCritic } from '@ketwork/training';
import type { ActorCriticOptions, Environment, EpisodeRecord, Policy } from '@ketwork/training';
import { describe, expect, test } from 'vitest';
import { actorCriticLoss } from '../src/actor-critic-loss.ts';

/** Shows a cue once; after `blank` empty steps the action that equals the cue earns 1. */
class Cue implements Environment {
  readonly observationSize: number = 2;
  readonly actions: number = 2;
  readonly #blank: number;
  #cue = 0;
  #step = 0;

  constructor(blank: number) {
    this.#blank = blank;
  }

  reset(episode: Key): number[] {
    this.#cue = uniform(episode, 1)[0]! < 0.5 ? 0 : 1;
    this.#step = 0;
    return [2 * this.#cue - 1, 0];
  }

  step(action: number): { observation: number[]; reward: number; done: boolean } {
    const done = this.#step++ >= this.#blank;
    const reward = done && action === this.#cue ? 1 : 0;
    return { observation: [0, this.#step === this.#blank ? 1 : 0], reward, done };
  }
}

/** An agent without memory: one dense layer. */
function plain(seed: number, observations = 2): Policy {
  const heads = dense(observations, 3).build([1, observations], key(seed));
  return {
    parameters: heads.parameters,
    record(x, context) {
      const y = heads.forward(x, context);
      return { logits: ops.slice(y, 0, 2, 1), values: column(ops.slice(y, 2, 3, 1)) };
    },
  };
}

/** An agent that remembers by fast weights. */
function remembering(seed: number): Policy {
  const layer = fastWeightProgrammer({ inputs: 2, qubits: 3, encode: 'first' });
  const memory = layer.build([1, 2], key(seed));
  const heads = dense(3, 3).build([1, 3], key(seed + 1));
  return {
    parameters: [...prefixed('memory', memory.parameters), ...prefixed('heads', heads.parameters)],
    stateShape: memory.stateShape,
    bind: (engine) => memory.bind!(engine),
    record(x, context, from) {
      const { outputs, state } = memory.unroll(x, context, from);
      const y = heads.forward(outputs, context);
      return { logits: ops.slice(y, 0, 2, 1), values: column(ops.slice(y, 2, 3, 1)), state };
    },
  };
}

const column = (x: Tensor): Tensor => ops.reshape(x, [x.shape[0]!]);

async function play(
  policy: Policy,
  environments: readonly Environment[],
  options: ActorCriticOptions,
): Promise<EpisodeRecord[]> {
  const all: EpisodeRecord[] = [];
  for await (const { episodes } of actorCritic(policy, environments, options))
    all.push(...episodes);
  return all;
}

const meanReturn = (episodes: readonly EpisodeRecord[]): number =>
  episodes.reduce((sum, episode) => sum + episode.return, 0) / episodes.length;

describe('actorCriticLoss', () => {
  const [batch, steps, choices] = [2, 4, 3];
  const random = new Random(1);
  const z = random.normals(batch * (steps + 1) * choices);
  const v = random.normals(batch * (steps + 1));
  const rewards = random.normals(batch * steps);
  const actions = Uint32Array.from({ length: batch * steps }, (_, i) => i % choices);
  const ends = Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 1);
  const weights = { discount: 0.9, valueWeight: 0.7, entropyWeight: 0.05 };

  /** Returns by their definition: all rewards up to the end of the episode, or the value behind the window. */
  const returns = Float64Array.from({ length: batch * steps }, (_, at) => {
    const [e, t] = [Math.floor(at / steps), at % steps];
    let sum = 0;
    for (let k = t; k < steps; k++) {
      sum += 0.9 ** (k - t) * rewards[e * steps + k]!;
      if (ends[e * steps + k] === 1) return sum;
    }
    return sum + 0.9 ** (steps - t) * v[e * (steps + 1) + steps]!;
  });

  /** The loss of both environments together with given returns and, in its first part, given advantages. */
  function loss(logits: Float64Array, values: Float64Array): [number] {
    let total = 0;
    for (let at = 0; at < batch * steps; at++) {
      const row = Math.floor(at / steps) * (steps + 1) + (at % steps);
      const e = Array.from(logits.subarray(row * choices, (row + 1) * choices), Math.exp);
      const p = e.map((x) => x / e.reduce((a, b) => a + b));
      const entropy = -p.reduce((sum, x) => sum + x * Math.log(x), 0);
      const advantage = returns[at]! - v[row]!;
      const error = returns[at]! - values[row]!;
      total -= advantage * Math.log(p[actions[at]!]!);
      total += 0.7 * 0.5 * error ** 2 - 0.05 * entropy;
    }
    return [total / steps];
  }

  test('is the loss of n-step returns, with gradients that take returns and advantages as given', async () => {
    const tape = new Tape(batch);
    const logits = tape.variable(z, [steps + 1, choices], 'batch');
    const values = tape.variable(v, [steps + 1], 'batch');
    const parts = { policy: 0, value: 0, entropy: 0 };
    const window = { steps, actions, rewards, ends };
    const losses = actorCriticLoss(logits, values, window, weights, parts);
    await tape.run();
    const total = tape.value(losses).reduce((a, b) => a + b);
    expectClose([total], loss(z, v), 1e-13);
    expectClose([parts.policy + 0.7 * parts.value - 0.05 * parts.entropy], [total / batch], 1e-13);
    const gradients = await tape.backward(losses, Float64Array.of(1, 1));
    expectClose(
      gradients.of(logits),
      centralDifferences((x) => loss(x, v), z),
      1e-9,
    );
    expectClose(
      gradients.of(values),
      centralDifferences((x) => loss(z, x), v),
      1e-9,
    );
    const first = await tape.backward(losses, Float64Array.of(2, 0));
    const half = (steps + 1) * choices;
    expectClose(
      first.of(logits).subarray(0, half),
      gradients
        .of(logits)
        .subarray(0, half)
        .map((g) => 2 * g),
      1e-14,
    );
    expect(
      first
        .of(logits)
        .subarray(half)
        .every((g) => Math.abs(g) === 0),
    ).toBe(true);
  });
});

describe('actorCritic', () => {
  const lever: ActorCriticOptions = { optimizer: adam(0.03), steps: 3000, seed: 1 };

  test('learns what pays, and the same with the same seed', async () => {
    const worlds = () => Array.from({ length: 4 }, () => new Cue(0));
    const policy = plain(1);
    const before = policy.parameters.map(({ data }) => data.slice());
    const episodes = await play(policy, worlds(), lever);
    expect(episodes).toHaveLength(3000);
    expect(meanReturn(episodes.slice(0, 100))).toBeLessThan(0.75);
    expect(meanReturn(episodes.slice(-100))).toBeGreaterThan(0.95);
    const again = plain(1);
    expect(again.parameters.map(({ data }) => data)).toEqual(before);
    expect(await play(again, worlds(), lever)).toEqual(episodes);
    expect(again.parameters).toEqual(policy.parameters);
    expect(await play(plain(1), worlds(), { ...lever, seed: 2 })).not.toEqual(episodes);
  });

  test('learns to remember where the agent has a memory, and cannot where it has none', async () => {
    const worlds = Array.from({ length: 8 }, () => new Cue(2));
    const options = { optimizer: adam(0.01), steps: 24_000, seed: 3, window: 4, discount: 0.9 };
    const remembered = await play(remembering(5), worlds, options);
    expect(remembered.every(({ length }) => length === 3)).toBe(true);
    expect(meanReturn(remembered.slice(-200))).toBeGreaterThan(0.95);
    const forgetful = await play(plain(5), worlds, options);
    expect(meanReturn(forgetful.slice(-1000))).toBeLessThan(0.6);
  });

  test('carries the memory from step to step and from window to window, and drops it where an episode begins', async () => {
    // A memory that counts the steps of the episode, and an environment that shows their number.
    const seen: { counts: number[]; shown: number[] }[] = [];
    const heads = dense(1, 3).build([1, 1], key(1));
    const policy: Policy = {
      parameters: heads.parameters,
      stateShape: [1],
      record(x, context, { state, starts }) {
        const counts = counter(x.shape[0]!, state!, starts, x, (count, shown) =>
          seen.push({ counts: [...count], shown: [...shown] }),
        );
        const y = heads.forward(ops.reshape(counts, [x.shape[0]!, 1]), context);
        const last = ops.slice(counts, x.shape[0]! - 1, x.shape[0]!);
        return {
          logits: ops.slice(y, 0, 2, 1),
          values: column(ops.slice(y, 2, 3, 1)),
          state: last,
        };
      },
    };
    const world = (length: number): Environment => {
      let step = 0;
      return {
        observationSize: 1,
        actions: 2,
        reset: () => [(step = 1)],
        step: () => ({ observation: [++step], reward: 1, done: step > length }),
      };
    };
    const episodes = await play(policy, [world(3), world(7)], {
      optimizer: sgd(0),
      steps: 60,
      seed: 1,
      window: 4,
    });
    // Eight windows of four steps looked at one by one, then together with the step after.
    expect(seen.map(({ counts }) => counts.length)).toEqual(
      Array.from({ length: 8 }, () => [2, 2, 2, 2, 10]).flat(),
    );
    for (const { counts, shown } of seen) expect(counts).toEqual(shown);
    const ofLength = (length: number) =>
      episodes.filter((episode) => episode.length === length).map(({ step }) => step);
    expect(ofLength(3)).toEqual([6, 12, 18, 24, 30, 36, 42, 48, 54, 60]);
    expect(ofLength(7)).toEqual([14, 28, 42, 56]);
    expect(episodes.every(({ return: r, length }) => r === length)).toBe(true);
  });

  test('shortens long gradients, reports how it goes, and stops when told to', async () => {
    const stop = new AbortController();
    const policy = plain(1);
    const start = policy.parameters.map(({ data }) => data.slice());
    const options = {
      optimizer: sgd(1),
      steps: 1000,
      seed: 1,
      clip: { norm: 1e-3 },
      signal: stop.signal,
    };
    const seen: number[] = [];
    for await (const step of actorCritic(policy, [new Cue(0), new Cue(0)], options)) {
      seen.push(step.step);
      expect(step.steps).toBe(1000);
      expect(step.progress).toBe(step.step / 1000);
      expect(step.entropy).toBeGreaterThan(0);
      expect(step.entropy).toBeLessThanOrEqual(Math.log(2));
      if (step.step === 30) stop.abort();
    }
    expect(seen).toEqual([10, 20, 30]);
    const moved = policy.parameters.map(({ data }, i) => data.map((x, j) => x - start[i]![j]!));
    const norm = Math.hypot(...moved.flatMap((d) => [...d]));
    expect(norm).toBeGreaterThan(1e-4);
    expect(norm).toBeLessThanOrEqual(3e-3 * (1 + 1e-9));
  });

  test('refuses what does not fit', async () => {
    const world = new Cue(0);
    const other: Environment = {
      observationSize: 3,
      actions: 2,
      reset: () => [0, 0, 0],
      step: (action) => world.step(action),
    };
    const options: ActorCriticOptions = { optimizer: adam(0.01), steps: 10, seed: 1 };
    const refused: readonly [readonly Environment[], Partial<ActorCriticOptions>, RegExp][] = [
      [[], {}, /no environment/],
      [[world, world], {}, /listed twice/],
      [[world, other], {}, /environment 1 has other sizes/],
      [[world], { steps: 0 }, /steps is 0/],
      [[world], { window: 0.5 }, /window is 0.5/],
      [[world], { seed: -1 }, /seed -1/],
      [[world], { discount: 1.5 }, /discount is 1.5/],
      [[world], { entropyWeight: -1 }, /entropyWeight is -1/],
      [[world], { clip: { norm: 0 } }, /actorCritic: clip.norm is 0/],
    ];
    for (const [worlds, change, message] of refused) {
      const make = () => actorCritic(plain(1), worlds, { ...options, ...change });
      expect(make).toThrow(ValueError);
      expect(make).toThrow(message);
    }
    await expect(play(plain(1, 3), [new Cue(0)], options)).rejects.toThrow(/shape/);
    const short: Environment = {
      observationSize: 2,
      actions: 2,
      reset: () => [1],
      step: () => world.step(0),
    };
    await expect(play(plain(1), [short], options)).rejects.toThrow(
      /environment 0 showed 1 numbers/,
    );
    const three: Environment = {
      observationSize: 2,
      actions: 3,
      reset: () => [1, 1],
      step: () => ({ observation: [1, 1], reward: 0, done: false }),
    };
    await expect(play(plain(1), [three], options)).rejects.toThrow(/gave logits \[6, 2\]/);
    const bad: Environment = {
      ...three,
      actions: 2,
      step: () => ({ observation: [1, Number.NaN], reward: 0, done: false }),
    };
    await expect(play(plain(1), [bad], options)).rejects.toThrow(
      /gradient of .* not finite at update 1/,
    );
  });
});

/** Counts steps since the beginning of an episode: 1 at a step that begins one. */
function counter(
  steps: number,
  state: Tensor,
  starts: Tensor,
  x: Tensor,
  seen: (counts: Float64Array, shown: Float64Array) => void,
): Tensor {
  const rule: Rule = {
    name: 'counter',
    forward([before, begins, shown], batch) {
      const out = new Float64Array(batch * steps);
      for (let e = 0; e < batch; e++) {
        let count = before![e]!;
        for (let t = 0; t < steps; t++) {
          count = begins![e * steps + t] === 1 ? 1 : count + 1;
          out[e * steps + t] = count;
        }
      }
      seen(out, shown!);
      return out;
    },
    vjp: () => [undefined, undefined, undefined],
  };
  return (x.tape satisfies Tape).record(rule, [state, starts, x], [steps]);
}
