import type { Measurement, Observable } from '@ketwork/circuit';
import { anticommute, conjugated } from './pauli.ts';
import type { ControlledMatrix } from './pauli.ts';

/** What an operation of a circuit does to Pauli strings. */
export type Step =
  /** A rotation about a Pauli string by an angle that holds a data element, or none. */
  | {
      readonly type: 'rotation';
      readonly qubits: readonly number[];
      readonly word: string;
      readonly element: number | undefined;
    }
  /** A constant matrix, perhaps under controls. */
  | ({ readonly type: 'matrix' } & ControlledMatrix)
  /** Any unitary map on some qubits. */
  | { readonly type: 'unitary'; readonly qubits: readonly number[] }
  /** Qubits that begin in a state of their own. */
  | { readonly type: 'prepared'; readonly qubits: readonly number[] };

/** Qubits of the largest matrix that is looked into; of larger ones everything is taken to be possible. */
const MAX_MATRIX = 3;

/**
 * For each monomial (see `Term`) the outputs in which it may appear, a bit for each. What is measured goes back through
 * the circuit as a set of Pauli strings (the Heisenberg picture): a rotation leaves those that commute with its generator
 * and splits the others in two, one times the cosine and one times the sine of its angle, of which those of data are
 * written down. At the beginning only strings of Z have an expectation value in |0…0⟩. Weights are never looked at, so
 * that all that can appear does, and few besides.
 */
export function reachedMonomials(
  qubits: number,
  elements: number,
  steps: readonly Step[],
  measurements: readonly Measurement[],
): Uint32Array {
  const size = 3 ** elements;
  // For each string, with the bits of X before those of Z, and each monomial: a bit per output.
  const reached = new Uint32Array(4 ** qubits * size);
  // Strings of which there is anything.
  const live = new Uint8Array(4 ** qubits);
  const bitOf = (qubit: number): number => 1 << (qubits - 1 - qubit);
  const bitsOf = (on: readonly number[]): number => on.reduce((sum, q) => sum | bitOf(q), 0);
  measured(measurements, qubits).forEach((strings, output) => {
    for (const { x, z } of strings(bitsOf, bitOf)) {
      reached[((x << qubits) | z) * size]! |= 1 << output;
      live[(x << qubits) | z] = 1;
    }
  });
  for (const step of steps.toReversed()) {
    if (step.type === 'rotation') {
      const letters = [...step.word];
      const x = bitsOf(step.qubits.filter((_, i) => letters[i] !== 'Z'));
      const z = bitsOf(step.qubits.filter((_, i) => letters[i] !== 'X'));
      const place = step.element === undefined ? 0 : 3 ** (elements - 1 - step.element);
      rotate(reached, live, qubits, size, x, z, place);
      continue;
    }
    // A string's letters on the qubits of the step, first one most significant, and back.
    const spread = Array.from({ length: 4 ** step.qubits.length }, (_, local) => {
      const k = step.qubits.length;
      const pick = (bits: number): number =>
        bitsOf(step.qubits.filter((__, i) => (bits >> (k - 1 - i)) & 1));
      return (pick(local >> k) << qubits) | pick(local & (2 ** k - 1));
    });
    mix(reached, live, size, spread, transferOf(step));
  }
  const found = new Uint32Array(size);
  for (let string = 0; string < 2 ** qubits; string++)
    for (let m = 0; m < size; m++) found[m]! |= reached[string * size + m]!;
  return found;
}

interface Word {
  readonly x: number;
  readonly z: number;
}

type Strings = (
  bitsOf: (qubits: readonly number[]) => number,
  bitOf: (qubit: number) => number,
) => readonly Word[];

/** The Pauli strings of each output. */
function measured(measurements: readonly Measurement[], qubits: number): Strings[] {
  return measurements.flatMap((measurement): Strings[] => {
    if (measurement.type === 'expval')
      return measurement.observables.map(
        (observable) => (bitsOf, bitOf) => stringsOf(observable, bitsOf, bitOf),
      );
    const on =
      measurement.type === 'probabilities' && measurement.qubits !== undefined
        ? measurement.qubits
        : Array.from({ length: qubits }, (_, q) => q);
    const strings: Strings = (_, bitOf) => subsets(on.map(bitOf)).map((z) => ({ x: 0, z }));
    return Array.from({ length: 2 ** on.length }, () => strings);
  });
}

