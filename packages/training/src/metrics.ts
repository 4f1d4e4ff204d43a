import { ValueError } from '@ketwork/base';

/** A number that says how good outputs are: a mean over the examples. */
export interface Metric {
  /** Name under which results have it. */
  readonly name: string;
  /** Which way is better; early stop reads it. */
  readonly better: 'higher' | 'lower';
  /**
   * Mean over a batch of examples.
   *
   * @param outputs Outputs of the model, `[batch, ...outputShape]`.
   * @param targets Targets of the batch, as the loss reads them.
   * @param batch Number of examples.
   */
  evaluate(outputs: Float64Array, targets: ArrayLike<number>, batch: number): number;
}

/**
 * Share of examples whose predicted class is the true one. With one output per example it is a logit (above 0 means class
 * 1), with several the class is the largest one. Targets: class indices `[batch]`, or rows such as one-hot ones whose
 * largest element is the class.
 *
 * @throws ValueError where outputs or targets do not divide into examples.
 * @example
 * ```ts
 * import { accuracy } from '@ketwork/training';
 * console.log(accuracy.evaluate(Float64Array.of(0.1, 0.9, 0.8, 0.2), [1, 1], 2)); // 0.5
 * ```
 */
export const accuracy: Metric = Object.freeze({
  name: 'accuracy',
  better: 'higher' as const,
  evaluate(outputs: Float64Array, targets: ArrayLike<number>, batch: number): number {
    const predicted = classesOf(outputs, batch);
    const truth = targets.length === batch ? targets : classesOf(targets, batch);
    let correct = 0;
    for (let e = 0; e < batch; e++) if (predicted[e] === truth[e]) correct++;
    return correct / batch;
  },
});

/**
 * Mean squared difference between outputs and targets of the same length.
 *
 * @throws ValueError where the lengths differ.
 * @example
 * ```ts
 * import { meanSquaredError } from '@ketwork/training';
 * console.log(meanSquaredError.evaluate(Float64Array.of(1, 2), [0, 0], 2)); // 2.5
 * ```
 */
export const meanSquaredError: Metric = Object.freeze({
  name: 'mse',
  better: 'lower' as const,
  evaluate(outputs: Float64Array, targets: ArrayLike<number>): number {
    if (outputs.length !== targets.length) {
      throw new ValueError(`mse: ${outputs.length} outputs for ${targets.length} targets`, {
        remedy: 'Use accuracy for class labels',
      });
    }
    let sum = 0;
    for (let i = 0; i < outputs.length; i++) sum += (outputs[i]! - targets[i]!) ** 2;
    return sum / outputs.length;
  },
});

/**
 * The class of each example: the index of its largest output, the first of equal ones; with one output per example 1
 * where it is above 0.
 *
 * @param outputs `[examples, classes]`, or `[examples]` logits.
 * @param examples Number of examples.
 * @returns `[examples]` class indices.
 * @throws ValueError where the outputs do not divide into that many examples.
 * @example
 * ```ts
 * import { classesOf } from '@ketwork/training';
 * console.log(classesOf([0.1, 0.9, 0.8, 0.2], 2)); // 1, 0
 * ```
 */
export function classesOf(outputs: ArrayLike<number>, examples: number): Uint32Array {
  const size = outputs.length / examples;
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new ValueError(`${outputs.length} outputs are not rows of ${examples} examples`);
  }
  return Uint32Array.from({ length: examples }, (_, e) => {
    if (size === 1) return outputs[e]! > 0 ? 1 : 0;
    let best = 0;
    for (let i = 1; i < size; i++) if (outputs[e * size + i]! > outputs[e * size + best]!) best = i;
    return best;
  });
}

/**
 * Counts how often class `a` was predicted as class `p`.
 *
 * @param truth True classes, `[examples]`.
 * @param predicted Predicted classes, `[examples]`.
 * @param classes Number of classes.
 * @returns `counts[a][p]`: rows are true classes, columns predicted ones.
 */
export function confusionOf(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): number[][] {
  const counts = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0));
  for (let e = 0; e < truth.length; e++) counts[truth[e]!]![predicted[e]!]! += 1;
  return counts;
}

/** Means of metrics (and of the loss) over batches of different size. */
export class Means {
  readonly #metrics: readonly Metric[];
  readonly #sums: number[];
  #loss = 0;
  #examples = 0;

  constructor(metrics: readonly Metric[]) {
    this.#metrics = metrics;
    this.#sums = metrics.map(() => 0);
  }

  add(loss: number, outputs: Float64Array, targets: ArrayLike<number>, batch: number): void {
    this.#loss += loss * batch;
    this.#metrics.forEach((metric, i) => {
      this.#sums[i]! += batch * metric.evaluate(outputs, targets, batch);
    });
    this.#examples += batch;
  }

  get loss(): number {
    return this.#loss / this.#examples;
  }

  get metrics(): Record<string, number> {
    return Object.fromEntries(
      this.#metrics.map(({ name }, i) => [name, this.#sums[i]! / this.#examples]),
    );
  }
}
