import { SecureCoordinator } from './coordinator.ts';
import type { SecureCoordinatorOptions, SecureSum } from './coordinator.ts';
import { SecureParticipant } from './participant.ts';
import type { RandomSource } from './random.ts';

/** A secure sum in which all parties live in one process and nobody drops out; vectors by participant. */
export async function secureSum(
  options: Omit<SecureCoordinatorOptions, 'participants' | 'words'>,
  vectors: ReadonlyMap<string, Uint32Array>,
  random?: RandomSource,
): Promise<SecureSum> {
  const [first] = vectors.values();
  const names = [...vectors.keys()];
  const coordinator = new SecureCoordinator({
    ...options,
    participants: names,
    words: first?.length ?? 0,
  });
  const parties = new Map(
    names.map((name) => [name, new SecureParticipant(name, options.session, random)]),
  );
  for (const party of parties.values()) {
    const message = await party.advertise();
    coordinator.receive(message, message.from);
  }
  const phase = async (
    answer: (party: SecureParticipant, message: unknown, name: string) => Promise<{ from: string }>,
  ): Promise<void> => {
    for (const [name, message] of await coordinator.advance()) {
      coordinator.receive(await answer(parties.get(name)!, message, name), name);
    }
  };
  await phase((party, message) => party.share(message));
  await phase((party, message, name) => party.mask(message, vectors.get(name)!));
  await phase((party, message) => party.unmask(message));
  await coordinator.advance();
  return coordinator.finish();
}
