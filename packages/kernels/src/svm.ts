import { ValueError } from '@ketwork/base';
import { signs } from './alignment.ts';
import { checkFinite, sizeOfSquare } from './matrices.ts';

/** A Gram matrix of which rows are asked for one by one, such as one on disk. */
export interface KernelRows {
  /** Number of examples. */
  readonly size: number;
  /** Row i, `[size]`; it need stay valid only until rows have been asked for 2 more times. */
  row(i: number): ArrayLike<number>;
  /** The diagonal, `[size]`; where it is missing every row is asked for once. */
  diagonal?(): ArrayLike<number>;
}

/** Options of {@link svm}. */
export interface SvmOptions {
  /** Price of an example on the wrong side of the margin: bound of the dual coefficients, above 0. Default 1. */
  readonly C?: number;
  /** Violation of the optimality conditions at which it stops, above 0. Default 1e-3. */
  readonly tolerance?: number;
  /** Most iterations, pairs of coefficients changed. Default 10 million or 100 per example, whatever is more. */
  readonly maxIterations?: number;
  /** Stops between two iterations: the signal's reason is thrown. */
  readonly signal?: AbortSignal;
}

/** A trained support vector machine. */
export interface SupportVectorMachine {
  /** Dual coefficients times labels, `[n]`: 0 where an example is no support vector. */
  readonly dual: Float64Array;
  /** Constant of the decision function. */
  readonly bias: number;
  /** Indices of the support vectors, rising. */
  readonly support: Uint32Array;
  /** Pairs of coefficients changed. */
  readonly iterations: number;
  /** Whether it stopped by the tolerance and not by the number of iterations. */
  readonly converged: boolean;
  /** Value of the dual problem, `½ αᵀQα - Σα`. */
  readonly objective: number;
  /**
   * Decision values `Σ_i dual_i K(x, x_i) + bias`, above 0 for the class of positive labels.
   *
   * @param kernel `[m, n]`: rows are the examples to decide on, columns those of the training.
   * @returns `[m]`.
   * @throws ValueError where the length does not fit.
   */
  decide(kernel: ArrayLike<number>): Float64Array;
}

/** Stands for a curvature that is zero or negative, in matrices that are not positive. */
const TAU = 1e-12;

/**
 * Support vector machine on a precomputed kernel: the dual problem of C-SVC by sequential minimal optimisation with second
 * order working sets (Fan, Chen and Lin, JMLR 6, 1889, 2005, "WSS 2"), the method of LIBSVM. Agrees with scikit-learn's
 * `SVC(kernel='precomputed')`.
 *
 * @param gram The Gram matrix of the training examples, `[n, n]`, or its rows.
 * @param labels `[n]`, of two classes: above 0 is the one, all else the other.
 * @throws ValueError for lengths that do not fit, numbers that are not finite, one class only, options out of range.
 * @example
 * ```ts
 * import { rbfKernel, svm } from '@ketwork/kernels';
 * const kernel = rbfKernel(1, { gamma: 1 });
 * const x = [[-2], [-1], [1], [2]];
 * const machine = svm(kernel.matrix(x), [-1, -1, 1, 1], { C: 10 });
 * console.log(machine.decide(kernel.between([[-1.5], [1.5]], x))); // negative, positive
 * ```
 */
