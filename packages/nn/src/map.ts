import type { Key } from '@ketwork/base';
import type { Room } from './scratch.ts';

/** Sizes of the axes of one example, row-major order; the batch axis is never part of it. `[]` is a scalar. */
export type Shape = readonly number[];

/** Whether one value serves the whole batch (`shared`: `[...shape]`) or every example has its own (`batch`: `[batch, ...shape]`). */
export type Axis = 'batch' | 'shared';

/** A value where everything ran in the calling thread, a promise where some of it ran elsewhere. */
export type MaybePromise<T> = T | Promise<T>;

/**
 * What a gradient rule should return for one input: nothing, the sum over the batch, one gradient per example, or (only
 * of maps that say so) the squared norm of each example's gradient, `[batch]`.
 * Batch inputs always get `[batch, ...shape]`, whichever of the latter three is asked for.
 */
export type Want = 'none' | 'sum' | 'perExample' | 'squaredNorms';

/** One input of a {@link DifferentiableMap}. */
export interface MapInput {
  /** Whether the map expects one value for all examples or one for each. */
  readonly axis: Axis;
  /** Shape without the batch axis. */
  readonly shape: Shape;
}

/**
 * A differentiable function that the tape calls without looking inside: the way a quantum program enters a model.
 * Arrays are row-major; examples must not influence one another. Results belong to the caller, inputs must not be kept
 * or changed. A map that runs elsewhere returns promises; everything on the tape then does.
 *
 * @example
 * ```ts
 * import { external, sequential, type DifferentiableMap } from '@ketwork/nn';
 * const square: DifferentiableMap = {
 *   name: 'square',
 *   inputs: [{ axis: 'batch', shape: [2] }],
 *   outputShape: [2],
 *   forward: ([x]) => x!.map((v) => v * v),
 *   vjp: ([x], dy) => [x!.map((v, i) => 2 * v * dy[i]!)],
 * };
 * console.log(sequential(external(square)).inputShape); // [2]
 * ```
 */
export interface DifferentiableMap {
  /** Name for error messages. */
  readonly name: string;
  /** Its inputs, in the order of the arrays it is called with. */
  readonly inputs: readonly MapInput[];
  /** Shape of one example's output. */
  readonly outputShape: Shape;
  /** Whether `vjp` may be asked for `squaredNorms` of shared inputs, all of them at once. Default false. */
  readonly squaredNorms?: boolean;
  /**
   * Computes `[batch, ...outputShape]`. `key` is given where the caller has one, for maps that draw random numbers;
   * the gradient rule of the same call gets the same key. `room` gives memory for what is returned, with anything in it.
   */
  forward(
    inputs: readonly Float64Array[],
    batch: number,
    key?: Key,
    room?: Room,
  ): MaybePromise<Float64Array>;
  /**
   * Gradients of `Σ dy · output`, one entry per input: undefined for `none`; for shared inputs `[...shape]` (`sum`) or
   * `[batch, ...shape]` (`perExample`) or `[batch]` (`squaredNorms`); for batch inputs `[batch, ...shape]`.
   */
  vjp(
    inputs: readonly Float64Array[],
    dy: Float64Array,
    batch: number,
    wants: readonly Want[],
    key?: Key,
    room?: Room,
  ): MaybePromise<readonly (Float64Array | undefined)[]>;
}

/** Trained numbers, or running statistics, of a layer. Optimisers and loaders write into `data`; the array itself stays. */
export interface Parameter {
  /** Hierarchical name, such as `0.weight`: position in the model, then the layer's own name. */
  readonly name: string;
  /** Shape of `data`, row-major. */
  readonly shape: Shape;
  /** The values, `[...shape]`. */
  readonly data: Float64Array;
}
