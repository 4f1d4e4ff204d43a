/** Where the amplitudes of a chunk lie: an affine map over GF(2) from local basis indices to byte offsets. */
import type { LocalFlip } from './schedule.ts';

/** A byte offset that is added (by exclusive or) in chunks that satisfy a condition. */
export interface Shift {
  readonly mask: number;
  readonly value: number;
  readonly offset: number;
}

/** Offset of index i: the exclusive or of `columns[p]` over the set bits, bit p standing for local qubit p. */
export class AddressMap {
  readonly columns: number[];

  /** @param columns byte offset of each local qubit (without that in the lanes) */
  constructor(columns: readonly number[]) {
    this.columns = [...columns];
  }

  /** Renames amplitudes; returns what must be added to the offset of index 0. */
  flip({ target, control, condition }: LocalFlip): Shift | undefined {
    const moved = this.columns[target] as number;
    if (control !== undefined) {
      this.columns[control] = (this.columns[control] as number) ^ moved;
      return undefined;
    }
    return { ...condition, offset: moved };
  }
}

/** What a list of flips does to a local index: a linear part, as columns over `to`, and conditional shifts. */
export function composeFlips(
  flips: readonly LocalFlip[],
  to: readonly number[],
): { columns: number[]; shifts: Shift[] } {
  // Images of the basis indices, as bit masks over local qubits, then carried to offsets.
  const images = to.map((_, p) => 1 << p);
  const shifts: { mask: number; value: number; bits: number }[] = [];
  const apply = (bits: number, control: number, target: number): number =>
    ((bits >> control) & 1) === 1 ? bits ^ (1 << target) : bits;
  for (const { target, control, condition } of flips) {
    if (control === undefined) shifts.push({ ...condition, bits: 1 << target });
    else {
      images.forEach((bits, p) => (images[p] = apply(bits, control, target)));
      shifts.forEach((shift) => (shift.bits = apply(shift.bits, control, target)));
    }
  }
  const offset = (bits: number): number =>
    to.reduce((sum, column, p) => (((bits >> p) & 1) === 1 ? sum ^ column : sum), 0);
  return {
    columns: images.map(offset),
    shifts: shifts.map(({ mask, value, bits }) => ({ mask, value, offset: offset(bits) })),
  };
}

/**
 * Vectors that lead through a set of amplitudes by counting, in ascending order of `ordered`: both lists hold offsets of
 * the same basis of indices, here exchanged for another basis, whose highest bits are all different.
 */
export function ascending(
  ordered: readonly number[],
  others: readonly number[],
): { ordered: number[]; others: number[] } {
  // Sorted by the highest bit, the largest first.
  const vectors: number[] = [];
  const images: number[] = [];
  for (let i = 0; i < ordered.length; i++) {
    let vector = ordered[i] as number;
    let image = others[i] as number;
    // Reduced by those with other highest bits, then these by it.
    for (let k = 0; k < vectors.length; k++) {
      const own = vectors[k] as number;
      if (((vector >>> (31 - Math.clz32(own))) & 1) === 0) continue;
      vector ^= own;
      image ^= images[k] as number;
    }
    const top = 31 - Math.clz32(vector);
    let place = 0;
    for (let k = 0; k < vectors.length; k++) {
      const own = vectors[k] as number;
      if (own >>> 0 > vector >>> 0) place = k + 1;
      if (((own >>> top) & 1) === 0) continue;
      vectors[k] = own ^ vector;
      images[k] = (images[k] as number) ^ image;
    }
    for (let k = vectors.length; k > place; k--) {
      vectors[k] = vectors[k - 1] as number;
      images[k] = images[k - 1] as number;
    }
    vectors[place] = vector;
    images[place] = image;
  }
  return { ordered: vectors.reverse(), others: images.reverse() };
}
