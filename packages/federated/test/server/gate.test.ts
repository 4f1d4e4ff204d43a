// What is refused, and that it is refused before anything is read.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Federation } from '../../src/server/options.ts';
import { MEDIA_TYPE, encodeMessage } from '../../src/wire/message.ts';
import { coordinate, layout, takePart, tokenOf } from './light.ts';

const statusToken = 'the-token-of-the-status-page';
const page = 'https://page.example';
let server: Federation;
beforeAll(async () => {
  server = await coordinate(['a', 'b'], {
    status: { token: statusToken },
    origins: [page],
    limits: { headerSeconds: 0.5, bodySeconds: 0.5, pollSeconds: 0.2, bytesAtOnce: 70_000 },
    rounds: 1000,
  });
});
afterAll(() => server.close());

const bearer = (name: string): Record<string, string> => ({
  Authorization: `Bearer ${tokenOf(name)}`,
});
const post = (
  body: Uint8Array<ArrayBuffer> | string,
  headers: Record<string, string> = { ...bearer('a'), 'Content-Type': MEDIA_TYPE },
): RequestInit => ({ method: 'POST', body, headers });

async function ask(
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(new URL(path, server.url), init);
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** Sends bytes as they are; what comes back until the connection ends. */
async function raw(text: string, keep = false): Promise<string> {
  const socket: Socket = connect(server.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  const ended = new Promise((resolve) => {
    socket.once('close', resolve);
  });
  socket.on('error', () => {});
  socket.write(text);
  if (!keep) socket.end();
  await ended;
  return Buffer.concat(chunks).toString();
}

const after = (seconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 1000 * seconds);
  });

describe('a stranger', () => {
  const answer = encodeMessage({ run: 'x', round: 1, attempt: 1, step: 0, body: {} });
  it.each<[string, RequestInit]>([
    ['no token', {}],
    ['a forged token', { headers: { Authorization: `Bearer ${tokenOf('c')}` } }],
    ['part of a token', { headers: { Authorization: `Bearer ${tokenOf('a').slice(0, -1)}` } }],
    ['a token and more', { headers: { Authorization: `Bearer ${tokenOf('a')}x` } }],
    ['another scheme', { headers: { Authorization: `Basic ${tokenOf('a')}` } }],
    ['an empty token', { headers: { Authorization: 'Bearer ' } }],
    ['the token for the status', { headers: { Authorization: `Bearer ${statusToken}` } }],
    ['a cookie', { headers: { Cookie: `token=${tokenOf('a')}` } }],
  ])('with %s learns nothing, whatever it asks', async (_, init) => {
    // The status page is not among them: it is the same for everybody and says nothing by itself.
    const paths = ['/page', '/v1/join', '/v1/instruction', '/v1/answer', '/v1/leave', '/nothing'];
    const replies = await Promise.all(
      paths.flatMap((path) => [
        ask(path, init),
        ask(path, { ...init, method: 'POST', body: answer }),
      ]),
    );
    for (const { status, text, headers } of replies) {
      expect(status).toBe(401);
      expect(JSON.parse(text)).toEqual({
        error: { code: 'UNAUTHORIZED', reason: 'this needs a token that the coordinator knows' },
      });
      expect(headers.get('WWW-Authenticate')).toBe('Bearer');
    }
  });

  it('and a participant may not read the status, the bearer of its token may', async () => {
    expect((await ask('/status')).status).toBe(401);
    expect((await ask('/status', { headers: bearer('a') })).status).toBe(401);
    const { status, text } = await ask('/status', {
      headers: { Authorization: `Bearer ${statusToken}` },
    });
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ run: server.run, phase: 'waiting', rounds: 1000 });
    expect(text).not.toContain('token-of');
  });

  it('cannot pass a token in the path', async () => {
    expect((await ask(`/v1/instruction?token=${tokenOf('a')}`)).status).toBe(400);
  });
});

