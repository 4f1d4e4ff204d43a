import { EnvironmentError, createPool, workerUrl } from '@ketwork/base';
import { stateOf } from '@ketwork/nn';
import type { TrainingData } from '@ketwork/training';
import type { RoundTask } from '../../contract.ts';
import { trainRound } from '../../local/round.ts';
import type { LocalModel, ParticipantState, TrainedRound } from '../../local/round.ts';
import type { SimulationTeam } from '../options.ts';
import type { Request, Response, WorkerData } from './protocol.ts';

/** Trains participants. */
export interface Trainers {
  /** How many at once. */
  readonly atOnce: number;
  train(
    data: TrainingData,
    task: RoundTask,
    weights: Float64Array,
    state: ParticipantState,
    signal: AbortSignal,
  ): Promise<TrainedRound>;
  close(): void;
}

/** Trains in this thread, or in worker threads. */
export function openTrainers(
  local: LocalModel,
  personal: readonly string[],
  { count, module }: SimulationTeam,
): Trainers {
  if (count === 1) {
    return {
      atOnce: 1,
      train: (data, task, weights, state, signal) =>
        trainRound(local, data, task, weights, state, signal),
      close: () => {},
    };
  }
  // Bundlers follow the literal in `webWorker`; written out here, they would copy the module a second time.
  const file = './worker.js';
  const workerData: WorkerData = {
    model: local.model.toJSON(),
    inputShape: local.network.inputShape,
    state: stateOf(local.network),
    personal,
    module,
  };
  const pool = createPool<Request, Response>({
    url: workerUrl(new URL(file, import.meta.url), import.meta.url),
    webWorker: () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }),
    size: count,
    workerData,
  });
  return {
    // One more than there are workers waits at each, so that none is idle while this thread is busy.
    atOnce: 2 * count,
    async train(data, task, weights, state, signal) {
      const request = { data: sendable(data), task, weights, state };
      try {
        return await pool.run(request, [], { signal });
      } catch (error) {
        // A worker that died is replaced, and a round does not depend on who trains it.
        if (!(error instanceof EnvironmentError)) throw error;
        return pool.run(request, [], { signal });
      }
    },
    close: () => pool.dispose(),
  };
}

/** Data as arrays that are quick to copy. */
function sendable({ inputs, labels, weights, inputShape }: TrainingData): TrainingData {
  const typed = (array: ArrayLike<number>): ArrayLike<number> =>
    ArrayBuffer.isView(array) ? array : Float64Array.from(array);
  return {
    inputs: typed(inputs),
    labels: typed(labels),
    ...(weights === undefined ? {} : { weights: typed(weights) }),
    ...(inputShape === undefined ? {} : { inputShape }),
  };
}
