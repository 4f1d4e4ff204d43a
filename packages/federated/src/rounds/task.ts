import type { RoundTask } from '../contract.ts';
import { secureTask } from '../secure/options.ts';
import { keysOf, namedSeed } from './keys.ts';
import type { RoundsPlan } from './state.ts';

/** What a participant shall do in a round of so many. */
export function taskOf(
  { run, seed, population, local, strategy, central, privacy, secure }: RoundsPlan,
  participant: string,
  round: number,
  attempt: number,
  participants: number,
): RoundTask {
  return {
    run,
    round,
    attempt,
    // Who is alone trains with the federation's own seed, so that the federation is central training.
    seed: population === 1 ? seed : namedSeed(keysOf(seed).training, participant),
    epochs: local.epochs,
    firstEpoch: 1 + (round - 1) * local.epochs,
    batchSize: local.batchSize,
    loss: local.loss,
    optimizer: local.optimizer,
    proximal: strategy.proximal ?? 0,
    ...(central === undefined ? {} : { clippingNorm: central.clippingNorm }),
    ...(privacy === undefined ? {} : { privacy }),
    ...(secure === undefined ? {} : { secure: secureTask(secure, participants) }),
  };
}
