import { ValueError } from '@ketwork/base';
import { widthOf } from './classes.ts';
import type { Metric } from './metric.ts';

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
export const meanSquaredError: Metric = Object.freeze<Metric>({
  name: 'mse',
  better: 'lower',
  evaluate(outputs, targets) {
    checkLengths('mse', outputs, targets);
    let sum = 0;
    for (let i = 0; i < outputs.length; i++) sum += (outputs[i]! - targets[i]!) ** 2;
    return sum / outputs.length;
  },
});

/**
 * Mean absolute difference between outputs and targets of the same length.
 *
 * @throws ValueError where the lengths differ.
 * @example
 * ```ts
 * import { meanAbsoluteError } from '@ketwork/training';
 * console.log(meanAbsoluteError.evaluate(Float64Array.of(1, 2), [0, 0], 2)); // 1.5
 * ```
 */
export const meanAbsoluteError: Metric = Object.freeze<Metric>({
  name: 'mae',
  better: 'lower',
  evaluate(outputs, targets) {
    checkLengths('mae', outputs, targets);
    let sum = 0;
    for (let i = 0; i < outputs.length; i++) sum += Math.abs(outputs[i]! - targets[i]!);
    return sum / outputs.length;
  },
});

/**
 * Coefficient of determination, 1 - Σ (target - output)² / Σ (target - mean)², the mean over the numbers of an example.
 * 1 is perfect, 0 as good as the mean of the targets. Where targets are all equal it is 1 if the outputs are too, else 0,
 * as in scikit-learn.
 *
 * @throws ValueError where the lengths differ or there are fewer than two examples.
 * @example
 * ```ts
 * import { rSquared } from '@ketwork/training';
 * console.log(rSquared.evaluate(Float64Array.of(1, 2, 3), [1, 2, 4], 3).toFixed(3)); // 0.786
 * ```
 */
export const rSquared: Metric = Object.freeze<Metric>({
  name: 'rSquared',
  better: 'higher',
  over: 'all',
  evaluate(outputs, targets, examples) {
    checkLengths('rSquared', outputs, targets);
    if (examples < 2) throw new ValueError('rSquared: one example has no variance to explain');
    const width = widthOf(outputs, examples);
    let sum = 0;
    for (let k = 0; k < width; k++) {
      // The mean of the differences to the first one, so that equal targets have no spread from rounding.
      let mean = 0;
      for (let i = k; i < outputs.length; i += width) mean += targets[i]! - targets[k]!;
      mean = targets[k]! + mean / examples;
      let rest = 0;
      let spread = 0;
      for (let i = k; i < outputs.length; i += width) {
        rest += (targets[i]! - outputs[i]!) ** 2;
        spread += (targets[i]! - mean) ** 2;
      }
      sum += rest === 0 ? 1 : spread === 0 ? 0 : 1 - rest / spread;
    }
    return sum / width;
  },
});

function checkLengths(name: string, outputs: ArrayLike<number>, targets: ArrayLike<number>): void {
  if (outputs.length === targets.length) return;
  throw new ValueError(`${name}: ${outputs.length} outputs for ${targets.length} targets`, {
    remedy: 'Use accuracy for class labels',
  });
}
