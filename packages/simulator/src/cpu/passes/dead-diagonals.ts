import { bitsOf, support } from '../element.ts';
import type { Element } from '../element.ts';
import { qubitsOf, shapeOf, withElements } from './pass.ts';
import type { Pass } from './pass.ts';

/**
 * Drops diagonal unitaries that only change phases of the measured basis states: those followed, on all their qubits, by
 * nothing but diagonals, permutations of basis states and read-outs in the computational basis.
 */
export const deadDiagonals: Pass = (program) => {
  const { lowered, readout } = program;
  const { qubits, filters } = lowered;
  let coherent = 0;
  for (const step of readout.steps) {
    if (step.type === 'state') return program;
    if (step.type === 'hermitian') coherent |= bitsOf(step.qubits);
    // A string with X or Y compares amplitudes that differ in these bits, and so sees phases on them.
    if (step.type === 'pauli') coherent |= bitsOf(qubitsOf(step.x, qubits));
  }
  const all = 2 ** qubits - 1;
  const { elements } = lowered;
  const kept: Element[] = [];
  let at = elements.length - 1;
  // Where every qubit is coherent, everything stays that touches any.
  for (; at >= 0 && coherent !== all; at--) {
    const element = elements[at] as Element;
    const touched = bitsOf(support(element));
    const exposed = (touched & coherent) !== 0;
    if (!exposed || (touched & ~coherent) !== 0) {
      const shape = filters.has(element.operation) ? 'other' : shapeOf(element);
      if (shape === 'diagonal' && !exposed) continue;
      // Through a permutation, an earlier diagonal spreads over all qubits of the permutation.
      if (shape === 'other' || (shape === 'permutation' && exposed)) coherent |= touched;
    }
    kept.push(element);
  }
  return withElements(program, [...elements.slice(0, at + 1), ...kept.reverse()]);
};
