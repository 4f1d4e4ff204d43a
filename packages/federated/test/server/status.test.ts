// The status of a federation of very many rounds stays small.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RoundRecord } from '../../src/contract.ts';
import { Rounds } from '../../src/rounds/rounds.ts';
import { Exchange } from '../../src/server/exchange.ts';
import { statusClient } from '../../src/server/status-client.ts';
import { Tally, statusOf } from '../../src/server/status.ts';
import type { FederationStatus } from '../../src/server/status.ts';
import { plan } from '../rounds/common.ts';

/** The status after so many rounds of which each names so many participants. */
function statusAfter(done: number, since: number, population = 2): FederationStatus {
  const names = Array.from({ length: population }, (_, i) => `participant-${i}`);
  const rounds = new Rounds(plan({ rounds: 30_000 }));
  rounds.state.history.push(
    ...Array.from({ length: done }, (_, i): RoundRecord => {
      const numbers = { examples: 1, samples: 1, bytes: 1, seconds: 1, attempts: 1 };
      const evaluation = { loss: i + 0.5, metrics: {} };
      const of = { selected: names, participants: names };
      return { round: i + 1, ...of, ...numbers, loss: i, epsilon: i / 10, evaluation };
    }),
  );
  const traffic = { received: 0, sent: 0, refused: {} };
  const saved = { done, attempt: 1 };
  const exchange = new Exchange(1);
  const tally = new Tally();
  return statusOf(rounds, saved, exchange, traffic, names, undefined, 1, tally, since);
}

const numbersOf = (of: readonly { readonly round: number }[]): number[] =>
  of.map(({ round }) => round);
const upTo = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

describe('a status', () => {
  it('has the last rounds, and of all of them a curve', () => {
    const { done, history, curve } = statusAfter(20_000, 0);
    expect(done).toBe(20_000);
    expect(numbersOf(history)).toEqual(upTo(19_801, 20_000));
    expect(curve.length).toBeLessThanOrEqual(514);
    expect(curve.length).toBeGreaterThan(256);
    expect(curve[0]).toEqual({ round: 1, loss: 0, tested: 0.5, epsilon: 0 });
    expect(curve[1]!.round).toBe(64);
    expect(curve.at(-1)).toEqual({
      round: 20_000,
      loss: 19_999,
      tested: 19_999.5,
      epsilon: 1999.9,
    });
    expect(
      new Set(
        numbersOf(curve)
          .slice(1, -1)
          .map((round) => round % 64),
      ),
    ).toEqual(new Set([0]));
  });

  it.each([
    [0, 0],
    [1, 0],
    [3, 0],
    [3, 3],
    [3, 9],
    [500, 0],
    [513, 0],
    [514, 2],
    [700, 699],
    [5000, 4000],
    [5000, 4999],
  ])('has every round once, of %i those after %i', (done, since) => {
    const { history, curve } = statusAfter(done, since);
    const all = since < done ? upTo(since + 1, done) : [];
    expect(numbersOf(history)).toEqual(all.slice(-200));
    const points = numbersOf(curve);
    expect(points).toEqual([...new Set(points)].sort((a, b) => a - b));
    expect([points[0], points.at(-1)]).toEqual([all[0], all.at(-1)]);
    if (all.length <= 512) expect(points).toEqual(all);
    else expect(points.length).toBeLessThanOrEqual(514);
  });

  it('is bounded where rounds name very many participants', () => {
    const { history } = statusAfter(1000, 0, 700);
    expect(numbersOf(history)).toEqual(upTo(1000 - 14 + 1, 1000));
    expect(numbersOf(statusAfter(3, 0, 15_000).history)).toEqual([3]);
    const length = (done: number): number => JSON.stringify(statusAfter(done, 0, 300)).length;
    expect(length(20_000)).toBeLessThan(600_000);
    // Ten times the rounds, and a few digits more.
    expect(length(20_000)).toBeLessThan(1.1 * length(2000));
  });
});

describe('the page', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('draws as little of thousands of rounds as can be told apart, and goes on', async () => {
    const drawn = new Map<string, number>();
    let path = '';
    const place = { textContent: '', hidden: false, addEventListener: () => {} };
    const curve = {
      replaceChildren: (...parts: { name: string; d: string }[]) => {
        drawn.clear();
        for (const { name } of parts) drawn.set(name, (drawn.get(name) ?? 0) + 1);
        path = parts.find(({ d }) => d.length > 0)!.d;
      },
    };
    vi.stubGlobal('document', {
      title: '',
      querySelector: (id: string) =>
        id === '#curve' ? curve : { ...place, replaceChildren: () => {} },
      createElement: () => ({ append: () => {} }),
      createElementNS: (_: string, name: string) => ({
        name,
        d: '',
        setAttribute(key: string, value: string) {
          if (key === 'd') this.d = value;
        },
      }),
    });
    vi.stubGlobal('location', { hash: '', pathname: '/' });
    const asked: string[] = [];
    let done = 3;
    vi.stubGlobal('fetch', async (url: string) => {
      asked.push(url);
      const status = statusAfter(done, Number(/since=(\d+)/.exec(url)?.[1] ?? 0));
      return { ok: true, status: 200, json: async () => JSON.parse(JSON.stringify(status)) };
    });
    const points = (): number => path.match(/[ML]/g)!.length;
    statusClient();
    await vi.advanceTimersByTimeAsync(100);
    expect([points(), drawn.get('circle')]).toEqual([3, 6]);
    done = 3000;
    await vi.advanceTimersByTimeAsync(1500);
    expect(points()).toBeGreaterThan(300);
    for (let more = 0; more < 800; more++) {
      done++;
      await vi.advanceTimersByTimeAsync(1500);
      expect(points()).toBeLessThanOrEqual(1024);
    }
    expect(drawn.get('circle')).toBeUndefined();
    expect(asked.slice(0, 4)).toEqual([
      '/status',
      '/status?since=3',
      '/status?since=3000',
      '/status?since=3001',
    ]);
    // From the first round to the last.
    expect(path).toMatch(/^M56\.0 .*L628\.0 12\.0$/);
  }, 60_000);
});
