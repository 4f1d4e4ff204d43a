/**
 * How Pauli operators move from before an element to behind it: the rules of a Pauli frame (Knill, Nature 434, 39, 2005),
 * worked out from what an element does instead of being listed by gate.
 */
import { support } from './element.ts';
import type { Element } from './element.ts';
import { textOfNumbers } from './link.ts';

/** A Pauli operator up to a phase, as masks of basis indices: bit n-1-q of x and z says what acts on qubit q. */
export interface Pauli {
  readonly x: number;
  readonly z: number;
}

/** 1 where an odd number of bits is set, else 0. */
export function parity(bits: number): 0 | 1 {
  let rest = bits ^ (bits >>> 16);
  rest ^= rest >>> 8;
  rest ^= rest >>> 4;
  return ((0x6996 >>> (rest & 15)) & 1) as 0 | 1;
}

/** Whether two Pauli operators anticommute (1) or commute (0). */
export const anticommute = (a: Pauli, b: Pauli): 0 | 1 => parity((a.x & b.z) ^ (a.z & b.x));

/** What becomes of a Pauli operator in front of an element. It passes if it commutes with all `obstacles`. */
export type Passage =
  /** It moves through as it is; where it anticommutes with `axis`, the angle changes its sign. */
  | { readonly type: 'turn'; readonly axis: Pauli; readonly obstacles: readonly Pauli[] }
  /** It moves through as it is; it changes the sign of every term whose parity it flips. */
  | { readonly type: 'table'; readonly obstacles: readonly Pauli[] }
  /** It becomes another one. */
  | { readonly type: 'map'; readonly map: LocalMap; readonly obstacles: readonly Pauli[] };

/** Matrices on more qubits than this, controls included, let nothing pass on their own qubits. */
const MAX_QUBITS = 3;

/** Images by matrix and values of controls, for all circuits of the process. */
const knownImages = new Map<string, Images>();
const IMAGE_LIMIT = 1024;
/** The same by the matrix itself, which several passes ask about, and a number that tells the controls. */
const imagesByMatrix = new WeakMap<readonly number[], Images[]>();

const NONE: Pauli = { x: 0, z: 0 };
const NO_PAULIS: readonly Pauli[] = [];

/** Works out passages for a circuit, each kind of matrix once. */
export class Passages {
  readonly #qubits: number;
  readonly #filters: ReadonlySet<number>;

  /** @param filters indices of operations that are not unitary: nothing passes those */
  constructor(qubits: number, filters: ReadonlySet<number>) {
    this.#qubits = qubits;
    this.#filters = filters;
  }

