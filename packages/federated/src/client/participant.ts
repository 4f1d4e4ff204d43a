import { KetworkError } from '@ketwork/base';
import type { Plain } from '../wire/message.ts';
import {
  KINDS,
  PATHS,
  ROOM_PER_PARTICIPANT,
  answerReply,
  finishedBody,
  instruction,
  joinReply,
} from '../wire/protocol.ts';
import type {
  AnswerReply,
  FinishedBody,
  Instruction,
  JoinReply,
  JoinRequest,
  TrainAnswer,
  TrainBody,
} from '../wire/protocol.ts';
import { ParticipantStateError } from '../stores/store.ts';
import { pause } from './backoff.ts';
import { Refused } from './caller.ts';
import type { Caller } from './caller.ts';
import { Follower } from './follower.ts';
import type { SecurePolicy } from './follower.ts';

/** What a participant has done in one round. */
export interface ParticipantRound {
  /** Name of the run. */
  readonly run: string;
  /** Number of the round, from 1. */
  readonly round: number;
  /** Attempt at it, from 1. */
  readonly attempt: number;
  /** Number of rounds of the federation. */
  readonly rounds: number;
  /**
   * What became of the update: `accepted`; `late` where the round was over already; `refused` by the coordinator; `failed`
   * where this participant could not train.
   */
  readonly outcome: 'accepted' | 'late' | 'refused' | 'failed';
  /** Why, where it was refused or failed. */
  readonly reason?: string;
  /** Mean loss of the last local epoch, where training did not fail and the participant does not keep it secret. */
  readonly loss?: number;
  /** Number of examples. */
  readonly examples: number;
  /** ε that this participant has spent, where it trains or answers privately. */
  readonly epsilon?: number;
  /** Seconds of local training. */
  readonly seconds: number;
}

/** What the loop of a participant needs. */
export interface ParticipantPlan {
  readonly caller: Caller;
  readonly hello: JoinRequest;
  /** Numbers in the shared weights. */
  readonly size: number;
  /** Seconds that weights may be on their way. Default: a second for every 100,000 bytes. */
  readonly transferSeconds?: number | undefined;
  readonly train: (body: TrainBody) => Promise<TrainAnswer>;
  /** Terms for secure sums, without which no update is given. Absent: the coordinator decides. */
  readonly secure?: SecurePolicy | undefined;
  /** Called when the coordinator has said under which name it knows the participant. */
  readonly joined?: (reply: JoinReply) => void;
  readonly signal: AbortSignal;
}

/** Seconds that a request may take, beyond those in which its bytes travel. */
const PATIENCE = 90;

/** Bytes per second at which weights travel at least, unless told otherwise. */
const SLOWEST = 100_000;

/** Seconds between questions that are answered at once, with nothing. */
const HASTE = 1;

/** How the participation ended, with the last weights. */
export type Farewell = FinishedBody & { readonly join: JoinReply };

/** What was answered last, kept in case the coordinator asks again: its answer may not have arrived. */
interface Kept {
  readonly key: string;
  readonly answer: Plain;
  readonly made: Pick<ParticipantRound, 'examples' | 'loss' | 'epsilon' | 'seconds'>;
  readonly failed: string | undefined;
}

/**
 * Asks for instructions and follows them, until the coordinator says that it is over. Yields rounds in which it took part.
 */
export async function* participation(
  plan: ParticipantPlan,
): AsyncGenerator<ParticipantRound, Farewell> {
  const { caller, hello, size, train, signal } = plan;
  const join = joinReply(await say(caller, PATHS.join, { ...hello }, PATIENCE), 'the answer');
  plan.joined?.(join);
  caller.expect(join.population);
  const bytes = 8 * size + ROOM_PER_PARTICIPANT.bytes * join.population;
  const { transferSeconds = bytes / SLOWEST } = plan;
  const follower = new Follower(join, size, train, plan.secure);
  let kept: Kept | undefined;
  let seconds = 0;
  for (;;) {
    const asked = performance.now();
    const message = await caller.call(
      'GET',
      PATHS.instruction,
      join.pollSeconds + 30 + transferSeconds,
    );
    if (message === undefined) {
      // Nothing to do, and sooner than agreed: somebody else has this token, or it is no good coordinator.
      if (performance.now() - asked < 500 * join.pollSeconds) await pause(HASTE, signal);
      continue;
    }
    const given = instruction(message, 'the instruction');
    const { run, round, attempt, step, kind } = given;
    if (kind === KINDS.finished)
      return { ...finishedBody(size)(given.body, 'the instruction'), join };
    const key = JSON.stringify([run, round, attempt, step]);
    if (kept?.key !== key) kept = await work(follower, given, key, signal);
    const { answer, made, failed } = kept;
    const delivery = await deliver(caller, answer, PATIENCE + transferSeconds);
    // Secure aggregation asks several times; the last answer tells that the update counts.
    seconds = step === 0 ? made.seconds : seconds + made.seconds;
    const onTheWay = KINDS.signed.slice(0, -1).some((one) => one === kind);
    if (onTheWay && failed === undefined && delivery.outcome === 'accepted') continue;
    const about = { run, round, attempt, rounds: join.rounds, ...made, seconds };
    yield failed === undefined
      ? { ...about, ...delivery }
      : { ...about, outcome: 'failed', reason: failed };
  }
}

/** What went wrong may tell about the data, and is not told. */
const FAILED = 'local training failed';

async function say(
  caller: Caller,
  path: string,
  message: Plain,
  seconds: number,
): Promise<Plain | undefined> {
  return caller.call('POST', path, seconds, message);
}

/** Follows an instruction. A participant that cannot says so, that nobody waits for it. */
async function work(
  follower: Follower,
  given: Instruction,
  key: string,
  signal: AbortSignal,
): Promise<Kept> {
  const { run, round, attempt, step } = given;
  const id = { run, round, attempt, step };
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  try {
    const { body, made } = await follower.follow(given);
    const answer = { ...id, body };
    return { key, answer, made: { ...made, seconds: seconds() }, failed: undefined };
  } catch (error) {
    // What is not kept must not be told either, not even that it failed.
    if (error instanceof ParticipantStateError) throw error;
    if (!(error instanceof KetworkError) || signal.aborted) throw error;
    const answer = { ...id, body: null, failed: FAILED };
    return { key, answer, made: { examples: 0, seconds: seconds() }, failed: error.message };
  }
}

type Delivery = Pick<ParticipantRound, 'outcome' | 'reason'>;

async function deliver(caller: Caller, message: Plain, seconds: number): Promise<Delivery> {
  try {
    const reply: AnswerReply = answerReply(
      await say(caller, PATHS.answer, message, seconds),
      'the answer',
    );
    // A duplicate is the same update sent again after the connection broke: it counts, once.
    return { outcome: reply.outcome === 'duplicate' ? 'accepted' : reply.outcome };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { status, message: reason } = error;
    if (status === 409 || status === 403) return { outcome: 'late', reason };
    if (status === 422) return { outcome: 'refused', reason };
    throw error;
  }
}
