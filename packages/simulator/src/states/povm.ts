import { ValueError } from '@ketwork/base';
import { interleavedMatrix, pauliDecomposition } from '@ketwork/circuit';
import type { HermitianObservable, MatrixLike, PauliObservable } from '@ketwork/circuit';
import { hermitianEigen } from '../hermitian.ts';
import { qubitsOfSum } from '../operators/sparse.ts';
import { readStates } from './input.ts';
import type { QuantumState, StateOptions } from './input.ts';
import { densityOf } from './matrices.ts';

/**
 * A generalised measurement (POVM) of one qubit with four outcomes whose probabilities determine the state. On n qubits
 * it acts on each; an outcome is a string of n digits 0 to 3, its index in base 4 with qubit 0 most significant.
 */
export interface Povm {
  /** Effects M_a, which sum to the identity: `[4, 2, 2, 2]`, interleaved re, im. */
  readonly effects: Float64Array;
  /** T_ab = tr(M_a M_b): `[4, 4]`. */
  readonly overlaps: Float64Array;
  /** Dual operators N_b = Σ_a (T⁻¹)_ba M_a, so that ρ = Σ_b p_b N_b: `[4, 2, 2, 2]`. */
  readonly dual: Float64Array;
}

const OUTCOMES = 4;
/** Numbers of a 2 × 2 matrix. */
const MATRIX = 8;
const TOLERANCE = 1e-10;

/**
 * A POVM of one qubit from its four effects.
 *
 * @param effects positive 2 × 2 matrices that sum to the identity and are linearly independent.
 * @throws ValueError where they are not.
 * @example
 * ```ts
 * import { fourPauliPovm, povm } from '@ketwork/simulator';
 * const { effects } = fourPauliPovm();
 * const again = povm([0, 1, 2, 3].map((a) => effects.subarray(8 * a, 8 * a + 8)));
 * console.log(again.dual.length); // 32
 * ```
 */
export function povm(effects: readonly MatrixLike[]): Povm {
  const refuse = (what: string, remedy: string): never => {
    throw new ValueError(`povm: ${what}`, { remedy });
  };
  if (effects.length !== OUTCOMES)
    refuse(`${effects.length} effects`, 'Give four: as many as a state has parameters');
  const all = new Float64Array(OUTCOMES * MATRIX);
  effects.forEach((effect, a) => {
    const matrix = interleavedMatrix(effect);
    if (matrix.length !== MATRIX || !matrix.every(Number.isFinite))
      refuse(`effect ${a} is no finite 2 × 2 matrix`, 'Give rows, or flat interleaved re, im');
    const off = Math.hypot(
      matrix[1]!,
      matrix[7]!,
      matrix[2]! - matrix[4]!,
      matrix[3]! + matrix[5]!,
    );
    if (off > TOLERANCE || hermitianEigen(matrix, 2).values[0]! < -TOLERANCE)
      refuse(`effect ${a} is not Hermitian and positive`, 'Probabilities would be negative');
    all.set(matrix, a * MATRIX);
  });
  for (let i = 0; i < MATRIX; i++) {
    let sum = 0;
    for (let a = 0; a < OUTCOMES; a++) sum += all[a * MATRIX + i]!;
    if (Math.abs(sum - (i === 0 || i === 6 ? 1 : 0)) > TOLERANCE)
      refuse('the effects do not sum to the identity', 'Probabilities would not sum to 1');
  }
  const overlaps = new Float64Array(OUTCOMES * OUTCOMES);
  for (let a = 0; a < OUTCOMES; a++) {
    for (let b = 0; b < OUTCOMES; b++) {
      // tr(AB) of Hermitian matrices is the sum of products of the numbers of A and B.
      let sum = 0;
      for (let i = 0; i < MATRIX; i++) sum += all[a * MATRIX + i]! * all[b * MATRIX + i]!;
      overlaps[a * OUTCOMES + b] = sum;
    }
  }
  const inverse =
    invert(overlaps, OUTCOMES) ??
    refuse('the effects are linearly dependent', 'Different states would have equal probabilities');
  const dual = new Float64Array(OUTCOMES * MATRIX);
  for (let b = 0; b < OUTCOMES; b++) {
    for (let a = 0; a < OUTCOMES; a++) {
      const factor = inverse[b * OUTCOMES + a]!;
      for (let i = 0; i < MATRIX; i++) dual[b * MATRIX + i]! += factor * all[a * MATRIX + i]!;
    }
  }
  return Object.freeze({ effects: all, overlaps, dual });
}

