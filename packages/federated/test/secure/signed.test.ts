// Secure sums with signatures, against a coordinator that does not keep to the protocol.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SecureCoordinator } from '../../src/secure/coordinator.ts';
import { SecureAggregationError } from '../../src/secure/error.ts';
import {
  Identities,
  keysStatement,
  newIdentity,
  sign,
  survivorsStatement,
} from '../../src/secure/identity.ts';
import type { Identity } from '../../src/secure/identity.ts';
import { makeKeyPair } from '../../src/secure/keys.ts';
import type {
  ConsentMessage,
  ConsentsMessage,
  CoordinatorMessage,
  DeliveryMessage,
  KeysMessage,
  ParticipantMessage,
  RequestMessage,
  RosterMessage,
} from '../../src/secure/messages.ts';
import { readRoster } from '../../src/secure/protocol.ts';
import { SecureParticipant } from '../../src/secure/participant.ts';
import type { SecureTerms } from '../../src/secure/participant.ts';
import { cryptographic } from '../../src/secure/random.ts';
import { named, numbersOf, session, sumOf, vector } from './drive.ts';

const names = named(5);
const vectors = names.map((_, i) => vector(i, 3));
const own = new Map<string, Identity>();
let identities: Identities;

beforeAll(async () => {
  for (const name of names) own.set(name, await newIdentity());
  const keys = [...own].map(([name, { publicKey }]) => [name, publicKey] as const);
  identities = new Identities('test', Object.fromEntries(keys));
});

async function faultOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    if (error instanceof SecureAggregationError) return error.fault;
    throw error;
  }
  return 'none';
}

const party = (name: string, terms: SecureTerms = {}, of = session): SecureParticipant =>
  new SecureParticipant(name, of, undefined, {
    signing: { identity: own.get(name)!, identities },
    ...terms,
  });

let coordinator: SecureCoordinator;
let parties: Map<string, SecureParticipant>;
beforeEach(() => {
  coordinator = new SecureCoordinator({ session, participants: names, words: 6, identities });
  parties = new Map(names.map((name) => [name, party(name)]));
});

type Step = (party: SecureParticipant, given: CoordinatorMessage) => Promise<ParticipantMessage>;

/** Ends a phase and has answers to what follows from it; those who are left out do not answer. */
async function step(answer: Step, without: readonly string[] = []): Promise<void> {
  for (const [name, message] of await coordinator.advance()) {
    if (without.includes(name)) continue;
    coordinator.receive(await answer(parties.get(name)!, message), name);
  }
}

/** What the coordinator sends at the end of a phase, to each. */
async function sent<T extends CoordinatorMessage>(): Promise<ReadonlyMap<string, T>> {
  return (await coordinator.advance()) as ReadonlyMap<string, T>;
}

async function advertised(): Promise<void> {
  for (const [name, one] of parties) coordinator.receive(await one.advertise(), name);
}

let lastRoster: RosterMessage | undefined;
const shared: Step = (one, roster) => {
  lastRoster = roster as RosterMessage;
  return one.share(roster);
};
const agreed: Step = (one, request) => one.agree(request);
const unmasked: Step = (one, consents) => one.unmask(consents);
const masked: Step = (one, delivery) => {
  const name = [...parties].find(([, other]) => other === one)![0];
  return one.mask(delivery, vectors[names.indexOf(name)]!);
};

/** Up to the request. */
async function requested(without: readonly string[] = []): Promise<RequestMessage> {
  await advertised();
  await step(shared);
  await step(masked, without);
  return [...(await sent<RequestMessage>()).values()][0]!;
}

