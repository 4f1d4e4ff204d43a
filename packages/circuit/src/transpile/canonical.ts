import { adjoint, multiply } from '../gates/matrix.ts';

/**
 * `e^{i phase} (after[0] ⊗ after[1]) exp(i (x XX + y YY + z ZZ)) (before[0] ⊗ before[1])`, matrices row-major,
 * interleaved re, im.
 */
export interface CanonicalAngles {
  readonly phase: number;
  readonly before: readonly [Float64Array, Float64Array];
  readonly angles: readonly [x: number, y: number, z: number];
  readonly after: readonly [Float64Array, Float64Array];
}

const H = Math.SQRT1_2;
/** Columns: the magic basis. XX, YY and ZZ are (+ - +), (+ + -), (- - -) and (- + +) on them. */
const MAGIC = Float64Array.of(
  H,
  0,
  0,
  0,
  0,
  0,
  0,
  H,
  0,
  0,
  0,
  H,
  H,
  0,
  0,
  0,
  0,
  0,
  0,
  H,
  -H,
  0,
  0,
  0,
  H,
  0,
  0,
  0,
  0,
  0,
  0,
  -H,
);
const FROM_MAGIC = adjoint(MAGIC);
const SWEEPS = 40;

/**
 * The canonical form of a unitary on two qubits. In the magic basis what acts on single qubits is real and XX, YY and ZZ
 * are diagonal, so that the eigenvectors of `Uᵀ U` give the parts (Kraus and Cirac, Phys. Rev. A 63, 062309 (2001)).
 */
export function canonicalAngles(matrix: ArrayLike<number>): CanonicalAngles {
  const turned = multiply(multiply(FROM_MAGIC, matrix), MAGIC);
  const vectors = commonEigenvectors(multiply(transposed(turned), turned));
  if (determinant(vectors) < 0) vectors[0] = vectors[0]!.map((x) => -x);
  // U v = e^{iθ} w with real w; θ is half the phase of wᵀw, up to π.
  const phases: number[] = [];
  const images = vectors.map((vector) => {
    const image = complexTimes(turned, vector);
    let re = 0;
    let im = 0;
    for (let i = 0; i < 4; i++) {
      re += image[2 * i]! ** 2 - image[2 * i + 1]! ** 2;
      im += 2 * image[2 * i]! * image[2 * i + 1]!;
    }
    const theta = Math.atan2(im, re) / 2;
    phases.push(theta);
    return [0, 1, 2, 3].map(
      (i) => image[2 * i]! * Math.cos(theta) + image[2 * i + 1]! * Math.sin(theta),
    );
  });
  if (determinant(images) < 0) {
    images[0] = images[0]!.map((x) => -x);
    phases[0]! += Math.PI;
  }
  const [p, q, r, s] = phases as [number, number, number, number];
  const phase = (p + q + r + s) / 4;
  const columns = (list: readonly (readonly number[])[]): Float64Array =>
    Float64Array.from({ length: 32 }, (_, i) => (i % 2 === 1 ? 0 : list[(i >> 1) % 4]![i >> 3]!));
  const outer = multiply(multiply(MAGIC, columns(images)), FROM_MAGIC);
  const inner = multiply(multiply(MAGIC, transposed(columns(vectors))), FROM_MAGIC);
  return {
    phase,
    before: factors(inner),
    angles: [(p + q) / 2 - phase, (q + s) / 2 - phase, (p + s) / 2 - phase],
    after: factors(outer),
  };
}

function transposed(matrix: ArrayLike<number>): Float64Array {
  return adjoint(matrix).map((x, i) => (i % 2 === 0 ? x : 0 - x));
}

function complexTimes(matrix: Float64Array, vector: readonly number[]): Float64Array {
  const out = new Float64Array(8);
  for (let row = 0; row < 4; row++) {
    for (let k = 0; k < 4; k++) {
      out[2 * row]! += matrix[2 * (4 * row + k)]! * vector[k]!;
      out[2 * row + 1]! += matrix[2 * (4 * row + k) + 1]! * vector[k]!;
    }
  }
  return out;
}

