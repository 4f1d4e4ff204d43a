import type { BuiltLayer } from '@ketwork/nn';
import { loadCheckpoint, saveCheckpoint } from './checkpoint.ts';
import type { RunIdentity, RunState } from './checkpoint.ts';
import type { Means } from './metrics/means.ts';
import { impatient } from './epoch.ts';
import { adversarialText } from './robustness/training.ts';
import type { FitPlan } from './run.ts';

/** Saves a run when it is time. */
export class Store {
  readonly #plan: FitPlan;
  readonly #network: BuiltLayer;
  readonly #identity: RunIdentity;
  #savedStep = 0;
  #savedAt: number = performance.now();

  constructor(plan: FitPlan, network: BuiltLayer) {
    this.#plan = plan;
    this.#network = network;
    // It takes the whole model as text, which short runs would notice.
    this.#identity = plan.checkpoint === undefined ? {} : identityOf(plan);
  }

  /** The run that was saved; undefined where none was, or it is not asked for. */
  async resume(): Promise<RunState | undefined> {
    const { checkpoint, optimizer, metrics, monitor } = this.#plan;
    if (checkpoint?.resume !== true) return undefined;
    const names = metrics.map((metric) => metric.name);
    const run = await loadCheckpoint(
      checkpoint.path,
      this.#network,
      this.#identity,
      optimizer,
      names,
      monitor?.name,
    );
    this.#savedStep = run?.step ?? 0;
    return run;
  }

  /** Saves at the end of an epoch. */
  async afterEpoch(run: RunState): Promise<void> {
    const { checkpoint, epochs } = this.#plan;
    if (checkpoint === undefined) return;
    const due = run.epoch % (checkpoint.every ?? 1) === 0 || run.epoch === epochs;
    if (due || impatient(this.#plan, run) || this.#dueAt(run.step)) await this.#save(run);
  }

  /** Saves within an epoch, of which so many steps are done. */
  async afterStep(run: RunState, steps: number, means: Means): Promise<void> {
    if (this.#dueAt(run.step)) await this.#saveWithin(run, steps, means);
  }

  /** Saves where a run ends before its time. */
  async atEnd(run: RunState, steps: number, means: Means): Promise<void> {
    const { checkpoint } = this.#plan;
    if (checkpoint === undefined || checkpoint.onAbort === false) return;
    if (run.step !== this.#savedStep) await this.#saveWithin(run, steps, means);
  }

  #dueAt(step: number): boolean {
    const { everySteps, everySeconds } = this.#plan.checkpoint ?? {};
    return (
      (everySteps !== undefined && step % everySteps === 0) ||
      (everySeconds !== undefined && performance.now() - this.#savedAt >= 1000 * everySeconds)
    );
  }

  async #saveWithin(run: RunState, steps: number, means: Means): Promise<void> {
    const metrics = this.#plan.metrics.map((metric) => metric.name);
    await this.#save(
      steps === 0 ? run : { ...run, within: { steps, metrics, means: means.state } },
    );
  }

  async #save(run: RunState): Promise<void> {
    await saveCheckpoint(this.#plan.checkpoint!.path, this.#network, this.#identity, run);
    this.#savedStep = run.step;
    this.#savedAt = performance.now();
  }
}

/** What a run must have in common with the one it goes on from. */
function identityOf(plan: FitPlan): RunIdentity {
  const { seed, batchSize, accumulate, examples, loss, optimizer, model, team } = plan;
  const { clip, classWeights, reduceOnPlateau, privatePlan, adversarial } = plan;
  return {
    seed,
    batchSize,
    examples: examples.size,
    loss: loss.name,
    optimizer: `${optimizer.name} ${JSON.stringify(optimizer.settings)}`,
    model: JSON.stringify(model),
    ...(accumulate === 1 ? {} : { accumulate }),
    // Private runs have pieces without workers, too; their plan says which.
    ...(team === undefined || privatePlan !== undefined ? {} : { pieceSize: team.pieceSize }),
    ...((plan.firstEpoch ?? 1) === 1 ? {} : { firstEpoch: plan.firstEpoch! }),
    ...(clip === undefined ? {} : { clip: JSON.stringify(clip) }),
    ...(privatePlan === undefined ? {} : { privacy: JSON.stringify(privatePlan) }),
    ...(classWeights === undefined ? {} : { classWeights: JSON.stringify(classWeights) }),
    ...(adversarial === undefined ? {} : { adversarial: adversarialText(adversarial) }),
    ...(reduceOnPlateau === undefined ? {} : { reduceOnPlateau: JSON.stringify(reduceOnPlateau) }),
  };
}
