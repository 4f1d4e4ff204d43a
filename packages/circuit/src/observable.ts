import { CircuitError, UnsupportedError, ValueError } from '@ketwork/base';
import { SlotReference } from './angle.ts';
import { adjoint } from './gates/matrix.ts';
import type { MatrixLike } from './matrix-like.ts';
import { interleavedMatrix } from './matrix-like.ts';
import { deepFrozen } from './ops.ts';
import type {
  HermitianObservable,
  PauliObservable,
  PauliTerm,
  ProjectorObservable,
} from './types.ts';

/** A Pauli observable with methods to compute with. As data it is just `{ type: 'pauli', terms }`. */
export interface PauliSum extends PauliObservable {
  /**
   * Product with another Pauli observable.
   *
   * @throws CircuitError where the product would have an imaginary coefficient, as X·Y = iZ has.
   */
  mul(other: PauliObservable): PauliSum;
  /** The observable times a number. @throws ValueError when it is not finite */
  scale(factor: number): PauliSum;
  /** Sum with others; equal strings merge. */
  add(...others: readonly PauliObservable[]): PauliSum;
  /** Difference from another; equal strings merge. */
  sub(other: PauliObservable): PauliSum;
  /** Without the terms whose coefficients are at most `tolerance` (1e-12 by default) in absolute value. */
  simplify(tolerance?: number): PauliSum;
}

type Letter = 'X' | 'Y' | 'Z';

/**
 * Pauli X on a qubit.
 *
 * @throws CircuitError when the qubit is not an integer of at least 0.
 * @example
 * ```ts
 * import { X, Z } from '@ketwork/circuit';
 * console.log(X(3).scale(0.5).add(Z(3)).terms.length); // 2
 * ```
 */
export function X(qubit: number): PauliSum {
  return single('X', qubit);
}

/**
 * Pauli Y on a qubit.
 *
 * @throws CircuitError when the qubit is not an integer of at least 0.
 * @example
 * ```ts
 * import { Y } from '@ketwork/circuit';
 * console.log(Y(0).terms[0]?.paulis); // [ { qubit: 0, pauli: 'Y' } ]
 * ```
 */
export function Y(qubit: number): PauliSum {
  return single('Y', qubit);
}

/**
 * Pauli Z on a qubit.
 *
 * @throws CircuitError when the qubit is not an integer of at least 0.
 * @example
 * ```ts
 * import { Z } from '@ketwork/circuit';
 * console.log(Z(1).mul(Z(2)).terms[0]?.paulis.length); // 2
 * ```
 */
export function Z(qubit: number): PauliSum {
  return single('Z', qubit);
}

/**
 * The identity: the constant 1 in sums.
 *
 * @example
 * ```ts
 * import { I, Z } from '@ketwork/circuit';
 * console.log(I().sub(Z(0)).scale(0.5).terms); // the projector on |1⟩
 * ```
 */
export function I(): PauliSum {
  return sumOfTerms([{ coefficient: 1, paulis: [] }]);
}

/**
 * A Pauli string.
 *
 * @param word Letters I, X, Y, Z.
 * @param qubits Qubit of each letter; letter i on qubit i by default.
 * @throws CircuitError for another letter, a repeated qubit, or a list of another length.
 * @example
 * ```ts
 * import { pauli } from '@ketwork/circuit';
 * console.log(pauli('XIZ').terms[0]?.paulis); // [ { qubit: 0, pauli: 'X' }, { qubit: 2, pauli: 'Z' } ]
 * ```
 */
