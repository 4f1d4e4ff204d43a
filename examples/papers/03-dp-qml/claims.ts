import { mean } from '../../common/experiment.ts';
import type { Claim } from '../../common/experiment.ts';
import { POINTS } from './data.ts';
import { QUANTUM } from './models.ts';
import type { Run } from './runs.ts';

/** Mean of a figure over the runs of a task, a model and a noise. */
export function meanOf(
  runs: readonly Run[],
  task: string,
  model: string,
  noise: number,
  figure: 'accuracy' | 'advantage',
): number {
  const own = runs.filter((run) => run.task === task && run.model === model && run.noise === noise);
  return mean(own.map((run) => run[figure]));
}

/** The criteria of the card. The quick form is too short to judge accuracies. */
export function judge(runs: readonly Run[], anchors: readonly number[], quick: boolean): Claim[] {
  const accuracy = (task: string, noise: number): number =>
    meanOf(runs, task, QUANTUM, noise, 'accuracy');
  const advantage = (task: string, noise: number): number =>
    meanOf(runs, task, QUANTUM, noise, 'advantage');
  const epsilonOf = (noise: number): number =>
    Math.max(...runs.filter((run) => run.noise === noise).map((run) => run.epsilon ?? 0));
  const losses = POINTS.map((task) => accuracy(task, 0) - accuracy(task, 1));
  const tasks = [...POINTS, '0 and 1'];
  const digits = accuracy('0 and 1', 1);
  const resists = tasks.map(
    (task) =>
      advantage(task, 1) <= advantage(task, 0) ||
      (Math.abs(advantage(task, 0)) < 0.05 && Math.abs(advantage(task, 1)) < 0.05),
  );
  const list = (value: (task: string) => string, names: readonly string[]): string =>
    names.map((task) => `${task} ${value(task)}`).join(', ');
  return [
    {
      id: '1',
      claim: 'The Rényi accountant with integer orders gives the values of the card to 1 %',
      met: anchors.every((ratio) => Math.abs(ratio - 1) < 0.01),
      found: `off by ${(100 * Math.max(...anchors.map((ratio) => Math.abs(ratio - 1)))).toFixed(2)} % at most`,
    },
    {
      id: '4a',
      claim: 'ε < 10: on each set of points the circuit loses at most 0.05 of its accuracy',
      met: quick ? null : losses.every((loss) => loss <= 0.05) && epsilonOf(1) < 10,
      found: `ε ${epsilonOf(1).toFixed(2)}: ${list((task) => `${accuracy(task, 0).toFixed(3)} → ${accuracy(task, 1).toFixed(3)}`, POINTS)}`,
    },
    {
      id: '4b',
      claim: 'ε < 3: at least 0.80 on each set of points',
      met: quick ? null : POINTS.every((task) => accuracy(task, 2) >= 0.8) && epsilonOf(2) < 3,
      found: `ε ${epsilonOf(2).toFixed(2)}: ${list((task) => accuracy(task, 2).toFixed(3), POINTS)}`,
    },
    {
      id: '5',
      claim: 'ε < 10: digits 0 and 1 with at least 0.90',
      met: quick ? null : digits >= 0.9 && epsilonOf(1) < 10,
      found: `${digits.toFixed(3)}, without noise ${accuracy('0 and 1', 0).toFixed(3)}`,
    },
    {
      id: '6',
      claim:
        'The loss-threshold attack has less advantage over the private circuit than over the ordinary one, or below 0.05 over both',
      met: quick ? null : resists.every(Boolean),
      found: list(
        (task) => `${advantage(task, 0).toFixed(3)} → ${advantage(task, 1).toFixed(3)}`,
        tasks,
      ),
    },
  ];
}
