import { ValueError } from '@ketwork/base';
import { sizeOfSquare } from './matrices.ts';

/** Options of {@link targetAlignment}. */
export interface AlignmentOptions {
  /** Divide each label by the number of examples of its class, for classes of unequal size. Default false. */
  readonly rescale?: boolean;
  /** Take means out of rows and columns first (Cortes, Mohri and Rostamizadeh, JMLR 13, 795, 2012). Default false. */
  readonly centered?: boolean;
}

/**
 * Alignment of a Gram matrix with the labels, `⟨K, yyᵀ⟩ / (‖K‖ ‖yyᵀ‖)` in the Frobenius product, from -1 to 1 (Cristianini
 * et al., "On kernel-target alignment", NIPS 2001).
 *
 * @param gram `[n, n]`.
 * @param labels `[n]`, of two classes: above 0 is the one, all else the other.
 * @throws ValueError where lengths do not fit or there is one class only.
 * @example
 * ```ts
 * import { targetAlignment } from '@ketwork/kernels';
 * console.log(targetAlignment([1, 0, 0, 1], [1, -1]).toFixed(4)); // 0.7071
 * ```
 */
export function targetAlignment(
  gram: ArrayLike<number>,
  labels: ArrayLike<number>,
  options: AlignmentOptions = {},
): number {
  return alignmentGradient(gram, labels, options).value;
}

/**
 * The alignment of {@link targetAlignment} and its derivatives with respect to every element of the Gram matrix, the
 * cotangent that `kernel.vjp` takes.
 *
 * @returns `value` and `dK`, `[n, n]`.
 * @throws ValueError as {@link targetAlignment}.
 * @example
 * ```ts
 * import { alignmentGradient } from '@ketwork/kernels';
 * console.log(alignmentGradient([1, 0.5, 0.5, 1], [1, -1]).dK.length); // 4
 * ```
 */
export function alignmentGradient(
  gram: ArrayLike<number>,
  labels: ArrayLike<number>,
  options: AlignmentOptions = {},
): { readonly value: number; readonly dK: Float64Array } {
  const n = sizeOfSquare('targetAlignment', gram);
  const y = signs('targetAlignment', labels, n);
  const { rescale = false, centered = false } = options;
  if (rescale) {
    const positive = y.reduce((count, s) => count + (s > 0 ? 1 : 0), 0);
    for (let i = 0; i < n; i++) y[i]! /= y[i]! > 0 ? positive : n - positive;
  }
  const target = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) target[i * n + j] = y[i]! * y[j]!;
  const kernel = Float64Array.from(gram);
  const dot = (a: Float64Array, b: Float64Array): number =>
    a.reduce((sum, v, i) => sum + v * b[i]!, 0);
  // What rounding leaves of a constant matrix is no kernel.
  const least = centered ? (n * 2 ** -52) ** 2 * dot(kernel, kernel) : 0;
  if (centered) {
    center(kernel, n);
    center(target, n);
  }
  const inner = dot(kernel, target);
  const square = dot(kernel, kernel);
  const norms = Math.sqrt(square * dot(target, target));
  if (!(norms > 0 && square > least))
    throw new ValueError('targetAlignment: the matrix is zero, or constant and centred');
  const value = inner / norms;
  const dK = target.map((t, i) => t / norms - (value * kernel[i]!) / square);
  // Centring is a projection, so that its transpose is itself.
  if (centered) center(dK, n);
  return { value, dK };
}

/** 1 and -1 from labels of two classes. @throws ValueError where there are not n of them, or one class only. */
export function signs(what: string, labels: ArrayLike<number>, n: number): Float64Array {
  if (labels.length !== n)
    throw new ValueError(`${what}: ${labels.length} labels for ${n} examples`);
  const y = Float64Array.from(labels, (label, i) => {
    if (!Number.isFinite(label)) throw new ValueError(`${what}: label ${i} is ${label}`);
    return label > 0 ? 1 : -1;
  });
  if (!y.includes(1) || !y.includes(-1)) {
    throw new ValueError(`${what}: all labels are of one class`, {
      remedy: 'Labels above 0 are one class, all others the other',
    });
  }
  return y;
}

function center(matrix: Float64Array, n: number): void {
  const rows = new Float64Array(n);
  const columns = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      rows[i]! += matrix[i * n + j]! / n;
      columns[j]! += matrix[i * n + j]! / n;
    }
  }
  const all = rows.reduce((sum, m) => sum + m / n, 0);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) matrix[i * n + j]! += all - rows[i]! - columns[j]!;
}
