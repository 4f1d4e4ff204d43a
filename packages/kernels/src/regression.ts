import { ValueError } from '@ketwork/base';
import { Matrix } from 'ml-matrix';
import { checkFinite, factored, matrixOf, sizeOfSquare } from './matrices.ts';
import { weighted } from './svm.ts';

/** Options of {@link kernelRidge}. */
export interface KernelRidgeOptions {
  /** Regularisation λ, added to the diagonal of the Gram matrix, above 0. Default 1. */
  readonly lambda?: number;
}

/** A trained kernel ridge regression. */
export interface KernelRidge {
  /** Dual coefficients, `[n]`. */
  readonly dual: Float64Array;
  /** Predictions `[m]` from the kernel `[m, n]` between new examples and those of the training. */
  predict(kernel: ArrayLike<number>): Float64Array;
}

/** Options of {@link gaussianProcess}. */
export interface GaussianProcessOptions {
  /** Variance of the noise on the targets, added to the diagonal of the Gram matrix, above 0. Default 1e-6. */
  readonly noise?: number;
}

/** A trained Gaussian process. */
export interface GaussianProcess {
  /** Logarithm of the marginal likelihood of the targets. */
  readonly logMarginalLikelihood: number;
  /**
   * Mean and variance of the function at new examples, without the noise.
   *
   * @param kernel `[m, n]` between new examples and those of the training.
   * @param diagonal The kernel of each new example with itself, `[m]`; all 1 by default, as fidelity kernels have it.
   */
  predict(
    kernel: ArrayLike<number>,
    diagonal?: ArrayLike<number>,
  ): { readonly mean: Float64Array; readonly variance: Float64Array };
}

/**
 * Kernel ridge regression, `α = (K + λ 1)⁻¹ t`, by Cholesky.
 *
 * @param gram `[n, n]`.
 * @param targets `[n]` numbers; labels of -1 and 1 make a classifier.
 * @throws ValueError for lengths that do not fit, λ out of range, or a matrix that is not positive definite with it.
 * @example
 * ```ts
 * import { kernelRidge, rbfKernel } from '@ketwork/kernels';
 * const kernel = rbfKernel(1);
 * const x = [[0], [1], [2]];
 * const ridge = kernelRidge(kernel.matrix(x), [0, 1, 4], { lambda: 0.01 });
 * console.log(ridge.predict(kernel.between([[1.5]], x))); // between 1 and 4
 * ```
 */
export function kernelRidge(
  gram: ArrayLike<number>,
  targets: ArrayLike<number>,
  options: KernelRidgeOptions = {},
): KernelRidge {
  const { lambda = 1 } = options;
  if (!(lambda > 0 && lambda < Infinity))
    throw new ValueError(`kernelRidge: lambda ${lambda} is not a finite number above 0`);
  const { dual } = solved('kernelRidge', gram, targets, lambda);
  return Object.freeze({
    dual,
    predict: (kernel: ArrayLike<number>) => weighted('kernelRidge', kernel, dual, 0),
  });
}

/**
 * Gaussian process regression on a precomputed kernel, by Cholesky (Rasmussen and Williams, algorithm 2.1).
 *
 * @param gram `[n, n]`.
 * @param targets `[n]`; take out their mean first, the process has mean 0.
 * @throws ValueError for lengths that do not fit, noise out of range, or a matrix that is not positive definite with it.
 * @example
 * ```ts
 * import { gaussianProcess, rbfKernel } from '@ketwork/kernels';
 * const kernel = rbfKernel(1);
 * const x = [[0], [1], [2]];
 * const process = gaussianProcess(kernel.matrix(x), [0, 1, 0], { noise: 0.01 });
 * const { mean, variance } = process.predict(kernel.between([[1], [9]], x));
 * console.log(mean, variance); // near 1 and 0; near 0 and 1
 * ```
 */
export function gaussianProcess(
  gram: ArrayLike<number>,
  targets: ArrayLike<number>,
  options: GaussianProcessOptions = {},
): GaussianProcess {
  const { noise = 1e-6 } = options;
  if (!(noise > 0 && noise < Infinity))
    throw new ValueError(`gaussianProcess: noise ${noise} is not a finite number above 0`);
  const { dual, cholesky } = solved('gaussianProcess', gram, targets, noise);
  const n = dual.length;
  const lower = cholesky.lowerTriangularMatrix.to2DArray();
  let likelihood = (-n / 2) * Math.log(2 * Math.PI);
  for (let i = 0; i < n; i++) likelihood -= 0.5 * targets[i]! * dual[i]! + Math.log(lower[i]![i]!);
  return Object.freeze({
    logMarginalLikelihood: likelihood,
    predict(kernel: ArrayLike<number>, diagonal?: ArrayLike<number>) {
      const mean = weighted('gaussianProcess', kernel, dual, 0);
      if (diagonal !== undefined && diagonal.length !== mean.length) {
        throw new ValueError(
          `gaussianProcess: ${diagonal.length} diagonal elements for ${mean.length} examples`,
        );
      }
      const variance = mean.map((_, r) => {
        // Forward substitution: what the training explains of this example is |L⁻¹ k|².
        const v = new Float64Array(n);
        let explained = 0;
        for (let i = 0; i < n; i++) {
          let rest = kernel[r * n + i]!;
          const row = lower[i]!;
          for (let j = 0; j < i; j++) rest -= row[j]! * v[j]!;
          v[i] = rest / row[i]!;
          explained += v[i]! ** 2;
        }
        return Math.max(0, (diagonal?.[r] ?? 1) - explained);
      });
      return { mean, variance };
    },
  });
}

function solved(
  what: string,
  gram: ArrayLike<number>,
  targets: ArrayLike<number>,
  diagonal: number,
): { dual: Float64Array; cholesky: ReturnType<typeof factored> } {
  const n = sizeOfSquare(what, gram);
  if (targets.length !== n)
    throw new ValueError(`${what}: ${targets.length} targets for ${n} examples`);
  checkFinite(`${what}: targets`, targets);
  const cholesky = factored(what, gram, n, diagonal);
  const column: Matrix = cholesky.solve(matrixOf(targets, n, 1));
  return { dual: Float64Array.from(column.to1DArray()), cholesky };
}
