/**
 * The canonical form of a unitary on two qubits: one on each qubit, a core with three parameters, one on each qubit again.
 *
 * Sources: Khaneja and Glaser (2001), Kraus and Cirac (2001), Zhang et al. (2003). In the magic basis what acts on single
 * qubits is real and XX, YY and ZZ are diagonal, so that Uᵀ U shows the core's phases as eigenvalues. Additions,
 * multiplications, divisions and square roots do, hence the same bits on every machine.
 */
import { cleaned, product, scaled } from './complex-matrix.ts';
import { adjoint, matrixPattern, modulusOf, patternFlops } from './pattern.ts';

/** U = (after[0] ⊗ after[1]) · core · (before[0] ⊗ before[1]), matrices row-major, interleaved re, im. */
export interface CanonicalForm {
  readonly before: readonly [first: number[], second: number[]];
  /** Mixes 00 with 11 and 01 with 10; three of the four rows hold real and imaginary numbers only. */
  readonly core: number[];
  readonly after: readonly [first: number[], second: number[]];
}

const H = Math.SQRT1_2;
/** Columns: the magic basis, Bell states with phases. XX, YY and ZZ are (+ - +), (+ + -), (- - -) and (- + +) on them. */
const MAGIC: readonly number[] = [
  [H, 0, 0, 0, 0, 0, 0, H],
  [0, 0, 0, H, H, 0, 0, 0],
  [0, 0, 0, H, -H, 0, 0, 0],
  [H, 0, 0, 0, 0, 0, 0, -H],
].flat();
const FROM_MAGIC = adjoint(MAGIC);

/** Which eigenvectors belong to 00 and 11, for the three orders of XX, YY and ZZ. */
const ORDERS = [
  [0, 1, 2, 3],
  [0, 2, 3, 1],
  [0, 3, 1, 2],
] as const;
const SWEEPS = 30;
/** Numbers below are rounding errors. */
const SMALL = 1e-15;
/** What the parts may miss of the whole before it counts as not unitary. */
const TOLERANCE = 1e-14;

/** A complex number. */
type Complex = readonly [re: number, im: number];

const times = ([a, b]: Complex, [c, d]: Complex): Complex => [a * c - b * d, a * d + b * c];
const unit = (z: Complex): Complex => {
  const length = modulusOf(...z);
  return [z[0] / length, z[1] / length];
};
const conjugate = ([re, im]: Complex): Complex => [re, -im];

/** A number with square `z`, of modulus 1 as `z` is. */
function root(z: Complex): Complex {
  const [re, im] = unit(z);
  if (re >= 0) {
    const real = Math.sqrt((1 + re) / 2);
    return [real, im / (2 * real)];
  }
  const imaginary = Math.sqrt((1 - re) / 2);
  return [im / (2 * imaginary), imaginary];
}

/** The canonical form of a unitary 4 × 4 matrix, in the order of axes that is cheapest; undefined for other matrices. */
export function canonicalForm(matrix: readonly number[]): CanonicalForm | undefined {
  if (!isNear(product(adjoint(matrix), matrix), IDENTITY)) return undefined;
  const turned = product(product(FROM_MAGIC, matrix), MAGIC);
  const vectors = commonEigenvectors(product(transposed(turned), turned));
  const images = vectors.map((vector) => imageOf(turned, vector));
  const phases = images.map(phaseOf);
  const flops = (order: readonly number[]): number => {
    const { core } = coreOf(order.map((k) => phases[k] as Complex));
    return patternFlops(matrixPattern(core).pattern);
  };
  const order = ORDERS.map((order) => ({ order, cost: flops(order) })).reduce((best, other) =>
    other.cost < best.cost - 0.1 ? other : best,
  ).order;
  const found = partsOf(vectors, images, phases, order);
  const whole = product(product(both(found.after), found.core), both(found.before));
  return isNear(whole, matrix) ? found : undefined;
}

const IDENTITY: readonly number[] = MAGIC.map((_, i) => (i % 10 === 0 ? 1 : 0));
const isNear = (a: readonly number[], b: readonly number[]): boolean =>
  a.every((x, i) => Math.abs(x - (b[i] as number)) < TOLERANCE);

function both([first, second]: readonly [number[], number[]]): number[] {
  const out: number[] = [];
  for (let row = 0; row < 4; row++) {
    for (let column = 0; column < 4; column++) {
      const i = 2 * (2 * (row >> 1) + (column >> 1));
      const j = 2 * (2 * (row & 1) + (column & 1));
      const [ar, ai] = [first[i] as number, first[i + 1] as number];
      const [br, bi] = [second[j] as number, second[j + 1] as number];
      out.push(ar * br - ai * bi, ar * bi + ai * br);
    }
  }
  return out;
}

