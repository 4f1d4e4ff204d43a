import { ValueError } from '@ketwork/base';
import { rocAuc } from '@ketwork/nn';
import { classesOf, confusionOf, truthOf, widthOf } from './classes.ts';
import type { Metric } from './metric.ts';

/**
 * Share of examples whose predicted class is the true one. With one output per example it is a logit (above 0 means class
 * 1), with several the class is the largest one. Targets: class indices `[batch]`, with one
 * output also -1 for class 0, or rows such as one-hot ones whose largest element is the class.
 *
 * @throws ValueError where outputs or targets do not divide into examples.
 * @example
 * ```ts
 * import { accuracy } from '@ketwork/training';
 * console.log(accuracy.evaluate(Float64Array.of(0.1, 0.9, 0.8, 0.2), [1, 1], 2)); // 0.5
 * ```
 */
export const accuracy: Metric = Object.freeze<Metric>({
  name: 'accuracy',
  better: 'higher',
  evaluate(outputs, targets, examples) {
    const predicted = classesOf(outputs, examples);
    const truth = truthOf(targets, examples, widthOf(outputs, examples));
    let correct = 0;
    for (let e = 0; e < examples; e++) if (predicted[e] === truth[e]) correct++;
    return correct / examples;
  },
});

/**
 * Area under the receiver operating characteristic: the probability that an example of the class gets a higher score
 * than one that is not of it, equal scores counting half. With one output per example that is the score of class 1; with
 * two it is the difference; with more it is the mean over the classes of each against the rest, by softmax
 * probabilities, as scikit-learn's `roc_auc_score(multi_class='ovr')`. Targets as for {@link accuracy}.
 *
 * @throws ValueError where an output is NaN, or a class has no example or all of them.
 * @example
 * ```ts
 * import { auc } from '@ketwork/training';
 * console.log(auc.evaluate(Float64Array.of(-1, 0.2, 0.2, 3), [0, 0, 1, 1], 4)); // 0.875
 * ```
 */
export const auc: Metric = Object.freeze<Metric>({
  name: 'auc',
  better: 'higher',
  over: 'all',
  evaluate(outputs, targets, examples) {
    const width = widthOf(outputs, examples);
    const truth = truthOf(targets, examples, width);
    if (width === 1) return areaOf(outputs, truth, 1);
    if (width === 2) {
      const scores = Float64Array.from(
        { length: examples },
        (_, e) => outputs[2 * e + 1]! - outputs[2 * e]!,
      );
      return areaOf(scores, truth, 1);
    }
    const shares = softmaxRows(outputs, width);
    let sum = 0;
    for (let label = 0; label < width; label++) {
      const scores = Float64Array.from({ length: examples }, (_, e) => shares[e * width + label]!);
      sum += areaOf(scores, truth, label);
    }
    return sum / width;
  },
});

/**
 * The F1 score, 2 · precision · recall / (precision + recall), 0 where a class was never predicted rightly. `binary`: of
 * class 1 of two; `macro`: the mean over the classes that occur in targets or predictions; `micro`: from the counts of
 * all classes together, which is the accuracy. Named `f1`, `f1Macro` and `f1Micro`. Targets as for {@link accuracy}.
 *
 * @param average Default `binary`.
 * @throws ValueError for another average; when evaluated, where `binary` meets more than two classes or a label is not a
 * class.
 * @example
 * ```ts
 * import { f1 } from '@ketwork/training';
 * console.log(f1().evaluate(Float64Array.of(1, 1, -1, -1), [1, 0, 1, 0], 4)); // 0.5
 * ```
 */
export function f1(average: 'binary' | 'macro' | 'micro' = 'binary'): Metric {
  const names = { binary: 'f1', macro: 'f1Macro', micro: 'f1Micro' };
  if (!Object.hasOwn(names, average))
    throw new ValueError(`f1: '${average}' is not an average`, {
      remedy: 'Use binary, macro or micro',
    });
  return Object.freeze<Metric>({
    name: names[average],
    better: 'higher',
    over: 'all',
    evaluate(outputs, targets, examples) {
      const width = widthOf(outputs, examples);
      const classes = Math.max(2, width);
      const truth = truthOf(targets, examples, width);
      const counts = confusionOf(truth, classesOf(outputs, examples), classes);
      if (average === 'binary') {
        if (classes > 2)
          throw new ValueError(`f1: there are ${classes} classes`, {
            remedy: "Use f1('macro') or f1('micro')",
          });
        return scoreOf(counts, 1);
      }
      if (average === 'micro') {
        let right = 0;
        for (let c = 0; c < classes; c++) right += counts[c]![c]!;
        return right / examples;
      }
      const scores = counts.flatMap((row, c) =>
        row.some((n) => n > 0) || counts.some((other) => other[c]! > 0) ? [scoreOf(counts, c)] : [],
      );
      return scores.reduce((a, b) => a + b, 0) / scores.length;
    },
  });
}

/** F1 of one class from a confusion matrix: 2 TP / (2 TP + FP + FN). */
function scoreOf(counts: readonly (readonly number[])[], label: number): number {
  const right = counts[label]![label]!;
  const actual = counts[label]!.reduce((a, b) => a + b, 0);
  const predicted = counts.reduce((sum, row) => sum + row[label]!, 0);
  return right === 0 ? 0 : (2 * right) / (actual + predicted);
}

/** The area for one class against all others. */
function areaOf(scores: Float64Array, truth: ArrayLike<number>, label: number): number {
  const own = Uint8Array.from({ length: scores.length }, (_, e) => (truth[e] === label ? 1 : 0));
  return rocAuc(scores, own);
}

function softmaxRows(outputs: Float64Array, width: number): Float64Array {
  const shares = new Float64Array(outputs.length);
  for (let row = 0; row < outputs.length; row += width) {
    const largest = Math.max(...outputs.subarray(row, row + width));
    let total = 0;
    for (let i = row; i < row + width; i++) total += shares[i] = Math.exp(outputs[i]! - largest);
    for (let i = row; i < row + width; i++) shares[i]! /= total;
  }
  return shares;
}
