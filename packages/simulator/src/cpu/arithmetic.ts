import { FunctionBuilder, valueType, wasmFeatures } from '@ketwork/base';
import type { ValueType } from '@ketwork/base';

/** How an engine computes. */
export interface Numerics {
  /**
   * Whether products may be rounded together with the sum they enter, by the relaxed multiply-add of WebAssembly. Faster
   * and a little more exact, but the last bits then depend on the machine: one without the instruction rounds twice.
   */
  readonly fused: boolean;
}

/** Rounds every operation on its own: the same bits everywhere. */
export const exactRounding: Numerics = { fused: false };

/** How an engine with these options computes on this machine. */
export const numericsOf = ({
  reproducible = false,
}: {
  readonly reproducible?: boolean;
}): Numerics => ({
  fused: wasmFeatures().relaxedSimd && !reproducible,
});

/** What tells code for one way of computing from that for another. */
export const numericsId = ({ fused }: Numerics): string => (fused ? 'fused' : 'plain');

/** A function that computes with vectors of amplitudes: the one place that knows which instructions that takes. */
export class VectorCode extends FunctionBuilder {
  readonly numerics: Numerics;
  #sum = -1;

  constructor(
    numerics: Numerics,
    parameters: readonly ValueType[] = [],
    results: readonly ValueType[] = [],
  ) {
    super(parameters, results);
    this.numerics = numerics;
  }

  /** Pushes a vector with the same number in all lanes. */
  vector(value: number): this {
    return this.f64x2(value);
  }

  /** Adds the two popped vectors. */
  add(): this {
    return this.op('f64x2Add');
  }

  /** Subtracts the vector on top from the one below. */
  sub(): this {
    return this.op('f64x2Sub');
  }

  /** Multiplies the two popped vectors. */
  mul(): this {
    return this.op('f64x2Mul');
  }

  /** Changes the sign of the popped vector. */
  neg(): this {
    return this.op('f64x2Neg');
  }

  /**
   * Adds a product to the popped vector, or subtracts it.
   *
   * @param factors pushes two vectors
   */
  addProduct(factors: () => unknown, negative = false): this {
    if (!this.numerics.fused) {
      factors();
      return this.mul().op(negative ? 'f64x2Sub' : 'f64x2Add');
    }
    if (this.#sum < 0) this.#sum = this.local(valueType.v128);
    // The instruction wants the sum on top. Locals cost nothing once compiled.
    this.set(this.#sum);
    factors();
    return this.get(this.#sum).op(negative ? 'f64x2RelaxedNmadd' : 'f64x2RelaxedMadd');
  }
}
