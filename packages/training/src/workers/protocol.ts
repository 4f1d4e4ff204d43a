import type { Key } from '@ketwork/base';
import type { Json, LossValues, ShapedArray, Shape, ValueAndGrad } from '@ketwork/nn';
import type { WeightedBatch } from '../data.ts';
import type { Piece } from '../gradient.ts';
import type { Contribution, ContributionPlan } from '../privacy/contributions.ts';

/** What a worker is started with. */
export interface WorkerData {
  readonly model: Json;
  readonly inputShape: Shape;
  /** Parameters and buffers. */
  readonly state: Readonly<Record<string, ShapedArray>>;
  /** Name of the loss. */
  readonly loss: string;
  readonly module: string | undefined;
  /** How examples contribute where the run is private. */
  readonly contributions: ContributionPlan | undefined;
  /** The attack of adversarial training, where it is one of Ketwork's. */
  readonly attack: AttackData | undefined;
}

/** An attack as plain data. */
export interface AttackData {
  readonly name: string;
  readonly settings: Readonly<Record<string, Json>>;
}

/** Some examples of a step. */
export interface ShareRequest {
  /** The parameters before the step, in the model's order. */
  readonly parameters: readonly Float64Array[];
  readonly batch: WeightedBatch;
  /** Number of the first of them in the step's batch. */
  readonly first: number;
  /** Cuts `batch`. */
  readonly pieces: readonly Piece[];
  readonly key: Key;
}

/** A worker's share of a step: gradients of its pieces. */
export interface GradientRequest extends ShareRequest {
  readonly type: 'gradients';
}

/** A worker's share of a private step: sums of clipped gradients, each over a stretch, which is a piece. */
export interface ContributionRequest extends ShareRequest {
  readonly type: 'contributions';
  /** The clipping norm. */
  readonly norm: number;
}

/** A worker's share of the examples that are to be attacked. */
export interface CraftRequest extends ShareRequest {
  readonly type: 'craft';
}

/** A batch to measure, as in use rather than in training. */
export interface LossRequest {
  readonly type: 'losses';
  readonly parameters: readonly Float64Array[];
  readonly batch: WeightedBatch;
}

/** What a worker is asked. */
export type Request = GradientRequest | ContributionRequest | CraftRequest | LossRequest;

/** What a worker's share of a private step comes to. */
export interface ContributionResponse extends Contribution {
  /** The sum of each piece. */
  readonly sums: readonly (readonly Float64Array[])[];
}

/** Mean loss, outputs and gradient of each piece; what they contribute; perturbed inputs; or what a batch measured. */
export type Response = readonly ValueAndGrad[] | ContributionResponse | Float64Array | LossValues;
