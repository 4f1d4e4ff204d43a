import { mean } from '../../common/experiment.ts';
import type { Claim } from '../../common/experiment.ts';

/** Phase recognition with one seed. */
export interface PhaseRun {
  readonly seed: number;
  readonly parameters: number;
  /** Accuracy between the training points, h2 = 0. */
  readonly line: number;
  /** Accuracy at points with h2 ≠ 0 whose string order leaves no doubt. */
  readonly plane: number;
  readonly planePoints: number;
  /** h1 at h2 = 0 where the network changes its mind. */
  readonly boundary: number;
  readonly seconds: number;
}

/** Digits with one seed. */
export interface DigitRun {
  readonly pair: string;
  readonly model: string;
  readonly seed: number;
  readonly parameters: number;
  readonly accuracy: number;
  readonly seconds: number;
}

/** What is judged. With one seed only what is exact is. */
export function judge(
  phases: readonly PhaseRun[],
  digits: readonly DigitRun[],
  poolingDifference: number,
): Claim[] {
  const several = phases.length > 1;
  const line = mean(phases.map((run) => run.line));
  const plane = mean(phases.map((run) => run.plane));
  const boundary = mean(phases.map((run) => run.boundary));
  const pairs = [...new Set(digits.map(({ pair }) => pair))].map((pair) => {
    const of = (model: string): DigitRun[] =>
      digits.filter((run) => run.pair === pair && run.model === model);
    const accuracy = (model: string): number => mean(of(model).map((run) => run.accuracy));
    return { pair, quantum: accuracy('QCNN'), classical: accuracy('CNN') };
  });
  return [
    {
      id: '1',
      claim: 'Ground states between the training points, h2 = 0: at least 0.95 in the right phase',
      met: several ? line >= 0.95 : null,
      found: `${line.toFixed(3)} (${phases.map((run) => run.line.toFixed(3)).join(', ')})`,
    },
    {
      id: '2',
      claim:
        'Trained on h2 = 0 alone, it tells the phases of the whole plane: at least 0.95 where string order is above 0.7 or below 0.1',
      met: several ? plane >= 0.95 : null,
      found: `${plane.toFixed(3)} of ${phases[0]!.planePoints} points (${phases.map((run) => run.plane.toFixed(3)).join(', ')})`,
    },
    {
      id: '3',
      claim:
        'At h2 = 0 it changes its mind within 0.15 of the transition of the infinite chain, h1 = 1',
      met: several ? Math.abs(boundary - 1) <= 0.15 : null,
      found: `h1 = ${boundary.toFixed(3)} (${phases.map((run) => run.boundary.toFixed(3)).join(', ')})`,
    },
    {
      id: '4',
      claim: 'Pooling by measurement gives the results of pooling by gates (1e-10)',
      met: poolingDifference < 1e-10,
      found: `off by ${poolingDifference.toExponential(1)} at most`,
    },
    {
      id: '5',
      claim:
        'Digits 0/1 and 3/6: at least 0.95 and 0.90; the convolutional network of like size beside it',
      met: several
        ? pairs.every(({ pair, quantum }) => quantum >= (pair === '0/1' ? 0.95 : 0.9))
        : null,
      found: pairs
        .map(
          ({ pair, quantum, classical }) =>
            `${pair}: ${quantum.toFixed(3)}, classical ${classical.toFixed(3)}`,
        )
        .join('; '),
    },
  ];
}
