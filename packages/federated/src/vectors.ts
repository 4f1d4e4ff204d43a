/** Euclidean length of the first `count` numbers of a difference, with squares kept from over- and underflow. */
export function distance(a: Float64Array, b: Float64Array, count: number): number {
  let largest = 0;
  for (let i = 0; i < count; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  if (largest === 0 || !(largest < Infinity)) return largest;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += ((a[i]! - b[i]!) / largest) ** 2;
  return largest * Math.sqrt(sum);
}

/** `a - b`. */
export function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - b[i]!);
}

/** `Σ factor · vector`, added in order. */
export function weightedSum(
  vectors: readonly Float64Array[],
  factors: readonly number[],
  size: number,
): Float64Array {
  const sum = new Float64Array(size);
  vectors.forEach((vector, k) => {
    const factor = factors[k]!;
    for (let i = 0; i < size; i++) sum[i]! += factor * vector[i]!;
  });
  return sum;
}

/** How much of a change is left where its first `count` numbers may have this norm: at most 1. */
export function clippingFactor(
  after: Float64Array,
  before: Float64Array,
  count: number,
  norm: number,
): number {
  const length = distance(after, before, count);
  return length <= norm ? 1 : norm / length;
}
