import { FormatError, UnsupportedError } from '@ketwork/base';
import { SecureAggregationError } from '../secure/error.ts';
import { sumOf } from '../secure/once.ts';
import type { OpenedSum } from '../secure/once.ts';
import { SecureParticipant } from '../secure/participant.ts';
import type { SecureTerms } from '../secure/participant.ts';
import { wordsOfUpdate } from '../secure/round.ts';
import type { Plain } from '../wire/message.ts';
import { KINDS, trainBody } from '../wire/protocol.ts';
import type { Instruction, TrainAnswer, TrainBody } from '../wire/protocol.ts';

/** One secure sum in which this participant takes part. */
interface Session {
  readonly key: string;
  readonly party: SecureParticipant;
  readonly words: Uint32Array;
}

/** What is known of the training behind an answer. */
export type Made = Omit<TrainAnswer, 'weights'>;

const [TRAIN_SECRETLY, SHARE, MASK, AGREE] = KINDS.signed;

/** What a participant insists on where it takes part in secure sums only. */
export interface SecurePolicy extends Pick<SecureTerms, 'signing' | 'least' | 'threshold'> {
  /** Called before a sum is opened; resolves when that is kept. Whoever throws prevents it. */
  readonly opening?: (sum: OpenedSum) => Promise<void>;
}

/** Does what the coordinator asks, and trains once for a round, however often it is repeated. */
export class Follower {
  readonly #name: string;
  readonly #size: number;
  readonly #train: (body: TrainBody) => Promise<TrainAnswer>;
  readonly #run: string;
  readonly #secure: SecurePolicy | undefined;
  #trained: { readonly key: string; readonly answer: TrainAnswer } | undefined;
  #session: Session | undefined;

  /**
   * @param name The participant, as the coordinator knows it.
   * @param run The run, as the coordinator named it first.
   * @param size Numbers in the shared weights.
   * @param secure Terms for secure sums, without which no update is given. Absent: the coordinator decides.
   */
  constructor(
    { participant, run }: { readonly participant: string; readonly run: string },
    size: number,
    train: (body: TrainBody) => Promise<TrainAnswer>,
    secure?: SecurePolicy,
  ) {
    this.#name = participant;
    this.#run = run;
    this.#secure = secure;
    this.#size = size;
    this.#train = train;
  }

  /** The answer to an instruction. @throws where it cannot be given. */
  async follow(given: Instruction): Promise<{ readonly body: Plain; readonly made: Made }> {
    if (given.kind !== KINDS.train && !KINDS.signed.some((kind) => kind === given.kind))
      throw new UnsupportedError(
        `the coordinator asks for '${given.kind}', which is not known here`,
        { remedy: 'Use the same version on both sides' },
      );
    this.#checkSecrecy(given);
    if (given.kind === KINDS.train || given.kind === TRAIN_SECRETLY) {
      const body = trainBody(this.#size)(given.body, 'the instruction');
      checkTask(given, body);
      const answer = await this.#trainOnce(given, body);
      const { weights: _weights, ...made } = answer;
      return {
        made,
        body: given.kind === KINDS.train ? { ...answer } : await this.#begin(given, body, answer),
      };
    }
    const { party, words } = this.#current(given);
    const { weights: _weights, ...made } = this.#trained!.answer;
    if (given.kind === SHARE) return { made, body: { ...(await party.share(given.body)) } };
    if (given.kind === MASK) return { made, body: { ...(await party.mask(given.body, words)) } };
    if (given.kind === AGREE) return { made, body: { ...(await party.agree(given.body)) } };
    this.#session = undefined;
    return { made, body: { ...(await party.unmask(given.body)) } };
  }

  /** With terms no update is given but in secure sums, of one run: another one could have the same sums opened again. */
  #checkSecrecy({ kind, run }: Instruction): void {
    if (this.#secure === undefined) return;
    if (kind === KINDS.train)
      throw new SecureAggregationError(
        'exposing',
        'the coordinator asks for an update by itself, which this participant gives in secure sums only',
        { remedy: 'Make the federation with secureAggregation, or join without' },
      );
    if (run !== this.#run)
      throw new SecureAggregationError('stale', `the coordinator has left run ${this.#run}`, {
        remedy: 'Join again, and let the coordinator keep a journal',
      });
  }

  /** The same work twice would cost time and, with noise, privacy: what was trained is sent in a new attempt too. */
  async #trainOnce({ run, round }: Instruction, body: TrainBody): Promise<TrainAnswer> {
    const key = JSON.stringify([run, round]);
    if (this.#trained?.key !== key) this.#trained = { key, answer: await this.#train(body) };
    return this.#trained.answer;
  }

  async #begin(given: Instruction, body: TrainBody, answer: TrainAnswer): Promise<Plain> {
    const { run, round, attempt } = given;
    const { task, weights } = body;
    if (task.secure === undefined)
      throw new SecureAggregationError('malformed', 'the task does not say how to add in secret');
    const words = wordsOfUpdate(task, weights, { ...answer, run, round });
    const { opening, ...terms } = this.#secure ?? {};
    const party = new SecureParticipant(this.#name, { run, round, attempt }, undefined, {
      ...terms,
      ...(opening === undefined
        ? {}
        : {
            opening: async (survivors) =>
              opening({ run, round, sum: await sumOf(survivors, task.secure, weights) }),
          }),
    });
    this.#session = { key: sessionKey(given), party, words };
    return { ...(await party.advertise()) };
  }

  #current(given: Instruction): Session {
    if (this.#session?.key !== sessionKey(given))
      throw new SecureAggregationError('stale', 'this participant has no part in that secure sum');
    return this.#session;
  }
}

/** A task of another round would have the update of that round counted in this one, or its sum opened again as that of this one. */
function checkTask({ run, round, attempt }: Instruction, { task }: TrainBody): void {
  if (task.run === run && task.round === round && task.attempt === attempt) return;
  throw new FormatError(
    `the coordinator asks for round ${round} with a task that is of round ${task.round}, or of another run or attempt`,
  );
}

const sessionKey = ({ run, round, attempt }: Instruction): string =>
  JSON.stringify([run, round, attempt]);
