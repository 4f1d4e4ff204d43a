/**
 * WebAssembly functions on one state: amplitudes one after the other, a vector of two doubles being the real and the
 * imaginary part of one of them. Written for matrices that are only known when they are applied.
 */
import {
  compileWasm,
  encodeModule,
  FunctionBuilder,
  instantiateWasm,
  valueType,
} from '@ketwork/base';

/** The functions. Addresses are bytes, `low` is 2^b for a qubit whose value is bit b of a basis index. */
export interface Kernels {
  /** Applies a 2 × 2 matrix (at `matrix`, 4 entries) to pairs of amplitudes whose index holds `value` under `mask`. */
  readonly apply1: (
    state: number,
    pairs: number,
    low: number,
    matrix: number,
    mask: number,
    value: number,
  ) => void;
  /** The same for a matrix of real entries. */
  readonly real1: Kernels['apply1'];
  /** Applies a 4 × 4 matrix; `first` belongs to the more significant bit of its rows. */
  readonly apply2: (
    state: number,
    quads: number,
    first: number,
    second: number,
    matrix: number,
    mask: number,
    value: number,
  ) => void;
  /** The same for a matrix of real entries. */
  readonly real2: Kernels['apply2'];
  /** Writes Σ|a₀|², Σ|a₁|² and Σ a₀ a₁* (re, im) over pairs of amplitudes to `out`. */
  readonly density: (state: number, pairs: number, low: number, out: number) => void;
}

const { i32, v128 } = valueType;
const SWAP = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];

/** Opens a gap in an index at the bit of a qubit: the bits from there on move up by one. */
function spread(f: FunctionBuilder, index: number, low: number): void {
  f.get(index).get(index).i32(0).get(low).op('i32Sub').op('i32And').op('i32Add').set(index);
}

function applyKernel(qubits: 1 | 2, real: boolean, fused: boolean): FunctionBuilder {
  const f = new FunctionBuilder(Array.from({ length: qubits + 5 }, () => i32));
  const state = 0;
  const count = 1;
  const strides = qubits === 1 ? [2] : [2, 3];
  const [matrix, mask, value] = [qubits + 2, qubits + 3, qubits + 4];
  const d = 2 ** qubits;
  const at = f.local(i32);
  const index = f.local(i32);
  const addresses = Array.from({ length: d }, () => f.local(i32));
  const same = Array.from({ length: d * d }, () => f.local(v128));
  const crossed = real ? [] : Array.from({ length: d * d }, () => f.local(v128));
  const loaded = Array.from({ length: d }, () => f.local(v128));
  const swapped = real ? [] : Array.from({ length: d }, () => f.local(v128));
  for (let e = 0; e < d * d; e++) {
    f.get(matrix)
      .loadSplat(16 * e)
      .set(same[e] as number);
    if (real) continue;
    f.get(matrix)
      .loadSplat(16 * e + 8)
      .set(crossed[e] as number);
    // (re, im) · i b = (-b im, b re)
    f.get(crossed[e] as number)
      .op('f64x2Neg')
      .get(crossed[e] as number);
    f.shuffle([0, 1, 2, 3, 4, 5, 6, 7, 24, 25, 26, 27, 28, 29, 30, 31]).set(crossed[e] as number);
  }
  // Gaps are opened from the lowest bit up.
  const lower = f.local(i32);
  const upper = f.local(i32);
  if (qubits === 2) {
    const [a, b] = [strides[0] as number, strides[1] as number];
    f.get(a).get(b).get(a).get(b).op('i32LtU').op('select').set(lower);
    f.get(b).get(a).get(a).get(b).op('i32LtU').op('select').set(upper);
  } else f.get(strides[0] as number).set(lower);
  const term = (entry: number, column: number, first: boolean): void => {
    const multiplyAdd = (x: number, y: number, start: boolean): void => {
      // The sum so far is on the stack.
      if (start) f.get(x).get(y).op('f64x2Mul');
      else if (fused) {
        f.set(sum).get(x).get(y).get(sum).op('f64x2RelaxedMadd');
      } else f.get(x).get(y).op('f64x2Mul').op('f64x2Add');
    };
    multiplyAdd(same[entry] as number, loaded[column] as number, first);
    if (!real) multiplyAdd(crossed[entry] as number, swapped[column] as number, false);
  };
  const sum = f.local(v128);
  f.block().loop();
  f.get(at).get(count).op('i32GeU').brIf(1);
  f.get(at).set(index);
  spread(f, index, lower);
  if (qubits === 2) spread(f, index, upper);
  f.get(at).i32(1).op('i32Add').set(at);
  f.get(index).get(mask).op('i32And').get(value).op('i32Ne').brIf(0);
  for (let r = 0; r < d; r++) {
    f.get(index);
    strides.forEach((stride, s) => {
      if (((r >> (qubits - 1 - s)) & 1) === 1) f.get(stride).op('i32Add');
    });
    f.i32(4)
      .op('i32Shl')
      .get(state)
      .op('i32Add')
      .tee(addresses[r] as number);
    f.load().set(loaded[r] as number);
    if (!real)
      f.get(loaded[r] as number)
        .get(loaded[r] as number)
        .shuffle(SWAP)
        .set(swapped[r] as number);
  }
  for (let r = 0; r < d; r++) {
    f.get(addresses[r] as number);
    for (let c = 0; c < d; c++) term(r * d + c, c, c === 0);
    f.store();
  }
  f.br(0).op('end').op('end');
  return f;
}

