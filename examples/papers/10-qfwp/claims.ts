import { mean, median } from '../../common/experiment.ts';
import type { Claim } from '../../common/experiment.ts';
import { GOOD, QUANTUM } from './agents.ts';
import type { Lesson } from './agents.ts';
import type { Checks } from './checks.ts';
import { errorAfter, finalError } from './forecasts.ts';
import type { Forecast } from './forecasts.ts';
import { ALL, FIRST, QLSTM } from './models.ts';
import { BESSEL, NARMA5, SHM } from './series.ts';

/** Everything the claims are judged by. */
export interface Evidence {
  readonly checks: Checks;
  readonly forecasts: readonly Forecast[];
  /** Milliseconds of a training step by model. */
  readonly stepTimes: Readonly<Record<string, number>>;
  /** Test errors of predicting the mean, and of persistence, by series. */
  readonly simplest: Readonly<
    Record<string, { readonly mean: number; readonly persistence: number }>
  >;
  readonly lessons: readonly Lesson[];
  /** Mean return of random actions by room. */
  readonly random: Readonly<Record<string, number>>;
  /** Whether runs were as long as the claims ask for. */
  readonly full: boolean;
}

/** Forecasts of a model on a series, one per seed. */
export function of(forecasts: readonly Forecast[], task: string, model: string): Forecast[] {
  return forecasts.filter((run) => run.task === task && run.model === model);
}

/** Median test error over the seeds; NaN where there are none. */
export function middle(runs: readonly Forecast[]): number {
  return runs.length === 0 ? Number.NaN : median(runs.map(finalError));
}

/** How many epochs of the QLSTM take as long as all epochs of the fast weight programmer. */
export function equalEpochs({
  forecasts,
  stepTimes,
}: Pick<Evidence, 'forecasts' | 'stepTimes'>): number {
  const epochs = of(forecasts, SHM, ALL)[0]?.trainLoss.length ?? Number.NaN;
  return Math.floor((epochs * stepTimes[ALL]!) / stepTimes[QLSTM]!);
}

const show = (value: number): string =>
  Number.isNaN(value) ? 'not measured' : value.toPrecision(3);

