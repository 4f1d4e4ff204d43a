import { UnsupportedError } from '@ketwork/base';
import { SecureAggregationError } from '../secure/error.ts';
import { SecureParticipant } from '../secure/participant.ts';
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

const [TRAIN_SECRETLY, SHARE, MASK] = KINDS.secure;

/** Does what the coordinator asks, and trains once for a round, however often it is repeated. */
export class Follower {
  readonly #name: string;
  readonly #size: number;
  readonly #train: (body: TrainBody) => Promise<TrainAnswer>;
  #trained: { readonly key: string; readonly answer: TrainAnswer } | undefined;
  #session: Session | undefined;

  /**
   * @param name The participant, as the coordinator knows it.
   * @param size Numbers in the shared weights.
   */
  constructor(name: string, size: number, train: (body: TrainBody) => Promise<TrainAnswer>) {
    this.#name = name;
    this.#size = size;
    this.#train = train;
  }

  /** The answer to an instruction. @throws where it cannot be given. */
  async follow(given: Instruction): Promise<{ readonly body: Plain; readonly made: Made }> {
    if (given.kind !== KINDS.train && !KINDS.secure.some((kind) => kind === given.kind))
      throw new UnsupportedError(
        `the coordinator asks for '${given.kind}', which is not known here`,
        { remedy: 'Use the same version on both sides' },
      );
    if (given.kind === KINDS.train || given.kind === TRAIN_SECRETLY) {
      const body = trainBody(this.#size)(given.body, 'the instruction');
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
    this.#session = undefined;
    return { made, body: { ...(await party.unmask(given.body)) } };
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
    const party = new SecureParticipant(this.#name, { run, round, attempt });
    this.#session = { key: sessionKey(given), party, words };
    return { ...(await party.advertise()) };
  }

  #current(given: Instruction): Session {
    if (this.#session?.key !== sessionKey(given))
      throw new SecureAggregationError('stale', 'this participant has no part in that secure sum');
    return this.#session;
  }
}

const sessionKey = ({ run, round, attempt }: Instruction): string =>
  JSON.stringify([run, round, attempt]);
