import { EnvironmentError, ValueError, fold } from '@ketwork/base';
import type { RoundRecord, Update } from '../contract.ts';
import { UpdateError } from '../errors.ts';
import { privateChange, randomnessOf, spentBy } from '../privacy/central.ts';
import { difference, weightedSum } from '../vectors.ts';
import { checkUpdate } from './check.ts';
import { chooseEach, chooseSome, inOrder, keysOf, namedUniform } from './keys.ts';
import type { FederationKeys } from './keys.ts';
import { checkIdentity, freshState } from './plan.ts';
import { taskOf } from './task.ts';
import type { OpenRound, RoundsPlan, RoundsState, SummedUpdates } from './state.ts';

/**
 * The rounds of a federation without clock, network or threads: who is asked, whose updates count, and what becomes of
 * them. `simulate` and the coordinator over HTTP both drive one. All that depends on chance follows from seed, round,
 * attempt and names (but for the draws and noise of central privacy, which are cryptographic unless asked otherwise), and
 * everything is added in the order of names: when and in what order updates arrive does not matter.
 *
 * `open` begins a round, `accept` takes updates, `close` ends it and changes `state`, in one go: whoever saves the state
 * after `close` can go on from it. A round that was open when a process died is opened again and gives the same tasks.
 */
export class Rounds {
  readonly plan: RoundsPlan;
  /** Where the federation stands; changes in `close` only. */
  readonly state: RoundsState;
  readonly #keys: FederationKeys;
  #open: OpenRound | undefined;
  readonly #accepted = new Map<string, Update>();

  /** @throws ValueError where the state belongs to another federation. */
  constructor(plan: RoundsPlan, state: RoundsState = freshState(plan)) {
    checkIdentity(plan, state);
    this.plan = plan;
    this.state = state;
    this.#keys = keysOf(plan.seed);
  }

  /** Whether all rounds are done. */
  get finished(): boolean {
    return this.state.round > this.plan.rounds;
  }

  /** The round that waits for updates. */
  get current(): OpenRound | undefined {
    return this.#open;
  }

  /** Selected participants whose updates have not come, in the order of names. */
  get waitingFor(): readonly string[] {
    return this.#open?.selected.filter((name) => !this.#accepted.has(name)) ?? [];
  }

  /** Participants whose updates count, in the order of names. */
  get answered(): readonly string[] {
    return this.#open?.selected.filter((name) => this.#accepted.has(name)) ?? [];
  }

  /**
   * Begins a round, or a new attempt at it, with participants drawn from those present.
   * @throws ValueError where a round is open or all are done; EnvironmentError where fewer are present than a round needs.
   */
  open(participants: Iterable<string>): OpenRound {
    const { round, attempt, weights } = this.state;
    if (this.finished) throw new ValueError('all rounds of the federation are done');
    if (this.#open !== undefined)
      throw new ValueError(`round ${this.#open.round} is open already`, {
        remedy: 'Close it first',
      });
    const present = inOrder(participants);
    const { minimum } = this.plan;
    if (present.length < minimum) {
      throw new EnvironmentError(
        `${present.length} participants are present; a round needs at least ${minimum}`,
        { remedy: 'Wait for more' },
      );
    }
    const selected = this.#select(present);
    this.#accepted.clear();
    this.#open = {
      round,
      attempt,
      selected,
      weights,
      task: (participant) => {
        if (!selected.includes(participant))
          throw new UpdateError('not-selected', `${participant} has no part in round ${round}`);
        return taskOf(this.plan, participant, round, attempt, selected.length);
      },
    };
    return this.#open;
  }