export function pauli(word: string, qubits?: readonly number[]): PauliSum {
  const on = qubits ?? [...word].map((_, i) => i);
  if (!/^[IXYZ]*$/.test(word)) {
    throw new CircuitError(`'${word}' is not a Pauli word`, {
      remedy: 'Use the letters I, X, Y and Z',
    });
  }
  if (on.length !== word.length) {
    throw new CircuitError(
      `the Pauli word '${word}' has ${word.length} letters but ${on.length} qubits`,
      {
        remedy: 'Name one qubit for each letter',
      },
    );
  }
  on.forEach(checkQubit);
  if (new Set(on).size !== on.length) {
    throw new CircuitError(`the Pauli word '${word}' acts twice on a qubit of [${on.join(', ')}]`, {
      remedy: 'Name each qubit once',
    });
  }
  const paulis = on.flatMap((qubit, i) =>
    word[i] === 'I' ? [] : [{ qubit, pauli: word[i] as Letter }],
  );
  return sumOfTerms([{ coefficient: 1, paulis: paulis.sort((a, b) => a.qubit - b.qubit) }]);
}

/**
 * A Hermitian matrix as an observable, fixed or given with the data.
 *
 * @param matrix `2^k × 2^k`, rows or flat interleaved re, im; or a slot made by `hermitianSlot`, which the circuit must
 * have too: give it in the record of slots or call `q.declare(slot)`.
 * @param qubits k qubits, the first one being the most significant bit.
 * @throws CircuitError when the size does not fit the qubits; ValueError when the matrix is not Hermitian to 1e-10.
 * @example
 * ```ts
 * import { hermitian } from '@ketwork/circuit';
 * console.log(hermitian([[1, { re: 0, im: -1 }], [{ re: 0, im: 1 }, -1]], [0]).type); // hermitian
 * ```
 */
export function hermitian(
  matrix: MatrixLike | SlotReference<string, 'hermitian'>,
  qubits: readonly number[],
): HermitianObservable {
  checkQubits(qubits);
  const dimension = 2 ** qubits.length;
  if (matrix instanceof SlotReference) {
    const { kind, shape, name } = matrix.slot;
    if (kind !== 'hermitian' || shape[0] !== dimension) {
      throw new CircuitError(
        `slot '${name}' (${kind}, [${shape.join(', ')}]) does not fit a matrix on ${qubits.length} qubits`,
        {
          remedy: `Make it with hermitianSlot('${name}', ${dimension})`,
        },
      );
    }
    return deepFrozen({ type: 'hermitian', qubits: [...qubits], matrix: { slot: name } });
  }
  const data = interleavedMatrix(matrix);
  if (data.length !== 2 * dimension ** 2) {
    throw new CircuitError(
      `a matrix of ${data.length / 2} entries does not fit ${qubits.length} qubits`,
      {
        remedy: `Give ${dimension} × ${dimension} entries`,
      },
    );
  }
  checkHermitian(data, 'the matrix of an observable');
  return deepFrozen({ type: 'hermitian', qubits: [...qubits], matrix: data });
}

/**
 * The projector on one basis state: its expectation value is the probability of that outcome.
 *
 * @param bits One 0 or 1 per qubit.
 * @throws CircuitError when bits and qubits do not fit.
 * @example
 * ```ts
 * import { projector } from '@ketwork/circuit';
 * console.log(projector([0, 1], [2, 3]).type); // projector
 * ```
 */
export function projector(bits: readonly number[], qubits: readonly number[]): ProjectorObservable {
  checkQubits(qubits);
  if (bits.length !== qubits.length || bits.some((bit) => bit !== 0 && bit !== 1)) {
    throw new CircuitError(
      `the bits [${bits.join(', ')}] do not fit the qubits [${qubits.join(', ')}]`,
      {
        remedy: 'Give one 0 or 1 per qubit',
      },
    );
  }
  return deepFrozen({
    type: 'projector',
    qubits: [...qubits],
    bits: bits.map((bit) => (bit === 1 ? 1 : 0)),
  });
}

/**
 * The square of a weighted sum of Pauli strings, again such a sum: products of anticommuting strings cancel in pairs.
 *
 * @throws UnsupportedError where the square has more than a million strings.
 * @example
 * ```ts
 * import { squaredPauli, X, Z } from '@ketwork/circuit';
 * console.log(squaredPauli(X(0).add(Z(0))).terms); // [ { coefficient: 2, paulis: [] } ]
 * ```
 */
