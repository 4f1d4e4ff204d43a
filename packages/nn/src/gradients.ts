import { sizeOf, UnsupportedError, ValueError } from '@ketwork/base';
import type {
  Batch,
  BuiltLayer,
  InputGradients,
  Loss,
  LossValues,
  MaybePromise,
  Model,
  PassOptions,
  PassTrace,
  PerExampleGrads,
  ScaledGrads,
  Tensor,
  ValueAndGrad,
} from './contract.ts';
import { couplingLayer, networkOf } from './model.ts';
import { Scratch, freshRoom } from './scratch.ts';
import type { Room } from './scratch.ts';
import { isPromise, shapeText } from './shape.ts';
import { Tape } from './tape.ts';
import type { GradientMode, TapeGradients } from './tape.ts';

/**
 * Runs a model on a batch, as in use rather than in training unless told otherwise.
 *
 * @param x Inputs, `[batch, ...inputShape]`.
 * @returns `[batch, ...outputShape]`; a promise only where a part of the model runs elsewhere.
 * @throws ValueError where the model is not built or the inputs do not fit.
 * @example
 * ```ts
 * import { dense, forward, sequential } from '@ketwork/nn';
 * const net = sequential(dense(2, 1));
 * net.build(3);
 * console.log(await forward(net, [0, 0, 1, 1])); // two numbers, the first 0
 * ```
 */
export function forward(
  model: Model | BuiltLayer,
  x: ArrayLike<number>,
  options: PassOptions = {},
): MaybePromise<Float64Array> {
  const { tape, outputs } = recordForward(networkOf(model), x, options, false, freshRoom);
  return after(tape.run(), () => tape.value(outputs).slice());
}

/**
 * A function that computes the loss of a batch without gradients, as in use rather than in training unless told
 * otherwise.
 *
 * @returns A function of batch and options; its result is a promise only where a part of the model runs elsewhere. It
 * throws ValueError where the model is not built or the batch does not fit.
 * @example
 * ```ts
 * import { dense, lossValues, mse, sequential } from '@ketwork/nn';
 * const net = sequential(dense(1, 1));
 * net.build(3);
 * const { losses } = await lossValues(net, mse)({ x: [0, 0], y: [1, 2] });
 * console.log(losses); // 1, 4
 * ```
 */
export function lossValues(
  model: Model | BuiltLayer,
  loss: Loss,
): (batch: Batch, options?: PassOptions) => MaybePromise<LossValues> {
  const scratch = new Scratch();
  return (batch, options = {}) => {
    const { room, end } = scratch.lease();
    const { tape, outputs } = recordForward(networkOf(model), batch.x, options, false, room);
    const losses = applyLoss(loss, outputs, batch);
    return after(tape.run(), () => {
      const result = {
        loss: meanOf(tape.value(losses)),
        losses: tape.value(losses).slice(),
        outputs: tape.value(outputs).slice(),
      };
      end([]);
      return result;
    });
  };
}

/**
 * A function that computes the mean loss of a batch and its gradient with respect to the model's parameters. Layers
 * behave as in training unless told otherwise; batch normalisation then updates its running statistics.
 *
 * @returns A function of batch and options; its result is a promise only where a part of the model runs elsewhere. It
 * throws ValueError where the model is not built or the batch does not fit.
 * @example
 * ```ts
 * import { adam, dense, mse, sequential, valueAndGrad } from '@ketwork/nn';
 * const net = sequential(dense(1, 1));
 * const { parameters } = net.build(1);
 * const optimizer = adam(0.1);
 * const state = optimizer.init(parameters);
 * const step = valueAndGrad(net, mse);
 * for (let i = 0; i < 200; i++) {
 *   const { grads } = await step({ x: [0, 1, 2], y: [1, 3, 5] });
 *   optimizer.step(parameters, grads, state);
 * }
 * console.log(parameters.map((p) => p.data[0])); // about 2 and 1
 * ```
 */
