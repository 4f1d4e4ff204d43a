// Followers that insist on signed secure sums, before a coordinator that would like to know single updates.
import { beforeAll, describe, expect, test } from 'vitest';
import { Follower } from '../../src/client/follower.ts';
import type { SecurePolicy } from '../../src/client/follower.ts';
import { SecureCoordinator } from '../../src/secure/coordinator.ts';
import { SecureAggregationError } from '../../src/secure/error.ts';
import { Identities, newIdentity } from '../../src/secure/identity.ts';
import { checkOpening } from '../../src/secure/once.ts';
import type { OpenedSum } from '../../src/secure/once.ts';
import { KINDS } from '../../src/wire/protocol.ts';

const names = ['a', 'b', 'c', 'd'];
const run = 'the run';
const policies = new Map<string, SecurePolicy>();
let identities: Identities;

beforeAll(async () => {
  const own = await Promise.all(names.map(async (name) => [name, await newIdentity()] as const));
  identities = new Identities(
    'test',
    Object.fromEntries(own.map(([name, { publicKey }]) => [name, publicKey])),
  );
  for (const [name, identity] of own) {
    policies.set(name, { signing: { identity, identities } });
  }
});

interface Member {
  readonly follower: Follower;
  trained: number;
  opened: OpenedSum[];
}

function members(): Map<string, Member> {
  const all = names.map((name) => {
    const member: Member = {
      trained: 0,
      opened: [],
      follower: new Follower(
        { participant: name, run },
        2,
        async ({ weights }) => {
          member.trained++;
          return {
            examples: 4,
            loss: 0.5,
            weights: weights.map((value) => value + name.charCodeAt(0)),
          };
        },
        {
          ...policies.get(name),
          opening: async (sum) => {
            checkOpening(member.opened.at(-1), sum);
            member.opened.push(sum);
          },
        },
      ),
    };
    return [name, member] as const;
  });
  return new Map(all);
}

interface Attempt {
  readonly round?: number;
  readonly attempt?: number;
  readonly run?: string;
  /** Who does not send a vector. */
  readonly without?: readonly string[];
  readonly weights?: Float64Array;
  readonly secure?: object;
}

/** One attempt at a round; the fault with which each member has refused its last answer, or 'given'. */
async function attempted(
  all: ReadonlyMap<string, Member>,
  { round = 1, attempt = 1, without = [], ...given }: Attempt = {},
): Promise<Record<string, string>> {
  const session = { run: given.run ?? run, round, attempt };
  const coordinator = new SecureCoordinator({
    session,
    participants: names,
    threshold: 3,
    words: 8,
    identities,
  });
  const secure = { participants: 4, clippingNorm: 1e4, maxExamples: 10, weighted: true };
  const task = {
    ...session,
    seed: 1,
    epochs: 1,
    firstEpoch: 1,
    batchSize: 1,
    loss: 'mse',
    proximal: 0,
    optimizer: {
      name: 'sgd',
      settings: {},
    },
    secure: {
      ...secure,
      ...given.secure,
    },
  };
  const weights = given.weights ?? Float64Array.of(1, 2);
  let bodies: ReadonlyMap<string, unknown> = new Map(
    names.map((name) => [name, { task, weights }]),
  );
  const outcome: Record<string, string> = {};
  for (const [step, kind] of KINDS.signed.entries()) {
    for (const [name, body] of bodies) {
      if (kind === 'mask' && without.includes(name)) continue;
      try {
        const { follower } = all.get(name)!;
        const answer = await follower.follow({ ...session, step, kind, body });
        coordinator.receive(answer.body, name);
        outcome[name] = 'given';
      } catch (error) {
        if (!(error instanceof SecureAggregationError)) throw error;
        outcome[name] = error.fault;
      }
    }
    try {
      bodies = await coordinator.advance();
    } catch {
      break;
    }
  }
  return outcome;
}

const everybody = (what: string): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, what]));

describe('those who sign', () => {
  test('open the sum of a round, and that of the next', async () => {
    const all = members();
    expect(await attempted(all)).toEqual(everybody('given'));
    expect(await attempted(all, { round: 2 })).toEqual(everybody('given'));
    expect(all.get('a')!.opened.map(({ round }) => round)).toEqual([1, 2]);
  });

  test('open no second sum of a round that would show single updates with the first one', async () => {
    const all = members();
    await attempted(all);
    // Everything but the last answer is given; the sum stays closed.
    const less = await attempted(all, { attempt: 2, without: ['d'] });
    expect(less).toEqual({ ...everybody('exposing'), d: 'given' });
    for (const change of [
      { weights: Float64Array.of(1, 2.5) },
      { secure: { weighted: false } },
      { secure: { clippingNorm: 5e3 } },
    ])
      expect(await attempted(all, { attempt: 3, ...change })).toEqual(everybody('exposing'));
    expect(all.get('a')!.opened).toHaveLength(1);
    expect(all.get('a')!.trained).toBe(1);
  });

  test('open the same sum again, after a coordinator that was killed', async () => {
    const all = members();
    await attempted(all);
    expect(await attempted(all, { attempt: 2 })).toEqual(everybody('given'));
  });

  test('go back to no round before', async () => {
    const all = members();
    await attempted(all, { round: 3 });
    expect(await attempted(all, { round: 2 })).toEqual(everybody('exposing'));
    expect(await attempted(all, { round: 4 })).toEqual(everybody('given'));
  });

  test('train no task of another round, run or attempt than they are asked for', async () => {
    const all = members();
    await attempted(all);
    for (const [name, { follower }] of all) {
      const body = (task: object): object => ({
        weights: Float64Array.of(1, 2),
        task: {
          run,
          round: 2,
          attempt: 1,
          seed: 1,
          epochs: 1,
          firstEpoch: 1,
          batchSize: 1,
          loss: 'mse',
          proximal: 0,
          optimizer: {
            name: 'sgd',
            settings: {},
          },
          secure: {
            participants: 4,
            clippingNorm: 1,
            maxExamples: 10,
            weighted: true,
          },
          ...task,
        },
      });
      const [kind] = KINDS.signed;
      const given = { run, round: 2, attempt: 1, step: 0, kind };
      for (const task of [{ round: 1 }, { run: 'another' }, { attempt: 2 }])
        await expect(follower.follow({ ...given, body: body(task) })).rejects.toThrow(
          /round 2 with a task that is of/,
        );
      expect(all.get(name)!.trained).toBe(1);
      expect(await follower.follow({ ...given, body: body({}) })).toHaveProperty(
        'body.kind',
        'keys',
      );
    }
  });

  test('are in one run, and in secure sums only', async () => {
    const all = members();
    expect(await attempted(all, { run: 'another' })).toEqual(everybody('stale'));
    const { follower } = all.get('a')!;
    const plain = { run, round: 1, attempt: 1, step: 0, kind: KINDS.train, body: {} };
    await expect(follower.follow(plain)).rejects.toMatchObject({
      fault: 'exposing',
      message: expect.stringContaining('in secure sums only'),
    });
    expect(all.get('a')!.trained).toBe(0);
  });
});