export function squaredPauli(observable: PauliObservable): PauliSum {
  const { terms } = observable;
  const used = new Set(terms.flatMap(({ paulis }) => paulis.map(({ qubit }) => qubit)));
  const qubits = [...used].sort((a, b) => a - b);
  if (qubits.length > MASK_QUBITS)
    return sumOfTerms(terms.flatMap((a) => terms.flatMap((b) => productTerm(a, b).real ?? [])));
  const place = new Map(qubits.map((qubit, i) => [qubit, 2 ** i]));
  // A string as bits, i^|x&z| X^x Z^z: products are quick, and numbers name them.
  const words = terms.map(({ coefficient, paulis }) => {
    let x = 0;
    let z = 0;
    for (const { qubit, pauli: letter } of paulis) {
      if (letter !== 'Z') x |= place.get(qubit)!;
      if (letter !== 'X') z |= place.get(qubit)!;
    }
    return { coefficient, x, z, turns: ones(x & z) };
  });
  const shift = 2 ** qubits.length;
  const sums = new Map<number, number>();
  const add = (name: number, amount: number): void => {
    sums.set(name, (sums.get(name) ?? 0) + amount);
  };
  words.forEach((a, i) => {
    add(0, a.coefficient ** 2);
    for (let j = 0; j < i; j++) {
      const b = words[j]!;
      const x = a.x ^ b.x;
      const z = a.z ^ b.z;
      // Powers of i: those of both strings, -1 for each Z that passes an X, less what the product's own Ys take.
      const turns = a.turns + b.turns + 2 * ones(a.z & b.x) - ones(x & z);
      if ((turns & 1) === 1) continue;
      const amount = 2 * a.coefficient * b.coefficient;
      add(x * shift + z, (turns & 3) === 0 ? amount : -amount);
    }
    if (sums.size > MOST_SQUARED) {
      throw new UnsupportedError(
        `the square of a sum of ${terms.length} Pauli strings has too many strings`,
        { remedy: 'Compute the variance from the state: ‖Hψ‖² - ⟨H⟩² with applyHamiltonian()' },
      );
    }
  });
  return sumOfTerms(
    [...sums].map(([name, coefficient]) => {
      const x = Math.floor(name / shift);
      const z = name % shift;
      const paulis = qubits.flatMap((qubit, i): PauliTerm['paulis'][number][] => {
        const isX = ((x >> i) & 1) === 1;
        const isZ = ((z >> i) & 1) === 1;
        return isX || isZ ? [{ qubit, pauli: isX ? (isZ ? 'Y' : 'X') : 'Z' }] : [];
      });
      return { coefficient, paulis };
    }),
  );
}

/** Two masks of so many qubits are one exact number. */
const MASK_QUBITS = 26;
/** Most strings of a square. */
const MOST_SQUARED = 2 ** 20;

