import { ValueError, key, normal, permutation, split } from '@ketwork/base';
import { dataset, subset } from './dataset.ts';
import type { Dataset } from './dataset.ts';

/** Options of {@link tthEvents}. */
export interface TthOptions {
  /** Features of an event, at least 4. */
  readonly features: number;
  /** Number of events, half of them signal; the odd one is background. */
  readonly count: number;
  /** Seed of the events, an integer from 0 to 2^53 - 1. The distribution they are drawn from has a fixed seed of its own. */
  readonly seed: number;
}

const LATENT = 4;
/** Seeds of the mixing matrix and of the shift between the classes: every sample comes from one distribution. */
const MIXING = 21040;
const SHIFT = 5059;
/** Features that get heavy tails, as momenta have. */
const HEAVY = 6;

/**
 * Toy collision events that stand in for those of Wu et al., arXiv:2104.05059 (associated production of a Higgs boson and
 * top quarks against di-photon background), which are not public: `features` correlated numbers per event.
 *
 * Four normal latent variables are mixed by a fixed matrix with entries 0.55·N(0, 1), plus noise of deviation 0.8. Signal and
 * background are shifted apart by a fixed vector with entries 0.28·N(0, 1); feature 1 moves by ±0.4 of feature 0 and feature 3
 * by ±0.2·(x₂² - 1), so that no linear cut is enough; features 0 to 5 become `sign(x)|x|^1.3`.
 *
 * @returns Inputs `[count, features]`, not scaled; classes `background` and `signal` in random order.
 * @throws ValueError where features, count or seed does not fit.
 * @example
 * ```ts
 * import { tthEvents } from '@ketwork/datasets';
 * const events = tthEvents({ features: 10, count: 400, seed: 1 });
 * console.log(events.inputShape, events.classes); // [ 10 ] [ 'background', 'signal' ]
 * ```
 */
export function tthEvents({ features, count, seed }: TthOptions): Dataset {
  if (!Number.isSafeInteger(features) || features < 4)
    throw new ValueError(`tthEvents: features ${features} is not an integer of at least 4`);
  if (!Number.isSafeInteger(count) || count < 2)
    throw new ValueError(`tthEvents: count ${count} is not an integer of at least 2`);
  // One row of four entries per feature, so that a feature's numbers do not depend on how many there are.
  const mixing = normal(key(MIXING), LATENT * features, { deviation: 0.55 });
  const shift = normal(key(SHIFT), features, { deviation: 0.28 });
  const [latentKey, noiseKey, orderKey] = split(key(seed), 3);
  const latent = normal(latentKey!, LATENT * count);
  const inputs = normal(noiseKey!, features * count, { deviation: 0.8 });
  const labels = new Int32Array(count);
  for (let e = 0; e < count; e++) {
    const label = e % 2;
    const side = label === 1 ? 1 : -1;
    labels[e] = label;
    const x = inputs.subarray(e * features, (e + 1) * features);
    for (let f = 0; f < features; f++) {
      for (let l = 0; l < LATENT; l++) x[f]! += latent[e * LATENT + l]! * mixing[f * LATENT + l]!;
      x[f]! += (side / 2) * shift[f]!;
    }
    x[1]! += side * 0.4 * x[0]!;
    x[3]! += side * 0.2 * (x[2]! ** 2 - 1);
    for (let f = 0; f < Math.min(HEAVY, features); f++)
      x[f] = Math.sign(x[f]!) * Math.abs(x[f]!) ** 1.3;
  }
  const ordered = dataset({
    name: 'tth',
    inputs,
    inputShape: [features],
    labels,
    classes: ['background', 'signal'],
    source:
      'generated: toy collision events, a stand-in for the unpublished ones of arXiv 2104.05059',
  });
  return subset(ordered, permutation(orderKey!, count));
}
