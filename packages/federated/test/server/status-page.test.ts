import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import type { RoundRecord } from '../../src/contract.ts';
import { statusClient } from '../../src/server/status-client.ts';
import type { FederationStatus } from '../../src/server/status.ts';
import { coordinate, secureAggregation, takePart } from './light.ts';

describe('the status page', () => {
  it('may be loaded by everybody where there is a status, and says nothing by itself', async () => {
    const token = 'status-token-0123456789';
    await using server = await coordinate(['a', 'b'], { status: { token } });
    const response = await fetch(server.url);
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(html).not.toContain(server.run);
    expect((await fetch(`${server.url}/status`)).status).toBe(401);
    const headers = { authorization: `Bearer ${token}` };
    const status = (await (await fetch(`${server.url}/status`, { headers })).json()) as object;
    expect(status).toMatchObject({ run: server.run, rounds: 3, done: 0 });
  });

  it('lets the browser run its own script and style only, and talk to its server only', async () => {
    await using server = await coordinate(['a', 'b'], { status: 'open' });
    const response = await fetch(server.url);
    const html = await response.text();
    const policy = response.headers.get('content-security-policy')!;
    const hash = (tag: string): string => {
      const inside = new RegExp(`<${tag}>(.*)</${tag}>`, 's').exec(html)![1]!;
      return createHash('sha256').update(inside).digest('base64');
    };
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src 'sha256-${hash('script')}'`,
      `style-src 'sha256-${hash('style')}'`,
      "connect-src 'self'",
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(html).not.toMatch(/(?:src|href)="(?!data:,)/);
    expect(html.match(/<script/g)).toHaveLength(1);
  });

  it('is not there where nobody may read the status', async () => {
    await using server = await coordinate(['a', 'b']);
    expect((await fetch(server.url)).status).toBe(401);
  });

  it('is told of new rounds only, where it asks so', async () => {
    await using server = await coordinate(['a'], { status: 'open', linger: Infinity });
    await takePart(server.url, 'a');
    const ask = (query: string): Promise<Response> => fetch(`${server.url}/status${query}`);
    const rounds = async (query: string): Promise<number[]> => {
      const { done, history, curve, participants } = (await (
        await ask(query)
      ).json()) as FederationStatus;
      expect([done, participants[0]!.rounds]).toEqual([3, 3]);
      expect(curve.map(({ round }) => round)).toEqual(history.map(({ round }) => round));
      return history.map(({ round }) => round);
    };
    expect(await rounds('')).toEqual([1, 2, 3]);
    expect(await rounds('?since=0')).toEqual([1, 2, 3]);
    expect(await rounds('?since=2')).toEqual([3]);
    expect(await rounds('?since=3')).toEqual([]);
    expect(await rounds('?since=999999999')).toEqual([]);
    for (const query of ['?since=', '?since=-1', '?since=1&token=x', '?since=1e3', '?x=1'])
      expect((await ask(query)).status).toBe(400);
  });

  it('asks for rounds it does not have, and for all where the federation is another', async () => {
    vi.useFakeTimers();
    try {
      const shown: number[] = [];
      const place = { textContent: '', hidden: false, addEventListener: () => {} };
      const records = {
        replaceChildren: (...rows: unknown[]) => shown.push(rows.length - 1),
      };
      const document = {
        title: '',
        querySelector: (id: string) =>
          id === '#records' ? records : { ...place, replaceChildren: () => {} },
        createElement: () => ({ append: () => {} }),
        createElementNS: () => ({ setAttribute: () => {} }),
      };
      const asked: string[] = [];
      let run = 'x';
      let done = 2;
      const answer = async (path: string): Promise<unknown> => {
        asked.push(path);
        const since = Number(/since=(\d+)/.exec(path)?.[1] ?? 0);
        const records = Array.from({ length: done }, (_, i): RoundRecord => {
          const names = { selected: ['a'], participants: ['a'], attempts: 1 };
          return { round: i + 1, ...names, loss: 1, examples: 1, samples: 1, bytes: 1, seconds: 1 };
        });
        const status = {
          run,
          done,
          rounds: 9,
          phase: 'training',
          attempt: 1,
          size: 1,
          seconds: 1,
          strategy: { name: 's', settings: {} },
          participants: [],
          refused: {},
          history: records.slice(since),
          curve: records.slice(since).map(({ round, loss }) => ({ round, loss })),
          bytes: { received: 0, sent: 0 },
        };
        return { ok: true, status: 200, json: async () => status };
      };
      vi.stubGlobal('document', document);
      vi.stubGlobal('location', { hash: '', pathname: '/' });
      vi.stubGlobal('fetch', answer);
      statusClient();
      await vi.advanceTimersByTimeAsync(100);
      done = 5;
      await vi.advanceTimersByTimeAsync(3000);
      run = 'y';
      done = 6;
      await vi.advanceTimersByTimeAsync(3000);
      const since = (round: number): string => `/status?since=${round}`;
      expect(asked).toEqual(['/status', since(2), since(5), since(5), '/status']);
      expect(shown).toEqual([2, 5, 5, 6]);
    } finally {
      vi.useRealTimers();
      vi.unstubAllGlobals();
    }
  });

  it('has something to tell of secure sums, though nobody sees an update', async () => {
    const names = ['a', 'b', 'c'];
    await using server = await coordinate(names, { secureAggregation, waitFor: 3, linger: 0 });
    const end = new AbortController();
    const never = new Promise<never>((_, reject) => {
      end.signal.addEventListener('abort', () => reject(new Error('over')));
    });
    const silent = takePart(server.url, 'c', { signal: end.signal, train: () => never });
    const parts = ['a', 'b'].map((name) => takePart(server.url, name, { signal: end.signal }));
    const answered = (): string[] =>
      server
        .status()
        .participants.filter((participant) => participant.answered)
        .map(({ name }) => name);
    await vi.waitFor(() => expect(answered()).toEqual(['a', 'b']), { timeout: 10_000 });
    end.abort(new Error('over'));
    await Promise.allSettled([silent, ...parts]);
  });
});
