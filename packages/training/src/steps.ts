import { ValueError, fold, key, split } from '@ketwork/base';
import { batches, loadState, networkOf, valueAndGrad } from '@ketwork/nn';
import type { BuiltLayer, Parameter } from '@ketwork/nn';
import { copyState, loadCheckpoint, saveCheckpoint } from './checkpoint.ts';
import type { RunIdentity, RunState } from './checkpoint.ts';
import { Breather, bindEngine } from './engine.ts';
import { evaluateExamples } from './evaluate.ts';
import type { EpochRecord, FitPlan, FitProgress, FitResult } from './run.ts';
import { Means } from './metrics.ts';

/** The steps of a training run, one after the other; what remains to be said at the end is the return value. */
export async function* trainingSteps(plan: FitPlan): AsyncGenerator<FitProgress, FitResult> {
  const {
    model,
    loss,
    optimizer,
    epochs,
    batchSize,
    seed,
    engine,
    examples,
    metrics,
    signal,
    left,
  } = plan;
  const network = model.network ?? model.build(plan.inputShape, seed);
  await bindEngine(networkOf(model), engine);
  const [orderKey, passKey] = split(key(seed), 2);
  const identity = identityOf(plan);
  const run = (await resumed(plan, network, identity)) ?? {
    epoch: 0,
    step: 0,
    history: [],
    best: undefined,
    optimizer: optimizer.init(network.parameters),
  };
  const { history } = run;
  const gradient = valueAndGrad(network, loss);
  const perEpoch = Math.ceil(examples.size / batchSize);
  const steps = perEpoch * epochs;
  const clock = new Clock(run.step, history.at(-1)?.seconds ?? 0);
  const breather = new Breather();
  const finish = (reason: FitResult['reason']): FitResult => {
    const { best } = run;
    if (best !== undefined && reason !== 'aborted' && plan.earlyStop?.restoreBest !== false)
      loadState(network, best.state);
    return {
      reason,
      history,
      steps: run.step,
      ...(best === undefined ? {} : { best: { epoch: best.epoch, value: best.value } }),
      seconds: clock.seconds,
      samplesPerSecond: clock.samplesPerSecond,
    };
  };

  while (run.epoch < epochs) {
    if (impatient(plan, run)) return finish('early-stop');
    const means = new Means(metrics);
    const epoch = run.epoch + 1;
    let done = 0;
    for (const indices of batches(examples.size, batchSize, fold(orderKey!, epoch))) {
      if (left.value || signal?.aborted === true) return finish('aborted');
      await breather.pause();
      const started = performance.now();
      const batch = examples.batch(indices);
      const {
        loss: batchLoss,
        outputs,
        grads,
      } = await gradient(batch, { key: fold(passKey!, run.step) });
      checkFinite(batchLoss, grads, network.parameters, run.step + 1, epoch);
      optimizer.step(network.parameters, grads, run.optimizer);
      means.add(batchLoss, outputs, batch.y, indices.length);
      run.step++;
      done++;
      clock.add(indices.length, started);
      const record =
        done === perEpoch ? await endEpoch(plan, network, means, run, clock) : undefined;
      if (record !== undefined) await save(plan, network, identity, run);
      yield progressOf(plan, means, run, { epoch, steps, batchLoss, record, clock });
    }
  }
  return finish('completed');
}

/** Time and examples of this run, and where it began. */
class Clock {
  readonly #start = performance.now();
  readonly firstStep: number;
  readonly #before: number;
  #examples = 0;
  #busy = 0;

  constructor(firstStep: number, before: number) {
    this.firstStep = firstStep;
    this.#before = before;
  }

  add(examples: number, started: number): void {
    this.#examples += examples;
    this.#busy += performance.now() - started;
  }

  get seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  /** Seconds of the run, those before a resume included. */
  get allSeconds(): number {
    return this.#before + this.seconds;
  }

  get samplesPerSecond(): number {
    return this.#busy === 0 ? 0 : (1000 * this.#examples) / this.#busy;
  }
}

function progressOf(
  plan: FitPlan,
  means: Means,
  run: RunState,
  now: {
    epoch: number;
    steps: number;
    batchLoss: number;
    record: EpochRecord | undefined;
    clock: Clock;
  },
): FitProgress {
  const { epoch, steps, batchLoss, record, clock } = now;
  const { metrics } = means;
  const elapsed = clock.seconds;
  const mine = run.step - clock.firstStep;
  return {
    epoch,
    epochs: plan.epochs,
    step: run.step,
    steps,
    progress: run.step / steps,
    loss: means.loss,
    batchLoss,
    metrics,
    ...(metrics['accuracy'] === undefined ? {} : { accuracy: metrics['accuracy'] }),
    samplesPerSecond: clock.samplesPerSecond,
    elapsed,
    eta: (elapsed / mine) * (steps - run.step),
    ...(record === undefined ? {} : { record }),
  };
}

/** Measures the validation data, writes the epoch down and remembers it where it is the best. */
async function endEpoch(
  plan: FitPlan,
  network: BuiltLayer,
  means: Means,
  run: RunState,
  clock: Clock,
): Promise<EpochRecord> {
  const { validationExamples, loss, metrics, monitor, batchSize } = plan;
  const measured =
    validationExamples &&
    (await evaluateExamples(network, validationExamples, loss, metrics, Math.max(256, batchSize)));
  run.epoch++;
  const record: EpochRecord = {
    epoch: run.epoch,
    loss: means.loss,
    metrics: means.metrics,
    ...(measured === undefined
      ? {}
      : { validation: { loss: measured.loss, metrics: measured.metrics } }),
    seconds: clock.allSeconds,
  };
  run.history.push(record);
  if (monitor !== undefined && measured !== undefined) {
    const value = monitor.name === 'loss' ? measured.loss : measured.metrics[monitor.name]!;
    const gain =
      run.best === undefined
        ? Infinity
        : monitor.better === 'lower'
          ? run.best.value - value
          : value - run.best.value;
    if (gain > (plan.earlyStop?.minDelta ?? 0))
      run.best = { epoch: run.epoch, value, state: copyState(network) };
  }
  return record;
}

function impatient({ earlyStop }: FitPlan, { best, epoch }: RunState): boolean {
  return earlyStop !== undefined && best !== undefined && epoch - best.epoch >= earlyStop.patience;
}

async function resumed(
  plan: FitPlan,
  network: BuiltLayer,
  identity: RunIdentity,
): Promise<RunState | undefined> {
  const { checkpoint, optimizer } = plan;
  return checkpoint?.resume === true
    ? loadCheckpoint(checkpoint.path, network, identity, optimizer)
    : undefined;
}

async function save(
  plan: FitPlan,
  network: BuiltLayer,
  identity: RunIdentity,
  run: RunState,
): Promise<void> {
  const { checkpoint, epochs } = plan;
  if (checkpoint === undefined) return;
  const due =
    run.epoch % (checkpoint.every ?? 1) === 0 || run.epoch === epochs || impatient(plan, run);
  if (due) await saveCheckpoint(checkpoint.path, network, identity, run);
}

function identityOf({ seed, batchSize, examples, loss, optimizer, model }: FitPlan): RunIdentity {
  return {
    seed,
    batchSize,
    examples: examples.size,
    loss: loss.name,
    optimizer: `${optimizer.name} ${JSON.stringify(optimizer.settings)}`,
    model: JSON.stringify(model),
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
