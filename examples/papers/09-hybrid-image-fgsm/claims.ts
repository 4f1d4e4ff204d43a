import { mean, spread } from '../../common/experiment.ts';
import type { Claim } from '../../common/experiment.ts';
import type { Standing } from './attacks.ts';
import type { CircuitErrors } from './checks.ts';
import type { Run } from './runs.ts';

/** Everything measured. */
export interface Findings {
  readonly errors: CircuitErrors;
  readonly digits: readonly Run[];
  readonly coloured: readonly Run[];
  /** Number of epochs that claims are about. */
  readonly epochs: number;
}

/** A figure of a network after some epochs, one per seed. */
export function figures(
  runs: readonly Run[],
  network: string,
  epochs: number,
  read: (standing: Standing) => number,
): number[] {
  return runs.filter((run) => run.network === network).map((run) => read(run.after[epochs]!));
}

/** Whether stronger attacks leave less, for one network and seed. */
function ordered({ clean, attacked }: Standing): boolean {
  return (
    attacked.fgsm <= clean &&
    attacked['pgd-10'] <= attacked.fgsm &&
    attacked['pgd-40'] <= attacked['pgd-10']
  );
}

/** The criteria of the card and a claim of the paper. With one seed, what needs several is not judged. */
export function judge({ errors, digits, epochs }: Findings): Claim[] {
  const of = (network: string, read: (standing: Standing) => number): number[] =>
    figures(digits, network, epochs, read);
  const both = (read: (standing: Standing) => number): [number[], number[]] => [
    of('hybrid', read),
    of('cnn', read),
  ];
  const ahead = ([ours, theirs]: [number[], number[]]): number => mean(ours) - mean(theirs);
  const text = ([ours, theirs]: [number[], number[]]): string =>
    `${spread(ours)}, CNN ${spread(theirs)}`;
  const clean = both((standing) => standing.clean);
  const fgsm = both((standing) => standing.attacked.fgsm);
  const pgd = both((standing) => standing.attacked['pgd-10']);
  const strong = both((standing) => standing.attacked['pgd-40']);
  const worst = both((standing) => standing.worst);
  const several = clean[0].length > 1;
  const run = (network: string): Run => digits.find((one) => one.network === network)!;
  const ratio = run('hybrid').parameters / run('cnn').parameters;
  const standings = digits.flatMap(({ network, seed, after }) =>
    Object.entries(after).map(([count, standing]) => ({
      name: `${network} ${seed} after ${count}`,
      good: ordered(standing),
    })),
  );
  const disordered = standings.filter(({ good }) => !good).map(({ name }) => name);
  const seconds = (network: string): number =>
    mean(digits.filter((one) => one.network === network).map((one) => one.secondsPerEpoch));
  return [
    {
      id: '1',
      claim: 'Values of the circuit and gradients with respect to its amplitudes are right to 1e-6',
      met: Math.max(errors.values, errors.gradient, errors.differences, errors.network) < 1e-6,
      found: `off by ${errors.values.toExponential(1)} and ${errors.gradient.toExponential(1)}; differences ${errors.differences.toExponential(1)}, through the whole network ${errors.network.toExponential(1)}`,
    },
    {
      id: '2',
      claim: `At most 0.8 times the parameters, and after ${epochs} epochs an accuracy of at least the CNN's less 0.03`,
      met: several ? ratio <= 0.8 && ahead(clean) >= -0.03 : null,
      found: `${run('hybrid').parameters} against ${run('cnn').parameters}; ${text(clean)}`,
    },
    {
      id: '3a',
      claim: 'PGD of ten steps, ε = 0.1: the hybrid at least 0.10 above the CNN',
      met: several ? ahead(pgd) >= 0.1 : null,
      found: text(pgd),
    },
    {
      id: '3b',
      claim: 'FGSM, ε = 0.1: the hybrid not below the CNN',
      met: several ? ahead(fgsm) >= 0 : null,
      found: text(fgsm),
    },
    {
      id: '3c',
      claim:
        'The hybrid at least 0.10 above the CNN also under PGD of 40 steps from two random starts, and under the worst of all attacks, transferred ones included (not in the paper)',
      met: several ? ahead(strong) >= 0.1 && ahead(worst) >= 0.1 : null,
      found: `${text(strong)}; worst ${text(worst)}`,
    },
    {
      id: '4',
      claim: 'PGD leaves at most what FGSM leaves, and more steps no more, for each network',
      met: several ? disordered.length === 0 : null,
      found:
        disordered.length === 0
          ? `for all ${standings.length}`
          : `not for ${disordered.join(', ')} of ${standings.length}`,
    },
    {
      id: '5',
      claim:
        'Attacks from the CNN on the hybrid, and from the hybrid on the CNN; seconds of an epoch',
      met: null,
      found: `${text(both((standing) => standing.transfer['pgd-40'] ?? NaN))}; ${seconds('hybrid').toFixed(2)} s, CNN ${seconds('cnn').toFixed(2)} s`,
    },
    {
      id: 'P',
      claim: 'The hybrid is more accurate than the CNN (the paper)',
      met: several ? ahead(clean) > 0 : null,
      found: text(clean),
    },
  ];
}
