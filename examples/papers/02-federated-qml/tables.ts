import { lineChart } from '@ketwork/plot';
import { mean, spread } from '../../common/experiment.ts';
import { centrals, finals, sameSamples } from './claims.ts';
import type { Findings } from './claims.ts';
import { DELTA } from './runs.ts';
import type { ModelName } from './runs.ts';

export const NAMES: readonly ModelName[] = ['hybrid', 'classical'];

/** Sizes of a run. */
export interface Settings {
  readonly train: number;
  readonly test: number;
  readonly rounds: number;
  /** Participants of the main comparison, and how many are asked. */
  readonly clients: number;
  readonly perRound: number;
  readonly localEpochs: readonly number[];
  /** Numbers of participants of the curve. */
  readonly curve: readonly number[];
  /** Epochs of central training to convergence. */
  readonly converged: number;
  readonly private: {
    readonly clients: number;
    readonly perRound: number;
    readonly localEpochs: number;
    readonly noises: readonly number[];
  };
}

/** A table with its caption. */
export interface Summary {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What came of the federations, as tables. */
export function tablesOf(found: Findings, settings: Settings): Summary[] {
  const { rounds, clients, perRound, localEpochs, curve, converged } = settings;
  const longest = centrals(found.central, 'hybrid', converged);
  return [
    {
      caption: `Test accuracy, mean of the last 5 of ${rounds} rounds: ${clients} participants, ${perRound} in a round; central training likewise`,
      columns: [
        'local epochs',
        'even',
        'uneven',
        'central, as many samples',
        `central, ${converged} epochs`,
      ],
      rows: localEpochs.map((local) => [
        `${local}`,
        spread(finals(found.federated, { localEpochs: local })),
        spread(finals(found.uneven, { localEpochs: local })),
        spread(centrals(found.central, 'hybrid', sameSamples(rounds, perRound, clients, local))),
        spread(longest),
      ]),
    },
    {
      caption: `By number of participants, one local epoch, ${perRound} in a round where there are as many`,
      columns: ['participants', 'in a round', ...NAMES],
      rows: [
        ...curve.map((count) => [
          `${count}`,
          `${Math.min(perRound, count)}`,
          ...NAMES.map((model) => spread(finals(found.curve, { model, clients: count }))),
        ]),
        [
          'central',
          '–',
          ...NAMES.map((model) => spread(centrals(found.central, model, converged))),
        ],
      ],
    },
    {
      caption: `With central privacy of participants: ${settings.private.clients} participants, ${settings.private.perRound} in a round on average, ${settings.private.localEpochs} local epochs, δ = ${DELTA}`,
      columns: ['noise', 'ε', ...NAMES],
      rows: settings.private.noises.map((noise) => [
        `${noise}`,
        found.private.find((run) => run.noise === noise)!.epsilon!.toFixed(2),
        ...NAMES.map((model) => spread(finals(found.private, { model, noise }))),
      ]),
    },
  ];
}

/** Accuracy by round, mean over the seeds. */
export function chart({ federated }: Findings): { readonly svg: string } {
  const locals = [...new Set(federated.map(({ localEpochs }) => localEpochs))];
  const series = locals.map((local) => {
    const own = federated.filter(({ localEpochs }) => localEpochs === local);
    return {
      name: `E = ${local}`,
      values: own[0]!.accuracy.map((_, i) => mean(own.map(({ accuracy }) => accuracy[i]!))),
    };
  });
  return {
    svg: lineChart(series, {
      title: 'Accuracy on the test data of the server',
      xLabel: 'round',
      yLabel: 'accuracy',
      yStyle: 'percent',
    }),
  };
}
