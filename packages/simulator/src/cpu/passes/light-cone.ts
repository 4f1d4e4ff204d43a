import { bitsOf, support } from '../element.ts';
import type { Element } from '../element.ts';
import { readQubits, withElements } from './pass.ts';
import type { Pass } from './pass.ts';

/**
 * Drops elements outside the light cone of the read-outs: going back from the end, an element on qubits that nothing
 * later touches and nothing reads is unitary and so without effect. Maps that are not unitary always count.
 */
export const lightCone: Pass = (program) => {
  const { lowered, readout } = program;
  const { qubits, elements, filters } = lowered;
  const all = 2 ** qubits - 1;
  let needed = 0;
  for (const step of readout.steps) needed |= bitsOf(readQubits(step, qubits));
  const kept: Element[] = [];
  let at = elements.length - 1;
  // Where every qubit is needed, so is everything.
  for (; at >= 0 && needed !== all; at--) {
    const element = elements[at] as Element;
    const touched = bitsOf(support(element));
    if (touched !== 0 && (touched & needed) === 0 && !filters.has(element.operation)) continue;
    needed |= touched;
    kept.push(element);
  }
  return withElements(program, [...elements.slice(0, at + 1), ...kept.reverse()]);
};
