import type { RoundTask, Update } from '../contract.ts';
import {
  anything,
  between,
  doubles,
  finite,
  finiteDoubles,
  flag,
  integer,
  number,
  object,
  oneOf,
  optional,
  text,
} from './schema.ts';
import type { Schema } from './schema.ts';

/** Where each request goes; everything else is refused. */
export const PATHS = {
  join: '/v1/join',
  instruction: '/v1/instruction',
  answer: '/v1/answer',
  leave: '/v1/leave',
  status: '/status',
  page: '/',
} as const;

/** What a token may be: enough that none can be guessed, and nothing that a header would lose or refuse. */
export const TOKEN_RULE = 'is not 16 to 512 characters of visible ASCII';

/** Whether a text can be a token. */
export function isToken(given: unknown): given is string {
  return typeof given === 'string' && /^[!-~]{16,512}$/.test(given);
}

/** The longest name of a participant. */
const LONGEST_NAME = 64;
const name = text(LONGEST_NAME);

/** What a participant says first; nothing of its data, of which secure sums do not tell the number either. */
export interface JoinRequest {
  /** Names and shapes of the shared weights as JSON, so that another model is refused before any work. */
  readonly layout: string;
}

/** Checks a {@link JoinRequest}. */
export const joinRequest: Schema<JoinRequest> = object({ layout: text(50_000_000) });

/** What the coordinator answers to it. */
export interface JoinReply {
  /** The run. */
  readonly run: string;
  /** The name under which the coordinator knows this participant. */
  readonly participant: string;
  /** How many rounds there will be. */
  readonly rounds: number;
  /** For how many seconds a request for an instruction may stay open. */
  readonly pollSeconds: number;
  /** How many participants there are at most: lists of them are part of what secure aggregation sends. */
  readonly population: number;
}

/** Checks a {@link JoinReply}. */
export const joinReply: Schema<JoinReply> = object({
  run: name,
  participant: name,
  rounds: integer(1),
  pollSeconds: between(0, 86_400),
  population: integer(1, 1_000_000),
});

/** Which question an instruction asks. */
export interface QuestionId {
  /** The run. */
  readonly run: string;
  /** The round, from 1. */
  readonly round: number;
  /** How often the round has been repeated. */
  readonly attempt: number;
  /** The question's place in the round: plain rounds have one, 0. */
  readonly step: number;
}

const questionId = {
  run: name,
  round: integer(0),
  attempt: integer(0),
  step: integer(0, 15),
} as const;

/** What the coordinator asks of one participant. */
export interface Instruction extends QuestionId {
  /** What is to be done; the end of the run is an instruction too. */
  readonly kind: string;
  /** What it takes to do it. */
  readonly body: unknown;
}

/** Checks an {@link Instruction} up to its body, whose schema depends on its kind. */
export const instruction: Schema<Instruction> = object({
  ...questionId,
  kind: text(32),
  body: anything,
});

/** What a participant answers. */
export interface Answer extends QuestionId {
  /** The answer, or why there is none. */
  readonly body: unknown;
  /** Why the participant cannot answer. */
  readonly failed?: string;
}

/** Checks an {@link Answer} up to its body. */
export const answer: Schema<Answer> = object({
  ...questionId,
  body: anything,
  failed: optional(text(500)),
});

/** What the coordinator says to an answer that it takes. */
export interface AnswerReply {
  /** Whether it is the first one or came before. */
  readonly outcome: 'accepted' | 'duplicate';
}

/** Checks an {@link AnswerReply}. */
export const answerReply: Schema<AnswerReply> = object({ outcome: oneOf('accepted', 'duplicate') });

/**
 * What a participant may be asked: to train, or one of the questions of secure aggregation, which come in this order, with one
 * more where participants have identities.
 */
export const KINDS = {
  train: 'train',
  secure: ['train secretly', 'share', 'mask', 'unmask'],
  signed: ['train secretly', 'share', 'mask', 'agree', 'unmask'],
  finished: 'finished',
} as const;

/** Room in a message for what secure aggregation says of each participant, in bytes and in the header alone. */
export const ROOM_PER_PARTICIPANT = { bytes: 400, header: 100 } as const;

/** Body of the instructions `train` and `train secretly`. */
export interface TrainBody {
  /** What to do. */
  readonly task: RoundTask;
  /** Weights to begin with, `[size]`. */
  readonly weights: Float64Array;
}

/** Of what kind privacy is; its settings are known where they are used, and checked there. */
const privacy: Schema<unknown> = (value, at) => {
  oneOf('local', 'examples')((value as { kind?: unknown } | null)?.kind, `${at}.kind`);
  return value;
};

/** Checks a {@link TrainBody} for a model of so many shared weights, which must be finite: others could make training tell of data. */
export function trainBody(size: number): Schema<TrainBody> {
  const task = object({
    run: name,
    round: integer(1),
    attempt: integer(1),
    seed: integer(0),
    epochs: integer(1),
    firstEpoch: integer(1),
    batchSize: integer(1),
    loss: text(64),
    optimizer: object({ name: text(64), settings: anything }),
    proximal: finite,
    clippingNorm: optional(finite),
    secure: optional(
      object({
        participants: integer(2),
        clippingNorm: finite,
        maxExamples: integer(1),
        weighted: flag,
      }),
    ),
    privacy: optional(privacy),
  });
  // What settings may be is known where they are used, and checked there.
  return object({ task: task as Schema<RoundTask>, weights: finiteDoubles(size) });
}

/** Answer to `train`: an update without what the answer itself says. */
export type TrainAnswer = Omit<Update, 'run' | 'round'>;

/** Checks the form of a {@link TrainAnswer}; its numbers are looked at where it is accepted. */
export const trainAnswer: Schema<TrainAnswer> = object({
  examples: integer(1),
  weights: doubles(),
  loss: optional(number),
  epsilon: optional(number),
});

/** Body of the instruction `finished`. */
export interface FinishedBody {
  /** How many rounds are done. */
  readonly rounds: number;
  /** Why it ended. */
  readonly reason: string;
  /** The weights at the end. */
  readonly weights: Float64Array;
}

/** Checks a {@link FinishedBody}. */
export function finishedBody(size: number): Schema<FinishedBody> {
  return object({ rounds: integer(0), reason: text(32), weights: finiteDoubles(size) });
}
