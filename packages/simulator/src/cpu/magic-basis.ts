/**
 * The magic basis of two qubits, Bell states with phases: what acts on single qubits is real in it, and XX, YY and ZZ are
 * diagonal, (+ - +), (+ + -), (- - -) and (- + +). Its matrix has two numbers per row, so that a change of basis is sums and
 * differences of rows and of columns, times 1/√2 each.
 *
 * Matrices are 4 × 4, row-major, interleaved re, im.
 */

const H = Math.SQRT1_2;
/** The columns of the magic basis are e0 - i e3, -i (e1 + e2), e1 - e2 and -i e0 + e3, for which pairs of rows meet. */
const PAIRS = [
  [0, 24],
  [8, 16],
] as const;

/** A matrix in the magic basis: M† · matrix · M, written into `out` by way of `between`. */
export function toMagic(matrix: Float64Array, between: Float64Array, out: Float64Array): void {
  for (const [low, high] of PAIRS) {
    for (let c = 0; c < 8; c += 2) {
      const ar = H * (matrix[low + c] as number);
      const ai = H * (matrix[low + c + 1] as number);
      const br = H * (matrix[high + c] as number);
      const bi = H * (matrix[high + c + 1] as number);
      if (low === 0) {
        // (a + b), and -i a + i b.
        set(between, c, ar + br, ai + bi);
        set(between, 24 + c, ai - bi, br - ar);
      } else {
        // -i (a + b), and a - b.
        set(between, 8 + c, ai + bi, -ar - br);
        set(between, 16 + c, ar - br, ai - bi);
      }
    }
  }
  for (let r = 0; r < 32; r += 8) {
    const ar = H * (between[r] as number);
    const ai = H * (between[r + 1] as number);
    const dr = H * (between[r + 6] as number);
    const di = H * (between[r + 7] as number);
    const br = H * (between[r + 2] as number);
    const bi = H * (between[r + 3] as number);
    const cr = H * (between[r + 4] as number);
    const ci = H * (between[r + 5] as number);
    set(out, r, ar + dr, ai + di);
    set(out, r + 2, -bi - ci, br + cr);
    set(out, r + 4, br - cr, bi - ci);
    set(out, r + 6, di - ai, ar - dr);
  }
}

/**
 * A real matrix of the magic basis, in the usual one: M · matrix · M†.
 *
 * @param matrix real, row-major, 16 numbers
 */
export function fromMagic(matrix: Float64Array, between: Float64Array, out: Float64Array): void {
  for (let c = 0; c < 4; c++) {
    const first = H * (matrix[c] as number);
    const second = H * (matrix[4 + c] as number);
    const third = H * (matrix[8 + c] as number);
    const fourth = H * (matrix[12 + c] as number);
    set(between, 2 * c, first, fourth);
    set(between, 8 + 2 * c, third, second);
    set(between, 16 + 2 * c, -third, second);
    set(between, 24 + 2 * c, first, -fourth);
  }
  for (let r = 0; r < 32; r += 8) {
    const ar = H * (between[r] as number);
    const ai = H * (between[r + 1] as number);
    const br = H * (between[r + 2] as number);
    const bi = H * (between[r + 3] as number);
    const cr = H * (between[r + 4] as number);
    const ci = H * (between[r + 5] as number);
    const dr = H * (between[r + 6] as number);
    const di = H * (between[r + 7] as number);
    set(out, r, ar + di, ai - dr);
    set(out, r + 2, bi + cr, ci - br);
    set(out, r + 4, bi - cr, -br - ci);
    set(out, r + 6, ar - di, ai + dr);
  }
}

function set(list: Float64Array, at: number, re: number, im: number): void {
  // Zeros have no sign, as sums that begin with zero.
  list[at] = 0 + re;
  list[at + 1] = 0 + im;
}
