/** Angles of `e^{i phase} RZ(phi) RY(theta) RZ(lambda)`. */
export interface EulerAngles {
  readonly phase: number;
  readonly phi: number;
  readonly theta: number;
  readonly lambda: number;
}

/** Numbers below are rounding errors. */
const SMALL = 1e-12;

/** The Euler angles of a unitary matrix on one qubit, row-major, interleaved re, im. */
export function eulerAngles(matrix: ArrayLike<number>): EulerAngles {
  const [a0, a1, b0, b1, c0, c1, d0, d1] = Array.from(matrix) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const det0 = a0 * d0 - a1 * d1 - b0 * c0 + b1 * c1;
  const det1 = a0 * d1 + a1 * d0 - b0 * c1 - b1 * c0;
  const phase = Math.atan2(det1, det0) / 2;
  const [cos, sin] = [Math.hypot(d0, d1), Math.hypot(c0, c1)];
  const sum = cos < SMALL ? 0 : 2 * (Math.atan2(d1, d0) - phase);
  const difference = sin < SMALL ? 0 : 2 * (Math.atan2(c1, c0) - phase);
  return {
    phase,
    phi: cos < SMALL ? difference : (sum + difference) / 2,
    theta: sin < SMALL ? 0 : cos < SMALL ? Math.PI : 2 * Math.atan2(sin, cos),
    lambda: cos < SMALL ? 0 : (sum - difference) / 2,
  };
}
