import { mean, spread } from '../../common/experiment.ts';
import type { Claim } from '../../common/experiment.ts';
import type { Checks } from './checks.ts';
import { CNN, CNN_WIDE, GCN, LARGE, MLP, QCNN, SMALL } from './models.ts';

/** A network trained for one pair of particles with one seed. */
export interface Run {
  readonly task: string;
  readonly model: string;
  readonly rate: number;
  readonly seed: number;
  readonly parameters: number;
  /** Mean loss of each epoch. */
  readonly trainLoss: readonly number[];
  /** Share of the training events at the end. */
  readonly trainAccuracy: number;
  /** Share of the test events, after the last epoch. */
  readonly testAccuracy: number;
  readonly seconds: number;
}

/** Test accuracies of a network, one per seed. At the better of its rates where none is given. */
export function accuracies(
  runs: readonly Run[],
  task: string,
  model: string,
  rate?: number,
): readonly number[] {
  const own = runs.filter((run) => run.task === task && run.model === model);
  const rates = [...new Set(own.map((run) => run.rate))].filter(
    (r) => rate === undefined || r === rate,
  );
  const byRate = rates.map((r) =>
    own.filter((run) => run.rate === r).map((run) => run.testAccuracy),
  );
  return byRate.reduce<number[]>(
    (best, next) => (best.length > 0 && mean(best) >= mean(next) ? best : next),
    [],
  );
}

/** The criteria of the reproduction. Those about accuracy are null where the run was too short to say. */
export function judge(runs: readonly Run[], checks: Checks, quick: boolean): Claim[] {
  const judged = (margins: readonly number[]): boolean | null => (quick ? null : verdict(margins));
  const at = (task: string, model: string): number => {
    const found = accuracies(runs, task, model);
    return found.length === 0 ? Number.NaN : mean(found);
  };
  const parameters = (model: string): number =>
    runs.find((run) => run.model === model)?.parameters ?? Number.NaN;
  const easy = ['μ-e', 'μ-p'];
  const behind = (rivals: readonly string[]): number[] =>
    easy.flatMap((task) => rivals.map((rival) => at(task, SMALL) - at(task, rival) + 0.01));
  const text = (task: string, models: readonly string[]): string =>
    `${task} ${models.map((model) => `${model} ${show(accuracies(runs, task, model))}`).join(', ')}`;
  const counts = (models: readonly string[]): string =>
    models.map((model) => `${model} ${parameters(model)}`).join(', ');

  const half = parameters(QCNN) / 2;
  const classical = [MLP, CNN, CNN_WIDE];
  const fewer = classical.every((model) => parameters(SMALL) < parameters(model));
  const pion = at('μ-π', SMALL) - at('μ-π', QCNN) + 0.01;
  return [
    {
      id: '1',
      claim:
        'QGCN with at most half the parameters of the QCNN is at most 0.01 below it on μ-e and μ-p (mean of the seeds)',
      met: judged([half - parameters(SMALL), ...behind([QCNN])]),
      found: `parameters ${counts([SMALL, QCNN])}; ${easy.map((task) => text(task, [SMALL, QCNN])).join('; ')}`,
    },
    {
      id: '2',
      claim:
        'QGCN has fewer parameters than MLP and CNNs and is at most 0.01 below each of them on μ-e and μ-p',
      met: judged([fewer ? 0 : -1, ...behind(classical)]),
      found: `parameters ${counts([SMALL, ...classical])}; ${easy.map((task) => text(task, [SMALL, ...classical])).join('; ')}`,
    },
    {
      id: '3',
      claim: 'Another order of the nodes leaves the output unchanged to 1e-10',
      met: checks.permutation < 1e-10,
      found: `off by ${checks.permutation.toExponential(1)}`,
    },
    {
      id: '4',
      claim: 'Empty places leave the output unchanged to 1e-10',
      met: checks.masking < 1e-10,
      found: `off by ${checks.masking.toExponential(1)}`,
    },
    {
      id: '5',
      claim: 'On μ-π the QGCN is at most 0.01 below the QCNN (reported, not a condition)',
      met: judged([pion]),
      found: text('μ-π', [SMALL, LARGE, GCN, QCNN, ...classical]),
    },
    {
      id: '6',
      claim: 'Gradients through both convolutions agree with differences to 1e-5',
      met: checks.gradient < 1e-5,
      found: `off by ${checks.gradient.toExponential(1)}`,
    },
  ];
}

/** True where all margins are at least 0 but for rounding, null where one was not measured. */
function verdict(margins: readonly number[]): boolean | null {
  return margins.some(Number.isNaN) ? null : margins.every((margin) => margin >= -1e-9);
}

function show(values: readonly number[]): string {
  return values.length === 0 ? 'not measured' : spread(values);
}
