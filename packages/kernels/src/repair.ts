import { ValueError } from '@ketwork/base';
import { checkSymmetric, sizeOfSquare, spectral, symmetricEigen } from './matrices.ts';

/** Options of {@link repairKernel}. */
export interface RepairOptions {
  /**
   * `clip`: negative eigenvalues become 0 ("thresholding", the nearest positive matrix in the Frobenius norm); `shift`: all
   * move up by the size of the lowest ("displacing", Tikhonov), which changes the diagonal only; `flip`: their absolute
   * values.
   */
  readonly method?: 'clip' | 'shift' | 'flip';
}

/** Options of {@link mitigateDepolarizing}. */
export interface MitigateDepolarizingOptions {
  /** Qubits of the feature map. */
  readonly qubits: number;
  /** `average`: one rate from the mean of the diagonal; `split`: one rate per example, from its own diagonal element. Default `average`. */
  readonly method?: 'average' | 'split';
}

/**
 * Makes an estimated Gram matrix positive semidefinite, as Hubregtsen et al. (Phys. Rev. A 106, 042431, 2022) compare.
 * A matrix without negative eigenvalues stays as it is.
 *
 * @param gram `[n, n]`, symmetric.
 * @param options Default `clip`.
 * @returns A new matrix `[n, n]`, symmetric to the bit.
 * @throws ValueError for a matrix that is not square, symmetric or finite.
 * @example
 * ```ts
 * import { repairKernel } from '@ketwork/kernels';
 * console.log(repairKernel([1, 1.2, 1.2, 1], { method: 'shift' })); // about [1.2, 1.2, 1.2, 1.2]
 * ```
 */
export function repairKernel(gram: ArrayLike<number>, options: RepairOptions = {}): Float64Array {
  const { method = 'clip' } = options;
  if (method !== 'clip' && method !== 'shift' && method !== 'flip') {
    throw new ValueError(`repairKernel: unknown method ${JSON.stringify(method)}`, {
      remedy: 'Use clip, shift or flip',
    });
  }
  const n = sizeOfSquare('repairKernel', gram);
  checkSymmetric('repairKernel', gram, n);
  const { values, vectors } = symmetricEigen(gram, n);
  const lowest = Math.min(...values);
  if (lowest >= 0 || method === 'shift') {
    const up = Math.max(0, -lowest);
    return Float64Array.from(gram, (k, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      // The lower half is that of the upper one, where they differ in the last bits.
      return i === j ? k + up : i < j ? k : gram[j * n + i]!;
    });
  }
  return spectral(vectors, values, method === 'clip' ? (v) => Math.max(0, v) : Math.abs);
}

/**
 * Takes global depolarizing noise out of a Gram matrix, by what the measured diagonal, which would be 1 without noise,
 * says about its rate λ: `K' = (K - λ/2^n) / (1 - λ)` (Hubregtsen et al., Phys. Rev. A 106, 042431, 2022, section V).
 *
 * @param gram `[n, n]` with a measured diagonal, see `measureDiagonal` of {@link fidelityKernel}.
 * @throws ValueError for a matrix that is not square or finite, or so noisy that nothing is left.
 * @example
 * ```ts
 * import { mitigateDepolarizing } from '@ketwork/kernels';
 * const noisy = [0.8, 0.5, 0.5, 0.8];
 * console.log(mitigateDepolarizing(noisy, { qubits: 2 })[0]); // 1
 * ```
 */
export function mitigateDepolarizing(
  gram: ArrayLike<number>,
  { qubits, method = 'average' }: MitigateDepolarizingOptions,
): Float64Array {
  const n = sizeOfSquare('mitigateDepolarizing', gram);
  if (!Number.isSafeInteger(qubits) || qubits < 1)
    throw new ValueError(`mitigateDepolarizing: qubits ${qubits} is not a positive integer`);
  if (method !== 'average' && method !== 'split')
    throw new ValueError(`mitigateDepolarizing: unknown method ${JSON.stringify(method)}`);
  const floor = 1 / 2 ** qubits;
  // What survives of the noiseless signal in each diagonal element.
  const kept = Array.from({ length: n }, (_, i) => (gram[i * (n + 1)]! - floor) / (1 - floor));
  const mean = kept.reduce((sum, k) => sum + k / n, 0);
  const roots = kept.map((k) => Math.sqrt(Math.max(0, method === 'average' ? mean : k)));
  const lost = roots.findIndex((root) => root === 0);
  if (lost >= 0) {
    throw new ValueError(
      `mitigateDepolarizing: diagonal element ${lost} is ${gram[lost * (n + 1)]}, no more than that of noise alone`,
      { remedy: 'Measure with less noise' },
    );
  }
  return Float64Array.from(gram, (k, at) => {
    const share = roots[Math.floor(at / n)]! * roots[at % n]!;
    return (k - (1 - share) * floor) / share;
  });
}