function densityKernel(fused: boolean): FunctionBuilder {
  const f = new FunctionBuilder([i32, i32, i32, i32]);
  const [state, pairs, low, out] = [0, 1, 2, 3] as const;
  const at = f.local(i32);
  const index = f.local(i32);
  const [a, b] = [f.local(v128), f.local(v128)];
  const sums = Array.from({ length: 4 }, () => f.local(v128));
  const add = (sum: number, x: number, y: number): void => {
    if (fused) f.get(x).get(y).get(sum).op('f64x2RelaxedMadd').set(sum);
    else f.get(sum).get(x).get(y).op('f64x2Mul').op('f64x2Add').set(sum);
  };
  const swapped = f.local(v128);
  f.block().loop();
  f.get(at).get(pairs).op('i32GeU').brIf(1);
  f.get(at).set(index);
  spread(f, index, low);
  f.get(at).i32(1).op('i32Add').set(at);
  f.get(index).i32(4).op('i32Shl').get(state).op('i32Add').tee(index).load().set(a);
  f.get(low).i32(4).op('i32Shl').get(index).op('i32Add').load().tee(b);
  f.get(b).shuffle(SWAP).set(swapped);
  add(sums[0] as number, a, a);
  add(sums[1] as number, b, b);
  add(sums[2] as number, a, b);
  add(sums[3] as number, a, swapped);
  f.br(0).op('end').op('end');
  const store = (offset: number, sum: number, minus: boolean): void => {
    f.get(out).get(sum).f64x2Lane(0).get(sum).f64x2Lane(1);
    if (minus) f.op('f64Neg');
    f.op('f64Add').f64Store(offset);
  };
  store(0, sums[0] as number, false);
  store(8, sums[1] as number, false);
  store(16, sums[2] as number, false);
  // a b* has the imaginary part im a · re b - re a · im b; lanes hold re a · im b and im a · re b.
  f.get(out)
    .get(sums[3] as number)
    .f64x2Lane(1)
    .get(sums[3] as number)
    .f64x2Lane(0)
    .op('f64Neg')
    .op('f64Add')
    .f64Store(24);
  return f;
}

const modules = new Map<boolean, WebAssembly.Module>();

/** Links the functions to a memory; `fused` allows products to be rounded together with the sums they enter. */
export function linkKernels(memory: WebAssembly.Memory, fused: boolean): Kernels {
  let module = modules.get(fused);
  if (module === undefined) {
    module = compileWasm(
      encodeModule({
        functions: [
          { name: 'apply1', body: applyKernel(1, false, fused) },
          { name: 'real1', body: applyKernel(1, true, fused) },
          { name: 'apply2', body: applyKernel(2, false, fused) },
          { name: 'real2', body: applyKernel(2, true, fused) },
          { name: 'density', body: densityKernel(fused) },
        ],
        memory: { minimum: 1 },
      }),
    );
    modules.set(fused, module);
  }
  const { exports } = instantiateWasm(module, { env: { memory } });
  return exports as unknown as Kernels;
}
