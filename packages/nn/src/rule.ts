import type { Axis, Shape, Want } from './map.ts';
import type { Room } from './scratch.ts';

/**
 * A primitive operation with its closed gradient rule. Arrays of batch inputs are `[batch, ...shape]`, of shared inputs
 * `[...shape]`. An operation whose inputs are all shared is run as a batch of one with every input on the batch axis.
 */
export interface Rule {
  /** Name for error messages. */
  readonly name: string;
  /**
   * Computes `[batch, ...output shape]`. May return an input where the operation changes no number. `room` gives memory
   * for what is returned, with anything in it.
   */
  forward(inputs: readonly Float64Array[], batch: number, room: Room): Float64Array;
  /**
   * As {@link DifferentiableMap.vjp}; `output` is what `forward` returned. May return `dy`; must not change it. `room`
   * gives memory for what is returned.
   */
  vjp(
    inputs: readonly Float64Array[],
    output: Float64Array,
    dy: Float64Array,
    batch: number,
    wants: readonly Want[],
    room: Room,
  ): readonly (Float64Array | undefined)[];
  /**
   * The squared norm of each example's gradient of one shared input, `[batch]`, where that takes less than the gradients;
   * undefined for other inputs.
   */
  squaredNorms?(
    inputs: readonly Float64Array[],
    dy: Float64Array,
    batch: number,
    input: number,
  ): Float64Array | undefined;
}

/**
 * How gradients of shared values come out of `Tape.backward`: summed over the batch, one per example, or as the
 * squared norm of each example's gradient.
 */
export type GradientMode = 'sum' | 'perExample' | 'squaredNorms';

/** An entry of a tape. */
export interface Node {
  readonly id: number;
  readonly shape: Shape;
  readonly size: number;
  readonly axis: Axis;
  /** How many external calls lie one behind the other before this node's value is there. */
  readonly level: number;
  readonly tracked: boolean;
  readonly inputs: readonly number[];
  readonly rule: Rule | undefined;
  /** How often it is an input. */
  uses: number;
}
