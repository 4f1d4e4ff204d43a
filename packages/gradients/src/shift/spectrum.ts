import type { EvolutionOp, PauliTerm } from '@ketwork/circuit';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Generators on more qubits than this have too many frequencies for a shift rule to be of use. */
export const MAX_SPECTRUM_QUBITS = 5;

/**
 * Frequencies of an expectation value as a function of the time of an evolution: the positive differences of the
 * generator's eigenvalues, 0 among them where there are controls. Undefined where the generator is given at run time or
 * is too large.
 */
export function evolutionFrequencies(op: EvolutionOp): number[] | undefined {
  const { generator } = op;
  if ('slot' in generator) return undefined;
  // A single Pauli string has the eigenvalues ±coefficient, on any number of qubits.
  if ('terms' in generator && generator.terms.length === 1) {
    const { coefficient, paulis } = generator.terms[0]!;
    const c = Math.abs(coefficient);
    return differences([
      ...(paulis.length === 0 ? [c] : [-c, c]),
      ...(op.controls.length > 0 ? [0] : []),
    ]);
  }
  if (op.qubits.length > MAX_SPECTRUM_QUBITS) return undefined;
  const d = 2 ** op.qubits.length;
  const matrix = 'matrix' in generator ? generator.matrix : pauliMatrix(generator.terms, op.qubits);
  const eigenvalues = hermitianEigenvalues(matrix, d);
  if (op.controls.length > 0) eigenvalues.push(0);
  return differences(eigenvalues);
}

function differences(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const scale = Math.max(...sorted.map(Math.abs), Number.MIN_VALUE);
  const found: number[] = [];
  sorted.forEach((high, i) => {
    for (const low of sorted.slice(0, i)) {
      const gap = high - low;
      if (gap > 1e-10 * scale && !found.some((w) => Math.abs(w - gap) <= 1e-10 * scale))
        found.push(gap);
    }
  });
  return found.sort((a, b) => a - b);
}

/** Through the real symmetric matrix [[Re, −Im], [Im, Re]], whose spectrum is that of the Hermitian one, twice. */
function hermitianEigenvalues(matrix: ArrayLike<number>, d: number): number[] {
  const real = Matrix.zeros(2 * d, 2 * d);
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      const re = matrix[2 * (r * d + c)]!;
      const im = matrix[2 * (r * d + c) + 1]!;
      real
        .set(r, c, re)
        .set(r + d, c + d, re)
        .set(r, c + d, -im)
        .set(r + d, c, im);
    }
  }
  const all = new EigenvalueDecomposition(real, { assumeSymmetric: true }).realEigenvalues.sort(
    (a, b) => a - b,
  );
  return all.filter((_, i) => i % 2 === 0);
}

/** Matrix of a sum of Pauli strings on the listed qubits, the first one most significant, interleaved re, im. */
function pauliMatrix(terms: readonly PauliTerm[], qubits: readonly number[]): Float64Array {
  const d = 2 ** qubits.length;
  const out = new Float64Array(2 * d * d);
  for (const { coefficient, paulis } of terms) {
    const factors = paulis.map(({ qubit, pauli }) => ({
      bit: qubits.length - 1 - qubits.indexOf(qubit),
      pauli,
    }));
    for (let column = 0; column < d; column++) {
      let row = column;
      let quarters = 0; // power of i
      for (const { bit, pauli } of factors) {
        const one = (column >> bit) & 1;
        if (pauli !== 'Z') row ^= 1 << bit;
        if (pauli === 'Z') quarters += 2 * one;
        if (pauli === 'Y') quarters += one === 1 ? 3 : 1;
      }
      const at = 2 * (row * d + column);
      const part = quarters % 2;
      out[at + part] = out[at + part]! + (quarters % 4 < 2 ? coefficient : -coefficient);
    }
  }
  return out;
}
