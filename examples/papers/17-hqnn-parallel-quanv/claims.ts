import { mean, spread } from '../../common/experiment.ts';
import type { Claim } from '../../common/experiment.ts';
import { CHECK_BATCH } from './checks.ts';
import type { CircuitChecks } from './checks.ts';
import { CIRCUITS } from './models.ts';

export const PARALLEL = 'HQNN-Parallel';
export const EQUAL = 'twin of equal size';
export const LARGE = 'twin 8 times as large';
export const QUANV = 'HQNN-Quanv, trained';
export const FIXED = 'HQNN-Quanv, fixed angles';
export const RANDOM = 'quanvolution, random circuit';
export const CONV = 'convolution, 4 channels';
export const WIDE = 'convolution, 16 channels';

/** One training of one network with one seed. */
export interface Run {
  readonly model: string;
  readonly seed: number;
  readonly parameters: number;
  /** Mean training loss, and accuracy on images that neither train nor test, by epoch. */
  readonly trainLoss: readonly number[];
  readonly validationAccuracy: readonly number[];
  /** Accuracy on the test images after the last epoch, measured once. */
  readonly testAccuracy: number;
  readonly secondsPerEpoch: number;
}

/** Decides the claims; in the quick form, which says nothing about accuracies, only those about the circuits. */
export function judge(runs: readonly Run[], checks: CircuitChecks, quick: boolean): Claim[] {
  const accuracies = (model: string): number[] =>
    runs.filter((run) => run.model === model).map(({ testAccuracy }) => testAccuracy);
  const accuracy = (model: string): number => mean(accuracies(model));
  const parameters = (model: string): number =>
    runs.find((run) => run.model === model)?.parameters ?? NaN;
  const shown = (model: string): string => `${model} ${spread(accuracies(model), 4)}`;
  const ratio = parameters(LARGE) / parameters(PARALLEL);
  /** Whether the first is at most `slack` below the second; equal but for rounding counts. */
  const reaches = (model: string, other: string, slack: number): boolean | null =>
    quick ? null : accuracy(model) >= accuracy(other) - slack - 1e-9;
  const both = (...models: string[]): string => models.map(shown).join(', ');
  const { minusSine, offDiagonal, diagonal, jobs } = checks;
  const perEpoch = mean(
    runs.filter(({ model }) => model === PARALLEL).map(({ secondsPerEpoch }) => secondsPerEpoch),
  );
  return [
    {
      id: '1',
      claim: '⟨Y⟩ after a bare RX(x) is -sin x, and the circuits are independent of one another',
      met: minusSine < 1e-12 && offDiagonal < 1e-12 && diagonal > 1e-3,
      found: `off by ${minusSine.toExponential(1)}; slopes across circuits at most ${offDiagonal.toExponential(1)}, within at least ${diagonal.toFixed(2)}`,
    },
    {
      id: '2a',
      claim: `HQNN-Parallel at most 0.015 below the twin eight times as large`,
      met: quick ? null : ratio >= 8 && reaches(PARALLEL, LARGE, 0.015) === true,
      found: `${both(PARALLEL, LARGE)}; ${parameters(PARALLEL)} against ${parameters(LARGE)} parameters, ${ratio.toFixed(2)} times`,
    },
    {
      id: '2b',
      claim: 'HQNN-Parallel at most 0.005 below the twin of equal size',
      met: reaches(PARALLEL, EQUAL, 0.005),
      found: both(PARALLEL, EQUAL),
    },
    {
      id: '2c',
      claim: 'HQNN-Parallel at 0.94 or above',
      met: quick ? null : accuracy(PARALLEL) >= 0.94,
      found: shown(PARALLEL),
    },
    {
      id: '3a',
      claim: 'HQNN-Quanv with trained angles at least as good as with the same angles fixed',
      met: reaches(QUANV, FIXED, 0),
      found: both(QUANV, FIXED),
    },
    {
      id: '3b',
      claim: 'HQNN-Quanv at most 0.02 below the convolution with as many weights',
      met: reaches(QUANV, CONV, 0.02),
      found: both(QUANV, CONV),
    },
    {
      id: '4',
      claim: 'The parallel circuits of a batch run as one batch of independent circuits',
      met: jobs.length === 1 && jobs[0] === CIRCUITS * CHECK_BATCH,
      found: `${jobs.join(', ')} circuits in ${jobs.length} call for ${CHECK_BATCH} images; HQNN-Parallel ${perEpoch.toFixed(1)} s per epoch`,
    },
    {
      id: 'P1',
      claim: 'Paper: HQNN-Quanv beats a convolution with as many weights',
      met: quick ? null : accuracy(QUANV) > accuracy(CONV),
      found: both(QUANV, CONV),
    },
    {
      id: 'P2',
      claim:
        'Paper: HQNN-Quanv equals a convolution with four times as many weights (within 0.005)',
      met: reaches(QUANV, WIDE, 0.005),
      found: `${both(QUANV, WIDE)}; ${parameters(QUANV)} against ${parameters(WIDE)} parameters`,
    },
  ];
}
