import type { Json, Shape, ShapedArray } from '@ketwork/nn';
import type { TrainingData } from '@ketwork/training';
import type { RoundTask } from '../../contract.ts';
import type { ParticipantState, TrainedRound } from '../../local/round.ts';

/** What a worker is started with. */
export interface WorkerData {
  readonly model: Json;
  readonly inputShape: Shape;
  /** Parameters and buffers. */
  readonly state: Readonly<Record<string, ShapedArray>>;
  readonly personal: readonly string[];
  readonly module: string | undefined;
}

/** One participant's round. */
export interface Request {
  readonly data: TrainingData;
  readonly task: RoundTask;
  readonly weights: Float64Array;
  readonly state: ParticipantState;
}

/** What came of it. */
export type Response = TrainedRound;
