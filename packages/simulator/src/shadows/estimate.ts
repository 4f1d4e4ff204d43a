import { ValueError } from '@ketwork/base';
import { pauliDecomposition } from '@ketwork/circuit';
import type { Observable, PauliTerm } from '@ketwork/circuit';
import { bitCount } from '../bits.ts';
import type { ClassicalShadow } from './shadow.ts';

/** Options of {@link shadowExpectation}. */
export interface ShadowExpectationOptions {
  /** Number of groups of snapshots whose means the median is taken of. Default 1, the mean. */
  readonly groups?: number;
}

/**
 * Expectation values of observables from a classical shadow, by the median of the means of groups of snapshots. A Pauli
 * string on k qubits is read from the snapshots whose bases are its letters, one of 3^k, so that the variance is about
 * 3^k over the number of snapshots.
 *
 * @param shadow made by `classicalShadow`.
 * @param observables Pauli sums, projectors or fixed Hermitian matrices, on few qubits each.
 * @param options `groups`: more of them make large errors less likely, see {@link shadowSize}.
 * @returns `[batch, observables]`.
 * @throws ValueError for observables that do not fit the shadow, or more groups than snapshots.
 * @example
 * ```ts
 * import { circuit, Z } from '@ketwork/circuit';
 * import { classicalShadow, cpu, shadowExpectation } from '@ketwork/simulator';
 * const flipped = circuit(1, (q) => q.x(0));
 * const shadow = classicalShadow(await cpu(), flipped, {}, { snapshots: 900, seed: 3 });
 * console.log(shadowExpectation(shadow, [Z(0)], { groups: 9 })); // about -1
 * ```
 */
export function shadowExpectation(
  shadow: ClassicalShadow,
  observables: readonly Observable[],
  options: ShadowExpectationOptions = {},
): Float64Array {
  const { groups = 1 } = options;
  const { qubits, batch, snapshots } = shadow;
  if (!Number.isSafeInteger(groups) || groups < 1 || groups > snapshots) {
    throw new ValueError(`${groups} groups of ${snapshots} snapshots`, {
      remedy: 'Use a positive integer, at most the number of snapshots',
    });
  }
  const masks = masksOf(shadow);
  const out = new Float64Array(batch * observables.length);
  observables.forEach((observable, o) => {
    const values = estimatorOf(observable, qubits, masks);
    for (let e = 0; e < batch; e++) {
      const means = Array.from({ length: groups }, (_, g) => {
        const from = Math.floor((g * snapshots) / groups);
        const to = Math.floor(((g + 1) * snapshots) / groups);
        let sum = 0;
        for (let s = from; s < to; s++) sum += values(s, e * snapshots + s);
        return sum / (to - from);
      }).sort((a, b) => a - b);
      const middle = groups >> 1;
      out[e * observables.length + o] =
        groups % 2 === 1 ? means[middle]! : (means[middle - 1]! + means[middle]!) / 2;
    }
  });
  return out;
}

/** Bases and outcomes of snapshots as bits, qubit q at bit q. */
interface Masks {
  /** Qubits measured in X, and in Y: `[snapshots]`. */
  readonly x: Int32Array;
  readonly y: Int32Array;
  /** Qubits whose outcome is 1: `[batch · snapshots]`. */
  readonly ones: Int32Array;
}

function masksOf({ qubits, bases, outcomes }: ClassicalShadow): Masks {
  const gathered = (array: Uint8Array, value: number): Int32Array => {
    const out = new Int32Array(array.length / qubits);
    for (let i = 0; i < array.length; i++)
      if (array[i] === value) out[Math.floor(i / qubits)]! |= 1 << (i % qubits);
    return out;
  };
  return { x: gathered(bases, 0), y: gathered(bases, 1), ones: gathered(outcomes, 1) };
}

/** The estimate from one snapshot: its number, and its number among those of all examples. */
function estimatorOf(
  observable: Observable,
  qubits: number,
  { x, y, ones }: Masks,
): (snapshot: number, row: number) => number {
  if (observable.type === 'projector') {
    checkQubits(observable.qubits, qubits);
    // ⟨b|3|s⟩⟨s| - 1|b⟩ for each qubit: 2 or -1 in the same basis, 1/2 in another.
    return (s, row) => {
      let product = 1;
      observable.qubits.forEach((q, i) => {
        const bit = 1 << q;
        if (((x[s]! | y[s]!) & bit) !== 0) product *= 0.5;
        else product *= ((ones[row]! & bit) !== 0 ? 1 : 0) === observable.bits[i] ? 2 : -1;
      });
      return product;
    };
  }
  const terms = termsOf(observable).map(({ coefficient, paulis }) => {
    checkQubits(
      paulis.map(({ qubit }) => qubit),
      qubits,
    );
    const mask = (letter: string): number =>
      paulis.reduce((sum, p) => (p.pauli === letter ? sum | (1 << p.qubit) : sum), 0);
    const [tx, ty, tz] = [mask('X'), mask('Y'), mask('Z')] as const;
    return { tx, ty, tz, all: tx | ty | tz, weight: coefficient * 3 ** paulis.length };
  });
  return (s, row) => {
    const mx = x[s]!;
    const my = y[s]!;
    let sum = 0;
    for (const { tx, ty, tz, all, weight } of terms) {
      if (((tx & ~mx) | (ty & ~my) | (tz & (mx | my))) !== 0) continue;
      sum += (bitCount(ones[row]! & all) & 1) === 0 ? weight : -weight;
    }
    return sum;
  };
}

