import type { Key } from '@ketwork/base';
import type { Parameter, Shape } from './map.ts';
import type { Tape, Tensor } from './tape.ts';

export type {
  Axis,
  DifferentiableMap,
  MapInput,
  MaybePromise,
  Parameter,
  Shape,
  Want,
} from './map.ts';
export type { Tensor } from './tape.ts';

/** What a layer may use while it records its forward pass. */
export interface ForwardContext {
  /** The tape being recorded. */
  readonly tape: Tape;
  /** True while training: dropout drops, batch normalisation uses the statistics of the batch. */
  readonly training: boolean;
  /** Source of random numbers for this layer in this pass; undefined where the caller gave none. */
  readonly key: Key | undefined;
  /** Number of the batch's first example in the random streams. 0 unless a batch is processed in parts. */
  readonly firstExample: number;
}

/** A value that JSON can hold. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

/**
 * A description of a layer: immutable, without parameters, usable in any number of models.
 * `JSON.stringify` of a layer gives its kind and settings.
 */
export interface Layer {
  /** Name of the kind of layer, such as `dense`. */
  readonly kind: string;
  /** Shape of one example's input where the layer alone determines it, as `dense(784, 4)` does. */
  readonly inputShape?: Shape;
  /** Allocates and initialises parameters for inputs of this shape. @throws ValueError where the layer cannot take such inputs. */
  build(inputShape: Shape, key: Key): BuiltLayer;
  /** Kind and settings as plain data. */
  toJSON(): Json;
}

/** A layer with its parameters. A whole model, once built, is one too. */
export interface BuiltLayer {
  /** Name of the kind of layer. */
  readonly kind: string;
  /** Shape of one example's input. */
  readonly inputShape: Shape;
  /** Shape of one example's output. */
  readonly outputShape: Shape;
  /** What training changes. Names are relative to this layer. */
  readonly parameters: readonly Parameter[];
  /** Numbers that belong to the layer but are not trained, such as running statistics; saved with the parameters. */
  readonly buffers: readonly Parameter[];
  /** True where the output of an example depends on the other examples of the batch while training, as in batch normalisation. */
  readonly couplesExamples: boolean;
  /** The layers inside, where this is a composition; used to name a layer in messages. */
  readonly children?: readonly BuiltLayer[];
  /**
   * Records the layer on the tape; runs nothing. `x` has shape `inputShape` on the batch axis, the result
   * `outputShape`. Parameters enter by `context.tape.parameter(p)`.
   */
  forward(x: Tensor, context: ForwardContext): Tensor;
  /** Gives the layer the engine that runs it (a quantum layer compiles its circuit here). Layers that need none lack it. */
  bind?(engine: unknown): void;
  /** Whether an engine is bound, in every layer inside that needs one. Layers that need none lack it. */
  bound?(): boolean;
}

/** A composition of layers that holds its parameters once built; made by `sequential`. */
export interface Model extends Layer {
  /** The layers in order. */
  readonly layers: readonly Layer[];
  /** The built model with its parameters; undefined before `build`. Training changes these parameters. */
  readonly network: BuiltLayer | undefined;
  /**
   * Allocates new parameters, makes them the model's own and returns the built model. The input shape may be left out
   * where the first layer determines it.
   * @throws ValueError where the input shape is unknown or a layer cannot take its input.
   */
  build(seed: number): BuiltLayer;
  build(inputShape: Shape, seed: number | Key): BuiltLayer;
}

/**
 * A loss: one number per example, averaged over the batch by those who use it.
 * Each loss documents how it reads `targets`.
 */
export interface Loss {
  /** Name for messages and reports. */
  readonly name: string;
  /**
   * Records the loss of each example, shape `[]` on the batch axis.
   * @throws ValueError where the targets do not fit the outputs.
   */
  apply(outputs: Tensor, targets: ArrayLike<number>): Tensor;
}

/** A batch of examples, row-major. */
export interface Batch {
  /** Inputs, `[batch, ...inputShape]`. */
  readonly x: ArrayLike<number>;
  /** Targets as the loss reads them, such as `[batch]` labels. */
  readonly y: ArrayLike<number>;
}

