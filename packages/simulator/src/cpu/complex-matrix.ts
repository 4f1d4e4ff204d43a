/** Small complex matrices, row-major, interleaved re, im. */

/** The product of two square matrices. */
export function product(a: readonly number[], b: readonly number[]): number[] {
  const size = Math.sqrt(a.length / 2);
  // A copy has the right length at once.
  const out = [...a];
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let re = 0;
      let im = 0;
      for (let k = 0; k < size; k++) {
        const i = 2 * (row * size + k);
        const j = 2 * (k * size + column);
        const ar = a[i] as number;
        const ai = a[i + 1] as number;
        const br = b[j] as number;
        const bi = b[j + 1] as number;
        re += ar * br - ai * bi;
        im += ar * bi + ai * br;
      }
      out[2 * (row * size + column)] = re;
      out[2 * (row * size + column) + 1] = im;
    }
  }
  return out;
}

/** Every entry times re + i im. */
export const scaled = (matrix: readonly number[], re: number, im: number): number[] =>
  matrix.map((x, i) => {
    const other = matrix[i ^ 1] as number;
    return (i & 1) === 0 ? re * x - im * other : re * x + im * other;
  });

/** The matrix on a list of qubits of what a matrix does on some of them, where all controls have their values. */
export function spreadOver(
  all: readonly number[],
  matrix: readonly number[],
  qubits: readonly number[],
  controls: readonly { readonly qubit: number; readonly value: 0 | 1 }[],
): number[] {
  if (controls.length === 0 && all.length === qubits.length && all.every((q, i) => q === qubits[i]))
    return [...matrix];
  const size = 2 ** all.length;
  const own = 2 ** qubits.length;
  const bit = (qubit: number): number => 2 ** (all.length - 1 - all.indexOf(qubit));
  const bits = qubits.map(bit);
  const rest = bits.reduce((mask, b) => mask & ~b, size - 1);
  const inner = Array.from({ length: size }, (_, index) =>
    bits.reduce((sum, b) => 2 * sum + ((index & b) === 0 ? 0 : 1), 0),
  );
  const out = new Array<number>(2 * size * size).fill(0);
  for (let row = 0; row < size; row++) {
    const acts = controls.every(({ qubit, value }) => ((row & bit(qubit)) !== 0) === (value === 1));
    for (let column = 0; column < size; column++) {
      if ((row & rest) !== (column & rest)) continue;
      const to = 2 * (row * size + column);
      const from = 2 * ((inner[row] as number) * own + (inner[column] as number));
      out[to] = acts ? (matrix[from] as number) : row === column ? 1 : 0;
      out[to + 1] = acts ? (matrix[from + 1] as number) : 0;
    }
  }
  return out;
}

/** Values that products of the usual gates have, but for rounding. */
const USUAL = [0, 1, Math.SQRT1_2, 0.5];

/** The matrix with numbers within rounding of 0, 1, 1/2 and √1/2 set to these, so that patterns are seen. */
export const cleaned = (matrix: readonly number[]): number[] =>
  matrix.map((x) => {
    const near = USUAL.find((value) => Math.abs(Math.abs(x) - value) < 1e-15);
    if (near === undefined) return x;
    return x < 0 && near !== 0 ? -near : near;
  });