/** An observable as Pauli strings. */
function termsOf(observable: Observable): readonly PauliTerm[] {
  if (observable.type === 'pauli') return observable.terms;
  if (observable.type === 'projector') {
    // A product of (1 ± Z)/2.
    let terms: PauliTerm[] = [{ coefficient: 1, paulis: [] }];
    observable.qubits.forEach((qubit, i) => {
      const sign = observable.bits[i] === 1 ? -1 : 1;
      terms = terms.flatMap(({ coefficient, paulis }) => [
        { coefficient: coefficient / 2, paulis },
        { coefficient: (sign * coefficient) / 2, paulis: [...paulis, { qubit, pauli: 'Z' }] },
      ]);
    });
    return terms;
  }
  if ('slot' in observable.matrix) {
    throw new ValueError(`the observable's matrix is the slot '${observable.matrix.slot}'`, {
      remedy: 'Give an observable with a fixed matrix',
    });
  }
  return pauliDecomposition(observable.matrix, { qubits: observable.qubits }).terms;
}

function checkQubits(on: readonly number[], qubits: number): void {
  const wrong = on.find((q) => q >= qubits);
  if (wrong !== undefined) {
    throw new ValueError(`an observable acts on qubit ${wrong}, the shadow has ${qubits}`, {
      remedy: 'Use qubits of the shadow',
    });
  }
}

/** How many snapshots estimates need. */
export interface ShadowSize {
  /** Snapshots in all. */
  readonly snapshots: number;
  /** Groups for the median of means. */
  readonly groups: number;
}

/**
 * Snapshots and groups with which all of M observables are estimated to an error ε except with probability δ: `K = 2
 * log(2M/δ)` groups of `34/ε² · max ‖O‖²` snapshots (Huang, Kueng and Preskill, 2020, theorem S1). The shadow norm of a
 * Pauli string on k qubits is 3^(k/2), that of a sum at most the sum of its terms'. The bound is safe; in practice some ten
 * times fewer do.
 *
 * @param observables Pauli sums, projectors or fixed Hermitian matrices.
 * @param options `error` ε and the probability `failure` δ.
 * @throws ValueError for a non-positive error, or a probability that is not between 0 and 1.
 * @example
 * ```ts
 * import { Z } from '@ketwork/circuit';
 * import { shadowSize } from '@ketwork/simulator';
 * console.log(shadowSize([Z(0), Z(0).mul(Z(1))], { error: 0.1, failure: 0.01 })); // { snapshots: 367200, groups: 12 }
 * ```
 */
export function shadowSize(
  observables: readonly Observable[],
  options: { readonly error: number; readonly failure: number },
): ShadowSize {
  const { error, failure } = options;
  if (!(error > 0) || !(failure > 0 && failure < 1) || observables.length === 0) {
    throw new ValueError(
      `${observables.length} observables to an error of ${error} except with probability ${failure}`,
      { remedy: 'Give observables, a positive error and a probability between 0 and 1' },
    );
  }
  const norm = observables.reduce((most, observable) => {
    const sum = termsOf(observable).reduce(
      (total, { coefficient, paulis }) =>
        // Constants are known without a measurement.
        paulis.length === 0 ? total : total + Math.abs(coefficient) * 3 ** (paulis.length / 2),
      0,
    );
    return Math.max(most, sum);
  }, 0);
  const groups = Math.ceil(2 * Math.log((2 * observables.length) / failure));
  const each = Math.max(1, Math.ceil((34 * norm * norm) / error ** 2 - 1e-9));
  return { snapshots: groups * each, groups };
}

/** Largest part whose density matrix is put together. */
const MAX_PART = 6;

/**
 * An estimate of the density matrix of a few qubits: the mean of `⊗ (3|s⟩⟨s| - 1)` over the snapshots. It is Hermitian and of
 * trace 1, but may have negative eigenvalues; its error grows with 4^k.
 *
 * @param shadow made by `classicalShadow`.
 * @param of k qubits, at most 6, the first one most significant.
 * @returns `[batch, 2^k, 2^k, 2]`, interleaved re, im.
 * @throws ValueError for qubits that the shadow does not have, or too many of them.
 * @example
 * ```ts
 * import { circuit } from '@ketwork/circuit';
 * import { classicalShadow, cpu, shadowDensity } from '@ketwork/simulator';
 * const plus = circuit(1, (q) => q.h(0));
 * const shadow = classicalShadow(await cpu(), plus, {}, { snapshots: 3000, seed: 2 });
 * console.log(shadowDensity(shadow, [0])); // about [0.5, 0, 0.5, 0, 0.5, 0, 0.5, 0]
 * ```
 */