describe('with signatures', () => {
  test.each([
    [0, []],
    [0, ['p003']],
    [1, ['p003']],
    [2, ['p001']],
    [3, ['p004']],
  ])('sums are as without, lost at step %i: %j', async (at, lost) => {
    await advertised();
    const steps: Step[] = [shared, masked, agreed, unmasked];
    for (const [i, answer] of steps.entries()) await step(answer, at === i ? lost : []);
    await coordinator.advance();
    const { words, participants } = await coordinator.finish();
    // Those who had sent their vectors count.
    const counted = at < 2 ? names.filter((name) => !lost.includes(name as never)) : names;
    expect(participants).toEqual(counted);
    expect(numbersOf(words)).toEqual(sumOf(vectors.filter((_, i) => counted.includes(names[i]!))));
  });

  test('the coordinator goes on without those who do not sign as they should', async () => {
    const unsigned = await new SecureParticipant('p000', session).advertise();
    expect(await faultOf(() => coordinator.receive(unsigned, 'p000'))).toBe('forged');
    parties.delete('p000');
    const late = { ...session, attempt: 2 };
    for (const [name, one] of parties) {
      // Signed for another attempt.
      const keys = name === 'p001' ? await party(name, {}, late).advertise() : undefined;
      const message = keys === undefined ? await one.advertise() : { ...keys, ...session };
      coordinator.receive(message, name);
    }
    await expect(coordinator.advance()).rejects.toMatchObject({ fault: 'threshold' });
  });

  test('the coordinator goes on without a consent that is forged', async () => {
    const request = await requested();
    for (const [name, one] of parties) {
      const consent = await one.agree(request);
      const from = name === 'p002' ? new Uint8Array(64).fill(1) : consent.signature;
      coordinator.receive({ ...consent, signature: from }, name);
    }
    const consents = await sent<ConsentsMessage>();
    expect([...consents.keys()]).toEqual(names.filter((name) => name !== 'p002'));
    for (const [name, message] of consents)
      coordinator.receive(await parties.get(name)!.unmask(message), name);
    await coordinator.advance();
    expect(numbersOf((await coordinator.finish()).words)).toEqual(sumOf(vectors));
  });
});

