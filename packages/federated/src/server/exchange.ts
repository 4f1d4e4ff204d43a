import type { Plain } from '../wire/message.ts';
import type { Answer, AnswerReply, QuestionId } from '../wire/protocol.ts';
import { UpdateError } from '../errors.ts';
import { SecureAggregationError } from '../secure/error.ts';
import { Refusal } from './refusal.ts';

/** One question to some participants. Plain rounds have one, secure aggregation several. */
export interface Question {
  /** Which one. */
  readonly id: QuestionId;
  /** What is to be done. */
  readonly kind: string;
  /** Who is asked. */
  readonly asked: readonly string[];
  /** What one participant is told; made when it comes for it. */
  body(name: string): Plain;
  /** Takes one answer; throws UpdateError or FormatError where it does not count, which ends the participant's part. */
  accept(name: string, body: unknown): MaybePromise<'accepted' | 'duplicate'>;
}

type MaybePromise<T> = T | Promise<T>;

/** Who has dropped out of a question, and why. */
export interface Outcome {
  /** Those who answered. */
  readonly answered: ReadonlySet<string>;
  /** Those whose answer was refused, or who said that they have none. */
  readonly refused: ReadonlyMap<string, string>;
}

interface OpenQuestion {
  readonly question: Question;
  readonly answered: Set<string>;
  readonly refused: Map<string, string>;
  readonly waitingFor: Set<string>;
  readonly done: () => void;
}

/** Hands out questions and collects answers; knows who is present. Has no clock but timers. */
export class Exchange {
  readonly #pollSeconds: number;
  readonly #now: () => number;
  readonly #seen: Map<string, number> = new Map();
  readonly #polls: Map<string, (message: Plain | undefined) => void> = new Map();
  readonly #left: Set<string> = new Set();
  readonly #watchers: Set<() => void> = new Set();
  #open: OpenQuestion | undefined;
  #last: { readonly message: Plain; readonly told: Set<string> } | undefined;

  /** @param now Seconds from any time on. */
  constructor(pollSeconds: number, now: () => number = () => performance.now() / 1000) {
    this.#pollSeconds = pollSeconds;
    this.#now = now;
  }

