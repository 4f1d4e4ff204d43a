import type { Key } from '@ketwork/base';
import type { Json, LossValues, ShapedArray, Shape, ValueAndGrad } from '@ketwork/nn';
import type { WeightedBatch } from '../data.ts';
import type { Piece } from '../gradient.ts';

/** What a worker is started with. */
export interface WorkerData {
  readonly model: Json;
  readonly inputShape: Shape;
  /** Parameters and buffers. */
  readonly state: Readonly<Record<string, ShapedArray>>;
  /** Name of the loss. */
  readonly loss: string;
  readonly module: string | undefined;
}

/** A worker's share of a step. */
export interface GradientRequest {
  readonly type: 'gradients';
  /** The parameters before the step, in the model's order. */
  readonly parameters: readonly Float64Array[];
  /** The examples of the pieces. */
  readonly batch: WeightedBatch;
  /** Number of the first of them in the step's batch. */
  readonly first: number;
  /** Cuts `batch`. */
  readonly pieces: readonly Piece[];
  readonly key: Key;
}

/** A batch to measure, as in use rather than in training. */
export interface LossRequest {
  readonly type: 'losses';
  readonly parameters: readonly Float64Array[];
  readonly batch: WeightedBatch;
}

/** What a worker is asked. */
export type Request = GradientRequest | LossRequest;

/** Mean loss, outputs and gradient of each piece; or what a batch measured. */
export type Response = readonly ValueAndGrad[] | LossValues;