/** The criteria of the card. */
export function judge(evidence: Evidence): Claim[] {
  const { checks, forecasts, simplest, stepTimes, full } = evidence;
  const verdict = (...met: readonly boolean[]): boolean | null =>
    full ? met.every(Boolean) : null;
  const errors = (task: string, model: string): number => middle(of(forecasts, task, model));

  const [shm, bessel] = [errors(SHM, ALL), errors(BESSEL, ALL)];
  const epochs = equalEpochs(evidence);
  const qlstmAfter = (task: string, count: number): number => {
    const runs = of(forecasts, task, QLSTM);
    return runs.length === 0 ? Number.NaN : median(runs.map((run) => errorAfter(run, count)));
  };
  const atEqualTime = (task: string): number => qlstmAfter(task, epochs);
  const ratio = stepTimes[QLSTM]! / stepTimes[ALL]!;
  const counts = [ALL, QLSTM].map(
    (model) => of(forecasts, SHM, model)[0]?.parameters ?? Number.NaN,
  );
  const first = of(forecasts, SHM, FIRST).map(finalError);
  const narma = errors(NARMA5, ALL);
  const narmaFirst = errors(NARMA5, FIRST);
  const limit = 0.6 * (simplest[NARMA5]?.mean ?? Number.NaN);
  const tasks = [...new Set(forecasts.map(({ task }) => task))];
  const ahead = tasks.filter((task) => errors(task, ALL) <= errors(task, QLSTM));

  return [
    {
      id: '1',
      claim:
        '111 parameters; the fixed circuit where the slow programmer adds nothing; gradients agree with differences to 1e-5',
      met: checks.parameters === 111 && checks.fixedCircuit < 1e-12 && checks.gradient < 1e-5,
      found: `${checks.parameters}; off by ${checks.fixedCircuit.toExponential(1)} and ${checks.gradient.toExponential(1)}`,
    },
    {
      id: '2',
      claim:
        'All-qubit encoding beats persistence: median test error at most 0.0032 on SHM and 0.0036 on Bessel after 100 epochs',
      met: verdict(shm <= 0.0032, bessel <= 0.0036),
      found: `${show(shm)} and ${show(bessel)}`,
    },
    {
      id: '3a',
      claim:
        'At equal time the median error of QFWP (all qubits, 100 epochs) is at most that of the QLSTM on SHM and Bessel',
      met: verdict(shm <= atEqualTime(SHM), bessel <= atEqualTime(BESSEL)),
      found: `SHM ${show(shm)} against ${show(atEqualTime(SHM))}, Bessel ${show(bessel)} against ${show(atEqualTime(BESSEL))} after ${epochs} epochs of the QLSTM; after the 30 of the check ${show(qlstmAfter(SHM, 30))} and ${show(qlstmAfter(BESSEL, 30))}`,
    },
    {
      id: '3b',
      claim: 'with fewer parameters and at least 4 times less time per epoch',
      met: verdict(counts[0]! < counts[1]!, ratio >= 4),
      found: `${counts[0]} against ${counts[1]} parameters, ${show(ratio)} times less time`,
    },
    {
      id: '4',
      claim: 'Encoding on the first qubit: best seed below 0.001 on SHM',
      met: verdict(Math.min(...first) < 0.001),
      found: `best ${show(Math.min(...first))}, worst ${show(Math.max(...first))}`,
    },
    {
      id: '5',
      claim: 'NARMA5 (all qubits): median test error below 0.6 of that of predicting the mean',
      met: verdict(narma < limit),
      found: `all qubits ${show(narma)}, first qubit ${show(narmaFirst)}; limit ${show(limit)}`,
    },
    ...rooms(evidence),
    {
      id: '7',
      claim:
        "The paper's: as good as the QLSTM or better on all series after the same epochs, with fewer parameters (median test error, all qubits)",
      met: verdict(tasks.length > 0 && ahead.length === tasks.length),
      found: `on ${ahead.length} of ${tasks.length}: ${tasks.map((task) => `${task} ${show(errors(task, ALL))} against ${show(errors(task, QLSTM))}`).join(', ')}`,
    },
  ];
}

/** Lessons of an agent in a room, one per seed. */
export function lessonsOf(lessons: readonly Lesson[], room: number, agent: string): Lesson[] {
  return lessons.filter((lesson) => lesson.room === room && lesson.agent === agent);
}

function rooms({ lessons, random, full }: Evidence): Claim[] {
  const sizes = [5, 6, 8].filter(
    (room) => room === 5 || lessonsOf(lessons, room, QUANTUM).length > 0,
  );
  return sizes.map((room): Claim => {
    const runs = lessonsOf(lessons, room, QUANTUM);
    const chance = random[`${room}`] ?? Number.NaN;
    const last = runs.map((run) => run.last);
    const seconds = Math.max(...runs.map((run) => run.seconds));
    const first = room === 5;
    return {
      id: first ? '6' : `6, ${room} × ${room}`,
      claim: first
        ? 'Reinforcement learning in the 5 × 5 room: mean return of the last 100 episodes at least 0.7 and twice that of random actions, within 5 minutes, for every seed'
        : `The same in the ${room} × ${room} room`,
      met:
        full && runs.length > 0
          ? last.every((value) => value >= GOOD && value >= 2 * chance) && seconds <= 300
          : null,
      found:
        runs.length === 0
          ? 'not measured'
          : `${mean(last).toFixed(3)}, lowest seed ${Math.min(...last).toFixed(3)}; random ${chance.toFixed(3)}; at most ${seconds.toFixed(0)} s`,
    };
  });
}
