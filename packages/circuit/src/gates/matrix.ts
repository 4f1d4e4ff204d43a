/** Dense matrices of gates: row-major, interleaved re, im. Small and clear; engines do not run these. */

/** A matrix from real parts, or `[re, im]` pairs, row by row. */
export function dense(...entries: readonly (number | readonly [number, number])[]): Float64Array {
  const matrix = new Float64Array(2 * entries.length);
  entries.forEach((entry, i) => {
    if (typeof entry === 'number') matrix[2 * i] = entry;
    else matrix.set(entry, 2 * i);
  });
  return matrix;
}

/** The unit matrix of the given dimension. */
export function identity(dimension: number): Float64Array {
  const matrix = new Float64Array(2 * dimension * dimension);
  for (let i = 0; i < dimension; i++) matrix[2 * (i * dimension + i)] = 1;
  return matrix;
}

/** Dimension of a square matrix in this layout. */
export function dimensionOf(matrix: ArrayLike<number>): number {
  return Math.sqrt(matrix.length / 2);
}

/** Matrix product `a · b`. */
export function multiply(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  const d = dimensionOf(a);
  const out = new Float64Array(2 * d * d);
  for (let row = 0; row < d; row++) {
    for (let k = 0; k < d; k++) {
      const re = a[2 * (row * d + k)]!;
      const im = a[2 * (row * d + k) + 1]!;
      if (re === 0 && im === 0) continue;
      for (let column = 0; column < d; column++) {
        const bRe = b[2 * (k * d + column)]!;
        const bIm = b[2 * (k * d + column) + 1]!;
        const at = 2 * (row * d + column);
        out[at] = out[at]! + re * bRe - im * bIm;
        out[at + 1] = out[at + 1]! + re * bIm + im * bRe;
      }
    }
  }
  return out;
}

/** Conjugate transpose. */
export function adjoint(matrix: ArrayLike<number>): Float64Array {
  const d = dimensionOf(matrix);
  const out = new Float64Array(matrix.length);
  for (let row = 0; row < d; row++) {
    for (let column = 0; column < d; column++) {
      out[2 * (column * d + row)] = matrix[2 * (row * d + column)]!;
      out[2 * (column * d + row) + 1] = 0 - matrix[2 * (row * d + column) + 1]!;
    }
  }
  return out;
}

/** Product of Pauli matrices, first letter on the most significant qubit. */
export function pauliMatrix(word: string): Float64Array {
  const d = 1 << word.length;
  const out = new Float64Array(2 * d * d);
  for (let column = 0; column < d; column++) {
    let row = column;
    let quarterTurns = 0; // power of i
    for (let q = 0; q < word.length; q++) {
      const shift = word.length - 1 - q;
      const bit = (column >> shift) & 1;
      const letter = word[q];
      if (letter === 'X' || letter === 'Y') row ^= 1 << shift;
      if (letter === 'Y') quarterTurns += bit === 0 ? 1 : 3;
      if (letter === 'Z' && bit === 1) quarterTurns += 2;
    }
    const at = 2 * (row * d + column);
    const phase = quarterTurns & 3;
    if (phase === 0) out[at] = 1;
    else if (phase === 1) out[at + 1] = 1;
    else if (phase === 2) out[at] = -1;
    else out[at + 1] = -1;
  }
  return out;
}

/** `exp(-i angle/2 P)` for a Pauli word P. */
export function rotationMatrix(word: string, angle: number): Float64Array {
  const d = 1 << word.length;
  const pauli = pauliMatrix(word);
  const cos = Math.cos(angle / 2);
  const sin = Math.sin(angle / 2);
  const out = new Float64Array(pauli.length);
  for (let i = 0; i < pauli.length; i += 2) {
    out[i] = sin * pauli[i + 1]!;
    out[i + 1] = 0 - sin * pauli[i]!;
  }
  for (let i = 0; i < d; i++) out[2 * (i * d + i)] = out[2 * (i * d + i)]! + cos;
  return out;
}

/** `e^{i angle}` on the last basis state (all qubits 1) of the given number of qubits. */
export function phaseMatrix(qubits: number, angle: number): Float64Array {
  const matrix = identity(1 << qubits);
  matrix[matrix.length - 2] = Math.cos(angle);
  matrix[matrix.length - 1] = Math.sin(angle);
  return matrix;
}

/** The matrix under leading controls, all of value 1: a block diagonal of unit matrices and the matrix. */
export function controlledMatrix(matrix: ArrayLike<number>, controls: number): Float64Array {
  const small = dimensionOf(matrix);
  const d = small << controls;
  const out = identity(d);
  const offset = d - small;
  for (let row = 0; row < small; row++) {
    for (let column = 0; column < small; column++) {
      const to = 2 * ((row + offset) * d + column + offset);
      out[to] = matrix[2 * (row * small + column)]!;
      out[to + 1] = matrix[2 * (row * small + column) + 1]!;
    }
  }
  return out;
}
