import { matmul, sizeOf, ValueError } from '@ketwork/base';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { Dataset } from './dataset.ts';

/** The directions in which a data set varies most, see {@link principalComponents}. */
export interface PrincipalComponents {
  /** Shape of one example of the data they were found in. */
  readonly inputShape: readonly number[];
  /** Mean of each feature, `[features]`. */
  readonly mean: Float64Array;
  /** Orthonormal directions, one per row, `[count, features]`. */
  readonly components: Float64Array;
  /** Variance along each direction (divisor: number of examples), descending, `[count]`. */
  readonly variances: Float64Array;
  /** Share of the whole variance that each direction holds, `[count]`. */
  readonly shares: Float64Array;
}

/**
 * Principal component analysis: the orthogonal directions of largest variance, from the eigenvectors of the covariance
 * matrix. Each direction points where its largest element is positive, so that signs are defined.
 *
 * Time grows with the cube of the number of features: 784 take a few seconds.
 *
 * @param count Number of directions, at most the number of features.
 * @throws ValueError where the data set is empty or count does not fit.
 * @example
 * ```ts
 * import { principalComponents, projectComponents, twoMoons } from '@ketwork/datasets';
 * const moons = twoMoons({ count: 100, seed: 1 });
 * const pca = principalComponents(moons, 1);
 * console.log(projectComponents(moons, pca).inputShape, pca.shares[0]! > 0.5); // [ 1 ] true
 * ```
 */
export function principalComponents(data: Dataset, count: number): PrincipalComponents {
  const features = sizeOf(data.inputShape);
  if (data.size === 0) throw new ValueError(`data set "${data.name}" is empty: it does not vary`);
  if (!Number.isSafeInteger(count) || count < 1 || count > features) {
    throw new ValueError(
      `principalComponents: count ${count} is not an integer from 1 to ${features}, the number of features`,
    );
  }
  const mean = new Float64Array(features);
  for (let i = 0; i < data.inputs.length; i++) mean[i % features]! += data.inputs[i]!;
  for (let j = 0; j < features; j++) mean[j]! /= data.size;
  const centred = data.inputs.map((value, i) => value - mean[i % features]!);
  const covariance = matmul(centred, centred, features, data.size, features, { transposeA: true });
  const matrix = Matrix.from1DArray(features, features, covariance).div(data.size);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  const order = Array.from(realEigenvalues, (value, column) => ({ value, column })).sort(
    (a, b) => b.value - a.value,
  );
  // Rounding makes variances of directions that do not vary slightly negative.
  const variances = Float64Array.from(order, ({ value }) => Math.max(0, value));
  const total = variances.reduce((sum, value) => sum + value, 0);
  const components = new Float64Array(count * features);
  for (let k = 0; k < count; k++) {
    let largest = 0;
    for (let j = 0; j < features; j++) {
      const value = eigenvectorMatrix.get(j, order[k]!.column);
      components[k * features + j] = value;
      if (Math.abs(value) > Math.abs(largest)) largest = value;
    }
    if (largest > 0) continue;
    for (let j = 0; j < features; j++) components[k * features + j]! *= -1;
  }
  return Object.freeze({
    inputShape: data.inputShape,
    mean,
    components,
    variances: variances.slice(0, count),
    shares: variances.slice(0, count).map((value) => (total === 0 ? 0 : value / total)),
  });
}

/**
 * Coordinates of the examples along principal components, `[count]` per example.
 *
 * @throws ValueError where the data have another number of features than those the components were found in.
 * @example
 * ```ts
 * import { principalComponents, projectComponents, twoMoons } from '@ketwork/datasets';
 * const pca = principalComponents(twoMoons({ count: 80, seed: 1 }), 1);
 * console.log(projectComponents(twoMoons({ count: 20, seed: 2 }), pca).inputs.length); // 20
 * ```
 */
export function projectComponents(data: Dataset, pca: PrincipalComponents): Dataset {
  const { mean, components, variances } = pca;
  const features = mean.length;
  if (sizeOf(data.inputShape) !== features) {
    throw new ValueError(
      `data set "${data.name}" has ${sizeOf(data.inputShape)} features, the components ${features}`,
      { remedy: 'Find them with principalComponents in data of the same shape' },
    );
  }
  const count = variances.length;
  const centred = data.inputs.map((value, i) => value - mean[i % features]!);
  const inputs = matmul(centred, components, data.size, features, count, { transposeB: true });
  return Object.freeze({ ...data, inputs, inputShape: Object.freeze([count]) });
}

/**
 * The examples that coordinates along principal components stand for: the inverse of {@link projectComponents}, but for
 * what the components leave out.
 *
 * @throws ValueError where the data have not one coordinate per component.
 * @example
 * ```ts
 * import { principalComponents, projectComponents, restoreComponents, twoMoons } from '@ketwork/datasets';
 * const moons = twoMoons({ count: 100, seed: 1 });
 * const pca = principalComponents(moons, 2);
 * console.log(restoreComponents(projectComponents(moons, pca), pca).inputShape); // [ 2 ]
 * ```
 */
export function restoreComponents(data: Dataset, pca: PrincipalComponents): Dataset {
  const { mean, components, variances, inputShape } = pca;
  const count = variances.length;
  if (sizeOf(data.inputShape) !== count) {
    throw new ValueError(
      `data set "${data.name}" has ${sizeOf(data.inputShape)} numbers per example where there are ${count} components`,
    );
  }
  const features = mean.length;
  const inputs = matmul(data.inputs, components, data.size, count, features);
  for (let i = 0; i < inputs.length; i++) inputs[i]! += mean[i % features]!;
  return Object.freeze({ ...data, inputs, inputShape });
}
