import { CircuitError, ValueError } from '@ketwork/base';

import type { MatrixLike } from './matrix-like.ts';
import { interleavedMatrix } from './matrix-like.ts';
import type { PauliSum } from './observable.ts';
import { checkHermitian, pauli, productTerm, sumOfTerms } from './observable.ts';
import type { Observable, PauliObservable, PauliTerm } from './types.ts';

/** A weighted Pauli word: coefficient, letters, and the qubit of each letter (letter i on qubit i by default). */
export type WeightedWord = readonly [coefficient: number, word: string, qubits?: readonly number[]];

/**
 * A sum of weighted Pauli words, made in one go: for sums of thousands of terms.
 *
 * @param words `[coefficient, word]` or `[coefficient, word, qubits]`; equal strings merge.
 * @throws CircuitError for a letter that is none of I, X, Y, Z, or a repeated qubit; ValueError for a coefficient that is
 * not finite.
 * @example
 * ```ts
 * import { pauliSum } from '@ketwork/circuit';
 * const h = pauliSum([[0.5, 'XXI'], [-1, 'Z', [2]], [0.25, '']]);
 * console.log(h.terms.length); // 3
 * ```
 */
export function pauliSum(words: readonly WeightedWord[]): PauliSum {
  return sumOfTerms(
    words.map(([coefficient, word, qubits]): PauliTerm => {
      if (!Number.isFinite(coefficient)) {
        throw new ValueError(`the Pauli word '${word}' has the coefficient ${coefficient}`, {
          remedy: 'Use finite numbers',
        });
      }
      return { coefficient, paulis: pauli(word, qubits).terms[0]!.paulis };
    }),
  );
}

/**
 * i[A, B] = i(AB - BA) of two Pauli sums: the commutator times i, which is Hermitian and again a Pauli sum. It has no
 * terms where A and B commute.
 *
 * @example
 * ```ts
 * import { commutator, X, Y } from '@ketwork/circuit';
 * console.log(commutator(X(0), Y(0)).terms); // i[X, Y] = -2Z: [ { coefficient: -2, paulis: [ { qubit: 0, pauli: 'Z' } ] } ]
 * ```
 */
export function commutator(a: PauliObservable, b: PauliObservable): PauliSum {
  return sumOfTerms(
    products(
      a,
      b,
      ({ imaginary: term }) => term && { ...term, coefficient: -2 * term.coefficient },
    ),
  );
}

/**
 * {A, B} = AB + BA of two Pauli sums.
 *
 * @example
 * ```ts
 * import { anticommutator, X } from '@ketwork/circuit';
 * console.log(anticommutator(X(0), X(0)).terms); // [ { coefficient: 2, paulis: [] } ]
 * ```
 */
export function anticommutator(a: PauliObservable, b: PauliObservable): PauliSum {
  return sumOfTerms(
    products(a, b, ({ real: term }) => term && { ...term, coefficient: 2 * term.coefficient }),
  );
}

function products(
  a: PauliObservable,
  b: PauliObservable,
  part: (product: ReturnType<typeof productTerm>) => PauliTerm | undefined,
): PauliTerm[] {
  return a.terms.flatMap((left) =>
    b.terms.flatMap((right) => part(productTerm(left, right)) ?? []),
  );
}

/**
 * Sorts the terms of a Pauli sum into sums that can be measured together: within one, all strings commute qubit by qubit,
 * that is, no two have different letters on a qubit. Each term goes to the first sum that takes it, the strings with most
 * letters first (sorted insertion by weight; the problem is a colouring of a graph, see Verteletskyi, Yen, Izmaylov, J.
 * Chem. Phys. 152, 124114, 2020). Constants go to the first sum.
 *
 * @example
 * ```ts
 * import { groupCommuting, ising } from '@ketwork/circuit';
 * console.log(groupCommuting(ising(6)).length); // 2
 * ```
 */
