import { mean } from '../../common/experiment.ts';
import type { Claim } from '../../common/experiment.ts';
import type { Checks } from './checks.ts';

/** One training run. */
export interface Run {
  readonly task: 'lesion' | 'blood-cell';
  readonly head: string;
  readonly seed: number;
  readonly headParameters: number;
  readonly parameters: number;
  readonly accuracy: number;
  readonly seconds: number;
}

/** The criteria of the card. With one seed, accuracies are not judged. */
export function judge(runs: readonly Run[], checks: Checks): Claim[] {
  const several = new Set(runs.map(({ seed }) => seed)).size > 1;
  const of = (task: string, head: string): number =>
    mean(runs.filter((run) => run.task === task && run.head === head).map((run) => run.accuracy));
  const size = (task: string, head: string): number =>
    runs.find((run) => run.task === task && run.head === head)!.headParameters;
  const floors = { lesion: 0.9, 'blood-cell': 0.8 };
  const tasks = Object.entries(floors);
  const accuracies = tasks.map(
    ([task]) =>
      `${task}: quantum ${of(task, 'quantum').toFixed(3)} (${size(task, 'quantum')} parameters), dense ${of(task, 'dense').toFixed(3)} (${size(task, 'dense')})`,
  );
  const [low, , at4096, high] = checks.shots.map(({ error }) => error) as [
    number,
    number,
    number,
    number,
  ];
  return [
    {
      id: '1',
      claim: `Cut and whole circuit agree to 1e-10 for ${checks.sets} sets of parameters, read behind the cut, before it and on both sides`,
      met: checks.value < 1e-10,
      found: `off by ${checks.value.toExponential(1)} at most`,
    },
    {
      id: '2',
      claim: 'No fragment has more than 5 qubits',
      met: Math.max(...checks.fragments) <= 5,
      found: `${checks.fragments.join(' and ')} qubits, ${checks.runs} runs of fragments per example`,
    },
    {
      id: '3',
      claim: 'Gradients through the cut agree with those of the whole circuit to 1e-8',
      met: checks.gradient < 1e-8,
      found: `off by ${checks.gradient.toExponential(1)} at most`,
    },
    {
      id: '4',
      claim:
        'With 4,096 shots per run the median error is at most 0.05, and errors fall as the square root of the shots',
      met: at4096 <= 0.05 && Math.abs(Math.log(low / high) / Math.log(64) - 0.5) < 0.1,
      found: `${checks.shots.map(({ perRun, error }) => `${perRun}: ${error.toFixed(4)}`).join(', ')}; exponent ${(Math.log(low / high) / Math.log(64)).toFixed(2)}`,
    },
    {
      id: '5',
      claim:
        'Accuracy with the quantum head: 0.90 for two classes, 0.80 for four, at most 0.02 below the dense head, with fewer parameters (not checked by the card)',
      met: several
        ? tasks.every(
            ([task, floor]) =>
              of(task, 'quantum') >= floor &&
              of(task, 'quantum') >= of(task, 'dense') - 0.02 &&
              size(task, 'quantum') < size(task, 'dense'),
          )
        : null,
      found: accuracies.join('; '),
    },
    {
      id: '6',
      claim:
        'An epoch with the circuit cut ends with the same parameters as with the whole one (1e-7)',
      met: checks.epoch < 1e-7,
      found: `off by ${checks.epoch.toExponential(1)} at most`,
    },
  ];
}
