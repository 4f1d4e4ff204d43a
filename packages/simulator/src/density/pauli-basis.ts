/*
 * Between Pauli vectors and matrices, digit by digit. A matrix of k qubits in digit order has at index digits
 * 2 · row bit + column bit of each qubit, which is where the Pauli vector has I, X, Y, Z.
 */

/** Room for a matrix in digit order. */
export interface DigitMatrix {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** A new matrix of zeros. */
export function digitMatrix(qubits: number): DigitMatrix {
  return { re: new Float64Array(4 ** qubits), im: new Float64Array(4 ** qubits) };
}

/** From numbers r (in `re`; `im` is 0) to the matrix `Σ r_P P`, in place. */
export function toMatrix({ re, im }: DigitMatrix): void {
  const size = re.length;
  for (let step = 1; step < size; step *= 4) {
    for (let start = 0; start < size; start += 4 * step) {
      for (let i = start; i < start + step; i++) {
        const [x, y, z] = [i + step, i + 2 * step, i + 3 * step];
        const [ir, ii, xr, xi] = [re[i]!, im[i]!, re[x]!, im[x]!];
        const [yr, yi, zr, zi] = [re[y]!, im[y]!, re[z]!, im[z]!];
        re[i] = ir + zr;
        im[i] = ii + zi;
        re[x] = xr + yi;
        im[x] = xi - yr;
        re[y] = xr - yi;
        im[y] = xi + yr;
        re[z] = ir - zr;
        im[z] = ii - zi;
      }
    }
  }
}

/** From a matrix M to the numbers `tr(P M)`, in place. */
export function toPauli({ re, im }: DigitMatrix): void {
  const size = re.length;
  for (let step = 1; step < size; step *= 4) {
    for (let start = 0; start < size; start += 4 * step) {
      for (let i = start; i < start + step; i++) {
        const [a, b, c] = [i + step, i + 2 * step, i + 3 * step];
        const [r0, i0, r1, i1] = [re[i]!, im[i]!, re[a]!, im[a]!];
        const [r2, i2, r3, i3] = [re[b]!, im[b]!, re[c]!, im[c]!];
        re[i] = r0 + r3;
        im[i] = i0 + i3;
        re[a] = r1 + r2;
        im[a] = i1 + i2;
        re[b] = i2 - i1;
        im[b] = r1 - r2;
        re[c] = r0 - r3;
        im[c] = i0 - i3;
      }
    }
  }
}

const positions = new Map<number, Int32Array>();

/** Place in digit order of entry (row, column) of a matrix, at `row · 2^k + column`. */
export function digitPlaces(qubits: number): Int32Array {
  let places = positions.get(qubits);
  if (places === undefined) {
    const d = 2 ** qubits;
    const spread = (bits: number): number => {
      let out = 0;
      for (let q = 0; q < qubits; q++) out |= ((bits >> q) & 1) << (2 * q);
      return out;
    };
    places = new Int32Array(d * d);
    for (let row = 0; row < d; row++)
      for (let column = 0; column < d; column++)
        places[row * d + column] = 2 * spread(row) + spread(column);
    positions.set(qubits, places);
  }
  return places;
}

/** Writes an interleaved row-major matrix, times a factor, into digit order. */
export function intoDigits(
  matrix: ArrayLike<number>,
  start: number,
  qubits: number,
  out: DigitMatrix,
): void {
  digitPlaces(qubits).forEach((place, i) => {
    out.re[place] = matrix[start + 2 * i]!;
    out.im[place] = matrix[start + 2 * i + 1]!;
  });
}

/** Numbers `tr(P M) / 2^k` of a Hermitian matrix: its coefficients as a sum of Pauli strings. */
export function pauliCoefficients(
  matrix: ArrayLike<number>,
  start: number,
  qubits: number,
): Float64Array {
  const digits = digitMatrix(qubits);
  intoDigits(matrix, start, qubits, digits);
  toPauli(digits);
  return digits.re.map((x) => x / 2 ** qubits);
}

/** Index in a vector of `total` qubits of every Pauli word on some of them, identity on all others. */
export function wordIndices(on: readonly number[], total: number): Int32Array {
  let indices = Int32Array.of(0);
  for (const qubit of on) {
    const step = 4 ** (total - 1 - qubit);
    indices = Int32Array.from(
      { length: 4 * indices.length },
      (_, i) => indices[i >> 2]! + (i & 3) * step,
    );
  }
  return indices;
}

/** Index in a vector of `total` qubits of every product of I and Z on some of them; bit 1 is a Z. */
export function signIndices(on: readonly number[], total: number): Int32Array {
  let indices = Int32Array.of(0);
  for (const qubit of on) {
    const step = 3 * 4 ** (total - 1 - qubit);
    indices = Int32Array.from(
      { length: 2 * indices.length },
      (_, i) => indices[i >> 1]! + (i & 1) * step,
    );
  }
  return indices;
}

/** Walsh-Hadamard transform, in place: `out_m = Σ_s (-1)^(m·s) in_s`. */
export function walshHadamard(values: Float64Array): void {
  for (let step = 1; step < values.length; step *= 2) {
    for (let start = 0; start < values.length; start += 2 * step) {
      for (let i = start; i < start + step; i++) {
        const [a, b] = [values[i]!, values[i + step]!];
        values[i] = a + b;
        values[i + step] = a - b;
      }
    }
  }
}
