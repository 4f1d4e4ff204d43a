// Secure aggregation over HTTP, with participants that drop out at each of its steps.
import { describe, expect, it } from 'vitest';
import type { Transport } from '../../src/client/transport.ts';
import { encodeMessage } from '../../src/wire/message.ts';
import {
  addedOpenly,
  coordinate,
  lightModel,
  secureAggregation,
  takePart,
  trainLight,
} from './light.ts';

const names = ['a', 'b', 'c', 'd', 'z'];

/** Changes the answers of one step, or swallows them. */
const atStep =
  (step: number, change: (call: Parameters<Transport>[0]) => ReturnType<Transport>) =>
  (send: Transport): Transport => {
    let answers = 0;
    return async (call) =>
      call.path === '/v1/answer' && answers++ === step ? change(call) : send(call);
  };

describe('secure aggregation over HTTP', () => {
  it.each([
    [0, 'before it has sent keys', false],
    [1, 'before it has shared its secrets', false],
    [2, 'before it has sent its update', false],
    [3, 'after it has sent its update', true],
  ])('goes on without a participant that is lost at step %i, %s', async (step, _, counts) => {
    const model = lightModel();
    await using server = await coordinate(
      names,
      { secureAggregation, rounds: 2, roundTimeout: 0.5, waitFor: names.length },
      model,
    );
    const away = new AbortController();
    const lost = takePart(server.url, 'z', {
      signal: away.signal,
      transport: atStep(step, () => {
        away.abort();
        return new Promise(() => {});
      }),
    });
    const rest = names.slice(0, -1);
    const parts = rest.map((name) => takePart(server.url, name));
    const { history } = await server.result;
    expect(history[0]!.selected).toEqual(names);
    expect(history[0]!.participants).toEqual(counts ? names : rest);
    expect(history[1]!.participants).toEqual(rest);
    expect(model.weights).toEqual(await addedOpenly(history, names.length));
    for (const { rounds } of await Promise.all(parts))
      expect(rounds.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted']);
    void lost.catch(() => {});
  });

  it('refuses what is no message of it, and goes on', async () => {
    const model = lightModel();
    await using server = await coordinate(
      names,
      { secureAggregation, rounds: 1, waitFor: names.length },
      model,
    );
    const body = encodeMessage({
      run: server.run,
      round: 1,
      attempt: 1,
      step: 2,
      body: { kind: 'x' },
    });
    const parts = names.map((name) =>
      takePart(server.url, name, {
        transport: (send) => {
          const lying = atStep(2, (call) => send({ ...call, body }))(send);
          return name === 'z' ? lying : send;
        },
      }),
    );
    const { history } = await server.result;
    expect(history[0]!.participants).toEqual(names.slice(0, -1));
    expect((await parts.at(-1)!).rounds[0]!.outcome).toBe('refused');
    await Promise.all(parts);
    expect(model.weights).toEqual(await addedOpenly(history, names.length));
  });

  it('repeats a round that too many have left, with new keys', async () => {
    const model = lightModel();
    await using server = await coordinate(
      names,
      { secureAggregation, rounds: 1, roundTimeout: 0.5, waitFor: names.length },
      model,
    );
    const id = { run: server.run, round: 1, attempt: 1, step: 1 };
    const failed = encodeMessage({ ...id, body: null, failed: 'lost' });
    let trained = 0;
    const parts = names.map((name, k) =>
      takePart(server.url, name, {
        // Two of five cannot answer the second question, once.
        transport: (send) =>
          k < 2 ? atStep(1, (call) => send({ ...call, body: failed }))(send) : send,
        train: (body) => {
          trained++;
          return trainLight(name, body);
        },
      }),
    );
    const { history } = await server.result;
    await Promise.all(parts);
    expect(history[0]!.attempts).toBe(2);
    expect(history[0]!.participants).toEqual(names);
    expect(trained).toBe(names.length);
    expect(model.weights).toEqual(await addedOpenly(history, names.length));
  });

  it('refuses to add openly what should be secret', async () => {
    const open = { ...secureAggregation, protocol: 'sum-only' } as const;
    await expect(coordinate(names, { secureAggregation: open })).rejects.toThrow(
      /would show single updates/,
    );
  });
});