  #select(present: readonly string[]): readonly string[] {
    const { clients, central } = this.plan;
    const { round, attempt } = this.state;
    const key = fold(fold(this.#keys.selection, round), attempt);
    if (central === undefined) return chooseSome(present, clients ?? present.length, key);
    if (central.randomness === 'seeded-unsafe')
      return chooseEach(present, central.sampleRate, (name) => namedUniform(key, name));
    const numbers = randomnessOf(central, key).uniform(present.length);
    let next = 0;
    return chooseEach(present, central.sampleRate, () => numbers[next++]!);
  }

  /**
   * Takes an update of a selected participant. The first one counts; others are duplicates and change nothing.
   * @param update An {@link Update}, which need not be trusted; its array is kept.
   * @throws UpdateError where it does not count, with the reason.
   */
  accept(update: unknown, from: string): 'accepted' | 'duplicate' {
    const open = this.#open;
    if (open === undefined)
      throw new UpdateError('closed', `no round waits for the update of ${from}`);
    if (!open.selected.includes(from))
      throw new UpdateError('not-selected', `${from} has no part in round ${open.round}`);
    if (this.plan.secure !== undefined)
      throw new UpdateError('malformed', `${from} sends an update that is not masked`);
    if (this.#accepted.has(from)) return 'duplicate';
    this.#accepted.set(from, checkUpdate(update, from, open.round, open.weights, this.plan));
    return 'accepted';
  }

  /**
   * Ends the open round with the updates accepted, or gives it up where they are too few.
   * @param seconds Since the start of the run, for the record.
   * @throws ValueError where no round is open or the strategy made weights that are not finite; EnvironmentError where this
   * was the last attempt. The state is as before then.
   */
  close(seconds: number): RoundRecord | 'repeat' {
    const open = this.#mustBeOpen();
    const names = this.answered;
    const updates = names.map((name) => this.#accepted.get(name)!);
    if (names.length < this.plan.minimum) return this.#repeat(open, names.length);
    const examples = updates.reduce((sum, update) => sum + update.examples, 0);
    const shares = updates.map((update) => update.examples / examples);
    const weights = this.#combined(names, updates, shares);
    this.#note(names, updates);
    return this.#finish(open, weights, seconds, {
      participants: names,
      examples,
      loss: meanLoss(updates),
    });
  }

  /**
   * Ends the open round with the sum of updates that were not accepted one by one.
   * @throws what `close` throws; ValueError where the sum has another size or somebody in it has no part in the round.
   */
  closeSummed(summed: SummedUpdates, seconds: number): RoundRecord | 'repeat' {
    const open = this.#mustBeOpen();
    const { sum, examples, loss } = summed;
    const participants = inOrder(summed.participants);
    const stranger = participants.find((name) => !open.selected.includes(name));
    if (stranger !== undefined || sum.length !== this.plan.layout.size) {
      throw new ValueError(
        stranger === undefined
          ? `the sum of updates has ${sum.length} numbers, not ${this.plan.layout.size}`
          : `${stranger}, who has no part in round ${open.round}, is in the sum of updates`,
      );
    }
    if (this.plan.strategy.combine !== undefined)
      throw new ValueError(`${this.plan.strategy.name} needs single updates, not their sum`);
    if (participants.length < this.plan.minimum) return this.#repeat(open, participants.length);
    const { central } = this.plan;
    const delta =
      central === undefined
        ? sum.map((value) => (examples === 0 ? 0 : value / examples))
        : this.#noisy(central, sum);
    const weights = this.#stepped(delta);
    return this.#finish(open, weights, seconds, { participants, examples, loss });
  }

  /**
   * Gives the open round up as an attempt that failed, as where too few took part in a secure sum.
   * @throws ValueError where no round is open; EnvironmentError where this was the last attempt.
   */
  repeat(count: number): 'repeat' {
    return this.#repeat(this.#mustBeOpen(), count);
  }

  /**
   * Leaves out the attempts at the next round up to this one, which ended with their process: they do not count as failed.
   * @throws ValueError where a round is open.
   */
  passOver(attempt: number): void {
    const { state } = this;
    if (this.#open !== undefined) throw new ValueError(`round ${this.#open.round} is open already`);
    if (attempt < state.attempt) return;
    state.interrupted = (state.interrupted ?? 0) + attempt + 1 - state.attempt;
    state.attempt = attempt + 1;
  }

  /** Gives the open round up without counting an attempt: it can be opened again. */
  abandon(): void {
    this.#open = undefined;
    this.#accepted.clear();
  }

  /** Adds what the coordinator measured after the last round to its record; returns the record. */
  evaluated(evaluation: NonNullable<RoundRecord['evaluation']>): RoundRecord {
    const { history } = this.state;
    const last = history.at(-1);
    if (last === undefined) throw new ValueError('there is no finished round to evaluate');
    const { loss, metrics } = evaluation;
    return (history[history.length - 1] = { ...last, evaluation: { loss, metrics } });
  }

  #mustBeOpen(): OpenRound {
    if (this.#open === undefined)
      throw new ValueError('no round is open', { remedy: 'Call open first' });
    return this.#open;
  }

  #repeat({ round, attempt }: OpenRound, count: number): 'repeat' {
    const { minimum, attempts } = this.plan;
    if (attempt - (this.state.interrupted ?? 0) >= attempts) {
      throw new EnvironmentError(
        `round ${round} got ${count} updates of at least ${minimum} in its last of ${attempts} attempts`,
        { remedy: 'Ask more participants per round, need fewer, or allow more time or attempts' },
      );
    }
    this.abandon();
    this.state.attempt++;
    return 'repeat';
  }

  /** New weights from single updates. */
  #combined(
    names: readonly string[],
    updates: readonly Update[],
    shares: readonly number[],
  ): Float64Array {
    const { strategy, layout, central } = this.plan;
    const { weights: before } = this.state;
    if (central !== undefined) {
      const clipped = privateChange(updates, before, layout, central.clippingNorm);
      return this.#stepped(this.#noisy(central, clipped));
    }
    const { size } = layout;
    // Sums of weights rather than of changes: one participant alone gives exactly its own weights.
    if (strategy.combine === undefined && strategy.step === undefined)
      return weightedSum(
        updates.map((update) => update.weights),
        shares,
        size,
      );
    const deltas = updates.map((update) => difference(update.weights, before));
    if (strategy.combine === undefined) return this.#stepped(weightedSum(deltas, shares, size));
    const changes = updates.map(({ examples }, k) => ({
      participant: names[k]!,
      examples,
      delta: deltas[k]!,
    }));
    return this.#stepped(strategy.combine(changes));
  }