function transposed(matrix: readonly number[]): number[] {
  return adjoint(matrix).map((x, i) => ((i & 1) === 0 ? x : -x));
}

/**
 * A rotation of space whose columns are the eigenvectors of a symmetric unitary matrix: of its real and of its imaginary
 * part, since the two commute. Jacobi's method for several matrices (Cardoso and Souloumiac 1996).
 *
 * @returns the columns one after the other
 */
function commonEigenvectors(symmetric: readonly number[]): number[][] {
  const m = Float64Array.from(symmetric);
  const at = (row: number, column: number): number => 2 * (4 * row + column);
  const columns = [0, 1, 2, 3].map((k) => [0, 1, 2, 3].map((i) => (i === k ? 1 : 0)));
  for (let sweep = 0, turned = true; turned && sweep < SWEEPS; sweep++) {
    turned = false;
    for (let p = 0; p < 3; p++) {
      for (let q = p + 1; q < 4; q++) {
        let [difference, mixed] = [0, 0];
        let largest = 0;
        for (let part = 0; part < 2; part++) {
          const apart = (m[at(p, p) + part] as number) - (m[at(q, q) + part] as number);
          const twice = 2 * (m[at(p, q) + part] as number);
          difference += apart * apart - twice * twice;
          mixed += 2 * apart * twice;
          largest = Math.max(largest, Math.abs(twice));
        }
        if (largest < SMALL) continue;
        turned = true;
        // The angle whose fourfold has the tangent mixed / difference, as the cosine of its double and then of itself.
        const length = Math.sqrt(difference * difference + mixed * mixed);
        const x =
          difference >= 0 ? difference + length : (mixed * mixed) / (length - difference || 1);
        const double = Math.sqrt(x * x + mixed * mixed);
        const cosine = Math.sqrt((1 + (double === 0 ? 0 : x / double)) / 2);
        const sine = double === 0 ? cosine : mixed / double / (2 * cosine);
        mixPairs(m, 2 * p, 2 * q, 8, cosine, sine);
        mixPairs(m, 8 * p, 8 * q, 2, cosine, sine);
        const [one, other] = [columns[p] as number[], columns[q] as number[]];
        for (let k = 0; k < 4; k++) {
          const [a, b] = [one[k] as number, other[k] as number];
          one[k] = cosine * a + sine * b;
          other[k] = cosine * b - sine * a;
        }
      }
    }
  }
  return columns;
}

/** Rotates four complex numbers from `i` on with four from `j` on, `stride` numbers apart. */
function mixPairs(
  list: Float64Array,
  i: number,
  j: number,
  stride: number,
  cosine: number,
  sine: number,
): void {
  for (let k = 0; k < 4 * stride; k += stride) {
    for (let part = 0; part < 2; part++) {
      const a = list[i + k + part] as number;
      const b = list[j + k + part] as number;
      list[i + k + part] = cosine * a + sine * b;
      list[j + k + part] = cosine * b - sine * a;
    }
  }
}

/** Whether the determinant of a real 4 × 4 matrix, expanded by pairs of rows, is negative. */
function isReflection(rows: readonly (readonly number[])[]): boolean {
  const [a, b, c, d] = rows as [number[], number[], number[], number[]];
  const minor = (x: readonly number[], y: readonly number[], i: number, j: number): number =>
    (x[i] as number) * (y[j] as number) - (x[j] as number) * (y[i] as number);
  const sum =
    minor(a, b, 0, 1) * minor(c, d, 2, 3) -
    minor(a, b, 0, 2) * minor(c, d, 1, 3) +
    minor(a, b, 0, 3) * minor(c, d, 1, 2) +
    minor(a, b, 1, 2) * minor(c, d, 0, 3) -
    minor(a, b, 1, 3) * minor(c, d, 0, 2) +
    minor(a, b, 2, 3) * minor(c, d, 0, 1);
  return sum < 0;
}

/** A matrix in the magic basis times a real vector: a real vector times one of the core's phases, if it is an eigenvector. */
function imageOf(turned: readonly number[], vector: readonly number[]): Complex[] {
  return [0, 1, 2, 3].map((row) => {
    let [re, im] = [0, 0];
    for (let k = 0; k < 4; k++) {
      re += (turned[2 * (4 * row + k)] as number) * (vector[k] as number);
      im += (turned[2 * (4 * row + k) + 1] as number) * (vector[k] as number);
    }
    return [re, im];
  });
}

