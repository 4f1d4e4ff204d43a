import { survives } from '../../packages/qasm/test/mutate.ts';
import { Judge } from './tally.ts';
import type { Tally } from './tally.ts';

/** One mutated program in OpenQASM: it is read, or refused with a place, in time. */
export function fuzzQasm(seed: number, tally: Tally): void {
  const judged = new Judge(tally, seed, 0);
  try {
    survives(seed);
  } catch (error) {
    judged.thrown(error);
  }
  judged.close('OpenQASM');
}
