import { ValueError } from '@ketwork/base';
import { checkPart, perNat, readStates } from './input.ts';
import type { EntropyOptions, QuantumState, ReadStates, SubsystemOptions } from './input.ts';
import { exampleOf } from './matrices.ts';
import { reducedOf, spectrumOf } from './reduced.ts';

/**
 * Purity tr ρ² of states or of a part of them: 1 for pure states, at least 2^-k for k qubits.
 *
 * @param given pure states or density matrices.
 * @param options `of`, the qubits looked at; `qubits` n, where a batch is given.
 * @returns `[batch]`.
 * @throws ValueError for numbers that are no states, or qubits out of range.
 * @example
 * ```ts
 * import { purity } from '@ketwork/simulator';
 * const s = Math.SQRT1_2;
 * console.log(purity({ state: [s, 0, 0, 0, 0, 0, s, 0] }, { of: [1] })); // [0.5]
 * ```
 */
export function purity(given: QuantumState, options: SubsystemOptions = {}): Float64Array {
  const states = readPart('purity', given, options);
  return perExample(states, (e) => {
    if (states.isPure && (options.of === undefined || options.of.length === states.qubits)) {
      return exampleOf(states, e).reduce((sum, x) => sum + x * x, 0) ** 2;
    }
    const matrix =
      options.of === undefined ? exampleOf(states, e) : reducedOf(states, e, options.of);
    return matrix.reduce((sum, x) => sum + x * x, 0);
  });
}

/**
 * Von Neumann entropy -tr ρ log ρ; with `of`, of those qubits: for a pure state, their entanglement with the others.
 *
 * @param given pure states or density matrices.
 * @param options `of`, the qubits looked at; `base` of the logarithm (e by default); `qubits` n, where a batch is given.
 * @returns `[batch]`.
 * @throws ValueError for numbers that are no states, or qubits out of range.
 * @example
 * ```ts
 * import { vonNeumannEntropy } from '@ketwork/simulator';
 * const s = Math.SQRT1_2;
 * console.log(vonNeumannEntropy({ state: [s, 0, 0, 0, 0, 0, s, 0] }, { of: [0], base: 2 })); // [1]
 * ```
 */
export function vonNeumannEntropy(given: QuantumState, options: EntropyOptions = {}): Float64Array {
  const name = 'vonNeumannEntropy';
  const unit = perNat(name, options.base);
  const states = readPart(name, given, options);
  return perExample(states, (e) => unit * entropyOf(spectrumOf(name, states, e, options.of)));
}

/**
 * Rényi entropy log(tr ρ^α)/(1 - α). α = 1 is the von Neumann entropy, 0 the logarithm of the rank (eigenvalues below
 * 1e-12 count as 0), Infinity the min-entropy -log of the largest eigenvalue.
 *
 * @param given pure states or density matrices.
 * @param alpha order α, not negative.
 * @param options `of`, the qubits looked at; `base` of the logarithm (e by default); `qubits` n, where a batch is given.
 * @returns `[batch]`.
 * @throws ValueError for a negative order, numbers that are no states, or qubits out of range.
 * @example
 * ```ts
 * import { renyiEntropy } from '@ketwork/simulator';
 * console.log(renyiEntropy({ density: [0.5, 0, 0, 0, 0, 0, 0.5, 0] }, 2, { base: 2 })); // [1]
 * ```
 */
export function renyiEntropy(
  given: QuantumState,
  alpha: number,
  options: EntropyOptions = {},
): Float64Array {
  const name = 'renyiEntropy';
  if (!(alpha >= 0)) {
    throw new ValueError(`${name}: the order is ${alpha}`, { remedy: 'Use a number from 0 on' });
  }
  const unit = perNat(name, options.base);
  const states = readPart(name, given, options);
  return perExample(states, (e) => unit * renyi(spectrumOf(name, states, e, options.of), alpha));
}

/**
 * Quantum mutual information S(A) + S(B) - S(AB) of two parts.
 *
 * @param given pure states or density matrices.
 * @param a qubits of A.
 * @param b qubits of B, none of them in A.
 * @param options `base` of the logarithm (e by default); `qubits` n, where a batch is given.
 * @returns `[batch]`.
 * @throws ValueError for parts that share a qubit, numbers that are no states, or qubits out of range.
 * @example
 * ```ts
 * import { mutualInformation } from '@ketwork/simulator';
 * const s = Math.SQRT1_2;
 * console.log(mutualInformation({ state: [s, 0, 0, 0, 0, 0, s, 0] }, [0], [1], { base: 2 })); // [2]
 * ```
 */
export function mutualInformation(
  given: QuantumState,
  a: readonly number[],
  b: readonly number[],
  options: Omit<EntropyOptions, 'of'> = {},
): Float64Array {
  const name = 'mutualInformation';
  const unit = perNat(name, options.base);
  const states = readStates(name, given, options.qubits);
  checkPart(name, a, states.qubits);
  checkPart(name, b, states.qubits);
  checkPart(name, [...a, ...b], states.qubits);
  const entropy = (e: number, of: readonly number[]): number =>
    entropyOf(spectrumOf(name, states, e, of));
  return perExample(
    states,
    (e) => unit * (entropy(e, a) + entropy(e, b) - entropy(e, [...a, ...b])),
  );
}

function readPart(name: string, given: QuantumState, options: SubsystemOptions): ReadStates {
  const states = readStates(name, given, options.qubits);
  if (options.of !== undefined) checkPart(name, options.of, states.qubits);
  return states;
}

/** A number for each example. */
export function perExample(
  { batch }: { readonly batch: number },
  f: (e: number) => number,
): Float64Array {
  const out = new Float64Array(batch);
  for (let e = 0; e < batch; e++) out[e] = f(e);
  return out;
}

/** -Σ p log p, in nats. */
function entropyOf(values: Float64Array): number {
  return values.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
}

function renyi(values: Float64Array, alpha: number): number {
  if (alpha === 1) return entropyOf(values);
  if (alpha === 0) return Math.log(values.filter((p) => p > 1e-12).length);
  if (alpha === Infinity) return -Math.log(Math.max(...values));
  // Relative to the largest one, so that large orders do not underflow.
  const largest = Math.max(...values);
  const sum = values.reduce((total, p) => total + (p / largest) ** alpha, 0);
  return (Math.log(sum) + alpha * Math.log(largest)) / (1 - alpha);
}
