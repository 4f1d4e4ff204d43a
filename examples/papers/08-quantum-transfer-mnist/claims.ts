import { mean, spread } from '../../common/experiment.ts';
import type { Claim } from '../../common/experiment.ts';

export const LATENT = 'latents';
export const COMPONENTS = 'components';
export const SINGLE = 'probabilities';
export const ALL = 'probabilities, all H';
export const SHOTS = [64, 256, 1024] as const;
/** Name of the features estimated from shots. */
export const drawn = (shots: number): string => `${SINGLE}, ${shots} shots`;

/** A classifier trained on some features with one seed. */
export interface Run {
  readonly features: string;
  readonly seed: number;
  readonly parameters: number;
  readonly testAccuracy: number;
  readonly validationAccuracy: number;
  readonly epochs: number;
  readonly best: number;
}

/** What the autoencoder of a seed came to. */
export interface Compression {
  readonly seed: number;
  /** Mean squared errors per pixel of the test images. */
  readonly autoencoder: number;
  readonly pca16: number;
  readonly pca64: number;
  /** Loss by epoch. */
  readonly losses: readonly number[];
  /** Shares of the latents' variance that the five components hold. */
  readonly shares: readonly number[];
}

/** How far the circuit is from what is known about it. */
export interface Checks {
  /** Sums of probabilities from 1, largest. */
  readonly sums: number;
  /** Probabilities with angles 0 from a half at 00000 and 11111, largest. */
  readonly zeroAngles: number;
}

/** Test accuracies on some features, one per seed. */
export function accuracies(runs: readonly Run[], features: string): number[] {
  return runs.filter((run) => run.features === features).map((run) => run.testAccuracy);
}

/** The criteria of the reproduction. Those about accuracy are null where the run was too short to say. */
export function judge(
  runs: readonly Run[],
  compression: readonly Compression[],
  checks: Checks,
  quick: boolean,
): Claim[] {
  const at = (features: string): number => mean(accuracies(runs, features));
  const told = (...features: readonly string[]): string =>
    features.map((name) => `${name} ${spread(accuracies(runs, name))}`).join(', ');
  const judged = (...margins: readonly number[]): boolean | null =>
    quick || margins.some(Number.isNaN) ? null : margins.every((margin) => margin >= -1e-9);
  const worst = (of: (one: Compression) => number): number => Math.max(...compression.map(of));
  const error = worst(({ autoencoder }) => autoencoder);
  const shots = SHOTS.map((count) => at(drawn(count)));
  return [
    {
      id: '1',
      claim: 'Probabilities sum to 1 (1e-10); with angles 0 they are a half at 00000 and 11111',
      met: checks.sums < 1e-10 && checks.zeroAngles < 1e-10,
      found: `off by ${checks.sums.toExponential(1)} and ${checks.zeroAngles.toExponential(1)}`,
    },
    {
      id: '2',
      claim:
        'The autoencoder restores test images with an error below 0.02 per pixel and below that of 16 principal components (every seed)',
      met: judged(0.02 - error, -worst((one) => one.autoencoder - one.pca16)),
      found: `${error.toFixed(4)} at most; PCA-16 ${spread(
        compression.map(({ pca16 }) => pca16),
        4,
      )}, PCA-64 ${spread(
        compression.map(({ pca64 }) => pca64),
        4,
      )}`,
    },
    {
      id: '3',
      claim: 'The classifier on 64 latents reaches 0.93 (mean of the seeds, here and below)',
      met: judged(at(LATENT) - 0.93),
      found: told(LATENT),
    },
    {
      id: '4',
      claim:
        'The hybrid (one Hadamard, exact) is between 0.60 and 0.82 and at most 0.05 below the 5 components',
      met: judged(at(SINGLE) - 0.6, 0.82 - at(SINGLE), at(SINGLE) - at(COMPONENTS) + 0.05),
      found: told(SINGLE, COMPONENTS),
    },
    {
      id: '5',
      claim: 'The hybrid is at least 0.12 below the classifier on 64 latents: the paper’s result',
      met: judged(at(LATENT) - at(SINGLE) - 0.12),
      found: `${(at(LATENT) - at(SINGLE)).toFixed(3)} below`,
    },
    {
      id: '6',
      claim: '1024 shots are within 0.05 of exact, and accuracy grows from 64 to 256 to 1024 shots',
      met: judged(
        0.05 - Math.abs(at(SINGLE) - shots[2]!),
        shots[1]! - shots[0]!,
        shots[2]! - shots[1]!,
      ),
      found: told(...SHOTS.map(drawn)),
    },
    {
      id: '7',
      claim: 'Hadamards on all qubits are at least 0.10 worse than one',
      met: judged(at(SINGLE) - at(ALL) - 0.1),
      found: told(ALL),
    },
  ];
}
