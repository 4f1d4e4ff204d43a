import { mean } from '../../common/experiment.ts';
import type { Claim } from '../../common/experiment.ts';
import { testAccuracies } from '../../common/trials.ts';
import type { Trial } from '../../common/trials.ts';
import type { Checks } from './checks.ts';

/** Names of the models. */
export const CLASSICAL = 'level 0';
export const CONVOLUTIONS = 'level 1';
export const ALL = 'level 2';
export const SCALED = 'level 2, logits times 10';
export const TWIN = 'classical, 2 filters';

/** Test accuracies of the authors' runs, mean of five: full networks, 60,000 (50,000) images. JAX, so with real angles. */
export const PUBLISHED_ACCURACY: Readonly<Record<string, readonly [number, number, number]>> = {
  MNIST: [0.921, 0.922, 0.945],
  'Fashion-MNIST': [0.837, 0.837, 0.805],
  'CIFAR-10': [0.337, 0.387, 0.381],
};

/** The criteria of the card, and the paper's directions. `null` where the run did not measure one. */
export function judge(
  trials: readonly Trial[],
  checks: Checks,
  shapes: readonly (readonly (readonly number[])[])[],
  quick: boolean,
): Claim[] {
  const of = (task: string, model: string): number =>
    quick ? Number.NaN : mean(testAccuracies(trials, task, model));
  const show = (value: number): string =>
    Number.isFinite(value) ? value.toFixed(3) : 'not measured';
  const row = (task: string): string =>
    `${task} ${[CLASSICAL, CONVOLUTIONS, ALL, SCALED].map((m) => show(of(task, m))).join(', ')}`;
  const tasks = ['MNIST', 'Fashion-MNIST'];
  const parameters = (model: string): number =>
    trials.find((one) => one.task === 'MNIST' && one.model === model)?.parameters ?? Number.NaN;
  const same = shapes.every((one) => JSON.stringify(one) === JSON.stringify(shapes[0]));
  return [
    {
      id: '1',
      claim:
        'flippedQuanv equals the convolution with the symmetric kernels of its states, forward and gradients (1e-6)',
      met: checks.convolution < 1e-6 && checks.convolutionGradient < 1e-6,
      found: `off by ${checks.convolution.toExponential(1)} and ${checks.convolutionGradient.toExponential(1)}`,
    },
    {
      id: '2',
      claim:
        'Evolutions are unitary (1e-10) and those of the engine, probabilities of level 2 add up to at most 1, gradients agree with differences (1e-5)',
      met:
        checks.norm < 1e-10 &&
        checks.engine < 1e-10 &&
        checks.largestSum <= 1 &&
        checks.linearGradient < 1e-5,
      found: `norm off by ${checks.norm.toExponential(1)}, engine ${checks.engine.toExponential(1)}; largest sum ${checks.largestSum.toFixed(3)}; gradient off by ${checks.linearGradient.toExponential(1)}`,
    },
    {
      id: '3',
      claim: 'Level 1 within 0.02 of level 0 on MNIST and Fashion-MNIST (mean of the seeds)',
      met: verdict(
        tasks.map((task) => 0.02 - Math.abs(of(task, CONVOLUTIONS) - of(task, CLASSICAL))),
      ),
      found: tasks
        .map(
          (task) => `${task} ${show(of(task, CONVOLUTIONS))} against ${show(of(task, CLASSICAL))}`,
        )
        .join('; '),
    },
    {
      id: '4',
      claim:
        'Level 2 with fewer parameters than level 0 reaches 0.70 on MNIST as it is, and level 0 less 0.05 with logits times 10',
      met: verdict([
        parameters(CLASSICAL) - parameters(ALL) - 1,
        of('MNIST', ALL) - 0.7,
        of('MNIST', SCALED) - of('MNIST', CLASSICAL) + 0.05,
      ]),
      found: `${parameters(ALL)} against ${parameters(CLASSICAL)} parameters; ${show(of('MNIST', ALL))}; ${show(of('MNIST', SCALED))} against ${show(of('MNIST', CLASSICAL))}`,
    },
    {
      id: '5',
      claim: 'One function builds all levels; data pass between layers in the same shapes',
      met: same,
      found: shapes[0]!.map((shape) => `[${shape.join(', ')}]`).join(' → '),
    },
    {
      id: '6',
      claim:
        'The authors’ direction (JAX runs): level 2 above level 0 on MNIST, below it on Fashion-MNIST (reported, not a condition)',
      met: verdict([
        of('MNIST', ALL) - of('MNIST', CLASSICAL),
        of('Fashion-MNIST', CLASSICAL) - of('Fashion-MNIST', ALL),
      ]),
      found: `levels 0, 1, 2, 2 with logits times 10: ${tasks.map(row).join('; ')}`,
    },
  ];
}

/** True where all margins are at least 0 (but for rounding), null where one was not measured. */
function verdict(margins: readonly number[]): boolean | null {
  return margins.some(Number.isNaN) ? null : margins.every((margin) => margin >= -1e-9);
}
