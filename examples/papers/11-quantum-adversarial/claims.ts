import { mean, spread } from '../../common/experiment.ts';
import type { Claim } from '../../common/experiment.ts';
import { ANGLES } from './chain.ts';
import type { ChainRun } from './chain.ts';
import { EPSILON, EPSILONS } from './images.ts';
import type { ImageRun } from './images.ts';

/** Everything measured. */
export interface Findings {
  readonly gradients: { readonly shift: number; readonly shared: number };
  readonly images: readonly ImageRun[];
  readonly chains: readonly ChainRun[];
}

/** Where the claims look in the curves. */
const AT = EPSILONS.indexOf(EPSILON);
const ANGLE = ANGLES.indexOf(0.3);

/** The criteria of the card. With one seed, what needs several is not judged. */
export function judge({ gradients, images, chains }: Findings): Claim[] {
  const several = images.length > 1;
  const of = (read: (run: ImageRun) => number): number[] => images.map(read);
  const clean = of((run) => run.plain.clean);
  const noise = of((run) => run.plain.noise);
  const attacked = of((run) => run.plain.curve[AT]!);
  const hardenedClean = of((run) => run.hardened.clean);
  const fresh = of((run) => run.hardened.curve[AT]!);
  const strong = of((run) => run.plain.strong);
  const hardenedStrong = of((run) => run.hardened.strong);
  const oldPlain = of((run) => run.oldAttacks.plain);
  const oldHardened = of((run) => run.oldAttacks.hardened);
  const kept = images.reduce((sum, run) => sum + run.noisy.kept, 0);
  const sure = images.reduce((sum, run) => sum + run.noisy.of, 0);
  const chainClean = chains.map((run) => run.clean);
  const chainAttacked = chains.map((run) => run.attacked[ANGLE]!);
  const chainNoise = chains.map((run) => run.noise[ANGLE]!);
  return [
    {
      id: '1',
      claim:
        'Gradients of p₀ by adjoint and by parameter shift agree to 1e-8; a pixel and the angle beside it have the same',
      met: gradients.shift < 1e-8 && gradients.shared < 1e-8,
      found: `off by ${gradients.shift.toExponential(1)} and ${gradients.shared.toExponential(1)} at most`,
    },
    {
      id: '2',
      claim: 'Test accuracy at least 0.95',
      met: several ? mean(clean) >= 0.95 : null,
      found: spread(clean),
    },
    {
      id: '3',
      claim: `Attacks of size ${EPSILON} leave an accuracy at least 0.25 below that under random signs of that size`,
      met: several ? mean(noise) - mean(attacked) >= 0.25 : null,
      found: `${spread(attacked)} under attack, ${spread(noise)} under random signs`,
    },
    {
      id: '4',
      claim:
        'Adversarial training: accuracy on the examples crafted against the first model rises by at least 0.15, clean accuracy falls by at most 0.03',
      met: several
        ? mean(oldHardened) - mean(oldPlain) >= 0.15 && mean(clean) - mean(hardenedClean) <= 0.03
        : null,
      found: `${spread(oldPlain)} to ${spread(oldHardened)}; clean ${spread(clean)} to ${spread(hardenedClean)}`,
    },
    {
      id: '4b',
      claim:
        'The same by 0.15 for attacks on the hardened model itself, also with 20 steps from two random starts (not in the paper)',
      met: several
        ? mean(fresh) - mean(attacked) >= 0.15 && mean(hardenedStrong) - mean(strong) >= 0.15
        : null,
      found: `${spread(attacked)} to ${spread(fresh)}; strong attack ${spread(strong)} to ${spread(hardenedStrong)}`,
    },
    {
      id: '5',
      claim:
        'Depolarizing noise of the size of the paper keeps the label of at least 0.9 of the images with |p₀ - 1/2| > 0.1',
      met: several && sure > 0 ? kept / sure >= 0.9 : null,
      found: `${kept} of ${sure}`,
    },
    {
      id: '6',
      claim: 'Phase of quantum states: test accuracy at least 0.95',
      met: several ? mean(chainClean) >= 0.95 : null,
      found: `${spread(chainClean)}; logistic regression on ⟨Z⟩ ${spread(chains.map((run) => run.logistic))}`,
    },
    {
      id: '6b',
      claim: 'Local rotations of at most 0.3 lower that by at least 0.2',
      met: several ? mean(chainClean) - mean(chainAttacked) >= 0.2 : null,
      found: `${spread(chainAttacked)} under attack, ${spread(chainNoise)} under random signs; attacked at ${ANGLES.join(', ')}: ${ANGLES.map((_, i) => mean(chains.map((run) => run.attacked[i]!)).toFixed(3)).join(', ')}`,
    },
  ];
}
