import { FunctionBuilder, instruction, valueType, wasmFeatures } from '@ketwork/base';
import type { ValueType } from '@ketwork/base';

/** How an engine computes. */
export interface Numerics {
  /** Format of amplitudes and of what is computed from them. */
  readonly precision: 'f64' | 'f32';
  /**
   * Whether products may be rounded together with the sum they enter, by the relaxed multiply-add of WebAssembly. More
   * exact and faster, by 5 % on three strongly entangling layers of 6 to 12 qubits (values and gradients, V8 13) and by 10 %
   * of 4; but the last bits then depend on the machine: one without the instruction rounds twice.
   */
  readonly fused: boolean;
}

/** Rounds every operation on its own: the same bits everywhere. */
export const exactRounding: Numerics = { precision: 'f64', fused: false };

/** How an engine with these options computes on this machine. */
export const numericsOf = ({
  precision = 'f64',
  reproducible = false,
}: {
  readonly precision?: Numerics['precision'];
  readonly reproducible?: boolean;
}): Numerics => ({ precision, fused: wasmFeatures().relaxedSimd && !reproducible });

/** What tells code for one way of computing from that for another. */
export const numericsId = ({ precision, fused }: Numerics): string =>
  `${precision}${fused ? ' fused' : ''}`;

/** Numbers in memory, in the format of amplitudes. */
export type NumberArray = Float64Array | Float32Array;

/** Bytes of a number. */
export const bytesOf = ({ precision }: Pick<Numerics, 'precision'>): 8 | 4 =>
  precision === 'f64' ? 8 : 4;

/** Numbers in a vector: so many examples are worked on together. */
export const lanesOf = ({ precision }: Numerics): 2 | 4 => (precision === 'f64' ? 2 : 4);

/**
 * Qubits whose values are the lanes where a vector belongs to one example: the last one, or the last two, of which the
 * last is the lowest bit of a lane's number.
 */
export const laneQubitsOf = ({ precision }: Numerics): 1 | 2 => (precision === 'f64' ? 1 : 2);

const instructions = {
  f64: {
    add: instruction('f64x2Add'),
    sub: instruction('f64x2Sub'),
    mul: instruction('f64x2Mul'),
    div: instruction('f64x2Div'),
    neg: instruction('f64x2Neg'),
    abs: instruction('f64x2Abs'),
    greater: instruction('f64x2Gt'),
    plus: instruction('f64x2RelaxedMadd'),
    minus: instruction('f64x2RelaxedNmadd'),
  },
  f32: {
    add: instruction('f32x4Add'),
    sub: instruction('f32x4Sub'),
    mul: instruction('f32x4Mul'),
    div: instruction('f32x4Div'),
    neg: instruction('f32x4Neg'),
    abs: instruction('f32x4Abs'),
    greater: instruction('f32x4Gt'),
    plus: instruction('f32x4RelaxedMadd'),
    minus: instruction('f32x4RelaxedNmadd'),
  },
} as const;

/** A function that computes with vectors of amplitudes: the one place that knows which instructions that takes. */
export class VectorCode extends FunctionBuilder {
  readonly numerics: Numerics;
  readonly #ops: (typeof instructions)[Numerics['precision']];
  /** Bytes of a number. */
  readonly bytes: 8 | 4;
  #sum = -1;

  constructor(
    numerics: Numerics,
    parameters: readonly ValueType[] = [],
    results: readonly ValueType[] = [],
  ) {
    super(parameters, results);
    this.numerics = numerics;
    this.#ops = instructions[numerics.precision];
    this.bytes = bytesOf(numerics);
  }

  /** Pushes a vector with the same number in all lanes. */
  vector(value: number): this {
    return this.numerics.precision === 'f64' ? this.f64x2(value) : this.f32x4(value);
  }

  /** Loads a number into all lanes. */
  override loadSplat(offset = 0): this {
    return this.numerics.precision === 'f64' ? super.loadSplat(offset) : this.loadSplat32(offset);
  }

  /** Makes the lowest bit of the popped integer the sign bit of all lanes. */
  sign(): this {
    if (this.numerics.precision === 'f32') return this.i32(31).op('i32Shl').op('i32x4Splat');
    return this.op('i64ExtendI32U').i64(63).op('i64Shl').op('i64x2Splat');
  }

  /** Adds the two popped vectors. */
  add(): this {
    return this.append(this.#ops.add);
  }

  /** Subtracts the vector on top from the one below. */
  sub(): this {
    return this.append(this.#ops.sub);
  }

  /** Multiplies the two popped vectors. */
  mul(): this {
    return this.append(this.#ops.mul);
  }

  /** Divides the vector below by the one on top. */
  div(): this {
    return this.append(this.#ops.div);
  }

  /** Takes the absolute values of the popped vector. */
  abs(): this {
    return this.append(this.#ops.abs);
  }

  /** All bits set in the lanes where the vector below is greater than the one on top. */
  greater(): this {
    return this.append(this.#ops.greater);
  }

  /** Changes the sign of the popped vector. */
  neg(): this {
    return this.append(this.#ops.neg);
  }

  /** Adds the product of two locals to the popped vector, or subtracts it. */
  addProductOf(a: number, b: number, negative: boolean): this {
    if (!this.numerics.fused) {
      this.get(a).get(b).mul();
      return negative ? this.sub() : this.add();
    }
    if (this.#sum < 0) this.#sum = this.local(valueType.v128);
    // The instruction wants the sum on top. Locals cost nothing once compiled.
    this.set(this.#sum).get(a).get(b);
    return this.get(this.#sum).append(negative ? this.#ops.minus : this.#ops.plus);
  }

  /** Adds the product of a number in memory, behind the address in a local, and a local to the popped vector, or subtracts it. */
  addProductAt(pointer: number, offset: number, b: number, negative: boolean): this {
    if (!this.numerics.fused) {
      this.get(pointer).loadSplat(offset).get(b).mul();
      return negative ? this.sub() : this.add();
    }
    if (this.#sum < 0) this.#sum = this.local(valueType.v128);
    this.set(this.#sum).get(pointer).loadSplat(offset).get(b);
    return this.get(this.#sum).append(negative ? this.#ops.minus : this.#ops.plus);
  }

  /**
   * Adds a product to the popped vector, or subtracts it.
   *
   * @param factors pushes two vectors
   */
  addProduct(factors: () => unknown, negative = false): this {
    if (!this.numerics.fused) {
      factors();
      return negative ? this.mul().sub() : this.mul().add();
    }
    if (this.#sum < 0) this.#sum = this.local(valueType.v128);
    this.set(this.#sum);
    factors();
    return this.get(this.#sum).append(negative ? this.#ops.minus : this.#ops.plus);
  }
}
