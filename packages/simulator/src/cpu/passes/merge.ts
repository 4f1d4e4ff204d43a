import { product } from '../complex-matrix.ts';
import { bitsOf, support } from '../element.ts';
import type { Element } from '../element.ts';
import type { Lowered } from '../lower.ts';
import { shapeOf, withElements } from './pass.ts';
import type { EngineProgram, Pass } from './pass.ts';

/** How many earlier elements are looked at for a partner. */
const WINDOW = 64;

/**
 * Joins turns about the same axis by adding their angles, cancels constant matrices that undo each other and drops turns
 * by zero. An element moves back past others that share no qubit with it or visibly commute with it.
 */
export const mergeNeighbours: Pass = (program: EngineProgram) => {
  const { lowered } = program;
  const kept: Entry[] = [];
  for (const element of lowered.elements) {
    if (isTurn(element) && lowered.angles.constant(element.coefficient.node) === 0) continue;
    const entry = { element, touched: bitsOf(support(element)) };
    const at = partner(kept, entry, lowered);
    const found = at === undefined ? undefined : kept[at]?.element;
    if (at === undefined || found === undefined) kept.push(entry);
    else if (!isTurn(found) || !isTurn(element)) kept.splice(at, 1);
    else {
      const node = lowered.angles.sum(
        found.coefficient.node,
        element.coefficient.node,
        found.operation,
      );
      const coefficient = { ...found.coefficient, node };
      kept[at] = { element: { ...found, coefficient }, touched: entry.touched };
    }
  }
  return withElements(
    program,
    kept.map(({ element }) => element),
  );
};

/** An element of the new list, and the qubits it touches as bits. */
interface Entry {
  readonly element: Element;
  readonly touched: number;
}

type Turn = Element & { readonly type: 'rotation' | 'phase' };
const isTurn = (element: Element): element is Turn =>
  element.type === 'rotation' || element.type === 'phase';

/** Position of the element that `element` merges with or cancels. */
function partner(
  kept: readonly Entry[],
  { element, touched }: Entry,
  lowered: Lowered,
): number | undefined {
  const end = Math.max(0, kept.length - WINDOW);
  for (let at = kept.length - 1; at >= end; at--) {
    const other = kept[at] as Entry;
    // Two that merge touch the same qubits.
    if (other.touched === touched && joins(other.element, element)) return at;
    const shared = other.touched & touched;
    if (shared !== 0 && !commute(other.element, element, shared, lowered)) return undefined;
  }
  return undefined;
}

const sameControls = (a: Element, b: Element): boolean =>
  a.controls.length === b.controls.length &&
  a.controls.every(({ qubit, value }) =>
    b.controls.some((c) => c.qubit === qubit && c.value === value),
  );

const sameQubits = (a: Element, b: Element): boolean =>
  a.qubits.length === b.qubits.length && a.qubits.every((qubit, i) => qubit === b.qubits[i]);

/** Whether two neighbours are turns about the same axis, or matrices whose product is the identity. */
function joins(a: Element, b: Element): boolean {
  if (!sameQubits(a, b) || !sameControls(a, b)) return false;
  if (a.type === 'rotation') return b.type === 'rotation' && a.word === b.word;
  if (a.type === 'phase') return b.type === 'phase' && a.odd === b.odd;
  return a.type === 'matrix' && b.type === 'matrix' && isIdentityProduct(b.matrix, a.matrix);
}

function isIdentityProduct(a: readonly number[], b: readonly number[]): boolean {
  const size = Math.sqrt(a.length / 2);
  return product(a, b).every((x, i) => Math.abs(x - (i % (2 * size + 2) === 0 ? 1 : 0)) <= 4e-16);
}

/** Whether two elements visibly commute: both diagonal, or one diagonal where the other only has controls. */
function commute(a: Element, b: Element, shared: number, lowered: Lowered): boolean {
  if (lowered.filters.has(a.operation) || lowered.filters.has(b.operation)) return false;
  const diagonalA = shapeOf(a) === 'diagonal';
  const diagonalB = shapeOf(b) === 'diagonal';
  if (diagonalA && diagonalB) return true;
  const onlyControls = (e: Element): boolean => (shared & bitsOf(e.qubits)) === 0;
  return (diagonalA && onlyControls(b)) || (diagonalB && onlyControls(a));
}
