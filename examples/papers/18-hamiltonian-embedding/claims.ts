import { mean } from '../../common/experiment.ts';
import type { Claim } from '../../common/experiment.ts';
import { testAccuracies } from '../../common/trials.ts';
import type { Trial } from '../../common/trials.ts';
import type { Checks } from './checks.ts';

/** Names of the models. */
export const FIFTEEN = 'Hamiltonian, 15 layers';
export const SHARED = 'Hamiltonian, 15 layers, shared angles';
export const FIVE = 'Hamiltonian, 5 layers';
export const TWO = 'Hamiltonian, 2 layers';
export const FIXED = 'Hamiltonian, 15 layers, t = 1';
export const LARGE = 'Hamiltonian, 10 layers of SU(32)';
export const BASELINE = 'QCNN';
export const TWIN = 'softmax regression';

/** The criteria of the card, and the paper's margin. `null` where the run did not measure one. */
export function judge(trials: readonly Trial[], checks: Checks, quick: boolean): Claim[] {
  const of = (task: string, model: string): number =>
    quick ? Number.NaN : mean(testAccuracies(trials, task, model));
  const show = (value: number): string =>
    Number.isFinite(value) ? value.toFixed(3) : 'not measured';
  const digits = ['MNIST', 'Fashion-MNIST'];
  const margins = digits.map((task) => of(task, FIFTEEN) - of(task, BASELINE));
  const depth = (task: string): number =>
    Math.min(of(task, FIFTEEN) - of(task, FIVE), of(task, FIVE) - of(task, TWO)) + 0.02;
  const lesions = ['lesions 8 × 8', 'lesions 32 × 32'];
  const large = digits.map((task) => `${task} 32 × 32`);
  const beyond = large.map((task) => of(task, LARGE) - of(task, BASELINE));
  return [
    {
      id: '1',
      claim:
        'exp(-i t A/2) is unitary (1e-10), equals the Taylor series and the engine, and its gradient by t agrees with differences (1e-6)',
      met:
        checks.norm < 1e-10 &&
        checks.series < 1e-10 &&
        checks.engine < 1e-10 &&
        checks.timeGradient < 1e-6,
      found: `off by ${[checks.norm, checks.series, checks.engine, checks.timeGradient].map((x) => x.toExponential(1)).join(', ')}`,
    },
    {
      id: '2',
      claim:
        'Pooling by measurement and condition equals deferred measurement (1e-10), and sampling agrees (within 4 standard deviations)',
      met: checks.pooling < 1e-10 && checks.poolingShots < 4,
      found: `off by ${checks.pooling.toExponential(1)}; ${checks.poolingShots.toFixed(1)} deviations`,
    },
    {
      id: '3',
      claim:
        'Hamiltonian model with 15 layers at least 0.12 above the QCNN in test accuracy, and at least 0.70, on MNIST of 8 × 8 pixels (Fashion-MNIST beside)',
      met: verdict([margins[0]! - 0.12, of('MNIST', FIFTEEN) - 0.7]),
      found: digits
        .map((task) => `${task} ${show(of(task, FIFTEEN))} against ${show(of(task, BASELINE))}`)
        .join('; '),
    },
    {
      id: '4',
      claim: 'More layers help: 15 ≥ 5 ≥ 2 (tolerance 0.02) on both data sets',
      met: verdict(digits.map(depth)),
      found: digits
        .map((task) => `${task} ${[FIFTEEN, FIVE, TWO].map((m) => show(of(task, m))).join(', ')}`)
        .join('; '),
    },
    {
      id: '5',
      claim: 'An image and its transpose give equal outputs',
      met: checks.transpose < 1e-12,
      found: `off by ${checks.transpose.toExponential(1)}`,
    },
    {
      id: '6',
      claim: 'At least the QCNN less 0.02 on lesions, 80 to train',
      met: verdict(lesions.map((task) => of(task, TWO) - of(task, BASELINE) + 0.02)),
      found: lesions
        .map((task) => `${task} ${show(of(task, TWO))} against ${show(of(task, BASELINE))}`)
        .join('; '),
    },
    {
      id: '7',
      claim:
        'The paper’s margin: above the QCNN by more than 0.40 on MNIST of 32 × 32 pixels (--variant large)',
      met: verdict([beyond[0]! - 0.4]),
      found: large
        .map((task) => `${task} ${show(of(task, LARGE))} against ${show(of(task, BASELINE))}`)
        .join('; '),
    },
    {
      id: '8',
      claim:
        'Trained times help: at least the accuracy of t = 1 (ablation, MNIST and Fashion-MNIST)',
      met: verdict(digits.map((task) => of(task, FIFTEEN) - of(task, FIXED))),
      found: digits
        .map((task) => `${task} ${show(of(task, FIFTEEN))} against ${show(of(task, FIXED))}`)
        .join('; '),
    },
  ];
}

/** True where all margins are at least 0 (but for rounding), null where one was not measured. */
function verdict(margins: readonly number[]): boolean | null {
  return margins.some(Number.isNaN) ? null : margins.every((margin) => margin >= -1e-9);
}
