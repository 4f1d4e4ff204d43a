import { mean } from '../../common/experiment.ts';
import type { Claim } from '../../common/experiment.ts';
import type { BooleanRun } from './boolean.ts';
import type { DigitRun } from './digits.ts';
import type { EnergyRun } from './states.ts';

/** Training on superpositions. */
export interface SuperpositionRun {
  readonly bits: number;
  readonly seed: number;
  /** Whether the strings of a superposition have random phases. */
  readonly phases: boolean;
  readonly error: number;
}

/** Best accuracy on the test images that a rule on the strings can have. */
export interface Ceiling {
  readonly pair: string;
  readonly seed: number;
  readonly side: number;
  readonly strings: number;
  readonly unambiguous: number;
  readonly train: number;
  readonly ceiling: number;
}

/** Everything measured. */
export interface Findings {
  readonly closedForm: number;
  readonly boolean: readonly BooleanRun[];
  readonly ceilings: readonly Ceiling[];
  readonly digits: readonly DigitRun[];
  readonly superposition: readonly SuperpositionRun[];
  readonly energies: readonly EnergyRun[];
}

/** Names of digit models. */
export const QUANTUM = 'readout qubit';
export const DENSE = 'dense 2';

/** The criteria of the card. With one seed, what needs several is not judged. */
export function judge(found: Findings): Claim[] {
  const several = new Set(found.boolean.map(({ seed }) => seed)).size > 1;
  const clean = found.boolean.filter(({ offset, noise }) => offset && noise === 0);
  const groups = Object.values(
    Object.groupBy(clean, ({ rule, bits }) => `${rule}, ${bits} bits`) as Record<
      string,
      BooleanRun[]
    >,
  );
  const learned = groups.map((runs) => ({
    name: `${runs[0]!.rule}, ${runs[0]!.bits} bits`,
    majority: runs[0]!.rule === 'subset majority',
    exact: runs.filter(({ error }) => error === 0).length,
    of: runs.length,
  }));
  const shareOf = (of: number): number => Math.ceil(0.8 * of);
  const bare = found.boolean.filter(({ offset }) => !offset);
  const noisy = found.boolean.filter(({ noise }) => noise > 0);
  const pairs = [...new Set(found.digits.map(({ pair }) => pair))];
  const digits = pairs.map((pair) => {
    const accuracy = (model: string): number =>
      mean(
        found.digits
          .filter((run) => run.pair === pair && run.model === model)
          .map((run) => run.accuracy),
      );
    const ceiling = mean(
      found.ceilings.filter((one) => one.pair === pair && one.side === 3).map((one) => one.ceiling),
    );
    return { pair, quantum: accuracy(QUANTUM), dense: accuracy(DENSE), ceiling };
  });
  const superposition = found.superposition.map(({ error }) => error);
  const energyErrors = found.energies.map(({ error }) => error);
  const guess = mean(found.energies.map(({ constantError }) => constantError));
  return [
    {
      id: '1',
      claim:
        'Parity, subset parity and subset majority of 6, 8 and 10 bits are learned without error on any string, by at least 4 of 5 seeds',
      met: several ? learned.every(({ exact, of }) => exact >= shareOf(of)) : null,
      found: `seeds without error: ${learned.map(({ name, exact, of }) => `${name} ${exact} of ${of}`).join('; ')}`,
    },
    {
      id: '2',
      claim: 'The simulated output is that of the closed form, to 1e-10',
      met: found.closedForm < 1e-10,
      found: `off by ${found.closedForm.toExponential(1)} at most`,
    },
    {
      id: '3',
      claim: 'Parity of an even number of bits stays at error 0.5 without the offset',
      met: bare.length === 0 ? null : bare.every(({ error }) => error === 0.5),
      found: `errors ${[...new Set(bare.map(({ error }) => error.toFixed(3)))].join(', ')} in ${bare.length} runs`,
    },
    {
      id: '4',
      claim: 'Digits of 3 × 3 bits: at least 0.95 of the accuracy of the best rule on the strings',
      met: digits.every(({ quantum, ceiling }) => quantum >= 0.95 * ceiling),
      found: digits
        .map(
          ({ pair, quantum, dense, ceiling }) =>
            `${pair}: ${quantum.toFixed(3)} of ${ceiling.toFixed(3)} (dense network ${dense.toFixed(3)})`,
        )
        .join('; '),
    },
    {
      id: '5',
      claim:
        'Trained on two superpositions, it labels single strings with an error of at most 0.05',
      met: several ? mean(superposition) <= 0.05 : null,
      found: `mean error ${mean(superposition).toFixed(3)}, worst ${Math.max(...superposition).toFixed(3)} of ${superposition.length} runs, with and without random phases`,
    },
    {
      id: '6',
      claim:
        'Sign of the energy of quantum states: test error at most 0.20, and 0.25 below guessing',
      met: several ? mean(energyErrors) <= 0.2 && mean(energyErrors) <= guess - 0.25 : null,
      found: `error ${mean(energyErrors).toFixed(3)} (${energyErrors.map((x) => x.toFixed(3)).join(', ')}), guessing ${guess.toFixed(3)}`,
    },
    {
      id: '7',
      claim:
        'A tenth of the labels turned round: training finds the noiseless rule (the paper reports it, no condition)',
      met: several ? noisy.every(({ error }) => error === 0) : null,
      found: `errors on true labels: ${noisy.map(({ rule, error }) => `${rule} ${error.toFixed(3)}`).join(', ')}`,
    },
  ];
}
