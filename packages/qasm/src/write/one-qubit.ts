/** A gate of one qubit as `e^{iα}·U3(θ, φ, λ)`. */
export interface EulerAngles {
  readonly alpha: number;
  readonly theta: number;
  readonly phi: number;
  readonly lambda: number;
}

/** Angles of a unitary matrix of one qubit, row-major, interleaved re, im. */
export function eulerAngles(u: ArrayLike<number>): EulerAngles {
  const size = (entry: number): number => Math.hypot(u[2 * entry]!, u[2 * entry + 1]!);
  const phase = (entry: number, sign = 1): number =>
    Math.atan2(sign * u[2 * entry + 1]!, sign * u[2 * entry]!);
  const theta = 2 * Math.atan2(size(2), size(0));
  // Where an entry is zero its phase is free.
  if (size(0) < 1e-12)
    return { alpha: phase(1, -1), theta: Math.PI, phi: phase(2) - phase(1, -1), lambda: 0 };
  const alpha = phase(0);
  if (size(2) < 1e-12) return { alpha, theta: 0, phi: 0, lambda: phase(3) - alpha };
  return { alpha, theta, phi: phase(2) - alpha, lambda: phase(1, -1) - alpha };
}
