import { support } from '../element.ts';
import { readQubits, withElements } from './pass.ts';
import type { Pass } from './pass.ts';

/**
 * Drops elements outside the light cone of the read-outs: going back from the end, an element on qubits that nothing
 * later touches and nothing reads is unitary and so without effect. Maps that are not unitary always count.
 */
export const lightCone: Pass = (program) => {
  const { lowered, readout } = program;
  const needed = new Set(readout.steps.flatMap((step) => readQubits(step, lowered.qubits)));
  const kept = lowered.elements.toReversed().filter((element) => {
    const touched = support(element);
    const acts =
      touched.length === 0 ||
      lowered.filters.has(element.operation) ||
      touched.some((q) => needed.has(q));
    if (acts) for (const qubit of touched) needed.add(qubit);
    return acts;
  });
  return withElements(program, kept.toReversed());
};
