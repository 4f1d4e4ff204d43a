// What a mode of gpu.js offers to whoever records a plan: steps on states that stay on the device. A state holds a batch of
// examples one after the other, 2^n amplitudes each. A position is a bit of a basis index, 0 the least significant; where
// several positions number the rows of a matrix or outcomes, the first one is the most significant.
import type { Handle } from './library.ts';

/** A state on the device. What the handles are is the mode's business. */
export type State = readonly Handle[];

/** Where a step finds its numbers: from `offset` of an array on, `stride` further for each example (0: shared). */
export interface Place {
  readonly table: Handle;
  readonly offset: number;
  readonly stride: number;
}

/** A step acts only where the bits of `mask` have the values of `value`. */
export interface Condition {
  readonly mask: number;
  readonly value: number;
}

/** The index an amplitude comes from: `flip` and the `columns` of the bits set in its own index, XORed. */
export interface LinearMap {
  readonly columns: readonly number[];
  readonly flip: number;
}

/** A product of Pauli matrices, `i^power X^x Z^z`. */
export interface Word {
  readonly x: number;
  readonly z: number;
  readonly power: number;
}

/** A factor of a diagonal: where the condition holds, one of two numbers, by the parity of the index under a mask. */
export interface Part {
  readonly condition: Condition;
  readonly parity: number;
}

/** Amplitudes of the qubits at some positions: complex numbers, `step` reals from one to the next. */
export interface Prepared {
  readonly positions: readonly number[];
  readonly place: Place;
  readonly step: number;
}

/** Steps of one plan. All examples take part in each. Numbers in tables are real, or complex as two in a row. */
export interface Recorder {
  /** The product of prepared states, |0⟩ elsewhere; its amplitudes moved where there is a map. */
  start(prepared: readonly Prepared[], map?: LinearMap): State;
  /**
   * A matrix, row-major; or its adjoint. Where there is a map, it acts on the amplitudes that this has moved. Mode `webgpu` only: its
   * numbers may be real, and phases of the basis states of `state` in the same table be multiplied first.
   */
  matrix(
    state: State,
    positions: readonly number[],
    place: Place,
    options: {
      readonly condition: Condition;
      readonly adjoint: boolean;
      readonly map?: LinearMap | undefined;
      readonly real?: boolean;
      readonly phases?: number | undefined;
    },
  ): State;
  /** Moves amplitudes: result[i] = state[map(i)]. */
  gather(state: State, map: LinearMap): State;
  /** Multiplies by two numbers per part, for even and for odd parity; or by their conjugates. */
  diagonal(state: State, parts: readonly Part[], place: Place, adjoint: boolean): State;
  /** The sum of two states. */
  add(a: State, b: State): State;
  /** Σ weight · word · state. */
  words(state: State, words: readonly Word[], place: Place): State;
  /** Multiplies by real numbers: number k of the place where the bits at `positions` read k. */
  weighted(state: State, positions: readonly number[], place: Place): State;
  /** ⟨state|word|state⟩ for every word: `[batch, words]`, the words padded to a power of two. */
  strings(state: State, words: readonly Word[]): Handle;
  /** Σ a conj(b) over all but some positions, where the condition holds: `[batch, 2^k, 2^k, 2]`. */
  outer(a: State, b: State, positions: readonly number[], condition: Condition): Handle;
  /** Im Σ a conj(b) where a part's condition holds, over even and over odd indices: `[batch, parts, 2]`, padded. */
  partSums(a: State, b: State, parts: readonly Part[]): Handle;
  /** Probabilities of the bits at `positions`: `[batch, 2^k]`. */
  probabilities(state: State, positions: readonly number[]): Handle;
  /** Real and imaginary parts, `[batch, 2^n]` each. */
  amplitudes(state: State): readonly [Handle, Handle];
}

/** What recorders of all modes need to know. */
export interface Shape {
  readonly qubits: number;
  /** A power of two. */
  readonly batch: number;
}

/** The power of two that is at least `count`. */
export const padded = (count: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, count)));

/** 2^RUN terms are added up by one thread; more go through a further stage, so that rounding errors grow slowly. */
export const RUN = 8;

/** i^power, real and imaginary part. */
export const phaseOf = ({ power }: Word): [number, number] => [
  [1, 0, -1, 0][power & 3]!,
  [0, 1, 0, -1][power & 3]!,
];

/** The map that brings the bits at `positions` to the top of the index, the others below in their order. */
export function toTop(positions: readonly number[], qubits: number): LinearMap {
  const rest = Array.from({ length: qubits }, (_, i) => i).filter((i) => !positions.includes(i));
  return { columns: [...rest, ...positions.toReversed()].map((i) => 2 ** i), flip: 0 };
}
