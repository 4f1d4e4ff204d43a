import { describe, expect, test } from 'vitest';
import type { FederationOptions, Strategy, Update } from '../../src/contract.ts';
import { Rounds } from '../../src/rounds/rounds.ts';
import type { OpenRound, RoundsPlan } from '../../src/rounds/state.ts';
import type { CoordinatorMessage, ParticipantMessage } from '../../src/secure/messages.ts';
import { SecureParticipant } from '../../src/secure/participant.ts';
import { SecureRound, sumSecurely, wordsOfUpdate } from '../../src/secure/round.ts';
import { names, plan as planWith, update } from '../rounds/common.ts';

const layout = { entries: [{ name: 'w', shape: [2] }], size: 2, trained: 2 };
const weights = Float64Array.of(1, -2);

function plan(change: Partial<FederationOptions> = {}): RoundsPlan {
  const secureAggregation = { clippingNorm: 3 };
  return planWith({ secureAggregation, ...change }, { layout, weights });
}

const updates: ReadonlyMap<string, Update> = new Map(
  names.map((name, i) => [
    name,
    update([1 + 0.1 * i, -2 + 0.3 * i], { examples: 5 + i, loss: 0.1 * i }),
  ]),
);

/** The weighted mean change of some of the updates. */
function meanChange(of: readonly string[]): number[] {
  const some = of.map((name) => updates.get(name)!);
  const examples = some.reduce((sum, one) => sum + one.examples, 0);
  return [0, 1].map((i) =>
    some.reduce((sum, one) => sum + (one.examples * (one.weights[i]! - weights[i]!)) / examples, 0),
  );
}

describe('in one process', () => {
  test('the protocol and the plain sum give the same bits', async () => {
    const [full, plain] = await Promise.all(
      (['full', 'sum-only'] as const).map((protocol) => {
        const secure = plan({ secureAggregation: { clippingNorm: 3, protocol } });
        return sumSecurely(secure, new Rounds(secure).open(names), updates);
      }),
    );
    expect(full).toEqual(plain);
    expect(full!.participants).toEqual(names);
    expect(full!.examples).toBe(35);
    expect(full!.loss).toBeCloseTo((0.1 * (6 + 2 * 7 + 3 * 8 + 4 * 9)) / 35, 9);
    full!.sum.forEach((value, i) => expect(value / 35).toBeCloseTo(meanChange(names)[i]!, 9));
  });

  test('a round becomes what it becomes without, up to the resolution', async () => {
    const doubled: Strategy = {
      name: 'doubled',
      settings: {},
      step: (before, delta) => before.map((value, i) => value + 2 * delta[i]!),
    };
    for (const strategy of [undefined, doubled]) {
      const option = strategy === undefined ? {} : { strategy };
      const secret = new Rounds(plan(option));
      const open = new Rounds(planWith(option, { layout, weights }));
      const sum = await sumSecurely(secret.plan, secret.open(names), updates);
      open.open(names);
      for (const [name, one] of updates) open.accept(one, name);
      expect(secret.closeSummed(sum!, 1)).toMatchObject({ participants: names, examples: 35 });
      open.close(1);
      secret.state.weights.forEach((value, i) =>
        expect(value).toBeCloseTo(open.state.weights[i]!, 8),
      );
    }
  });

  test('those without an update drop out; with too few there is no sum', async () => {
    const secure = plan();
    const rounds = new Rounds(secure);
    const open = rounds.open(names);
    const some = (count: number): Map<string, Update> => new Map([...updates].slice(0, count));
    const sum = await sumSecurely(secure, open, some(4));
    expect(sum!.participants).toEqual(names.slice(0, 4));
    expect(sum!.sum[1]! / sum!.examples).toBeCloseTo(meanChange(names.slice(0, 4))[1]!, 9);
    expect(await sumSecurely(secure, open, some(3))).toBeUndefined();
    expect(rounds.repeat(3)).toBe('repeat');
    expect(rounds.state.attempt).toBe(2);
  });

  test('a sum of fewer than the minimum does not come to light', async () => {
    const secure = plan({ minimum: 5 });
    const open = new Rounds(secure).open(names);
    expect(await sumSecurely(secure, open, new Map([...updates].slice(0, 4)))).toBeUndefined();
    const round = new SecureRound(secure, open);
    const session = { run: 'test', round: 1, attempt: 1 };
    for (const name of names.slice(1)) {
      round.receive(await new SecureParticipant(name, session).advertise(), name);
    }
    await expect(round.advance()).rejects.toThrow(/4 participants sent keys, 5 are needed/);
  });

  test('with central privacy changes count once each, clipped to its norm', async () => {
    const privacy = {
      kind: 'central',
      clippingNorm: 0.5,
      delta: 1e-5,
      noiseMultiplier: 0,
    } as const;
    const secure = plan({ privacy, secureAggregation: {}, clients: 5 });
    const rounds = new Rounds(secure);
    const sum = await sumSecurely(secure, rounds.open(names), updates);
    const clipped = names.map((name) => {
      const delta = updates.get(name)!.weights.map((value, i) => value - weights[i]!);
      return delta.map((value) => value * Math.min(1, 0.5 / Math.hypot(...delta)) || 0);
    });
    sum!.sum.forEach((value, i) =>
      expect(value).toBeCloseTo(
        clipped.reduce((total, delta) => total + delta[i]!, 0),
        9,
      ),
    );
  });

  test('a draw of fewer than two gives the sum of nobody', async () => {
    const privacy = {
      kind: 'central',
      clippingNorm: 0.5,
      delta: 1e-5,
      noiseMultiplier: 1,
    } as const;
    const secure = plan({ privacy, secureAggregation: {}, clients: 2 });
    const open: OpenRound = { ...new Rounds(secure).open(names), selected: ['a'] };
    const sum = await sumSecurely(secure, open, updates);
    expect(sum).toEqual({ participants: [], sum: new Float64Array(2), examples: 0, loss: NaN });
  });
});

