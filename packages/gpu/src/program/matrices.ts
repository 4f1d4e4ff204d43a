/** Small matrices of merged gates on the host, in double precision: their product, and how it changes with each angle. */
import type { Element } from '@ketwork/simulator/lowering';

/** An element as it acts on the qubits of a step, by bits of a row index. */
export interface LocalElement {
  readonly element: Element;
  /** Bits that have to have these values. */
  readonly mask: number;
  readonly value: number;
  /** Rotations: the Pauli word is i^(bits of x & z) X^x Z^z. Phases: parity under `z`. */
  readonly x: number;
  readonly z: number;
  /** Power of i of the word. */
  readonly power: number;
  /** Matrices: bit of each of its qubits, the first one most significant. */
  readonly bits: readonly number[];
}

/** Elements by the bits of a row index of a matrix on `qubits`, the first one most significant. */
export function localElements(
  elements: readonly Element[],
  qubits: readonly number[],
): LocalElement[] {
  const bitOf = (qubit: number): number => 2 ** (qubits.length - 1 - qubits.indexOf(qubit));
  return elements.map((element): LocalElement => {
    let mask = 0;
    let value = 0;
    for (const control of element.controls) {
      mask |= bitOf(control.qubit);
      if (control.value === 1) value |= bitOf(control.qubit);
    }
    const bits = element.qubits.map(bitOf);
    let x = 0;
    let z = 0;
    let power = 0;
    if (element.type === 'rotation') {
      bits.forEach((bit, i) => {
        const letter = element.word[i];
        if (letter !== 'Z') x |= bit;
        if (letter !== 'X') z |= bit;
        if (letter === 'Y') power++;
      });
    } else if (element.type === 'phase') {
      if (element.odd === true) for (const bit of bits) z |= bit;
      else {
        for (const bit of bits) {
          mask |= bit;
          value |= bit;
        }
      }
    }
    return { element, mask, value, x, z, power: power & 3, bits };
  });
}

