import { median } from '../../common/experiment.ts';
import type { Claim } from '../../common/experiment.ts';
import type { Checks } from './checks.ts';
import type { Run } from './models.ts';

/** Baselines of a task that need no model. */
export interface Baselines {
  readonly mean: number;
  readonly persistence: number | null;
}

/** Runs of a model on a task. */
export function runsOf(
  runs: readonly Run[],
  task: string,
  model: string,
  scale?: number,
): readonly Run[] {
  return runs.filter(
    (run) => run.task === task && run.model === model && (run.scale ?? scale) === scale,
  );
}

/** Test error, median over the seeds; NaN where there is no such run. */
export function testError(
  runs: readonly Run[],
  task: string,
  model: string,
  scale?: number,
): number {
  const own = runsOf(runs, task, model, scale).map((run) => run.testError);
  return own.length === 0 ? Number.NaN : median(own);
}

/** Median of the epochs, or of the final loss, of training by gradients; NaN where none was trained. */
export function settling(
  runs: readonly Run[],
  task: string,
  model: string,
  scale?: number,
  what: 'epochs' | 'loss' = 'epochs',
): number {
  const own = runsOf(runs, task, model, scale).flatMap(({ settled }) =>
    settled === undefined ? [] : [settled[what]],
  );
  return own.length === 0 ? Number.NaN : median(own);
}

const S = 0.3;
const RESERVOIRS: readonly string[] = ['QRNN-RC', 'QGRU-RC', 'QLSTM-RC'];

