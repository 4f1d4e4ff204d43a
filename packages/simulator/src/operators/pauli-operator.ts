import type { PauliObservable } from '@ketwork/circuit';

/**
 * Strings of a Pauli sum that flip the same bits: on a column |c⟩ they give the factor `Σ w_k (-1)^|c & z_k|`, times i
 * where not `isReal`, at row `c ^ flips`. Masks are basis indices: bit n-1-q is qubit q.
 */
export interface FlipGroup {
  readonly flips: number;
  readonly isReal: boolean;
  readonly masks: Int32Array;
  readonly weights: Float64Array;
}

/** The strings of a sum, sorted by what they flip and whether they are real. */
export function groupByFlips({ terms }: PauliObservable, qubits: number): FlipGroup[] {
  const groups = new Map<number, { flips: number; isReal: boolean; at: Map<number, number> }>();
  for (const { coefficient, paulis } of terms) {
    let flips = 0;
    let mask = 0;
    let turns = 0;
    for (const { qubit, pauli } of paulis) {
      const bit = 2 ** (qubits - 1 - qubit);
      if (pauli !== 'Z') flips |= bit;
      if (pauli !== 'X') mask |= bit;
      if (pauli === 'Y') turns++;
    }
    const id = 2 * flips + (turns & 1);
    let group = groups.get(id);
    if (group === undefined)
      groups.set(id, (group = { flips, isReal: turns % 2 === 0, at: new Map() }));
    const weight = turns % 4 < 2 ? coefficient : -coefficient;
    group.at.set(mask, (group.at.get(mask) ?? 0) + weight);
  }
  return [...groups.values()].map(({ flips, isReal, at }) => ({
    flips,
    isReal,
    masks: Int32Array.from(at.keys()),
    weights: Float64Array.from(at.values()),
  }));
}

/** 1 for an odd number of set bits. */
function parity(bits: number): number {
  let x = bits ^ (bits >>> 16);
  x ^= x >>> 8;
  x ^= x >>> 4;
  return (0x6996 >>> (x & 15)) & 1;
}

/** Columns are worked on in blocks of this many. */
const BLOCK = 4096;
/** Up to this many strings, signs are worked out one by one; a transform is faster for more. */
const FEW = 4;

/** A group's factors on `count` columns (a power of two) from `first` (a multiple of it). */
export function factorsOf(
  { masks, weights }: FlipGroup,
  first: number,
  count: number,
  out: Float64Array = new Float64Array(count),
): Float64Array {
  out.fill(0);
  if (masks.length <= FEW) {
    for (let k = 0; k < masks.length; k++) {
      const mask = masks[k]!;
      const weight = parity(first & mask) === 0 ? weights[k]! : -weights[k]!;
      const low = mask & (count - 1);
      if (low === 0) for (let c = 0; c < count; c++) out[c]! += weight;
      else for (let c = 0; c < count; c++) out[c]! += parity(c & low) === 0 ? weight : -weight;
    }
    return out;
  }
  // A Walsh–Hadamard transform over the low bits; the high ones give signs.
  for (let k = 0; k < masks.length; k++) {
    const mask = masks[k]!;
    out[mask & (count - 1)]! += parity(first & mask) === 0 ? weights[k]! : -weights[k]!;
  }
  for (let step = 1; step < count; step *= 2) {
    for (let block = 0; block < count; block += 2 * step) {
      for (let i = block; i < block + step; i++) {
        const a = out[i]!;
        const b = out[i + step]!;
        out[i] = a + b;
        out[i + step] = a - b;
      }
    }
  }
  return out;
}

/** Most bytes of factors that are kept. */
const KEPT_BYTES = 2 ** 28;

/** Bytes that a sum of so many strings keeps at the most. */
export const keptBytes = (terms: number, qubits: number): number =>
  Math.min(KEPT_BYTES, 8 * 2 ** qubits * terms);

/** A Pauli sum that acts on states, group by group, block by block. */
export class PauliOperator {
  readonly dimension: number;
  readonly #groups: readonly FlipGroup[];
  /** Factors of all columns of each group, as far as they fit. */
  readonly #kept: (Float64Array | undefined)[];
  readonly #room: Float64Array;

  constructor(observable: PauliObservable, qubits: number) {
    this.dimension = 2 ** qubits;
    this.#groups = groupByFlips(observable, qubits);
    const fitting = Math.floor(KEPT_BYTES / (8 * this.dimension));
    this.#kept = this.#groups.map((group, i) =>
      i < fitting ? factorsOf(group, 0, this.dimension) : undefined,
    );
    this.#room = new Float64Array(Math.min(BLOCK, this.dimension));
  }

  /** y = H x. */
  apply(x: Float64Array, y: Float64Array): void {
    y.fill(0);
    const block = this.#room.length;
    for (let first = 0; first < this.dimension; first += block) {
      this.#groups.forEach((group, g) => {
        const { flips, isReal } = group;
        // Columns of these rows: another block, with the low bits flipped inside it.
        const from = first ^ (flips & ~(block - 1));
        const low = flips & (block - 1);
        const kept = this.#kept[g];
        const factors = kept ?? factorsOf(group, from, block, this.#room);
        const offset = kept === undefined ? 0 : from;
        if (isReal) addReal(x, y, factors, offset, from, first, low, block);
        else addImaginary(x, y, factors, offset, from, first, low, block);
      });
    }
  }
}

function addReal(
  x: Float64Array,
  y: Float64Array,
  factors: Float64Array,
  offset: number,
  from: number,
  first: number,
  low: number,
  block: number,
): void {
  for (let i = 0; i < block; i++) {
    const c = i ^ low;
    const f = factors[offset + c]!;
    const source = 2 * (from + c);
    const to = 2 * (first + i);
    y[to]! += f * x[source]!;
    y[to + 1]! += f * x[source + 1]!;
  }
}

function addImaginary(
  x: Float64Array,
  y: Float64Array,
  factors: Float64Array,
  offset: number,
  from: number,
  first: number,
  low: number,
  block: number,
): void {
  for (let i = 0; i < block; i++) {
    const c = i ^ low;
    const f = factors[offset + c]!;
    const source = 2 * (from + c);
    const to = 2 * (first + i);
    y[to]! -= f * x[source + 1]!;
    y[to + 1]! += f * x[source]!;
  }
}
