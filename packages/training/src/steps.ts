import { ValueError, fold, key, split } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { batches, loadState } from '@ketwork/nn';
import type { BuiltLayer, Parameter } from '@ketwork/nn';
import type { RunState } from './checkpoint.ts';
import { clipGradients } from './clip.ts';
import { Clock } from './clock.ts';
import { Breather, bindEngine } from './engine.ts';
import { endEpoch, impatient } from './epoch.ts';
import { Means } from './metrics/means.ts';
import { reportOf } from './privacy/report.ts';
import { PrivateSteps } from './privacy/steps.ts';
import { openWork } from './workers/open.ts';
import type { Work } from './workers/open.ts';
import type { EpochRecord, FitPlan, FitProgress, FitResult } from './run.ts';
import { Store } from './store.ts';

/** The steps of a training run, one after the other; what remains to be said at the end is the return value. */
export async function* trainingSteps(plan: FitPlan): AsyncGenerator<FitProgress, FitResult> {
  const network = plan.model.network ?? plan.model.build(plan.inputShape, plan.seed);
  await bindEngine(network, plan.engine);
  const work = openWork(plan, network);
  try {
    return yield* steps(plan, network, work);
  } finally {
    work.close();
  }
}

async function* steps(
  plan: FitPlan,
  network: BuiltLayer,
  work: Work,
): AsyncGenerator<FitProgress, FitResult> {
  const { optimizer, epochs, seed, examples, metrics, signal, left } = plan;
  const [orderKey, passKey, attackKey] = split(key(seed), 3);
  const { privatePlan } = plan;
  const secret = work.contribute && new PrivateSteps(privatePlan!, network, seed, work.contribute);
  const keyOf = (root: Key, step: number): Key =>
    secret === undefined ? fold(root, step) : secret.passKey(root, step);
  const store = new Store(plan, network);
  const run: RunState = (await store.resume()) ?? {
    epoch: 0,
    step: 0,
    history: [],
    best: undefined,
    plateau: undefined,
    within: undefined,
    optimizer: optimizer.init(network.parameters),
    privacy: secret?.init(),
  };
  const stepSize = plan.batchSize * plan.accumulate;
  const perEpoch = Math.ceil(examples.size / stepSize);
  // Where this run begins in the random streams.
  const epochsBefore = (plan.firstEpoch ?? 1) - 1;
  const stepsBefore = epochsBefore * perEpoch;
  const clock = new Clock(run.step, run.history.at(-1)?.seconds ?? 0);
  const breather = new Breather();
  let stopped = false;
  const call = async <T extends readonly unknown[]>(
    callback: ((...args: T) => unknown) | undefined,
    ...args: T
  ): Promise<void> => {
    if ((await callback?.(...args)) === 'stop') stopped = true;
  };
  const finish = (reason: FitResult['reason']): FitResult => {
    const { best } = run;
    if (best !== undefined && reason !== 'aborted' && plan.earlyStop?.restoreBest !== false)
      loadState(network, best.state);
    return {
      reason,
      history: run.history,
      steps: run.step,
      ...(best === undefined ? {} : { best: { epoch: best.epoch, value: best.value } }),
      ...(privatePlan === undefined ? {} : { privacy: reportOf(privatePlan, run.privacy!) }),
      seconds: clock.seconds,
      samplesPerSecond: clock.samplesPerSecond,
    };
  };

  while (run.epoch < epochs) {
    if (impatient(plan, run)) return finish('early-stop');
    const epoch = run.epoch + 1;
    const means = new Means(metrics);
    let done = run.within?.steps ?? 0;
    if (run.within !== undefined) means.restore(run.within.means);
    run.within = undefined;
    const order =
      secret?.draws(stepsBefore + run.step, perEpoch - done) ??
      batches(examples.size, stepSize, fold(orderKey!, epochsBefore + epoch));
    if (secret === undefined) for (let skipped = 0; skipped < done; skipped++) order.next();
    for (const indices of order) {
      if (stopped || left.value || signal?.aborted === true) {
        await store.atEnd(run, done, means);
        return finish(stopped ? 'stopped' : 'aborted');
      }
      await breather.pause();
      const started = performance.now();
      const drawn = examples.batch(indices);
      const place = stepsBefore + run.step;
      const batch = (await work.harden?.(drawn, keyOf(attackKey!, place))) ?? drawn;
      const learningRate = optimizer.rate?.(run.optimizer);
      const stepKey = keyOf(passKey!, place);
      const { loss, outputs, grads } =
        secret === undefined
          ? await work.gradient(batch, stepKey)
          : await secret.gradient(batch, stepKey, place, run.privacy!);
      checkFinite(batch.count === 0 ? 0 : loss, grads, network.parameters, run.step + 1, epoch);
      const gradientNorm = plan.clip && clipGradients(grads, plan.clip);
      optimizer.step(network.parameters, grads, run.optimizer);
      if (batch.count > 0) means.add(loss, outputs, batch.y, batch.count);
      run.step++;
      done++;
      clock.add(indices.length, started);
      let record: EpochRecord | undefined;
      if (done === perEpoch) {
        const end = await endEpoch(plan, network, means, run, clock, work.losses);
        record = end.record;
        if (end.validation !== undefined) await call(plan.onEvaluate, end.validation, record.epoch);
        await call(plan.onEpoch, record);
        await store.afterEpoch(run);
      } else await store.afterStep(run, done, means);
      const progress = progressOf(plan, means, run, {
        epoch,
        steps: perEpoch * epochs,
        batchLoss: loss,
        record,
        clock,
        ...(learningRate === undefined ? {} : { learningRate }),
        ...(gradientNorm === undefined ? {} : { gradientNorm }),
      });
      await call(plan.onStep, progress);
      yield progress;
    }
  }
  return finish('completed');
}

function progressOf(
  plan: FitPlan,
  means: Means,
  run: RunState,
  now: Pick<FitProgress, 'epoch' | 'steps' | 'batchLoss' | 'learningRate' | 'gradientNorm'> & {
    record: EpochRecord | undefined;
    clock: Clock;
  },
): FitProgress {
  const { record, clock, ...rest } = now;
  const metrics = record?.metrics ?? means.soFar;
  const elapsed = clock.seconds;
  const mine = run.step - clock.firstStep;
  return {
    ...rest,
    epochs: plan.epochs,
    step: run.step,
    progress: run.step / now.steps,
    loss: means.loss,
    metrics,
    ...(metrics['accuracy'] === undefined ? {} : { accuracy: metrics['accuracy'] }),
    samplesPerSecond: clock.samplesPerSecond,
    elapsed,
    eta: (elapsed / mine) * (now.steps - run.step),
    ...(record === undefined ? {} : { record }),
  };
}

function checkFinite(
  loss: number,
  grads: readonly Float64Array[],
  parameters: readonly Parameter[],
  step: number,
  epoch: number,
): void {
  const bad = grads.findIndex((grad) => grad.some((value) => !Number.isFinite(value)));
  if (Number.isFinite(loss) && bad < 0) return;
  const what = Number.isFinite(loss)
    ? `the gradient of ${parameters[bad]!.name} is not finite`
    : `the loss is ${loss}`;
  throw new ValueError(
    `fit: ${what} at step ${step} (epoch ${epoch}); the parameters are those before the step`,
    {
      remedy:
        'Use a lower learning rate, scale the inputs, and check them for values that are not finite',
    },
  );
}
