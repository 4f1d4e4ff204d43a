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
    const single = this.#numerics.precision === 'f32';
    const array = single ? Float32Array.from(values) : Float64Array.from(values);
    return this.#bytes.append(new Uint8Array(array.buffer));
  }

  /** Appends 32-bit integers and returns their byte offset. */
  integers(values: readonly number[]): number {
    return this.#bytes.append(new Uint8Array(Int32Array.from(values).buffer));
  }

  /** Appends the table of a diagonal read-out: (value offset, column offset, weight). */
  table(rows: readonly { value: number; column: number; weight: number }[]): number {
    const bytes = new DataView(new ArrayBuffer(16 * rows.length));
    rows.forEach(({ value, column, weight }, i) => {
      bytes.setInt32(16 * i, value, true);
      bytes.setInt32(16 * i + 4, column, true);
      if (this.#numerics.precision === 'f32') bytes.setFloat32(16 * i + 8, weight, true);
      else bytes.setFloat64(16 * i + 8, weight, true);
    });
    return this.#bytes.append(new Uint8Array(bytes.buffer));
  }

  get bytes(): Uint8Array {
    return this.#bytes.view();
  }
}

class ByteList {
  #data: Uint8Array = new Uint8Array(256);
  #length = 0;

  append(bytes: Uint8Array): number {
    const at = Math.ceil(this.#length / 16) * 16;
    if (at + bytes.length > this.#data.length) {
      const larger = new Uint8Array(2 * (at + bytes.length));
      larger.set(this.#data);
      this.#data = larger;
    }
    this.#data.set(bytes, at);
    this.#length = at + bytes.length;
    return at;
  }

  view(): Uint8Array {
    return this.#data.subarray(0, this.#length);
  }
}
