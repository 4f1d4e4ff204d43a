import { ValueError } from '@ketwork/base';
import { hermitianEigen } from '@ketwork/simulator';

/** The numbers of an example as the upper left or middle part of a square matrix, the rest 0. */
export interface Placement {
  /** Rows of the matrix, a power of two. */
  readonly dimension: number;
  /** Numbers per example. */
  readonly size: number;
  /** Where each number goes in the matrix, row-major. */
  readonly places: Uint32Array;
}

/** Eigenvalues and eigenvectors of the symmetrised matrix A = (M + Mᵀ)/2 of one example. */
export interface DataSpectrum {
  /** Eigenvalues that are not 0 first. */
  readonly values: Float64Array;
  /** `[rank or dimension, dimension]`, one eigenvector per row. */
  readonly vectors: Float64Array;
  /** Number of eigenvalues that are not 0 up to rounding. */
  readonly rank: number;
}

/** Rows of an image in the middle of a square matrix; vectors fill it row by row. */
export function placement(shape: readonly number[], dimension: number): Placement {
  const [height, width] = shape as readonly [number, number];
  const top = Math.floor((dimension - height) / 2);
  const left = Math.floor((dimension - width) / 2);
  const places = new Uint32Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) places[y * width + x] = (top + y) * dimension + left + x;
  }
  return { dimension, size: places.length, places };
}

/** A vector read into a square matrix row by row. */
export function rowPlacement(size: number, dimension: number): Placement {
  return { dimension, size, places: Uint32Array.from({ length: size }, (_, i) => i) };
}

/** The symmetrised matrix of an example, row-major. */
export function symmetrized(
  { dimension, size, places }: Placement,
  x: Float64Array,
  example: number,
): Float64Array {
  const out = new Float64Array(dimension * dimension);
  for (let i = 0; i < size; i++) {
    const place = places[i]!;
    const mirror = (place % dimension) * dimension + Math.floor(place / dimension);
    const half = x[example * size + i]! / 2;
    out[place]! += half;
    out[mirror]! += half;
  }
  return out;
}

/**
 * Spectra of the matrices of examples. With `capacity`, those of examples seen before are kept, found by a hash of 128
 * bits of their numbers, so that data that stay the same over the epochs are diagonalised once. What is kept never
 * changes a result: only the time it takes.
 */
export class DataSpectra {
  readonly #kind: string;
  readonly #placement: Placement;
  readonly #capacity: number;
  readonly #kept = new Map<string, DataSpectrum>();

  constructor(kind: string, where: Placement, capacity: number) {
    this.#kind = kind;
    this.#placement = where;
    this.#capacity = capacity;
  }

  /** The spectra of a batch, for one recording of a layer, made when first asked for. */
  recording(): (x: Float64Array, batch: number) => readonly DataSpectrum[] {
    let made: readonly DataSpectrum[] | undefined;
    return (x, batch) => (made ??= this.#of(x, batch));
  }

  /** The spectrum of an example with the eigenvectors of eigenvalue 0. */
  whole(x: Float64Array, example: number, spectrum: DataSpectrum): DataSpectrum {
    const d = this.#placement.dimension;
    return spectrum.vectors.length === d * d ? spectrum : this.#made(x, example);
  }

  #of(x: Float64Array, batch: number): DataSpectrum[] {
    const { size } = this.#placement;
    checkData(this.#kind, x, size);
    return Array.from({ length: batch }, (_, e) => {
      if (this.#capacity === 0) return this.#made(x, e);
      const name = hash(x, e * size, size);
      const kept = this.#kept.get(name);
      if (kept !== undefined) return kept;
      const made = this.#made(x, e);
      if (this.#kept.size >= this.#capacity) return made;
      const { values, vectors, rank } = made;
      const d = this.#placement.dimension;
      const short = { values: values.slice(0, rank), vectors: vectors.slice(0, rank * d), rank };
      this.#kept.set(name, short);
      return short;
    });
  }

  #made(x: Float64Array, example: number): DataSpectrum {
    const d = this.#placement.dimension;
    const matrix = symmetrized(this.#placement, x, example);
    const complex = new Float64Array(2 * d * d);
    for (let i = 0; i < d * d; i++) complex[2 * i] = matrix[i]!;
    const { values, vectors } = hermitianEigen(complex, d);
    const largest = Math.max(Math.abs(values[0]!), Math.abs(values[d - 1]!));
    const zero = 4 * Number.EPSILON * d * largest;
    let rank = 0;
    for (let k = 0; k < d; k++) if (Math.abs(values[k]!) > zero) rank++;
    const sorted = new Float64Array(d);
    const rows = new Float64Array(d * d);
    for (let k = 0, some = 0, rest = rank; k < d; k++) {
      const row = Math.abs(values[k]!) > zero ? some++ : rest++;
      sorted[row] = values[k]!;
      for (let i = 0; i < d; i++) rows[row * d + i] = vectors[2 * (k * d + i)]!;
    }
    return { values: sorted, vectors: rows, rank };
  }
}

/** Larger numbers could overflow when they are squared on the way to eigenvalues. */
export const LARGEST = 1e100;

/** Refuses numbers that are not finite, or too large for eigenvalues. */
export function checkData(kind: string, x: Float64Array, size: number): void {
  for (let i = 0; i < x.length; i++) {
    if (Math.abs(x[i]!) <= LARGEST) continue;
    throw new ValueError(
      `${kind}: element ${i % size} of example ${Math.floor(i / size)} is ${x[i]}`,
      { remedy: `Give finite numbers, at most ${LARGEST} in size` },
    );
  }
}

/** Four 32-bit hashes of the bits of some numbers, each with multipliers of its own (in the manner of MurmurHash3). */
function hash(x: Float64Array, start: number, length: number): string {
  const words = new Uint32Array(x.buffer, x.byteOffset + 8 * start, 2 * length);
  let a = 0x243f6a88;
  let b = 0x85a308d3 | 0;
  let c = 0x13198a2e;
  let d = 0x03707344;
  for (let i = 0; i < words.length; i += 2) {
    // Every hash takes in both words, so that together they have 128 bits.
    const low = words[i]! | 0;
    const high = words[i + 1]! | 0;
    const word = Math.imul(low, 0xcc9e2d51) ^ turn(high, 16);
    const other = Math.imul(high, 0x1b873593) ^ turn(low, 11);
    a = (Math.imul(turn(a ^ word, 13), 5) + 0x6546b64) | 0;
    b = (Math.imul(turn(b ^ other, 15), 9) + 0x561ccd1b) | 0;
    c = Math.imul(turn((c + word) | 0, 19), 0x239b961b) ^ low;
    d = Math.imul(turn((d + other) | 0, 17), 0x38b34ae5) ^ high;
  }
  return String.fromCharCode(...[a, b, c, d].flatMap((h) => [h >>> 16, h & 0xffff]));
}

function turn(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}