describe('a participant does not share its secrets with', () => {
  /** What becomes of a roster that the coordinator has changed. */
  async function roster(
    change: (roster: RosterMessage) => RosterMessage | Promise<RosterMessage>,
  ): Promise<string> {
    await advertised();
    const given = [...(await sent<RosterMessage>()).values()][0]!;
    return faultOf(async () => parties.get('p000')!.share(await change(given)));
  }

  /** A roster with other keys and another signature in one place. */
  const replaced = (
    given: RosterMessage,
    at: number,
    { encryption, masking, signature }: KeysMessage,
  ): RosterMessage => {
    const keys = given.keys.slice();
    keys.set(encryption, 130 * at);
    keys.set(masking, 130 * at + 65);
    const signatures = given.signatures!.slice();
    if (signature !== undefined) signatures.set(signature, 64 * at);
    return { ...given, keys, signatures };
  };

  test('nobody, where all is as it should be', async () => {
    expect(await roster((given) => given)).toBe('none');
  });

  test('a man in the middle, who puts his keys in the place of another’s', async () => {
    const random = cryptographic();
    const mine = async (): Promise<KeysMessage> => {
      const [encryption, masking] = await Promise.all([makeKeyPair(random), makeKeyPair(random)]);
      const of = { encryption: encryption.publicKey, masking: masking.publicKey };
      return { kind: 'keys', ...session, from: 'p001', ...of };
    };
    expect(await roster(async (given) => replaced(given, 1, await mine()))).toBe('forged');
  });

  test('one who signs with another key in that name', async () => {
    const stranger = await newIdentity();
    const signing = { identity: stranger, identities };
    const false1 = await new SecureParticipant('p001', session, undefined, { signing }).advertise();
    expect(await roster((given) => replaced(given, 1, false1))).toBe('forged');
  });

  test('one who signs in a name of his own', async () => {
    // p002 conspires with the coordinator, and gives it keys for p001, signed by itself.
    const keys = await party('p002').advertise();
    expect(await roster((given) => replaced(given, 1, keys))).toBe('forged');
    const both = new Uint8Array([...keys.encryption, ...keys.masking]);
    const said = keysStatement(session, 'p001', both);
    const signature = await sign(own.get('p002')!, said);
    beforeEachAgain();
    expect(await roster((given) => replaced(given, 1, { ...keys, signature }))).toBe('forged');
  });

  test.each([
    ['run', { ...session, run: 'other' }],
    ['round', { ...session, round: 2 }],
    ['attempt', { ...session, attempt: 2 }],
  ])('keys that were signed in another %s', async (_, other) => {
    const old = await party('p001', {}, other).advertise();
    expect(await roster((given) => replaced(given, 1, old))).toBe('forged');
  });

  test('participants that the coordinator has made up', async () => {
    const made = await newIdentity();
    const signing = { identity: made, identities };
    const keys = await new SecureParticipant('q', session, undefined, { signing }).advertise();
    const grown = ({
      keys: all,
      signatures,
      names: known,
      ...rest
    }: RosterMessage): RosterMessage => ({
      ...rest,
      names: [...known, 'q'],
      keys: new Uint8Array([...all, ...keys.encryption, ...keys.masking]),
      signatures: new Uint8Array([...signatures!, ...keys.signature!]),
    });
    expect(await roster(grown)).toBe('unknown');
  });

  test('anybody, where keys are not signed', async () => {
    expect(await roster(({ signatures: _signatures, ...rest }) => rest)).toBe('forged');
    beforeEachAgain();
    const short = ({ signatures, ...rest }: RosterMessage): RosterMessage => ({
      ...rest,
      signatures: signatures!.slice(64),
    });
    expect(await roster(short)).toBe('forged');
  });

  test('too few to open a sum, though it is for the coordinator to choose', async () => {
    const three = new SecureCoordinator({
      session,
      participants: names,
      words: 6,
      identities,
      threshold: 3,
    });
    const strict = party('p000', { threshold: 2 / 3 });
    const lax = party('p001', { threshold: 3 / 5 });
    parties.set('p000', strict).set('p001', lax);
    for (const [name, one] of parties) three.receive(await one.advertise(), name);
    const given = [...(await three.advance()).values()][0]!;
    await expect(strict.share(given)).rejects.toMatchObject({
      fault: 'exposing',
      message: expect.stringContaining('a threshold of 3 of 5 participants is below'),
    });
    expect(await faultOf(() => lax.share(given))).toBe('none');
    expect(await faultOf(() => parties.get('p002')!.share(given))).toBe('none');
  });

  test('and does not go on after that', async () => {
    expect(await roster(({ signatures: _signatures, ...rest }) => rest)).toBe('forged');
    const delivery = { kind: 'delivery', ...session, names: [], sealed: new Uint8Array(0) };
    const first = parties.get('p000')!;
    expect(await faultOf(() => first.mask(delivery, vectors[0]!))).toBe('order');
    const request = { kind: 'request', ...session, survivors: names, dropped: [] };
    expect(await faultOf(() => first.agree(request))).toBe('order');
  });
});

function beforeEachAgain(): void {
  coordinator = new SecureCoordinator({ session, participants: names, words: 6, identities });
  parties = new Map(names.map((name) => [name, party(name)]));
}

