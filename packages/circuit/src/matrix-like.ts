import { CircuitError } from '@ketwork/base';

/** A complex number as an object, such as a `Complex` of complex.js. */
export interface ComplexLike {
  /** Real part. */
  readonly re: number;
  /** Imaginary part. */
  readonly im: number;
}

/**
 * A square matrix: rows of numbers or complex numbers, or one flat array, row-major, interleaved re, im.
 * The first qubit of the list it acts on is the most significant bit of row and column.
 */
export type MatrixLike = readonly (readonly (number | ComplexLike)[])[] | ArrayLike<number>;

/** Amplitudes of k qubits: `2^k` numbers or complex numbers, or `2 · 2^k` numbers, interleaved re, im. */
export type AmplitudesLike =
  | ArrayLike<number>
  | readonly ComplexLike[]
  | readonly (number | ComplexLike)[];

/**
 * The entries of a matrix as one flat list, row-major, interleaved re, im. Whether a flat list is a matrix of some size
 * is left to the caller.
 *
 * @throws CircuitError where it is no matrix, or its rows do not have as many entries as there are rows.
 * @example
 * ```ts
 * import { interleavedMatrix } from '@ketwork/circuit';
 * console.log(interleavedMatrix([[0, 1], [{ re: 0, im: 2 }, 0]])); // [0, 0, 1, 0, 0, 2, 0, 0]
 * ```
 */
export function interleavedMatrix(matrix: MatrixLike): number[] {
  const given = matrix as unknown;
  if (typeof given !== 'object' || given === null || !('length' in given)) {
    throw new CircuitError(
      `a matrix is ${given === null ? 'null' : typeof given === 'object' ? 'an object' : `a ${typeof given}`}`,
      { remedy: 'Give rows of numbers, or one flat list of interleaved re, im' },
    );
  }
  const rows = matrix as ArrayLike<number | readonly (number | ComplexLike)[]>;
  if (rows.length === 0 || typeof rows[0] === 'number')
    return Array.from(matrix as ArrayLike<number>, (x) => x + 0);
  return Array.from(rows as readonly (readonly (number | ComplexLike)[])[], (row) => {
    const entries = Array.from((row as typeof row | undefined) ?? []);
    if (entries.length !== rows.length) {
      throw new CircuitError(
        `a matrix has ${rows.length} rows but a row of ${entries.length} entries`,
        {
          remedy: 'Give a square matrix',
        },
      );
    }
    return entries.flatMap(pair);
  }).flat();
}

/** Amplitudes of `qubits` qubits as interleaved numbers; lengths that do not fit are left to validation. */
export function interleavedAmplitudes(values: AmplitudesLike, qubits: number): number[] {
  const list = Array.from(values as ArrayLike<number | ComplexLike>);
  const flat = list.length === 2 ** (qubits + 1) && list.every((x) => typeof x === 'number');
  return flat ? list.map((x) => x + 0) : list.flatMap(pair);
}

function pair(entry: number | ComplexLike): [number, number] {
  return typeof entry === 'number' ? [entry + 0, 0] : [entry.re + 0, entry.im + 0];
}
