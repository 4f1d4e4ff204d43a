import { mean } from '../../common/experiment.ts';
import type { Claim } from '../../common/experiment.ts';
import type { KernelChecks } from './kernel-checks.ts';

/** One training run. */
export interface Run {
  readonly task: string;
  readonly model: string;
  readonly rate: number;
  readonly seed: number;
  readonly parameters: number;
  /** Loss of the training examples by epoch. */
  readonly trainLoss: readonly number[];
  /** Accuracy on the test images by epoch. */
  readonly testAccuracy: readonly number[];
  readonly seconds: number;
  readonly samplesPerSecond: number;
}

/** Names of the models. */
export const REUPLOAD = 'QCNN re-upload';
export const SINGLE = 'QCNN single';
export const SIMILAR = 'CNN 80';
export const SMALL = 'CNN 53';

/** Test accuracy by epoch, mean over the seeds; undefined where there was no such run. */
export function curve(
  runs: readonly Run[],
  task: string,
  model: string,
  rate: number,
): number[] | undefined {
  const found = runs.filter((run) => run.task === task && run.model === model && run.rate === rate);
  if (found.length === 0) return undefined;
  return found[0]!.testAccuracy.map((_, epoch) =>
    mean(found.map((run) => run.testAccuracy[epoch]!)),
  );
}

/** Lowest and highest test accuracy after the last epoch among the seeds, as text. */
export function spread(runs: readonly Run[], task: string, model: string, rate: number): string {
  const last = runs
    .filter((run) => run.task === task && run.model === model && run.rate === rate)
    .map((run) => run.testAccuracy.at(-1)!);
  return `${Math.min(...last).toFixed(2)} to ${Math.max(...last).toFixed(2)}`;
}

/** The criteria of the card. */
export function judge(runs: readonly Run[], kernel: KernelChecks): Claim[] {
  const last = (task: string, model: string, rate: number): number =>
    curve(runs, task, model, rate)?.at(-1) ?? Number.NaN;
  const claims: Claim[] = [];

  const parity = ['μ-e', 'μ-p'].map((task) => {
    const classical = Math.max(last(task, SIMILAR, 0.01), last(task, SIMILAR, 0.05));
    return { task, quantum: last(task, REUPLOAD, 0.05), classical };
  });
  claims.push({
    id: '1',
    claim:
      'QCNN with re-uploading reaches the CNN of similar size less 0.04 on μ-e and μ-p (mean of the seeds, better rate of the CNN)',
    met: verdict(parity.map(({ quantum, classical }) => quantum - (classical - 0.04))),
    found: parity
      .map(({ task, quantum, classical }) => `${task}: ${show(quantum)} against ${show(classical)}`)
      .join('; '),
  });

  const pairs = ['μ-e', 'μ-p', 'μ-π'];
  const again = mean(pairs.map((task) => last(task, REUPLOAD, 0.05)));
  const once = mean(pairs.map((task) => last(task, SINGLE, 0.05)));
  claims.push({
    id: '2',
    claim: 'Re-uploading beats a single encoding by at least 0.02, mean over the three pairs',
    met: verdict([again - once - 0.02]),
    found: `${show(again)} against ${show(once)}`,
  });

  const early = curve(runs, 'μ-e', REUPLOAD, 0.05)?.slice(0, 20) ?? [];
  const reached = early.findIndex((accuracy) => accuracy >= 0.9) + 1;
  claims.push({
    id: '3',
    claim: 'QCNN reaches 0.90 on μ-e within 20 epochs (mean of the seeds)',
    met: reached > 0 ? true : early.length < 20 ? null : false,
    found:
      reached > 0
        ? `in epoch ${reached}`
        : `best ${show(Math.max(...early))} in ${early.length} epochs`,
  });

  const tasks = [...new Set(runs.map((run) => run.task))];
  const speed = tasks.map((task) => {
    const quantum = curve(runs, task, REUPLOAD, 0.05)?.slice(0, 10) ?? [];
    const classical = curve(runs, task, SIMILAR, 0.05)?.slice(0, 10) ?? [];
    return { task, quantum: mean(quantum), classical: mean(classical) };
  });
  const faster = speed.filter(({ quantum, classical }) => quantum > classical).length;
  claims.push({
    id: '4',
    claim:
      'QCNN learns faster than the CNN of similar size at the same rate (mean test accuracy of the first 10 epochs; reported, not a condition)',
    met: (runs[0]?.testAccuracy.length ?? 0) < 10 ? null : faster === speed.length,
    found: `true on ${faster} of ${speed.length}: ${speed.map(({ task, quantum, classical }) => `${task} ${show(quantum)} against ${show(classical)}`).join('; ')}`,
  });

  claims.push({
    id: '5',
    claim:
      'Kernel with all angles zero gives the analytic value, windows are read row by row, gradients agree with differences to 1e-5',
    met: kernel.zeroAngles < 1e-12 && kernel.patchOrder < 1e-12 && kernel.gradient < 1e-5,
    found: `off by ${kernel.zeroAngles.toExponential(1)}, ${kernel.patchOrder.toExponential(1)}, ${kernel.gradient.toExponential(1)}`,
  });
  return claims;
}

/**
 * True where all margins are at least 0, null where one was not measured. Means of accuracies are off by rounding, so that
 * one exactly at the limit may seem to miss it by 1e-16.
 */
function verdict(margins: readonly number[]): boolean | null {
  return margins.some(Number.isNaN) ? null : margins.every((margin) => margin >= -1e-9);
}

function show(value: number): string {
  return Number.isFinite(value) ? value.toFixed(4) : 'not measured';
}
