import { FormatError, ValueError } from '@ketwork/base';
import { decodeMessage, encodeMessage } from '../wire/message.ts';
import type { Plain } from '../wire/message.ts';
import { ROOM_PER_PARTICIPANT } from '../wire/protocol.ts';
import { Backoff, pause } from './backoff.ts';
import { Unreachable } from './transport.ts';
import type { Call, Reply, Transport } from './transport.ts';

/** The coordinator said no, with a reason. */
export class Refused extends ValueError {
  override name: string = 'Refused';
  readonly status: number;

  constructor(status: number, reason: string, remedy?: string) {
    super(`the coordinator refuses: ${reason}`, remedy === undefined ? {} : { remedy });
    this.status = status;
  }
}

/** Statuses after which the same request can succeed later. */
const LATER = [408, 429, 500, 502, 503, 504];

/** Asks a coordinator until it answers: what fails on the way is tried again, after growing pauses. */
export class Caller {
  readonly #transport: Transport;
  readonly #giveUpAfter: number;
  #longest: number;
  #header = 65_536;
  readonly #signal: AbortSignal;
  readonly #longestPause: number;

  /**
   * @param giveUpAfter Seconds without any answer after which the coordinator counts as lost.
   * @param longest Most bytes of an answer that are read.
   * @param longestPause Seconds between tries at most.
   */
  constructor(
    transport: Transport,
    giveUpAfter: number,
    longest: number,
    signal: AbortSignal,
    longestPause = 10,
  ) {
    this.#longestPause = longestPause;
    this.#transport = transport;
    this.#giveUpAfter = giveUpAfter;
    this.#longest = longest;
    this.#signal = signal;
  }

  /** Reads longer answers, as so many participants make them. */
  expect(population: number): void {
    this.#longest += ROOM_PER_PARTICIPANT.bytes * population;
    this.#header += ROOM_PER_PARTICIPANT.header * population;
  }

  /** The answer to a message; undefined where it is empty. @throws Refused, Unreachable, FormatError; what the signal has as reason. */
  async call(
    method: Call['method'],
    path: string,
    seconds: number,
    message?: Plain,
  ): Promise<Plain | undefined> {
    const body = message === undefined ? undefined : encodeMessage(message);
    const backoff = new Backoff(this.#longestPause);
    for (;;) {
      this.#signal.throwIfAborted();
      const reply = await this.#try(
        { method, path, ...(body === undefined ? {} : { body }) },
        seconds,
      );
      if (!(reply instanceof Error) && !LATER.includes(reply.status))
        return readReply(reply, this.#header);
      const wait = backoff.next();
      if (backoff.failing > this.#giveUpAfter)
        throw reply instanceof Error ? reply : refusedBy(reply);
      await pause(
        reply instanceof Error ? wait : Math.max(wait, Math.min(60, reply.retryAfter ?? 0)),
        this.#signal,
      );
    }
  }

  /** One try, ended where it takes too long. */
  async #try(
    call: Omit<Call, 'longest' | 'signal'>,
    seconds: number,
  ): Promise<Reply | Unreachable> {
    const late = AbortSignal.timeout(Math.ceil(1000 * seconds));
    const signal = AbortSignal.any([this.#signal, late]);
    try {
      return await this.#transport({ ...call, longest: this.#longest, signal });
    } catch (error) {
      if (error instanceof Unreachable) return error;
      if (late.aborted && !this.#signal.aborted)
        return new Unreachable(`the coordinator did not answer within ${seconds} seconds`);
      this.#signal.throwIfAborted();
      throw error;
    }
  }
}

function readReply(reply: Reply, header: number): Plain | undefined {
  if (reply.status === 204) return undefined;
  if (reply.status !== 200) throw refusedBy(reply);
  return decodeMessage(reply.body, header);
}

function refusedBy({ status, body }: Reply): Refused {
  const remedy = status === 401 ? 'Check the token, or the name in the certificate' : undefined;
  try {
    const parsed = JSON.parse(new TextDecoder().decode(body)) as { error?: { reason?: unknown } };
    const reason = parsed.error?.reason;
    if (typeof reason === 'string') return new Refused(status, reason.slice(0, 1000), remedy);
  } catch {
    // It is no coordinator of ours, or something between.
  }
  throw new FormatError(`the server answers with status ${status} and is no coordinator`, {
    remedy: 'Check the address',
  });
}
