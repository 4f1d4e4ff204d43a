/** Gates that only rename basis states: X, CNOT and SWAP, gathered into one affine map of the bits of a basis index. */
import type { Element } from '@ketwork/simulator/lowering';

/** The basis index that index i is made of: the exclusive or of `flip` and of the `columns` of the bits set in i. */
export interface AffineMap {
  /** Image of bit j, without `flip`, at position j: bit 0 is the last qubit. */
  readonly columns: readonly number[];
  readonly flip: number;
}

/** The image of an index. */
export const imageOf = ({ columns, flip }: AffineMap, index: number): number =>
  columns.reduce(
    (image, column, bit) => (((index >>> bit) & 1) === 1 ? image ^ column : image),
    flip,
  );

const NOT = [0, 0, 1, 0, 1, 0, 0, 0];
const SWAP = [
  1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0,
];

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);

/** The renaming that an element is, for basis indices of `qubits` qubits; undefined for elements that are none. */
export function renaming(
  element: Element,
  qubits: number,
): ((index: number) => number) | undefined {
  if (element.type !== 'matrix') return undefined;
  const { matrix, controls } = element;
  const bits = element.qubits.map((qubit) => 2 ** (qubits - 1 - qubit));
  const [a = 0, b = 0] = bits;
  if (same(matrix, NOT) && controls.length <= 1) {
    const [control] = controls;
    if (control === undefined) return (index) => index ^ a;
    const mask = 2 ** (qubits - 1 - control.qubit);
    return (index) => (((index & mask) !== 0) === (control.value === 1) ? index ^ a : index);
  }
  if (same(matrix, SWAP) && controls.length === 0)
    return (index) => (((index & a) !== 0) === ((index & b) !== 0) ? index : index ^ a ^ b);
  return undefined;
}

/**
 * Several renamings, the first acting first, as two affine maps: where each amplitude comes from, and where it goes.
 * Each of X, CNOT and SWAP undoes itself.
 */
export function affineMaps(
  renamings: readonly ((index: number) => number)[],
  qubits: number,
): { readonly source: AffineMap; readonly target: AffineMap } {
  const mapOf = (through: readonly ((index: number) => number)[]): AffineMap => {
    const image = (index: number): number => through.reduce((at, rename) => rename(at), index);
    const flip = image(0);
    return { columns: Array.from({ length: qubits }, (_, bit) => image(2 ** bit) ^ flip), flip };
  };
  return { source: mapOf(renamings.toReversed()), target: mapOf(renamings) };
}
