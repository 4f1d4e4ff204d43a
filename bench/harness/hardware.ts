import { compileWasm, encodeModule, FunctionBuilder, valueType, wasmFeatures } from '@ketwork/base';

/** Instructions on vectors of two doubles that a vector of the state meets between its load and its store. */
export interface InstructionMix {
  /** Fused multiply-adds, of two operations per lane. */
  readonly fused: number;
  readonly multiplications: number;
  readonly additions: number;
}

/** A loop that does nothing but what is asked, as fast as this machine's WebAssembly goes. */
export interface BoundLoop {
  /** Work to be timed. */
  readonly run: () => void;
  /** Floating-point operations, or bytes, of one call. */
  readonly amount: number;
}

const VECTORS = 8;
const CACHED_BYTES = 16384;

const { i32, v128 } = valueType;

/** Instantiates a function `run()` over memory of so many bytes. */
function instance(body: FunctionBuilder, bytes: number): () => void {
  const pages = Math.ceil(bytes / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  new Float64Array(memory.buffer).fill(1);
  const code = encodeModule({
    functions: [{ name: 'run', body }],
    memory: { minimum: pages, maximum: pages },
  });
  const { exports } = new WebAssembly.Instance(compileWasm(code), { env: { memory } });
  return exports['run'] as () => void;
}

/** Repeats `inside` with a local that goes from 0 to `bytes` in steps. */
function stepping(
  body: FunctionBuilder,
  bytes: number,
  step: number,
  inside: (at: number) => void,
): void {
  const at = body.local(i32);
  body.i32(0).set(at).loop();
  inside(at);
  body.get(at).i32(step).op('i32Add').tee(at).i32(bytes).op('i32LtU').brIf(0).op('end');
}

/** Loads eight vectors in the first-level cache, works on them independently of each other, and stores them. */
export function computeLoop({ fused, multiplications, additions }: InstructionMix): BoundLoop {
  const body = new FunctionBuilder();
  const vectors = Array.from({ length: VECTORS }, () => body.local(v128));
  // Each works towards a number near 1: nothing overflows and nothing becomes subnormal.
  const factor = body.local(v128);
  const term = body.local(v128);
  body.f64x2(0.999).set(factor).f64x2(0.001).set(term);
  const passes = 64;
  stepping(body, passes, 1, () => {
    stepping(body, CACHED_BYTES, 16 * VECTORS, (at) => {
      vectors.forEach((vector, v) =>
        body
          .get(at)
          .load(16 * v)
          .set(vector),
      );
      const each = (work: (vector: number) => void): void => vectors.forEach(work);
      const most = Math.max(fused, multiplications, additions);
      for (let i = 0; i < most; i++) {
        if (i < fused) each((v) => body.get(v).get(factor).get(term).op('f64x2RelaxedMadd').set(v));
        if (i < multiplications) each((v) => body.get(v).get(factor).op('f64x2Mul').set(v));
        if (i < additions) each((v) => body.get(v).get(term).op('f64x2Add').set(v));
      }
      vectors.forEach((vector, v) =>
        body
          .get(at)
          .get(vector)
          .store(16 * v),
      );
    });
  });
  const perVector = 2 * (2 * fused + multiplications + additions);
  return {
    run: instance(body, CACHED_BYTES),
    amount: passes * (CACHED_BYTES / 16) * perVector,
  };
}

/** Reads, changes and writes every vector of a large memory: bytes read plus bytes written. */
export function bandwidthLoop(bytes: number): BoundLoop {
  const body = new FunctionBuilder();
  stepping(body, bytes, 16 * VECTORS, (at) => {
    for (let v = 0; v < VECTORS; v++)
      body
        .get(at)
        .get(at)
        .load(16 * v)
        .op('f64x2Neg')
        .store(16 * v);
  });
  return { run: instance(body, bytes), amount: 2 * bytes };
}

/** So many operations per vector, fused where this machine has fused multiply-adds, else one product and one sum in turn. */
export function usualMix(operations: number): InstructionMix {
  const pairs = Math.max(1, Math.round(operations / 2));
  return wasmFeatures().relaxedSimd
    ? { fused: pairs, multiplications: 0, additions: 0 }
    : { fused: 0, multiplications: pairs, additions: pairs };
}
