import { UnsupportedError } from '@ketwork/base';
import type { Angle, Control, EvolutionOp, PauliTerm, Primitive } from '@ketwork/circuit';
import { hermitianEigen } from '../hermitian.ts';

/** Largest generator that is diagonalised, in qubits. */
const MAX_QUBITS = 8;

/**
 * `exp(-i · time · A)` as primitives. Pauli strings that commute give one rotation each; any other A = V Λ V† gives V†,
 * a phase per eigenvalue, and V. Controls go on the phases and rotations alone, since V V† = 1.
 *
 * @throws UnsupportedError for a matrix that comes with the data, or one too large to diagonalise.
 */
export function evolutionPrimitives(op: EvolutionOp, operation: number): Primitive[] {
  const { generator, time, controls, qubits } = op;
  if ('slot' in generator) {
    throw new UnsupportedError(
      `the CPU engine cannot evolve under the matrix of slot '${generator.slot}'`,
      {
        operation,
        remedy: 'Use a fixed generator, or the reference engine',
      },
    );
  }
  if (
    'terms' in generator &&
    generator.terms.every((a) => generator.terms.every((b) => commute(a, b)))
  ) {
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
  if (qubits.length > MAX_QUBITS) {
    throw new UnsupportedError(
      `the generator acts on ${qubits.length} qubits and its terms do not commute`,
      {
        operation,
        remedy: `The CPU engine diagonalises up to ${MAX_QUBITS} qubits; split the evolution into Trotter steps`,
      },
    );
  }
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

/** Pauli strings commute if they differ, on an even number of common qubits. */
function commute(a: PauliTerm, b: PauliTerm): boolean {
  let differing = 0;
  for (const { qubit, pauli } of a.paulis) {
    const other = b.paulis.find((p) => p.qubit === qubit);
    if (other !== undefined && other.pauli !== pauli) differing++;
  }
  return differing % 2 === 0;
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
