import type { ExplainedPass } from '../../contract.ts';
import { absorbFlips } from './absorb.ts';
import { allocateCoefficients } from './allocate.ts';
import { canonicalCores } from './canonical.ts';
import { deadDiagonals } from './dead-diagonals.ts';
import { readDirectly } from './direct.ts';
import { groupStrings } from './group-strings.ts';
import { lightCone } from './light-cone.ts';
import { mergeDiagonals } from './merge-diagonals.ts';
import { mergeConstants } from './merge-constants.ts';
import { mergeNeighbours } from './merge.ts';
import type { EngineProgram, Pass } from './pass.ts';
import { productPrefix } from './product-prefix.ts';
import { tangentForm } from './tangents.ts';

/**
 * The compiler's passes in order, by name. Absorbing flips can take read-outs off qubits, hence the second light cone.
 *
 * One pass is missing on purpose. Trained rotations on one qubit are not multiplied into one matrix: that takes 14
 * operations per amplitude, RZ RY RZ takes 10 (3, 4 without the cosine, 3), RX RY RX 12. Measured on layers of 8 and 20
 * qubits it takes 1.6 to 2.1 times as long (`docs/engine.md`).
 */
export const passes: readonly (readonly [name: string, pass: Pass])[] = [
  ['merge neighbours', mergeNeighbours],
  ['merge constants', mergeConstants],
  ['canonical cores', canonicalCores],
  ['light cone', lightCone],
  ['dead diagonals', deadDiagonals],
  ['absorb flips', absorbFlips],
  ['light cone', lightCone],
  ['read directly', readDirectly],
  ['group strings', groupStrings],
  ['product prefix', productPrefix],
  ['merge diagonals', mergeDiagonals],
  ['tangent form', tangentForm],
  ['allocate coefficients', allocateCoefficients],
];

/** Passes that leave plain elements, and readings of single strings, outcomes and matrices: for engines of other packages. */
export const plainPasses: typeof passes = [
  ['merge neighbours', mergeNeighbours],
  ['merge constants', mergeConstants],
  ['light cone', lightCone],
  ['dead diagonals', deadDiagonals],
  ['absorb flips', absorbFlips],
  ['light cone', lightCone],
];

const elementsIn = ({ lowered: { prefix, elements } }: EngineProgram): number =>
  prefix.length + elements.length;

/**
 * Runs passes one after the other, all of them by default.
 *
 * @param history is told what each pass made of the number of elements
 */
export function optimize(
  program: EngineProgram,
  sequence: typeof passes = passes,
  history: ExplainedPass[] = [],
): EngineProgram {
  return sequence.reduce((before, [name, pass]) => {
    const after = pass(before);
    history.push({ name, before: elementsIn(before), after: elementsIn(after) });
    return after;
  }, program);
}
