/**
 * A small WebAssembly encoder: enough of the core, SIMD and bulk-memory instructions to generate numeric kernels
 * at run time, so that the library ships no binary asset. Instruction codes: WebAssembly core specification 3.0, section 5.4.
 */

import { ByteWriter, valueType } from './bytes.ts';
import type { ValueType } from './bytes.ts';
import { code, plain } from './instructions.ts';
import type { PlainInstruction } from './instructions.ts';

const doubleBytes = (value: number): Uint8Array => new Uint8Array(new Float64Array([value]).buffer);

/**
 * The body of one function, written instruction by instruction in stack order.
 *
 * @example
 * ```ts
 * import { FunctionBuilder, encodeModule, valueType } from '@ketwork/base';
 * const { i32 } = valueType;
 * const add = new FunctionBuilder([i32, i32], [i32]);
 * add.get(0).get(1).op('i32Add');
 * const bytes = encodeModule({ functions: [{ name: 'add', body: add }] });
 * const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
 * console.log((exports['add'] as (a: number, b: number) => number)(2, 3)); // 5
 * ```
 */
export class FunctionBuilder {
  /** Types of the parameters, which are the first locals. */
  readonly parameters: readonly ValueType[];
  /** Types of the results. */
  readonly results: readonly ValueType[];
  readonly #locals: ValueType[] = [];
  readonly #code = new ByteWriter();
  /** Where calls name functions: the bytes before and behind the index. */
  readonly #calls: { readonly index: number; readonly from: number; readonly to: number }[] = [];

  /** Constants and offsets that take more than 32 bits, which only a memory with 64-bit addresses knows. */
  readonly #large = new Map<number, number>();

  constructor(parameters: readonly ValueType[] = [], results: readonly ValueType[] = []) {
    this.parameters = parameters;
    this.results = results;
  }

  /** Declares a local variable and returns its index. */
  local(type: ValueType): number {
    return this.parameters.length + this.#locals.push(type) - 1;
  }

  /** Appends an instruction without immediate operands. */
  op(name: PlainInstruction): this {
    this.#code.raw(plain[name]);
    return this;
  }

  /** Appends an instruction without immediate operands by its bytes, which need not be looked up again. */
  append(bytes: readonly number[]): this {
    this.#code.raw(bytes);
    return this;
  }

  /** Pushes a local. */
  get(local: number): this {
    this.#code.pair(0x20, local);
    return this;
  }

  /** Pops into a local. */
  set(local: number): this {
    this.#code.pair(0x21, local);
    return this;
  }

  /** Copies the top of the stack into a local. */
  tee(local: number): this {
    this.#code.pair(0x22, local);
    return this;
  }

  /** Pushes a 32-bit integer constant; a larger one where the function is encoded for 64-bit addresses. */
  i32(value: number): this {
    this.#code.byte(0x41);
    if (value > 0x7fffffff) this.#large.set(this.#code.length, value);
    this.#code.signed(value);
    return this;
  }

  /** Pushes a 64-bit integer constant that fits 32 bits. */
  i64(value: number): this {
    this.#code.byte(0x42).signed(value);
    return this;
  }

  /** Pushes a double constant. */
  f64(value: number): this {
    this.#code.byte(0x44).raw(doubleBytes(value));
    return this;
  }

  /** Pushes a vector with both lanes equal to a double constant. */
  f64x2(value: number): this {
    const bytes = doubleBytes(value);
    this.#code.raw(code.vector).raw(bytes).raw(bytes);
    return this;
  }

  /** Pushes a vector with all four lanes equal to a number, rounded to single precision. */
  f32x4(value: number): this {
    const bytes = new Uint8Array(new Float32Array(4).fill(value).buffer);
    this.#code.raw(code.vector).raw(bytes);
    return this;
  }

  /** Opens a block; a branch to it leaves it. */
  block(): this {
    this.#code.raw(code.block);
    return this;
  }

  /** Opens a loop; a branch to it starts the next round. */
  loop(): this {
    this.#code.raw(code.loop);
    return this;
  }

  /** Opens a conditional block. */
  if(): this {
    this.#code.raw(code.if);
    return this;
  }

  /** Branches to the `depth`-th enclosing block or loop. */
  br(depth: number): this {
    this.#code.byte(0x0c).unsigned(depth);
    return this;
  }

  /** Branches if the popped integer is not zero. */
  brIf(depth: number): this {
    this.#code.byte(0x0d).unsigned(depth);
    return this;
  }

