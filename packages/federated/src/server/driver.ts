import type { RoundRecord } from '../contract.ts';
import { UpdateError } from '../errors.ts';
import type { UpdateFault } from '../errors.ts';
import type { OpenRound } from '../rounds/state.ts';
import type { Rounds } from '../rounds/rounds.ts';
import type { SimulationEvent } from '../simulation/options.ts';
import { pause } from '../client/backoff.ts';
import type { Plain } from '../wire/message.ts';
import { SecureAggregationError } from '../secure/error.ts';
import type { Identities } from '../secure/identity.ts';
import { SecureRound, sumSecurely } from '../secure/round.ts';
import { KINDS, trainAnswer } from '../wire/protocol.ts';
import type { QuestionId } from '../wire/protocol.ts';
import { integer, list, object, text } from '../wire/schema.ts';
import type { Exchange, Outcome, Question } from './exchange.ts';
import type { Journal, LoggedRound } from './journal.ts';

/** What drives rounds over HTTP. */
export interface DriverOptions {
  readonly rounds: Rounds;
  readonly exchange: Exchange;
  readonly journal: Journal | undefined;
  /** Seconds for which a round waits for its updates. */
  readonly roundTimeout: number;
  /** Participants that a round waits for before it begins, those left out that are known to be away. */
  readonly waitFor: number;
  /** Everyone who may take part. */
  readonly names: readonly string[];
  /** Whose signatures participants of secure sums want to see. */
  readonly identities?: Identities | undefined;
  readonly signal: AbortSignal;
  /** Measures the new weights and whatever else belongs to a round; its record is saved afterwards. */
  readonly measure: (record: RoundRecord) => Promise<RoundRecord>;
  /** Something happened within a round. */
  readonly event: (event: SimulationEvent) => void;
  /** A round is done and saved. `'stop'` ends the federation. */
  readonly done: (record: RoundRecord) => unknown;
}

/** Where the saved state stands. */
export interface SavedRounds {
  /** Rounds that are done and measured. */
  readonly done: number;
  /** Attempt at the one after them, from 1. */
  readonly attempt: number;
}

/** How a federation ended. */
export type EndReason = 'completed' | 'stopped' | 'aborted';

const opening = object({
  run: text(64),
  round: integer(1),
  attempt: integer(1),
  present: list(text(64), 1_000_000),
  selected: list(text(64), 1_000_000),
});

/** Tells what becomes of updates, see `onEvent`. */
interface Reporter {
  /** Takes an update and tells what came of it. */
  of(name: string, take: () => 'accepted' | 'duplicate'): 'accepted' | 'duplicate';
  /** Tells of those that did not answer. */
  rest(names: readonly string[]): void;
}

