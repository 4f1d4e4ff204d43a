/** Row-major matrices as lists of rows. */
export type Rows = readonly (readonly number[])[];

/** Points at which the polynomials are evaluated; the last one is infinity. All are exact in binary. */
const POINTS = [0, 1, -1, 2, -2, 0.5, -0.5] as const;

/** Numbers per direction of a transformed tile. */
export const TILE = 8 as const;

/** The matrices of one direction for windows of a size. */
export interface WinogradMatrices {
  /** Results per tile, `TILE + 1 - window`. */
  readonly outputs: number;
  /** `[TILE, TILE]`: transforms pixels. */
  readonly input: Rows;
  /** `[TILE, window]`: transforms weights. */
  readonly weight: Rows;
  /** `[outputs, TILE]`: gives the results. */
  readonly output: Rows;
}

/**
 * Matrices B, G, A of the minimal filtering algorithm of Winograd as Lavin and Gray use it (arXiv:1509.09308): the
 * correlation of 8 pixels d with a window g is `A [(G g) ∘ (B d)]`. By the construction of Toom and Cook: with the
 * polynomials that vanish at all points but one as rows of B, and powers of the points in G and A.
 */
export function winogradMatrices(window: number): WinogradMatrices {
  const outputs = TILE + 1 - window;
  const without = (left: number): number[] =>
    POINTS.reduce<number[]>(
      (polynomial, point, i) => (i === left ? polynomial : timesRoot(polynomial, point)),
      [1],
    );
  const input = [...POINTS, Infinity].map((_, i) => {
    const polynomial = without(i);
    return Array.from({ length: TILE }, (__, power) => polynomial[power] ?? 0);
  });
  const weight = POINTS.map((point, i) => {
    const scale = POINTS.reduce(
      (product: number, other, j) => (i === j ? product : product * (point - other)),
      1,
    );
    return Array.from({ length: window }, (_, power) => point ** power / scale);
  });
  weight.push(Array.from({ length: window }, (_, power) => (power === window - 1 ? 1 : 0)));
  const output = Array.from({ length: outputs }, (_, power) => [
    ...POINTS.map((point) => point ** power),
    power === outputs - 1 ? 1 : 0,
  ]);
  return { outputs, input, weight, output };
}

/** Coefficients, the constant first, of a polynomial times (x - root). */
function timesRoot(polynomial: readonly number[], root: number): number[] {
  return Array.from(
    { length: polynomial.length + 1 },
    (_, power) => (polynomial[power - 1] ?? 0) - root * (polynomial[power] ?? 0),
  );
}

/** The transpose. */
export function transposed(matrix: Rows): number[][] {
  return matrix[0]!.map((_, column) => matrix.map((row) => row[column]!));
}
