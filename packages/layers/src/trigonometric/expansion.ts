import { elementary } from '@ketwork/base';
import { primitives } from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { multipleOf, wordOf } from './form.ts';
import type { Term, TrigonometricForm } from './form.ts';
import { anticommute, conjugated, turnedSign } from './pauli.ts';

/** Results as a trigonometric polynomial whose coefficients are numbers. */
export interface TrigonometricExpansion {
  readonly form: TrigonometricForm;
  /** In the order of the form's terms and their outputs. */
  readonly coefficients: Float64Array;
  /** Which numbers the angles come from, in the order of the form's factors; one may be there several times. */
  readonly elements: readonly { readonly slot: string; readonly index: number }[];
}

/** Products of all outputs together up to which the expansion is used, and strings of one output on the way. */
const MAX_PRODUCTS = 128;
const MAX_STRINGS = 512;
/** Angles up to which a monomial is an exact number, and qubits up to which a string is two integers. */
const MAX_ANGLES = 32;
const MAX_QUBITS = 30;
/** Qubits of the largest constant matrix. */
const MAX_MATRIX = 3;
/** Coefficients below this are rounding. */
const NEGLIGIBLE = 1e-14;

/** A Pauli string times a product of cosines and sines. */
interface Piece {
  readonly x: number;
  readonly z: number;
  readonly monomial: number;
  readonly coefficient: number;
}

type Gates = readonly (
  | {
      readonly type: 'rotation';
      readonly x: number;
      readonly z: number;
      /** Which of the angles of data it is, -1 where the angle is a constant. */
      readonly use: number;
      readonly angle: number;
    }
  | {
      readonly type: 'matrix';
      readonly bits: readonly number[];
      readonly shares: ReturnType<typeof conjugated>;
    }
)[];

/**
 * Writes expectation values of a circuit without weights as polynomials: what is measured goes back through the gates as a
 * sum of Pauli strings (the Heisenberg picture), which rotations by data split in two and constant gates turn into others,
 * and of which those of Z count 1 in |0…0⟩ and the others 0. The engine has nothing left to do then.
 *
 * A number that enters several times is an angle each time.
 *
 * @returns undefined where the circuit has weights, data that enter not as an angle times a constant, other results, or so
 * many strings that states are the better way. Nothing but the circuit decides.
 */
export function trigonometricExpansion(
  circuit: Circuit,
  measurements: readonly Measurement[],
): TrigonometricExpansion | undefined {
  const scalar = circuit.slots.every(({ axis, kind }) => axis === 'batch' && kind === 'scalar');
  if (!scalar || circuit.slots.length === 0 || circuit.qubits > MAX_QUBITS) return undefined;
  const elements: { slot: string; index: number; factor: number }[] = [];
  const gates = gatesOf(circuit, elements);
  if (gates === undefined) return undefined;
  const outputs: Map<number, number>[] = [];
  let products = 0;
  for (const measurement of measurements) {
    if (measurement.type !== 'expval') return undefined;
    for (const observable of measurement.observables) {
      if (observable.type !== 'pauli') return undefined;
      const pieces = observable.terms.map(({ coefficient, paulis }): Piece => {
        const bits = (letter: 'X' | 'Z'): number =>
          paulis.reduce((sum, { qubit, pauli }) => {
            const has = pauli === letter || pauli === 'Y';
            return has ? sum | (1 << (circuit.qubits - 1 - qubit)) : sum;
          }, 0);
        return { x: bits('X'), z: bits('Z'), monomial: 0, coefficient };
      });
      const found = expanded(pieces, gates, elements.length);
      if (found === undefined) return undefined;
      outputs.push(found);
      products += found.size;
      if (products > MAX_PRODUCTS) return undefined;
    }
  }
  const monomials = [...new Set(outputs.flatMap((one) => [...one.keys()]))].sort((a, b) => a - b);
  const coefficients: number[] = [];
  const terms = monomials.map((monomial): Term => {
    const among = outputs.flatMap((one, m) => (one.has(monomial) ? [m] : []));
    coefficients.push(...among.map((m) => outputs[m]!.get(monomial)!));
    return { monomial, outputs: among };
  });
  return {
    form: { factors: elements.map(({ factor }) => factor), outputs: outputs.length, terms },
    coefficients: Float64Array.from(coefficients),
    elements,
  };
}

