/** Angles of a unitary on one qubit, see {@link eulerAngles}. */
export interface EulerAngles {
  /** Global phase α, in radians. */
  readonly alpha: number;
  /** Angle θ of the turn about Y, from 0 to π. */
  readonly theta: number;
  /** Angle φ of the last turn about Z. */
  readonly phi: number;
  /** Angle λ of the first turn about Z. */
  readonly lambda: number;
}

/**
 * A unitary on one qubit as `e^{iα}·U3(θ, φ, λ)`, which is `e^{i(α + (φ + λ)/2)}·RZ(φ)·RY(θ)·RZ(λ)`.
 *
 * @param matrix Row-major, interleaved re, im, `[2, 2, 2]`.
 * @example
 * ```ts
 * import { eulerAngles, gate } from '@ketwork/circuit';
 * console.log(eulerAngles(gate('H').matrix([])).theta); // 1.570796…
 * ```
 */
export function eulerAngles(matrix: ArrayLike<number>): EulerAngles {
  const size = (entry: number): number => Math.hypot(matrix[2 * entry]!, matrix[2 * entry + 1]!);
  const phase = (entry: number, sign = 1): number =>
    Math.atan2(sign * matrix[2 * entry + 1]!, sign * matrix[2 * entry]!);
  const theta = 2 * Math.atan2(size(2), size(0));
  // Where an entry is zero its phase is free.
  if (size(0) < 1e-12) {
    return { alpha: phase(1, -1), theta: Math.PI, phi: phase(2) - phase(1, -1), lambda: 0 };
  }
  const alpha = phase(0);
  if (size(2) < 1e-12) return { alpha, theta: 0, phi: 0, lambda: phase(3) - alpha };
  return { alpha, theta, phi: phase(2) - alpha, lambda: phase(1, -1) - alpha };
}
