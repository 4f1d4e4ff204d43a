/** Coefficients of a trigonometric polynomial from its values on a grid of angles, and back. */

/** Cosine and sine of a third of a turn are -1/2 and ±√3/2. */
const SINE = 1 / Math.sqrt(3);

/** Data for which each angle is 0 and ± a third of a turn in turn: `[3^n, n]`, the first element slowest. */
export function gridOf(factors: readonly number[]): Float64Array {
  const n = factors.length;
  const points = [0, 1, -1].map((turn) => (turn * 2 * Math.PI) / 3);
  const grid = new Float64Array(3 ** n * n);
  for (let row = 0; row < 3 ** n; row++)
    for (let i = 0; i < n; i++)
      grid[row * n + i] = points[Math.floor(row / 3 ** (n - 1 - i)) % 3]! / factors[i]!;
  return grid;
}

/**
 * Coefficients from values on the grid, in place, `[3^n, outputs]`: along each axis
 * a = (f₀ + f₁ + f₂)/3, b = (2f₀ - f₁ - f₂)/3, c = (f₁ - f₂)/√3 of f = a + b cos + c sin.
 */
export function fitCoefficients(values: Float64Array, n: number): void {
  alongAxes(values, n, (data, i, j, k) => {
    const [f0, f1, f2] = [data[i]!, data[j]!, data[k]!];
    data[i] = (f0 + f1 + f2) / 3;
    data[j] = (2 * f0 - f1 - f2) / 3;
    data[k] = SINE * (f1 - f2);
  });
}

/** The adjoint of {@link fitCoefficients}: cotangents of values from those of coefficients, in place. */
export function pullCoefficients(cotangents: Float64Array, n: number): void {
  alongAxes(cotangents, n, (data, i, j, k) => {
    const [a, b, c] = [data[i]! / 3, data[j]! / 3, SINE * data[k]!];
    data[i] = a + 2 * b;
    data[j] = a - b + c;
    data[k] = a - b - c;
  });
}

function alongAxes(
  data: Float64Array,
  n: number,
  turn: (data: Float64Array, i: number, j: number, k: number) => void,
): void {
  const outputs = data.length / 3 ** n;
  for (let step = outputs; step < data.length; step *= 3)
    for (let from = 0; from < data.length; from += 3 * step)
      for (let i = from; i < from + step; i++) turn(data, i, i + step, i + 2 * step);
}