/** The phase, but for the sign, that a real vector has been multiplied by. */
function phaseOf(image: readonly Complex[]): Complex {
  let [re, im] = [0, 0];
  for (const [a, b] of image) {
    re += a * a - b * b;
    im += 2 * a * b;
  }
  return root([re, im]);
}

/** The parts for eigenvectors taken in an order. */
function partsOf(
  vectors: readonly (readonly number[])[],
  images: readonly (readonly Complex[])[],
  unsigned: readonly Complex[],
  order: readonly number[],
): CanonicalForm {
  const negative = (list: readonly number[]): number[] => list.map((x) => -x);
  const phases = order.map((k) => unsigned[k] as Complex);
  const right = order.map((k) => vectors[k] as readonly number[]);
  const left = order.map((k, i): readonly number[] =>
    (images[k] as readonly Complex[]).map((z) => times(z, conjugate(phases[i] as Complex))[0]),
  );
  if (isReflection(right)) {
    right[0] = negative(right[0] as number[]);
    left[0] = negative(left[0] as number[]);
  }
  if (isReflection(left)) {
    left[0] = negative(left[0] as number[]);
    const [re, im] = phases[0] as Complex;
    phases[0] = [-re, -im];
  }
  // Rows of `left` are images, columns of the matrix on the left.
  const outer = product(product(MAGIC, transposed(complex(left))), FROM_MAGIC);
  const inner = product(product(MAGIC, complex(right)), FROM_MAGIC);
  const [first, second] = factors(outer);
  const { core, whole, apart } = coreOf(phases);
  return {
    before: factors(inner),
    core,
    after: [
      scaled(product(first, [1, 0, 0, 0, 0, 0, ...conjugate(apart)]), ...whole),
      product(second, [1, 0, 0, 0, 0, 0, ...apart]),
    ],
  };
}

const complex = (rows: readonly (readonly number[])[]): number[] =>
  rows.flat().flatMap((x) => [x, 0]);

/** The factors on two qubits of a product of unitaries. */
function factors(matrix: readonly number[]): [first: number[], second: number[]] {
  const block = (row: number, column: number): number[] =>
    [0, 1].flatMap((r) => {
      const from = 2 * (4 * (2 * row + r) + 2 * column);
      return matrix.slice(from, from + 4);
    });
  const norm = (entries: readonly number[]): number => entries.reduce((sum, x) => sum + x * x, 0);
  const [a, b] = [block(0, 0), block(0, 1)];
  const largest = norm(a) >= norm(b) ? a : b;
  const length = Math.sqrt(norm(largest) / 2);
  const second = largest.map((x) => x / length);
  const back = adjoint(second);
  const first = [0, 1].flatMap((row) =>
    [0, 1].flatMap((column) => {
      const both = product(back, block(row, column));
      return [
        ((both[0] as number) + (both[6] as number)) / 2,
        ((both[1] as number) + (both[7] as number)) / 2,
      ];
    }),
  );
  return [first, second];
}

/**
 * The core of four phases, up to a phase of the whole and phases on the two qubits:
 * whole · (diag(1, apart*) ⊗ diag(1, apart)) · core.
 */
function coreOf(phases: readonly Complex[]): { core: number[]; whole: Complex; apart: Complex } {
  const [p, q, r, s] = phases as [Complex, Complex, Complex, Complex];
  const even = mixing(p, s);
  const odd = mixing(q, r);
  const apart = times(odd.phase, conjugate(even.phase));
  const behind = cleaned(times(apart, apart)) as unknown as Complex;
  const { cos, sin } = odd;
  const core = [
    [even.cos, 0, 0, 0, 0, 0, 0, even.sin],
    [0, 0, cos, 0, 0, sin, 0, 0],
    [0, 0, ...times(behind, [0, sin]), ...times(behind, [cos, 0]), 0, 0],
    [0, even.sin, 0, 0, 0, 0, even.cos, 0],
  ].flat();
  // Zeros have no sign here.
  return { core: cleaned(core).map((x) => x + 0), whole: even.phase, apart };
}

/** The matrix with eigenvalues y on (1, 1) and z on (1, -1): phase · [[cos, i sin], [i sin, cos]]. */
function mixing(y: Complex, z: Complex): { phase: Complex; cos: number; sin: number } {
  const sum: Complex = [(y[0] + z[0]) / 2, (y[1] + z[1]) / 2];
  // i sin · phase, divided by i.
  const difference: Complex = [(y[1] - z[1]) / 2, (z[0] - y[0]) / 2];
  const phase = unit(modulusOf(...sum) >= modulusOf(...difference) ? sum : difference);
  const back = conjugate(phase);
  return { phase, cos: times(sum, back)[0], sin: times(difference, back)[0] };
}
