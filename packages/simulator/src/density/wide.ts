import type { SparseMatrix, WideElement } from './element.ts';
import { digitMatrix, digitPlaces, toMatrix, toPauli, wordIndices } from './pauli-basis.ts';
import type { DigitMatrix } from './pauli-basis.ts';

/** One example's Pauli vector in memory: number i is `numbers[start + i · step]`. */
export interface VectorView {
  readonly numbers: Float64Array;
  readonly start: number;
  readonly step: number;
}

/** Applies `ρ ↦ Σ K ρ K†`, or the map of cotangents `λ ↦ Σ K† λ K`. */
export function applyWide(
  { qubits: on, kraus }: WideElement,
  qubits: number,
  view: VectorView,
  direction: 'forward' | 'back',
): void {
  const k = on.length;
  const inside = wordIndices(on, qubits);
  const rest = Array.from({ length: qubits }, (_, q) => q).filter((q) => !on.includes(q));
  const matrix = digitMatrix(k);
  const half = digitMatrix(k);
  const sum = digitMatrix(k);
  const { numbers, start, step } = view;
  for (const outside of wordIndices(rest, qubits)) {
    inside.forEach((index, i) => {
      matrix.re[i] = numbers[start + (outside + index) * step]! / 2 ** k;
    });
    matrix.im.fill(0);
    toMatrix(matrix);
    sum.re.fill(0);
    sum.im.fill(0);
    for (const map of kraus) sandwich(map, matrix, half, sum, k, direction === 'back');
    toPauli(sum);
    inside.forEach((index, i) => {
      numbers[start + (outside + index) * step] = sum.re[i]!;
    });
  }
}

/** Adds `K M K†` (or `K† M K`) to `sum`. */
function sandwich(
  { rows, columns, values }: SparseMatrix,
  matrix: DigitMatrix,
  half: DigitMatrix,
  sum: DigitMatrix,
  qubits: number,
  adjoint: boolean,
): void {
  const d = 2 ** qubits;
  const places = digitPlaces(qubits);
  half.re.fill(0);
  half.im.fill(0);
  for (let e = 0; e < rows.length; e++) {
    const to = (adjoint ? columns[e]! : rows[e]!) * d;
    const from = (adjoint ? rows[e]! : columns[e]!) * d;
    const a = values[2 * e]!;
    const b = adjoint ? -values[2 * e + 1]! : values[2 * e + 1]!;
    for (let j = 0; j < d; j++) {
      const x = places[from + j]!;
      const y = places[to + j]!;
      half.re[y] = half.re[y]! + a * matrix.re[x]! - b * matrix.im[x]!;
      half.im[y] = half.im[y]! + a * matrix.im[x]! + b * matrix.re[x]!;
    }
  }
  for (let e = 0; e < rows.length; e++) {
    const to = adjoint ? columns[e]! : rows[e]!;
    const from = adjoint ? rows[e]! : columns[e]!;
    const a = values[2 * e]!;
    // Conjugated: the right factor is the adjoint of the left one.
    const b = adjoint ? values[2 * e + 1]! : -values[2 * e + 1]!;
    for (let i = 0; i < d; i++) {
      const x = places[i * d + from]!;
      const y = places[i * d + to]!;
      sum.re[y] = sum.re[y]! + a * half.re[x]! - b * half.im[x]!;
      sum.im[y] = sum.im[y]! + a * half.im[x]! + b * half.re[x]!;
    }
  }
}
