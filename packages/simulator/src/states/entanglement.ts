import { ValueError } from '@ketwork/base';
import { hermitianEigen } from '../hermitian.ts';
import { perExample } from './entropy.ts';
import { offsetsOf, readStates } from './input.ts';
import type { QuantumState, ReadStates, StateOptions } from './input.ts';
import {
  densityEigen,
  densityOf,
  exampleOf,
  matrixFunction,
  product,
  singularValues,
} from './matrices.ts';
import { checkBipartition, schmidtCoefficients } from './reduced.ts';

/**
 * Negativity (‖ρ^T_A‖₁ - 1)/2 between a part and the rest (Vidal and Werner, Phys. Rev. A 65, 032314, 2002): 0 for states
 * that are not entangled, ½ for a Bell pair.
 *
 * @param given pure states or density matrices.
 * @param part qubits of one side; not all.
 * @param options `qubits` n, where a batch is given.
 * @returns `[batch]`.
 * @throws ValueError for numbers that are no states, or qubits out of range.
 * @example
 * ```ts
 * import { negativity } from '@ketwork/simulator';
 * const s = Math.SQRT1_2;
 * console.log(negativity({ state: [s, 0, 0, 0, 0, 0, s, 0] }, [0])); // [0.5]
 * ```
 */
export function negativity(
  given: QuantumState,
  part: readonly number[],
  options: StateOptions = {},
): Float64Array {
  return traceNorms('negativity', given, part, options).map((norm) => (norm - 1) / 2);
}

/**
 * Logarithmic negativity log₂ ‖ρ^T_A‖₁ between a part and the rest: 1 for a Bell pair.
 *
 * @param given pure states or density matrices.
 * @param part qubits of one side; not all.
 * @param options `qubits` n, where a batch is given.
 * @returns `[batch]`, in bits.
 * @throws ValueError for numbers that are no states, or qubits out of range.
 * @example
 * ```ts
 * import { logNegativity } from '@ketwork/simulator';
 * const s = Math.SQRT1_2;
 * console.log(logNegativity({ state: [s, 0, 0, 0, 0, 0, s, 0] }, [0])); // [1]
 * ```
 */
export function logNegativity(
  given: QuantumState,
  part: readonly number[],
  options: StateOptions = {},
): Float64Array {
  return traceNorms('logNegativity', given, part, options).map((norm) => Math.log2(norm));
}

/** ‖ρ^T_A‖₁, at least 1. */
function traceNorms(
  name: string,
  given: QuantumState,
  part: readonly number[],
  options: StateOptions,
): Float64Array {
  const states = readStates(name, given, options.qubits);
  checkBipartition(name, part, states.qubits);
  return perExample(states, (e) => {
    if (states.isPure) {
      const sum = schmidtCoefficients(states, e, part).reduce((total, s) => total + s, 0);
      return Math.max(1, sum * sum);
    }
    const { values } = hermitianEigen(partialTranspose(states, e, part), states.size);
    return Math.max(
      1,
      values.reduce((sum, x) => sum + Math.abs(x), 0),
    );
  });
}

/** Rows and columns exchanged on some qubits. */
function partialTranspose(states: ReadStates, e: number, part: readonly number[]): Float64Array {
  const { qubits, size } = states;
  const x = exampleOf(states, e);
  const mask = offsetsOf(part, qubits).at(-1)!;
  const out = new Float64Array(x.length);
  for (let r = 0; r < size; r++) {
    for (let c = 0; c < size; c++) {
      const differing = (r ^ c) & mask;
      const from = 2 * ((r ^ differing) * size + (c ^ differing));
      out[2 * (r * size + c)] = x[from]!;
      out[2 * (r * size + c) + 1] = x[from + 1]!;
    }
  }
  return out;
}

/**
 * Concurrence of two qubits (Wootters, Phys. Rev. Lett. 80, 2245, 1998): 0 for states that are not entangled, 1 for a
 * Bell pair.
 *
 * @param given pure states or density matrices of two qubits.
 * @param options `qubits`: 2, where a batch is given.
 * @returns `[batch]`.
 * @throws ValueError for numbers that are no states of two qubits.
 * @example
 * ```ts
 * import { concurrence } from '@ketwork/simulator';
 * const s = Math.SQRT1_2;
 * console.log(concurrence({ state: [s, 0, 0, 0, 0, 0, s, 0] })); // [1]
 * ```
 */
export function concurrence(given: QuantumState, options: StateOptions = {}): Float64Array {
  return concurrences('concurrence', given, options);
}

/**
 * Entanglement of formation of two qubits, in bits, from the concurrence (Wootters, 1998).
 *
 * @param given pure states or density matrices of two qubits.
 * @param options `qubits`: 2, where a batch is given.
 * @returns `[batch]`, from 0 to 1.
 * @throws ValueError for numbers that are no states of two qubits.
 * @example
 * ```ts
 * import { entanglementOfFormation } from '@ketwork/simulator';
 * const s = Math.SQRT1_2;
 * console.log(entanglementOfFormation({ state: [s, 0, 0, 0, 0, 0, s, 0] })); // [1]
 * ```
 */
export function entanglementOfFormation(
  given: QuantumState,
  options: StateOptions = {},
): Float64Array {
  const bits = (p: number): number => (p > 0 ? -p * Math.log2(p) : 0);
  return concurrences('entanglementOfFormation', given, options).map((c) => {
    const p = (1 + Math.sqrt(Math.max(0, 1 - c * c))) / 2;
    return bits(p) + bits(1 - p);
  });
}

function concurrences(name: string, given: QuantumState, options: StateOptions): Float64Array {
  const states = readStates(name, given, options.qubits);
  if (states.qubits !== 2) {
    throw new ValueError(`${name}: states of ${states.qubits} qubits`, {
      remedy: 'Give states of two qubits; negativity() takes any number',
    });
  }
  return perExample(states, (e) => {
    if (states.isPure) {
      // 2 |ad - bc|.
      const [ar, ai, br, bi, cr, ci, dr, di] = exampleOf(states, e) as unknown as number[];
      return (
        2 *
        Math.hypot(
          ar! * dr! - ai! * di! - br! * cr! + bi! * ci!,
          ar! * di! + ai! * dr! - br! * ci! - bi! * cr!,
        )
      );
    }
    // Singular values of √ρ (Y⊗Y) √ρ*: the roots of the eigenvalues of ρ (Y⊗Y) ρ* (Y⊗Y).
    const root = matrixFunction(densityEigen(name, densityOf(states, e), 4), Math.sqrt);
    const flipped = new Float64Array(32);
    for (let r = 0; r < 4; r++) {
      for (let c = 0; c < 4; c++) {
        // Row r of Y⊗Y has -1 or 1 in column 3 - r.
        const sign = r === 0 || r === 3 ? -1 : 1;
        flipped[2 * (r * 4 + c)] = sign * root[2 * ((3 - r) * 4 + c)]!;
        flipped[2 * (r * 4 + c) + 1] = -sign * root[2 * ((3 - r) * 4 + c) + 1]!;
      }
    }
    const [first, ...rest] = singularValues(product(root, flipped, 4, 4, 4), 4).values;
    return Math.max(0, first! - rest.reduce((sum, s) => sum + s, 0));
  });
}
