import {
  EnvironmentError,
  FunctionBuilder,
  compileWasm,
  encodeModule,
  instantiateWasm,
  valueType,
  wasmFeatures,
} from '@ketwork/base';

/**
 * Turns one state in a basis of real vectors: ψ + Σ_k f_k (v_kᵀψ) v_k, with complex factors f_k. Where WebAssembly SIMD is
 * absent JavaScript adds the same numbers in the same order.
 */
export interface EvolutionKernel {
  /** For each k the numbers re f, re f, -im f, im f. */
  readonly factors: Float64Array;
  /** The coordinates v_kᵀψ of the last call, interleaved. */
  readonly coordinates: Float64Array;
  /** Reads ψ from `psi` at `from` and writes the result to `out` at `to`. Needs factors of the first `rank` vectors. */
  turn(
    vectors: Float64Array,
    rank: number,
    psi: Float64Array,
    from: number,
    out: Float64Array,
    to: number,
  ): void;
}

const kernels = new Map<number, EvolutionKernel>();

/** The kernel for states of dimension d, one per thread. */
export function evolutionKernel(d: number): EvolutionKernel {
  let kernel = kernels.get(d);
  if (kernel === undefined) {
    kernel = (wasmFeatures().simd ? fastKernel(d) : undefined) ?? plainKernel(d);
    kernels.set(d, kernel);
  }
  return kernel;
}

/** The kernel in JavaScript. */
export function plainKernel(d: number): EvolutionKernel {
  const factors = new Float64Array(4 * d);
  const coordinates = new Float64Array(2 * d);
  return {
    factors,
    coordinates,
    turn(vectors, rank, psi, from, out, to) {
      let v = 0;
      for (let k = 0; k < rank; k++) {
        let re = 0;
        let im = 0;
        for (let i = from, end = from + 2 * d; i < end; i += 2, v++) {
          re += vectors[v]! * psi[i]!;
          im += vectors[v]! * psi[i + 1]!;
        }
        coordinates[2 * k] = re;
        coordinates[2 * k + 1] = im;
      }
      for (let i = 0; i < 2 * d; i++) out[to + i] = psi[from + i]!;
      v = 0;
      for (let k = 0; k < rank; k++) {
        const [x, y] = [coordinates[2 * k]!, coordinates[2 * k + 1]!];
        const re = factors[4 * k]! * x + factors[4 * k + 2]! * y;
        const im = factors[4 * k + 1]! * y + factors[4 * k + 3]! * x;
        for (let i = to, end = to + 2 * d; i < end; i += 2, v++) {
          out[i]! += vectors[v]! * re;
          out[i + 1]! += vectors[v]! * im;
        }
      }
    },
  };
}

/** The kernel in WebAssembly, undefined where the page forbids it. */
function fastKernel(d: number): EvolutionKernel | undefined {
  const rows = 4 * Math.ceil(d / 4);
  // Bytes: states and coordinates first, then the vectors.
  const psiAt = 0;
  const outAt = psiAt + 16 * d;
  const factorsAt = outAt + 16 * d;
  const coordinatesAt = factorsAt + 32 * rows;
  const vectorsAt = coordinatesAt + 16 * rows;
  const pages = Math.ceil((vectorsAt + 8 * rows * d) / 65_536);
  const body = turnKernel({ d, psiAt, outAt, factorsAt, coordinatesAt, vectorsAt });
  const bytes = encodeModule({ functions: [{ name: 'turn', body }], memory: { minimum: pages } });
  let module: WebAssembly.Module;
  try {
    module = compileWasm(bytes);
  } catch (error) {
    if (error instanceof EnvironmentError) return undefined;
    throw error;
  }
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = instantiateWasm(module, { env: { memory } });
  const run = exports['turn'] as (blocks: number) => void;
  const view = new Float64Array(memory.buffer);
  const factors = view.subarray(factorsAt / 8, factorsAt / 8 + 4 * rows);
  return {
    factors,
    coordinates: view.subarray(coordinatesAt / 8, coordinatesAt / 8 + 2 * d),
    turn(vectors, rank, psi, from, out, to) {
      const blocks = (rank + 3) >>> 2;
      // Rows that fill up a block count 0 times; not to leave what was there before keeps even the signs of zeros.
      factors.fill(0, 4 * rank, 16 * blocks);
      view.set(vectors.length > rank * d ? vectors.subarray(0, rank * d) : vectors, vectorsAt / 8);
      view.fill(0, vectorsAt / 8 + rank * d, vectorsAt / 8 + 4 * blocks * d);
      for (let i = 0; i < 2 * d; i++) {
        const x = psi[from + i]!;
        view[psiAt / 8 + i] = x;
        view[outAt / 8 + i] = x;
      }
      if (blocks > 0) run(blocks);
      for (let i = 0; i < 2 * d; i++) out[to + i] = view[outAt / 8 + i]!;
    },
  };
}

