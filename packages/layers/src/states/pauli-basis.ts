/** Order of the Pauli strings on n qubits as powers of X and Z: string k = i^|x·z| X^x Z^z. */
export interface PauliBasis {
  /** Number of qubits. */
  readonly qubits: number;
  /** Dimension `2^n`. */
  readonly dimension: number;
  /** Number of strings without the identity, `4^n - 1`. */
  readonly strings: number;
  /** Place of a string in the list by `x · 2^n + z`; -1 for the identity. */
  readonly place: Int32Array;
}

const known = new Map<number, PauliBasis>();

/**
 * Strings in the order of the letters I, X, Y, Z with the first qubit changing slowest, without the identity: on two
 * qubits IX, IY, IZ, XI, XX, …, ZZ.
 */
export function pauliBasis(qubits: number): PauliBasis {
  let basis = known.get(qubits);
  if (basis === undefined) {
    const dimension = 2 ** qubits;
    const strings = dimension * dimension - 1;
    const place = new Int32Array(strings + 1);
    for (let k = 0; k <= strings; k++) {
      let x = 0;
      let z = 0;
      for (let qubit = 0; qubit < qubits; qubit++) {
        const letter = (k >> (2 * (qubits - 1 - qubit))) & 3;
        x = 2 * x + (letter === 1 || letter === 2 ? 1 : 0);
        z = 2 * z + (letter >= 2 ? 1 : 0);
      }
      place[x * dimension + z] = k - 1;
    }
    basis = { qubits, dimension, strings, place };
    known.set(qubits, basis);
  }
  return basis;
}

/**
 * The matrix Σ θ_k P_k, interleaved. A string with given x sends |c⟩ to ±i^m |c ⊕ x⟩, so the strings of one x are a
 * Walsh-Hadamard transform over z: n 4^n additions in all.
 */
export function pauliMatrix(
  { dimension, place }: PauliBasis,
  coefficients: Float64Array,
  offset: number,
): Float64Array {
  const out = new Float64Array(2 * dimension * dimension);
  const re = new Float64Array(dimension);
  const im = new Float64Array(dimension);
  for (let x = 0; x < dimension; x++) {
    for (let z = 0; z < dimension; z++) {
      const k = place[x * dimension + z]!;
      const value = k < 0 ? 0 : coefficients[offset + k]!;
      const power = ones(x & z) & 3;
      const signed = power < 2 ? value : -value;
      re[z] = (power & 1) === 0 ? signed : 0;
      im[z] = (power & 1) === 0 ? 0 : signed;
    }
    walshHadamard(re);
    walshHadamard(im);
    for (let c = 0; c < dimension; c++) {
      const at = 2 * ((c ^ x) * dimension + c);
      out[at] = re[c]!;
      out[at + 1] = im[c]!;
    }
  }
  return out;
}

/** Adds Re tr(Y† P_k) for every string to `out`: the adjoint of {@link pauliMatrix}. Y as real and imaginary parts. */
export function addPauliTraces(
  { dimension, place }: PauliBasis,
  yRe: Float64Array,
  yIm: Float64Array,
  out: Float64Array,
  offset: number,
): void {
  const re = new Float64Array(dimension);
  const im = new Float64Array(dimension);
  for (let x = 0; x < dimension; x++) {
    for (let c = 0; c < dimension; c++) {
      const at = (c ^ x) * dimension + c;
      re[c] = yRe[at]!;
      im[c] = -yIm[at]!;
    }
    walshHadamard(re);
    walshHadamard(im);
    for (let z = 0; z < dimension; z++) {
      const k = place[x * dimension + z]!;
      if (k < 0) continue;
      const power = ones(x & z) & 3;
      const part = (power & 1) === 0 ? re[z]! : -im[z]!;
      out[offset + k]! += power < 2 ? part : -part;
    }
  }
}

/** Replaces f(z) by Σ_z (-1)^(z·c) f(z). */
function walshHadamard(f: Float64Array): void {
  for (let half = 1; half < f.length; half *= 2) {
    for (let start = 0; start < f.length; start += 2 * half) {
      for (let i = start; i < start + half; i++) {
        const a = f[i]!;
        const b = f[i + half]!;
        f[i] = a + b;
        f[i + half] = a - b;
      }
    }
  }
}

/** Number of ones among the bits. */
function ones(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}
