import { ValueError, fold, key as keyOf, split, uniformAt } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { Tape } from '@ketwork/nn';
import type { ForwardContext, Optimizer, Parameter, Shape, Tensor } from '@ketwork/nn';
import { cpu } from '@ketwork/simulator';
import type { AsyncEngine, Engine } from '@ketwork/simulator';
import { actorCriticLoss, logSoftmax } from './actor-critic-loss.ts';
import type { LossParts } from './actor-critic-loss.ts';
import { checkClip, clipGradients } from './clip.ts';
import type { ClipOptions } from './clip.ts';
import { Breather } from './engine.ts';

/** What an action led to. */
export interface EnvironmentStep {
  /** What is seen now, `[observationSize]`. Copied at once. */
  readonly observation: ArrayLike<number>;
  /** What the action earned. */
  readonly reward: number;
  /** Whether the episode ended; the next call is `reset` then. */
  readonly done: boolean;
}

/** A world in which an agent acts, one episode after the other. All chance comes from the key of the episode. */
export interface Environment {
  /** Numbers of an observation. */
  readonly observationSize: number;
  /** Number of actions; they are 0, 1, … */
  readonly actions: number;
  /** Begins an episode and returns the first observation, `[observationSize]`. */
  reset(key: Key): ArrayLike<number>;
  /** Does an action. */
  step(action: number): EnvironmentStep;
}

/** What a {@link Policy} records. */
export interface PolicyOutputs {
  /** Logits of the actions, `[steps, actions]`. */
  readonly logits: Tensor;
  /** Expected discounted rewards to come, `[steps]`. */
  readonly values: Tensor;
  /** Memory after the last step; missing where there is none. */
  readonly state?: Tensor;
}

/** An agent that learns: layers that read observations and give actions and values, with or without memory. */
export interface Policy {
  /** What training changes. */
  readonly parameters: readonly Parameter[];
  /** Shape of the memory that is carried from step to step, zeros where an episode begins; missing where there is none. */
  readonly stateShape?: Shape;
  /**
   * Records steps of observations `[steps, observationSize]`. `state` is the memory before the first step; `starts`
   * `[steps]` is 1 for each step that begins an episode, before which the memory must be set to zeros.
   */
  record(
    observations: Tensor,
    context: ForwardContext,
    from: { readonly state?: Tensor; readonly starts: Tensor },
  ): PolicyOutputs;
  /** Gives quantum layers their engine. */
  bind?(engine: unknown): void;
}

/** Options of {@link actorCritic}. */
export interface ActorCriticOptions {
  /** The optimiser. */
  readonly optimizer: Optimizer;
  /** Steps in all, those of all environments counted; rounded up to whole windows. */
  readonly steps: number;
  /** Seed of episodes and actions, an integer from 0 to 2^53 - 1. */
  readonly seed: number;
  /** Steps per environment between two updates, over which gradients go back in time. Default 5. */
  readonly window?: number;
  /** Discount of the reward of the next step, from 0 to 1. Default 0.99. */
  readonly discount?: number;
  /** Weight of the squared error of the values. Default 0.5. */
  readonly valueWeight?: number;
  /** Weight of the entropy of the actions, which keeps the agent trying. Default 0.01. */
  readonly entropyWeight?: number;
  /** How gradients are kept small. Default `{ norm: 0.5 }`; `{}` leaves them as they are. */
  readonly clip?: ClipOptions;
  /** Engine for quantum layers. Default: the CPU in this thread. */
  readonly engine?: Engine | AsyncEngine;
  /** Stops between two updates. */
  readonly signal?: AbortSignal;
}

/** An episode that has ended. */
export interface EpisodeRecord {
  /** Sum of its rewards, not discounted. */
  readonly return: number;
  /** Its number of steps. */
  readonly length: number;
  /** Steps of all environments until its end. */
  readonly step: number;
}

/** What is known after an update. */
export interface ActorCriticProgress {
  /** Steps of all environments so far. */
  readonly step: number;
  /** Steps there will be. */
  readonly steps: number;
  /** Share of the run that is done, 0 to 1. */
  readonly progress: number;
  /** Episodes that ended in this window. */
  readonly episodes: readonly EpisodeRecord[];
  /** Mean of `-A log π(a)`. */
  readonly policyLoss: number;
  /** Mean of `(R - V)²/2`. */
  readonly valueLoss: number;
  /** Mean entropy of the actions in nats. */
  readonly entropy: number;
  /** Seconds since the start. */
  readonly elapsed: number;
}

