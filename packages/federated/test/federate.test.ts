// Over HTTP on loopback a federation is what `simulate` says it is, bit for bit.
import { ValueError, normal, key } from '@ketwork/base';
import { batchNorm, crossEntropy, dense, sequential, sgd, stateOf, tanh } from '@ketwork/nn';
import type { Model } from '@ketwork/nn';
import { loadModel } from '@ketwork/training';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import {
  coordinateMedian,
  fedAdam,
  fedAvg,
  fedProx,
  federate,
  join,
  simulate,
  stateFromBytes,
  trimmedMean,
} from '../src/index.ts';
import type { FederateOptions, FederationOptions } from '../src/index.ts';

const names = ['east', 'north', 'south', 'west'];
const tokens = Object.fromEntries(names.map((name) => [name, `the-token-of-${name}-0123`]));

/** Points in two classes, other ones and as many as the place says. */
const data = Object.fromEntries(
  names.map((name, k) => {
    const examples = 8 + 6 * k;
    const inputs = normal(key(100 + k), 2 * examples);
    const labels = Array.from({ length: examples }, (_, i) =>
      inputs[2 * i]! + (k / 2) * inputs[2 * i + 1]! > 0 ? 1 : 0,
    );
    return [name, { inputs, labels, inputShape: [2] }] as const;
  }),
);

const net = (): Model => sequential(dense(2, 5), tanh(), dense(5, 2));
const options: FederationOptions = {
  rounds: 4,
  seed: 3,
  local: { loss: crossEntropy, optimizer: sgd(0.3), epochs: 2, batchSize: 4 },
  evaluation: data['east']!,
};

/** Both ways; the models at the end and the records. */
async function checkBoth(
  given: Partial<FederateOptions>,
  model: () => Model = net,
): Promise<{ simulated: Model; served: Model; joined: readonly Model[] }> {
  const all: FederationOptions = { ...options, ...given };
  const simulated = model();
  const expected = await simulate(simulated, data, all);
  const served = model();
  await using server = await federate(served, { ...all, tokens, waitFor: names.length });
  const joined = names.map(() => model());
  const { personal = [], seed } = all;
  const parts = names.map((name, k) =>
    // A participant that comes last is no different.
    join(server.url, joined[k]!, data[name]!, { token: tokens[name]!, personal, seed }),
  );
  const results = await Promise.all(parts);
  const { history, reason, privacy } = await server.result;
  const plain = (records: typeof history): unknown =>
    records.map((record) => ({ ...record, seconds: 0 }));
  expect(plain(history)).toEqual(plain(expected.history));
  expect([reason, privacy]).toEqual([expected.reason, expected.privacy]);
  expect(stateOf(served)).toEqual(stateOf(simulated));
  for (const result of results) expect(result.reason).toBe('completed');
  // What each participant keeps is what the simulation has of it.
  names.forEach((name, k) => {
    const own = stateOf(joined[k]!);
    expect(own).toEqual({ ...stateOf(simulated), ...expected.personal[name] });
  });
  return { simulated, served, joined };
}

describe('over HTTP', () => {
  const privacy = { delta: 1e-3, randomness: 'seeded-unsafe' } as const;
  it.each<[string, Partial<FederationOptions>]>([
    ['federated averaging', { strategy: fedAvg() }],
    ['a part of the participants', { clients: 2, rounds: 6 }],
    ['FedProx', { strategy: fedProx({ mu: 0.1 }) }],
    ['FedAdam', { strategy: fedAdam({ learningRate: 0.05 }), clients: 3 }],
    ['the median', { strategy: coordinateMedian() }],
    ['the trimmed mean', { strategy: trimmedMean({ share: 0.25 }), maxNorm: 100 }],
    ['personal layers', { personal: ['2'] }],
    [
      'central privacy',
      { clients: 2, privacy: { ...privacy, kind: 'central', clippingNorm: 1, noiseMultiplier: 1 } },
    ],
    [
      'noise of participants',
      { privacy: { ...privacy, kind: 'local', clippingNorm: 1, noiseMultiplier: 0.5 } },
    ],
    ['secure aggregation', { secureAggregation: { clippingNorm: 10 } }],
    [
      'secure aggregation with central privacy',
      {
        clients: 3,
        secureAggregation: {},
        privacy: { ...privacy, kind: 'central', clippingNorm: 1, noiseMultiplier: 1 },
      },
    ],
  ])('%s is as simulated', async (_, given) => {
    await checkBoth(given);
  });

  it('running statistics travel with the parameters', async () => {
    await checkBoth({}, () => sequential(dense(2, 4), batchNorm(), tanh(), dense(4, 2)));
  });
});

it('a journal holds the model, and a state from which simulate can go on', async () => {
  const folder = await mkdtemp(path(tmpdir(), 'federation-'));
  try {
    const model = net();
    await using server = await federate(model, { ...options, tokens, journal: folder });
    await Promise.all(
      names.map((name) => join(server.url, net(), data[name]!, { token: tokens[name]! })),
    );
    await server.result;
    expect(stateOf(await loadModel(path(folder, 'model.safetensors')))).toEqual(stateOf(model));
    const state = stateFromBytes(await readFile(path(folder, 'state.safetensors')));
    const longer = { ...options, rounds: 6 };
    const whole = net();
    await simulate(whole, data, longer);
    const rest = net();
    const { history } = await simulate(rest, data, { ...longer, state });
    expect(history).toHaveLength(6);
    expect(stateOf(rest)).toEqual(stateOf(whole));
  } finally {
    await rm(folder, { recursive: true });
  }
});