/**
 * The 4-Pauli POVM: |0⟩⟨0|/3, |+⟩⟨+|/3, |+i⟩⟨+i|/3, and what is missing to the identity (Carrasquilla et al., Nature
 * Machine Intelligence 1, 155, 2019): Pauli measurements drawn at random, with the three outcomes -1 as one.
 *
 * @example
 * ```ts
 * import { fourPauliPovm, povmProbabilities } from '@ketwork/simulator';
 * console.log(povmProbabilities(fourPauliPovm(), { state: [1, 0, 0, 0] })); // 0.333, 0.167, 0.167, 0.333
 * ```
 */
export function fourPauliPovm(): Povm {
  const third = 1 / 3;
  const sixth = 1 / 6;
  return povm([
    [third, 0, 0, 0, 0, 0, 0, 0],
    [sixth, 0, sixth, 0, sixth, 0, sixth, 0],
    [sixth, 0, 0, -sixth, 0, sixth, sixth, 0],
    [third, 0, -sixth, sixth, -sixth, -sixth, 2 * third, 0],
  ]);
}

/**
 * The tetrahedral POVM, which is symmetric (Renes et al., J. Math. Phys. 45, 2171, 2004): effects (I + s_a · σ)/4 with
 * s_a at the corners of a tetrahedron in the Bloch sphere, the first at |0⟩.
 *
 * @example
 * ```ts
 * import { tetrahedralPovm } from '@ketwork/simulator';
 * console.log(tetrahedralPovm().overlaps.subarray(0, 4)); // 0.25, 0.083, 0.083, 0.083
 * ```
 */
export function tetrahedralPovm(): Povm {
  const r = (2 * Math.SQRT2) / 3;
  const corners = [
    [0, 0, 1],
    [r, 0, -1 / 3],
    [-r / 2, (r * Math.sqrt(3)) / 2, -1 / 3],
    [-r / 2, (-r * Math.sqrt(3)) / 2, -1 / 3],
  ] as const;
  return povm(
    corners.map(([x, y, z]) => [(1 + z) / 4, 0, x / 4, -y / 4, x / 4, y / 4, (1 - z) / 4, 0]),
  );
}

/**
 * Probabilities p_a = tr(ρ M_a1 ⊗ M_a2 …) of the outcomes of a POVM on every qubit.
 *
 * @param states states or density matrices.
 * @param options `qubits` n, where a batch is given.
 * @returns `[batch, 4^n]`.
 * @throws ValueError where the states are none.
 * @example
 * ```ts
 * import { povmProbabilities, tetrahedralPovm } from '@ketwork/simulator';
 * console.log(povmProbabilities(tetrahedralPovm(), { state: [1, 0, 0, 0] })); // 0.5, 0.167, 0.167, 0.167
 * ```
 */
export function povmProbabilities(
  measurement: Povm,
  states: QuantumState,
  { qubits }: StateOptions = {},
): Float64Array {
  const read = readStates('povmProbabilities', states, qubits);
  const count = 4 ** read.qubits;
  const out = new Float64Array(read.batch * count);
  for (let e = 0; e < read.batch; e++)
    out.set(povmTraces(measurement, densityOf(read, e), read.qubits), e * count);
  return out;
}

/** tr(A M_a1 ⊗ M_a2 …) of any Hermitian matrix `[2^n, 2^n, 2]`: `[4^n]`. */
export function povmTraces({ effects }: Povm, matrix: Float64Array, n: number): Float64Array {
  const count = 4 ** n;
  const places = sitePlaces(n);
  // Σ M_a[c, r] A[r, c].
  const map = siteMatrix((a, rc) => {
    const at = a * MATRIX + 2 * ((rc & 1) * 2 + (rc >> 1));
    return [effects[at]!, effects[at + 1]!];
  });
  const x = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    x[2 * i] = matrix[2 * places[i]!]!;
    x[2 * i + 1] = matrix[2 * places[i]! + 1]!;
  }
  const y = applySites(map, x, n);
  return Float64Array.from({ length: count }, (_, i) => y[2 * i]!);
}