/**
 * Trains an agent by advantage actor-critic (Mnih et al., arXiv:1602.01783) in its synchronous form: all environments
 * act side by side as one batch, and after every window of steps there is one update from n-step returns, in which the
 * value of the observation after the window stands for the rewards to come. An episode that is cut off for its length
 * counts as ended.
 *
 * An agent with memory carries it over the steps of an episode and begins every episode without. Gradients go back to
 * the beginning of the window, not further. The same seed gives the same bits.
 *
 * @param environments All of the same sizes; their number is the batch.
 * @returns A loop over the updates. Nothing happens before it is looped over; leaving the loop ends the run. It throws
 * ValueError where a gradient is not finite, and what policy, environments and engine throw.
 * @throws ValueError where options or environments do not fit.
 * @example
 * ```ts
 * import { adam, dense, ops } from '@ketwork/nn';
 * import { key } from '@ketwork/base';
 * import { actorCritic } from '@ketwork/training';
 * // A lever that pays, one that does not, and an agent that sees nothing of interest.
 * const lever = {
 *   observationSize: 1,
 *   actions: 2,
 *   reset: () => [1],
 *   step: (action: number) => ({ observation: [1], reward: action, done: true }),
 * };
 * const heads = dense(1, 3).build([1, 1], key(1));
 * const policy = {
 *   parameters: heads.parameters,
 *   record: (x: Parameters<typeof heads.forward>[0], context: Parameters<typeof heads.forward>[1]) => {
 *     const y = heads.forward(x, context);
 *     return { logits: ops.slice(y, 0, 2, 1), values: ops.reshape(ops.slice(y, 2, 3, 1), [y.shape[0]!]) };
 *   },
 * };
 * let last = 0;
 * for await (const { episodes } of actorCritic(policy, [lever, { ...lever }], { optimizer: adam(0.05), steps: 2000, seed: 1 }))
 *   last = episodes.reduce((sum, episode) => sum + episode.return, 0) / episodes.length;
 * console.log(last > 0.9); // true
 * ```
 */
export function actorCritic(
  policy: Policy,
  environments: readonly Environment[],
  options: ActorCriticOptions,
): AsyncGenerator<ActorCriticProgress, void> {
  return updates(policy, checked(environments), settings(options));
}

type Settings = Required<Omit<ActorCriticOptions, 'engine' | 'signal'>> &
  Pick<ActorCriticOptions, 'engine' | 'signal'>;

async function* updates(
  policy: Policy,
  environments: readonly Environment[],
  options: Settings,
): AsyncGenerator<ActorCriticProgress, void> {
  const { optimizer, seed, window, signal } = options;
  const count = environments.length;
  policy.bind?.(options.engine ?? (await cpu()));
  const [episodeKey, actionKey] = split(keyOf(seed), 2) as [Key, Key];
  const actors = new Actors(policy, environments, episodeKey, actionKey, window);
  const state = optimizer.init(policy.parameters);
  const total = Math.ceil(options.steps / (window * count));
  const breather = new Breather();
  const start = performance.now();
  for (let update = 1; update <= total; update++) {
    if (signal?.aborted === true) return;
    await breather.pause();
    const episodes = await actors.play();
    const { grads, parts } = await gradients(policy, actors, options);
    checkFinite(grads, policy.parameters, update);
    clipGradients(grads, options.clip);
    optimizer.step(policy.parameters, grads, state);
    yield {
      step: update * window * count,
      steps: total * window * count,
      progress: update / total,
      episodes,
      policyLoss: parts.policy,
      valueLoss: parts.value,
      entropy: parts.entropy,
      elapsed: (performance.now() - start) / 1000,
    };
  }
}

/** The environments, what they show, and what the agent remembers of each. */
class Actors {
  /** Observations of the window and the one after it, `[environments, window + 1, observationSize]`. */
  readonly observations: Float64Array;
  /** 1 for each of these that begins an episode. */
  readonly starts: Float64Array;
  readonly actions: Uint32Array;
  readonly rewards: Float64Array;
  readonly ends: Uint8Array;
  /** Memory before the window, `[environments, ...stateShape]`. */
  memory: Float64Array | undefined;
  readonly size: number;
  readonly count: number;
  readonly choices: number;
  readonly window: number;
  readonly #policy: Policy;
  readonly #environments: readonly Environment[];
  readonly #episodeKey: Key;
  readonly #actionKey: Key;
  readonly #episodeCounts: Uint32Array;
  readonly #returns: Float64Array;
  readonly #lengths: Uint32Array;
  #after: Float64Array | undefined;
  #step = 0;

