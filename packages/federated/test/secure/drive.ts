import { key, bits } from '@ketwork/base';
import { SecureCoordinator } from '../../src/secure/coordinator.ts';
import type { SecureSum } from '../../src/secure/coordinator.ts';
import type { MaskedMessage, ParticipantMessage } from '../../src/secure/messages.ts';
import { SecureParticipant } from '../../src/secure/participant.ts';
import type { RandomSource } from '../../src/secure/random.ts';

export const session = { run: 'test', round: 3, attempt: 1 };

/** Names in ascending order. */
export const named = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `p${String(i).padStart(3, '0')}`);

/** Numbers that use all 64 bits. */
export function vector(seed: number, numbers: number): Uint32Array {
  return bits(key(seed), 2 * numbers);
}

export const numbersOf = (words: Uint32Array): bigint[] => [
  ...new BigUint64Array(words.slice().buffer),
];

/** The sum of integers, modulo 2^64. */
export function sumOf(vectors: readonly Uint32Array[]): bigint[] {
  const columns = vectors.map(numbersOf);
  return columns[0]!.map((_, i) =>
    BigInt.asUintN(
      64,
      columns.reduce((sum, column) => sum + column[i]!, 0n),
    ),
  );
}

export interface Drive {
  readonly vectors: readonly Uint32Array[];
  readonly threshold?: number;
  /** Who stops before which of its answers. */
  readonly drop?: Readonly<Record<string, ParticipantMessage['kind']>>;
  /** Changes a message on its way to the coordinator. */
  readonly change?: (message: ParticipantMessage) => ParticipantMessage;
  readonly random?: RandomSource;
}

/** Runs a secure sum; also gives what the coordinator saw of the vectors. */
export async function drive(
  options: Drive,
): Promise<SecureSum & { readonly views: MaskedMessage[] }> {
  const { vectors, threshold, drop = {}, change = (message) => message, random } = options;
  const names = named(vectors.length);
  const words = vectors[0]!.length;
  const coordinator = new SecureCoordinator({ session, participants: names, threshold, words });
  const parties = new Map(
    names.map((name) => [name, new SecureParticipant(name, session, random)] as const),
  );
  const views: MaskedMessage[] = [];
  const gone = new Set<string>();
  const send = async (name: string, make: () => Promise<ParticipantMessage>): Promise<void> => {
    if (drop[name] === coordinator.phase) gone.add(name);
    if (gone.has(name)) return;
    const message = change(await make());
    if (message.kind === 'masked') views.push(message);
    coordinator.receive(message, name);
  };
  for (const [name, party] of parties) await send(name, () => party.advertise());
  for (const [name, roster] of await coordinator.advance()) {
    await send(name, () => parties.get(name)!.share(roster));
  }
  for (const [name, delivery] of await coordinator.advance()) {
    const own = vectors[names.indexOf(name)]!;
    await send(name, () => parties.get(name)!.mask(delivery, own));
  }
  for (const [name, request] of await coordinator.advance()) {
    await send(name, () => parties.get(name)!.unmask(request));
  }
  await coordinator.advance();
  return { ...(await coordinator.finish()), views };
}
