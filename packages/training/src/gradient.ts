import type { Key } from '@ketwork/base';
import { ops, valueAndGrad } from '@ketwork/nn';
import type { BuiltLayer, Loss, MaybePromise, ValueAndGrad } from '@ketwork/nn';
import type { WeightedBatch } from './data.ts';

/** Consecutive examples of a batch. */
export interface Piece {
  readonly first: number;
  readonly count: number;
}

/** Computes the mean loss of a batch and its gradient. */
export type BatchGradient = (batch: WeightedBatch, key: Key) => MaybePromise<ValueAndGrad>;

/** Cuts a batch into pieces of so many examples, the last one of what is left. */
export function piecesOf(count: number, size: number): Piece[] {
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => ({
    first: i * size,
    count: Math.min(size, count - i * size),
  }));
}

/** The rows of a piece. */
export function partOf(batch: WeightedBatch, { first, count }: Piece): WeightedBatch {
  const rows = (array: Float64Array): Float64Array => {
    const width = array.length / batch.count;
    return array.slice(first * width, (first + count) * width);
  };
  return {
    count,
    x: rows(batch.x),
    y: rows(batch.y),
    ...(batch.weights === undefined ? {} : { weights: rows(batch.weights) }),
  };
}

/**
 * The gradient of a batch, piece after piece: examples keep their numbers in the random streams, and sums are formed in
 * the order of the pieces, so that the result depends on the size of the pieces only.
 */
export function pieceByPiece(network: BuiltLayer, loss: Loss, size: number): BatchGradient {
  const gradient = pieceGradient(network, loss);
  return async (batch, key) => {
    const pieces = piecesOf(batch.count, size);
    const total = new GradientSum(batch.count);
    for (const piece of pieces)
      total.add(
        await gradient(pieces.length === 1 ? batch : partOf(batch, piece), key, piece.first),
        piece.count,
      );
    return total.result();
  };
}

/** Computes the gradient of one piece. `first` is the number of its first example. */
export type PieceGradient = (
  batch: WeightedBatch,
  key: Key,
  first: number,
) => MaybePromise<ValueAndGrad>;

/** A loss times the weights of the batch to come, where it has any. */
export function weightedLoss(loss: Loss): {
  readonly loss: Loss;
  /** Sets the weights; a pass applies the loss before its call returns, so that they are those of its batch. */
  readonly use: (weights: Float64Array | undefined) => void;
} {
  let current: Float64Array | undefined;
  return {
    loss: {
      name: loss.name,
      apply(outputs, targets) {
        const losses = loss.apply(outputs, targets);
        return current === undefined
          ? losses
          : ops.mul(losses, outputs.tape.constant(current, [], 'batch'));
      },
    },
    use(weights) {
      current = weights;
    },
  };
}

/** The gradient of pieces of batches: one function for all, since it uses its memory again. */
export function pieceGradient(network: BuiltLayer, loss: Loss): PieceGradient {
  const weighted = weightedLoss(loss);
  const gradient = valueAndGrad(network, weighted.loss);
  return (batch, key, first) => {
    weighted.use(batch.weights);
    return gradient(batch, { key, firstExample: first });
  };
}

/** Adds up the mean losses and gradients of pieces, in the order in which they come. */
export class GradientSum {
  readonly #count: number;
  #loss = 0;
  #outputs: Float64Array | undefined;
  #grads: readonly Float64Array[] | undefined;
  #done = 0;

  /** @param count Examples of all pieces together. */
  constructor(count: number) {
    this.#count = count;
  }

  /** Takes the result over: its arrays are changed or kept. */
  add({ loss, outputs, grads }: ValueAndGrad, count: number): void {
    if (count === this.#count) {
      this.#loss = loss;
      this.#outputs = outputs;
      this.#grads = grads;
      return;
    }
    const share = count / this.#count;
    this.#loss += loss * share;
    this.#outputs ??= new Float64Array((outputs.length / count) * this.#count);
    this.#outputs.set(outputs, (outputs.length / count) * this.#done);
    this.#done += count;
    if (this.#grads === undefined) {
      for (const grad of grads) for (let i = 0; i < grad.length; i++) grad[i]! *= share;
      this.#grads = grads;
      return;
    }
    this.#grads.forEach((sum, p) => {
      const grad = grads[p]!;
      for (let i = 0; i < sum.length; i++) sum[i]! += share * grad[i]!;
    });
  }

  result(): ValueAndGrad {
    return { loss: this.#loss, outputs: this.#outputs!, grads: this.#grads! };
  }
}

/** Arrays one after the other; the array itself where there is one only. */
export function joined(arrays: readonly Float64Array[]): Float64Array {
  if (arrays.length === 1) return arrays[0]!;
  const out = new Float64Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    out.set(array, at);
    at += array.length;
  }
  return out;
}