export function valueAndGrad(
  model: Model | BuiltLayer,
  loss: Loss,
): (batch: Batch, options?: PassOptions) => MaybePromise<ValueAndGrad> {
  const scratch = new Scratch();
  return (batch, options = {}) => {
    const run: Run = { network: networkOf(model), loss, mode: 'sum', scratch };
    return differentiate(run, batch, options, (losses, outputs, grads) => ({
      loss: meanOf(losses),
      outputs,
      grads,
    }));
  };
}

/**
 * A function that computes, for each example of a batch, its loss and the gradient of that loss with respect to the
 * model's parameters: what differentially private training clips. One pass for the whole batch; the mean of the
 * gradients over the examples is what {@link valueAndGrad} returns.
 *
 * @returns A function of batch and options; its result is a promise only where a part of the model runs elsewhere. It
 * throws ValueError where the model is not built or the batch does not fit, and UnsupportedError where a layer couples
 * the examples of a batch, as batch normalisation does.
 * @example
 * ```ts
 * import { dense, mse, perExampleGrads, sequential } from '@ketwork/nn';
 * const net = sequential(dense(1, 1));
 * net.build(1);
 * const { grads } = await perExampleGrads(net, mse)({ x: [0, 0], y: [1, 3] });
 * console.log(grads[1]); // gradients of the bias: -2, -6
 * ```
 */
export function perExampleGrads(
  model: Model | BuiltLayer,
  loss: Loss,
): (batch: Batch, options?: PassOptions) => MaybePromise<PerExampleGrads> {
  const scratch = new Scratch();
  return (batch, options = {}) => {
    const network = networkOf(model);
    refuseCoupled(network);
    const run: Run = { network, loss, mode: 'perExample', scratch };
    return differentiate(run, batch, options, (losses, outputs, grads) => ({
      losses: losses.slice(),
      outputs,
      grads,
    }));
  };
}

/**
 * A function that adds up the gradients of the examples of a batch, each times a factor that depends on its norms: what
 * differentially private training needs of them, without holding them (Goodfellow, arXiv:1510.01799; Li et al.,
 * arXiv:2110.05679). After the forward pass comes one pass for the squared norms, and one for the sum. Gradients of single
 * examples are formed only of parameters that enter several operations, and of few others: those of dense,
 * convolutional, embedding and quantum layers are not.
 *
 * @param factorsOf Gets the squared norms of each parameter's gradients, `[batch]` each, and returns as many arrays of
 * factors; the same array where parameters have the same factors, which saves time.
 * @returns A function of batch and options; its result is a promise only where a part of the model runs elsewhere. It
 * throws ValueError where the model is not built or the batch does not fit, and UnsupportedError where a layer couples
 * the examples of a batch, as batch normalisation does.
 * @example
 * ```ts
 * import { dense, mse, scaledGrads, sequential } from '@ketwork/nn';
 * const net = sequential(dense(1, 1));
 * net.build(1);
 * const clip = (squares: readonly Float64Array[]) => {
 *   const factors = squares[0]!.map((one, e) => Math.min(1, 1 / Math.sqrt(one + squares[1]![e]!)));
 *   return squares.map(() => factors);
 * };
 * const { grads } = await scaledGrads(net, mse, clip)({ x: [0, 0], y: [1, 3] });
 * console.log(grads[1]); // -2
 * ```
 */
