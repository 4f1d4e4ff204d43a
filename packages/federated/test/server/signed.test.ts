// Signed secure aggregation over HTTP.
import { crossEntropy, sgd, stateOf } from '@ketwork/nn';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SecurePolicy } from '../../src/client/follower.ts';
import { federate, join, newIdentity, simulate } from '../../src/index.ts';
import type { FederateOptions, Identity, JoinOptions, StateStore } from '../../src/index.ts';
import { Identities } from '../../src/secure/identity.ts';
import { recordFromBytes, recordToBytes } from '../../src/stores/record.ts';
import { classical, shares } from '../simulate/common.ts';
import { addedOpenly, coordinate, lightModel, secureAggregation, takePart } from './light.ts';

const names = ['a', 'b', 'c', 'd', 'z'];
const own: Record<string, Identity> = {};
const identities: Record<string, string> = {};
const policyOf = (name: string): SecurePolicy => ({
  signing: { identity: own[name]!, identities: new Identities('test', identities) },
});

beforeAll(async () => {
  for (const name of names) {
    own[name] = await newIdentity();
    identities[name] = own[name].publicKey;
  }
});

describe('signed secure aggregation over HTTP', () => {
  it.each([
    [0, 'before it has sent keys', false],
    [1, 'before it has shared its secrets', false],
    [2, 'before it has sent its update', false],
    [3, 'before it has agreed to open the sum', true],
    [4, 'before it has opened the sum', true],
  ])('goes on without a participant that is lost at step %i, %s', async (step, _, counts) => {
    const model = lightModel();
    const options = { secureAggregation, identities, rounds: 2, roundTimeout: 0.7, waitFor: 5 };
    await using server = await coordinate(names, options, model);
    const away = new AbortController();
    let answers = 0;
    const lost = takePart(server.url, 'z', {
      signal: away.signal,
      secure: policyOf('z'),
      transport: (send) => async (call) => {
        if (call.path !== '/v1/answer' || answers++ < step) return send(call);
        away.abort();
        return new Promise(() => {});
      },
    });
    const rest = names.slice(0, -1);
    const parts = rest.map((name) => takePart(server.url, name, { secure: policyOf(name) }));
    const { history } = await server.result;
    expect(history.map(({ attempts }) => attempts)).toEqual([1, 1]);
    expect(history[0]!.participants).toEqual(counts ? names : rest);
    expect(history[1]!.participants).toEqual(rest);
    expect(model.weights).toEqual(await addedOpenly(history, names.length));
    for (const { rounds } of await Promise.all(parts))
      expect(rounds.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted']);
    void lost.catch(() => {});
  });

  it('does not count one who does not sign, and says so', async () => {
    await using server = await coordinate(names, {
      secureAggregation,
      identities,
      rounds: 1,
      waitFor: 5,
    });
    const parts = names.map((name) =>
      takePart(server.url, name, name === 'z' ? {} : { secure: policyOf(name) }),
    );
    const { history } = await server.result;
    expect(history[0]!.participants).toEqual(names.slice(0, -1));
    expect((await parts.at(-1)!).rounds[0]).toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining('z has not signed its keys'),
    });
    await Promise.all(parts);
  });

  it('needs a public key of each participant, and a sum to sign for', async () => {
    const { z: _, ...less } = identities;
    const without = (options: object): Promise<unknown> => coordinate(names, options);
    await expect(without({ secureAggregation, identities: less })).rejects.toThrow(
      /'z' has no public key among the identities/,
    );
    await expect(without({ identities })).rejects.toThrow(/for secure aggregation only/);
    await expect(without({ secureAggregation, identities: { a: 'x' } })).rejects.toThrow(
      /'a' has no public key that is one/,
    );
  });
});

