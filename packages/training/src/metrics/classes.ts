import { ValueError } from '@ketwork/base';

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
  const size = widthOf(outputs, examples);
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
 * @param predicted Predicted classes, `[examples]`, such as `classesOf` returns.
 * @param classes Number of classes.
 * @returns `counts[a][p]`: rows are true classes, columns predicted ones.
 * @throws ValueError where the lengths differ or a class is not an integer from 0 to `classes - 1`.
 * @example
 * ```ts
 * import { confusionOf } from '@ketwork/training';
 * console.log(confusionOf([0, 0, 1, 1], [0, 1, 1, 1], 2)); // [ [ 1, 1 ], [ 0, 2 ] ]
 * ```
 */
export function confusionOf(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): number[][] {
  if (truth.length !== predicted.length)
    throw new ValueError(
      `confusionOf: ${truth.length} true classes for ${predicted.length} predicted ones`,
    );
  const counts = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0));
  for (let e = 0; e < truth.length; e++) {
    const [actual, guess] = [truth[e]!, predicted[e]!];
    const row = counts[actual];
    if (row?.[guess] === undefined)
      throw new ValueError(
        `confusionOf: example ${e} is of class ${actual} and predicted as ${guess}, which are not integers from 0 to ${classes - 1}`,
      );
    row[guess] += 1;
  }
  return counts;
}

/** Numbers per example. */
export function widthOf(outputs: ArrayLike<number>, examples: number): number {
  const size = outputs.length / examples;
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new ValueError(`${outputs.length} outputs are not rows of ${examples} examples`);
  }
  return size;
}

/**
 * True classes from class indices `[examples]` or rows whose largest element is the class. With one output per example
 * -1, which `hinge` takes, is class 0.
 */
export function truthOf(
  targets: ArrayLike<number>,
  examples: number,
  outputs: number,
): ArrayLike<number> {
  if (targets.length !== examples) return classesOf(targets, examples);
  return outputs === 1
    ? Float64Array.from(targets, (target) => (target === -1 ? 0 : target))
    : targets;
}
