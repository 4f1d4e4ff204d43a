/**
 * The canonical form of a unitary on two qubits: one on each qubit, a core with three parameters, one on each qubit again.
 *
 * Sources: Khaneja and Glaser (2001), Kraus and Cirac (2001), Zhang et al. (2003). In the magic basis what acts on single
 * qubits is real and XX, YY and ZZ are diagonal, so that Uᵀ U shows the core's phases as eigenvalues. Additions,
 * multiplications, divisions and square roots do, hence the same bits on every machine.
 */
import { product, scaled, usual, zeros } from './complex-matrix.ts';
import { fromMagic, toMagic } from './magic-basis.ts';
import { modulusOf, patternFor } from './pattern.ts';

/** U = (after[0] ⊗ after[1]) · core · (before[0] ⊗ before[1]), matrices row-major, interleaved re, im. */
export interface CanonicalForm {
  readonly before: readonly [first: number[], second: number[]];
  /** Mixes 00 with 11 and 01 with 10; three of the four rows hold real and imaginary numbers only. */
  readonly core: number[];
  readonly after: readonly [first: number[], second: number[]];
}

/** Which eigenvectors belong to 00 and 11 (the first and the last), for the three orders of XX, YY and ZZ. */
const ORDERS = [
  [0, 1, 2, 3],
  [0, 2, 3, 1],
  [0, 3, 1, 2],
] as const;
type Order = (typeof ORDERS)[number];
const SWEEPS = 30;
/** Numbers below are rounding errors. */
const SMALL = 1e-15;
/** What the parts may miss of the whole before it counts as not unitary. */
const TOLERANCE = 1e-14;
/** Operations of a core without numbers that save any. */
const GENERAL_CORE = 8;

const matrix4 = (): Float64Array => new Float64Array(32);
/** Room for what is worked out on the way; nothing in it outlives a call. */
const given = matrix4();
const turned = matrix4();
const symmetric = matrix4();
const step = matrix4();
const outer = matrix4();
const inner = matrix4();
const whole = matrix4();
/** Real eigenvectors one after the other, and what the matrix makes of them, up to four phases. */
const vectors = new Float64Array(16);
const images = matrix4();
const phases = new Float64Array(8);
const left = new Float64Array(16);
const right = new Float64Array(16);

/** The canonical form of a unitary 4 × 4 matrix, in the order of axes that is cheapest; undefined for other matrices. */
export function canonicalForm(matrix: readonly number[]): CanonicalForm | undefined {
  for (let i = 0; i < 32; i++) given[i] = matrix[i] as number;
  if (!isUnitary(given)) return undefined;
  toMagic(given, step, turned);
  square(turned, symmetric);
  findEigenvectors(symmetric);
  for (let k = 0; k < 4; k++) findImage(k);
  let order: Order = ORDERS[0];
  let least = coreFlops(order);
  for (const other of [ORDERS[1], ORDERS[2]]) {
    const cost = coreFlops(other);
    if (cost < least - 0.1) {
      order = other;
      least = cost;
    }
  }
  const found = partsOf(order);
  both(found.after, outer);
  both(found.before, inner);
  multiplyByCore(outer, found.core, step);
  multiply(step, inner, whole);
  for (let i = 0; i < 32; i++)
    if (!(Math.abs((whole[i] as number) - (given[i] as number)) < TOLERANCE)) return undefined;
  return found;
}

/** The product of two 4 × 4 matrices, written into a third one. */
function multiply(a: Float64Array, b: Float64Array, out: Float64Array): Float64Array {
  for (let row = 0; row < 32; row += 8) {
    for (let column = 0; column < 8; column += 2) {
      let re = 0;
      let im = 0;
      for (let k = 0; k < 4; k++) {
        const ar = a[row + 2 * k] as number;
        const ai = a[row + 2 * k + 1] as number;
        const br = b[8 * k + column] as number;
        const bi = b[8 * k + column + 1] as number;
        re += ar * br - ai * bi;
        im += ar * bi + ai * br;
      }
      out[row + column] = re;
      out[row + column + 1] = im;
    }
  }
  return out;
}

