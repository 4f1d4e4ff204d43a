/**
 * The same function for a memory of more than 4 GiB: every 32-bit integer of the encoder's functions is an address, an
 * offset or a count, so all of them become 64-bit ones. Only what decides a branch stays as it is.
 */
import { ByteWriter, valueType } from './bytes.ts';
import type { ValueType } from './bytes.ts';
import type { Widen, WrittenFunction } from './encoder.ts';

/** What lies on the stack: a former 32-bit integer, a condition, which stays one, or something else. */
type Operand = 'address' | 'condition' | 'other';

/** 32-bit instructions by their 64-bit counterparts: what adds up and shifts, and what compares. */
const arithmetic = new Map([
  [0x6a, 0x7c], // add
  [0x6b, 0x7d], // sub
  [0x6c, 0x7e], // mul
  [0x71, 0x83], // and
  [0x72, 0x84], // or
  [0x73, 0x85], // xor
  [0x74, 0x86], // shl
  [0x76, 0x88], // shr_u
]);
const counting = new Map([
  [0x68, 0x7a], // ctz
  [0x69, 0x7b], // popcnt
]);
const comparison = new Map([
  [0x46, 0x51], // eq
  [0x47, 0x52], // ne
  [0x49, 0x54], // lt_u
  [0x4f, 0x5a], // ge_u
]);
/** Vector instructions with one operand; most take two. */
const unaryVector = new Set([77, 94, 95, 0x94, 0xe1, 0xed]);
const ternaryVector = new Set([82, 0x105, 0x106, 0x107, 0x108]);

const EXTEND = 0xad;
const WRAP = 0xa7;

class Widener {
  readonly #in: Uint8Array;
  readonly #large: ReadonlyMap<number, number>;
  readonly #types: ValueType[];
  readonly #functions: Parameters<Widen>[1];
  readonly out = new ByteWriter();
  readonly #stack: Operand[] = [];
  readonly #heights: number[] = [];
  #at = 0;
  /** An additional local, where one is needed. */
  spare = false;

  constructor(written: WrittenFunction, functions: Parameters<Widen>[1]) {
    this.#in = written.code;
    this.#large = written.large;
    this.#types = [...written.parameters, ...written.locals];
    this.#functions = functions;
  }

  run(): void {
    while (this.#at < this.#in.length) this.#instruction(this.#byte());
  }

  #byte(): number {
    return this.#in[this.#at++] as number;
  }

  #unsigned(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }

