import { mean } from '../../common/experiment.ts';
import type { Claim } from '../../common/experiment.ts';
import type { Checks } from './checks.ts';

/** One training run. */
export interface Run {
  readonly model: string;
  readonly length: number;
  readonly seed: number;
  readonly parameters: number;
  /** Accuracy on the test sequences. */
  readonly accuracy: number;
  /** The same with the letters of every test sequence shuffled; quantum networks only. */
  readonly shuffled?: number;
  /** The same with depolarising noise behind every merge; quantum networks only. */
  readonly noisy?: number;
  readonly seconds: number;
}

const LENGTH = 32;
const COMPOSITION = 'logistic, composition';

/** The criteria of the card. With one seed, what needs several is not judged. */
export function judge(runs: readonly Run[], checks: Checks): Claim[] {
  const of = (
    model: string,
    pick: (run: Run) => number | undefined = (run) => run.accuracy,
  ): number => {
    const found = runs.filter((run) => run.model === model && run.length === LENGTH).map(pick);
    return mean(found.filter((value) => value !== undefined));
  };
  const several = new Set(runs.map(({ seed }) => seed)).size > 1;
  const composition = of(COMPOSITION);
  const names = ['uPTN', 'uCTN', 'hCTN'];
  const single = runs.filter((run) => names.includes(run.model) && run.length === LENGTH);
  const best = single.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
  const bestMean = [...names, 'hPTN'].reduce((a, b) => (of(b) > of(a) ? b : a));
  const drop = of(bestMean) - of(bestMean, (run) => run.shuffled);
  const ranking = ['uPTN', 'hPTN', 'uCTN', 'hCTN'].toSorted((a, b) => of(b) - of(a));
  const met = (value: boolean): boolean | null => (several ? value : null);
  return [
    {
      id: '1',
      claim:
        'A path of 6 words is the circuit with a fresh qubit per word (1e-10), and traces stay 1',
      met: checks.path < 1e-10 && checks.trace < 1e-10,
      found: `off by ${checks.path.toExponential(1)} and ${checks.trace.toExponential(1)}`,
    },
    {
      id: '2',
      claim: 'Path and tree agree for two words',
      met: checks.two < 1e-12,
      found: `off by ${checks.two.toExponential(1)}`,
    },
    {
      id: '3',
      claim:
        'Best of uPTN, uCTN, hCTN over the seeds at length 32: composition + 0.03, with at most 800 parameters',
      met: met(best.accuracy >= composition + 0.03 && best.parameters <= 800),
      found: `${best.model}, seed ${best.seed}: ${best.accuracy.toFixed(3)} with ${best.parameters} parameters; composition ${composition.toFixed(3)}`,
    },
    {
      id: '4',
      claim: 'Mean over the seeds of hCTN or uPTN at length 32 at least that of composition - 0.02',
      met: met(Math.max(of('hCTN'), of('uPTN')) >= composition - 0.02),
      found: `hCTN ${of('hCTN').toFixed(3)}, uPTN ${of('uPTN').toFixed(3)}, composition ${composition.toFixed(3)}`,
    },
    {
      id: '5',
      claim:
        'Shuffling the letters of test sequences costs the best network 0.05 (not checked by the card)',
      met: met(drop >= 0.05),
      found: `${bestMean}: ${of(bestMean).toFixed(3)} to ${(of(bestMean) - drop).toFixed(3)}`,
    },
    {
      id: '6',
      claim: 'Depolarising noise of 1 % behind every merge (reported, no condition)',
      met: null,
      found: ['uPTN', 'hPTN', 'uCTN', 'hCTN']
        .map(
          (name) => `${name} ${of(name).toFixed(3)} to ${of(name, (run) => run.noisy).toFixed(3)}`,
        )
        .join(', '),
    },
    {
      id: '7',
      claim: 'The ranking of the paper: hPTN best (no condition)',
      met: met(ranking[0] === 'hPTN'),
      found: ranking.map((name) => `${name} ${of(name).toFixed(3)}`).join(', '),
    },
  ];
}