/** The product of a matrix and a core, of which only the diagonals are not zero. */
function multiplyByCore(a: Float64Array, core: readonly number[], out: Float64Array): void {
  for (let row = 0; row < 32; row += 8) {
    for (let k = 0; k < 4; k++) {
      let re = 0;
      let im = 0;
      // In the order of the rows of the core.
      for (let half = 0; half < 2; half++) {
        const from = k < 2 === (half === 0) ? k : 3 - k;
        const ar = a[row + 2 * from] as number;
        const ai = a[row + 2 * from + 1] as number;
        const br = core[8 * from + 2 * k] as number;
        const bi = core[8 * from + 2 * k + 1] as number;
        re += ar * br - ai * bi;
        im += ar * bi + ai * br;
      }
      out[row + 2 * k] = re;
      out[row + 2 * k + 1] = im;
    }
  }
}

/** Uᵀ U, a symmetric matrix. */
function square(u: Float64Array, out: Float64Array): Float64Array {
  for (let i = 0; i < 4; i++) {
    for (let j = i; j < 4; j++) {
      let re = 0;
      let im = 0;
      for (let k = 0; k < 32; k += 8) {
        const ar = u[k + 2 * i] as number;
        const ai = u[k + 2 * i + 1] as number;
        const br = u[k + 2 * j] as number;
        const bi = u[k + 2 * j + 1] as number;
        re += ar * br - ai * bi;
        im += ar * bi + ai * br;
      }
      out[8 * i + 2 * j] = re;
      out[8 * i + 2 * j + 1] = im;
      out[8 * j + 2 * i] = re;
      out[8 * j + 2 * i + 1] = im;
    }
  }
  return out;
}

/** Whether U† U is the identity, but for rounding. */
function isUnitary(u: Float64Array): boolean {
  for (let i = 0; i < 8; i += 2) {
    for (let j = i; j < 8; j += 2) {
      let re = i === j ? -1 : 0;
      let im = 0;
      for (let k = 0; k < 32; k += 8) {
        const ar = u[k + i] as number;
        const ai = u[k + i + 1] as number;
        const br = u[k + j] as number;
        const bi = u[k + j + 1] as number;
        re += ar * br + ai * bi;
        im += ar * bi - ai * br;
      }
      if (!(Math.abs(re) < TOLERANCE && Math.abs(im) < TOLERANCE)) return false;
    }
  }
  return true;
}

/** The tensor product of two matrices on one qubit each. */
function both([first, second]: readonly [number[], number[]], out: Float64Array): void {
  for (let row = 0; row < 4; row++) {
    for (let column = 0; column < 4; column++) {
      const i = 2 * (2 * (row >> 1) + (column >> 1));
      const j = 2 * (2 * (row & 1) + (column & 1));
      const ar = first[i] as number;
      const ai = first[i + 1] as number;
      const br = second[j] as number;
      const bi = second[j + 1] as number;
      out[2 * (4 * row + column)] = ar * br - ai * bi;
      out[2 * (4 * row + column) + 1] = ar * bi + ai * br;
    }
  }
}

/**
 * A rotation of space whose columns are the eigenvectors of a symmetric unitary matrix: of its real and of its imaginary
 * part, since the two commute. Jacobi's method for several matrices (Cardoso and Souloumiac 1996).
 *
 * @param m the matrix, which is made diagonal
 */
