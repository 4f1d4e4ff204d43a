import type { Coefficient, Element } from '../element.ts';
import { withElements } from './pass.ts';
import type { Pass } from './pass.ts';

/** Numbers the coefficients still in use, each once, shared ones and those of each example apart. */
export const allocateCoefficients: Pass = (program) => {
  const { lowered } = program;
  const shared: Coefficient[] = [];
  const batch: Coefficient[] = [];
  const known = new Map<string, Coefficient>();
  const numbered = ({ node, scale }: Coefficient): Coefficient => {
    const id = `${node} ${scale}`;
    let coefficient = known.get(id);
    if (coefficient === undefined) {
      const axis = lowered.angles.isBatch(node) ? 'batch' : 'shared';
      const list = axis === 'batch' ? batch : shared;
      coefficient = { node, scale, axis, index: list.length };
      list.push(coefficient);
      known.set(id, coefficient);
    }
    return coefficient;
  };
  const elements = lowered.elements.map((element): Element => {
    if (element.type === 'matrix') return element;
    if (element.type !== 'table') return { ...element, coefficient: numbered(element.coefficient) };
    const parts = element.parts.map((part) => ({
      ...part,
      coefficient: numbered(part.coefficient),
    }));
    return { ...element, parts };
  });
  const allocated = withElements(program, elements);
  return { ...allocated, lowered: { ...allocated.lowered, shared, batch } };
};