  /** Participants that have an open request, or were heard of not long ago. */
  present(): readonly string[] {
    const since = this.#now() - this.#pollSeconds - 10;
    return [...this.#seen]
      .filter(([name, at]) => this.#polls.has(name) || at >= since)
      .map(([name]) => name);
  }

  /** Participants that have an answer to give to the open question. */
  get waitingFor(): readonly string[] {
    return [...(this.#open?.waitingFor ?? [])];
  }

  /** Participants that said that they go, and were not heard of since. */
  get left(): ReadonlySet<string> {
    return this.#left;
  }

  /** Participants that have answered the open question. */
  get answered(): readonly string[] {
    return [...(this.#open?.answered ?? [])];
  }

  /** Notes that a participant was heard of. */
  touch(name: string): void {
    this.#seen.set(name, this.#now());
    this.#left.delete(name);
    for (const watcher of this.#watchers) watcher();
  }

  /** A participant goes: it is not waited for any more. */
  leave(name: string): void {
    this.#seen.delete(name);
    this.#left.add(name);
    this.#settle(name, undefined);
    this.#drop(name, 'it left');
    for (const watcher of this.#watchers) watcher();
  }

  /** Resolves when the condition holds, which is looked at whenever somebody comes or goes; or when time is out or the signal aborts. */
  async until(condition: () => boolean, seconds: number, signal: AbortSignal): Promise<void> {
    if (condition() || signal.aborted || seconds <= 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const watcher = (): void => {
      if (condition()) resolve();
    };
    const stop = (): void => resolve();
    this.#watchers.add(watcher);
    signal.addEventListener('abort', stop);
    const timer = startTimer(stop, seconds);
    await promise;
    stopTimer(timer);
    signal.removeEventListener('abort', stop);
    this.#watchers.delete(watcher);
  }

  /**
   * Asks. Resolves when all who were asked have answered or dropped out, time is out or the signal aborts.
   * @param answered Participants whose answers are known already, from the journal.
   */
  async ask(
    question: Question,
    seconds: number,
    signal: AbortSignal,
    answered: readonly string[] = [],
  ): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const known = new Set(answered);
    const open: OpenQuestion = {
      question,
      answered: known,
      refused: new Map(),
      waitingFor: new Set(question.asked.filter((name) => !known.has(name))),
      done: resolve,
    };
    if (open.waitingFor.size > 0 && !signal.aborted) {
      this.#open = open;
      const timer = startTimer(resolve, seconds);
      signal.addEventListener('abort', open.done);
      for (const name of open.waitingFor) this.#settle(name, this.#instruction(open, name));
      await promise;
      signal.removeEventListener('abort', open.done);
      stopTimer(timer);
      this.#open = undefined;
    }
    return { answered: open.answered, refused: open.refused };
  }

  /** The last thing that every participant is told, now and whenever it asks. */
  finish(message: Plain): void {
    this.#last = { message, told: new Set(this.#polls.keys()) };
    for (const name of this.#polls.keys()) this.#settle(name, message);
  }

  /** Whether all who are present, and these others, have been told the last thing. */
  allTold(others: Iterable<string>): boolean {
    return [...this.present(), ...others].every((name) => this.#last?.told.has(name) === true);
  }

  /** Ends all open requests with nothing. */
  hangUp(): void {
    for (const name of this.#polls.keys()) this.#settle(name, undefined);
  }

  /** What a participant is to do, as soon as there is something; undefined after a while without. */
  async poll(name: string, gone: AbortSignal): Promise<Plain | undefined> {
    this.#settle(name, undefined);
    this.#last?.told.add(name);
    this.touch(name);
    if (this.#last !== undefined) return this.#last.message;
    const open = this.#open;
    if (open?.waitingFor.has(name) === true) return this.#instruction(open, name);
    const { promise, resolve } = Promise.withResolvers<Plain | undefined>();
    const settle = (message: Plain | undefined): void => resolve(message);
    this.#polls.set(name, settle);
    const timer = startTimer(() => resolve(undefined), this.#pollSeconds);
    const lost = (): void => {
      // Whoever hangs up while waiting is gone until heard of again.
      if (this.#polls.get(name) === settle) this.#seen.delete(name);
      resolve(undefined);
    };
    gone.addEventListener('abort', lost, { once: true });
    for (const watcher of this.#watchers) watcher();
    const message = await promise;
    stopTimer(timer);
    gone.removeEventListener('abort', lost);
    if (this.#polls.get(name) === settle) this.#polls.delete(name);
    return message;
  }

  /** Takes an answer. @throws Refusal where it does not count. */
  async answer(name: string, given: Answer): Promise<AnswerReply> {
    this.touch(name);
    const open = this.#open;
    const { run, round, attempt, step } = given;
    const id = open?.question.id;
    if (id === undefined || round !== id.round || attempt !== id.attempt || step !== id.step)
      throw new Refusal(409, 'STALE', `round ${round} is not waiting for this answer`);
    if (run !== id.run) throw new Refusal(409, 'OTHER_RUN', 'the answer belongs to another run');
    const { question, answered, refused, waitingFor } = open!;
    if (!question.asked.includes(name))
      throw new Refusal(403, 'NOT_ASKED', `${name} has no part in round ${round}`);
    if (answered.has(name)) return { outcome: 'duplicate' };
    if (given.failed !== undefined) {
      this.#drop(name, given.failed);
      return { outcome: 'accepted' };
    }
    try {
      const outcome = await question.accept(name, given.body);
      refused.delete(name);
      answered.add(name);
      waitingFor.delete(name);
      if (waitingFor.size === 0) open!.done();
      return { outcome };
    } catch (error) {
      if (!(error instanceof UpdateError || error instanceof SecureAggregationError)) throw error;
      if (error.fault === 'closed') throw new Refusal(409, 'STALE', error.message);
      if (this.#open === open) this.#drop(name, error.message);
      throw new Refusal(422, 'INVALID', error.message);
    }
  }

  #instruction({ question }: OpenQuestion, name: string): Plain {
    const { id, kind } = question;
    return { ...id, kind, body: question.body(name) };
  }

  #drop(name: string, why: string): void {
    const open = this.#open;
    if (open === undefined || !open.waitingFor.delete(name)) return;
    open.refused.set(name, why);
    if (open.waitingFor.size === 0) open.done();
  }

  #settle(name: string, message: Plain | undefined): void {
    const settle = this.#polls.get(name);
    this.#polls.delete(name);
    settle?.(message);
  }
}

/** Longest time a timer can wait; a round of 24 days ends early. */
const LONGEST = 2 ** 31 - 1;

function startTimer(call: () => void, seconds: number): NodeJS.Timeout | undefined {
  return seconds === Infinity ? undefined : setTimeout(call, Math.min(LONGEST, 1000 * seconds));
}

function stopTimer(timer: NodeJS.Timeout | undefined): void {
  if (timer !== undefined) clearTimeout(timer);
}
