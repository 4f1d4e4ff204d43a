import type { Element } from '../element.ts';
import type { Lowered } from '../lower.ts';
import { patternFor } from '../pattern.ts';
import type { Readout, ReadoutStep } from '../readout.ts';

/** A program between lowering and code: what runs and what is read from the final state. */
export interface EngineProgram {
  readonly lowered: Lowered;
  readonly readout: Readout;
}

/** Rewrites a program into one with the same results and gradients. */
export type Pass = (program: EngineProgram) => EngineProgram;

/** The program with other elements. */
export function withElements(program: EngineProgram, elements: readonly Element[]): EngineProgram {
  return { ...program, lowered: { ...program.lowered, elements } };
}

/** Qubits of the set bits of a basis index, bit n-1-q being qubit q. */
export function qubitsOf(mask: number, qubits: number): number[] {
  return Array.from({ length: qubits }, (_, q) => q).filter(
    (q) => (mask & (2 ** (qubits - 1 - q))) !== 0,
  );
}

/** Qubits a read-out looks at; `state` looks at all. */
export function readQubits(step: ReadoutStep, qubits: number): number[] {
  switch (step.type) {
    case 'probabilities':
    case 'diagonal':
      return qubitsOf(step.kept, qubits);
    case 'pauli':
      return qubitsOf(step.x | step.z, qubits);
    case 'flips':
    case 'basis':
      return qubitsOf(step.x | step.kept, qubits);
    case 'hermitian':
      return [...step.qubits];
    default:
      return Array.from({ length: qubits }, (_, q) => q);
  }
}

/** Whether a Pauli word has no letters but Z. */
const isZ = (word: string): boolean => !word.includes('X') && !word.includes('Y');

/** What an element's matrix looks like on all its qubits: diagonal, a permutation of basis states, or neither. */
export function shapeOf(element: Element): 'diagonal' | 'permutation' | 'other' {
  if (element.type === 'phase' || element.type === 'table') return 'diagonal';
  if (element.type === 'rotation') return isZ(element.word) ? 'diagonal' : 'other';
  const { matrix } = element;
  const size = Math.sqrt(matrix.length / 2);
  let entries = 0;
  let isDiagonal = true;
  for (let i = 0; i < size * size; i++) {
    if (matrix[2 * i] === 0 && matrix[2 * i + 1] === 0) continue;
    entries++;
    if (i % (size + 1) !== 0) isDiagonal = false;
  }
  if (isDiagonal) return 'diagonal';
  if (entries !== size) return 'other';
  const pattern = patternFor(matrix);
  // Factors of i would turn into phases of the measured state, so a permutation has none.
  return pattern.monomial && pattern.rows.every(([entry]) => entry?.power === 0)
    ? 'permutation'
    : 'other';
}