  #signed(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      scale *= 128;
      if (byte < 128) return (byte & 64) === 0 ? value : value - scale;
    }
  }

  #push(operand: Operand): void {
    this.#stack.push(operand);
  }

  #pop(): Operand {
    const operand = this.#stack.pop();
    if (operand === undefined) throw new Error('the stack is empty');
    return operand;
  }

  /** Pops a number that must be an address. */
  #popAddress(): void {
    if (this.#pop() === 'condition') this.out.byte(EXTEND);
  }

  /** Pops what decides a branch. */
  #popCondition(): void {
    // Not zero.
    if (this.#pop() === 'address') this.out.raw([0x42, 0, 0x52]);
  }

  /** Pops an address that an instruction wants as a 32-bit integer. */
  #popNarrow(): void {
    if (this.#pop() === 'address') this.out.byte(WRAP);
  }

  /** Alignment and offset of a memory instruction. */
  #memory(): void {
    this.out.byte(this.#byte());
    const at = this.#at;
    const offset = this.#unsigned();
    this.out.long(this.#large.get(at) ?? offset);
  }

  #local(): number {
    const index = this.#unsigned();
    this.out.unsigned(index);
    return index;
  }

  #operandOf(type: ValueType): Operand {
    return type === valueType.i32 ? 'address' : 'other';
  }

  #instruction(code: number): void {
    const { out } = this;
    const wide = arithmetic.get(code) ?? counting.get(code) ?? comparison.get(code);
    if (wide !== undefined) {
      this.#popAddress();
      if (!counting.has(code) && this.#pop() === 'condition')
        throw new Error('a condition lies below another operand');
      out.byte(wide);
      this.#push(comparison.has(code) ? 'condition' : 'address');
      return;
    }
    switch (code) {
      case 0x02: // block
      case 0x03: // loop
        out.byte(code).byte(this.#byte());
        this.#heights.push(this.#stack.length);
        return;
      case 0x04: // if
        this.#popCondition();
        out.byte(code).byte(this.#byte());
        this.#heights.push(this.#stack.length);
        return;
      case 0x05: // else
        out.byte(code);
        this.#stack.length = this.#heights.at(-1) as number;
        return;
      case 0x0b: // end
        out.byte(code);
        this.#stack.length = this.#heights.pop() as number;
        return;
      case 0x0c: // br
        out.byte(code).unsigned(this.#unsigned());
        return;
      case 0x0d: // br_if
        this.#popCondition();
        out.byte(code).unsigned(this.#unsigned());
        return;
      case 0x0f: // return
        out.byte(code);
        return;
      case 0x10: {
        const index = this.#unsigned();
        const { parameters, results } = this.#functions(index);
        for (const _ of parameters) this.#pop();
        for (const type of results) this.#push(this.#operandOf(type));
        out.byte(code).unsigned(index);
        return;
      }
      case 0x1a: // drop
        this.#pop();
        out.byte(code);
        return;
      case 0x1b: // select
        this.#popCondition();
        this.#pop();
        out.byte(code);
        return;
      case 0x20: // local.get
        out.byte(code);
        this.#push(this.#operandOf(this.#types[this.#local()] as ValueType));
        return;
      case 0x21: // local.set
      case 0x22: // local.tee
        if (this.#stack.at(-1) === 'condition') {
          out.byte(EXTEND);
          this.#stack[this.#stack.length - 1] = 'address';
        }
        out.byte(code);
        this.#local();
        if (code === 0x21) this.#pop();
        return;
      case 0x28: // i32.load becomes i64.load32_u
        this.#popAddress();
        out.byte(0x35);
        this.#memory();
        this.#push('address');
        return;
      case 0x2b: // f64.load
        this.#popAddress();
        out.byte(code);
        this.#memory();
        this.#push('other');
        return;
      case 0x36: // i32.store becomes i64.store32
        this.#pop();
        this.#pop();
        out.byte(0x3e);
        this.#memory();
        return;
      case 0x39: // f64.store
        this.#pop();
        this.#pop();
        out.byte(code);
        this.#memory();
        return;
      case 0x41: {
        const at = this.#at;
        const value = this.#signed();
        out.byte(0x42).long(this.#large.get(at) ?? value, true);
        this.#push('address');
        return;
      }
      case 0x42: // i64.const
        out.byte(code).long(this.#signed(), true);
        this.#push('other');
        return;
      case 0x44: // f64.const
        out.byte(code).raw(this.#take(8));
        this.#push('other');
        return;
      case 0x45: // eqz
        out.byte(this.#pop() === 'condition' ? 0x45 : 0x50);
        this.#push('condition');
        return;
      case EXTEND:
        if (this.#pop() === 'condition') out.byte(EXTEND);
        this.#push('other');
        return;
      case 0x9a: // f64.neg
        out.byte(code);
        return;
      case 0x7e: // i64 and f64 with two operands
      case 0x84:
      case 0x86:
      case 0x88:
      case 0xa0:
      case 0xa2:
        this.#pop();
        out.byte(code);
        return;
      case 0xfc:
        this.#bulk();
        return;
      case 0xfd:
        this.#vector();
        return;
      default:
        throw new Error(`instruction 0x${code.toString(16)} cannot be widened`);
    }
  }

  #take(count: number): Uint8Array {
    this.#at += count;
    return this.#in.subarray(this.#at - count, this.#at);
  }

  #bulk(): void {
    const kind = this.#unsigned();
    for (let i = 0; i < 3; i++) this.#pop();
    if (kind === 11) {
      // The byte below the length stays a 32-bit integer.
      const spare = this.#types.length;
      this.spare = true;
      this.out.byte(0x21).unsigned(spare).byte(WRAP).byte(0x20).unsigned(spare);
      this.out.raw([0xfc, 11]).raw(this.#take(1));
    } else this.out.raw([0xfc, kind]).raw(this.#take(2));
  }

  #vector(): void {
    const { out } = this;
    const kind = this.#unsigned();
    const code = (): ByteWriter => out.byte(0xfd).unsigned(kind);
    if (kind === 0 || kind === 9 || kind === 10) {
      this.#popAddress();
      code();
      this.#memory();
      this.#push('other');
    } else if (kind === 11) {
      this.#pop();
      this.#pop();
      code();
      this.#memory();
    } else if (kind === 12) {
      code().raw(this.#take(16));
      this.#push('other');
    } else if (kind === 13) {
      code().raw(this.#take(16));
      this.#pop();
    } else if (kind === 33) code().raw(this.#take(1));
    else if (kind === 17) {
      this.#popNarrow();
      code();
      this.#push('other');
    } else if (kind === 18 || kind === 20) code();
    else if (kind === 0xab || kind === 0xcb) {
      this.#popNarrow();
      code();
    } else {
      const operands = unaryVector.has(kind) ? 1 : ternaryVector.has(kind) ? 3 : 2;
      for (let i = 1; i < operands; i++) this.#pop();
      code();
    }
  }
}

/**
 * Encodes a function for a memory with 64-bit addresses: give it to `encodeModule` as `memory.widen`.
 *
 * @example
 * ```ts
 * import { encodeModule, FunctionBuilder, valueType, widen } from '@ketwork/base';
 * const { i32 } = valueType;
 * const add = new FunctionBuilder([i32, i32], [i32]).get(0).get(1).op('i32Add');
 * const bytes = encodeModule({ functions: [{ name: 'add', body: add }], memory: { minimum: 1, widen } });
 * console.log(WebAssembly.validate(bytes)); // true
 * ```
 */
export const widen: Widen = (written, functions, into) => {
  const widener = new Widener(written, functions);
  widener.run();
  const types = written.locals.map((type) => (type === valueType.i32 ? valueType.i64 : type));
  if (widener.spare) types.push(valueType.i64);
  const body = new ByteWriter().unsigned(types.length);
  for (const type of types) body.unsigned(1).byte(type);
  into.sized(body.raw(widener.out.bytes()).byte(0x0b));
};
