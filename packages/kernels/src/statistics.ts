import { ValueError } from '@ketwork/base';
import { sizeOfSquare } from './matrices.ts';

/** How the elements of a Gram matrix off its diagonal are spread. */
export interface KernelStatistics {
  /** Number of pairs, `n (n - 1) / 2`. */
  readonly pairs: number;
  /** Their mean. */
  readonly mean: number;
  /** Their variance (divisor `pairs`). */
  readonly variance: number;
  /** The smallest one. */
  readonly smallest: number;
  /** The largest one. */
  readonly largest: number;
}

/**
 * Concentration of a kernel: mean and variance of the elements off the diagonal. Where both are near 0 the matrix is
 * nearly the identity, no example resembles another, and nothing is learned (Thanasilp et al., Nature Communications 15,
 * 5200, 2024).
 *
 * @param gram `[n, n]` of two examples or more.
 * @throws ValueError for a matrix that is not square or finite, or of one example.
 * @example
 * ```ts
 * import { kernelStatistics } from '@ketwork/kernels';
 * console.log(kernelStatistics([1, 0.5, 0.5, 1]).mean); // 0.5
 * ```
 */
export function kernelStatistics(gram: ArrayLike<number>): KernelStatistics {
  const n = sizeOfSquare('kernelStatistics', gram);
  if (n < 2) throw new ValueError('kernelStatistics: one example has no pairs');
  const statistics = new PairStatistics();
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) statistics.add(gram[i * n + j]!);
  return statistics.result();
}

/** Mean and variance of numbers that come one after the other, by Welford's updates. */
class PairStatistics {
  #pairs = 0;
  #mean = 0;
  #squares = 0;
  #smallest = Infinity;
  #largest = -Infinity;

  add(value: number): void {
    this.#pairs += 1;
    const off = value - this.#mean;
    this.#mean += off / this.#pairs;
    this.#squares += off * (value - this.#mean);
    if (value < this.#smallest) this.#smallest = value;
    if (value > this.#largest) this.#largest = value;
  }

  result(): KernelStatistics {
    return {
      pairs: this.#pairs,
      mean: this.#mean,
      variance: this.#squares / this.#pairs,
      smallest: this.#smallest,
      largest: this.#largest,
    };
  }
}