export function groupCommuting(observable: PauliObservable): PauliSum[] {
  const groups: { letters: Map<number, string>; terms: PauliTerm[] }[] = [];
  const order = observable.terms.toSorted((a, b) => b.paulis.length - a.paulis.length);
  for (const term of order) {
    let group = groups.find(({ letters }) =>
      term.paulis.every(({ qubit, pauli: letter }) => (letters.get(qubit) ?? letter) === letter),
    );
    if (group === undefined) groups.push((group = { letters: new Map(), terms: [] }));
    for (const { qubit, pauli: letter } of term.paulis) group.letters.set(qubit, letter);
    group.terms.push(term);
  }
  return groups.map(({ terms }) => sumOfTerms(terms));
}

/** Largest number of qubits of a dense matrix: 2^12 rows take 256 MiB. */
const MAX_DENSE = 12;

/**
 * The matrix of an observable, row-major, interleaved re, im: `[2^n, 2^n, 2]`, qubit 0 most significant.
 *
 * @param observable a Pauli sum, a projector or a fixed Hermitian matrix.
 * @param qubits n, at most 12; by default one more than the largest qubit that occurs.
 * @throws CircuitError where the observable has a qubit outside, n is out of range, or its matrix is a slot.
 * @example
 * ```ts
 * import { denseMatrix, X } from '@ketwork/circuit';
 * console.log([...denseMatrix(X(0))]); // [ 0, 0, 1, 0, 1, 0, 0, 0 ]
 * ```
 */
export function denseMatrix(observable: Observable, qubits?: number): Float64Array {
  const used =
    observable.type === 'pauli'
      ? observable.terms.flatMap(({ paulis }) => paulis.map(({ qubit }) => qubit))
      : observable.qubits;
  const largest = used.reduce((most, qubit) => Math.max(most, qubit), 0);
  const n = qubits ?? largest + 1;
  if (!Number.isSafeInteger(n) || n < 1 || n > MAX_DENSE) {
    throw new CircuitError(`a dense matrix on ${n} qubits`, {
      remedy: `Use 1 to ${MAX_DENSE} qubits; sparseMatrix() takes larger Hamiltonians`,
    });
  }
  if (largest >= n) {
    throw new CircuitError(`an observable on qubit ${largest} has no matrix on ${n} qubits`, {
      remedy: `Use at least ${largest + 1} qubits`,
    });
  }
  const size = 2 ** n;
  const matrix = new Float64Array(2 * size * size);
  const bit = (qubit: number): number => 2 ** (n - 1 - qubit);
  if (observable.type === 'pauli') {
    for (const { coefficient, paulis } of observable.terms) {
      let flips = 0;
      let signs = 0;
      let turns = 0;
      for (const { qubit, pauli: letter } of paulis) {
        if (letter !== 'Z') flips |= bit(qubit);
        if (letter !== 'X') signs |= bit(qubit);
        if (letter === 'Y') turns++;
      }
      // P|c⟩ = i^(number of Y) · (-1)^(c & signs) |c ^ flips⟩.
      for (let column = 0; column < size; column++) {
        const power = (turns + 2 * oddBits(column & signs)) & 3;
        const at = 2 * ((column ^ flips) * size + column) + (power & 1);
        matrix[at]! += power < 2 ? coefficient : -coefficient;
      }
    }
    return matrix;
  }
  const places = observable.qubits.map(bit);
  const mask = places.reduce((sum, place) => sum + place, 0);
  if (observable.type === 'projector') {
    const wanted = places.reduce((sum, place, i) => sum + place * observable.bits[i]!, 0);
    for (let i = 0; i < size; i++) if ((i & mask) === wanted) matrix[2 * (i * size + i)] = 1;
    return matrix;
  }
  if ('slot' in observable.matrix) {
    throw new CircuitError(`the matrix of slot '${observable.matrix.slot}' comes with the data`, {
      remedy: 'Give an observable with a fixed matrix',
    });
  }
  const given = observable.matrix;
  const small = 2 ** places.length;
  const offsets = Array.from({ length: small }, (_, index) =>
    places.reduce((sum, place, k) => sum + ((index >> (places.length - 1 - k)) & 1) * place, 0),
  );
  for (let base = 0; base < size; base++) {
    if ((base & mask) !== 0) continue;
    offsets.forEach((row, r) => {
      offsets.forEach((column, c) => {
        const to = 2 * ((base + row) * size + base + column);
        matrix[to] = given[2 * (r * small + c)]!;
        matrix[to + 1] = given[2 * (r * small + c) + 1]!;
      });
    });
  }
  return matrix;
}

