import { fold, key, permutation, sizeOf, UnsupportedError, ValueError } from '@ketwork/base';
import { adam, gatherRows } from '@ketwork/nn';
import type { Optimizer, Parameter } from '@ketwork/nn';
import type { Numbers, Values } from '@ketwork/simulator';
import { alignmentGradient, signs } from './alignment.ts';
import type { AlignmentOptions } from './alignment.ts';
import type { AsyncKernel, Kernel } from './contract.ts';
import { flatNumbers } from './numbers.ts';

/** Options of {@link alignKernel}. */
export interface AlignKernelOptions extends AlignmentOptions {
  /** The weights to begin with, by slot name. */
  readonly values: Values;
  /** Steps of the optimiser. Default 100. */
  readonly steps?: number;
  /** Examples of one step, drawn anew without repetition; all of them by default. */
  readonly batchSize?: number;
  /** The optimiser. Default `adam(0.1)`. */
  readonly optimizer?: Optimizer;
  /** Seed of the draws, an integer from 0 to 2^53 - 1. Default 0. */
  readonly seed?: number;
  /** Stops between two steps: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called after each step with its number, from 1, and the alignment of its examples before it. */
  readonly onStep?: (step: number, alignment: number) => void;
}

/** What {@link alignKernel} found. */
export interface AlignedKernel {
  /** The weights after the last step, by slot name: give them as `values` of the kernel's calls. */
  readonly values: Readonly<Record<string, Float64Array>>;
  /** The alignment of the examples of each step, before it. */
  readonly alignments: readonly number[];
}

/**
 * Trains the weights of a kernel so that it aligns with the labels: ascent of {@link targetAlignment} by gradients through
 * the states (Hubregtsen et al., Phys. Rev. A 106, 042431, 2022).
 *
 * @param x `[n, features]`.
 * @param labels `[n]`, above 0 is the one class, all else the other.
 * @throws ValueError for data or options that do not fit; UnsupportedError for a kernel without gradients.
 * @example
 * ```ts
 * import { alignKernel, fidelityKernel, trainableFeatureMap } from '@ketwork/kernels';
 * import { cpu } from '@ketwork/simulator';
 * const kernel = fidelityKernel(await cpu(), trainableFeatureMap(2, 2));
 * const x = [[0.1, 0.2], [0.3, 0.1], [0.9, -0.8], [1, -0.7]];
 * const w = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
 * const { values, alignments } = await alignKernel(kernel, x, [1, 1, -1, -1], { values: { w }, steps: 20 });
 * console.log(alignments[19]! > alignments[0]!, values['w']!.length); // true 8
 * ```
 */
export async function alignKernel(
  kernel: Kernel | AsyncKernel,
  x: Numbers,
  labels: ArrayLike<number>,
  options: AlignKernelOptions,
): Promise<AlignedKernel> {
  const { steps = 100, optimizer = adam(0.1), seed = 0, signal, onStep } = options;
  const all = flatNumbers('alignKernel', x);
  const n = all.length / kernel.features;
  if (!Number.isSafeInteger(n) || n < 2) {
    throw new ValueError(`alignKernel: ${all.length} numbers are not two examples or more`, {
      remedy: `Give [n, ${kernel.features}]`,
    });
  }
  signs('alignKernel', labels, n);
  const { batchSize = n } = options;
  if (!Number.isSafeInteger(batchSize) || batchSize < 2 || batchSize > n)
    throw new ValueError(`alignKernel: batchSize ${batchSize} is not an integer from 2 to ${n}`);
  if (!Number.isSafeInteger(steps) || steps < 0)
    throw new ValueError(`alignKernel: steps ${steps} is not a number of steps`);
  const weights = weightsOf(kernel, options.values);
  const values = Object.fromEntries(weights.map(({ name, data }) => [name, data]));
  const parameters = weights.filter(({ differentiable }) => differentiable);
  const state = optimizer.init(parameters);
  const alignments: number[] = [];
  for (let step = 0; step < steps; step++) {
    signal?.throwIfAborted();
    const chosen = drawn(labels, n, batchSize, fold(key(seed), step));
    const examples = gatherRows(all, kernel.features, chosen);
    const y = Array.from(chosen, (i) => labels[i]!);
    const gram = await kernel.matrix(examples, { values });
    const { value, dK } = alignmentGradient(gram, y, options);
    const gradients = await kernel.vjp(examples, dK, { values });
    optimizer.step(
      parameters,
      parameters.map(({ name }) => gradients[name]!.map((g) => -g)),
      state,
    );
    alignments.push(value);
    onStep?.(step + 1, value);
  }
  return { values, alignments };
}

/** Examples of a step: a random set, and where it is of one class only, another. */
function drawn(
  labels: ArrayLike<number>,
  n: number,
  size: number,
  stream: ReturnType<typeof key>,
): Uint32Array {
  if (size === n) return Uint32Array.from({ length: n }, (_, i) => i);
  for (let attempt = 0; ; attempt++) {
    const chosen = permutation(fold(stream, attempt), n).subarray(0, size);
    const positive = chosen.reduce((count, i) => count + (labels[i]! > 0 ? 1 : 0), 0);
    if (positive > 0 && positive < size) return chosen;
  }
}

/** The values of all shared slots, of which those that are differentiable are trained. */
function weightsOf(
  kernel: Kernel | AsyncKernel,
  values: Values,
): (Parameter & { readonly differentiable: boolean })[] {
  const slots = (kernel.circuit?.slots ?? []).filter(({ axis }) => axis === 'shared');
  if (!slots.some(({ differentiable }) => differentiable)) {
    throw new UnsupportedError('alignKernel: the kernel has no weights', {
      remedy: 'Use a feature map with a weight slot, such as trainableFeatureMap',
    });
  }
  return slots.map(({ name, shape, differentiable }) => {
    const given = values[name];
    if (given === undefined)
      throw new ValueError(`alignKernel: the weights '${name}' have no value`);
    const data = flatNumbers(`alignKernel: '${name}'`, given).slice();
    if (data.length !== sizeOf(shape)) {
      throw new ValueError(`alignKernel: '${name}' has ${data.length} numbers`, {
        remedy: `Give [${shape.join(', ')}]`,
      });
    }
    return { name, shape, data, differentiable };
  });
}
