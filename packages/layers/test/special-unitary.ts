import { expm, pauliWord, scaled, sum } from '@ketwork/testing';

/** All Pauli strings but the identity in the order I, X, Y, Z, first letter changing slowest. */
function pauliWords(qubits: number): string[] {
  let list = [''];
  for (let i = 0; i < qubits; i++)
    list = list.flatMap((word) => ['I', 'X', 'Y', 'Z'].map((letter) => word + letter));
  return list.slice(1);
}

/** exp(i Σ θ_k P_k) by its power series, interleaved. */
export function specialUnitary(theta: ArrayLike<number>, qubits: number): Float64Array {
  const terms = pauliWords(qubits).map((word, k) => scaled(pauliWord(word), theta[k]!));
  return expm(scaled(sum(...terms), 0, 1));
}

/** (M + Mᵀ)/2 of a real square matrix, as a complex one. */
export function symmetricPart(m: ArrayLike<number>): Float64Array {
  const d = Math.sqrt(m.length);
  const out = new Float64Array(2 * m.length);
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++) out[2 * (i * d + j)] = (m[i * d + j]! + m[j * d + i]!) / 2;
  return out;
}

/** Interleaved entries as rows of complex numbers, as circuits take them. */
export function complexRows(m: ArrayLike<number>): { re: number; im: number }[][] {
  const d = Math.sqrt(m.length / 2);
  return Array.from({ length: d }, (_, i) =>
    Array.from({ length: d }, (_unused, j) => ({
      re: m[2 * (i * d + j)]!,
      im: m[2 * (i * d + j) + 1]!,
    })),
  );
}