interface Layout {
  readonly d: number;
  readonly psiAt: number;
  readonly outAt: number;
  readonly factorsAt: number;
  readonly coordinatesAt: number;
  readonly vectorsAt: number;
}

/** `turn(blocks)`: four vectors at a time, their coordinates in registers. */
function turnKernel(layout: Layout): FunctionBuilder {
  const { d, psiAt, outAt, factorsAt, coordinatesAt, vectorsAt } = layout;
  const { i32, v128 } = valueType;
  const f = new FunctionBuilder([i32]);
  const blocks = 0;
  const row = f.local(i32);
  const factor = f.local(i32);
  const i = f.local(i32);
  const v = f.local(i32);
  const x = f.local(v128);
  const sums = [0, 1, 2, 3].map(() => f.local(v128));
  const rowBytes = 8 * d;
  const advance = (local: number, bytes: number): FunctionBuilder =>
    f.get(local).i32(bytes).op('i32Add').tee(local);
  const eachAmplitude = (step: () => void): void => {
    f.i32(0).set(i).get(row).set(v);
    f.loop();
    step();
    advance(v, 8).op('drop');
    advance(i, 16)
      .i32(16 * d)
      .op('i32Ne')
      .brIf(0)
      .op('end');
  };

  f.i32(vectorsAt).set(row).i32(0).set(factor);
  f.loop();
  for (const sum of sums) f.f64x2(0).set(sum);
  eachAmplitude(() => {
    f.get(i).load(psiAt).set(x);
    sums.forEach((sum, r) => {
      f.get(sum)
        .get(v)
        .loadSplat(r * rowBytes)
        .get(x)
        .op('f64x2Mul')
        .op('f64x2Add')
        .set(sum);
    });
  });
  sums.forEach((sum, r) => {
    // Coordinates lie half as far apart as factors.
    f.get(factor)
      .i32(1)
      .op('i32ShrU')
      .get(sum)
      .store(coordinatesAt + 16 * r);
    f.get(sum)
      .get(factor)
      .load(factorsAt + 32 * r)
      .op('f64x2Mul');
    f.get(sum).get(sum).shuffle([8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7]);
    f.get(factor)
      .load(factorsAt + 32 * r + 16)
      .op('f64x2Mul')
      .op('f64x2Add')
      .set(sum);
  });
  eachAmplitude(() => {
    f.get(i).load(outAt).set(x);
    sums.forEach((sum, r) => {
      f.get(x)
        .get(v)
        .loadSplat(r * rowBytes)
        .get(sum)
        .op('f64x2Mul')
        .op('f64x2Add')
        .set(x);
    });
    f.get(i).get(x).store(outAt);
  });
  advance(row, 4 * rowBytes).op('drop');
  advance(factor, 128).op('drop');
  f.get(blocks).i32(-1).op('i32Add').tee(blocks).brIf(0).op('end');
  return f;
}
