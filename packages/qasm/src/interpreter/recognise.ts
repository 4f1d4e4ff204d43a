import { gate, gates } from '@ketwork/circuit';
import { QasmError } from '../error.ts';
import { row } from './libraries.ts';
import type { GateEntry } from './libraries.ts';
import type { Piece } from './pieces.ts';
import { Refusal } from './values.ts';

/** Angles at which definitions are compared: no multiples of π, so that what agrees there agrees everywhere. */
const SAMPLES = [0.7391, -1.2284, 2.1173, 0.4137];

/**
 * The gate of the table that a definition of its name amounts to, or undefined. Other programs define what their
 * standard file lacks, such as `rzz`; as one gate it is faster and readable.
 *
 * @param loose Whether a global phase makes no difference, as in OpenQASM 2.
 */
export function recognised(name: string, entry: GateEntry, loose: boolean): GateEntry | undefined {
  const plain = name.toLowerCase().replaceAll('_', '');
  const known = gates.find(
    (candidate) =>
      [candidate.name, ...candidate.aliases].some((one) => one.toLowerCase() === plain) &&
      candidate.qubits === entry.qubits &&
      candidate.parameters.length === entry.parameters,
  );
  if (known === undefined || entry.qubits > 3) return undefined;
  const on = Array.from({ length: entry.qubits }, (_, i) => i);
  for (const shift of known.parameters.length === 0 ? [0] : [0, 1]) {
    const turns = known.parameters.map(
      (_, i) => SAMPLES[(i + shift) % SAMPLES.length]! * (shift + 1),
    );
    let mine: Float64Array;
    try {
      mine = matrixOf(entry.make(turns, on), entry.qubits);
    } catch (error) {
      // What is wrong with it is said where it is called.
      if (error instanceof QasmError || error instanceof Refusal) return undefined;
      throw error;
    }
    if (!agree(mine, known.matrix(turns), loose)) return undefined;
  }
  return row(known.name);
}

/** The matrix of pieces on a few qubits, column by column. */
function matrixOf(pieces: readonly Piece[], qubits: number): Float64Array {
  const d = 2 ** qubits;
  const matrix = new Float64Array(2 * d * d);
  for (let i = 0; i < d; i++) matrix[2 * (i * d + i)] = 1;
  for (const op of pieces) apply(op, qubits, matrix);
  return matrix;
}

/** Multiplies a matrix from the left by that of a piece. */
function apply(op: Piece, qubits: number, matrix: Float64Array): void {
  const d = 2 ** qubits;
  const own =
    op.type === 'matrix' ? op.matrix : gate(op.gate).matrix(op.angles as number[], op.word);
  const size = 2 ** op.qubits.length;
  const mask = (qubit: number): number => 1 << (qubits - 1 - qubit);
  const rowOf = (base: number, k: number): number =>
    op.qubits.reduce(
      (index, qubit, i) => index | ((k >> (op.qubits.length - 1 - i)) & 1 ? mask(qubit) : 0),
      base,
    );
  for (let base = 0; base < d; base++) {
    if (op.qubits.some((qubit) => (base & mask(qubit)) !== 0)) continue;
    if (op.controls.some(({ qubit, value }) => ((base & mask(qubit)) !== 0) !== (value === 1)))
      continue;
    for (let column = 0; column < d; column++) {
      const old = Array.from({ length: size }, (_, k) => {
        const at = 2 * (rowOf(base, k) * d + column);
        return [matrix[at]!, matrix[at + 1]!] as const;
      });
      for (let k = 0; k < size; k++) {
        let [re, im] = [0, 0];
        old.forEach(([x, y], j) => {
          const [a, b] = [own[2 * (k * size + j)]!, own[2 * (k * size + j) + 1]!];
          re += a * x - b * y;
          im += a * y + b * x;
        });
        const at = 2 * (rowOf(base, k) * d + column);
        matrix[at] = re;
        matrix[at + 1] = im;
      }
    }
  }
}

function agree(a: Float64Array, b: ArrayLike<number>, loose: boolean): boolean {
  let [re, im] = [1, 0];
  if (loose) {
    // The phase between them, from their inner product.
    [re, im] = [0, 0];
    for (let i = 0; i < a.length; i += 2) {
      re += a[i]! * b[i]! + a[i + 1]! * b[i + 1]!;
      im += a[i]! * b[i + 1]! - a[i + 1]! * b[i]!;
    }
    const norm = Math.hypot(re, im);
    if (norm < 1e-6) return false;
    [re, im] = [re / norm, im / norm];
  }
  for (let i = 0; i < a.length; i += 2) {
    if (Math.abs(a[i]! * re - a[i + 1]! * im - b[i]!) > 1e-10) return false;
    if (Math.abs(a[i]! * im + a[i + 1]! * re - b[i + 1]!) > 1e-10) return false;
  }
  return true;
}
