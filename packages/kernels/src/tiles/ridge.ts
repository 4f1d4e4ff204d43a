import { ValueError } from '@ketwork/base';
import type { Numbers } from '@ketwork/simulator';
import type { Kernel, KernelCall } from '../contract.ts';
import { checkFinite } from '../matrices.ts';
import { flatNumbers } from '../numbers.ts';
import { weighted } from '../svm.ts';
import type { TiledKernel } from './tiled-kernel.ts';

/** Options of {@link tiledKernelRidge}. */
export interface TiledKernelRidgeOptions {
  /** Regularisation λ, added to the diagonal of the Gram matrix, above 0. Default 1. */
  readonly lambda?: number;
  /** Norm of the residual over that of the targets at which it stops, above 0. Default 1e-6. */
  readonly tolerance?: number;
  /** Most products with the matrix. Default 1000. */
  readonly maxIterations?: number;
  /** Stops between two products: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called after each product with their number and the relative residual. */
  readonly onStep?: (step: number, residual: number) => void;
}

/** What {@link tiledKernelRidge} found. */
export interface TiledKernelRidge {
  /** Dual coefficients, `[n]`. */
  readonly dual: Float64Array;
  /** Products with the matrix. */
  readonly iterations: number;
  /** Norm of `(K + λ) dual - targets` over that of the targets, as the recurrence has it. */
  readonly residual: number;
  /** Whether it stopped by the tolerance. */
  readonly converged: boolean;
}

/**
 * Kernel ridge regression on a matrix on disk, by conjugate gradients (Hestenes and Stiefel, 1952): a product with the
 * matrix, which reads every tile once, per step. With targets of -1 and 1 it is a classifier.
 *
 * @throws ValueError for targets and options that do not fit, or where the matrix is found not to be positive definite.
 * @example
 * ```ts
 * import { mkdtemp, rm } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { kernelProduct, kernelTiles, rbfKernel, tiledKernelRidge } from '@ketwork/kernels';
 * const kernel = rbfKernel(1);
 * const x = Array.from({ length: 20 }, (_, i) => [i / 4]);
 * const path = await mkdtemp(join(tmpdir(), 'tiles-'));
 * const tiles = await kernelTiles(kernel, x, { path, tile: 8 });
 * const { dual } = await tiledKernelRidge(tiles, x.map(([a]) => Math.sin(a!)), { lambda: 1e-3 });
 * console.log(kernelProduct(kernel, [[1.1]], x, dual)[0]!.toFixed(1), Math.sin(1.1).toFixed(1)); // 0.9 0.9
 * await rm(path, { recursive: true });
 * ```
 */
export async function tiledKernelRidge(
  tiles: TiledKernel,
  targets: ArrayLike<number>,
  options: TiledKernelRidgeOptions = {},
): Promise<TiledKernelRidge> {
  const { lambda = 1, tolerance = 1e-6, maxIterations = 1000, signal, onStep } = options;
  if (!(lambda > 0 && lambda < Infinity))
    throw new ValueError(`tiledKernelRidge: lambda ${lambda} is not a finite number above 0`);
  if (!(tolerance > 0))
    throw new ValueError(`tiledKernelRidge: tolerance ${tolerance} is not above 0`);
  const n = tiles.size;
  if (targets.length !== n)
    throw new ValueError(`tiledKernelRidge: ${targets.length} targets for ${n} examples`);
  checkFinite('tiledKernelRidge: targets', targets);
  const dual = new Float64Array(n);
  const residual = Float64Array.from(targets);
  const direction = residual.slice();
  let square = dot(residual, residual);
  const whole = Math.sqrt(square);
  let iterations = 0;
  const relative = (): number => (whole === 0 ? 0 : Math.sqrt(square) / whole);
  while (relative() > tolerance && iterations < maxIterations) {
    signal?.throwIfAborted();
    const product = await tiles.multiply(direction);
    for (let i = 0; i < n; i++) product[i]! += lambda * direction[i]!;
    const curvature = dot(direction, product);
    if (!(curvature > 0)) {
      throw new ValueError(
        `tiledKernelRidge: the matrix plus ${lambda} is not positive definite, as step ${iterations + 1} shows`,
        { remedy: 'Use a larger lambda, or estimate the kernel from more shots' },
      );
    }
    const step = square / curvature;
    for (let i = 0; i < n; i++) {
      dual[i]! += step * direction[i]!;
      residual[i]! -= step * product[i]!;
    }
    const next = dot(residual, residual);
    const turn = next / square;
    for (let i = 0; i < n; i++) direction[i] = residual[i]! + turn * direction[i]!;
    square = next;
    iterations += 1;
    onStep?.(iterations, relative());
  }
  return { dual, iterations, residual: relative(), converged: relative() <= tolerance };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Options of {@link kernelProduct}. */
export interface KernelProductOptions extends KernelCall {
  /** Rows of `x` and of `y` that are compared at a time. Default 2048. */
  readonly block?: number;
}

/**
 * `Σ_j K(x_i, y_j) weights_j` without holding the matrix: decision values of a machine with many training examples.
 *
 * @param x `[m, features]`.
 * @param y `[n, features]`, the training examples.
 * @param weights `[n]`, such as dual coefficients.
 * @returns `[m]`.
 * @throws ValueError for numbers that do not fit.
 * @example
 * ```ts
 * import { kernelProduct, rbfKernel } from '@ketwork/kernels';
 * console.log(kernelProduct(rbfKernel(1), [[0]], [[0], [0]], [1, 2])); // [3]
 * ```
 */
export function kernelProduct(
  kernel: Kernel,
  x: Numbers,
  y: Numbers,
  weights: ArrayLike<number>,
  options: KernelProductOptions = {},
): Float64Array {
  const { block = 2048, ...call } = options;
  if (!Number.isSafeInteger(block) || block < 1)
    throw new ValueError(`kernelProduct: block ${block} is not a positive integer`);
  const { features } = kernel;
  const [a, b] = [flatNumbers('kernelProduct', x), flatNumbers('kernelProduct', y)];
  const [m, n] = [a.length / features, b.length / features];
  if (!Number.isInteger(m) || weights.length !== n) {
    throw new ValueError(
      `kernelProduct: ${a.length} and ${b.length} numbers and ${weights.length} weights do not fit`,
      { remedy: `Give [m, ${features}], [n, ${features}] and [n]` },
    );
  }
  const all = Float64Array.from(weights);
  const out = new Float64Array(m);
  for (let i = 0; i < m; i += block) {
    const rows = a.subarray(i * features, Math.min(m, i + block) * features);
    for (let j = 0; j < n; j += block) {
      const columns = b.subarray(j * features, Math.min(n, j + block) * features);
      const part = all.subarray(j, Math.min(n, j + block));
      weighted('kernelProduct', kernel.between(rows, columns, call), part, 0).forEach((sum, r) => {
        out[i + r]! += sum;
      });
    }
  }
  return out;
}
