import { mean, spread } from '../../common/experiment.ts';
import type { Claim } from '../../common/experiment.ts';
import type { Identities } from './checks.ts';
import { roundsToNine } from './runs.ts';
import type { CentralRun, FederationRun, ModelName } from './runs.ts';

/** Everything measured. */
export interface Findings {
  readonly identities: Identities;
  /** Whether a second run with the same seed ended with the same bits. */
  readonly repeated: boolean;
  /** Trained numbers of the hybrid, and the angles among them. */
  readonly parameters: { readonly all: number; readonly angles: number };
  /** Training examples. */
  readonly train: number;
  /** The main comparison, by local epochs. */
  readonly federated: readonly FederationRun[];
  /** By number of participants, both models. */
  readonly curve: readonly FederationRun[];
  readonly uneven: readonly FederationRun[];
  readonly private: readonly FederationRun[];
  readonly central: readonly CentralRun[];
}

/** Final accuracies of federations, one per seed. */
export function finals(
  runs: readonly FederationRun[],
  wanted: Partial<FederationRun>,
): readonly number[] {
  const fits = (run: FederationRun): boolean =>
    Object.entries(wanted).every(([name, value]) => run[name as keyof FederationRun] === value);
  return runs.filter(fits).map(({ final }) => final);
}

/** Final accuracies of the central baseline, one per seed. */
export function centrals(
  runs: readonly CentralRun[],
  model: ModelName,
  epochs: number,
): readonly number[] {
  return runs
    .filter((run) => run.model === model && run.epochs === epochs)
    .map(({ final }) => final);
}

/** Epochs of central training that process at least as many examples as a federation does. */
export function sameSamples(
  rounds: number,
  perRound: number,
  clients: number,
  local: number,
): number {
  return Math.ceil((rounds * perRound * local) / clients);
}

/** The criteria of the card. With one seed, what needs several is not judged. */
export function judge(found: Findings): Claim[] {
  const { identities, repeated, parameters, train, federated, central } = found;
  const locals = [...new Set(federated.map(({ localEpochs }) => localEpochs))];
  const several = federated.length > locals.length;
  const [first] = federated as [FederationRun];
  const { rounds, perRound, clients } = first;
  const of = (localEpochs: number): readonly number[] => finals(federated, { localEpochs });
  const same = (local: number): readonly number[] =>
    centrals(central, 'hybrid', sameSamples(rounds, perRound, clients, local));
  const longest = Math.max(...central.map(({ epochs }) => epochs));
  const converged = centrals(central, 'hybrid', longest);
  const speed = (local: number): number[] =>
    federated.filter((run) => run.localEpochs === local).map(roundsToNine);
  const speeds = locals.map((local) => mean(speed(local)));
  const touched = Math.max(...federated.map(({ examples }) => examples));
  const list = (text: (local: number) => string): string =>
    locals.map((local) => `E = ${local}: ${text(local)}`).join(', ');
  const bytes = perRound * 2 * parameters.all * 8;
  return [
    {
      id: '1',
      claim:
        'One round of all participants, a full-batch step each, is a step on all examples, to 1e-9',
      met: identities.step < 1e-9,
      found: `off by ${identities.step.toExponential(1)}`,
    },
    {
      id: '2',
      claim: 'Rounds of a single participant are central training with the same seed',
      met: identities.alone === 0,
      found:
        identities.alone === 0 ? 'the same bits' : `off by ${identities.alone.toExponential(1)}`,
    },
    {
      id: '3a',
      claim:
        'Final accuracy at least that of central training with as many samples less 0.02, for every E; that one at least 0.90',
      met: several
        ? locals.every(
            (local) => mean(of(local)) >= mean(same(local)) - 0.02 && mean(same(local)) >= 0.9,
          )
        : null,
      found: list((local) => `${spread(of(local))}, central ${spread(same(local))}`),
    },
    {
      id: '3b',
      claim: 'The same against central training to convergence',
      met: several
        ? locals.every((local) => mean(of(local)) >= mean(converged) - 0.02) &&
          mean(converged) >= 0.9
        : null,
      found: `central after ${longest} epochs ${spread(converged)}`,
    },
    {
      id: '4a',
      claim: 'A round touches at most the share K/N of the examples',
      met: touched <= (perRound / clients) * train,
      found: `${touched} of ${train}`,
    },
    {
      id: '4b',
      claim: 'Rounds to 0.9 of the final accuracy do not grow with E',
      met: several ? speeds.every((value, i) => i === 0 || value <= speeds[i - 1]!) : null,
      found: list((local) => spread(speed(local), 1)),
    },
    {
      id: '5',
      claim: 'The circuit has 24 angles; two runs with one seed have the same bits',
      met: parameters.angles === 24 && repeated,
      found: `${parameters.angles} of ${parameters.all} numbers; ${repeated ? 'the same bits' : 'other bits'}`,
    },
    {
      id: '5b',
      claim: 'A round sends K · 2 · 8 bytes for each trained number',
      met: federated.every((run) => run.bytes === bytes),
      found: `${Math.max(...federated.map((run) => run.bytes))} bytes`,
    },
    {
      id: '6',
      claim: 'Accuracy with uneven labels, Dirichlet 0.3',
      met: null,
      found: list((localEpochs) => spread(finals(found.uneven, { localEpochs }))),
    },
  ];
}
