/** Product of two matrices of one qubit, row-major, interleaved re, im. */
export function product2(a: ArrayLike<number>, b: ArrayLike<number>): number[] {
  const out: number[] = [];
  for (const row of [0, 1]) {
    for (const column of [0, 1]) {
      let [re, im] = [0, 0];
      for (const k of [0, 1]) {
        const [x, y] = [2 * (2 * row + k), 2 * (2 * k + column)];
        re += a[x]! * b[y]! - a[x + 1]! * b[y + 1]!;
        im += a[x]! * b[y + 1]! + a[x + 1]! * b[y]!;
      }
      out.push(re, im);
    }
  }
  return out;
}

/**
 * Principal power of a unitary matrix of one qubit. U = e^{iα}(cos β - i sin β N) with N² = 1, so that its eigenvalues are
 * e^{i(α∓β)} on the projectors (1±N)/2.
 */
export function powerOfMatrix(u: ArrayLike<number>, exponent: number): number[] {
  // det U = e^{2iα}
  const re = u[0]! * u[6]! - u[1]! * u[7]! - u[2]! * u[4]! + u[3]! * u[5]!;
  const im = u[0]! * u[7]! + u[1]! * u[6]! - u[2]! * u[5]! - u[3]! * u[4]!;
  const alpha = Math.atan2(im, re) / 2;
  const [c, s] = [Math.cos(alpha), Math.sin(alpha)];
  // V = e^{-iα}U = cos β - i (x X + y Y + z Z)
  const v = Array.from({ length: 8 }, (_, k) =>
    k % 2 === 0 ? c * u[k]! + s * u[k + 1]! : c * u[k]! - s * u[k - 1]!,
  );
  const cosine = (v[0]! + v[6]!) / 2;
  const x = -(v[3]! + v[5]!) / 2;
  const y = (v[4]! - v[2]!) / 2;
  const z = (v[7]! - v[1]!) / 2;
  const sine = Math.hypot(x, y, z);
  const beta = Math.atan2(sine, cosine);
  const [low, high] = [exponent * principal(alpha - beta), exponent * principal(alpha + beta)];
  // Where U is a multiple of the identity any axis will do.
  const [nx, ny, nz] = sine < 1e-15 ? [0, 0, 1] : [x / sine, y / sine, z / sine];
  // e^{i low}(1+N)/2 + e^{i high}(1-N)/2
  const [pr, pi] = [(Math.cos(low) + Math.cos(high)) / 2, (Math.sin(low) + Math.sin(high)) / 2];
  const [mr, mi] = [(Math.cos(low) - Math.cos(high)) / 2, (Math.sin(low) - Math.sin(high)) / 2];
  return [
    pr + mr * nz, pi + mi * nz,
    mr * nx + mi * ny, mi * nx - mr * ny,
    mr * nx - mi * ny, mi * nx + mr * ny,
    pr - mr * nz, pi - mi * nz,
  ]; // prettier-ignore
}

/** The angle from -π (excluded) to π; rounding must not send π to -π. */
function principal(angle: number): number {
  const turned = angle - 2 * Math.PI * Math.ceil((angle - Math.PI) / (2 * Math.PI) - 1e-12);
  return turned;
}
