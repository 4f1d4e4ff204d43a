import { SecureCoordinator } from './coordinator.ts';
import type { SecureCoordinatorOptions, SecureSum } from './coordinator.ts';
import { SecureParticipant } from './participant.ts';
import type { RandomSource } from './random.ts';

/**
 * A secure sum in which all parties live in one process; participants without a vector drop out before they send keys.
 */
export async function secureSum(
  options: SecureCoordinatorOptions,
  vectors: ReadonlyMap<string, Uint32Array>,
  random?: RandomSource,
): Promise<SecureSum> {
  const coordinator = new SecureCoordinator(options);
  const parties = new Map<string, SecureParticipant>();
  for (const name of vectors.keys()) {
    const party = new SecureParticipant(name, options.session, random);
    parties.set(name, party);
    coordinator.receive(await party.advertise(), name);
  }
  const phase = async (
    answer: (party: SecureParticipant, message: unknown, name: string) => Promise<unknown>,
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
