import type { SampledGaussian } from './mechanism.ts';
import { accountantOf } from './noise.ts';
import type { AccountantName } from './noise.ts';

/** What was computed lately. Accountants take tens of milliseconds, and participants of a federation ask the same again and again. */
const known = new Map<string, number>();
const MOST_KNOWN = 1024;

/**
 * ε that some steps have spent, by the accountant of that name: 0 for no steps, `Infinity` where some had no noise. The same
 * question is answered from memory.
 *
 * @param delta δ of the guarantee, between 0 and 1.
 * @throws ValueError where steps or δ are out of range.
 * @example
 * ```ts
 * import { epsilonSpent } from '@ketwork/training';
 * const steps = [{ noiseMultiplier: 1.1, sampleRate: 0.01, steps: 1000 }];
 * console.log(epsilonSpent('pld', steps, 1e-5).toFixed(2)); // 1.52
 * ```
 */
export function epsilonSpent(
  accountant: AccountantName,
  steps: readonly SampledGaussian[],
  delta: number,
): number {
  if (steps.length === 0) return 0;
  if (steps.some(({ noiseMultiplier }) => noiseMultiplier === 0)) return Infinity;
  const question = JSON.stringify([accountant, steps, delta]);
  const remembered = known.get(question);
  if (remembered !== undefined) return remembered;
  const epsilon = accountantOf(accountant, steps).epsilon(delta);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(question, epsilon);
  return epsilon;
}
