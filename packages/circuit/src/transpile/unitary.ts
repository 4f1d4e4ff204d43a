import { adjoint, multiply } from '../gates/matrix.ts';
import { canonicalAngles } from './canonical.ts';
import type { Elementary } from './elementary.ts';
import { eulerAngles } from './euler.ts';

/** Numbers below are rounding errors. */
const SMALL = 1e-12;

/** A unitary matrix on some qubits where all controls are 1. Without controls up to a global phase. */
export function addUnitary(
  to: Elementary,
  matrix: ArrayLike<number>,
  qubits: readonly number[],
  controls: readonly number[],
): void {
  if (qubits.length === 1) addSingle(to, matrix, qubits[0]!, controls);
  else if (qubits.length === 2) addPair(to, matrix, qubits as [number, number], controls);
  else addTwoLevel(to, matrix, qubits, controls);
}

function addSingle(
  to: Elementary,
  matrix: ArrayLike<number>,
  qubit: number,
  controls: readonly number[],
): void {
  if (controls.length > 0 && isX(matrix)) return to.not(controls, qubit);
  const { alpha, phi, theta, lambda } = eulerAngles(matrix);
  const phase = alpha + (phi + lambda) / 2;
  if (controls.length === 0) {
    to.turn('Z', lambda, qubit);
    to.turn('Y', theta, qubit);
    return to.turn('Z', phi, qubit);
  }
  // A X B X C with A B C = 1 (Barenco et al., Phys. Rev. A 52, 3457 (1995), lemma 4.3).
  const [sum, difference] = [(phi + lambda) / 2, (lambda - phi) / 2];
  if (Math.abs(theta) < SMALL) {
    if (Math.abs(sum) > SMALL) to.rotation('Z', [qubit], 2 * sum, controls);
  } else {
    to.turn('Z', difference, qubit);
    to.not(controls, qubit);
    to.turn('Z', -sum, qubit);
    to.turn('Y', -theta / 2, qubit);
    to.not(controls, qubit);
    to.turn('Y', theta / 2, qubit);
    to.turn('Z', phi, qubit);
  }
  if (Math.abs(phase) > SMALL) to.phase(controls, phase);
}

function isX(matrix: ArrayLike<number>): boolean {
  return [0, 0, 1, 0, 1, 0, 0, 0].every((x, i) => Math.abs(matrix[i]! - x) < SMALL);
}

function addPair(
  to: Elementary,
  matrix: ArrayLike<number>,
  qubits: readonly [number, number],
  controls: readonly number[],
): void {
  const [a, b] = qubits;
  const { phase, before, angles, after } = canonicalAngles(matrix);
  addSingle(to, before[0], a, controls);
  addSingle(to, before[1], b, controls);
  if (controls.length > 0) {
    ['XX', 'YY', 'ZZ'].forEach((word, i) => {
      if (Math.abs(angles[i]!) > SMALL) to.rotation(word, qubits, -2 * angles[i]!, controls);
    });
    if (Math.abs(phase) > SMALL) to.phase(controls, phase);
  } else addCanonical(to, angles, qubits);
  addSingle(to, after[0], a, controls);
  addSingle(to, after[1], b, controls);
}

/** `exp(i (x XX + y YY + z ZZ))` up to a global phase: at most three CNOTs. */
function addCanonical(
  to: Elementary,
  angles: readonly [number, number, number],
  [a, b]: readonly [number, number],
): void {
  // Quarter turns of an angle are Pauli letters on both qubits.
  const letters = ['X', 'Y', 'Z'];
  const [x, y, z] = angles.map((angle, i) => {
    const quarters = Math.round(angle / (Math.PI / 2));
    if (quarters % 2 !== 0) for (const q of [a, b]) to.turn(letters[i]!, Math.PI, q);
    const rest = angle - (quarters * Math.PI) / 2;
    return Math.abs(rest) < SMALL ? 0 : rest;
  }) as [number, number, number];
  const zeros = [x, y, z].filter((angle) => angle === 0).length;
  if (zeros === 3) return;
  if (zeros === 0) {
    // Vatan and Williams, Phys. Rev. A 69, 032315 (2004), figure 6.
    const quarter = Math.PI / 2;
    to.turn('Z', quarter, b);
    to.cnot(b, a);
    to.turn('Z', quarter - 2 * z, a);
    to.turn('Y', quarter - 2 * x, b);
    to.cnot(a, b);
    to.turn('Y', 2 * y - quarter, b);
    to.cnot(b, a);
    return to.turn('Z', -quarter, a);
  }
  // Turn the axis without a rotation to Y; then CNOT takes XX and ZZ apart.
  const axis = z === 0 ? 'X' : x === 0 ? 'Z' : undefined;
  const [first, second] = z === 0 ? [x, y] : x === 0 ? [y, z] : [x, z];
  const change = (sign: number): void => {
    if (axis !== undefined) for (const q of [a, b]) to.turn(axis, (sign * Math.PI) / 2, q);
  };
  change(1);
  const [only, other] = first === 0 ? [second, first] : [first, second];
  if (other === 0 && Math.abs(Math.abs(only) - Math.PI / 4) < SMALL) {
    addQuarter(to, first === 0 ? 'Z' : 'X', Math.sign(only), a, b);
  } else {
    to.cnot(a, b);
    to.turn('X', -2 * first, a);
    to.turn('Z', -2 * second, b);
    to.cnot(a, b);
  }
  change(-1);
}

