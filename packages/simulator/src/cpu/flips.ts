/** Elements that only exchange basis states. */
import type { Element } from './element.ts';

/** X on a qubit, where all controls are satisfied. */
export interface Flip {
  readonly target: number;
  readonly controls: Element['controls'];
}

const NOT = [0, 0, 1, 0, 1, 0, 0, 0];

/** The element as flips, in order, where it is nothing else: X with any controls, or SWAP. */
export function flipsOf(element: Element): readonly Flip[] | undefined {
  if (element.type !== 'matrix') return undefined;
  const { controls, qubits, matrix } = element;
  if (qubits.length === 1 && matrix.every((x, i) => x === NOT[i])) {
    return [{ target: qubits[0] as number, controls }];
  }
  if (qubits.length === 2 && controls.length === 0 && isSwap(matrix)) {
    const [a, b] = qubits as [number, number];
    const on = (target: number, qubit: number): Flip => ({
      target,
      controls: [{ qubit, value: 1 }],
    });
    return [on(b, a), on(a, b), on(b, a)];
  }
  return undefined;
}

const isSwap = (matrix: readonly number[]): boolean =>
  [0, 6, 9, 15].every((entry) => matrix[2 * entry] === 1) &&
  matrix.filter((x) => x !== 0).length === 4;