export function shadowDensity(shadow: ClassicalShadow, of: readonly number[]): Float64Array {
  const k = checkPart(shadow, of);
  const d = 2 ** k;
  const each = 2 * d * d;
  const out = new Float64Array(shadow.batch * each);
  for (let e = 0; e < shadow.batch; e++) {
    for (const [pattern, count] of patternsOf(shadow, of, e)) {
      const weight = count / shadow.snapshots;
      for (let r = 0; r < d; r++) {
        for (let c = 0; c < d; c++) {
          let re = weight;
          let im = 0;
          for (let i = 0; i < k; i++) {
            const digit = Math.floor(pattern / 6 ** (k - 1 - i)) % 6;
            const [a, b] = entry(digit, (r >> (k - 1 - i)) & 1, (c >> (k - 1 - i)) & 1);
            [re, im] = [re * a - im * b, re * b + im * a];
          }
          out[e * each + 2 * (r * d + c)]! += re;
          out[e * each + 2 * (r * d + c) + 1]! += im;
        }
      }
    }
  }
  return out;
}

/** Entry of (1 + 3 s σ)/2 for a digit 2 · basis + outcome. */
function entry(digit: number, row: number, column: number): readonly [number, number] {
  const s = digit % 2 === 0 ? 1.5 : -1.5;
  const basis = digit >> 1;
  if (basis === 2) return row === column ? [0.5 + (row === 0 ? s : -s), 0] : [0, 0];
  if (row === column) return [0.5, 0];
  return basis === 0 ? [s, 0] : [0, row === 0 ? -s : s];
}

/**
 * Purity tr ρ² of a few qubits, from pairs of different snapshots, without bias; -log of it is the Rényi entropy of order 2.
 *
 * @param shadow made by `classicalShadow`.
 * @param of k qubits, at most 6.
 * @returns `[batch]`.
 * @throws ValueError for qubits that the shadow does not have, too many of them, or a single snapshot.
 * @example
 * ```ts
 * import { circuit } from '@ketwork/circuit';
 * import { classicalShadow, cpu, shadowPurity } from '@ketwork/simulator';
 * const bell = circuit(2, (q) => q.h(0).cnot(0, 1));
 * const shadow = classicalShadow(await cpu(), bell, {}, { snapshots: 3000, seed: 2 });
 * console.log(shadowPurity(shadow, [0])); // about 0.5
 * ```
 */
export function shadowPurity(shadow: ClassicalShadow, of: readonly number[]): Float64Array {
  const k = checkPart(shadow, of);
  const { batch, snapshots } = shadow;
  if (snapshots < 2) {
    throw new ValueError('the purity takes pairs of snapshots, and there is one', {
      remedy: 'Draw more',
    });
  }
  const out = new Float64Array(batch);
  for (let e = 0; e < batch; e++) {
    const patterns = [...patternsOf(shadow, of, e)];
    let sum = 0;
    for (const [a, countA] of patterns) {
      for (const [b, countB] of patterns) {
        let product = countA * (a === b ? countB - 1 : countB);
        for (let i = 0; i < k; i++) {
          const x = Math.floor(a / 6 ** i) % 6;
          const y = Math.floor(b / 6 ** i) % 6;
          // tr (3|s⟩⟨s| - 1)(3|t⟩⟨t| - 1) = 9 |⟨s|t⟩|² - 4.
          product *= x === y ? 5 : x >> 1 === y >> 1 ? -4 : 0.5;
        }
        sum += product;
      }
    }
    out[e] = sum / (snapshots * (snapshots - 1));
  }
  return out;
}

/** How often each combination of bases and outcomes of some qubits occurs; digits 2 · basis + outcome to the base 6. */
function patternsOf(
  { qubits, snapshots, bases, outcomes }: ClassicalShadow,
  of: readonly number[],
  e: number,
): Map<number, number> {
  const counts = new Map<number, number>();
  for (let s = 0; s < snapshots; s++) {
    let pattern = 0;
    for (const q of of)
      pattern =
        6 * pattern + 2 * bases[s * qubits + q]! + outcomes[(e * snapshots + s) * qubits + q]!;
    counts.set(pattern, (counts.get(pattern) ?? 0) + 1);
  }
  return counts;
}

function checkPart({ qubits }: ClassicalShadow, of: readonly number[]): number {
  const isWrong = of.some((q) => !Number.isInteger(q) || q < 0 || q >= qubits);
  if (isWrong || of.length === 0 || of.length > MAX_PART || new Set(of).size !== of.length) {
    throw new ValueError(`[${of.join(', ')}] is no part of a shadow of ${qubits} qubits`, {
      remedy: `Name one to ${MAX_PART} qubits from 0 to ${qubits - 1}, each once`,
    });
  }
  return of.length;
}
