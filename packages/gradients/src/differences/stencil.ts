/** Points and weights of a difference: the derivative is about `Σ weight · f(x + offset · h) / h`. */
export interface Stencil {
  readonly offset: number;
  readonly weight: number;
}

/**
 * The shortest difference of a given order of accuracy: at points 0 to `order` (forward), 0 to `-order` (backward) or -`order`/2 to
 * `order`/2 (central, even orders). The weights are derivatives of the Lagrange polynomials at 0.
 */
export function stencil(difference: 'central' | 'forward' | 'backward', order: number): Stencil[] {
  const half = Math.floor(order / 2);
  const points = Array.from({ length: order + 1 }, (_, i) =>
    difference === 'central' ? i - half : difference === 'forward' ? i : 0 - i,
  );
  return points
    .map((offset) => {
      const others = points.filter((p) => p !== offset);
      // L'(0) = Σ_m 1/(x_j - x_m) Π_{k ≠ m} (0 - x_k)/(x_j - x_k)
      const weight = others.reduce(
        (sum, skipped) =>
          sum +
          others
            .filter((p) => p !== skipped)
            .reduce((product, p) => (product * -p) / (offset - p), 1 / (offset - skipped)),
        0,
      );
      return { offset, weight };
    })
    .filter(({ weight }) => weight !== 0);
}

/**
 * A step that balances the error of a stencil, of order `h^order`, with rounding, of order `eps / h`; with shots, one that
 * their noise leaves something of.
 */
export function defaultStep(order: number, f64: boolean, shots: boolean): number {
  if (shots) return 0.2;
  if (order === 2) return f64 ? 1e-5 : 1e-2;
  return (f64 ? 2 ** -52 : 2 ** -23) ** (1 / (order + 1));
}