/**
 * Real orthonormal eigenvectors of a symmetric unitary 4 × 4 matrix: of its real and of its imaginary part, which
 * commute. Jacobi's method for both at once (Cardoso and Souloumiac, SIAM J. Matrix Anal. Appl. 17, 161 (1996)).
 */
function commonEigenvectors(symmetric: Float64Array): number[][] {
  const m = symmetric.slice();
  const vectors: number[][] = [0, 1, 2, 3].map((k) => [0, 1, 2, 3].map((i) => Number(i === k)));
  for (let sweep = 0, turned = true; turned && sweep < SWEEPS; sweep++) {
    turned = false;
    for (let p = 0; p < 3; p++) {
      for (let q = p + 1; q < 4; q++) {
        let difference = 0;
        let mixed = 0;
        let largest = 0;
        for (const part of [0, 1]) {
          const apart = m[2 * (5 * p) + part]! - m[2 * (5 * q) + part]!;
          const twice = 2 * m[2 * (4 * p + q) + part]!;
          difference += apart * apart - twice * twice;
          mixed += 2 * apart * twice;
          largest = Math.max(largest, Math.abs(twice));
        }
        if (largest < 1e-15) continue;
        turned = true;
        const angle = Math.atan2(mixed, difference) / 4;
        const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
        for (let k = 0; k < 4; k++) {
          for (let part = 0; part < 2; part++)
            turn(m, 2 * (4 * p + k) + part, 2 * (4 * q + k) + part, cos, sin);
        }
        for (let k = 0; k < 4; k++) {
          for (let part = 0; part < 2; part++)
            turn(m, 2 * (4 * k + p) + part, 2 * (4 * k + q) + part, cos, sin);
          const [a, b] = [vectors[p]![k]!, vectors[q]![k]!];
          vectors[p]![k] = cos * a + sin * b;
          vectors[q]![k] = cos * b - sin * a;
        }
      }
    }
  }
  return vectors;
}

function turn(list: Float64Array, i: number, j: number, cos: number, sin: number): void {
  const [a, b] = [list[i]!, list[j]!];
  list[i] = cos * a + sin * b;
  list[j] = cos * b - sin * a;
}

/** Determinant of a real 4 × 4 matrix, expanded by pairs of rows. */
function determinant(rows: readonly (readonly number[])[]): number {
  const [a, b, c, d] = rows as [number[], number[], number[], number[]];
  const minor = (x: readonly number[], y: readonly number[], i: number, j: number): number =>
    x[i]! * y[j]! - x[j]! * y[i]!;
  return (
    minor(a, b, 0, 1) * minor(c, d, 2, 3) -
    minor(a, b, 0, 2) * minor(c, d, 1, 3) +
    minor(a, b, 0, 3) * minor(c, d, 1, 2) +
    minor(a, b, 1, 2) * minor(c, d, 0, 3) -
    minor(a, b, 1, 3) * minor(c, d, 0, 2) +
    minor(a, b, 2, 3) * minor(c, d, 0, 1)
  );
}

/** The factors on two qubits of a product of unitaries. */
function factors(matrix: Float64Array): [Float64Array, Float64Array] {
  const block = (row: number, column: number): Float64Array =>
    Float64Array.from(
      [0, 1].flatMap((r) => {
        const from = 2 * (4 * (2 * row + r) + 2 * column);
        return [...matrix.subarray(from, from + 4)];
      }),
    );
  const norm = (entries: Float64Array): number => entries.reduce((sum, x) => sum + x * x, 0);
  const [a, b] = [block(0, 0), block(0, 1)];
  const largest = norm(a) >= norm(b) ? a : b;
  const length = Math.sqrt(norm(largest) / 2);
  const second = largest.map((x) => x / length);
  const back = adjoint(second);
  const first = new Float64Array(8);
  for (let row = 0; row < 2; row++) {
    for (let column = 0; column < 2; column++) {
      const both = multiply(back, block(row, column));
      first[2 * (2 * row + column)] = (both[0]! + both[6]!) / 2;
      first[2 * (2 * row + column) + 1] = (both[1]! + both[7]!) / 2;
    }
  }
  return [first, second];
}
