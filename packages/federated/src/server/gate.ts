import { FormatError, UnsupportedError, ValueError } from '@ketwork/base';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { MEDIA_TYPE, decodeMessage, messageParts } from '../wire/message.ts';
import type { Plain } from '../wire/message.ts';
import { PATHS } from '../wire/protocol.ts';
import type { Access } from './access.ts';
import { Gone, announcedLength, hasBody, readBody } from './body.ts';
import { Buckets, addressKey } from './buckets.ts';
import { Connections } from './connections.ts';
import type { HeldLimits } from './limits.ts';
import type { Origins } from './origins.ts';
import { Refusal, refusalBody } from './refusal.ts';
import type { Traffic } from './traffic.ts';

/** What the coordinator does with requests that came through. Whoever throws a Refusal has its reason sent. */
export interface Desk {
  /** Longest body, and longest header in it. */
  readonly bounds: { readonly bytes: number; readonly header: number };
  /** A participant presents itself. */
  join(name: string, message: Plain): Plain;
  /** Waits for something to do; undefined where there is nothing for a while. */
  instruction(name: string, gone: AbortSignal): Promise<Plain | undefined>;
  /** A participant answers. */
  answer(name: string, message: Plain): Promise<Plain>;
  /** A participant goes. */
  leave(name: string): Plain;
  /** Who may read the status. */
  readonly readers: 'everybody' | 'bearers' | 'nobody';
  /** Where the federation stands, to be sent as JSON, with rounds after this one. */
  report(since: number): object;
  /** The page that shows it, and the headers it is sent with. */
  page(): { readonly html: string; readonly headers: Readonly<Record<string, string>> };
}

/** Longest path that is looked at. */
const LONGEST_URL = 256;
/** A request for the status with rounds after one only. */
const STATUS_SINCE = /^\/status\?since=(\d{1,9})$/;
/** Addresses that are remembered for rate limits. */
const ADDRESSES = 10_000;
/** Bytes of a refused request that are read so that its sender can read the answer. */
const DRAINED = 65_536;

/** Lets requests through to the desk, or refuses them: cheap checks first, and none after something was read for nothing. */
export class Gate {
  readonly traffic: Traffic = { received: 0, sent: 0, refused: {} };
  readonly connections: Connections;
  readonly #desk: Desk;
  readonly #access: Access;
  readonly #origins: Origins;
  readonly #limits: HeldLimits;
  readonly #addresses: Buckets;
  readonly #participants: Buckets;
  readonly #uploading: Set<string> = new Set();
  #bytes = 0;
  #page: ReturnType<Desk['page']> | undefined;

  constructor(desk: Desk, access: Access, origins: Origins, limits: HeldLimits) {
    this.#desk = desk;
    this.#access = access;
    this.#origins = origins;
    this.#limits = limits;
    this.connections = new Connections(limits.connections);
    this.#addresses = new Buckets(limits.addressRate, limits.addressBurst, ADDRESSES);
    this.#participants = new Buckets(limits.participantRate, limits.participantBurst, ADDRESSES);
  }