test('messages to and fro give what one process gives', async () => {
  const secure = plan();
  const open = new Rounds(secure).open(names);
  const round = new SecureRound(secure, open);
  const session = { run: 'test', round: 1, attempt: 1 };
  const parties = new Map(names.map((name) => [name, new SecureParticipant(name, session)]));
  for (const [name, party] of parties) round.receive(await party.advertise(), name);
  const answer = (name: string, message: CoordinatorMessage): Promise<ParticipantMessage> => {
    const party = parties.get(name)!;
    if (message.kind === 'roster') return party.share(message);
    if (message.kind === 'request') return party.unmask(message);
    const words = wordsOfUpdate(open.task(name), open.weights, updates.get(name)!);
    return party.mask(message, words);
  };
  while (round.phase !== 'done') {
    const phase = round.phase;
    for (const [name, message] of await round.advance()) {
      if (name === 'b' && phase === 'shares') continue;
      round.receive(await answer(name, message), name);
    }
    if (phase === 'shares') expect(round.waitingFor).toEqual(['b']);
  }
  const others = new Map([...updates].filter(([name]) => name !== 'b'));
  expect(await round.finish()).toEqual(await sumSecurely(secure, open, others));
});

describe('refused are', () => {
  const fault = (change: Partial<FederationOptions>): Error => {
    try {
      plan(change);
    } catch (error) {
      return error as Error;
    }
    throw new Error('nothing is refused');
  };
  const secureAggregation = { clippingNorm: 1 };

  test('strategies and checks that need single updates', () => {
    const combine = (): Float64Array => new Float64Array(2);
    expect(fault({ strategy: { name: 'median', settings: {}, combine } })).toMatchObject({
      name: 'UnsupportedError',
      message: expect.stringMatching(/median compares/),
    });
    expect(fault({ maxNorm: 3 })).toMatchObject({
      name: 'UnsupportedError',
      message: expect.stringMatching(/maxNorm cannot be checked/),
    });
  });

  test('kinds of privacy whose ε nobody would know', () => {
    const privacy = { kind: 'local', clippingNorm: 1, delta: 1e-5, noiseMultiplier: 1 } as const;
    expect(fault({ privacy })).toMatchObject({
      name: 'UnsupportedError',
      message: expect.stringMatching(/kind 'local'/),
    });
  });

  test('buffers', () => {
    expect(() => planWith({ secureAggregation })).toThrow(/buffers such as 1\.mean/);
  });

  test.each([
    [{ clippingNorm: 0 }, /clippingNorm is 0/],
    [{}, /clippingNorm is undefined/],
    [{ clippingNorm: Infinity }, /clippingNorm is Infinity/],
    [{ clippingNorm: 1, threshold: 0.5 }, /threshold is 0.5/],
    [{ clippingNorm: 1, threshold: 1.1 }, /threshold is 1.1/],
    [{ clippingNorm: 1, protocol: 'none' as never }, /protocol is 'none'/],
  ])('settings out of range: %j', (setting, message) => {
    expect(fault({ secureAggregation: setting })).toMatchObject({
      name: 'ValueError',
      message: expect.stringMatching(message),
    });
  });

  test('a single participant per round, and two norms', () => {
    expect(fault({ clients: 1 })).toMatchObject({
      name: 'ValueError',
      message: expect.stringMatching(/hides nothing/),
    });
    const privacy = { kind: 'central', clippingNorm: 2, delta: 1e-5, noiseMultiplier: 1 } as const;
    expect(fault({ secureAggregation, privacy })).toMatchObject({
      name: 'ValueError',
      message: expect.stringMatching(/clippingNorm is 1, privacy.clippingNorm 2/),
    });
  });

  test('updates that are not masked, and going on without', () => {
    const rounds = new Rounds(plan());
    rounds.open(names);
    expect(() => rounds.accept(updates.get('a'), 'a')).toThrow(/not masked/);
    const other = planWith({}, { layout, weights });
    expect(() => new Rounds(other, rounds.state)).toThrow(/another minimum .*secure/);
  });
});