/** 1 for an odd number of set bits. */
function oddBits(bits: number): number {
  let odd = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) odd ^= 1;
  return odd;
}

/**
 * A Hermitian matrix as a sum of Pauli strings: the coefficient of P is tr(P·A)/2^n. Found by a fast transform in
 * 4^n·n steps; coefficients of at most `tolerance` are left out.
 *
 * @param matrix `2^n × 2^n`, rows or flat interleaved re, im.
 * @param options `qubits` are those the matrix acts on, the first one most significant (0 to n - 1 by default);
 * `tolerance` is 1e-12 by default.
 * @throws CircuitError where the size is no power of two or does not fit the qubits; ValueError when the matrix is not
 * Hermitian.
 * @example
 * ```ts
 * import { pauliDecomposition } from '@ketwork/circuit';
 * console.log(pauliDecomposition([[0, 0], [0, 1]]).terms.length); // 2
 * ```
 */
export function pauliDecomposition(
  matrix: MatrixLike,
  options: { readonly qubits?: readonly number[]; readonly tolerance?: number } = {},
): PauliSum {
  const data = Float64Array.from(interleavedMatrix(matrix));
  const size = Math.sqrt(data.length / 2);
  const n = Math.log2(size);
  const { qubits = Array.from({ length: n }, (_, i) => i), tolerance = 1e-12 } = options;
  if (!Number.isInteger(n) || qubits.length !== n) {
    throw new CircuitError(
      `a matrix of ${data.length / 2} entries is not one on ${qubits.length} qubits`,
      { remedy: 'Give 2^n × 2^n entries and n qubits' },
    );
  }
  checkHermitian(data, 'the matrix of a decomposition');
  // The entries (c ^ flips, c) of one `flips`, transformed over c: sums with signs (-1)^(c & signs).
  const words: WeightedWord[] = [];
  const line = new Float64Array(2 * size);
  for (let flips = 0; flips < size; flips++) {
    for (let c = 0; c < size; c++) {
      line[2 * c] = data[2 * ((c ^ flips) * size + c)]!;
      line[2 * c + 1] = data[2 * ((c ^ flips) * size + c) + 1]!;
    }
    walshHadamard(line);
    for (let signs = 0; signs < size; signs++) {
      let word = '';
      let turns = 0;
      for (let place = size >> 1; place > 0; place >>= 1) {
        const x = (flips & place) !== 0;
        const z = (signs & place) !== 0;
        word += x ? (z ? 'Y' : 'X') : z ? 'Z' : 'I';
        if (x && z) turns++;
      }
      // tr(P A) with P = i^turns X Z: the real part of (-i)^turns times the sum, as A is Hermitian.
      const part = line[2 * signs + (turns & 1)]!;
      const coefficient = ((turns & 3) < 2 ? part : -part) / size;
      if (Math.abs(coefficient) > tolerance) words.push([coefficient, word, qubits]);
    }
  }
  return pauliSum(words);
}

/** Unnormalised transform of interleaved complex numbers, in place. */
function walshHadamard(line: Float64Array): void {
  for (let step = 2; step < line.length; step *= 2) {
    for (let block = 0; block < line.length; block += 2 * step) {
      for (let i = block; i < block + step; i++) {
        const a = line[i]!;
        const b = line[i + step]!;
        line[i] = a + b;
        line[i + step] = a - b;
      }
    }
  }
}