  /** The passage of Pauli operators through an element. */
  of(element: Element): Passage {
    const { qubits, controls } = element;
    if (this.#filters.has(element.operation))
      return { type: 'turn', axis: NONE, obstacles: this.#all(support(element)) };
    switch (element.type) {
      case 'rotation': {
        let x = 0;
        let z = 0;
        for (let i = 0; i < qubits.length; i++) {
          const letter = element.word[i];
          const bit = this.#bit(qubits[i] as number);
          if (letter === 'X' || letter === 'Y') x |= bit;
          if (letter === 'Z' || letter === 'Y') z |= bit;
        }
        return { type: 'turn', axis: { x, z }, obstacles: this.#controls(controls) };
      }
      case 'phase': {
        if (element.odd === true || qubits.length + controls.length === 1) {
          const odd = element.odd === true;
          const axis = { x: 0, z: this.mask(odd ? qubits : support(element)) };
          return { type: 'turn', axis, obstacles: odd ? this.#controls(controls) : [] };
        }
        // Flipping one of several conditions would leave a phase on the others behind.
        const obstacles = support(element).map((qubit) => ({ x: 0, z: this.#bit(qubit) }));
        return { type: 'turn', axis: NONE, obstacles };
      }
      case 'table':
        return { type: 'table', obstacles: [] };
      default: {
        const on = support(element);
        if (on.length > MAX_QUBITS)
          return {
            type: 'turn',
            axis: NONE,
            obstacles: [...this.#controls(controls), ...this.#all(qubits)],
          };
        const map = new LocalMap(
          this.#imagesOf(element),
          on.map((qubit) => this.#bit(qubit)),
        );
        return { type: 'map', map, obstacles: map.obstacles };
      }
    }
  }

  /** Z on each control. */
  #controls(controls: Element['controls']): readonly Pauli[] {
    return controls.length === 0
      ? NO_PAULIS
      : controls.map(({ qubit }) => ({ x: 0, z: this.#bit(qubit) }));
  }

  /** X and Z on each qubit. */
  #all(on: readonly number[]): Pauli[] {
    return on.flatMap((qubit) => [
      { x: this.#bit(qubit), z: 0 },
      { x: 0, z: this.#bit(qubit) },
    ]);
  }

  #bit(qubit: number): number {
    return 1 << (this.#qubits - 1 - qubit);
  }

  /** Basis-index mask of qubits. */
  mask(on: readonly number[]): number {
    let mask = 0;
    for (const qubit of on) mask |= this.#bit(qubit);
    return mask;
  }

  #imagesOf(element: Element & { readonly type: 'matrix' }): Images {
    const { controls, matrix, qubits } = element;
    let kind = 1;
    for (const { value } of controls) kind = 2 * kind + value;
    let byKind = imagesByMatrix.get(matrix);
    if (byKind === undefined) {
      byKind = [];
      imagesByMatrix.set(matrix, byKind);
    }
    return (byKind[kind] ??= namedImages(
      `${kind} ${textOfNumbers([matrix])}`,
      matrix,
      qubits.length,
      controls.map(({ value }) => value),
    ));
  }
}

/** The images of a name, worked out once. */
function namedImages(
  id: string,
  matrix: readonly number[],
  qubits: number,
  values: readonly number[],
): Images {
  let images = knownImages.get(id);
  if (images === undefined) {
    images = new Images(withControls(matrix, qubits, values), qubits + values.length);
    if (knownImages.size >= IMAGE_LIMIT) knownImages.clear();
    knownImages.set(id, images);
  }
  return images;
}

/** A matrix on its qubits followed by its controls, row-major, interleaved. */
function withControls(
  matrix: readonly number[],
  qubits: number,
  values: readonly number[],
): Float64Array {
  const count = values.length;
  const size = 2 ** (qubits + count);
  const on = values.reduce((bits, value) => 2 * bits + value, 0);
  const out = new Float64Array(2 * size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const rest = row & (2 ** count - 1);
      if (rest !== (column & (2 ** count - 1))) continue;
      const at = 2 * (row * size + column);
      if (rest !== on) out[at] = row === column ? 1 : 0;
      else {
        const from = 2 * ((row >> count) * 2 ** qubits + (column >> count));
        out[at] = matrix[from] as number;
        out[at + 1] = matrix[from + 1] as number;
      }
    }
  }
  return out;
}

/** Entries may be this far from those of a Pauli matrix, which is what rounding does to products of a few gates. */
const EPSILON = 1e-14;

/** Images of the Pauli operators on k qubits, coded as `x · 2^k + z`, under conjugation with a matrix. */
class Images {
  readonly size: number;
  /** The code of `U P U†` by the code of P; -1 where that is no Pauli operator. */
  readonly codes: Int32Array;
  /** Codes that the passing operators commute with, a basis: what keeps the others out. */
  readonly obstacles: readonly number[];
  readonly #pulled: Int32Array;

  constructor(matrix: Float64Array, qubits: number) {
    this.size = 2 ** qubits;
    const all = this.size * this.size;
    this.codes = new Int32Array(all);
    for (let code = 1; code < all; code++) {
      const low = code & -code;
      const rest = this.codes[code ^ low] as number;
      const part = this.codes[low] as number;
      // The image of a product is the product of the images: a Pauli operator if both are, and not if one is.
      if (code === low || (rest < 0 && part < 0)) this.codes[code] = this.#image(matrix, code);
      else this.codes[code] = rest < 0 || part < 0 ? -1 : rest ^ part;
    }
    this.#pulled = new Int32Array(all).fill(-1);
    const obstacles: number[] = [];
    let spanned = new Set([0]);
    for (let code = 1; code < all; code++) {
      if (spanned.has(code) || !this.#passing((p) => this.#odd(p, code) === 0)) continue;
      obstacles.push(code);
      spanned = new Set([...spanned].flatMap((known) => [known, known ^ code]));
    }
    this.obstacles = obstacles;
  }

  /** A code that a passing operator anticommutes with where its image does with `code`. */
  pullBack(code: number): number {
    let found = this.#pulled[code] as number;
    if (found >= 0) return found;
    const { codes } = this;
    for (found = 0; ; found++)
      if (this.#passing((p) => this.#odd(p, found) === this.#odd(codes[p] as number, code))) break;
    this.#pulled[code] = found;
    return found;
  }

  #passing(holds: (code: number) => boolean): boolean {
    return this.codes.every((image, code) => image < 0 || holds(code));
  }

  #odd(a: number, b: number): 0 | 1 {
    const { size } = this;
    const low = size - 1;
    return parity((Math.floor(a / size) & b & low) ^ (a & low & Math.floor(b / size)));
  }

  #image(matrix: Float64Array, code: number): number {
    const { size } = this;
    const x = Math.floor(code / size);
    const z = code & (size - 1);
    // Entry (row, column) of U P U†: the sum over k of U[row, k ^ x] (-1)^{z·k} conj(U[column, k]), up to a phase.
    let er = 0;
    let ei = 0;
    const enter = (row: number, column: number): void => {
      er = 0;
      ei = 0;
      for (let k = 0; k < size; k++) {
        const a = 2 * (row * size + (k ^ x));
        const b = 2 * (column * size + k);
        const sign = parity(k & z) === 1 ? -1 : 1;
        const ar = matrix[a] as number;
        const ai = matrix[a + 1] as number;
        const br = sign * (matrix[b] as number);
        const bi = sign * (matrix[b + 1] as number);
        er += ar * br + ai * bi;
        ei += ai * br - ar * bi;
      }
    };
    const near = (a: number, b: number): boolean => Math.abs(a - b) < EPSILON;
    let flips = 0;
    for (; flips < size; flips++) {
      enter(flips, 0);
      if (near(Math.sqrt(er * er + ei * ei), 1)) break;
    }
    if (flips === size) return -1;
    const [re, im] = [er, ei];
    let signs = 0;
    for (let column = 0; column < size; column++) {
      for (let row = 0; row < size; row++) {
        enter(row, column);
        if (row !== (column ^ flips)) {
          if (!near(er, 0) || !near(ei, 0)) return -1;
        } else if (near(er, -re) && near(ei, -im)) signs = setSign(signs, column);
        else if (!near(er, re) || !near(ei, im)) return -1;
      }
    }
    // signs has bit c set where column c has a minus sign; it must be a parity.
    let mask = 0;
    for (let bit = 1; bit < size; bit *= 2) if ((signs >> bit) & 1) mask |= bit;
    for (let column = 0; column < size; column++)
      if (((signs >> column) & 1) !== parity(column & mask)) return -1;
    return flips * size + mask;
  }
}

const setSign = (signs: number, column: number): number => signs | (1 << column);

/** What a matrix on some qubits does to Pauli operators on all qubits. */
export class LocalMap {
  readonly #images: Images;
  /** Mask of each local qubit, the most significant first. */
  readonly #bits: readonly number[];
  /** Mask of all of them. */
  readonly mask: number;
  readonly obstacles: readonly Pauli[];

  constructor(images: Images, bits: readonly number[]) {
    this.#images = images;
    this.#bits = bits;
    this.mask = bits.reduce((sum, bit) => sum | bit, 0);
    this.obstacles =
      images.obstacles.length === 0
        ? NO_PAULIS
        : images.obstacles.map((code) => this.#replaced(NONE, code));
  }

  /** `U P U†`, for a Pauli operator that passes. */
  image(pauli: Pauli): Pauli {
    return this.#replaced(pauli, this.#images.codes[this.#code(pauli)] as number);
  }

  /** An operator that passing ones anticommute with where their images anticommute with `pauli`. */
  pullBack(pauli: Pauli): Pauli {
    return this.#replaced(pauli, this.#images.pullBack(this.#code(pauli)));
  }

  #code({ x, z }: Pauli): number {
    let [localX, localZ] = [0, 0];
    for (const bit of this.#bits) {
      localX = 2 * localX + ((x & bit) === 0 ? 0 : 1);
      localZ = 2 * localZ + ((z & bit) === 0 ? 0 : 1);
    }
    return localX * this.#images.size + localZ;
  }

  #replaced(pauli: Pauli, code: number): Pauli {
    let x = pauli.x & ~this.mask;
    let z = pauli.z & ~this.mask;
    const bits = this.#bits;
    for (let i = 0; i < bits.length; i++) {
      const bit = bits[i] as number;
      const at = bits.length - 1 - i;
      if (((code >> (at + bits.length)) & 1) === 1) x |= bit;
      if (((code >> at) & 1) === 1) z |= bit;
    }
    return { x, z };
  }
}