describe('a participant', () => {
  it('can leave, and is not waited for', async () => {
    await using server = await federate(net(), { ...options, tokens, rounds: 5 });
    const parts = names.map(async (name) => {
      const part = join(server.url, net(), data[name]!, { token: tokens[name]! });
      if (name === 'west') for await (const { round } of part) if (round === 2) break;
      return part;
    });
    const ends = (await Promise.all(parts)).map(({ reason, history }) => [reason, history.length]);
    expect(ends).toEqual([
      ['completed', 5],
      ['completed', 5],
      ['completed', 5],
      ['aborted', 2],
    ]);
    const { history } = await server.result;
    expect(history[1]!.participants).toEqual(names);
    expect(history[4]!.participants).toEqual(['east', 'north', 'south']);
  });

  it('with a limit of privacy gives nothing that tells more', async () => {
    await using server = await federate(net(), { ...options, tokens, waitFor: names.length });
    const parts = names.map((name) =>
      join(server.url, net(), data[name]!, {
        token: tokens[name]!,
        ...(name === 'west' ? { privacyLimit: { epsilon: 1, delta: 1e-3 } } : {}),
      }),
    );
    const { history } = (await Promise.all(parts)).at(-1)!;
    expect(history.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'failed', 'failed']);
    expect(history[0]!.reason).toMatch(/asks for an update that is not private/);
    for (const { participants } of (await server.result).history)
      expect(participants).toEqual(['east', 'north', 'south']);
  });

  it('with another model, or without its token, is told so', async () => {
    await using server = await federate(net(), { ...options, tokens });
    const token = tokens['east']!;
    await expect(
      join(server.url, sequential(dense(2, 2)), data['east']!, { token }),
    ).rejects.toThrow(/the model is another one: expected 0\.weight/);
    await expect(join(server.url, net(), data['east']!, { token: 'x'.repeat(20) })).rejects.toThrow(
      /Check the token/,
    );
    const silent = join('http://127.0.0.1:9', net(), data['east']!, { token, giveUpAfter: 0.2 });
    await expect(silent).rejects.toThrow(/cannot reach the coordinator at http:\/\/127\.0\.0\.1:9/);
    expect(() => join('nowhere', net(), data['east']!, { token })).toThrow(/not the address/);
    expect(() => join(server.url, net(), data['east']!)).toThrow(/neither a token/);
    await server.close();
    expect((await server.result).reason).toBe('aborted');
  });

  it('that is aborted within its training ends, and the federation by its signal', async () => {
    const stop = new AbortController();
    await using server = await federate(net(), { ...options, tokens, signal: stop.signal });
    const leave = new AbortController();
    const part = join(server.url, net(), data['east']!, {
      token: tokens['east']!,
      signal: leave.signal,
    });
    setTimeout(() => leave.abort(), 100);
    expect((await part).reason).toBe('aborted');
    stop.abort();
    expect((await server.result).reason).toBe('aborted');
  });
});

test('options without what has no default are refused with a remedy', async () => {
  const { local, seed, rounds } = options;
  const lacking: readonly (readonly [unknown, RegExp])[] = [
    [undefined, /do not say how participants train\. Give local/],
    [{ rounds, seed }, /do not say how participants train\. Give local/],
    [{ rounds, seed, local: { optimizer: sgd(0.1) } }, /do not say how participants train/],
    [{ rounds, seed, local: { loss: crossEntropy } }, /do not say how participants train/],
    [{ rounds, local }, /have no seed\. Give an integer/],
  ];
  for (const [given, message] of lacking) {
    const refusals = [
      (async () => simulate(net(), data, given as FederationOptions))(),
      federate(net(), given as FederateOptions),
    ];
    for (const refusal of refusals) {
      const error = await refusal.catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(ValueError);
      expect((error as Error).message).toMatch(message);
    }
  }
});

test('a participant trains no more epochs than it wants to', async () => {
  const train = (epochs: number, maxEpochs?: number): Promise<string | undefined> =>
    served(epochs, maxEpochs === undefined ? {} : { maxEpochs });
  expect(await train(2 ** 53 - 1)).toMatch(/9007199254740991 epochs, more than the 10000 that/);
  expect(await train(3, 2)).toMatch(/3 epochs, more than the 2 that.*Raise maxEpochs/);
  expect(await train(2, 2)).toBeUndefined();
  const bad = { token: tokens['east']!, maxEpochs: 0 };
  expect(() => join('http://localhost:1', net(), data['east']!, bad)).toThrow(/maxEpochs is 0/);
});

/** Why a participant did not train the first round of so many epochs. */
async function served(epochs: number, given: { maxEpochs?: number }): Promise<string | undefined> {
  const local = { ...options.local, epochs };
  const stop = new AbortController();
  await using server = await federate(net(), {
    ...options,
    rounds: 1,
    local,
    signal: stop.signal,
    tokens: { east: tokens['east']! },
  });
  const part = join(server.url, net(), data['east']!, {
    token: tokens['east']!,
    ...given,
    onRound: () => 'stop',
  });
  const { history } = await part;
  stop.abort();
  return history[0]!.reason;
}