  constructor(
    policy: Policy,
    environments: readonly Environment[],
    episodeKey: Key,
    actionKey: Key,
    window: number,
  ) {
    const count = environments.length;
    this.#policy = policy;
    this.#environments = environments;
    this.#episodeKey = episodeKey;
    this.#actionKey = actionKey;
    this.count = count;
    this.window = window;
    this.size = environments[0]!.observationSize;
    this.choices = environments[0]!.actions;
    this.observations = new Float64Array(count * (window + 1) * this.size);
    this.starts = new Float64Array(count * (window + 1));
    this.actions = new Uint32Array(count * window);
    this.rewards = new Float64Array(count * window);
    this.ends = new Uint8Array(count * window);
    this.#episodeCounts = new Uint32Array(count);
    this.#returns = new Float64Array(count);
    this.#lengths = new Uint32Array(count);
    const { stateShape } = policy;
    if (stateShape !== undefined)
      this.#after = new Float64Array(count * stateShape.reduce((a, b) => a * b, 1));
    for (let e = 0; e < count; e++) this.#begin(e, window);
  }

  /** Plays a window; the last observation of the one before is its first. */
  async play(): Promise<EpisodeRecord[]> {
    const { count, window, size, observations, starts } = this;
    const episodes: EpisodeRecord[] = [];
    this.memory = this.#after;
    for (let e = 0; e < count; e++) {
      const row = e * (window + 1);
      observations.copyWithin(row * size, (row + window) * size, (row + window + 1) * size);
      starts[row] = starts[row + window]!;
    }
    for (let t = 0; t < window; t++) {
      const logits = await this.#look(t);
      for (let e = 0; e < count; e++) {
        const action = this.#draw(logits, e);
        const { observation, reward, done } = this.#environments[e]!.step(action);
        this.actions[e * window + t] = action;
        this.rewards[e * window + t] = reward;
        this.ends[e * window + t] = done ? 1 : 0;
        this.#returns[e]! += reward;
        this.#lengths[e]!++;
        if (done) {
          const step = (this.#step + 1) * count;
          episodes.push({ return: this.#returns[e]!, length: this.#lengths[e]!, step });
          this.#begin(e, t + 1);
        } else {
          this.#see(e, t + 1, observation, 0);
        }
      }
      this.#step++;
    }
    return episodes;
  }

  /** Logits for what all environments show at a step of the window; the memory moves on. */
  async #look(t: number): Promise<Float64Array> {
    const { count, window, size, observations, starts } = this;
    const tape = new Tape(count);
    const x = new Float64Array(count * size);
    const begins = new Float64Array(count);
    for (let e = 0; e < count; e++) {
      const row = e * (window + 1) + t;
      x.set(observations.subarray(row * size, (row + 1) * size), e * size);
      begins[e] = starts[row]!;
    }
    const recorded = record(this.#policy, tape, x, begins, this.#after, [1, size], false);
    await tape.run();
    if (recorded.state !== undefined) this.#after = tape.value(recorded.state);
    return tape.value(recorded.logits);
  }

  #draw(logits: Float64Array, e: number): number {
    const { choices } = this;
    const log = new Float64Array(choices);
    logSoftmax(logits, e * choices, choices, log);
    let left = uniformAt(this.#actionKey, e, this.#step);
    for (let action = 0; action < choices - 1; action++) {
      left -= Math.exp(log[action]!);
      if (left < 0) return action;
    }
    return choices - 1;
  }

  #begin(e: number, t: number): void {
    const episode = fold(fold(this.#episodeKey, e), this.#episodeCounts[e]!++);
    this.#returns[e] = 0;
    this.#lengths[e] = 0;
    this.#see(e, t, this.#environments[e]!.reset(episode), 1);
  }

  #see(e: number, t: number, observation: ArrayLike<number>, start: number): void {
    if (observation.length !== this.size) {
      throw new ValueError(
        `actorCritic: environment ${e} showed ${observation.length} numbers where its observations have ${this.size}`,
      );
    }
    const row = e * (this.window + 1) + t;
    this.observations.set(observation, row * this.size);
    this.starts[row] = start;
  }
}

function record(
  policy: Policy,
  tape: Tape,
  observations: Float64Array,
  starts: Float64Array,
  memory: Float64Array | undefined,
  shape: readonly [steps: number, size: number],
  training: boolean,
): PolicyOutputs {
  const context: ForwardContext = { tape, training, key: undefined, firstExample: 0 };
  const { stateShape } = policy;
  return policy.record(tape.constant(observations, shape, 'batch'), context, {
    starts: tape.constant(starts, [shape[0]], 'batch'),
    ...(stateShape === undefined ? {} : { state: tape.constant(memory!, stateShape, 'batch') }),
  });
}

async function gradients(
  policy: Policy,
  actors: Actors,
  weights: Settings,
): Promise<{ grads: Float64Array[]; parts: LossParts }> {
  const { count, window, size, observations, starts, memory } = actors;
  const tape = new Tape(count);
  const shape = [window + 1, size] as const;
  const { logits, values } = record(policy, tape, observations, starts, memory, shape, true);
  checkOutputs(logits, values, [window + 1, actors.choices]);
  const parts: LossParts = { policy: 0, value: 0, entropy: 0 };
  const { actions, rewards, ends } = actors;
  const losses = actorCriticLoss(
    logits,
    values,
    { steps: window, actions, rewards, ends },
    weights,
    parts,
  );
  await tape.run();
  const result = await tape.backward(losses, new Float64Array(count).fill(1 / count));
  // Two parameters may get the same array, which would be shortened twice.
  const grads = policy.parameters.map((p) => result.of(tape.parameter(p)).slice());
  return { grads, parts };
}

function checked(environments: readonly Environment[]): readonly Environment[] {
  const first = environments[0];
  if (first === undefined) throw new ValueError('actorCritic: there is no environment');
  if (new Set(environments).size < environments.length) {
    throw new ValueError('actorCritic: an environment is listed twice', {
      remedy: 'Make one for each place: they hold the state of their episode',
    });
  }
  environments.forEach(({ observationSize, actions }, e) => {
    if (observationSize !== first.observationSize || actions !== first.actions)
      throw new ValueError(`actorCritic: environment ${e} has other sizes than environment 0`);
  });
  return environments;
}

function settings(options: ActorCriticOptions): Settings {
  const { window = 5, discount = 0.99, valueWeight = 0.5, entropyWeight = 0.01 } = options;
  const { clip = { norm: 0.5 }, steps, seed } = options;
  for (const [name, value] of Object.entries({ window, steps })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new ValueError(`actorCritic: ${name} is ${value}, not a positive integer`);
  }
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new ValueError(`actorCritic: seed ${String(seed)} is not an integer from 0 to 2^53 - 1`);
  if (!(discount >= 0 && discount <= 1))
    throw new ValueError(`actorCritic: discount is ${discount}, not from 0 to 1`);
  for (const [name, value] of Object.entries({ valueWeight, entropyWeight })) {
    if (!(value >= 0 && value < Infinity))
      throw new ValueError(`actorCritic: ${name} is ${value}, not a finite number of at least 0`);
  }
  checkClip('actorCritic', clip);
  return { ...options, window, discount, valueWeight, entropyWeight, clip };
}

function checkOutputs(
  logits: Tensor,
  values: Tensor,
  [steps, choices]: readonly [number, number],
): void {
  const fits = (tensor: Tensor, shape: Shape): boolean =>
    tensor.axis === 'batch' && tensor.shape.join() === shape.join();
  if (fits(logits, [steps, choices]) && fits(values, [steps])) return;
  throw new ValueError(
    `actorCritic: the policy gave logits [${logits.shape.join(', ')}] and values [${values.shape.join(', ')}] where [${steps}, ${choices}] and [${steps}] are needed`,
  );
}

function checkFinite(
  grads: readonly Float64Array[],
  parameters: readonly Parameter[],
  update: number,
): void {
  const bad = grads.findIndex((grad) => grad.some((value) => !Number.isFinite(value)));
  if (bad < 0) return;
  throw new ValueError(
    `actorCritic: the gradient of ${parameters[bad]!.name} is not finite at update ${update}`,
    { remedy: 'Use a lower learning rate, and check observations and rewards' },
  );
}
