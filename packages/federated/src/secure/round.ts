import type { RoundTask, Update } from '../contract.ts';
import type { OpenRound, RoundsPlan, SummedUpdates } from '../rounds/state.ts';
import { clippingFactor, difference } from '../vectors.ts';
import { SecureCoordinator } from './coordinator.ts';
import { addModular } from './fixed-point.ts';
import type { Identities } from './identity.ts';
import { secureSum } from './in-process.ts';
import { secureTask } from './options.ts';
import type { CoordinatorMessage } from './messages.ts';
import type { SecureCoordinatorOptions, SecurePhase } from './coordinator.ts';
import { decodeSum, encodeContribution, vectorWords } from './vector.ts';
import type { VectorPlan } from './vector.ts';

function vectorPlan(plan: RoundsPlan, { selected }: OpenRound): VectorPlan {
  return { ...secureTask(plan.secure!, selected.length), size: plan.layout.size };
}

/** A sum of nobody's updates: what a round is closed with that fewer than two are asked in, as central privacy may draw. */
function emptySum(plan: RoundsPlan): SummedUpdates {
  return { participants: [], sum: new Float64Array(plan.layout.size), examples: 0, loss: NaN };
}

function thresholdOf(plan: RoundsPlan, { selected }: OpenRound): number {
  const count = selected.length;
  // Rounding must not make seven of ten eight.
  const wanted = Math.ceil(plan.secure!.threshold * count - 1e-9);
  // A sum of fewer than the minimum must not come to light: the round would be repeated, and two sums tell more than one.
  return Math.max(2, Math.floor(count / 2) + 1, wanted, Math.min(count, plan.minimum));
}

function coordinatorOptions(
  plan: RoundsPlan,
  open: OpenRound,
  vector: VectorPlan,
  identities?: Identities,
): SecureCoordinatorOptions {
  return {
    session: { run: plan.run, round: open.round, attempt: open.attempt },
    participants: open.selected,
    threshold: thresholdOf(plan, open),
    words: vectorWords(vector),
    identities,
  };
}

/**
 * The words of an update that a participant masks: the change of its weights, scaled down to the clipping norm where it is
 * longer, times examples where the task says so.
 *
 * @throws ValueError where the update has numbers that are not finite or more examples than the task allows.
 */
export function wordsOfUpdate(task: RoundTask, before: Float64Array, update: Update): Uint32Array {
  const { secure } = task;
  const size = before.length;
  const factor = clippingFactor(update.weights, before, size, secure!.clippingNorm);
  const delta = difference(update.weights, before).map((value) => factor * value);
  const { examples, loss = NaN } = update;
  return encodeContribution({ ...secure!, size }, { delta, examples, loss });
}

/**
 * The coordinator's side of a round with secure aggregation. Whoever drives it sends each selected participant its task,
 * collects the first answers, and then goes on with `advance` and `receive` until the phase is `done`.
 */
export class SecureRound {
  readonly #plan: RoundsPlan;
  readonly #vector: VectorPlan;
  readonly #coordinator: SecureCoordinator;

  /**
   * @param identities Whose signatures participants want to see. Default: nobody's.
   * @throws ValueError where the round has fewer than two participants, whose sum would hide nothing.
   */
  constructor(plan: RoundsPlan, open: OpenRound, identities?: Identities) {
    this.#plan = plan;
    this.#vector = vectorPlan(plan, open);
    this.#coordinator = new SecureCoordinator(
      coordinatorOptions(plan, open, this.#vector, identities),
    );
  }

  /** The phase whose messages are collected. */
  get phase(): SecurePhase {
    return this.#coordinator.phase;
  }

  /** Who has not answered in this phase, in the order of names. */
  get waitingFor(): readonly string[] {
    return this.#coordinator.waiting;
  }

  /** Takes an answer, which need not be trusted. @throws SecureAggregationError where it does not count. */
  receive(message: unknown, from: string): 'accepted' | 'duplicate' {
    return this.#coordinator.receive(message, from);
  }

  /** Ends the phase and says what to send to whom. @throws SecureAggregationError where too few have answered. */
  advance(): Promise<ReadonlyMap<string, CoordinatorMessage>> {
    return this.#coordinator.advance();
  }

  /** What to close the round with. @throws SecureAggregationError where shares are forged or the sum is not complete. */
  async finish(): Promise<SummedUpdates> {
    const { words, participants } = await this.#coordinator.finish();
    return summed(this.#plan, this.#vector, words, participants);
  }
}

function summed(
  plan: RoundsPlan,
  vector: VectorPlan,
  words: Uint32Array,
  participants: readonly string[],
): SummedUpdates {
  const { delta, examples, loss } = decodeSum(vector, words);
  return { participants, sum: delta, examples, loss: loss / examples };
}

/**
 * A round with secure aggregation in one process.
 *
 * The plan says whether keys are agreed on and masks added and taken off, or the same integers are added as they are; the
 * sum is the same.
 *
 * @returns what to close the round with; a sum of nobody's where fewer than two are asked; undefined where too few updates
 * came, so that the round must be repeated.
 */
export async function sumSecurely(
  plan: RoundsPlan,
  open: OpenRound,
  updates: ReadonlyMap<string, Update>,
): Promise<SummedUpdates | undefined> {
  if (open.selected.length < 2) return emptySum(plan);
  if (updates.size < thresholdOf(plan, open)) return undefined;
  const names = open.selected.filter((name) => updates.has(name));
  const vectors = new Map(
    names.map((name) => {
      const words = wordsOfUpdate(open.task(name), open.weights, updates.get(name)!);
      return [name, words] as const;
    }),
  );
  const vector = vectorPlan(plan, open);
  if (plan.secure!.protocol === 'sum-only') {
    const sum = new Uint32Array(vectorWords(vector));
    for (const words of vectors.values()) addModular(sum, words, 1);
    return summed(plan, vector, sum, names);
  }
  const { words, participants } = await secureSum(coordinatorOptions(plan, open, vector), vectors);
  return summed(plan, vector, words, participants);
}