describe('a participant does not give shares', () => {
  const [first, second] = names as [string, string];
  const consentsOf = (all: readonly ConsentMessage[]): ConsentsMessage => ({
    kind: 'consents',
    ...session,
    names: all.map(({ from }) => from),
    signatures: new Uint8Array(all.flatMap(({ signature }) => [...signature])),
  });
  const all = (request: RequestMessage, of = names): Promise<ConsentMessage[]> =>
    Promise.all(of.map((name) => parties.get(name)!.agree(request)));

  test('unless enough have agreed to the same request', async () => {
    const request = await requested();
    // To some, p004 is a survivor; to others it has dropped out: with both, p004 would be unmasked.
    const other = { ...request, survivors: names.slice(0, 4), dropped: names.slice(4) };
    const [a, b, c] = await all(request, names.slice(0, 3));
    const [d] = await all(other, ['p003']);
    expect(await faultOf(() => parties.get(first)!.unmask(consentsOf([a!, b!, c!])))).toBe(
      'exposing',
    );
    expect(await faultOf(() => parties.get(second)!.unmask(consentsOf([a!, b!, c!, d!])))).toBe(
      'exposing',
    );
  });

  test('on consents of those who are no survivors, are unknown, or are counted twice', async () => {
    const request = await requested(['p004']);
    const given = await all(request, names.slice(0, 4));
    // One that has dropped out, and would like the sum to be opened all the same.
    const { context } = await readRoster(lastRoster!);
    const said = survivorsStatement(session, 'p004', context, names.slice(0, 4), ['p004']);
    const late = { ...given[0]!, from: 'p004', signature: await sign(own.get('p004')!, said) };
    const stray = { ...given[0]!, from: 'p004' };
    const tries = [
      [...given.slice(0, 3), late],
      [...given.slice(0, 3), stray],
      [...given.slice(0, 3), { ...stray, from: 'q' }],
    ];
    for (const [i, some] of tries.entries())
      expect(await faultOf(() => parties.get(names[i]!)!.unmask(consentsOf(some)))).toBe(
        'exposing',
      );
    const twice = [given[0]!, given[0]!, given[1]!, given[2]!];
    expect(await faultOf(() => parties.get('p002')!.unmask(consentsOf(twice)))).toBe('malformed');
    expect(await faultOf(() => parties.get('p003')!.unmask(consentsOf(given)))).toBe('none');
  });

  test('on consents to an earlier sum', async () => {
    const early = await all(await requested());
    beforeEachAgain();
    const request = await requested();
    await all(request);
    // The same session, survivors and names, but other keys.
    expect(await faultOf(() => parties.get(first)!.unmask(consentsOf(early)))).toBe('exposing');
    const stale = { ...consentsOf(early), attempt: 2 };
    expect(await faultOf(() => parties.get(second)!.unmask(stale))).toBe('stale');
  });

  test('without having agreed, for a request alone, or a second time', async () => {
    const request = await requested();
    const consents = consentsOf(await all(request, names.slice(1)));
    expect(await faultOf(() => parties.get(first)!.unmask(consents))).toBe('order');
    expect(await faultOf(() => parties.get(second)!.unmask(request))).toBe('malformed');
    expect(await faultOf(() => parties.get('p002')!.unmask(consents))).toBe('none');
    expect(await faultOf(() => parties.get('p002')!.unmask(consents))).toBe('order');
    expect(await faultOf(() => parties.get('p003')!.agree(request))).toBe('order');
  });

  test('after it has refused to agree', async () => {
    const request = await requested();
    const wrong = { ...request, dropped: [names[2]!] };
    expect(await faultOf(() => parties.get(first)!.agree(wrong))).toBe('exposing');
    const consents = consentsOf(await all(request, names.slice(1)));
    expect(await faultOf(() => parties.get(first)!.unmask(consents))).toBe('order');
  });

  test('for sums of fewer than it wants', async () => {
    parties.set(first, party(first, { least: 5 }));
    const request = await requested(['p004']);
    await expect(parties.get(first)!.agree(request)).rejects.toMatchObject({
      fault: 'exposing',
      message: expect.stringContaining('4 survivors, fewer than the 5'),
    });
    expect(await faultOf(() => parties.get(second)!.agree(request))).toBe('none');
  });

  test('where the opening is prevented, and after consents only', async () => {
    const asked: (readonly string[])[] = [];
    const opening = async (survivors: readonly string[]): Promise<void> => {
      asked.push(survivors);
      throw new SecureAggregationError('exposing', 'no');
    };
    parties.set(first, party(first, { opening }));
    const request = await requested(['p004']);
    const consents = consentsOf(await all(request, names.slice(0, 4)));
    expect(asked).toEqual([]);
    expect(await faultOf(() => parties.get(first)!.unmask(consents))).toBe('exposing');
    expect(asked).toEqual([names.slice(0, 4)]);
  });
});

test('without signatures there is nobody to agree', async () => {
  const plain = new SecureParticipant('p000', session);
  const request = { kind: 'request', ...session, survivors: names, dropped: [] };
  expect(await faultOf(() => plain.agree(request))).toBe('order');
  const delivery: DeliveryMessage = {
    kind: 'delivery',
    ...session,
    names: [],
    sealed: new Uint8Array(0),
  };
  expect(await faultOf(() => plain.mask(delivery, vectors[0]!))).toBe('order');
});
