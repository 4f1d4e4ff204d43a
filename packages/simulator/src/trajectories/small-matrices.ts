/** Products of 2 × 2 and 4 × 4 matrices, row-major, interleaved re, im, written for speed at these sizes. */

/** `a · b` of d × d matrices. */
export function product(a: ArrayLike<number>, b: ArrayLike<number>, d: number): Float64Array {
  const out = new Float64Array(2 * d * d);
  for (let r = 0; r < d; r++) {
    for (let k = 0; k < d; k++) {
      const re = a[2 * (r * d + k)] as number;
      const im = a[2 * (r * d + k) + 1] as number;
      if (re === 0 && im === 0) continue;
      for (let c = 0; c < d; c++) {
        const x = b[2 * (k * d + c)] as number;
        const y = b[2 * (k * d + c) + 1] as number;
        const at = 2 * (r * d + c);
        out[at] = (out[at] as number) + re * x - im * y;
        out[at + 1] = (out[at + 1] as number) + re * y + im * x;
      }
    }
  }
  return out;
}

/** `matrix · (a ⊗ b)` of a 4 × 4 and two 2 × 2 matrices; undefined stands for the identity. */
export function behind(
  matrix: ArrayLike<number>,
  a: ArrayLike<number> | undefined,
  b: ArrayLike<number> | undefined,
): ArrayLike<number> {
  let out = matrix;
  if (a !== undefined) out = behindOne(out, a, 2);
  if (b !== undefined) out = behindOne(out, b, 1);
  return out;
}

/** A 4 × 4 matrix times a 2 × 2 one on the column bit of this weight. */
function behindOne(m: ArrayLike<number>, a: ArrayLike<number>, bit: 1 | 2): Float64Array {
  const out = new Float64Array(32);
  for (let r = 0; r < 4; r++) {
    for (let c = 0; c < 4; c++) {
      const column = (c & bit) === 0 ? 0 : 1;
      let re = 0;
      let im = 0;
      for (let k = 0; k < 2; k++) {
        const at = 2 * (4 * r + ((c & ~bit) | (k * bit)));
        const x = m[at] as number;
        const y = m[at + 1] as number;
        const u = a[2 * (2 * k + column)] as number;
        const v = a[2 * (2 * k + column) + 1] as number;
        re += x * u - y * v;
        im += x * v + y * u;
      }
      out[2 * (4 * r + c)] = re;
      out[2 * (4 * r + c) + 1] = im;
    }
  }
  return out;
}

/** `m` where the first qubit has `value`, the identity elsewhere. */
export function controlledBy(value: 0 | 1, m: ArrayLike<number>): Float64Array {
  const out = new Float64Array(32);
  const other = 2 * (1 - value);
  out[2 * (5 * other)] = 1;
  out[2 * (5 * other + 5)] = 1;
  for (let r = 0; r < 2; r++) {
    for (let c = 0; c < 2; c++) {
      const at = 2 * (4 * (2 * value + r) + 2 * value + c);
      out[at] = m[2 * (2 * r + c)] as number;
      out[at + 1] = m[2 * (2 * r + c) + 1] as number;
    }
  }
  return out;
}

/** `m† m` of a d × d matrix. */
export function effectOf(m: ArrayLike<number>, d: number): Float64Array {
  const adjoint = new Float64Array(2 * d * d);
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      adjoint[2 * (r * d + c)] = m[2 * (c * d + r)] as number;
      adjoint[2 * (r * d + c) + 1] = -(m[2 * (c * d + r) + 1] as number);
    }
  }
  return product(adjoint, m, d);
}

/** `Re tr(a b)` of d × d matrices. */
export function traceOf(a: ArrayLike<number>, b: ArrayLike<number>, d: number): number {
  let sum = 0;
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      const x = 2 * (r * d + c);
      const y = 2 * (c * d + r);
      sum += (a[x] as number) * (b[y] as number) - (a[x + 1] as number) * (b[y + 1] as number);
    }
  }
  return sum;
}

/** A matrix times a real number. */
export function scaled(m: ArrayLike<number>, factor: number): Float64Array {
  return Float64Array.from(m, (x) => factor * x);
}
