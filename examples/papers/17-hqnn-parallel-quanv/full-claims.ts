import type { Claim } from '../../common/experiment.ts';

/** What the claims about all of MNIST need to know of a run. */
export interface FullOutcome {
  readonly testAccuracy: number;
  readonly parameters: number;
  readonly twinParameters: number;
  readonly seconds: number;
}

/** Decides the claims about HQNN-Parallel on all of MNIST. */
export function judgeFull(outcome: FullOutcome): Claim[] {
  const { testAccuracy, parameters, twinParameters, seconds } = outcome;
  const accuracy = `${testAccuracy.toFixed(4)} on the 10,000 test images`;
  const ratio = twinParameters / parameters;
  return [
    {
      id: 'F1',
      claim: 'HQNN-Parallel at 0.985 or above on all of MNIST',
      met: testAccuracy >= 0.985,
      found: accuracy,
    },
    {
      id: 'F2',
      claim: 'Paper: 0.9921',
      met: testAccuracy >= 0.9921,
      found: accuracy,
    },
    {
      id: 'F3',
      claim: 'Paper: eight times fewer parameters than the classical twin',
      met: ratio >= 8,
      found: `${parameters} against ${twinParameters}, ${ratio.toFixed(2)} times`,
    },
    {
      id: 'F4',
      claim: 'Trained within three hours',
      met: seconds <= 3 * 3600,
      found: `${(seconds / 60).toFixed(0)} minutes of wall time in one thread`,
    },
  ];
}
