import { perExample } from './entropy.ts';
import { hermitianEigen } from '../hermitian.ts';
import type { HermitianEigen } from '../hermitian.ts';
import { commonBatch, perNat, readStates } from './input.ts';
import type { QuantumState, ReadStates, StateOptions } from './input.ts';
import { densityEigen, densityOf, exampleOf, nuclearNorm, product } from './matrices.ts';

/** Options of functions of two states with a logarithm. */
export interface RelativeEntropyOptions extends StateOptions {
  /** Base of the logarithm: e (nats) by default, 2 for bits. */
  readonly base?: number;
}

/**
 * Fidelity of two states, pure or mixed, (tr |√ρ √σ|)² (Jozsa, J. Mod. Opt. 41, 2315, 1994): |⟨a|b⟩|² for pure ones. Some
 * libraries call the root of it the fidelity.
 *
 * @param a pure states or density matrices.
 * @param b the same number of them, or one that goes with each of the other side.
 * @param options `qubits` n, where a batch is given.
 * @returns `[batch]`, from 0 to 1.
 * @throws ValueError for numbers that are no states, or batches of different lengths.
 * @example
 * ```ts
 * import { fidelity } from '@ketwork/simulator';
 * console.log(fidelity({ state: [1, 0, 0, 0] }, { density: [0.5, 0, 0, 0, 0, 0, 0.5, 0] })); // [0.5]
 * ```
 */
export function fidelity(
  a: QuantumState,
  b: QuantumState,
  options: StateOptions = {},
): Float64Array {
  const name = 'fidelity';
  const [x, y, batch] = readPair(name, a, b, options);
  const { size } = x;
  return perExample({ batch }, (e) => {
    if (x.isPure && y.isPure) {
      const [re, im] = overlap(exampleOf(x, e), exampleOf(y, e));
      return re * re + im * im;
    }
    if (x.isPure || y.isPure) {
      const [pure, mixed] = x.isPure ? [x, y] : [y, x];
      const v = exampleOf(pure, e);
      return overlap(v, product(exampleOf(mixed, e), v, size, size, 1))[0];
    }
    // The matrix √p_i ⟨v_i|w_j⟩ √q_j between the eigenvectors of the two has the singular values of √ρ √σ.
    const [p, q] = [x, y]
      .map((states) => weightedVectors(densityEigen(name, exampleOf(states, e), size)))
      .sort((a, b) => a.length - b.length) as [Float64Array[], Float64Array[]];
    const both = Float64Array.from(p.flatMap((v) => q.flatMap((w) => overlap(v, w))));
    return nuclearNorm(both, p.length) ** 2;
  });
}

/**
 * Trace distance ½ tr |ρ - σ|: the largest difference of probabilities that a measurement can find.
 *
 * @param a pure states or density matrices.
 * @param b the same number of them, or one that goes with each of the other side.
 * @param options `qubits` n, where a batch is given.
 * @returns `[batch]`, from 0 to 1.
 * @throws ValueError for numbers that are no states, or batches of different lengths.
 * @example
 * ```ts
 * import { traceDistance } from '@ketwork/simulator';
 * console.log(traceDistance({ state: [1, 0, 0, 0] }, { state: [0, 0, 1, 0] })); // [1]
 * ```
 */
export function traceDistance(
  a: QuantumState,
  b: QuantumState,
  options: StateOptions = {},
): Float64Array {
  const [x, y, batch] = readPair('traceDistance', a, b, options);
  return perExample({ batch }, (e) => {
    if (x.isPure && y.isPure) {
      // √(1 - |⟨a|b⟩|²) as the length of what b has beside a, which is exact for close states.
      const [v, w] = [exampleOf(x, e), exampleOf(y, e)];
      const [re, im] = overlap(v, w);
      let sum = 0;
      for (let i = 0; i < v.length; i += 2) {
        sum += (w[i]! - re * v[i]! + im * v[i + 1]!) ** 2;
        sum += (w[i + 1]! - re * v[i + 1]! - im * v[i]!) ** 2;
      }
      return Math.sqrt(sum);
    }
    const difference = densityOf(x, e).slice();
    densityOf(y, e).forEach((z, i) => (difference[i]! -= z));
    return hermitianEigen(difference, x.size).values.reduce((sum, z) => sum + Math.abs(z), 0) / 2;
  });
}

/**
 * Relative entropy tr ρ (log ρ - log σ), Infinity where ρ has weight outside the support of σ (beyond 1e-10).
 *
 * @param rho pure states or density matrices ρ.
 * @param sigma the same number of them, or one that goes with each of the other side.
 * @param options `base` of the logarithm (e by default); `qubits` n, where a batch is given.
 * @returns `[batch]`.
 * @throws ValueError for numbers that are no states, or batches of different lengths.
 * @example
 * ```ts
 * import { relativeEntropy } from '@ketwork/simulator';
 * const mixed = { density: [0.5, 0, 0, 0, 0, 0, 0.5, 0] };
 * console.log(relativeEntropy({ state: [1, 0, 0, 0] }, mixed, { base: 2 })); // [1]
 * ```
 */
export function relativeEntropy(
  rho: QuantumState,
  sigma: QuantumState,
  options: RelativeEntropyOptions = {},
): Float64Array {
  const name = 'relativeEntropy';
  const unit = perNat(name, options.base);
  const [x, y, batch] = readPair(name, rho, sigma, options);
  const { size } = x;
  return perExample({ batch }, (e) => {
    const matrix = densityOf(x, e);
    const p = densityEigen(name, matrix, size).values;
    const { values: q, vectors } = densityEigen(name, densityOf(y, e), size);
    let sum = p.reduce((total, z) => (z > 0 ? total + z * Math.log(z) : total), 0);
    for (let k = 0; k < size; k++) {
      const v = vectors.subarray(2 * k * size, 2 * (k + 1) * size);
      const weight = overlap(v, product(matrix, v, size, size, 1))[0];
      if (q[k]! > 0) sum -= weight * Math.log(q[k]!);
      else if (weight > 1e-10) return Infinity;
    }
    return unit * Math.max(0, sum);
  });
}

function readPair(
  name: string,
  a: QuantumState,
  b: QuantumState,
  { qubits }: StateOptions,
): [ReadStates, ReadStates, number] {
  const x = readStates(name, a, qubits);
  const y = readStates(name, b, qubits);
  return [x, y, commonBatch(name, x, y)];
}

/** Eigenvectors times the roots of their eigenvalues, where these are not 0. */
function weightedVectors({ values, vectors }: HermitianEigen): Float64Array[] {
  const d = values.length;
  return Array.from(values, (value, k) =>
    vectors.slice(2 * k * d, 2 * (k + 1) * d).map((z) => Math.sqrt(value) * z),
  ).filter((_, k) => values[k]! > 0);
}

/** ⟨a|b⟩. */
function overlap(a: Float64Array, b: Float64Array): readonly [number, number] {
  let re = 0;
  let im = 0;
  for (let i = 0; i < a.length; i += 2) {
    re += a[i]! * b[i]! + a[i + 1]! * b[i + 1]!;
    im += a[i]! * b[i + 1]! - a[i + 1]! * b[i]!;
  }
  return [re, im];
}
