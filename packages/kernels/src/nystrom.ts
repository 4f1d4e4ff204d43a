import { matmul, ValueError } from '@ketwork/base';
import type { Numbers } from '@ketwork/simulator';
import type { Kernel, KernelCall } from './contract.ts';
import { spectral, symmetricEigen } from './matrices.ts';

/** Options of {@link nystrom}. */
export interface NystromOptions extends KernelCall {
  /** Eigenvalues of the landmarks' matrix below this share of the largest count as 0. Default 1e-10. */
  readonly cutoff?: number;
}

/** Features whose inner products are nearly the kernel. */
export interface Nystrom {
  /** Number of features of an example: that of landmarks. */
  readonly features: number;
  /** Number of eigenvalues kept. */
  readonly rank: number;
  /** Features `[n, features]` of examples `[n, kernel.features]`: `F Fᵀ` is about their Gram matrix. */
  transform(x: Numbers): Float64Array;
}

/**
 * Nyström's approximation (Williams and Seeger, NIPS 2000): `K ≈ C W⁺ Cᵀ` with the kernel W among some examples, the
 * landmarks, and C between all examples and them. Takes `n · landmarks` elements instead of `n²`; exact for the landmarks.
 *
 * @param landmarks `[m, features]`, such as a random part of the training examples.
 * @throws ValueError for numbers that do not fit.
 * @example
 * ```ts
 * import { nystrom, rbfKernel } from '@ketwork/kernels';
 * const approximation = nystrom(rbfKernel(1), [[0], [1], [2]]);
 * console.log(approximation.transform([[0], [0.5]]).length); // 6
 * ```
 */
export function nystrom(kernel: Kernel, landmarks: Numbers, options: NystromOptions = {}): Nystrom {
  const { cutoff = 1e-10, ...call } = options;
  if (!(cutoff >= 0 && cutoff < 1))
    throw new ValueError(`nystrom: cutoff ${cutoff} is not a share from 0 to below 1`);
  const w = kernel.matrix(landmarks, call);
  const m = Math.round(Math.sqrt(w.length));
  const { values, vectors } = symmetricEigen(w, m);
  const least = cutoff * Math.max(...values);
  const root = spectral(vectors, values, (v) => (v > least && v > 0 ? 1 / Math.sqrt(v) : 0));
  return Object.freeze({
    features: m,
    rank: values.filter((v) => v > least && v > 0).length,
    transform(x: Numbers): Float64Array {
      const c = kernel.between(x, landmarks, call);
      return matmul(c, root, c.length / m, m, m);
    },
  });
}