describe('a participant with an identity', () => {
  const members = ['a', 'b', 'c'] as const;
  const tokens = Object.fromEntries(members.map((name) => [name, `the-token-of-${name}-0123456`]));
  const data = Object.fromEntries(shares([8, 12, 10], 1).map((part, i) => [members[i]!, part]));
  const options: FederateOptions = {
    rounds: 2,
    seed: 1,
    tokens,
    waitFor: 3,
    local: { loss: crossEntropy, optimizer: sgd(0.1), batchSize: 5 },
    secureAggregation: { clippingNorm: 10 },
  };
  const known = (): Record<string, string> =>
    Object.fromEntries(members.map((name) => [name, identities[name]!]));

  it('has the bits of the simulation, and keeps which sums it has opened', async () => {
    const simulated = classical();
    const { tokens: _tokens, waitFor: _waitFor, ...plain } = options;
    await simulate(simulated, data, plain);
    const served = classical();
    await using server = await federate(served, { ...options, identities: known() });
    let kept: Uint8Array | undefined;
    const saved: (number | undefined)[] = [];
    const store: StateStore = {
      open: async () => kept,
      save: async (bytes) => {
        kept = bytes.slice();
        saved.push(recordFromBytes(kept).opened?.round);
      },
      close: async () => {},
    };
    const results = await Promise.all(
      members.map((name) =>
        join(server.url, classical(), data[name]!, {
          token: tokens[name]!,
          secureAggregation: { identity: own[name]!, identities: known(), least: 3 },
          ...(name === 'a' ? { store } : {}),
        }),
      ),
    );
    for (const { history } of results)
      expect(history.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted']);
    expect(stateOf(served)).toEqual(stateOf(simulated));
    // Trained, opened, trained, opened.
    expect(saved).toEqual([undefined, 1, 1, 2]);

    // A coordinator that goes back to a round finds that it is known, whatever became of the participant in between.
    await using again = await federate(classical(), { ...options, identities: known() });
    const before = recordFromBytes(kept!);
    kept = recordToBytes({ ...before, opened: { run: again.run, round: 1, sum: 'another' } });
    const parts = members.map((name) =>
      join(again.url, classical(), data[name]!, {
        token: tokens[name]!,
        secureAggregation: { identity: own[name]!, identities: known() },
        ...(name === 'a' ? { store } : {}),
      }),
    );
    const [first, ...others] = (await Promise.all(parts)).map(({ history }) => history);
    expect(first!.map(({ outcome }) => outcome)).toEqual(['failed', 'accepted']);
    expect(first![0]!.reason).toMatch(/has helped to open another sum of round 1/);
    for (const history of others)
      expect(history.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted']);
  });

  it.each<[string, boolean, (signed: JoinOptions['secureAggregation'] & object) => object, RegExp]>(
    [
      ['single updates', false, (signed) => signed, /an update by itself/],
      ['single updates', false, () => ({ least: 2 }), /an update by itself/],
      ['unsigned ones', true, (signed) => signed, /keys that nobody has signed/],
      ['too small sums', true, () => ({ least: 4 }), /3 survivors, fewer than the 4/],
      [
        'sums for few',
        true,
        () => ({ threshold: 0.7 }),
        /2 of 3 participants is below the share of 0.7/,
      ],
    ],
  )('gives nothing to a coordinator that wants %s (%#)', async (_, secret, secure, message) => {
    const { secureAggregation: sums, ...open } = options;
    const federation = secret ? { ...open, secureAggregation: sums! } : open;
    await using server = await federate(classical(), { ...federation, rounds: 1 });
    const terms = secure({ identity: own['a']!, identities: known() });
    const results = await Promise.all(
      members.map((name) =>
        join(server.url, classical(), data[name]!, {
          token: tokens[name]!,
          ...(name === 'a' ? { secureAggregation: terms } : {}),
        }),
      ),
    );
    const [first, ...others] = results.map(({ history }) => history[0]!);
    expect(first).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(message) });
    // The others need not wait for it.
    for (const { outcome } of others) expect(outcome).toBe('accepted');
  });

  it('is the one whom the coordinator takes it for', async () => {
    await using server = await federate(classical(), { ...options, identities: known() });
    const part = join(server.url, classical(), data['a']!, {
      token: tokens['b']!,
      secureAggregation: { identity: own['a']!, identities: known() },
    });
    await expect(part).rejects.toMatchObject({
      fault: 'forged',
      message: expect.stringContaining("as 'b', which has another public key"),
    });
  });

  it.each<[string, JoinOptions['secureAggregation'] & object, RegExp]>([
    ['half of what it needs', { identities: {} }, /belong together/],
    ['a least that is none', { least: 1 }, /least is 1/],
    ['a least that is none', { least: 2.5 }, /least is 2.5/],
    ['a threshold that is none', { threshold: 0.4 }, /threshold is 0.4/],
    ['a threshold that is none', { threshold: NaN }, /threshold is NaN/],
  ])('has not %s', (_, secure, message) => {
    const given = { token: tokens['a']!, secureAggregation: secure };
    expect(() => join('http://127.0.0.1:9', classical(), data['a']!, given)).toThrow(message);
  });

  it('is on its own list', () => {
    const { a: _, ...others } = known();
    const secure = { identity: own['a']!, identities: others };
    const given = { token: tokens['a']!, secureAggregation: secure };
    expect(() => join('http://127.0.0.1:9', classical(), data['a']!, given)).toThrow(
      /not among the identities/,
    );
  });
});
