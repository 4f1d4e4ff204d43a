import { EnvironmentError, FormatError } from '@ketwork/base';
import type { Agent } from 'node:https';
import { MEDIA_TYPE } from '../wire/message.ts';
import { nodeModule } from '../node.ts';

/** A participant's certificate and the authority it trusts, as text (PEM) or bytes. Node only. */
export interface ParticipantTls {
  /** The participant's private key, where it has a certificate. */
  readonly key?: string | Uint8Array;
  /** Its certificate. */
  readonly cert?: string | Uint8Array;
  /** Certificates of the authority that signed the coordinator's. Default: those that Node trusts. */
  readonly ca?: string | Uint8Array;
}

/** An answer, read to its end. */
export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly retryAfter: number | undefined;
  readonly body: Uint8Array;
}

/** One request. */
export interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: Uint8Array<ArrayBuffer>;
  /** Most bytes of an answer that are read. */
  readonly longest: number;
  /** Ends the request. */
  readonly signal: AbortSignal;
}

/** Makes requests to a coordinator. Throws {@link Unreachable} where it is worth another try. */
export type Transport = (call: Call) => Promise<Reply>;

/** The coordinator could not be reached, or the connection broke. */
export class Unreachable extends EnvironmentError {
  override name: string = 'Unreachable';
}

function headersFor(token: string | undefined, { body }: Call): Record<string, string> {
  return {
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'Content-Type': MEDIA_TYPE }),
  };
}

/** Requests by `fetch`, in Node and in browsers. */
export function fetchTransport(
  base: URL,
  token: string | undefined,
  fetch: typeof globalThis.fetch,
): Transport {
  return async (call) => {
    const { method, path, body, signal, longest } = call;
    let response: Response;
    try {
      response = await fetch(new URL(path, base), {
        method,
        headers: headersFor(token, call),
        ...(body === undefined ? {} : { body }),
        signal,
        redirect: 'error',
        credentials: 'omit',
        cache: 'no-store',
      });
      const bytes = await readResponse(response, longest);
      return replyOf(response.status, (name) => response.headers.get(name) ?? undefined, bytes);
    } catch (error) {
      throw asUnreachable(error, base, signal);
    }
  };
}

async function readResponse(response: Response, longest: number): Promise<Uint8Array> {
  if (Number(response.headers.get('Content-Length') ?? 0) > longest) throw tooLong(longest);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (const reader = response.body?.getReader(); reader !== undefined;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > longest) {
      await reader.cancel();
      throw tooLong(longest);
    }
    chunks.push(value);
  }
  return joined(chunks, length);
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Requests by Node's own client, which can show a certificate and trust an authority of its own. */
export function nodeTransport(
  base: URL,
  token: string | undefined,
  tls: ParticipantTls,
): Transport {
  const { Agent, request } = nodeModule('node:https', 'a certificate of a participant');
  const pem = Object.entries(tls).map(([name, given]: [string, string | Uint8Array]) => [
    name,
    typeof given === 'string' ? given : Buffer.from(given),
  ]);
  const agent: Agent = new Agent({ keepAlive: true, ...Object.fromEntries(pem) });
  return (call) =>
    new Promise((resolve, reject) => {
      const { method, path, body, signal, longest } = call;
      const fail = (error: unknown): void => reject(asUnreachable(error, base, signal));
      const sent = request(
        new URL(path, base),
        {
          method,
          agent,
          signal,
          headers: {
            ...headersFor(token, call),
            ...(body === undefined ? {} : { 'Content-Length': body.length }),
          },
        },
        (response) => {
          const chunks: Uint8Array[] = [];
          let length = 0;
          response.on('data', (chunk: Uint8Array) => {
            length += chunk.length;
            if (length <= longest) chunks.push(chunk);
            else sent.destroy(tooLong(longest));
          });
          response.on('error', fail);
          response.on('end', () => {
            const header = (name: string): string | undefined => {
              const value = response.headers[name.toLowerCase()];
              return typeof value === 'string' ? value : undefined;
            };
            resolve(replyOf(response.statusCode ?? 0, header, joined(chunks, length)));
          });
        },
      );
      sent.on('error', fail);
      sent.end(body);
    });
}

function replyOf(
  status: number,
  header: (name: string) => string | undefined,
  body: Uint8Array,
): Reply {
  const retry = Number(header('Retry-After') ?? NaN);
  return {
    status,
    type: header('Content-Type') ?? '',
    retryAfter: Number.isFinite(retry) ? retry : undefined,
    body,
  };
}

const tooLong = (longest: number): FormatError =>
  new FormatError(`the coordinator's answer is longer than the ${longest} bytes that are read`, {
    remedy: 'Join with the same model and the same personal layers',
  });

function asUnreachable(error: unknown, base: URL, signal: AbortSignal): unknown {
  if (signal.aborted || error instanceof FormatError) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const text = cause instanceof Error ? cause.message : String(cause);
  return new Unreachable(`cannot reach the coordinator at ${base.origin}: ${text}`, {
    remedy: 'Check its address and that it runs; a browser must come from an origin it allows',
    cause: error,
  });
}
