import { inverse, modulo, ORDER, randomScalar } from './field.ts';
import type { RandomSource } from './random.ts';

/**
 * Shares of a secret for the points 1 to `count`: values of a random polynomial of degree `threshold` - 1 whose value at 0
 * is the secret (Shamir, "How to share a secret", CACM 1979). Fewer than `threshold` of them say nothing about it.
 */
export function shareSecret(
  secret: bigint,
  threshold: number,
  count: number,
  random: RandomSource,
): bigint[] {
  const coefficients = [secret];
  for (let i = 1; i < threshold; i++) coefficients.push(randomScalar(random));
  return Array.from({ length: count }, (_, i) => {
    const x = BigInt(i + 1);
    let value = 0n;
    for (let k = coefficients.length - 1; k >= 0; k--) {
      value = (value * x + coefficients[k]!) % ORDER;
    }
    return value;
  });
}

/** Weights of the shares at these points in the value at 0 (Lagrange). The points must differ. */
export function weightsAtZero(points: readonly number[]): bigint[] {
  return points.map((at) => {
    let above = 1n;
    let below = 1n;
    for (const other of points) {
      if (other === at) continue;
      above = (above * BigInt(other)) % ORDER;
      below = modulo(below * BigInt(other - at));
    }
    return (above * inverse(below)) % ORDER;
  });
}

/** The secret of as many shares as the threshold, each times its weight. */
export function combineShares(shares: readonly bigint[], weights: readonly bigint[]): bigint {
  return shares.reduce((sum, share, i) => (sum + share * weights[i]!) % ORDER, 0n);
}