/** The gates of a circuit, and in `elements` what of the data they take; undefined where one does not fit. */
function gatesOf(
  circuit: Circuit,
  elements: { slot: string; index: number; factor: number }[],
): Gates | undefined {
  const bitsOf = (on: readonly number[]): number =>
    on.reduce((sum, qubit) => sum | (1 << (circuit.qubits - 1 - qubit)), 0);
  const gates: Gates[number][] = [];
  for (const op of circuit.ops) {
    if (op.type === 'barrier') continue;
    if (op.type !== 'gate' && op.type !== 'matrix') return undefined;
    for (const primitive of primitives(op)) {
      const qubits = [...primitive.qubits, ...primitive.controls.map(({ qubit }) => qubit)];
      if (primitive.type === 'matrix') {
        if (qubits.length > MAX_MATRIX) return undefined;
        const bits = qubits.map((qubit) => bitsOf([qubit]));
        const given = { ...primitive, qubits, size: primitive.qubits.length };
        gates.push({ type: 'matrix', bits, shares: conjugated(given) });
        continue;
      }
      // A global phase.
      if (qubits.length === 0) continue;
      const word = wordOf(primitive);
      if (word === undefined) return undefined;
      const letters = [...word];
      const x = bitsOf(qubits.filter((_, i) => letters[i] !== 'Z'));
      const z = bitsOf(qubits.filter((_, i) => letters[i] !== 'X'));
      // A phase where the qubit is 0 turns the other way.
      const sign = primitive.controls[0]?.value === 0 ? -1 : 1;
      if (typeof primitive.angle === 'number') {
        gates.push({ type: 'rotation', x, z, use: -1, angle: sign * primitive.angle });
        continue;
      }
      const found = multipleOf(primitive.angle, () => true);
      if (found === undefined || found.factor === 0) return undefined;
      const { slot, index, factor, rest } = found;
      if (rest === undefined || elements.length === MAX_ANGLES) return undefined;
      gates.push({ type: 'rotation', x, z, use: elements.length, angle: 0 });
      elements.push({ slot, index, factor: sign * factor });
      if (rest !== 0) gates.push({ type: 'rotation', x, z, use: -1, angle: sign * rest });
    }
  }
  return gates;
}

/** What is left of some strings in |0…0⟩, by monomial; undefined where there are too many of them. */
function expanded(
  start: readonly Piece[],
  gates: Gates,
  angles: number,
): Map<number, number> | undefined {
  let pieces = start;
  for (const gate of gates.toReversed()) {
    const next = new Map<string, Piece>();
    const add = (x: number, z: number, monomial: number, coefficient: number): void => {
      const id = `${x} ${z} ${monomial}`;
      next.set(id, { x, z, monomial, coefficient: coefficient + (next.get(id)?.coefficient ?? 0) });
    };
    for (const { x, z, monomial, coefficient } of pieces) {
      if (gate.type === 'matrix') {
        // Letters on the qubits of the matrix, first one most significant, and all others.
        const { bits, shares } = gate;
        const pick = (from: number): number =>
          bits.reduce((sum, bit) => 2 * sum + Number((from & bit) !== 0), 0);
        const put = (into: number, local: number): number =>
          bits.reduce(
            (sum, bit, i) => ((local >> (bits.length - 1 - i)) & 1 ? sum | bit : sum & ~bit),
            into,
          );
        for (const { to, coefficient: share } of shares[(pick(x) << bits.length) | pick(z)]!)
          add(put(x, to >> bits.length), put(z, to), monomial, share * coefficient);
      } else if (!anticommute(x, z, gate.x, gate.z)) add(x, z, monomial, coefficient);
      else {
        const { use, angle } = gate;
        const place = use < 0 ? 0 : 3 ** (angles - 1 - use);
        const sign = turnedSign(x, z, gate.x, gate.z);
        const [c, s] = place > 0 ? [1, 1] : [elementary.cos(angle), elementary.sin(angle)];
        add(x, z, monomial + place, c * coefficient);
        add(x ^ gate.x, z ^ gate.z, monomial + 2 * place, sign * s * coefficient);
      }
    }
    pieces = [...next.values()].filter(({ coefficient }) => Math.abs(coefficient) > NEGLIGIBLE);
    if (pieces.length > MAX_STRINGS) return undefined;
  }
  const found = new Map<number, number>();
  for (const { x, monomial, coefficient } of pieces)
    if (x === 0) found.set(monomial, (found.get(monomial) ?? 0) + coefficient);
  return found;
}
