/** Why a request is refused: what goes into the answer, and nothing else does. */
export class Refusal extends Error {
  override name: string = 'Refusal';
  /** Status of the answer: 4xx, but where the coordinator itself failed. */
  readonly status: number;
  /** Stable word for programs. */
  readonly code: RefusalCode;
  /** Seconds after which it is worth another try. */
  readonly retryAfter: number | undefined;

  constructor(status: number, code: RefusalCode, reason: string, retryAfter?: number) {
    super(reason);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** The reasons there are. */
export type RefusalCode =
  | 'BAD_REQUEST'
  | 'UNAUTHORIZED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'METHOD'
  | 'TIMEOUT'
  | 'LENGTH_REQUIRED'
  | 'TOO_LARGE'
  | 'MEDIA_TYPE'
  | 'EXPECTATION'
  | 'RATE'
  | 'BUSY'
  | 'HEADERS'
  | 'OTHER_MODEL'
  | 'OTHER_RUN'
  | 'STALE'
  | 'NOT_ASKED'
  | 'INVALID'
  | 'FAILED';

/** A refusal as the body of an answer. */
export function refusalBody({ code, message }: Refusal): string {
  return JSON.stringify({ error: { code, reason: message } });
}