/**
 * Operators Σ_b p_b N_b1 ⊗ N_b2 … that a POVM's probabilities stand for: density matrices where they are those of
 * states. Estimated probabilities give Hermitian matrices that need not be positive.
 *
 * @param probabilities `[batch, 4^n]`.
 * @param options `qubits` n, where a batch is given.
 * @returns `[batch, 2^n, 2^n, 2]`, interleaved re, im.
 * @throws ValueError where the length does not fit.
 * @example
 * ```ts
 * import { fourPauliPovm, povmDensity, povmProbabilities } from '@ketwork/simulator';
 * const p = povmProbabilities(fourPauliPovm(), { state: [0, 0, 1, 0] });
 * console.log(povmDensity(fourPauliPovm(), p)[6].toFixed(6)); // 1.000000
 * ```
 */
export function povmDensity(
  measurement: Povm,
  probabilities: ArrayLike<number>,
  { qubits }: StateOptions = {},
): Float64Array {
  const n = qubits ?? Math.log2(probabilities.length) / 2;
  const count = 4 ** n;
  const batch = probabilities.length / count;
  if (!Number.isSafeInteger(n) || n < 1 || !Number.isInteger(batch) || batch < 1) {
    throw new ValueError(
      `povmDensity: ${probabilities.length} numbers are no probabilities of strings of outcomes`,
      { remedy: 'Give [batch, 4^n] numbers, and the number of qubits of a batch' },
    );
  }
  const places = sitePlaces(n);
  const map = siteMatrix((rc, b) => {
    const at = b * MATRIX + 2 * rc;
    return [measurement.dual[at]!, measurement.dual[at + 1]!];
  });
  const out = new Float64Array(2 * batch * count);
  for (let e = 0; e < batch; e++) {
    const x = new Float64Array(2 * count);
    for (let i = 0; i < count; i++) x[2 * i] = probabilities[e * count + i]!;
    const y = applySites(map, x, n);
    for (let i = 0; i < count; i++) {
      const to = 2 * (e * count + places[i]!);
      out[to] = y[2 * i]!;
      out[to + 1] = y[2 * i + 1]!;
    }
  }
  return out;
}

/**
 * What strings of outcomes contribute to an observable: tr(O N_b1 ⊗ N_b2 …), so that ⟨O⟩ = Σ_b p_b value_b, and the
 * mean over measured strings estimates it. Strings need to be looked at where the observable acts only.
 *
 * @param observable a Pauli sum, or a fixed Hermitian matrix.
 * @param strings digits 0 to 3 of outcomes, `[count, n]`, qubit 0 first.
 * @param qubits n.
 * @returns `[count]`.
 * @throws ValueError where strings and observable do not fit the qubits, or a digit is no outcome.
 * @example
 * ```ts
 * import { Z } from '@ketwork/circuit';
 * import { fourPauliPovm, povmValues } from '@ketwork/simulator';
 * console.log(povmValues(fourPauliPovm(), Z(1), [2, 0, 0, 3], 2).map(Math.round)); // 5, -1
 * ```
 */
export function povmValues(
  measurement: Povm,
  observable: PauliObservable | HermitianObservable,
  strings: ArrayLike<number>,
  qubits: number,
): Float64Array {
  const refuse = (what: string, remedy: string): never => {
    throw new ValueError(`povmValues: ${what}`, { remedy });
  };
  const count = strings.length / qubits;
  if (!Number.isSafeInteger(qubits) || qubits < 1 || !Number.isInteger(count) || count < 1)
    refuse(`${strings.length} digits for ${qubits} qubits`, 'Give [count, n] digits');
  for (let i = 0; i < strings.length; i++) {
    if (!Number.isInteger(strings[i]) || strings[i]! < 0 || strings[i]! >= OUTCOMES)
      refuse(`digit ${i} is ${strings[i]}`, 'Outcomes are 0, 1, 2 and 3');
  }
  const sum = pauliSumOf(observable);
  if (qubitsOfSum(sum) > qubits)
    refuse(`the observable acts on qubit ${qubitsOfSum(sum) - 1}`, 'Give strings of more qubits');
  const traces = pauliTraces(measurement);
  const out = new Float64Array(count);
  for (const { coefficient, paulis } of sum.terms) {
    for (let s = 0; s < count; s++) {
      let value = coefficient;
      for (const { qubit, pauli } of paulis) value *= traces[pauli][strings[s * qubits + qubit]!]!;
      out[s]! += value;
    }
  }
  return out;
}