/** Rounds, one after the other, over an {@link Exchange}. */
export class Driver {
  readonly #options: DriverOptions;
  readonly #started: number = performance.now();
  readonly #secondsBefore: number;
  #logged: LoggedRound | undefined;
  /** Who was present when the last round was opened, those left out that were asked in vain. */
  #expected: readonly string[];
  #saved: SavedRounds;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#expected = options.names;
    this.#secondsBefore = options.rounds.state.history.at(-1)?.seconds ?? 0;
    this.#saved = this.#standing();
  }

  /** Seconds since the federation began, those between processes left out. */
  get seconds(): number {
    return this.#secondsBefore + (performance.now() - this.#started) / 1000;
  }

  /** What may be told: the rounds that are saved, where there is a journal. */
  get saved(): SavedRounds {
    return this.#saved;
  }

  /** Saves the state. */
  async save(): Promise<void> {
    await this.#options.journal?.save(this.#options.rounds.state);
    this.#saved = this.#standing();
  }

  #standing(): SavedRounds {
    const { history, attempt } = this.#options.rounds.state;
    return { done: history.length, attempt };
  }

  /** Runs to the end. Rejects where a round cannot be finished; finished ones are safe then. */
  async run(): Promise<EndReason> {
    const { rounds, journal, signal, measure, done } = this.#options;
    this.#logged = await journal?.logged();
    while (!rounds.finished) {
      const open = await this.#open();
      if (open === undefined) return 'aborted';
      const closed =
        rounds.plan.secure === undefined
          ? await this.#collect(open)
          : await this.#collectSecurely(open);
      if (closed === undefined) {
        rounds.abandon();
        return 'aborted';
      }
      const record = closed === 'repeat' ? undefined : await measure(closed);
      // From here on the round counts; what was logged of it does not any more.
      await this.save();
      if (record === undefined) {
        await pause(Math.min(30, 0.1 * 2 ** Math.min(9, rounds.state.attempt)), signal);
      } else if ((await done(record)) === 'stop') return rounds.finished ? 'completed' : 'stopped';
    }
    return 'completed';
  }

  /** Opens the next round with those present, or the one that was open when the last process ended. */
  async #open(): Promise<OpenRound | undefined> {
    const { rounds, exchange, journal, roundTimeout, waitFor, signal } = this.#options;
    const again = await this.#reopen();
    if (again !== undefined) {
      await journal?.resume();
      return again;
    }
    const away = (): number => {
      const expected = this.#expected.filter((name) => !exchange.left.has(name)).length;
      return Math.max(0, Math.min(waitFor, expected) - exchange.present().length);
    };
    const least = Math.max(1, rounds.plan.minimum);
    await exchange.until(() => away() === 0, roundTimeout, signal);
    await exchange.until(() => exchange.present().length >= least, Infinity, signal);
    if (signal.aborted) return undefined;
    const names = exchange.present();
    this.#expected = names;
    const open = rounds.open(names);
    const { round, attempt, selected } = open;
    const { run } = rounds.plan;
    await journal?.begin({ run, round, attempt, present: names, selected });
    return open;
  }

  /** The round in the log, with its answers; undefined where it is done, or was drawn by chance that does not come again. */
  async #reopen(): Promise<OpenRound | undefined> {
    const logged = this.#logged;
    this.#logged = undefined;
    if (logged === undefined) return undefined;
    const { rounds } = this.#options;
    const noted = opening(logged.opening, 'the log of the round');
    const { run, round, attempt, present, selected } = noted;
    // Somebody may have put another state into the folder.
    if (run !== rounds.plan.run || round !== rounds.state.round) return undefined;
    if (rounds.plan.secure !== undefined) {
      // The keys went with the process, and nobody may be asked twice for one attempt, by whichever process. Saved before
      // anybody hears of the next, which is another one then wherever this process ends.
      this.#expected = present;
      rounds.passOver(attempt);
      await this.save();
      return undefined;
    }
    if (attempt !== rounds.state.attempt) return undefined;
    const { central } = rounds.plan;
    // To go on where the same happen to be drawn again would make some draws likelier than the accountant assumes.
    if (central?.randomness === 'cryptographic' && central.sampleRate < 1) return undefined;
    this.#expected = present;
    const open = rounds.open(present);
    if (open.selected.join('\n') !== selected.join('\n')) {
      rounds.abandon();
      return undefined;
    }
    for (const { from, answer } of logged.answers) {
      try {
        this.#take(open, from, answer);
      } catch (error) {
        // It was accepted under other limits, such as a larger maxNorm, and does not count under these.
        if (!(error instanceof UpdateError)) throw error;
      }
    }
    return open;
  }

  #take({ round }: OpenRound, from: string, body: unknown): 'accepted' | 'duplicate' {
    const { rounds } = this.#options;
    const { run } = rounds.plan;
    return rounds.accept({ ...trainAnswer(body, 'the update'), run, round }, from);
  }

  /** Asks those selected to train, until all have answered or time is out; closes the round. Undefined where it was aborted. */
  async #collect(open: OpenRound): Promise<RoundRecord | 'repeat' | undefined> {
    const { rounds, journal, signal } = this.#options;
    const { weights, selected } = open;
    const report = this.#reporter(open, rounds.answered.length);
    await this.#ask(
      {
        id: this.#id(open, 0),
        kind: KINDS.train,
        asked: selected,
        body: (name) => ({ task: open.task(name) as unknown as Plain, weights }),
        accept: async (name, body) => {
          const outcome = report.of(name, () => this.#take(open, name, body));
          if (outcome === 'accepted') await journal?.append(name, body as Plain);
          return outcome;
        },
      },
      rounds.answered,
    );
    if (signal.aborted) return undefined;
    report.rest(rounds.waitingFor);
    return rounds.close(this.seconds);
  }

  /** The same by secure aggregation: training first, then keys, shares, masked updates and what takes the masks off their sum. */
  async #collectSecurely(open: OpenRound): Promise<RoundRecord | 'repeat' | undefined> {
    const { rounds, signal, identities } = this.#options;
    const { selected, weights } = open;
    if (selected.length < 2) {
      const nobody = await sumSecurely(rounds.plan, open, new Map());
      return rounds.closeSummed(nobody!, this.seconds);
    }
    const secure = new SecureRound(rounds.plan, open, identities);
    let given: ReadonlyMap<string, unknown> = new Map(
      selected.map((name) => [name, { task: open.task(name), weights }]),
    );
    const report = this.#reporter(open, 0);
    let answered = 0;
    try {
      const kinds = identities === undefined ? KINDS.secure : KINDS.signed;
      for (const [step, kind] of kinds.entries()) {
        const outcome = await this.#ask({
          id: this.#id(open, step),
          kind,
          asked: [...given.keys()],
          body: (name) => given.get(name) as Plain,
          accept: (name, body) =>
            secure.phase === 'masked'
              ? report.of(name, () => secure.receive(body, name))
              : secure.receive(body, name),
        });
        if (signal.aborted) return undefined;
        answered = outcome.answered.size;
        if (secure.phase === 'masked')
          report.rest(selected.filter((name) => !outcome.answered.has(name)));
        given = await secure.advance();
      }
      return rounds.closeSummed(await secure.finish(), this.seconds);
    } catch (error) {
      if (!(error instanceof SecureAggregationError)) throw error;
      return rounds.repeat(answered);
    }
  }

  /** Tells what becomes of updates; `done` of them were there before. */
  #reporter({ round, attempt, selected }: OpenRound, done: number): Reporter {
    const { rounds, event } = this.#options;
    const told = new Set<string>();
    const tell = (
      type: SimulationEvent['type'],
      participant: string,
      fault?: UpdateFault,
    ): void => {
      if (!told.has(participant)) done++;
      told.add(participant);
      const progress = (round - 1 + done / selected.length) / rounds.plan.rounds;
      const about = { round, attempt, participant, done, selected: selected.length, progress };
      event({ type, ...about, ...(fault === undefined ? {} : { fault }) });
    };
    return {
      of: (name, take) => {
        try {
          const outcome = take();
          if (outcome === 'accepted') tell('accepted', name);
          return outcome;
        } catch (error) {
          if (error instanceof UpdateError) tell('refused', name, error.fault);
          throw error;
        }
      },
      rest: (names) =>
        names.filter((name) => !told.has(name)).forEach((name) => tell('dropped', name)),
    };
  }

  #id({ round, attempt }: OpenRound, step: number): QuestionId {
    return { run: this.#options.rounds.plan.run, round, attempt, step };
  }

  /** Asks, and notes who does not answer. */
  async #ask(question: Question, answered: readonly string[] = []): Promise<Outcome> {
    const { exchange, roundTimeout, signal } = this.#options;
    const outcome = await exchange.ask(question, roundTimeout, signal, answered);
    const silent = new Set(question.asked.filter((name) => !outcome.answered.has(name)));
    this.#expected = this.#expected.filter((name) => !silent.has(name));
    return outcome;
  }
}