  /** Calls the function with this index in the module. */
  call(index: number): this {
    const from = this.#code.byte(0x10).length;
    this.#calls.push({ index, from, to: this.#code.unsigned(index).length });
    return this;
  }

  /** Bytes of its instructions. */
  get codeLength(): number {
    return this.#code.length;
  }

  /** Indices of the functions it calls, one per call. */
  get calls(): readonly number[] {
    return this.#calls.map(({ index }) => index);
  }

  /** Loads a 32-bit integer from the popped address plus `offset` bytes. */
  i32Load(offset = 0): this {
    return this.#memory(code.i32Load, offset);
  }

  /** Loads a double. */
  f64Load(offset = 0): this {
    return this.#memory(code.f64Load, offset);
  }

  /** Stores a 32-bit integer. */
  i32Store(offset = 0): this {
    return this.#memory(code.i32Store, offset);
  }

  /** Stores a double. */
  f64Store(offset = 0): this {
    return this.#memory(code.f64Store, offset);
  }

  /** Loads a vector. */
  load(offset = 0): this {
    return this.#memory(code.load, offset);
  }

  /** Loads a double into both lanes. */
  loadSplat(offset = 0): this {
    return this.#memory(code.loadSplat, offset);
  }

  /** Loads a number of single precision into all four lanes. */
  loadSplat32(offset = 0): this {
    return this.#memory(code.loadSplat32, offset);
  }

  /** Stores a vector. */
  store(offset = 0): this {
    return this.#memory(code.store, offset);
  }

  /** Picks 16 bytes out of two vectors. */
  shuffle(lanes: readonly number[]): this {
    this.#code.raw(code.shuffle).raw(lanes);
    return this;
  }

  /** Takes one lane of a vector of two doubles. */
  f64x2Lane(lane: 0 | 1): this {
    this.#code.raw([0xfd, 33, lane]);
    return this;
  }

  #memory(bytes: readonly number[], offset: number): this {
    this.#code.raw(bytes);
    if (offset > 0xffffffff) this.#large.set(this.#code.length, offset);
    this.#code.unsigned(offset);
    return this;
  }

  /** Fills memory: pops destination, byte value and length. */
  memoryFill(): this {
    this.#code.raw([0xfc, 11, 0]);
    return this;
  }

  /** Copies memory: pops destination, source and length. */
  memoryCopy(): this {
    this.#code.raw([0xfc, 10, 0, 0]);
    return this;
  }

  /** What was written so far, for whoever encodes it in another way. */
  get written(): WrittenFunction {
    const { parameters, results } = this;
    return {
      parameters,
      results,
      locals: this.#locals,
      code: this.#code.bytes(),
      large: this.#large,
    };
  }

  /**
   * Appends this function to a code section.
   *
   * @param rename gives the indices that the functions it calls have in the module, where they are others than written
   */
  encode(into: ByteWriter, rename?: (index: number) => number): void {
    const locals = this.#locals;
    let runs = 0;
    for (let i = 0; i < locals.length; i++) if (i === 0 || locals[i] !== locals[i - 1]) runs++;
    const body = scratch.clear().unsigned(runs);
    for (let from = 0, to = 0; from < locals.length; from = to) {
      const type = locals[from] as ValueType;
      while (locals[to] === type) to++;
      body.unsigned(to - from).byte(type);
    }
    const written = this.#code.bytes();
    let at = 0;
    if (rename !== undefined) {
      for (const { index, from, to } of this.#calls) {
        body.raw(written.subarray(at, from)).unsigned(rename(index));
        at = to;
      }
    }
    body.raw(at === 0 ? written : written.subarray(at)).byte(0x0b);
    into.sized(body);
  }
}

/** Where the body of a function is put together; it is copied at once. */
const scratch = new ByteWriter();

/** A function as a {@link FunctionBuilder} wrote it. */
export interface WrittenFunction {
  /** Types of the parameters. */
  readonly parameters: readonly ValueType[];
  /** Types of the results. */
  readonly results: readonly ValueType[];
  /** Types of the local variables behind the parameters. */
  readonly locals: readonly ValueType[];
  /** Instructions, without the last `end`. */
  readonly code: Uint8Array;
  /** Constants and offsets that do not fit 32 bits, by the position in the code where they stand. */
  readonly large: ReadonlyMap<number, number>;
}

