import { ValueError } from '@ketwork/base';
import { beforeEach, describe, expect, test } from 'vitest';
import { SecureCoordinator } from '../../src/secure/coordinator.ts';
import { SecureAggregationError } from '../../src/secure/error.ts';
import type { SecureAggregationFault } from '../../src/secure/error.ts';
import type {
  KeysMessage,
  CoordinatorMessage,
  DeliveryMessage,
  ParticipantMessage,
  RequestMessage,
  RosterMessage,
} from '../../src/secure/messages.ts';
import { SecureParticipant } from '../../src/secure/participant.ts';
import { drive, named, numbersOf, session, sumOf, vector } from './drive.ts';

const names = named(5);
const vectors = names.map((_, i) => vector(i, 3));

async function faultOf(action: () => unknown): Promise<SecureAggregationFault> {
  try {
    await action();
  } catch (error) {
    if (error instanceof SecureAggregationError) return error.fault;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** A copy of a message with bytes changed in one of its arrays. */
function spoilt<T extends object>(message: T, field: keyof T, at: number): T {
  const bytes = (message[field] as Uint8Array).slice();
  bytes[at]! ^= 1;
  return { ...message, [field]: bytes };
}

let coordinator: SecureCoordinator;
let parties: Map<string, SecureParticipant>;

beforeEach(() => {
  coordinator = new SecureCoordinator({ session, participants: names, words: 6 });
  parties = new Map(names.map((name) => [name, new SecureParticipant(name, session)]));
});

type Answer = (
  party: SecureParticipant,
  message: CoordinatorMessage,
) => Promise<ParticipantMessage>;

async function phase(answer: Answer): Promise<ReadonlyMap<string, CoordinatorMessage>> {
  for (const [name, message] of await coordinator.advance()) {
    coordinator.receive(await answer(parties.get(name)!, message), name);
  }
  return new Map();
}

async function keys(): Promise<RosterMessage> {
  for (const [name, party] of parties) coordinator.receive(await party.advertise(), name);
  return [...(await coordinator.advance()).values()][0] as RosterMessage;
}

async function shares(): Promise<ReadonlyMap<string, DeliveryMessage>> {
  const roster = await keys();
  for (const [name, party] of parties) coordinator.receive(await party.share(roster), name);
  return (await coordinator.advance()) as ReadonlyMap<string, DeliveryMessage>;
}

async function masks(): Promise<RequestMessage> {
  for (const [name, delivery] of await shares()) {
    const masked = await parties.get(name)!.mask(delivery, vectors[names.indexOf(name)]!);
    coordinator.receive(masked, name);
  }
  return [...(await coordinator.advance()).values()][0] as RequestMessage;
}

describe('a participant refuses', () => {
  const first = (): SecureParticipant => parties.get(names[0]!)!;

  test('a request for both shares of one participant', async () => {
    const request = await masks();
    const fault = await faultOf(() => first().unmask({ ...request, dropped: [names[2]!] }));
    expect(fault).toBe('exposing');
  });

  test('a second request, so that nobody gets both shares one after the other', async () => {
    const request = await masks();
    await first().unmask(request);
    const other = { ...request, survivors: names.slice(0, 4), dropped: names.slice(4) };
    expect(await faultOf(() => first().unmask(other))).toBe('order');
    expect(await faultOf(() => first().unmask(request))).toBe('order');
  });

  test('a request with fewer survivors than the threshold', async () => {
    const request = await masks();
    const few = { ...request, survivors: names.slice(0, 3), dropped: names.slice(3) };
    expect(await faultOf(() => first().unmask(few))).toBe('exposing');
  });

  test('a request that counts it as dropped, or names strangers', async () => {
    const request = await masks();
    const without = { ...request, survivors: names.slice(1), dropped: names.slice(0, 1) };
    expect(await faultOf(() => first().unmask(without))).toBe('exposing');
    const stranger = { ...request, survivors: [...names, 'q'] };
    expect(await faultOf(() => parties.get(names[1]!)!.unmask(stranger))).toBe('unknown');
  });

  test('shares that were changed on the way or belong to another', async () => {
    const deliveries = await shares();
    const mine = deliveries.get(names[0]!)!;
    const own = vectors[0]!;
    expect(await faultOf(() => first().mask(spoilt(mine, 'sealed', 40), own))).toBe('tampered');
    const swapped = { ...mine, sealed: deliveries.get(names[2]!)!.sealed };
    const second = parties.get(names[1]!)!;
    expect(
      await faultOf(() =>
        second.mask({ ...swapped, names: ['p000', 'p002', 'p003', 'p004'] }, own),
      ),
    ).toBe('tampered');
  });

  test('shares of too few', async () => {
    const mine = (await shares()).get(names[0]!)!;
    const few = {
      ...mine,
      names: mine.names.slice(0, 2),
      sealed: mine.sealed.slice(0, mine.sealed.length / 2),
    };
    expect(await faultOf(() => first().mask(few, vectors[0]!))).toBe('threshold');
  });

  test('a roster with other keys for it, with keys twice, below the threshold, or with a threshold of half', async () => {
    const roster = await keys();
    const share = (change: object): Promise<SecureAggregationFault> => {
      const party = new SecureParticipant(names[0]!, session);
      return party.advertise().then(() => faultOf(() => party.share({ ...roster, ...change })));
    };
    expect(await share({})).toBe('forged');
    const twice = roster.keys.slice();
    twice.copyWithin(130, 0, 130);
    expect(await share({ keys: twice })).toBe('forged');
    expect(await share({ threshold: 6 })).toBe('threshold');
    expect(await share({ threshold: 2 })).toBe('exposing');
    expect(await share({ keys: roster.keys.slice(130) })).toBe('malformed');
  });

  test('messages of another round, attempt or run', async () => {
    const roster = await keys();
    for (const change of [{ round: 4 }, { attempt: 2 }, { run: 'other' }]) {
      expect(await faultOf(() => first().share({ ...roster, ...change }))).toBe('stale');
    }
    // A message that was refused for its session changes nothing.
    expect((await first().share(roster)).kind).toBe('shares');
  });

  test('phases out of order and things that are no messages', async () => {
    const roster = await keys();
    const late = new SecureParticipant(names[0]!, session);
    expect(await faultOf(() => late.share(roster))).toBe('order');
    await first().share(roster);
    expect(await faultOf(() => first().share(roster))).toBe('order');
    expect(await faultOf(() => first().advertise())).toBe('order');
    for (const nothing of [
      null,
      3,
      'x',
      {},
      { ...roster, extra: 1 },
      { ...roster, names: ['b', 'a'] },
    ]) {
      expect(await faultOf(() => late.share(nothing))).toBe('malformed');
    }
  });

  test('to share a key with two different rosters: what one group seals the other cannot open', async () => {
    // The coordinator tells p004 of a threshold of 5, the others of 4.
    const roster = await keys();
    for (const [name, party] of parties) {
      const told = name === 'p004' ? { ...roster, threshold: 5 } : roster;
      coordinator.receive(await party.share(told), name);
    }
    const delivery = (await coordinator.advance()).get(names[0]!)!;
    expect(await faultOf(() => first().mask(delivery, vectors[0]!))).toBe('tampered');
  });
});

describe('the coordinator', () => {
  test('takes the first message of each and ignores others', async () => {
    const party = parties.get(names[0]!)!;
    const message = await party.advertise();
    expect(coordinator.receive(message, names[0]!)).toBe('accepted');
    expect(coordinator.receive(message, names[0]!)).toBe('duplicate');
    expect(coordinator.waiting).toEqual(names.slice(1));
  });

  test('does not count a replayed vector twice', async () => {
    for (const [name, delivery] of await shares()) {
      const masked = await parties.get(name)!.mask(delivery, vectors[names.indexOf(name)]!);
      expect(coordinator.receive(masked, name)).toBe('accepted');
      expect(coordinator.receive(masked, name)).toBe('duplicate');
    }
    await phase((party, message) => party.unmask(message));
    await coordinator.advance();
    expect(numbersOf((await coordinator.finish()).words)).toEqual(sumOf(vectors));
  });

  test('refuses strangers, other names, other sessions and other phases', async () => {
    const message = await parties.get(names[0]!)!.advertise();
    const fault = (change: object, from = names[0]!): Promise<SecureAggregationFault> =>
      faultOf(() => coordinator.receive({ ...message, ...change }, from));
    expect(await fault({ from: 'q' }, 'q')).toBe('unknown');
    expect(await fault({}, names[1])).toBe('forged');
    expect(await fault({ round: 2 })).toBe('stale');
    expect(await fault({ attempt: 9 })).toBe('stale');
    expect(await fault({ kind: 'answer' })).toBe('malformed');
    expect(await fault({ masking: message.masking.slice(1) })).toBe('malformed');
    const early = { kind: 'answer', ...session, from: names[0], shares: new Uint8Array(160) };
    expect(await faultOf(() => coordinator.receive(early, names[0]!))).toBe('order');
  });

  test('refuses vectors of another size and answers after a drop-out', async () => {
    const deliveries = await shares();
    const send = async (name: string, numbers: number): Promise<void> => {
      const masked = await parties.get(name)!.mask(deliveries.get(name)!, vector(1, numbers));
      coordinator.receive(masked, name);
    };
    expect(await faultOf(() => send('p000', 4))).toBe('malformed');
    for (const name of names.slice(1)) await send(name, 3);
    const request = (await coordinator.advance()).get('p001')!;
    expect(request).toMatchObject({ survivors: names.slice(1), dropped: ['p000'] });
    const late = { kind: 'answer', ...session, from: 'p000', shares: new Uint8Array(160) };
    expect(await faultOf(() => coordinator.receive(late, 'p000'))).toBe('unknown');
  });

  test.each(['keys', 'shares', 'masked', 'answer'] as const)(
    'gives up where too few send %s',
    async (when) => {
      const drop = { p000: when, p002: when };
      expect(await faultOf(() => drive({ vectors, drop }))).toBe('threshold');
    },
  );

  test.each<[string, (message: KeysMessage) => ParticipantMessage]>([
    ['is no key', (message) => spoilt(message, 'masking', 9)],
    ['occurs twice', (message) => ({ ...message, masking: message.encryption })],
  ])('goes on without one whose key %s', async (_, spoil) => {
    const change = (message: ParticipantMessage): ParticipantMessage =>
      message.kind === 'keys' && message.from === 'p003' ? spoil(message) : message;
    const { words, participants } = await drive({ vectors, change });
    expect(participants).toEqual(names.filter((name) => name !== 'p003'));
    expect(numbersOf(words)).toEqual(sumOf(vectors.filter((_vector, i) => i !== 3)));
  });

  test('repeats where keys that are none leave too few', async () => {
    const change = (message: ParticipantMessage): ParticipantMessage =>
      message.kind === 'keys' && message.from > 'p002' ? spoilt(message, 'masking', 9) : message;
    await expect(drive({ vectors, change })).rejects.toMatchObject({ fault: 'threshold' });
  });

  test('passes over one who sends false shares, where others make up for it', async () => {
    const lie = (message: ParticipantMessage): ParticipantMessage =>
      message.kind === 'answer' && message.from === 'p001'
        ? { ...message, shares: message.shares.map((byte) => byte ^ 1) }
        : message;
    const all = await drive({ vectors, change: lie });
    expect(numbersOf(all.words)).toEqual(sumOf(vectors));
  });

  test('notices false shares where nobody makes up for them, of seeds and of keys', async () => {
    const lie =
      (column: number) =>
      (message: ParticipantMessage): ParticipantMessage =>
        message.kind === 'answer' && message.from === 'p001'
          ? spoilt(message, 'shares', 32 * column + 31)
          : message;
    // p004 has dropped out, so that the shares for it are those of its key.
    const ofKey = drive({ vectors, change: lie(4), drop: { p004: 'masked' } });
    await expect(ofKey).rejects.toMatchObject({ fault: 'forged', participant: 'p004' });
    const ofSeed = drive({ vectors, change: lie(2), drop: { p004: 'answer' } });
    await expect(ofSeed).rejects.toMatchObject({ fault: 'forged', participant: 'p002' });
  });

  test('does not finish early', async () => {
    await masks();
    expect(await faultOf(() => coordinator.finish())).toBe('order');
  });

  test.each([1, 2, 6, 2.5])('does not begin with a threshold of %d of five', (threshold) => {
    const begin = (): unknown =>
      new SecureCoordinator({ session, participants: names, threshold, words: 2 });
    expect(begin).toThrow(ValueError);
  });

  test('does not begin with one participant or the same twice', () => {
    for (const participants of [['a'], ['a', 'a', 'b']]) {
      expect(() => new SecureCoordinator({ session, participants, words: 2 })).toThrow(ValueError);
    }
  });
});