  /** The noisy sum over the expected number of participants; buffers stay. */
  #noisy(central: NonNullable<RoundsPlan['central']>, sum: Float64Array): Float64Array {
    const { layout, population } = this.plan;
    const { clippingNorm, noiseMultiplier, sampleRate } = central;
    const random = randomnessOf(central, fold(this.#keys.noise, this.state.round));
    const noise = noiseMultiplier === 0 ? undefined : random.normal(layout.trained);
    const deviation = noiseMultiplier === 0 ? 0 : noiseMultiplier * clippingNorm;
    return sum.map((value, i) =>
      i < layout.trained
        ? (value + (noise === undefined ? 0 : deviation * noise[i]!)) / (sampleRate * population)
        : 0,
    );
  }

  /** The strategy's step for parameters, a plain sum for buffers. Changes the strategy's state only where all is well. */
  #stepped(delta: Float64Array): Float64Array {
    const { strategy, layout } = this.plan;
    const { weights, strategy: kept } = this.state;
    const next = weights.map((value, i) => value + delta[i]!);
    if (strategy.step !== undefined) {
      const { trained } = layout;
      const trial = Object.fromEntries(
        Object.entries(kept).map(([name, array]) => [name, array.slice()]),
      );
      next.set(strategy.step(weights.slice(0, trained), delta.slice(0, trained), trial));
      this.#checkFinite(next);
      for (const [name, array] of Object.entries(trial)) kept[name] = array;
    }
    return next;
  }

  #checkFinite(weights: Float64Array): void {
    const bad = weights.findIndex((value) => !Number.isFinite(value));
    if (bad < 0) return;
    throw new ValueError(
      `round ${this.state.round}: ${this.plan.strategy.name} made the weight ${weights[bad]} at place ${bad}; the weights are those before the round`,
      { remedy: 'Lower the learning rate of the strategy, or bound updates with maxNorm' },
    );
  }

  #note(names: readonly string[], updates: readonly Update[]): void {
    if (this.plan.privacy === undefined) return;
    updates.forEach(({ epsilon }, k) => {
      if (epsilon !== undefined) this.state.epsilons[names[k]!] = epsilon;
    });
  }

  #finish(
    { round, attempt, selected }: OpenRound,
    weights: Float64Array,
    seconds: number,
    made: Pick<RoundRecord, 'participants' | 'examples' | 'loss'>,
  ): RoundRecord {
    this.#checkFinite(weights);
    const { local, layout, central, privacy } = this.plan;
    const { state } = this;
    const epsilon =
      central === undefined
        ? Math.max(0, ...Object.values(state.epsilons))
        : spentBy(central, state.history.length + 1);
    const record: RoundRecord = {
      round,
      attempts: attempt,
      selected,
      ...made,
      samples: made.examples * local.epochs,
      ...(central === undefined && privacy === undefined ? {} : { epsilon }),
      bytes: 8 * layout.size * (selected.length + made.participants.length),
      seconds,
    };
    state.weights = weights;
    state.round++;
    state.attempt = 1;
    delete state.interrupted;
    state.history.push(record);
    this.abandon();
    return record;
  }
}

/** The mean of the losses that are told; one alone comes out as it is. */
function meanLoss(updates: readonly Update[]): number {
  const telling = updates.filter(({ loss }) => loss !== undefined);
  const examples = telling.reduce((sum, update) => sum + update.examples, 0);
  if (telling.length === 0) return NaN;
  return telling.reduce((sum, update) => sum + (update.examples / examples) * update.loss!, 0);
}