describe('a request of a participant', () => {
  it.each<[string, number, string, RequestInit]>([
    ['/v1/nothing', 404, 'NOT_FOUND', { headers: bearer('a') }],
    ['/v1/join', 405, 'METHOD', { headers: bearer('a') }],
    ['/v1/instruction', 405, 'METHOD', post('x')],
    ['/v1/join', 415, 'MEDIA_TYPE', post('x', bearer('a'))],
    [
      '/v1/join',
      415,
      'MEDIA_TYPE',
      post('x', { ...bearer('a'), 'Content-Type': MEDIA_TYPE, 'Content-Encoding': 'gzip' }),
    ],
    ['/v1/join', 400, 'BAD_REQUEST', post('x')],
    ['/v1/join', 400, 'BAD_REQUEST', post(encodeMessage({ layout: 7 }))],
    ['/v1/join', 409, 'OTHER_MODEL', post(encodeMessage({ layout: '[]' }))],
    ['/v1/answer', 413, 'TOO_LARGE', post(new Uint8Array(80_000))],
    [`/${'x'.repeat(300)}`, 414, 'BAD_REQUEST', { headers: bearer('a') }],
  ])('to %s is answered with %i %s', async (path, expected, code, init) => {
    const { status, text } = await ask(path, init);
    expect([status, (JSON.parse(text) as { error: { code: string } }).error.code]).toEqual([
      expected,
      code,
    ]);
  });

  it('with another model hears where it differs', async () => {
    const entries = [layout.entries[0], { name: '0.bias', shape: [3] }];
    const body = encodeMessage({ layout: JSON.stringify(entries) });
    expect((await ask('/v1/join', post(body))).text).toContain(
      'the model is another one: expected 0.bias [2], not 0.bias [3]',
    );
  });

  it('may come from pages of allowed origins only', async () => {
    const from = (origin: string): ReturnType<typeof ask> =>
      ask('/v1/instruction', { headers: { ...bearer('a'), Origin: origin } });
    const allowed = await from(page);
    expect([allowed.status, allowed.headers.get('Access-Control-Allow-Origin')]).toEqual([
      204,
      page,
    ]);
    const other = await from('https://page.example.evil.example');
    expect([other.status, other.headers.get('Access-Control-Allow-Origin')]).toEqual([403, null]);
    expect((await from('null')).status).toBe(403);
    const asking = { Origin: page, 'Access-Control-Request-Method': 'POST' };
    const preflight = await ask('/v1/answer', { method: 'OPTIONS', headers: asking });
    expect([preflight.status, preflight.headers.get('Access-Control-Allow-Headers')]).toEqual([
      204,
      'Authorization, Content-Type',
    ]);
    const refused = { ...asking, Origin: 'https://evil.example' };
    expect((await ask('/v1/answer', { method: 'OPTIONS', headers: refused })).status).toBe(403);
  });

  const head = (more: string): string =>
    `POST /v1/answer HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokenOf('a')}\r\n${more}\r\n`;
  const type = `Content-Type: ${MEDIA_TYPE}\r\n`;

  it('without a length is refused unread', async () => {
    const reply = await raw(`${head(`${type}Transfer-Encoding: chunked\r\n`)}ffffff\r\n`, true);
    expect(reply).toMatch(/^HTTP\/1\.1 411 /);
    expect(reply).toMatch(/Connection: close/);
  });

  it('that announces too much is refused before it sends it', async () => {
    const reply = await raw(head(`${type}Content-Length: 100000000\r\n`), true);
    expect(reply).toMatch(/^HTTP\/1\.1 413 [^]*100000000 bytes; \d+ are allowed/);
  });

  it('that asks before it sends is told to go on, or why not', async () => {
    const expects = `${type}Expect: 100-continue\r\n`;
    expect(await raw(head(`${expects}Content-Length: 100000000\r\n`), true)).toMatch(
      /^HTTP\/1\.1 413 /,
    );
    expect(await raw(`${head(`${expects}Content-Length: 4\r\n`)}abcd`)).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 400 /,
    );
    expect(await raw(head(`${type}Expect: coffee\r\n`))).toMatch(/^HTTP\/1\.1 417 /);
  });

  it('whose head does not come is ended', async () => {
    expect(await raw('POST /v1/answer HTTP/1.1\r\nHost: x\r\n', true)).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('whose body does not come is ended, and lets others through', async () => {
    const slow = raw(`${head(`${type}Content-Length: 60000\r\n`)}abc`, true);
    await after(0.1);
    // The memory that is set aside for bodies is taken, and this participant is busy.
    expect((await ask('/v1/join', post('x'))).status).toBe(429);
    const headers = { ...bearer('b'), 'Content-Type': MEDIA_TYPE };
    expect((await ask('/v1/answer', post(new Uint8Array(20_000), headers))).status).toBe(429);
    expect(await slow).toMatch(/^HTTP\/1\.1 408 [^]*did not arrive within 0\.5 seconds/);
    expect((await ask('/v1/join', post('x'))).status).toBe(400);
  });

  it.each([
    ['no HTTP at all', '\u0000\u0001\u0002 hello\r\n\r\n', 400],
    ['two lengths', head(`${type}Content-Length: 3\r\nContent-Length: 4\r\n`), 400],
    ['length and chunks', head(`${type}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n`), 400],
    ['no host', 'GET /status HTTP/1.1\r\n\r\n', 400],
    ['headers without end', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(10_000)}\r\n`, 431],
    ['a tunnel', 'CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n', 405],
    ['an unknown method', 'BREW /status HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ])('that is %s is refused', async (_, text, status) => {
    const reply = await raw(text);
    expect(reply).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(reply).toMatch(/\r\n\r\n\{"error":\{"code":"[A-Z_]+","reason":".+"\}\}$/);
  });
});

describe('too many requests', () => {
  it('of a participant are refused until it pauses', async () => {
    await using busy = await coordinate(['a', 'b'], {
      limits: { participantBurst: 3, participantRate: 4 },
    });
    const ask = async (name: string): Promise<[number, string | null]> => {
      const response = await fetch(new URL('/x', busy.url), { headers: bearer(name) });
      return [response.status, response.headers.get('Retry-After')];
    };
    for (let i = 0; i < 3; i++) expect(await ask('a')).toEqual([404, null]);
    expect(await ask('a')).toEqual([429, '1']);
    expect(await ask('b')).toEqual([404, null]);
    await after(0.3);
    expect(await ask('a')).toEqual([404, null]);
  });

  it('of an address are refused before tokens are looked at', async () => {
    await using busy = await coordinate(['a'], { limits: { addressBurst: 2, addressRate: 0.1 } });
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) statuses.push((await fetch(busy.url)).status);
    expect(statuses).toEqual([401, 401, 429, 429]);
  });
});

it('strangers who take all connections keep nobody out', async () => {
  await using small = await coordinate(['a'], { limits: { connections: 6 }, rounds: 2 });
  const idle = Array.from({ length: 12 }, () =>
    connect(small.port, '127.0.0.1').on('error', () => {}),
  );
  await after(0.1);
  const { end } = await takePart(small.url, 'a', { giveUpAfter: 2 });
  expect(end.rounds).toBe(2);
  // Some of them are still there: they go where somebody comes, and not before.
  expect(idle.some(({ destroyed, readyState }) => !destroyed && readyState === 'open')).toBe(true);
  for (const socket of idle) socket.destroy();
});

it('messages never hold a token', async () => {
  const secret = tokenOf('x');
  const error = await takePart(server.url, 'x').catch((error: unknown) => String(error));
  expect(error).toMatch(/this needs a token/);
  expect(error).not.toContain(secret);
  const short = await coordinate([], { tokens: { a: 'short' } }).catch(String);
  expect(short).not.toContain('short');
});

it('options that cannot work are refused', async () => {
  await expect(coordinate([])).rejects.toThrow(/nobody may take part/);
  const name = { 'a\n': tokenOf('a') };
  await expect(coordinate([], { tokens: name })).rejects.toThrow(/cannot be the name/);
  await expect(coordinate([], { tokens: { a: 'short' } })).rejects.toThrow(/16 to 512 characters/);
  const same = { a: tokenOf('a'), b: tokenOf('a') };
  await expect(coordinate([], { tokens: same })).rejects.toThrow(/have the same token/);
  await expect(coordinate(['a'], { origins: ['https://x.example/'] })).rejects.toThrow(/origin/);
  await expect(coordinate(['a'], { limits: { bodySeconds: 0 } })).rejects.toThrow(/bodySeconds/);
  await expect(coordinate(['a'], { limits: { bytesAtOnce: 10 } })).rejects.toThrow(/bytesAtOnce/);
  await expect(coordinate(['a'], { listen: server.port })).rejects.toThrow(/Choose another port/);
  await expect(coordinate(['a'], { roundTimeout: 0 })).rejects.toThrow(/roundTimeout/);
});
