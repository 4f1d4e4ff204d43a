import type { BuiltLayer } from '@ketwork/nn';
import { copyState } from './checkpoint.ts';
import type { RunState } from './checkpoint.ts';
import type { Clock } from './clock.ts';
import { evaluateExamples } from './evaluate.ts';
import type { Evaluation, LossesOf } from './evaluate.ts';
import type { Means } from './metrics/means.ts';
import { gainOf, watchPlateau } from './plateau.ts';
import type { EpochRecord, FitPlan, Watched } from './run.ts';

/** Measures the validation data, writes the epoch down and remembers it where it is the best. */
export async function endEpoch(
  plan: FitPlan,
  network: BuiltLayer,
  means: Means,
  run: RunState,
  clock: Clock,
  losses: LossesOf | undefined,
): Promise<{ readonly record: EpochRecord; readonly validation: Evaluation | undefined }> {
  const { validationExamples, loss, metrics, batchSize } = plan;
  const validation =
    validationExamples &&
    (await evaluateExamples(
      network,
      validationExamples,
      loss,
      metrics,
      Math.max(256, batchSize),
      losses,
    ));
  run.epoch++;
  run.within = undefined;
  const record: EpochRecord = {
    epoch: run.epoch,
    loss: means.loss,
    metrics: means.metrics,
    ...(validation === undefined
      ? {}
      : { validation: { loss: validation.loss, metrics: validation.metrics } }),
    seconds: clock.allSeconds,
  };
  run.history.push(record);
  if (validation !== undefined) watch(plan, network, run, validation);
  return { record, validation };
}

/** Whether early stop has waited long enough. */
export function impatient({ earlyStop }: FitPlan, { best, epoch }: RunState): boolean {
  return earlyStop !== undefined && best !== undefined && epoch - best.epoch >= earlyStop.patience;
}

function watch(plan: FitPlan, network: BuiltLayer, run: RunState, validation: Evaluation): void {
  const { earlyStop, monitor, reduceOnPlateau, plateauMonitor } = plan;
  const valueOf = ({ name }: Watched): number =>
    name === 'loss' ? validation.loss : validation.metrics[name]!;
  if (monitor !== undefined) {
    const value = valueOf(monitor);
    if (gainOf(monitor.better, run.best?.value, value) > (earlyStop?.minDelta ?? 0))
      run.best = { epoch: run.epoch, value, monitor: monitor.name, state: copyState(network) };
  }
  if (reduceOnPlateau === undefined || plateauMonitor === undefined) return;
  const { better } = plateauMonitor;
  const value = valueOf(plateauMonitor);
  run.plateau = watchPlateau(reduceOnPlateau, better, run.plateau, value, run.optimizer);
}