/** Options of a pass through a model that trains it. */
export interface PassOptions {
  /** Whether layers behave as in training. Default true for gradients, false for `forward`. */
  readonly training?: boolean;
  /** Source of random numbers; needed where a layer draws some (dropout). Give a new one every step. */
  readonly key?: Key;
  /** Number of the batch's first example in the random streams. Default 0. */
  readonly firstExample?: number;
}

/** What is known of a pass before it runs. */
export interface PassTrace {
  /**
   * Whether some layer draws random numbers for the batch as a whole, as one does that estimates from shots: other examples
   * in the batch then mean other numbers. Dropout draws by example.
   */
  readonly drawsAtOnce: boolean;
}

/** Losses of a batch, without gradients. */
export interface LossValues {
  /** Mean loss of the batch. */
  readonly loss: number;
  /** Loss of each example, `[batch]`. */
  readonly losses: Float64Array;
  /** The model's outputs, `[batch, ...outputShape]`. */
  readonly outputs: Float64Array;
}

/** Loss and gradients of one batch. */
export interface ValueAndGrad {
  /** Mean loss of the batch. */
  readonly loss: number;
  /** The model's outputs, `[batch, ...outputShape]`. */
  readonly outputs: Float64Array;
  /** Gradient of the mean loss with respect to each of the model's parameters, in their order and shapes. */
  readonly grads: readonly Float64Array[];
}

/** Losses and gradients of each example of a batch. */
export interface PerExampleGrads {
  /** Loss of each example, `[batch]`. */
  readonly losses: Float64Array;
  /** The model's outputs, `[batch, ...outputShape]`. */
  readonly outputs: Float64Array;
  /** For each of the model's parameters the gradient of each example's own loss, `[batch, ...parameter shape]`. */
  readonly grads: readonly Float64Array[];
}

/** A sum of gradients of examples, each with a factor. */
export interface ScaledGrads {
  /** Loss of each example, `[batch]`. */
  readonly losses: Float64Array;
  /** The model's outputs, `[batch, ...outputShape]`. */
  readonly outputs: Float64Array;
  /** For each of the model's parameters the sum of the examples' gradients times their factors, in its shape. */
  readonly grads: readonly Float64Array[];
}

/** Losses of a batch and their gradients with respect to its inputs. */
export interface InputGradients {
  /** Loss of each example, `[batch]`. */
  readonly losses: Float64Array;
  /** The model's outputs, `[batch, ...outputShape]`. */
  readonly outputs: Float64Array;
  /** Gradient of each example's own loss with respect to its input, `[batch, ...inputShape]`. */
  readonly grads: Float64Array;
}

/** State of an optimiser: plain data, to be saved with a checkpoint. */
export interface OptimizerState {
  /** Number of steps taken. */
  step: number;
  /** Running averages by name (such as `momentum`), one array per parameter. */
  readonly slots: Readonly<Record<string, readonly Float64Array[]>>;
  /** Factor on the optimiser's learning rate, as training sets it where learning stands still. Default 1. */
  rateScale?: number;
}

/** A rule that changes parameters along their gradients. It holds no state itself. */
export interface Optimizer {
  /** Name for messages and reports. */
  readonly name: string;
  /** The settings as plain data. A learning rate that is a function without settings is not among them. */
  readonly settings: Readonly<Record<string, Json>>;
  /** The learning rate of the next step, where the optimiser has one. */
  rate?(state: OptimizerState): number;
  /** The state before the first step. */
  init(parameters: readonly Parameter[]): OptimizerState;
  /**
   * Takes one step: changes the parameters and the state in place.
   * @throws ValueError where gradients or state do not fit the parameters; nothing is changed then.
   */
  step(
    parameters: readonly Parameter[],
    grads: readonly ArrayLike<number>[],
    state: OptimizerState,
  ): void;
}

/** An array with its shape, as files of parameters hold it. */
export interface ShapedArray {
  /** Sizes of the axes, row-major order. */
  readonly shape: Shape;
  /** The values, `[...shape]`. */
  readonly data: Float64Array;
}
