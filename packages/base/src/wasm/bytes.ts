/** Bytes of the WebAssembly binary format: value types and integer encodings (core specification 3.0, section 5.2). */

/** WebAssembly value types by their byte in the binary format. */
export const valueType: {
  readonly i32: 0x7f;
  readonly i64: 0x7e;
  readonly f64: 0x7c;
  readonly v128: 0x7b;
} = {
  i32: 0x7f,
  i64: 0x7e,
  f64: 0x7c,
  v128: 0x7b,
};

/** A WebAssembly value type. */
export type ValueType = (typeof valueType)[keyof typeof valueType];

/**
 * A growing list of bytes with the integer encodings of the WebAssembly binary format.
 *
 * @example
 * ```ts
 * import { ByteWriter } from '@ketwork/base';
 * console.log([...new ByteWriter().unsigned(300).bytes()]); // [172, 2]
 * ```
 */
export class ByteWriter {
  #bytes: Uint8Array = new Uint8Array(512);
  #length = 0;

  /** Number of bytes written. */
  get length(): number {
    return this.#length;
  }

  /** Appends one byte. */
  byte(value: number): this {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  /** Forgets what was written and keeps the room. */
  clear(): this {
    this.#length = 0;
    return this;
  }

  /** Appends a byte and an unsigned integer below 2^32 in LEB128, as most instructions are. */
  pair(first: number, value: number): this {
    if (value > 127 || value < 0) return this.byte(first).unsigned(value);
    const at = this.#length;
    if (at + 2 > this.#bytes.length) this.#grow(2);
    this.#bytes[at] = first;
    this.#bytes[at + 1] = value;
    this.#length = at + 2;
    return this;
  }

  /** Appends bytes as they are. */
  raw(bytes: ArrayLike<number>): this {
    const { length } = bytes;
    if (this.#length + length > this.#bytes.length) this.#grow(length);
    // Instructions are a few bytes, for which a loop is many times faster than a call of `set`.
    if (length > 32) this.#bytes.set(bytes, this.#length);
    else for (let i = 0; i < length; i++) this.#bytes[this.#length + i] = bytes[i] as number;
    this.#length += length;
    return this;
  }

  /** Appends an unsigned integer below 2^32 in LEB128. */
  unsigned(value: number): this {
    let rest = value >>> 0;
    while (rest > 127) {
      this.byte((rest & 127) | 128);
      rest >>>= 7;
    }
    return this.byte(rest);
  }

  /** Appends a signed 32-bit integer in LEB128. */
  signed(value: number): this {
    let rest = value | 0;
    for (;;) {
      const low = rest & 127;
      rest >>= 7;
      if ((rest === 0 && (low & 64) === 0) || (rest === -1 && (low & 64) !== 0))
        return this.byte(low);
      this.byte(low | 128);
    }
  }

  /** Appends an integer of up to 53 bits in LEB128, signed if so asked. */
  long(value: number, signed = false): this {
    let rest = value;
    for (;;) {
      const low = ((rest % 128) + 128) % 128;
      rest = Math.floor(rest / 128);
      const done = signed
        ? (rest === 0 && (low & 64) === 0) || (rest === -1 && (low & 64) !== 0)
        : rest === 0;
      this.byte(done ? low : low | 128);
      if (done) return this;
    }
  }

  /** Appends a length-prefixed UTF-8 name. */
  name(text: string): this {
    const bytes = new TextEncoder().encode(text);
    return this.unsigned(bytes.length).raw(bytes);
  }

  /** Appends another writer's bytes behind their length. */
  sized(content: ByteWriter): this {
    return this.unsigned(content.length).raw(content.bytes());
  }

  /** The bytes written so far (a view; copy before writing on). */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(extra: number): void {
    const larger = new Uint8Array(Math.max(this.#bytes.length * 4, this.#length + extra));
    larger.set(this.bytes());
    this.#bytes = larger;
  }
}
