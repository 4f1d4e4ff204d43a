import { primitives } from '../gates/primitives.ts';
import type { Primitive } from '../gates/gate.ts';
import { qubitsOf } from '../ops.ts';
import type { Op } from '../types.ts';

/** A Pauli letter that all of an operation on a qubit is made of, or `*` where there is none. */
type Letter = 'X' | 'Y' | 'Z' | '*';

/** Matrix entries below are rounding errors. */
const SMALL = 1e-14;

const known = new WeakMap<Op, ReadonlyMap<number, Letter>>();

/**
 * For each qubit of an operation the Pauli letter it consists of there: Z for controls and diagonals, X for the target of
 * a CNOT. Two operations commute where their letters agree on every common qubit.
 */
function lettersOf(op: Op): ReadonlyMap<number, Letter> {
  let letters = known.get(op);
  if (letters === undefined) {
    letters = computed(op);
    known.set(op, letters);
  }
  return letters;
}

/** Whether two operations certainly commute. */
export function commute(a: Op, b: Op): boolean {
  const first = lettersOf(a);
  for (const [qubit, letter] of lettersOf(b)) {
    const other = first.get(qubit);
    if (other !== undefined && (other !== letter || letter === '*')) return false;
  }
  return true;
}

function computed(op: Op): Map<number, Letter> {
  const letters = new Map<number, Letter>();
  if (op.type !== 'gate' && op.type !== 'matrix') {
    for (const qubit of qubitsOf(op)) letters.set(qubit, '*');
    return letters;
  }
  const put = (qubit: number, letter: Letter): void => {
    const before = letters.get(qubit);
    letters.set(qubit, before === undefined || before === letter ? letter : '*');
  };
  for (const primitive of primitives(op)) {
    for (const { qubit } of primitive.controls) put(qubit, 'Z');
    primitive.qubits.forEach((qubit, i) => put(qubit, letterAt(primitive, i)));
  }
  return letters;
}

function letterAt(primitive: Primitive, i: number): Letter {
  if (primitive.type === 'rotation') return primitive.word[i] as Letter;
  if (primitive.type === 'phase') return 'Z';
  const { matrix } = primitive;
  const near = (j: number, k: number, sign: number): boolean =>
    Math.abs(matrix[2 * j]! - sign * matrix[2 * k]!) < SMALL &&
    Math.abs(matrix[2 * j + 1]! - sign * matrix[2 * k + 1]!) < SMALL;
  const zero = (j: number): boolean => Math.hypot(matrix[2 * j]!, matrix[2 * j + 1]!) < SMALL;
  if (primitive.qubits.length > 1) {
    const d = 2 ** primitive.qubits.length;
    for (let j = 0; j < d * d; j++) if (j % (d + 1) !== 0 && !zero(j)) return '*';
    return 'Z';
  }
  if (zero(1) && zero(2)) return 'Z';
  if (!near(0, 3, 1)) return '*';
  if (near(1, 2, 1)) return 'X';
  return near(1, 2, -1) ? 'Y' : '*';
}
