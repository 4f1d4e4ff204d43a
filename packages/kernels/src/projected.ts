import { ValueError } from '@ketwork/base';
import { circuit as build, expval, input, toJSON, X, Y, Z } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import type { AsyncEngine, Engine } from '@ketwork/simulator';
import { checkShots } from './binomial.ts';
import type { Recipe } from './computation.ts';
import type { AsyncKernel, Kernel, KernelJSON } from './contract.ts';
import { gaussianCotangents, gaussians } from './distance.ts';
import { asArray, asGradients, encodingOf, openKernel } from './kernel.ts';
import type { MemoryOptions } from './kernel.ts';

/** Options of {@link projectedKernel}. */
export interface ProjectedKernelOptions extends MemoryOptions {
  /** Rate of decay γ with the squared distance, above 0. Default 1. */
  readonly gamma?: number;
  /** Estimate the reduced states from this many shots per example and setting; exact when absent. */
  readonly shots?: number;
}

/** Options of {@link rbfKernel}. */
export interface RbfKernelOptions {
  /** Rate of decay γ with the squared distance, above 0. Default `1 / features`. */
  readonly gamma?: number;
}

/**
 * The projected kernel of a feature map, `K(x, x') = exp(-γ Σ_q ‖ρ_q(x) - ρ_q(x')‖²)` with the reduced states ρ_q of single
 * qubits and the Frobenius norm (Huang et al., "Power of data in quantum machine learning", Nature Communications 12,
 * 2631, 2021, eq. 9). It does not concentrate as the fidelity kernel does when qubits are added.
 *
 * Reduced states are read as expectation values of X, Y and Z: `‖ρ - ρ'‖² = ½ |r - r'|²`.
 *
 * @param engine Any engine that gives expectation values, also with noise.
 * @param featureMap A circuit with one batch slot, the example. Shared slots are weights, given with each call.
 * @throws CircuitError for a circuit without exactly one batch slot; ValueError for an option out of range; what the
 * engine's compile throws.
 * @example
 * ```ts
 * import { projectedKernel, zzFeatureMap } from '@ketwork/kernels';
 * import { cpu } from '@ketwork/simulator';
 * const kernel = projectedKernel(await cpu(), zzFeatureMap(3), { gamma: 0.5 });
 * console.log(kernel.matrix([[0.1, 0.2, 0.3], [0.1, 0.2, 0.3]])); // [1, 1, 1, 1]
 * ```
 */
export function projectedKernel(
  engine: Engine,
  featureMap: Circuit,
  options?: ProjectedKernelOptions,
): Kernel;
export function projectedKernel(
  engine: AsyncEngine,
  featureMap: Circuit,
  options?: ProjectedKernelOptions,
): AsyncKernel;
export function projectedKernel(
  engine: Engine | AsyncEngine,
  featureMap: Circuit,
  options?: ProjectedKernelOptions,
): Kernel | AsyncKernel;
export function projectedKernel(
  engine: Engine | AsyncEngine,
  featureMap: Circuit,
  options: ProjectedKernelOptions = {},
): Kernel | AsyncKernel {
  const { gamma = 1, shots } = options;
  checkGamma('projectedKernel', gamma);
  checkShots('projectedKernel', shots);
  const encoding = encodingOf('projectedKernel', featureMap);
  const { circuit, slot } = encoding;
  const length = 3 * circuit.qubits;
  const measurement = expval(
    ...Array.from({ length: circuit.qubits }, (_, q) => [X(q), Y(q), Z(q)]).flat(),
  );
  const rate = gamma / 2;
  const recipe: Recipe = {
    jobs: [{ circuit, measurement, ...(shots === undefined ? {} : { shots }) }],
    rowBytes: 8 * length,
    *represent(x, firstExample, { values, seed }) {
      return asArray(yield { program: 0, values: { ...values, [slot]: x }, seed, firstExample });
    },
    // oxlint-disable-next-line require-yield -- distances need no program
    *compare(a, b, upper) {
      return gaussians(a.data, b.data, length, rate, upper);
    },
    *pullBack(rows, x, dK, { values, seed }) {
      const dy = gaussianCotangents(rows.data, length, rate, dK);
      return asGradients(yield { program: 0, values: { ...values, [slot]: x }, seed, dy });
    },
  };
  const json = (): KernelJSON => ({
    kind: 'projected',
    circuit: toJSON(featureMap),
    settings: { gamma, ...(shots === undefined ? {} : { shots }) },
  });
  return openKernel(engine, { kind: 'projected', encoding, recipe, json }, options);
}

/**
 * The Gaussian kernel of classical support vector machines, `exp(-γ |x - x'|²)`: the baseline of quantum ones.
 *
 * @param features Numbers of one example.
 * @throws ValueError for a number of features or γ out of range.
 * @example
 * ```ts
 * import { rbfKernel } from '@ketwork/kernels';
 * console.log(rbfKernel(2, { gamma: 1 }).matrix([[0, 0], [1, 0]])[1]); // 0.3678…
 * ```
 */
export function rbfKernel(features: number, options: RbfKernelOptions = {}): Kernel {
  if (!Number.isSafeInteger(features) || features < 1)
    throw new ValueError(`rbfKernel: features ${String(features)} is not a positive integer`);
  const { gamma = 1 / features } = options;
  checkGamma('rbfKernel', gamma);
  const recipe: Recipe = {
    jobs: [],
    rowBytes: 8 * features,
    // oxlint-disable-next-line require-yield -- examples are compared as they are
    *represent(x) {
      return x;
    },
    // oxlint-disable-next-line require-yield -- distances need no program
    *compare(a, b, upper) {
      return gaussians(a.data, b.data, features, gamma, upper);
    },
  };
  // A circuit that does nothing has the one slot by which examples are checked.
  const circuit = build(1, { x: input([features]) }, () => {});
  const json = (): KernelJSON => ({ kind: 'rbf', settings: { features, gamma } });
  const encoding = { circuit, slot: 'x', features, classical: true };
  return openKernel(undefined, { kind: 'rbf', encoding, recipe, json }, {}) as Kernel;
}

function checkGamma(what: string, gamma: number): void {
  if (!(gamma > 0 && gamma < Infinity))
    throw new ValueError(`${what}: gamma ${String(gamma)} is not a number above 0`);
}
