// Participants that fail, lie or come late: rounds go on, and only what is right counts, once.
import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../../src/wire/message.ts';
import type { Call, Transport } from '../../src/client/transport.ts';
import { Unreachable } from '../../src/client/transport.ts';
import { coordinate, layout, lightModel, takePart, trainLight, undisturbed } from './light.ts';

const honest = ['a', 'b', 'c'];

/** Runs a federation of honest participants and one that is not; the end of it. */
async function withOne(
  part: (url: string) => Promise<unknown>,
  options: Parameters<typeof coordinate>[1] = {},
): Promise<{
  model: ReturnType<typeof lightModel>;
  result: Awaited<Awaited<ReturnType<typeof coordinate>>['result']>;
  other: unknown;
  refused: Readonly<Record<string, number>>;
}> {
  const model = lightModel();
  const names = [...honest, 'z'];
  await using server = await coordinate(names, { roundTimeout: 20, ...options }, model);
  const other = part(server.url);
  const parts = honest.map((name) => takePart(server.url, name));
  const result = await server.result;
  await Promise.all(parts);
  const done = await other;
  return { model, result, other: done, refused: server.status().refused };
}

describe('a participant that lies', () => {
  const lies: Record<string, (weights: Float64Array) => Float64Array> = {
    NaN: (weights) => weights.with(3, NaN),
    infinity: (weights) => weights.with(0, -Infinity),
    'a huge norm': (weights) => weights.map((value) => value + 1e6),
    'too few weights': (weights) => weights.slice(1),
    'too many weights': (weights) => Float64Array.of(...weights, 1),
    'no weights': () => new Float64Array(0),
  };
  it.each(Object.keys(lies))('by %s is refused at once and changes nothing', async (lie) => {
    const { model, result, other, refused } = await withOne(
      (url) =>
        takePart(url, 'z', {
          train: (body) => ({
            ...trainLight('z', body),
            weights: lies[lie]!(body.weights),
          }),
        }),
      { maxNorm: 100 },
    );
    const { rounds } = other as Awaited<ReturnType<typeof takePart>>;
    expect(rounds.map(({ outcome }) => outcome)).toEqual(['refused', 'refused', 'refused']);
    expect(refused['INVALID']).toBe(3);
    for (const record of result.history) expect(record.participants).toEqual(honest);
    expect(result.seconds).toBeLessThan(10);
    expect(model.weights).toEqual(undisturbed(result.history, 4, { maxNorm: 100 }));
  });

  it('by its loss or number of examples is refused', async () => {
    const { result, refused } = await withOne(
      (url) =>
        takePart(url, 'z', {
          train: (body) => ({
            ...trainLight('z', body),
            ...(body.task.round === 1 ? { loss: NaN } : { examples: 1e9 }),
          }),
        }),
      { maxExamples: 1000 },
    );
    expect(refused['INVALID']).toBe(3);
    for (const record of result.history) expect(record.participants).toEqual(honest);
  });

  /** Changes what is sent as an answer. */
  const sending =
    (change: (answer: Record<string, unknown>) => unknown) =>
    (send: Transport): Transport =>
    async (call) =>
      send(
        call.path === '/v1/answer'
          ? { ...call, body: encodeMessage(change(answerOf(call)) as never) }
          : call,
      );
  const answerOf = (call: Call): Record<string, unknown> => {
    const text = new TextDecoder().decode(call.body).match(/"message":("(?:[^"\\]|\\.)*")/)![1]!;
    const parsed = JSON.parse(JSON.parse(text) as string) as Record<string, unknown>;
    return { ...parsed, body: { examples: 5, loss: 1, weights: new Float64Array(layout.size) } };
  };

  it.each([
    ['of a round to come', (answer: Record<string, unknown>) => ({ ...answer, round: 7 }), 'STALE'],
    [
      'of another attempt',
      (answer: Record<string, unknown>) => ({ ...answer, attempt: 2 }),
      'STALE',
    ],
    ['of another run', (answer: Record<string, unknown>) => ({ ...answer, run: 'x' }), 'OTHER_RUN'],
  ])('with an answer %s is not heard', async (_, change, code) => {
    const { model, result, refused } = await withOne(
      (url) => takePart(url, 'z', { transport: sending(change) }),
      { roundTimeout: 0.4, rounds: 2 },
    );
    expect(refused[code]).toBeGreaterThanOrEqual(2);
    for (const record of result.history) expect(record.participants).toEqual(honest);
    expect(model.weights).toEqual(undisturbed(result.history, 4));
  });

  it('with an answer of another form is not heard', async () => {
    const { result, other } = await withOne(
      async (url) => {
        const transport = sending((answer) => ({ ...answer, extra: 1 }));
        return takePart(url, 'z', { transport }).catch((error: unknown) => error);
      },
      { roundTimeout: 0.4, rounds: 1 },
    );
    expect(String(other)).toMatch(/the answer has a member too many/);
    expect(result.history[0]!.participants).toEqual(honest);
  });
});