export function svm(
  gram: ArrayLike<number> | KernelRows,
  labels: ArrayLike<number>,
  options: SvmOptions = {},
): SupportVectorMachine {
  const rows = rowsOfGram(gram);
  const n = rows.size;
  const y = signs('svm', labels, n);
  const { C = 1, tolerance = 1e-3, maxIterations = Math.max(1e7, 100 * n), signal } = options;
  if (!(C > 0 && C < Infinity)) throw new ValueError(`svm: C ${String(C)} is not a number above 0`);
  if (!(tolerance > 0)) throw new ValueError(`svm: tolerance ${tolerance} is not a number above 0`);
  if (!(maxIterations >= 1))
    throw new ValueError(`svm: maxIterations ${maxIterations} is not a number of at least 1`);
  const diagonal = Float64Array.from(
    rows.diagonal?.() ?? Array.from({ length: n }, (_, i) => rows.row(i)[i]!),
  );
  checkFinite('svm: the diagonal', diagonal);
  const alpha = new Float64Array(n);
  const gradient = new Float64Array(n).fill(-1);
  let iterations = 0;
  let converged = false;
  while (iterations < maxIterations) {
    if (iterations % 256 === 0) signal?.throwIfAborted();
    // The first of the pair: the steepest way up.
    let first = -1;
    let most = -Infinity;
    for (let t = 0; t < n; t++) {
      if (y[t]! > 0 ? alpha[t]! >= C : alpha[t]! <= 0) continue;
      const slope = -y[t]! * gradient[t]!;
      if (slope > most) {
        most = slope;
        first = t;
      }
    }
    if (first < 0) {
      converged = true;
      break;
    }
    // The second: the greatest decrease of the quadratic model; and the least slope, which tells when to stop.
    const row = rows.row(first);
    let second = -1;
    let best = Infinity;
    let least = Infinity;
    for (let t = 0; t < n; t++) {
      if (y[t]! > 0 ? alpha[t]! <= 0 : alpha[t]! >= C) continue;
      const slope = -y[t]! * gradient[t]!;
      if (slope < least) least = slope;
      const gain = most - slope;
      if (gain <= 0) continue;
      const curvature = diagonal[first]! + diagonal[t]! - 2 * row[t]!;
      const decrease = -(gain * gain) / (curvature > 0 ? curvature : TAU);
      if (decrease < best) {
        best = decrease;
        second = t;
      }
    }
    if (second < 0 || most - least < tolerance) {
      converged = true;
      break;
    }
    step(first, second, row[second]!);
    iterations += 1;
  }
  return finished();

  /** Solves the problem of two coefficients and updates the gradient. */
  function step(i: number, j: number, kij: number): void {
    const curvature = Math.max(TAU, diagonal[i]! + diagonal[j]! - 2 * kij);
    const [oldI, oldJ] = [alpha[i]!, alpha[j]!];
    // How far y·α moves from j to i along the line Σ y α = constant.
    const free = (y[j]! * gradient[j]! - y[i]! * gradient[i]!) / curvature;
    const roomI = y[i]! > 0 ? C - oldI : oldI;
    const roomJ = y[j]! > 0 ? oldJ : C - oldJ;
    const move = Math.min(free, roomI, roomJ);
    // On a bound exactly where it ends there, so that the sets of the next round are right.
    alpha[i] = move === roomI ? (y[i]! > 0 ? C : 0) : oldI + y[i]! * move;
    alpha[j] = move === roomJ ? (y[j]! > 0 ? 0 : C) : oldJ - y[j]! * move;
    const changeI = y[i]! * (alpha[i] - oldI);
    const changeJ = y[j]! * (alpha[j] - oldJ);
    const rowI = rows.row(i);
    const rowJ = rows.row(j);
    for (let t = 0; t < n; t++) gradient[t]! += y[t]! * (changeI * rowI[t]! + changeJ * rowJ[t]!);
  }

  function finished(): SupportVectorMachine {
    checkFinite('svm: the kernel', gradient);
    // The bias is that of the free support vectors, which lie on the margin; else the middle of what is allowed.
    let [sum, count, low, high] = [0, 0, -Infinity, Infinity];
    let objective = 0;
    for (let t = 0; t < n; t++) {
      const value = y[t]! * gradient[t]!;
      objective += (alpha[t]! * (gradient[t]! - 1)) / 2;
      if (alpha[t]! > 0 && alpha[t]! < C) {
        sum += value;
        count += 1;
      } else if (alpha[t]! > 0 === y[t]! > 0) low = Math.max(low, value);
      else high = Math.min(high, value);
    }
    const bias = -(count > 0 ? sum / count : (low + high) / 2);
    const dual = alpha.map((a, t) => y[t]! * a);
    const support = Uint32Array.from([...alpha.keys()].filter((t) => alpha[t]! > 0));
    return Object.freeze({
      dual,
      bias,
      support,
      iterations,
      converged,
      objective,
      decide: (kernel: ArrayLike<number>) => weighted('svm', kernel, dual, bias),
    });
  }
}

/** `kernel · weights + constant`, `[m]`, of a kernel `[m, n]`. */
export function weighted(
  what: string,
  kernel: ArrayLike<number>,
  weights: Float64Array,
  constant: number,
): Float64Array {
  const n = weights.length;
  const m = kernel.length / n;
  if (!Number.isInteger(m)) {
    throw new ValueError(
      `${what}: ${kernel.length} numbers are not rows of a kernel with ${n} examples`,
      {
        remedy: 'Give kernel.between(test, training), [m, n]',
      },
    );
  }
  const out = new Float64Array(m);
  for (let r = 0; r < m; r++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += weights[i]! * kernel[r * n + i]!;
    out[r] = sum + constant;
  }
  checkFinite(`${what}: the decision values`, out);
  return out;
}

function rowsOfGram(gram: ArrayLike<number> | KernelRows): KernelRows {
  if ('row' in gram) return gram;
  const size = sizeOfSquare('svm', gram);
  const numbers = gram instanceof Float64Array ? gram : Float64Array.from(gram);
  return { size, row: (i) => numbers.subarray(i * size, (i + 1) * size) };
}