function stringsOf(
  observable: Observable,
  bitsOf: (qubits: readonly number[]) => number,
  bitOf: (qubit: number) => number,
): Word[] {
  if (observable.type === 'pauli')
    return observable.terms.map(({ paulis }) => ({
      x: bitsOf(paulis.filter(({ pauli }) => pauli !== 'Z').map(({ qubit }) => qubit)),
      z: bitsOf(paulis.filter(({ pauli }) => pauli !== 'X').map(({ qubit }) => qubit)),
    }));
  const masks = subsets(observable.qubits.map(bitOf));
  if (observable.type === 'projector') return masks.map((z) => ({ x: 0, z }));
  return masks.flatMap((x) => masks.map((z) => ({ x, z })));
}

/** All sums of some of the bits. */
function subsets(bits: readonly number[]): number[] {
  return bits.reduce<number[]>((all, bit) => [...all, ...all.map((sum) => sum | bit)], [0]);
}

/** Splits the strings that anticommute with a rotation's generator. `place` of the data element's digit, 0 without one. */
function rotate(
  reached: Uint32Array,
  live: Uint8Array,
  qubits: number,
  size: number,
  x: number,
  z: number,
  place: number,
): void {
  const mask = 2 ** qubits - 1;
  const generator = (x << qubits) | z;
  for (let string = 0; string < 4 ** qubits; string++) {
    const other = string ^ generator;
    if (other < string || (live[string] === 0 && live[other] === 0)) continue;
    if (!anticommute(string >> qubits, string & mask, x, z)) continue;
    live[string] = 1;
    live[other] = 1;
    const a = string * size;
    const b = other * size;
    for (let m = 0; m < size; m++) {
      const left = reached[a + m]!;
      const right = reached[b + m]!;
      if ((left | right) === 0) continue;
      if (place === 0) reached[a + m] = reached[b + m] = left | right;
      else if (Math.floor(m / place) % 3 === 0) {
        reached[a + m] = 0;
        reached[b + m] = 0;
        reached[a + m + place] = left;
        reached[b + m + place] = right;
        reached[a + m + 2 * place] = right;
        reached[b + m + 2 * place] = left;
      }
    }
  }
}

/**
 * Replaces the letters on some qubits by all those that they may become.
 *
 * @param spread bits of each combination of letters
 * @param transfer for each combination those that it becomes
 */
function mix(
  reached: Uint32Array,
  live: Uint8Array,
  size: number,
  spread: readonly number[],
  transfer: readonly (readonly number[])[],
): void {
  const all = spread.reduce((sum, bits) => sum | bits, 0);
  const sums = spread.map(() => new Uint32Array(size));
  for (let rest = 0; rest < reached.length / size; rest++) {
    if ((rest & all) !== 0 || !spread.some((bits) => live[rest | bits] === 1)) continue;
    for (const sum of sums) sum.fill(0);
    const next = new Uint8Array(spread.length);
    spread.forEach((bits, from) => {
      if (live[rest | bits] === 0) return;
      for (const to of transfer[from]!) next[to] = 1;
      const at = (rest | bits) * size;
      for (const to of transfer[from]!)
        for (let m = 0; m < size; m++) sums[to]![m]! |= reached[at + m]!;
    });
    spread.forEach((bits, to) => {
      live[rest | bits] = next[to]!;
      reached.set(sums[to]!, (rest | bits) * size);
    });
  }
}

/** For each combination of letters on a step's qubits, X bits before Z bits, those in U†PU. */
function transferOf(step: Exclude<Step, { type: 'rotation' }>): number[][] {
  const k = step.qubits.length;
  const all = Array.from({ length: 4 ** k }, (_, p) => p);
  if (step.type === 'prepared') return all.map(() => [0]);
  if (step.type === 'unitary') return all.map((p) => (p === 0 ? [0] : all.slice(1)));
  if (k > MAX_MATRIX) return all.map(() => all);
  return conjugated(step).map((shares) => shares.map(({ to }) => to));
}