/** How many bits are set. */
export function countBits(value: number): number {
  let count = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Whether the number of bits is odd. */
export function parity(bits: number): boolean {
  let x = bits ^ (bits >>> 16);
  x ^= x >>> 8;
  x ^= x >>> 4;
  return ((0x6996 >>> (x & 15)) & 1) === 1;
}

/**
 * Multiplies the rows of a d × d matrix by an element, in place: U becomes E U.
 *
 * @param angle of rotations exp(-i angle P) and phases e^{i angle}
 */
export function applyLeft(u: Float64Array, d: number, local: LocalElement, angle: number): void {
  const { element } = local;
  if (element.type === 'rotation') rotate(u, d, local, angle);
  else if (element.type === 'phase') shift(u, d, local, angle);
  else if (element.type === 'matrix') multiply(u, d, local, element.matrix);
}

function shift(u: Float64Array, d: number, { mask, value, z }: LocalElement, angle: number): void {
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  for (let row = 0; row < d; row++) {
    if ((row & mask) !== value || (z !== 0 && !parity(row & z))) continue;
    scaleRow(u, d, row, c, s);
  }
}

function scaleRow(u: Float64Array, d: number, row: number, c: number, s: number): void {
  for (let at = 2 * row * d, end = at + 2 * d; at < end; at += 2) {
    const re = u[at] as number;
    const im = u[at + 1] as number;
    u[at] = c * re - s * im;
    u[at + 1] = c * im + s * re;
  }
}

function rotate(u: Float64Array, d: number, local: LocalElement, angle: number): void {
  const { mask, value, x, z, power } = local;
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  if (x === 0) {
    for (let row = 0; row < d; row++)
      if ((row & mask) === value) scaleRow(u, d, row, c, parity(row & z) ? s : -s);
    return;
  }
  const high = 2 ** (31 - Math.clz32(x));
  // -i i^power
  const real = power === 1 ? 1 : power === 3 ? -1 : 0;
  const imaginary = power === 0 ? -1 : power === 2 ? 1 : 0;
  for (let low = 0; low < d; low++) {
    if ((low & high) !== 0 || (low & mask) !== value) continue;
    const other = low ^ x;
    // Row r of P takes row r ^ x with the factor i^power (-1)^|(r^x) & z|; with -i s in front, (-i)^(1 - power).
    const l = parity(other & z) ? -s : s;
    const h = parity(low & z) ? -s : s;
    const lr = real * l;
    const li = imaginary * l;
    const hr = real * h;
    const hi = imaginary * h;
    for (let i = 0, a = 2 * low * d, b = 2 * other * d; i < d; i++, a += 2, b += 2) {
      const ar = u[a] as number;
      const ai = u[a + 1] as number;
      const br = u[b] as number;
      const bi = u[b + 1] as number;
      u[a] = c * ar + lr * br - li * bi;
      u[a + 1] = c * ai + lr * bi + li * br;
      u[b] = c * br + hr * ar - hi * ai;
      u[b + 1] = c * bi + hr * ai + hi * ar;
    }
  }
}

function multiply(
  u: Float64Array,
  d: number,
  { mask, value, bits }: LocalElement,
  matrix: readonly number[],
): void {
  if (bits.length === 1) {
    multiplyPairs(u, d, mask, value, bits[0] as number, matrix);
    return;
  }
  const size = 2 ** bits.length;
  const all = bits.reduce((a, b) => a | b, 0);
  const places = Array.from({ length: size }, (_, index) =>
    bits.reduce((at, bit, i) => (((index >> (bits.length - 1 - i)) & 1) === 1 ? at | bit : at), 0),
  );
  const column = new Float64Array(2 * size);
  for (let base = 0; base < d; base++) {
    if ((base & all) !== 0 || (base & mask) !== value) continue;
    for (let i = 0; i < d; i++) {
      for (let r = 0; r < size; r++) {
        const at = 2 * ((base | (places[r] as number)) * d + i);
        column[2 * r] = u[at] as number;
        column[2 * r + 1] = u[at + 1] as number;
      }
      for (let r = 0; r < size; r++) {
        let re = 0;
        let im = 0;
        for (let c = 0; c < size; c++) {
          const mr = matrix[2 * (r * size + c)] as number;
          const mi = matrix[2 * (r * size + c) + 1] as number;
          re += mr * (column[2 * c] as number) - mi * (column[2 * c + 1] as number);
          im += mr * (column[2 * c + 1] as number) + mi * (column[2 * c] as number);
        }
        const at = 2 * ((base | (places[r] as number)) * d + i);
        u[at] = re;
        u[at + 1] = im;
      }
    }
  }
}

/** A matrix on one qubit, the usual kind. */
function multiplyPairs(
  u: Float64Array,
  d: number,
  mask: number,
  value: number,
  bit: number,
  matrix: readonly number[],
): void {
  const [pr = 0, pi = 0, qr = 0, qi = 0, rr = 0, ri = 0, sr = 0, si = 0] = matrix;
  for (let low = 0; low < d; low++) {
    if ((low & bit) !== 0 || (low & mask) !== value) continue;
    for (let i = 0, a = 2 * low * d, b = 2 * (low | bit) * d; i < d; i++, a += 2, b += 2) {
      const ar = u[a] as number;
      const ai = u[a + 1] as number;
      const br = u[b] as number;
      const bi = u[b + 1] as number;
      u[a] = pr * ar - pi * ai + (qr * br - qi * bi);
      u[a + 1] = pr * ai + pi * ar + (qr * bi + qi * br);
      u[b] = rr * ar - ri * ai + (sr * br - si * bi);
      u[b + 1] = rr * ai + ri * ar + (sr * bi + si * br);
    }
  }
}

/**
 * Writes the products of qubits' numbers, a qubit having one of two by its bit: `[2^k]`, the first qubit's bit the lowest one.
 *
 * @param numbers two of each qubit, `[qubits, 2]`, interleaved as all are
 */
export function writeProducts(
  numbers: Float64Array,
  qubits: readonly number[],
  out: Float64Array,
): void {
  out[0] = 1;
  out[1] = 0;
  let size = 2;
  for (const qubit of qubits) {
    const zero = 4 * qubit;
    const ar = numbers[zero] as number;
    const ai = numbers[zero + 1] as number;
    const br = numbers[zero + 2] as number;
    const bi = numbers[zero + 3] as number;
    for (let i = 0; i < size; i += 2) {
      const re = out[i] as number;
      const im = out[i + 1] as number;
      out[i] = re * ar - im * ai;
      out[i + 1] = re * ai + im * ar;
      out[size + i] = re * br - im * bi;
      out[size + i + 1] = re * bi + im * br;
    }
    size *= 2;
  }
}

/** Writes the identity. */
export function setIdentity(u: Float64Array, d: number): void {
  u.fill(0, 0, 2 * d * d);
  for (let i = 0; i < d; i++) u[2 * (i * d + i)] = 1;
}

/** Replaces a matrix by its conjugate transpose. */
export function dagger(u: Float64Array, d: number): void {
  for (let r = 0; r < d; r++) {
    u[2 * (r * d + r) + 1] = -(u[2 * (r * d + r) + 1] as number);
    for (let c = 0; c < r; c++) {
      const a = 2 * (r * d + c);
      const b = 2 * (c * d + r);
      const re = u[a] as number;
      const im = u[a + 1] as number;
      u[a] = u[b] as number;
      u[a + 1] = -(u[b + 1] as number);
      u[b] = re;
      u[b + 1] = -im;
    }
  }
}

/** Replaces R = Σ ψ λ† behind a matrix U by what it is before it, U† R U = ((R U)† U)†. */
export function takeBack(r: Float64Array, u: Float64Array, d: number): void {
  for (let side = 0; side < 2; side++) {
    multiplyRight(r, u, d);
    dagger(r, d);
  }
}

/** Multiplies a matrix by another one from the right, in place. */
function multiplyRight(a: Float64Array, b: Float64Array, d: number): void {
  const row = new Float64Array(2 * d);
  for (let start = 0; start < 2 * d * d; start += 2 * d) {
    row.fill(0);
    for (let k = 0; k < d; k++) {
      const ar = a[start + 2 * k] as number;
      const ai = a[start + 2 * k + 1] as number;
      for (let i = 0, from = 2 * d * k; i < 2 * d; i += 2, from += 2) {
        const br = b[from] as number;
        const bi = b[from + 1] as number;
        row[i] = (row[i] as number) + ar * br - ai * bi;
        row[i + 1] = (row[i + 1] as number) + ar * bi + ai * br;
      }
    }
    a.set(row, start);
  }
}

/**
 * The derivative of Re⟨λ|ψ⟩ by the angle of an element (half of the rotation's), from R = Σ ψ λ†, both taken behind it:
 * Im tr(P R) for exp(-i angle P), -Im tr(Π R) for a phase on the projector Π. With `mirrored`, R† is given.
 */
export function slope(r: Float64Array, d: number, local: LocalElement, mirrored: boolean): number {
  const { element, mask, value, x, z, power } = local;
  let sum = 0;
  if (element.type === 'phase') {
    for (let row = 0; row < d; row++) {
      if ((row & mask) !== value || (z !== 0 && !parity(row & z))) continue;
      sum -= r[2 * (row * d + row) + 1] as number;
    }
    return mirrored ? -sum : sum;
  }
  for (let row = 0; row < d; row++) {
    if ((row & mask) !== value) continue;
    const from = row ^ x;
    // P[row, from] R[from, row]
    const at = 2 * (from * d + row);
    const re = r[at] as number;
    const im = r[at + 1] as number;
    const imaginary = power === 0 ? im : power === 1 ? re : power === 2 ? -im : -re;
    sum += parity(from & z) ? -imaginary : imaginary;
  }
  // tr(P R†) is the conjugate of tr(R P†).
  return mirrored ? -sum : sum;
}