describe('a participant that fails', () => {
  it('and says so is not waited for', async () => {
    const { model, result, other } = await withOne((url) =>
      takePart(url, 'z', {
        train: () => {
          throw new Unreachable('no data');
        },
      }),
    );
    const { rounds } = other as Awaited<ReturnType<typeof takePart>>;
    expect(rounds.map(({ outcome, reason }) => [outcome, reason])).toEqual(
      Array.from({ length: 3 }, () => ['failed', 'no data']),
    );
    expect(result.seconds).toBeLessThan(10);
    expect(model.weights).toEqual(undisturbed(result.history, 4));
  });

  it('silently is waited for until time is out, and asked no more while it is away', async () => {
    const { model, result } = await withOne(
      async (url) => {
        const away = new AbortController();
        const train = async (): Promise<never> => {
          away.abort();
          return new Promise(() => {});
        };
        void takePart(url, 'z', { train, signal: away.signal }).catch(() => {});
      },
      { roundTimeout: 0.4, limits: { pollSeconds: 0.2 } },
    );
    expect(result.history[0]!.selected).toEqual([...honest, 'z']);
    for (const record of result.history) expect(record.participants).toEqual(honest);
    expect(model.weights).toEqual(undisturbed(result.history, 4));
  });

  it('by being slow hears that it is late, and takes part again', async () => {
    const { model, result, other } = await withOne(
      (url) =>
        takePart(url, 'z', {
          train: async (body) => {
            if (body.task.round === 1)
              await new Promise((resolve) => {
                setTimeout(resolve, 700);
              });
            return trainLight('z', body);
          },
        }),
      { roundTimeout: 0.5, rounds: 60 },
    );
    const { rounds } = other as Awaited<ReturnType<typeof takePart>>;
    expect(rounds[0]!.outcome).toBe('late');
    expect(rounds.at(-1)!.outcome).toBe('accepted');
    expect(result.history[0]!.participants).toEqual(honest);
    expect(result.history.at(-1)!.participants).toEqual([...honest, 'z']);
    expect(model.weights).toEqual(undisturbed(result.history, 4));
  });

  it('to get replies sends again, and counts once', async () => {
    let lost = 0;
    const losing =
      (send: Transport): Transport =>
      async (call) => {
        const reply = await send(call);
        if (call.path !== '/v1/answer' || lost++ % 2 === 1) return reply;
        throw new Unreachable('the connection broke');
      };
    const { model, result } = await withOne((url) => takePart(url, 'z', { transport: losing }));
    expect(lost).toBe(6);
    for (const record of result.history) expect(record.participants).toEqual([...honest, 'z']);
    expect(model.weights).toEqual(undisturbed(result.history, 4));
  });

  it('makes a round with too few updates begin again', async () => {
    let count = 0;
    const { model, result } = await withOne(
      (url) =>
        takePart(url, 'z', {
          train: (body) => {
            if (count++ < 2) throw new Unreachable('not now');
            return trainLight('z', body);
          },
        }),
      { minimum: 4 },
    );
    expect(result.history.map(({ attempts }) => attempts)).toEqual([3, 1, 1]);
    expect(model.weights).toEqual(undisturbed(result.history, 4));
  });
});

it('a federation that cannot go on says why', async () => {
  await using server = await coordinate(['a'], { attempts: 2 });
  const away = new AbortController();
  const part = takePart(server.url, 'a', {
    signal: away.signal,
    train: () => {
      throw new Unreachable('never');
    },
  });
  await expect(server.result).rejects.toThrow(/round 1 got 0 updates/);
  await expect(
    (async () => {
      for await (const record of server) expect(record).toBeUndefined();
    })(),
  ).rejects.toThrow(/round 1 got 0 updates/);
  away.abort();
  await expect(part).rejects.toThrow(/abort/);
});
