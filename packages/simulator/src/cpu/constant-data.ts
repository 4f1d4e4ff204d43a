import type { Numerics } from './arithmetic.ts';

/** Numbers that a module reads from memory: matrices, weights and index tables. */
export class ConstantData {
  #bytes = new ByteList();

  readonly #numerics: Numerics;

  constructor(numerics: Numerics) {
    this.#numerics = numerics;
  }

  /** Appends numbers in the format of amplitudes and returns their byte offset. */
  numbers(values: ArrayLike<number>): number {
    const bytes = this.#bytes;
    const single = this.#numerics.precision === 'f32';
    const at = bytes.take((single ? 4 : 8) * values.length);
    for (let i = 0; i < values.length; i++)
      if (single) bytes.singles[at / 4 + i] = values[i] as number;
      else bytes.doubles[at / 8 + i] = values[i] as number;
    return at;
  }

  /** Appends 32-bit integers and returns their byte offset. */
  integers(values: readonly number[]): number {
    const at = this.#bytes.take(4 * values.length);
    for (let i = 0; i < values.length; i++) this.#bytes.integers[at / 4 + i] = values[i] as number;
    return at;
  }

  /** Appends the table of a diagonal read-out: (value offset, column offset, weight). */
  table(rows: readonly { value: number; column: number; weight: number }[]): number {
    const bytes = this.#bytes;
    const start = bytes.take(16 * rows.length);
    rows.forEach(({ value, column, weight }, i) => {
      const at = start + 16 * i;
      bytes.integers[at / 4] = value;
      bytes.integers[at / 4 + 1] = column;
      if (this.#numerics.precision === 'f32') bytes.singles[at / 4 + 2] = weight;
      else bytes.doubles[at / 8 + 1] = weight;
    });
    return start;
  }

  get bytes(): Uint8Array {
    return this.#bytes.view();
  }
}

/** Bytes that grow, as numbers of several formats; little-endian machines only, as those of WebAssembly memories are. */
class ByteList {
  #data = new Uint8Array(1024);
  integers = new Int32Array(this.#data.buffer);
  singles = new Float32Array(this.#data.buffer);
  doubles = new Float64Array(this.#data.buffer);
  #length = 0;

  /** Takes zeros behind all others, at a multiple of 16, and returns where they are. */
  take(bytes: number): number {
    const at = Math.ceil(this.#length / 16) * 16;
    this.#length = at + bytes;
    if (this.#length > this.#data.length) {
      const larger = new Uint8Array(Math.ceil(this.#length / 8) * 16);
      larger.set(this.#data);
      this.#data = larger;
      this.integers = new Int32Array(larger.buffer);
      this.singles = new Float32Array(larger.buffer);
      this.doubles = new Float64Array(larger.buffer);
    }
    return at;
  }

  view(): Uint8Array {
    return this.#data.subarray(0, this.#length);
  }
}