  /** Answers a request. `proceed` tells a client that waits with its body that it may send it. */
  async handle(
    request: IncomingMessage,
    response: ServerResponse,
    proceed: () => void = () => {},
  ): Promise<void> {
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.on('error', () => {});
    try {
      await this.#answer(request, response, proceed);
    } catch (error) {
      if (error instanceof Gone) response.destroy();
      else this.refuse(request, response, asRefusal(error));
    }
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    proceed: () => void,
  ): Promise<void> {
    limit(this.#addresses.take(addressKey(request.socket.remoteAddress)), 'from this address');
    const path = pathOf(request);
    if (this.#origins.check(request, response)) {
      response.writeHead(204).end();
      return;
    }
    const since = STATUS_SINCE.exec(path)?.[1];
    if (path === PATHS.status || since !== undefined) {
      this.#report(request, response, Number(since ?? 0));
      return;
    }
    if (path === PATHS.page && this.#desk.readers !== 'nobody') {
      this.#showPage(request, response);
      return;
    }
    const name = this.#access.participant(request);
    if (name === undefined) throw stranger();
    this.connections.recognise(request.socket);
    limit(this.#participants.take(name), 'by this participant');
    switch (path) {
      case PATHS.instruction: {
        checkMethod(request, 'GET');
        const gone = new AbortController();
        response.once('close', () => gone.abort());
        this.#send(response, await this.#desk.instruction(name, gone.signal));
        return;
      }
      case PATHS.join:
        checkMethod(request, 'POST');
        this.#send(response, this.#desk.join(name, await this.#read(request, name, proceed)));
        return;
      case PATHS.answer: {
        checkMethod(request, 'POST');
        const message = await this.#read(request, name, proceed);
        this.#send(response, await this.#desk.answer(name, message));
        return;
      }
      case PATHS.leave:
        checkMethod(request, 'POST');
        await this.#read(request, name, proceed);
        this.#send(response, this.#desk.leave(name));
        return;
      default:
        throw new Refusal(404, 'NOT_FOUND', 'there is nothing at this path');
    }
  }

  /** The status page says nothing by itself, so that a browser may load it before anybody has typed a token. */
  #showPage(request: IncomingMessage, response: ServerResponse): void {
    checkMethod(request, 'GET');
    this.#page ??= this.#desk.page();
    response.writeHead(200, { ...this.#page.headers }).end(this.#page.html);
  }

  #report(request: IncomingMessage, response: ServerResponse, since: number): void {
    const { readers } = this.#desk;
    const may =
      readers === 'everybody' || (readers === 'bearers' && this.#access.mayReadStatus(request));
    if (!may) throw stranger();
    if (readers === 'bearers') this.connections.recognise(request.socket);
    checkMethod(request, 'GET');
    const text = JSON.stringify(this.#desk.report(since));
    response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' }).end(text);
  }

  /** Reads and decodes a body, one per participant at a time, and not more at once than memory is set aside for. */
  async #read(request: IncomingMessage, name: string, proceed: () => void): Promise<Plain> {
    const { bytes, header } = this.#desk.bounds;
    const length = announcedLength(request, bytes);
    if (this.#uploading.has(name))
      throw new Refusal(429, 'BUSY', 'this participant is sending something already', 1);
    if (this.#bytes + length > this.#limits.bytesAtOnce)
      throw new Refusal(429, 'BUSY', 'the coordinator is busy reading', 1);
    this.#uploading.add(name);
    this.#bytes += length;
    try {
      proceed();
      const body = await readBody(request, length, this.#limits.bodySeconds);
      this.traffic.received += length;
      return decodeMessage(body, header);
    } finally {
      this.#uploading.delete(name);
      this.#bytes -= length;
    }
  }

  #send(response: ServerResponse, message: Plain | undefined): void {
    if (response.destroyed) return;
    if (message === undefined) {
      response.writeHead(204).end();
      return;
    }
    const parts = messageParts(message);
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    response.writeHead(200, { 'Content-Type': MEDIA_TYPE, 'Content-Length': length });
    for (const part of parts) response.write(part);
    response.end();
    this.traffic.sent += length;
    const slow = setTimeout(() => response.destroy(), 1000 * this.#limits.bodySeconds);
    response.once('close', () => clearTimeout(slow));
  }

  /** Sends a refusal, and ends the connection where the request has not been read to its end. */
  refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
    const { refused } = this.traffic;
    refused[refusal.code] = (refused[refusal.code] ?? 0) + 1;
    if (response.destroyed || response.headersSent) {
      response.destroy();
      return;
    }
    const text = refusalBody(refusal);
    if (refusal.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    if (refusal.retryAfter !== undefined)
      response.setHeader('Retry-After', String(Math.ceil(refusal.retryAfter)));
    const unread = !request.complete && hasBody(request);
    if (unread) response.setHeader('Connection', 'close');
    response.writeHead(refusal.status, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': Buffer.byteLength(text),
    });
    response.end(text);
    if (unread) drain(request);
  }
}

function pathOf({ url = '', headers }: IncomingMessage): string {
  if (headers.host === undefined)
    throw new Refusal(400, 'BAD_REQUEST', 'the request does not name its host');
  if (url.length > LONGEST_URL) throw new Refusal(414, 'BAD_REQUEST', 'the path is too long');
  // Nothing but a number is asked by query, so that nothing secret can be in one.
  if (!url.startsWith('/') || (url.includes('?') && !STATUS_SINCE.test(url)))
    throw new Refusal(400, 'BAD_REQUEST', 'the request has a query or no path');
  return url;
}

function checkMethod(request: IncomingMessage, method: 'GET' | 'POST'): void {
  if (request.method !== method) throw new Refusal(405, 'METHOD', `this path takes ${method} only`);
  if (method === 'GET' && hasBody(request))
    throw new Refusal(400, 'BAD_REQUEST', 'a GET request has no body');
}

function limit(wait: number, who: string): void {
  if (wait > 0) throw new Refusal(429, 'RATE', `there are too many requests ${who}`, wait);
}

/** One answer for all strangers, whatever they ask. */
function stranger(): Refusal {
  return new Refusal(401, 'UNAUTHORIZED', 'this needs a token that the coordinator knows');
}

/** What Ketwork throws about a message is a reason; anything else is a fault of ours, of which nobody learns more. */
function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const theirs = [FormatError, UnsupportedError, ValueError].some((kind) => error instanceof kind);
  if (theirs) return new Refusal(400, 'BAD_REQUEST', (error as Error).message);
  return new Refusal(500, 'FAILED', 'the coordinator failed');
}

/** Reads on for a moment, since a connection that is closed with unread bytes loses the answer; then closes it. */
function drain(request: IncomingMessage): void {
  const { socket } = request;
  let read = 0;
  request.on('data', (chunk: Buffer) => {
    read += chunk.length;
    if (read > DRAINED) socket.destroy();
  });
  request.on('error', () => {});
  const timer = setTimeout(() => socket.destroy(), 1000);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}
