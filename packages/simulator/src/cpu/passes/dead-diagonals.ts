import { support } from '../element.ts';
import { qubitsOf, shapeOf, withElements } from './pass.ts';
import type { Pass } from './pass.ts';

/**
 * Drops diagonal unitaries that only change phases of the measured basis states: those followed, on all their qubits, by
 * nothing but diagonals, permutations of basis states and read-outs in the computational basis.
 */
export const deadDiagonals: Pass = (program) => {
  const { lowered, readout } = program;
  const { qubits, filters } = lowered;
  const coherent = new Set<number>();
  for (const step of readout.steps) {
    if (step.type === 'state') return program;
    if (step.type === 'hermitian') for (const qubit of step.qubits) coherent.add(qubit);
    // A string with X or Y compares amplitudes that differ in these bits, and so sees phases on them.
    if (step.type === 'pauli') for (const qubit of qubitsOf(step.x, qubits)) coherent.add(qubit);
  }
  const kept = lowered.elements.toReversed().filter((element) => {
    const touched = support(element);
    const shape = filters.has(element.operation) ? 'other' : shapeOf(element);
    const exposed = touched.some((q) => coherent.has(q));
    if (shape === 'diagonal' && !exposed) return false;
    // Through a permutation, an earlier diagonal spreads over all qubits of the permutation.
    if (shape === 'other' || (shape === 'permutation' && exposed))
      for (const qubit of touched) coherent.add(qubit);
    return true;
  });
  return withElements(program, kept.toReversed());
};