/** Number of set bits. */
function ones(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/**
 * The square of a matrix.
 *
 * @param matrix row-major, interleaved re, im, `[d, d, 2]`.
 * @returns `[d, d, 2]`.
 *
 * @example
 * ```ts
 * import { squaredMatrix } from '@ketwork/circuit';
 * const y = [0, 0, 0, -1, 0, 1, 0, 0]; // Y
 * console.log([...squaredMatrix(y)]); // [1, 0, 0, 0, 0, 0, 1, 0]
 * ```
 */
export function squaredMatrix(matrix: ArrayLike<number>): Float64Array {
  const d = Math.sqrt(matrix.length / 2);
  const out = new Float64Array(2 * d * d);
  for (let row = 0; row < d; row++) {
    for (let column = 0; column < d; column++) {
      let re = 0;
      let im = 0;
      for (let k = 0; k < d; k++) {
        const a = 2 * (row * d + k);
        const b = 2 * (k * d + column);
        re += matrix[a]! * matrix[b]! - matrix[a + 1]! * matrix[b + 1]!;
        im += matrix[a]! * matrix[b + 1]! + matrix[a + 1]! * matrix[b]!;
      }
      out[2 * (row * d + column)] = re;
      out[2 * (row * d + column) + 1] = im;
    }
  }
  return out;
}

/** Checks `A = A†` to 1e-10 and finiteness of an interleaved matrix. @throws ValueError */
export function checkHermitian(matrix: ArrayLike<number>, what: string, operation?: number): void {
  const details = operation === undefined ? {} : { operation };
  const mirrored = adjoint(matrix);
  let worst = 0;
  for (let i = 0; i < mirrored.length; i++) {
    if (!Number.isFinite(matrix[i])) {
      throw new ValueError(`${what} has an entry that is not finite`, {
        ...details,
        remedy: 'Use finite numbers',
      });
    }
    worst = Math.max(worst, Math.abs(matrix[i]! - mirrored[i]!));
  }
  if (worst > 1e-10) {
    throw new ValueError(
      `${what} is not Hermitian: it differs from its conjugate transpose by ${worst.toPrecision(3)}`,
      {
        ...details,
        remedy: 'Use (A + A†)/2',
      },
    );
  }
}

function single(letter: Letter, qubit: number): PauliSum {
  checkQubit(qubit);
  return sumOfTerms([{ coefficient: 1, paulis: [{ qubit, pauli: letter }] }]);
}

function checkQubit(qubit: number): void {
  if (!Number.isSafeInteger(qubit) || qubit < 0) {
    throw new CircuitError(`an observable acts on qubit ${qubit}`, {
      remedy: 'Use integers from 0',
    });
  }
}

function checkQubits(qubits: readonly number[]): void {
  qubits.forEach(checkQubit);
  if (qubits.length === 0 || new Set(qubits).size !== qubits.length) {
    throw new CircuitError(`an observable acts on the qubits [${qubits.join(', ')}]`, {
      remedy: 'Name at least one qubit and each of them once',
    });
  }
}

/** Frozen sum whose methods are not enumerable, so that JSON and structuredClone see data only. */
export function sumOfTerms(terms: readonly PauliTerm[]): PauliSum {
  const merged = mergeTerms(terms);
  const data: PauliObservable = { type: 'pauli', terms: Object.freeze(merged) };
  const methods: Omit<PauliSum, keyof PauliObservable> = {
    mul: (other) => sumOfTerms(productTerms(merged, other.terms)),
    scale: (factor) => {
      if (!Number.isFinite(factor))
        throw new ValueError(`an observable cannot be scaled by ${factor}`, {
          remedy: 'Use a finite number',
        });
      return sumOfTerms(
        merged.map((term) => ({ ...term, coefficient: term.coefficient * factor })),
      );
    },
    add: (...others) => sumOfTerms([...merged, ...others.flatMap((other) => other.terms)]),
    sub: (other) =>
      sumOfTerms([
        ...merged,
        ...other.terms.map((term) => ({ ...term, coefficient: -term.coefficient })),
      ]),
    simplify: (tolerance = 1e-12) =>
      sumOfTerms(merged.filter(({ coefficient }) => Math.abs(coefficient) > tolerance)),
  };
  return Object.freeze(Object.create(methods, Object.getOwnPropertyDescriptors(data))) as PauliSum;
}

/** Sums coefficients of equal strings, in order of first appearance; strings that cancel exactly are dropped. */
function mergeTerms(terms: readonly PauliTerm[]): PauliTerm[] {
  const sums = new Map<string, PauliTerm>();
  for (const term of terms) {
    const word = words.get(term) ?? wordOf(term);
    const before = sums.get(word);
    if (before !== undefined) {
      const { paulis } = before;
      sums.set(
        word,
        remembered({ coefficient: before.coefficient + term.coefficient, paulis }, word),
      );
    } else if (words.has(term)) sums.set(word, term);
    else {
      // What the caller passed in stays theirs.
      const paulis = term.paulis.map(({ qubit, pauli: letter }) => ({ qubit, pauli: letter }));
      sums.set(word, remembered({ coefficient: term.coefficient, paulis }, word));
    }
  }
  return [...sums.values()].filter((term) => term.coefficient !== 0);
}

/** The strings of terms made here, which are frozen: sums grow term by term, and most terms stay as they are. */
const words = new WeakMap<PauliTerm, string>();

function wordOf({ paulis }: PauliTerm): string {
  return paulis.map(({ qubit, pauli: letter }) => `${letter}${qubit}`).join(' ');
}

function remembered(term: PauliTerm, word: string): PauliTerm {
  words.set(deepFrozen(term), word);
  return term;
}

function productTerms(left: readonly PauliTerm[], right: readonly PauliTerm[]): PauliTerm[] {
  const products = left.flatMap((a) => right.map((b) => productTerm(a, b)));
  // Imaginary parts may cancel between terms, as in (X + Y)·(X + Y), but for rounding.
  const imaginary = products.flatMap(({ imaginary: term }) => (term === undefined ? [] : [term]));
  const rounding = 1e-14 * imaginary.reduce((sum, term) => sum + Math.abs(term.coefficient), 0);
  const term = mergeTerms(imaginary).find(({ coefficient }) => Math.abs(coefficient) > rounding);
  if (term !== undefined) {
    const word =
      term.paulis.map(({ qubit, pauli: letter }) => `${letter}(${qubit})`).join('·') || 'I()';
    throw new CircuitError(
      `the product of two observables is not Hermitian: it contains ${term.coefficient}i·${word}`,
      {
        remedy: 'Multiply observables that commute, such as X(0) and Z(1)',
      },
    );
  }
  return products.flatMap(({ real }) => (real === undefined ? [] : [real]));
}

/** Product of two strings: letters of equal qubits multiply, XY = iZ and cyclic. */
export function productTerm(
  a: PauliTerm,
  b: PauliTerm,
): { readonly real?: PauliTerm; readonly imaginary?: PauliTerm } {
  const paulis: PauliTerm['paulis'][number][] = [];
  const lefts = ascending(a.paulis);
  const rights = ascending(b.paulis);
  let quarterTurns = 0;
  let i = 0;
  let j = 0;
  while (i < lefts.length || j < rights.length) {
    const left = lefts[i];
    const right = rights[j];
    if (right === undefined || (left !== undefined && left.qubit < right.qubit)) {
      paulis.push(left!);
      i++;
    } else if (left === undefined || right.qubit < left.qubit) {
      paulis.push(right);
      j++;
    } else {
      if (left.pauli !== right.pauli) {
        const [pauli, turns] = PRODUCTS[left.pauli][right.pauli];
        paulis.push({ qubit: left.qubit, pauli });
        quarterTurns += turns;
      }
      i++;
      j++;
    }
  }
  const sign = quarterTurns % 4 < 2 ? 1 : -1;
  const term = { coefficient: sign * a.coefficient * b.coefficient, paulis };
  return quarterTurns % 2 === 0 ? { real: term } : { imaginary: term };
}

/** Letters in order of their qubits, as in all sums made here; plain data may have another order. */
function ascending(paulis: PauliTerm['paulis']): PauliTerm['paulis'] {
  const sorted = paulis.every(({ qubit }, i) => i === 0 || paulis[i - 1]!.qubit < qubit);
  return sorted ? paulis : paulis.toSorted((a, b) => a.qubit - b.qubit);
}

/** Product of two letters: the letter, and the power of i. Equal letters are left out before. */
const PRODUCTS: Record<Letter, Record<Letter, readonly [Letter, number]>> = {
  X: { X: ['X', 0], Y: ['Z', 1], Z: ['Y', 3] },
  Y: { X: ['Z', 3], Y: ['Y', 0], Z: ['X', 1] },
  Z: { X: ['Y', 1], Y: ['X', 3], Z: ['Z', 0] },
};