function findEigenvectors(m: Float64Array): void {
  for (let i = 0; i < 16; i++) vectors[i] = i % 5 === 0 ? 1 : 0;
  for (let sweep = 0, turned = true; turned && sweep < SWEEPS; sweep++) {
    turned = false;
    for (let p = 0; p < 3; p++) {
      for (let q = p + 1; q < 4; q++) {
        let difference = 0;
        let mixed = 0;
        let largest = 0;
        for (let part = 0; part < 2; part++) {
          const apart = (m[10 * p + part] as number) - (m[10 * q + part] as number);
          const twice = 2 * (m[8 * p + 2 * q + part] as number);
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
        for (let k = 0; k < 4; k++) {
          const a = vectors[4 * p + k] as number;
          const b = vectors[4 * q + k] as number;
          vectors[4 * p + k] = cosine * a + sine * b;
          vectors[4 * q + k] = cosine * b - sine * a;
        }
      }
    }
  }
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
function isReflection(rows: Float64Array): boolean {
  const minor = (x: number, i: number, j: number): number =>
    (rows[x + i] as number) * (rows[x + 4 + j] as number) -
    (rows[x + j] as number) * (rows[x + 4 + i] as number);
  const sum =
    minor(0, 0, 1) * minor(8, 2, 3) -
    minor(0, 0, 2) * minor(8, 1, 3) +
    minor(0, 0, 3) * minor(8, 1, 2) +
    minor(0, 1, 2) * minor(8, 0, 3) -
    minor(0, 1, 3) * minor(8, 0, 2) +
    minor(0, 2, 3) * minor(8, 0, 1);
  return sum < 0;
}

/**
 * The matrix in the magic basis times an eigenvector: a real vector times one of the core's phases, which is found from
 * it but for its sign.
 */
function findImage(vector: number): void {
  let squareRe = 0;
  let squareIm = 0;
  for (let row = 0; row < 4; row++) {
    let re = 0;
    let im = 0;
    for (let k = 0; k < 4; k++) {
      const x = vectors[4 * vector + k] as number;
      re += (turned[8 * row + 2 * k] as number) * x;
      im += (turned[8 * row + 2 * k + 1] as number) * x;
    }
    images[8 * vector + 2 * row] = re;
    images[8 * vector + 2 * row + 1] = im;
    squareRe += re * re - im * im;
    squareIm += 2 * re * im;
  }
  // A number with this square, of modulus 1.
  const length = modulusOf(squareRe, squareIm);
  const re = squareRe / length;
  const im = squareIm / length;
  if (re >= 0) {
    const real = Math.sqrt((1 + re) / 2);
    phases[2 * vector] = real;
    phases[2 * vector + 1] = im / (2 * real);
  } else {
    const imaginary = Math.sqrt((1 - re) / 2);
    phases[2 * vector] = im / (2 * imaginary);
    phases[2 * vector + 1] = imaginary;
  }
}

/** The parts for eigenvectors taken in an order. */
function partsOf(order: Order): CanonicalForm {
  for (let i = 0; i < 4; i++) {
    const k = order[i] as number;
    const re = phases[2 * k] as number;
    const im = phases[2 * k + 1] as number;
    for (let j = 0; j < 4; j++) {
      right[4 * i + j] = vectors[4 * k + j] as number;
      left[4 * i + j] =
        (images[8 * k + 2 * j] as number) * re - (images[8 * k + 2 * j + 1] as number) * -im;
    }
  }
  const first = order[0];
  if (isReflection(right)) {
    negate(right);
    negate(left);
  }
  if (isReflection(left)) {
    negate(left);
    phases[2 * first] = -(phases[2 * first] as number);
    phases[2 * first + 1] = -(phases[2 * first + 1] as number);
  }
  fromMagic(right, step, inner);
  // Rows of `left` are images, columns of the matrix on the left.
  for (let i = 0; i < 4; i++)
    for (let j = 0; j < 4; j++) right[4 * i + j] = left[4 * j + i] as number;
  fromMagic(right, step, outer);
  const [one, other] = factors(outer);
  findCore(order);
  const { wholeRe, wholeIm, apartRe, apartIm } = found;
  return {
    before: factors(inner),
    core: coreMatrix(),
    after: [
      scaled(product(one, [1, 0, 0, 0, 0, 0, apartRe, -apartIm]), wholeRe, wholeIm),
      product(other, [1, 0, 0, 0, 0, 0, apartRe, apartIm]),
    ],
  };
}

/** Turns the first of four vectors around. */
function negate(list: Float64Array): void {
  for (let i = 0; i < 4; i++) list[i] = -(list[i] as number);
}

/** The sum of squares of eight numbers of a matrix, four from `at` on and four in the row behind. */
function norm(matrix: Float64Array, at: number): number {
  let sum = 0;
  for (let k = 0; k < 4; k++) sum += (matrix[at + k] as number) ** 2;
  for (let k = 8; k < 12; k++) sum += (matrix[at + k] as number) ** 2;
  return sum;
}

/** The factors on two qubits of a product of unitaries. */
function factors(matrix: Float64Array): [first: number[], second: number[]] {
  const a = norm(matrix, 0);
  const b = norm(matrix, 4);
  const largest = a >= b ? 0 : 4;
  const length = Math.sqrt(Math.max(a, b) / 2);
  const second = zeros(8);
  for (let k = 0; k < 8; k++)
    second[k] = (matrix[largest + (k < 4 ? k : k + 4)] as number) / length;
  const first = zeros(8);
  for (let block = 0; block < 4; block++) {
    const from = 16 * (block >> 1) + 4 * (block & 1);
    // Half the trace of the adjoint of `second` times a block of the matrix.
    let re = 0;
    let im = 0;
    for (let r = 0; r < 2; r++) {
      let x = 0;
      let y = 0;
      for (let k = 0; k < 2; k++) {
        const ar = second[4 * k + 2 * r] as number;
        const ai = -(second[4 * k + 2 * r + 1] as number);
        const br = matrix[from + 8 * k + 2 * r] as number;
        const bi = matrix[from + 8 * k + 2 * r + 1] as number;
        x += ar * br - ai * bi;
        y += ar * bi + ai * br;
      }
      re += x;
      im += y;
    }
    first[2 * block] = re / 2;
    first[2 * block + 1] = im / 2;
  }
  return [first, second];
}

/**
 * The numbers of a core, up to a phase of the whole and phases on the two qubits:
 * whole · (diag(1, apart*) ⊗ diag(1, apart)) · core. On 00 and 11 the core is [[cos, i sin], [i sin, cos]] of the even
 * numbers, on 01 and 10 of the odd ones, there with a second row times the square of `apart`.
 */
const found = {
  evenCos: 0,
  evenSin: 0,
  oddCos: 0,
  oddSin: 0,
  wholeRe: 0,
  wholeIm: 0,
  apartRe: 0,
  apartIm: 0,
  behindRe: 0,
  behindIm: 0,
};
const mixing = { re: 0, im: 0, cos: 0, sin: 0 };

/** Finds the core of phases taken in an order. */
function findCore(order: Order): void {
  mix(order[0], order[3]);
  found.wholeRe = mixing.re;
  found.wholeIm = mixing.im;
  found.evenCos = mixing.cos;
  found.evenSin = mixing.sin;
  mix(order[1], order[2]);
  found.oddCos = mixing.cos;
  found.oddSin = mixing.sin;
  const { wholeRe, wholeIm } = found;
  const { re, im } = mixing;
  const apartRe = re * wholeRe - im * -wholeIm;
  const apartIm = re * -wholeIm + im * wholeRe;
  found.apartRe = apartRe;
  found.apartIm = apartIm;
  found.behindRe = usual(apartRe * apartRe - apartIm * apartIm);
  found.behindIm = usual(apartRe * apartIm + apartIm * apartRe);
}

/** The matrix with eigenvalues y on (1, 1) and z on (1, -1): phase · [[cos, i sin], [i sin, cos]]. */
function mix(y: number, z: number): void {
  const yr = phases[2 * y] as number;
  const yi = phases[2 * y + 1] as number;
  const zr = phases[2 * z] as number;
  const zi = phases[2 * z + 1] as number;
  const sumRe = (yr + zr) / 2;
  const sumIm = (yi + zi) / 2;
  // i sin · phase, divided by i.
  const differenceRe = (yi - zi) / 2;
  const differenceIm = (zr - yr) / 2;
  const sum = modulusOf(sumRe, sumIm);
  const difference = modulusOf(differenceRe, differenceIm);
  const larger = sum >= difference;
  const re = larger ? sumRe / sum : differenceRe / difference;
  const im = larger ? sumIm / sum : differenceIm / difference;
  mixing.re = re;
  mixing.im = im;
  mixing.cos = sumRe * re - sumIm * -im;
  mixing.sin = differenceRe * re - differenceIm * -im;
}

/** The core that was found, as a matrix. */
function coreMatrix(): number[] {
  const { evenCos, evenSin, oddCos: cos, oddSin: sin, behindRe: re, behindIm: im } = found;
  const even = usual(evenCos);
  const mixed = usual(evenSin);
  const core = zeros(32);
  core[0] = even;
  core[7] = mixed;
  core[10] = usual(cos);
  core[13] = usual(sin);
  core[18] = usual(-im * sin);
  core[19] = usual(re * sin);
  core[20] = usual(re * cos);
  core[21] = usual(im * cos);
  core[25] = mixed;
  core[30] = even;
  return core;
}

/** Operations of the core of phases taken in an order. */
function coreFlops(order: Order): number {
  findCore(order);
  const { evenCos, evenSin, oddCos, oddSin, behindRe, behindIm } = found;
  const general =
    isGeneral(evenCos) &&
    isGeneral(evenSin) &&
    isGeneral(oddCos) &&
    isGeneral(oddSin) &&
    isGeneral(behindRe) &&
    isGeneral(behindIm);
  return general ? GENERAL_CORE : patternFor(coreMatrix()).flops;
}

/** Whether a number of modulus at most 1 is far from 0 and, for the others of its row then are not 0 either, from 1. */
const isGeneral = (x: number): boolean => Math.abs(x) > 1e-6 && Math.abs(x) < 1 - 1e-6;