function pauliSumOf(observable: PauliObservable | HermitianObservable): PauliObservable {
  if (observable.type === 'pauli') return observable;
  const { matrix, qubits } = observable;
  if ('slot' in matrix) {
    throw new ValueError(`povmValues: the observable is the slot '${matrix.slot}'`, {
      remedy: 'Give a fixed matrix',
    });
  }
  return pauliDecomposition(matrix, { qubits });
}

/** tr(P N_b) of each Pauli matrix and outcome; tr(N_b) is 1. */
function pauliTraces({ dual }: Povm): Record<'X' | 'Y' | 'Z', number[]> {
  const of = (read: (m: Float64Array) => number): number[] =>
    Array.from({ length: OUTCOMES }, (_, b) => read(dual.subarray(b * MATRIX, (b + 1) * MATRIX)));
  return {
    X: of((m) => m[2]! + m[4]!),
    Y: of((m) => m[5]! - m[3]!),
    Z: of((m) => m[0]! - m[6]!),
  };
}

/** For each string of digits (row bit, column bit) of the sites the place [row, column] in a density matrix. */
function sitePlaces(n: number): Int32Array {
  const out = new Int32Array(4 ** n);
  for (let i = 0; i < out.length; i++) {
    let row = 0;
    let column = 0;
    for (let q = 0; q < n; q++) {
      const digit = Math.floor(i / 4 ** (n - 1 - q)) % 4;
      row = 2 * row + (digit >> 1);
      column = 2 * column + (digit & 1);
    }
    out[i] = row * 2 ** n + column;
  }
  return out;
}

/** A complex 4 × 4 matrix, interleaved. */
function siteMatrix(entry: (row: number, column: number) => [number, number]): Float64Array {
  const out = new Float64Array(2 * 16);
  for (let r = 0; r < 4; r++) for (let c = 0; c < 4; c++) out.set(entry(r, c), 2 * (4 * r + c));
  return out;
}

/** The matrix applied to every digit of a complex `[4^n]` array. */
function applySites(map: Float64Array, x: Float64Array, n: number): Float64Array {
  let from = x;
  for (let q = 0; q < n; q++) {
    const inner = 4 ** (n - 1 - q);
    const to = new Float64Array(x.length);
    for (let outer = 0; outer < 4 ** q; outer++) {
      for (let r = 0; r < 4; r++) {
        const target = 2 * (outer * 4 + r) * inner;
        for (let c = 0; c < 4; c++) {
          const [re, im] = [map[2 * (4 * r + c)]!, map[2 * (4 * r + c) + 1]!];
          const source = 2 * (outer * 4 + c) * inner;
          for (let i = 0; i < 2 * inner; i += 2) {
            to[target + i]! += re * from[source + i]! - im * from[source + i + 1]!;
            to[target + i + 1]! += re * from[source + i + 1]! + im * from[source + i]!;
          }
        }
      }
    }
    from = to;
  }
  return from;
}

/** Inverse of a small matrix by elimination with pivots; undefined where it is singular. */
function invert(matrix: Float64Array, n: number): Float64Array | undefined {
  const a = Array.from({ length: n }, (_, r) => [
    ...matrix.subarray(r * n, (r + 1) * n),
    ...Array.from({ length: n }, (_x, c) => (c === r ? 1 : 0)),
  ]);
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let r = k + 1; r < n; r++) if (Math.abs(a[r]![k]!) > Math.abs(a[best]![k]!)) best = r;
    if (Math.abs(a[best]![k]!) < TOLERANCE) return undefined;
    [a[k], a[best]] = [a[best]!, a[k]!];
    const pivot = a[k]![k]!;
    for (let c = 0; c < 2 * n; c++) a[k]![c]! /= pivot;
    for (let r = 0; r < n; r++) {
      if (r === k) continue;
      const factor = a[r]![k]!;
      for (let c = 0; c < 2 * n; c++) a[r]![c]! -= factor * a[k]![c]!;
    }
  }
  return Float64Array.from(a.flatMap((row) => row.slice(n)));
}