export function scaledGrads(
  model: Model | BuiltLayer,
  loss: Loss,
  factorsOf: (squares: readonly Float64Array[]) => readonly Float64Array[],
): (batch: Batch, options?: PassOptions) => MaybePromise<ScaledGrads> {
  const scratch = new Scratch();
  return (batch, options = {}) => {
    const network = networkOf(model);
    refuseCoupled(network);
    const { room, end } = scratch.lease();
    const { tape, outputs } = recordForward(network, batch.x, options, true, room);
    const losses = applyLoss(loss, outputs, batch);
    const tensors = network.parameters.map((parameter) => tape.parameter(parameter));
    const ones = new Float64Array(tape.batch).fill(1);
    const sums = (squares: TapeGradients): MaybePromise<readonly Float64Array[]> => {
      const factors = factorsOf(tensors.map((tensor) => squares.of(tensor)));
      const different = [...new Set(factors)];
      if (different.length === 1)
        return after(tape.backward(losses, different[0]!), (gradients) =>
          tensors.map((tensor) => gradients.of(tensor)),
        );
      const scales = new Map(tensors.map((tensor, p) => [tensor, factors[p]!]));
      if (!tape.combines(scales))
        return after(tape.backward(losses, ones, 'sum', scales), (gradients) =>
          tensors.map((tensor) => gradients.of(tensor)),
        );
      // One pass for all parameters with the same factors.
      const passes = different.map((one) => tape.backward(losses, one));
      const choose = (all: readonly TapeGradients[]): readonly Float64Array[] =>
        tensors.map((tensor, p) => all[different.indexOf(factors[p]!)]!.of(tensor));
      return passes.some(isPromise)
        ? Promise.all(passes).then(choose)
        : choose(passes as TapeGradients[]);
    };
    const finish = (found: readonly Float64Array[]): ScaledGrads => {
      const grads = own(found);
      const result = {
        losses: tape.value(losses).slice(),
        outputs: tape.value(outputs).slice(),
        grads,
      };
      end(grads);
      return result;
    };
    return after(tape.run(), () =>
      after(tape.backward(losses, ones, 'squaredNorms'), (squares) => after(sums(squares), finish)),
    );
  };
}

/**
 * A function that computes, for each example of a batch, its loss and the gradient of that loss with respect to the
 * example's input, through all layers, quantum ones included: which way the input would have to change to be judged
 * differently. Parameters are not differentiated. Layers behave as in use rather than in training unless told otherwise;
 * where a layer couples the examples of a batch while training, the gradient is that of the sum of the losses.
 *
 * @returns A function of batch and options; its result is a promise only where a part of the model runs elsewhere. It
 * throws ValueError where the model is not built or the batch does not fit, and UnsupportedError where a layer has no
 * gradient with respect to its input.
 * @example
 * ```ts
 * import { dense, inputGradients, mse, sequential } from '@ketwork/nn';
 * const net = sequential(dense(1, 1));
 * const { parameters } = net.build(1);
 * parameters[0]!.data[0] = 2; // y = 2 x
 * const { grads } = await inputGradients(net, mse)({ x: [0, 1], y: [1, 1] });
 * console.log(grads); // -4, 4
 * ```
 */
export function inputGradients(
  model: Model | BuiltLayer,
  loss: Loss,
): (batch: Batch, options?: PassOptions) => MaybePromise<InputGradients> {
  const scratch = new Scratch();
  return (batch, options = {}) => {
    const { room, end } = scratch.lease();
    const network = networkOf(model);
    const recorded = recordForward(network, batch.x, options, false, room, 'input');
    const { tape, input, outputs } = recorded;
    const losses = applyLoss(loss, outputs, batch);
    const collect = (gradients: TapeGradients): InputGradients => {
      // The gradient may be the very array of the loss's cotangent, or one that the scratch will use again.
      const grads = gradients.of(input).slice();
      const result = {
        losses: tape.value(losses).slice(),
        outputs: tape.value(outputs).slice(),
        grads,
      };
      end([]);
      return result;
    };
    const ones = new Float64Array(tape.batch).fill(1);
    return after(tape.run(), () => after(tape.backward(losses, ones), collect));
  };
}

/**
 * Records one example's pass through a model in training, without running it, and tells what can be known of it.
 *
 * @throws ValueError where the model is not built.
 * @example
 * ```ts
 * import { dense, sequential, tracePass } from '@ketwork/nn';
 * const net = sequential(dense(2, 1));
 * net.build(1);
 * console.log(tracePass(net).drawsAtOnce); // false
 * ```
 */