/** Appends a function for a memory with 64-bit addresses; `functions` are those it calls, by index. */
export type Widen = (
  written: WrittenFunction,
  functions: (index: number) => Pick<WrittenFunction, 'parameters' | 'results'>,
  into: ByteWriter,
) => void;

/** What {@link encodeModule} puts into a module. */
export interface ModuleParts {
  /** Functions in index order; those with a name are exported. */
  readonly functions: readonly { readonly name?: string; readonly body: FunctionBuilder }[];
  /** Functions of other modules, numbered before the module's own; `body` gives their parameters and results. */
  readonly imports?: readonly {
    readonly module: string;
    readonly name: string;
    readonly body: FunctionBuilder;
  }[];
  /** The index in the module of the function that calls name by this index; as written by default. */
  readonly rename?: (index: number) => number;
  /** Import `env.memory`, of at least this many 64 KiB pages; no memory when absent. */
  readonly memory?: {
    readonly minimum: number;
    readonly maximum?: number;
    readonly shared?: boolean;
    /**
     * For 64-bit addresses (memory64 of WebAssembly 3.0), give `widen`: all 32-bit integers become 64-bit ones, those of
     * parameters too.
     */
    readonly widen?: Widen;
  };
}

/**
 * Encodes a module. The same parts give the same bytes, so that bytes can key a cache.
 *
 * @returns The module's bytes, for `new WebAssembly.Module(bytes)`.
 * @example
 * ```ts
 * import { FunctionBuilder, encodeModule, valueType } from '@ketwork/base';
 * const one = new FunctionBuilder([], [valueType.f64]).f64(1);
 * console.log(WebAssembly.validate(encodeModule({ functions: [{ name: 'one', body: one }] }))); // true
 * ```
 */
export function encodeModule(parts: ModuleParts): Uint8Array<ArrayBuffer> {
  const { functions, memory, imports = [], rename } = parts;
  const widen = memory?.widen;
  const typeIn = (type: ValueType): ValueType =>
    widen !== undefined && type === valueType.i32 ? valueType.i64 : type;
  const signatures = new Map<string, number>();
  const types: FunctionBuilder[] = [];
  const typeOf = [...imports, ...functions].map(({ body }) => {
    const signature = `${body.parameters.join()}:${body.results.join()}`;
    let type = signatures.get(signature);
    if (type === undefined) {
      type = types.push(body) - 1;
      signatures.set(signature, type);
    }
    return type;
  });
  const out = new ByteWriter().raw([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const section = (id: number, fill: (content: ByteWriter) => void): void => {
    const content = new ByteWriter();
    fill(content);
    out.byte(id).sized(content);
  };
  section(1, (s) => {
    s.unsigned(types.length);
    for (const { parameters, results } of types) {
      s.byte(0x60)
        .unsigned(parameters.length)
        .raw(parameters.map(typeIn))
        .unsigned(results.length)
        .raw(results.map(typeIn));
    }
  });
  if (memory !== undefined || imports.length > 0) {
    section(2, (s) => {
      s.unsigned(imports.length + (memory === undefined ? 0 : 1));
      if (memory !== undefined) {
        s.name('env').name('memory').byte(2);
        const limited = memory.maximum === undefined ? 0 : 1;
        s.byte(limited | (memory.shared === true ? 2 : 0) | (widen === undefined ? 0 : 4));
        s.unsigned(memory.minimum);
        if (memory.maximum !== undefined) s.unsigned(memory.maximum);
      }
      imports.forEach(({ module, name }, i) =>
        s
          .name(module)
          .name(name)
          .byte(0)
          .unsigned(typeOf[i] as number),
      );
    });
  }
  section(3, (s) => {
    s.unsigned(functions.length);
    for (const type of typeOf.slice(imports.length)) s.unsigned(type);
  });
  section(7, (s) => {
    const exported = functions
      .map(({ name }, index) => ({ name, index }))
      .filter((f) => f.name !== undefined);
    s.unsigned(exported.length);
    for (const { name, index } of exported)
      s.name(name ?? '')
        .byte(0)
        .unsigned(imports.length + index);
  });
  section(10, (s) => {
    s.unsigned(functions.length);
    const all = [...imports, ...functions];
    for (const { body } of functions) {
      if (widen === undefined) body.encode(s, rename);
      else widen(body.written, (index) => (all[index] as { body: FunctionBuilder }).body, s);
    }
  });
  return out.bytes().slice();
}
