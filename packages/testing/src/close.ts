/** Throws unless two arrays have one length and every pair of numbers differs by at most `tolerance · max(1, largest)`. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = 'array',
): void {
  if (actual.length !== expected.length) {
    throw new Error(`${what}: length ${actual.length} instead of ${expected.length}`);
  }
  let largest = 1;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i]!));
  let worst = 0;
  let at = -1;
  for (let i = 0; i < actual.length; i++) {
    const off = Math.abs(actual[i]! - expected[i]!);
    // Written so that NaN fails.
    if (!(off <= worst)) {
      worst = off;
      at = i;
      if (Number.isNaN(off)) break;
    }
  }
  if (!(worst <= tolerance * largest)) {
    throw new Error(
      `${what}: element ${at} of ${actual.length} is ${actual[at]} instead of ${expected[at]}: off by ${worst.toExponential(2)}, ` +
        `allowed ${(tolerance * largest).toExponential(2)}`,
    );
  }
}

/**
 * Jacobian by central differences, `[outputs, inputs]`: `(f(x + h e) - f(x - h e)) / 2h` for each unit vector e; error of
 * order h² plus rounding of order 1e-16 / h.
 */
export function centralDifferences(
  f: (x: Float64Array) => ArrayLike<number>,
  x: ArrayLike<number>,
  h = 1e-5,
): Float64Array {
  const columns = Array.from({ length: x.length }, (_, i) => {
    const up = Float64Array.from(x);
    const down = Float64Array.from(x);
    up[i]! += h;
    down[i]! -= h;
    const above = Float64Array.from(f(up));
    const below = f(down);
    return above.map((y, o) => (y - below[o]!) / (2 * h));
  });
  const outputs = columns[0]?.length ?? 0;
  return Float64Array.from(
    { length: outputs * x.length },
    (_, i) => columns[i % x.length]![Math.floor(i / x.length)]!,
  );
}
