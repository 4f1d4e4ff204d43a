import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { norm, removeComponent, scale } from './lanczos.ts';
import type { Operator } from './operator.ts';

/** Most vectors of a step. */
const MOST = 24;

/**
 * `exp(-i t H) x` by steps in Krylov spaces: in the basis of Lanczos the operator is a small tridiagonal matrix, whose
 * exponential is exact. A step is as long as its error, estimated by what would leave the space (Saad, SIAM J. Numer.
 * Anal. 29, 209, 1992), stays below its share of the tolerance.
 */
export function krylov(
  operator: Operator,
  x: Float64Array,
  time: number,
  tolerance: number,
): Float64Array {
  let state = x.slice();
  let done = 0;
  const total = Math.abs(time);
  const sign = Math.sign(time);
  while (done < total) {
    const length = norm(state);
    const { basis, values, vectors, beta } = lanczosBasis(operator, state, length);
    const m = basis.length;
    let step = total - done;
    let weights = exponentialOf(values, vectors, sign * step);
    for (let tries = 0; tries < 60; tries++) {
      const error =
        beta * Math.abs(step) * length * Math.hypot(weights.re[m - 1]!, weights.im[m - 1]!);
      if (error <= (tolerance * step) / total) break;
      // The error grows with the m-th power of the step.
      const ratio = (tolerance * step) / total / error;
      step *= Math.min(0.9, Math.max(0.1, 0.9 * ratio ** (1 / m)));
      weights = exponentialOf(values, vectors, sign * step);
    }
    const next = new Float64Array(state.length);
    basis.forEach((v, k) => {
      const re = length * weights.re[k]!;
      const im = length * weights.im[k]!;
      for (let i = 0; i < v.length; i += 2) {
        next[i]! += re * v[i]! - im * v[i + 1]!;
        next[i + 1]! += re * v[i + 1]! + im * v[i]!;
      }
    });
    state = next;
    done = step >= total - done ? total : done + step;
  }
  return state;
}

interface LanczosBasis {
  readonly basis: readonly Float64Array[];
  /** Eigenvalues and eigenvectors of the small matrix. */
  readonly values: readonly number[];
  readonly vectors: Matrix;
  /** What couples the last vector to the next; 0 where the space is closed. */
  readonly beta: number;
}

function lanczosBasis(operator: Operator, x: Float64Array, length: number): LanczosBasis {
  const first = x.slice();
  scale(first, 1 / length);
  const basis = [first];
  const alphas: number[] = [];
  const betas: number[] = [];
  const most = Math.min(MOST, operator.dimension);
  let beta = 0;
  for (let j = 0; j < most; j++) {
    const next = new Float64Array(x.length);
    operator.apply(basis[j]!, next);
    let alpha = 0;
    for (let pass = 0; pass < 2; pass++) {
      for (let i = 0; i <= j; i++) {
        const part = removeComponent(next, basis[i]!);
        if (i === j && pass === 0) alpha = part;
      }
    }
    alphas.push(alpha);
    beta = norm(next);
    if (beta <= 1e-14 * Math.max(operator.radius, Number.MIN_VALUE)) {
      beta = 0;
      break;
    }
    if (j + 1 === most) break;
    betas.push(beta);
    scale(next, 1 / beta);
    basis.push(next);
  }
  const m = basis.length;
  const small = new Matrix(m, m);
  alphas.forEach((alpha, i) => small.set(i, i, alpha));
  betas.slice(0, m - 1).forEach((b, i) => {
    small.set(i, i + 1, b);
    small.set(i + 1, i, b);
  });
  const evd = new EigenvalueDecomposition(small, { assumeSymmetric: true });
  return { basis, values: evd.realEigenvalues, vectors: evd.eigenvectorMatrix, beta };
}

/** First column of `exp(-i t T)`. */
function exponentialOf(
  values: readonly number[],
  vectors: Matrix,
  time: number,
): { readonly re: Float64Array; readonly im: Float64Array } {
  const m = values.length;
  const re = new Float64Array(m);
  const im = new Float64Array(m);
  values.forEach((value, k) => {
    const weight = vectors.get(0, k);
    const cos = weight * Math.cos(time * value);
    const sin = -weight * Math.sin(time * value);
    for (let i = 0; i < m; i++) {
      re[i]! += vectors.get(i, k) * cos;
      im[i]! += vectors.get(i, k) * sin;
    }
  });
  return { re, im };
}