/** `exp(±i π/4 PP)` by a single CNOT. */
function addQuarter(to: Elementary, letter: 'X' | 'Z', sign: number, a: number, b: number): void {
  if (letter === 'X') to.h(a);
  else to.h(b);
  to.cnot(a, b);
  if (letter === 'X') to.h(a);
  else to.h(b);
  // CZ = exp(iπ/4 ZZ) with RZ(π/2) on both; its inverse differs by Z on both.
  for (const q of [a, b]) to.turn(letter, (-sign * Math.PI) / 2, q);
}

/** Any matrix as gates that mix two basis states next to each other in a Gray code, last column first. */
function addTwoLevel(
  to: Elementary,
  matrix: ArrayLike<number>,
  qubits: readonly number[],
  controls: readonly number[],
): void {
  const k = qubits.length;
  const d = 2 ** k;
  const gray = Array.from({ length: d }, (_, i) => i ^ (i >> 1));
  const m = Float64Array.from(matrix);
  const factors: { readonly row: number; readonly small: Float64Array }[] = [];
  // G_n … G_1 M = diagonal: each G clears one entry of a column with the row before it.
  for (let column = 0; column < d - 1; column++) {
    for (let row = d - 1; row > column; row--) {
      const [upper, lower] = [gray[row - 1]!, gray[row]!];
      const at = (r: number): number => 2 * (r * d + gray[column]!);
      const [a0, a1, b0, b1] = [m[at(upper)]!, m[at(upper) + 1]!, m[at(lower)]!, m[at(lower) + 1]!];
      const length = Math.hypot(a0, a1, b0, b1);
      if (Math.hypot(b0, b1) < SMALL) continue;
      // Rows (a*, b*) and (-b, a) over the length take (a, b) to (length, 0).
      const small = Float64Array.of(a0, -a1, b0, -b1, -b0, -b1, a0, a1).map((x) => x / length);
      mixRows(m, d, upper, lower, small);
      factors.push({ row, small });
    }
  }
  // M = G_1† … G_n† · diagonal, the diagonal acting first.
  for (let row = 0; row < d; row++) {
    const entry = 2 * (gray[row]! * d + gray[row]!);
    const angle = Math.atan2(m[entry + 1]!, m[entry]!);
    if (Math.abs(angle) < SMALL) continue;
    conditioned(to, qubits, gray[row]!, undefined, () => to.phase([...controls, ...qubits], angle));
  }
  for (const { row, small } of factors.reverse()) {
    const [upper, lower] = [gray[row - 1]!, gray[row]!];
    const bit = k - 1 - Math.log2(upper ^ lower);
    // Rows of the small matrix belong to `upper` and `lower`; the qubit may be 1 in `upper`.
    const back = adjoint(small);
    const flipped = ((upper >> (k - 1 - bit)) & 1) === 1;
    const gate = flipped ? reversed(back) : back;
    const rest = qubits.filter((_, i) => i !== bit);
    conditioned(to, qubits, upper, bit, () =>
      addSingle(to, gate, qubits[bit]!, [...controls, ...rest]),
    );
  }
}

/** Runs gates that act where all qubits are 1 so that they act where they read as `state`, one bit left aside. */
function conditioned(
  to: Elementary,
  qubits: readonly number[],
  state: number,
  aside: number | undefined,
  run: () => void,
): void {
  const zeros = qubits.filter(
    (_, i) => i !== aside && ((state >> (qubits.length - 1 - i)) & 1) === 0,
  );
  for (const qubit of zeros) to.x(qubit);
  run();
  for (const qubit of zeros) to.x(qubit);
}

function reversed(matrix: Float64Array): Float64Array {
  return Float64Array.from([6, 7, 4, 5, 2, 3, 0, 1], (i) => matrix[i]!);
}

function mixRows(
  m: Float64Array,
  d: number,
  upper: number,
  lower: number,
  small: Float64Array,
): void {
  for (let column = 0; column < d; column++) {
    const [i, j] = [2 * (upper * d + column), 2 * (lower * d + column)];
    const both = multiply(small, Float64Array.of(m[i]!, m[i + 1]!, 0, 0, m[j]!, m[j + 1]!, 0, 0));
    m.set(both.subarray(0, 2), i);
    m.set(both.subarray(4, 6), j);
  }
}