export function tracePass(model: Model | BuiltLayer): PassTrace {
  const network = networkOf(model);
  const x = new Float64Array(sizeOf(network.inputShape));
  const { tape } = recordForward(network, x, { key: [0, 0] }, true, freshRoom);
  return { drawsAtOnce: tape.drawsAtOnce };
}

/** What all passes of a function have in common. */
interface Run {
  readonly network: BuiltLayer;
  readonly loss: Loss;
  readonly mode: GradientMode;
  readonly scratch: Scratch;
}

function differentiate<T>(
  { network, loss, mode, scratch }: Run,
  batch: Batch,
  options: PassOptions,
  finish: (losses: Float64Array, outputs: Float64Array, grads: readonly Float64Array[]) => T,
): MaybePromise<T> {
  const { room, end } = scratch.lease();
  const { tape, outputs } = recordForward(network, batch.x, options, true, room);
  const losses = applyLoss(loss, outputs, batch);
  const seed = new Float64Array(tape.batch).fill(mode === 'sum' ? 1 / tape.batch : 1);
  const collect = (gradients: TapeGradients): T => {
    const grads = own(network.parameters.map((one) => gradients.of(tape.parameter(one))));
    const result = finish(tape.value(losses), tape.value(outputs).slice(), grads);
    end(grads);
    return result;
  };
  return after(tape.run(), () => after(tape.backward(losses, seed, mode), collect));
}

/** Two parameters of one sum may get the very same array; callers own, and may change, what they get. */
function own(grads: readonly Float64Array[]): readonly Float64Array[] {
  const seen = new Set<Float64Array>();
  return grads.map((grad) => {
    if (seen.has(grad)) return grad.slice();
    seen.add(grad);
    return grad;
  });
}

function refuseCoupled(network: BuiltLayer): void {
  if (!network.couplesExamples) return;
  throw new UnsupportedError(
    `${couplingLayer(network)} makes every example depend on the others of its batch, so there is no gradient per example`,
    { remedy: 'Use layerNorm instead of batchNorm' },
  );
}

function recordForward(
  network: BuiltLayer,
  x: ArrayLike<number>,
  options: PassOptions,
  trains: boolean,
  room: Room,
  of: 'parameters' | 'input' = 'parameters',
): { tape: Tape; input: Tensor; outputs: Tensor } {
  const size = sizeOf(network.inputShape);
  const batch = x.length / size;
  if (!Number.isInteger(batch) || batch < 1) {
    throw new ValueError(
      `${x.length} numbers are not one or more examples of shape ${shapeText(network.inputShape)} (${size} numbers each)`,
      {
        remedy: 'Give inputs as a row-major array [batch, ...inputShape]',
      },
    );
  }
  const { training = trains, key, firstExample = 0 } = options;
  const tape = new Tape(batch, firstExample, room, of === 'parameters');
  const data = x instanceof Float64Array ? x : Float64Array.from(x);
  const input =
    of === 'input'
      ? tape.variable(data, network.inputShape, 'batch')
      : tape.constant(data, network.inputShape, 'batch');
  return { tape, input, outputs: network.forward(input, { tape, training, key, firstExample }) };
}

function applyLoss(loss: Loss, outputs: Tensor, batch: Batch): Tensor {
  const losses = loss.apply(outputs, batch.y);
  if (losses.axis !== 'batch' || losses.shape.length !== 0) {
    throw new ValueError(
      `${loss.name}: a loss must be one number per example (shape [] on the batch axis)`,
    );
  }
  return losses;
}

function meanOf(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total / values.length;
}

/** Goes on at once after a value, later after a promise. */
function after<A, B>(value: MaybePromise<A>, next: (value: A) => MaybePromise<B>): MaybePromise<B> {
  return isPromise(value) ? value.then(next) : next(value);
}
