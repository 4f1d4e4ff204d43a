import { EnvironmentError, wasmFeatures } from '@ketwork/base';
import { loadRowKernel } from './row-kernel.ts';

/** Parameters that are clipped together, by their places. */
export type ClippingGroups = readonly (readonly number[])[];

/** The gradients of some examples, measured and added up; the same bits in WebAssembly and in plain JavaScript. */
export interface GradientRows {
  /** Most examples at once. */
  readonly capacity: number;
  /** One sum per parameter, for others to clear. */
  readonly sums: readonly Float64Array[];
  /** A number of each example per group, `[capacity]`: the squared norm, for others to put a factor in its place. */
  readonly factors: readonly Float64Array[];
  /** Takes examples, `[.., ...shape]` of each parameter, and measures their squared norms. */
  take(grads: readonly Float64Array[], first: number, count: number): void;
  /** Adds examples that were taken, from the one at `first` to before `end`, times their factors, to the sums. */
  add(first: number, end: number): void;
}

/** Numbers that are worked on at once, about: they stay in the second cache. */
const ROOM = 1 << 15;

/** Rows for parameters of these sizes that are clipped in these groups. */
export function gradientRows(sizes: readonly number[], groups: ClippingGroups): GradientRows {
  if (!wasmFeatures().simd || sizes.includes(0)) return plainRows(sizes, groups);
  try {
    return fastRows(sizes, groups);
  } catch (error) {
    if (error instanceof EnvironmentError || error instanceof RangeError)
      return plainRows(sizes, groups);
    throw error;
  }
}

function capacityFor(sizes: readonly number[]): number {
  const numbers = sizes.reduce((sum, size) => sum + size, 0);
  return Math.max(1, Math.min(1024, Math.floor(ROOM / Math.max(1, numbers))));
}

/** In WebAssembly, whose memory the gradients are copied to. */
function fastRows(sizes: readonly number[], groups: ClippingGroups): GradientRows {
  const capacity = capacityFor(sizes);
  let bytes = 0;
  const placeOf = (numbers: number): number => {
    const place = bytes;
    bytes += (8 * numbers + 15) & ~15;
    return place;
  };
  const factorPlaces = groups.map(() => placeOf(capacity));
  const sumPlaces = sizes.map(placeOf);
  const rowPlaces = sizes.map((size) => placeOf(capacity * size));
  const kernel = loadRowKernel(bytes);
  const { buffer } = kernel.memory;
  const rows = sizes.map((size, p) => new Float64Array(buffer, rowPlaces[p], capacity * size));
  const factors = factorPlaces.map((place) => new Float64Array(buffer, place, capacity));
  return {
    capacity,
    sums: sizes.map((size, p) => new Float64Array(buffer, sumPlaces[p], size)),
    factors,
    take(grads, first, count) {
      for (let g = 0; g < groups.length; g++) {
        clear(factors[g]!, count);
        for (const p of groups[g]!) {
          const size = sizes[p]!;
          const grad = grads[p]!;
          const all = grad.length === count * size;
          rows[p]!.set(all ? grad : grad.subarray(first * size, (first + count) * size));
          kernel.squares(rowPlaces[p]!, size, count, factorPlaces[g]!);
        }
      }
    },
    add(first, end) {
      for (let g = 0; g < groups.length; g++) {
        const factor = factorPlaces[g]! + 8 * first;
        for (const p of groups[g]!) {
          const size = sizes[p]!;
          kernel.add(sumPlaces[p]!, rowPlaces[p]! + 8 * first * size, factor, size, end - first);
        }
      }
    },
  };
}

/** In JavaScript. Exported for tests, which compare the two. */
export function plainRows(sizes: readonly number[], groups: ClippingGroups): GradientRows {
  const capacity = capacityFor(sizes);
  const sums = sizes.map((size) => new Float64Array(size));
  const factors = groups.map(() => new Float64Array(capacity));
  let taken: readonly Float64Array[] = [];
  let start = 0;
  return {
    capacity,
    sums,
    factors,
    take(grads, first, count) {
      taken = grads;
      start = first;
      for (let g = 0; g < groups.length; g++) {
        clear(factors[g]!, count);
        for (const p of groups[g]!) addSquares(grads[p]!, sizes[p]!, first, count, factors[g]!);
      }
    },
    add(first, end) {
      for (let g = 0; g < groups.length; g++)
        for (const p of groups[g]!)
          for (let e = first; e < end; e++)
            addScaled(sums[p]!, taken[p]!, start + e, factors[g]![e]!);
    },
  };
}

/** For a handful of numbers a loop takes less time than a call of `fill`. */
function clear(numbers: Float64Array, count: number): void {
  for (let i = 0; i < count; i++) numbers[i] = 0;
}

/** Adds the squared norms of rows. Four sums at once, since each addition waits for the one before. */
function addSquares(
  grad: Float64Array,
  size: number,
  first: number,
  count: number,
  squares: Float64Array,
): void {
  for (let e = 0, i = first * size; e < count; e++) {
    const end = i + size;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (; i + 3 < end; i += 4) {
      a += grad[i]! * grad[i]!;
      b += grad[i + 1]! * grad[i + 1]!;
      c += grad[i + 2]! * grad[i + 2]!;
      d += grad[i + 3]! * grad[i + 3]!;
    }
    for (; i < end; i++) a += grad[i]! * grad[i]!;
    squares[e]! += a + b + (c + d);
  }
}

function addScaled(sum: Float64Array, grad: Float64Array, row: number, factor: number): void {
  for (let k = 0, i = row * sum.length; k < sum.length; k++, i++) sum[k]! += factor * grad[i]!;
}
