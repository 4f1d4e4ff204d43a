import { UnsupportedError } from '@ketwork/base';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { Unreachable } from '../../src/client/transport.ts';
import { Journal } from '../../src/server/journal.ts';
import type { SimulationEvent } from '../../src/simulation/options.ts';
import { coordinate, lightModel, secureAggregation, takePart, trainLight } from './light.ts';

describe('a coordinator', () => {
  it('brings rounds to their end with all participants', async () => {
    const names = ['a', 'b', 'c'];
    const model = lightModel();
    await using server = await coordinate(names, {}, model);
    const parts = names.map((name) => takePart(server.url, name));
    const seen: number[] = [];
    for await (const { round } of server) seen.push(round);
    const result = await server.result;
    expect(seen).toEqual([1, 2, 3]);
    expect(result.reason).toBe('completed');
    for (const record of result.history) expect(record.participants).toEqual(names);
    for (const { rounds, end } of await Promise.all(parts)) {
      expect(rounds.map(({ round, outcome }) => [round, outcome])).toEqual([
        [1, 'accepted'],
        [2, 'accepted'],
        [3, 'accepted'],
      ]);
      expect(end.weights).toEqual(model.weights);
    }
  });

  it.each([undefined, secureAggregation])('tells what becomes of updates (%o)', async (secure) => {
    const names = ['a', 'b', 'c', 'z'];
    const events: SimulationEvent[] = [];
    await using server = await coordinate(names, {
      rounds: 1,
      waitFor: names.length,
      onEvent: (event) => events.push(event),
      ...(secure === undefined ? {} : { secureAggregation: secure }),
    });
    const parts = names.map((name) =>
      takePart(server.url, name, {
        train: (body) => {
          if (name === 'z') throw new Unreachable('not today');
          const answer = trainLight(name, body);
          return name === 'c' && secure === undefined ? { ...answer, loss: NaN } : answer;
        },
      }),
    );
    await Promise.all(parts);
    const told = new Map(
      events.map(({ participant, type, fault }) => [participant, [type, fault]]),
    );
    expect(names.map((name) => [name, ...told.get(name)!])).toEqual([
      ['a', 'accepted', undefined],
      ['b', 'accepted', undefined],
      secure === undefined ? ['c', 'refused', 'not-finite'] : ['c', 'accepted', undefined],
      ['z', 'dropped', undefined],
    ]);
    expect(events.map(({ done }) => done)).toEqual([1, 2, 3, 4]);
    expect(events.at(-1)).toMatchObject({ round: 1, attempt: 1, selected: 4, progress: 1 });
  });

  it('tells of a round when it is on the disk, and not before', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'coordinator-'));
    const written: number[] = [];
    const told: unknown[] = [];
    const { save } = Journal.prototype;
    const spy = vi.spyOn(Journal.prototype, 'save').mockImplementation(async function (
      this: Journal,
      state,
    ) {
      written.push(state.history.length);
      if (state.round > 1) note();
      await save.call(this, state);
      if (state.round > 1) note();
    });
    const model = lightModel();
    model.evaluate = async () => {
      note();
      return { loss: 1, metrics: {} };
    };
    const options = { journal: folder, rounds: 2, onRound: () => note() };
    await using server = await coordinate(['a'], options, model);
    const note = (): void => {
      const { done, history, phase } = server.status();
      told.push([done, history.length, history.at(-1)?.evaluation?.loss ?? 0, phase]);
    };
    try {
      await takePart(server.url, 'a');
      await server.result;
    } finally {
      spy.mockRestore();
      await rm(folder, { recursive: true });
    }
    expect(written).toEqual([0, 1, 2]);
    const before = (done: number): unknown[] =>
      Array.from({ length: 3 }, () => [done, done, done, 'waiting']);
    // Measured, about to be saved, written; then the callback.
    expect(told).toEqual([...before(0), [1, 1, 1, 'waiting'], ...before(1), [2, 2, 1, 'waiting']]);
  });

  it('does not listen to a network in clear, unless one says so', async () => {
    for (const host of ['0.0.0.0', '::', '', '192.0.2.1', 'example.org']) {
      const clear = coordinate(['a'], { listen: { port: 0, host } });
      await expect(clear).rejects.toThrow(UnsupportedError);
      await expect(clear).rejects.toThrow(/everybody on the way.*Give tls.*allowInsecure/);
    }
    const listen = { port: 0, host: '0.0.0.0' };
    const no = coordinate(['a'], { listen, allowInsecure: 'no' as never });
    await expect(no).rejects.toThrow(UnsupportedError);
    await using all = await coordinate(['a'], { listen, allowInsecure: true });
    expect(all.url).toBe(`http://localhost:${all.port}`);
    await using local = await coordinate(['a'], { listen: { port: 0, host: 'localhost' } });
    expect(local.port).toBeGreaterThan(0);
  });

  it('ends where the callback for events throws', async () => {
    await using server = await coordinate(['a'], {
      onEvent: () => {
        throw new Error('enough');
      },
    });
    const away = new AbortController();
    const part = takePart(server.url, 'a', { signal: away.signal });
    await expect(server.result).rejects.toThrow('enough');
    away.abort();
    await expect(part).rejects.toThrow(/abort/);
  });
});
