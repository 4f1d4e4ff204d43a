import type { Coefficient, Element } from '../element.ts';
import { withElements } from './pass.ts';
import type { Pass } from './pass.ts';

/**
 * Numbers the coefficients still in use, shared ones and those of each example apart: every use by itself, since its sign
 * and scale may differ from those of other uses in a run, and the angles they are made of, each once. Where signs differ
 * from example to example, all uses belong to examples; shared are only the angles.
 */
export const allocateCoefficients: Pass = (program) => {
  const { lowered } = program;
  const uses = { shared: [] as Coefficient[], batch: [] as Coefficient[] };
  const sources = { shared: [] as Coefficient[], batch: [] as Coefficient[] };
  const known = new Map<string, number>();
  const numbered = ({ node, scale }: Coefficient): Coefficient => {
    const id = `${node} ${scale}`;
    const origin = lowered.angles.isBatch(node) ? 'batch' : 'shared';
    const axis = lowered.folded ? 'batch' : origin;
    const source = known.get(id) ?? sources[origin].length;
    const coefficient = { node, scale, axis, index: uses[axis].length, source } as const;
    uses[axis].push(coefficient);
    if (source === sources[origin].length) {
      sources[origin].push(
        axis === origin ? coefficient : { ...coefficient, axis: origin, index: source },
      );
      known.set(id, source);
    }
    return coefficient;
  };
  const allocate = (element: Element): Element => {
    if (element.type === 'matrix') return element;
    if (element.type !== 'table') return { ...element, coefficient: numbered(element.coefficient) };
    const parts = element.parts.map((part) => ({
      ...part,
      coefficient: numbered(part.coefficient),
    }));
    return { ...element, parts };
  };
  const prefix = lowered.prefix.map(allocate);
  const allocated = withElements(program, lowered.elements.map(allocate));
  const shared = lowered.folded ? sources.shared : uses.shared;
  const { batch } = uses;
  return { ...allocated, lowered: { ...allocated.lowered, prefix, shared, batch, sources } };
};
