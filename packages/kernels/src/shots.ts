import { fold, key, uniformAt, ValueError } from '@ketwork/base';
import { binomial, checkShots } from './binomial.ts';
import type { CallSettings, Rows } from './computation.ts';

/** Options of {@link sampleKernel}. */
export interface SampleKernelOptions {
  /** Shots of each element, a positive integer. */
  readonly shots: number;
  /** Seed, an integer from 0 to 2^53 - 1. Default 0. */
  readonly seed?: number;
  /** A rectangular matrix has this many columns; without it the matrix is a Gram matrix. */
  readonly columns?: number;
}

/**
 * What shots make of a matrix of probabilities: each element k becomes a binomial number of `shots` trials over `shots`,
 * as the frequency of |0…0⟩ in an inversion test. Of a Gram matrix the upper half is drawn, the lower is its copy, and the
 * diagonal is 1, which needs no measuring.
 *
 * @param kernel `[n, n]`, or `[n, columns]`: probabilities, exact or of a noisy device.
 * @returns A new matrix of the same shape.
 * @throws ValueError for a matrix that does not fit, or options out of range.
 * @example
 * ```ts
 * import { sampleKernel } from '@ketwork/kernels';
 * console.log(sampleKernel([1, 0.5, 0.5, 1], { shots: 100, seed: 1 })[0]); // 1
 * ```
 */
export function sampleKernel(
  kernel: ArrayLike<number>,
  { shots, seed = 0, columns }: SampleKernelOptions,
): Float64Array {
  checkShots('sampleKernel', shots);
  const width = columns ?? Math.round(Math.sqrt(kernel.length));
  const count = kernel.length / width;
  if (
    !Number.isSafeInteger(width) ||
    !Number.isInteger(count) ||
    (columns === undefined && count !== width)
  ) {
    throw new ValueError(`sampleKernel: ${kernel.length} numbers are not rows of ${width}`, {
      remedy: 'Give a square matrix, or the number of columns',
    });
  }
  const out = Float64Array.from(kernel, (p, i) => {
    if (!(p >= -1e-9 && p <= 1 + 1e-9))
      throw new ValueError(`sampleKernel: element ${i} is ${p}, not a probability`);
    return p;
  });
  const symmetric = columns === undefined;
  const data = new Float64Array(0);
  const settings = { values: {}, seed, symmetric };
  estimate(
    out,
    { data, count, first: 0 },
    { data, count: width, first: 0 },
    shots,
    settings,
    false,
  );
  if (symmetric)
    for (let i = 0; i < count; i++)
      for (let j = 0; j < i; j++) out[i * width + j] = out[j * width + i]!;
  return out;
}

/** Puts estimates in the place of probabilities; each pair has random numbers of its own, whatever the blocks. */
export function estimate(
  out: Float64Array,
  a: Rows,
  b: Rows,
  shots: number,
  { seed, symmetric }: CallSettings,
  measureDiagonal: boolean,
): void {
  const stream = fold(key(seed), symmetric ? 0 : 1);
  for (let i = 0; i < a.count; i++) {
    for (let j = 0; j < b.count; j++) {
      const [row, column] = [a.first + i, b.first + j];
      if (symmetric && column < row) continue;
      const at = i * b.count + j;
      out[at] =
        symmetric && row === column && !measureDiagonal
          ? 1
          : binomial(shots, out[at]!, uniformAt(stream, row, column)) / shots;
    }
  }
}
