// The frozen bits of the reproducible engine, computed in a page; the browser gate bundles it and compares.
import { cpu } from '@ketwork/simulator';
import { frozen } from '../cpu/frozen.ts';

/** What the test of `reproducible: true` has frozen, as this browser computes it. */
export async function frozenBits(): Promise<string> {
  const engines = [
    await cpu({ reproducible: true }),
    await cpu({ reproducible: true, precision: 'f32' }),
  ] as const;
  const text = frozen(...engines);
  for (const engine of engines) engine.dispose();
  return text;
}
