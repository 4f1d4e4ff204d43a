import { UnsupportedError } from '@ketwork/base';
import type { Angle, Control, EvolutionOp, PauliTerm, Primitive } from '@ketwork/circuit';
import { hermitianEigen } from '../hermitian.ts';
import { bitCount } from '../bits.ts';

/** Largest generator that is diagonalised, in qubits. */
export const MAX_DIAGONALISED = 8;

/**
 * `exp(-i · time · A)` as primitives. Pauli strings that commute give one rotation each; any other A = V Λ V† gives V†,
 * a phase per eigenvalue, and V. Controls go on the phases and rotations alone, since V V† = 1.
 *
 * @throws UnsupportedError for evolutions that are done between parts of a circuit.
 */
export function evolutionPrimitives(op: EvolutionOp, operation: number): Primitive[] {
  const { generator, time, controls, qubits } = op;
  if ('slot' in generator || op.drift !== undefined) throw apart(operation);
  if ('terms' in generator && termsCommute(generator.terms)) {
    return generator.terms.map((term): Primitive => {
      const on = term.paulis.map(({ qubit }) => qubit);
      const word = term.paulis.map(({ pauli }) => pauli).join('');
      if (on.length === 0)
        return { type: 'phase', qubits: [], angle: scaled(-term.coefficient, time), controls };
      return {
        type: 'rotation',
        word,
        qubits: on,
        angle: scaled(2 * term.coefficient, time),
        controls,
      };
    });
  }
  if (qubits.length > MAX_DIAGONALISED) throw apart(operation);
  const size = 2 ** qubits.length;
  const matrix = 'terms' in generator ? matrixOfTerms(generator.terms, qubits) : generator.matrix;
  const { values, vectors } = hermitianEigen(matrix, size);
  const toEigenbasis = new Array<number>(2 * size * size);
  const back = new Array<number>(2 * size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      // Row i of `vectors` is eigenvector i: column i of V, conjugated row i of V†.
      const re = vectors[2 * (i * size + j)] as number;
      const im = vectors[2 * (i * size + j) + 1] as number;
      toEigenbasis[2 * (i * size + j)] = re;
      toEigenbasis[2 * (i * size + j) + 1] = -im;
      back[2 * (j * size + i)] = re;
      back[2 * (j * size + i) + 1] = im;
    }
  }
  const phases = Array.from(values, (value, i): Primitive => {
    const pattern = qubits.map((qubit, k): Control => ({
      qubit,
      value: ((i >> (qubits.length - 1 - k)) & 1) as 0 | 1,
    }));
    return {
      type: 'phase',
      qubits: [],
      angle: scaled(-value, time),
      controls: [...controls, ...pattern],
    };
  });
  return [
    { type: 'matrix', qubits, matrix: toEigenbasis, controls: [] },
    ...phases,
    { type: 'matrix', qubits, matrix: back, controls: [] },
  ];
}

const scaled = (factor: number, angle: Angle): Angle =>
  typeof angle === 'number' ? factor * angle : { mul: [factor, angle] };

/** Such evolutions are done between parts of a circuit; inside a larger program they are refused. */
function apart(operation: number): UnsupportedError {
  return new UnsupportedError(
    'an evolution under the matrix of a slot, with a drift, or under a large sum of terms that do not commute cannot be part of this program',
    {
      operation,
      remedy: 'Use trotter() with a sum of Pauli strings, or take measurements and feedback out',
    },
  );
}

const commuting = new WeakMap<readonly PauliTerm[], boolean>();

/** Whether all strings of a sum commute: pairs differ on an even number of common qubits. */
export function termsCommute(terms: readonly PauliTerm[]): boolean {
  let known = commuting.get(terms);
  if (known === undefined) {
    // Only frozen terms stay what they are.
    known = pairsCommute(terms);
    if (Object.isFrozen(terms)) commuting.set(terms, known);
  }
  return known;
}

function pairsCommute(terms: readonly PauliTerm[]): boolean {
  const words = terms.map(({ paulis }) => {
    let x = 0;
    let z = 0;
    for (const { qubit, pauli } of paulis) {
      if (pauli !== 'Z') x |= 1 << qubit;
      if (pauli !== 'X') z |= 1 << qubit;
    }
    return { x, z };
  });
  return words.every((a, i) => {
    for (let j = 0; j < i; j++) {
      const b = words[j]!;
      if (bitCount((a.x & b.z) ^ (a.z & b.x)) % 2 === 1) return false;
    }
    return true;
  });
}

/** The matrix of a sum of Pauli strings on `qubits`, first one most significant, interleaved. */
function matrixOfTerms(terms: readonly PauliTerm[], qubits: readonly number[]): Float64Array {
  const size = 2 ** qubits.length;
  const matrix = new Float64Array(2 * size * size);
  for (const { coefficient, paulis } of terms) {
    for (let column = 0; column < size; column++) {
      let row = column;
      let power = 0; // of i
      for (const { qubit, pauli } of paulis) {
        const bit = 2 ** (qubits.length - 1 - qubits.indexOf(qubit));
        const set = (column & bit) !== 0;
        if (pauli !== 'Z') row ^= bit;
        if (pauli === 'Z' && set) power += 2;
        if (pauli === 'Y') power += set ? 3 : 1;
      }
      const at = 2 * (row * size + column) + (power & 1);
      matrix[at] = (matrix[at] as number) + ((power & 2) === 0 ? coefficient : -coefficient);
    }
  }
  return matrix;
}