/** The criteria of the card, and what the paper says beyond them. `full` where enough epochs were trained. */
export function judge(
  runs: readonly Run[],
  baselines: Readonly<Record<string, Baselines>>,
  checks: Checks,
  full: boolean,
): Claim[] {
  const claims: Claim[] = [];
  const tasks = Object.keys(baselines);
  const add = (id: string, claim: string, met: boolean | null, found: string): void => {
    claims.push({ id, claim, met, found });
  };

  add(
    '1',
    'Frozen angles do not change in training, the same seed gives the same features, all features lie in [-1, 1]',
    checks.frozen && checks.repeatable && checks.largestFeature <= 1 + 1e-12,
    `${checks.frozen ? 'unchanged' : 'changed'}, ${checks.repeatable ? 'same bits' : 'other bits'}, largest ${checks.largestFeature.toFixed(6)}`,
  );

  const persistence = ['SHM', 'Bessel'].map((task) => ({
    task,
    error: testError(runs, task, 'QRNN-RC', S),
    limit: 0.25 * (baselines[task]?.persistence ?? Number.NaN),
  }));
  add(
    '2',
    'QRNN reservoir (s = 0.3): at most 0.25 × persistence on SHM and Bessel',
    verdict(persistence),
    shown(persistence),
  );

  const means = ['QGRU-RC', 'QLSTM-RC'].flatMap((model) =>
    ['SHM', 'NARMA5 (u→y)'].map((task) => ({
      task: `${model} ${task}`,
      error: testError(runs, task, model, S),
      limit: 0.4 * (baselines[task]?.mean ?? Number.NaN),
    })),
  );
  add(
    '3',
    'QGRU and QLSTM reservoirs (s = 0.3): at most 0.4 × mean predictor on SHM and NARMA5',
    verdict(means),
    shown(means),
  );

  const twins = ['SHM', 'Bessel', 'NARMA5 (u→y)', 'NARMA10 (series)'].map((task) => ({
    task,
    error: testError(runs, task, 'QRNN-RC', S),
    limit: 3 * testError(runs, task, 'QRNN trained'),
  }));
  const savings = ratio(
    runs,
    'QRNN-RC',
    'QRNN trained',
    ({ circuits }) => circuits.forward + circuits.backward,
  );
  const comparable = verdict(twins);
  add(
    '4',
    'QRNN reservoir (s = 0.3): at most 3 × the error of the QRNN trained for 30 epochs, by at least 20 times fewer circuit evaluations',
    full && comparable !== null ? comparable && savings >= 20 : null,
    `${shown(twins)}; ${savings.toFixed(0)} times fewer circuits`,
  );

  const faster = RESERVOIRS.flatMap((model) =>
    tasks.map((task) => ({
      quantum: settling(runs, task, model, S),
      classical: settling(runs, task, 'RNN-5 reservoir'),
      behind:
        settling(runs, task, model, S, 'loss') >
        settling(runs, task, 'RNN-5 reservoir', undefined, 'loss'),
    })),
  );
  const early = faster.filter(({ quantum, classical }) => quantum < classical);
  const wins = early.length;
  add(
    '5',
    'Quantum reservoirs need fewer epochs than a classical RNN reservoir in most cases (read-out by gradients, epochs to 1.1 × final loss; reported, no condition)',
    full ? wins > faster.length / 2 : null,
    `in ${wins} of ${faster.length} pairs of network and task; in ${early.filter(({ behind }) => behind).length} of these the quantum one ends at a higher loss`,
  );

  add(
    '6',
    'NARMA5 and NARMA10: the first 20 values agree with another program',
    checks.narma < 1e-12,
    `off by ${checks.narma.toExponential(1)}`,
  );

  const seconds = ratio(runs, 'QRNN-RC', 'QRNN trained', (run) => run.seconds);
  add(
    '7',
    'A reservoir takes less training time than the trained network',
    full ? seconds > 1 : null,
    `QRNN: ${seconds.toFixed(0)} times less (${runs.some((run) => run.model === 'QLSTM trained') ? `QLSTM ${ratio(runs, 'QLSTM-RC', 'QLSTM trained', (run) => run.seconds).toFixed(0)} times, ` : ''}medians over tasks and seeds)`,
  );

  const classical = tasks.map((task) =>
    Math.min(testError(runs, task, 'AR(4)'), testError(runs, task, 'RNN-5 reservoir')),
  );
  const quantum = tasks.map((task) =>
    Math.min(
      ...RESERVOIRS.flatMap((model) =>
        [0.01, 0.3, 1].map((scale) => testError(runs, task, model, scale)).filter(Number.isFinite),
      ),
    ),
  );
  const ahead = quantum.filter((error, i) => error < classical[i]!).length;
  add(
    '8',
    'The best quantum reservoir is better than linear autoregression and a classical reservoir of five units on most tasks (reported, no condition)',
    full ? ahead > tasks.length / 2 : null,
    `on ${ahead} of ${tasks.length} tasks`,
  );

  const pairs = RESERVOIRS.flatMap((model) =>
    tasks.map((task) => ({
      task,
      error: testError(runs, task, model, S),
      limit: 3 * testError(runs, task, model.replace('-RC', ' trained')),
    })),
  );
  const close = pairs.filter(({ error, limit }) => error <= limit).length;
  add(
    '9',
    'Every quantum reservoir (s = 0.3) comes within 3 × the error of its trained twin on every task (reported, no condition)',
    full ? verdict(pairs) : null,
    `in ${close} of ${pairs.length} pairs of network and task`,
  );
  return claims;
}

interface Margin {
  readonly task: string;
  readonly error: number;
  readonly limit: number;
}

/** True where all errors are within their limits, null where one was not measured. */
function verdict(margins: readonly Margin[]): boolean | null {
  if (margins.some(({ error, limit }) => Number.isNaN(error + limit))) return null;
  return margins.every(({ error, limit }) => error <= limit);
}

function shown(margins: readonly Margin[]): string {
  return margins
    .map(({ task, error, limit }) =>
      Number.isNaN(error + limit)
        ? `${task} not measured`
        : `${task} ${short(error)} (limit ${short(limit)})`,
    )
    .join('; ');
}

/** How many times more of something the second model takes than the first, median over tasks and seeds. */
function ratio(
  runs: readonly Run[],
  less: string,
  more: string,
  value: (run: Run) => number,
): number {
  const pairs = runs
    .filter((run) => run.model === more)
    .flatMap((run) =>
      runs
        .filter(
          (other) =>
            other.model === less &&
            other.scale === S &&
            other.task === run.task &&
            other.seed === run.seed,
        )
        .map((other) => value(run) / value(other)),
    );
  return pairs.length === 0 ? Number.NaN : median(pairs);
}

/** An error with two or three digits. */
export function short(value: number): string {
  if (Number.isNaN(value)) return '–';
  return value < 1e-4 ? value.toExponential(0) : value.toFixed(4);
}
