import { FunctionBuilder, compileWasm, encodeModule, valueType } from '@ketwork/base';

/** Words that the kernel has room for: few enough for one call of `crypto.getRandomValues`. */
export const WORDS = 4096;
const OUT_AT = 4 * WORDS;
const CONSTANTS_AT = OUT_AT + 4 * WORDS;

/** Functions from random words to random numbers, in a memory of their own. */
export interface NoiseKernel {
  /** Random words, for others to fill. */
  readonly words: Uint32Array<ArrayBuffer>;
  /** What the functions make of them. */
  readonly numbers: Float64Array;
  /** Makes normal numbers of the words from `first` on, 8 for each. */
  readonly normal: (first: number, count: number) => void;
  /** Makes pairs of numbers of the exponential distribution of mean 1, 4 words for each pair. */
  readonly exponential: (first: number, pairs: number) => void;
}

let module: WebAssembly.Module | undefined;

/** Loads the kernel. @throws EnvironmentError or RangeError where it cannot be had. */
export function loadNoiseKernel(): NoiseKernel {
  module ??= compileWasm(
    encodeModule({
      functions: [
        { name: 'normal', body: normalBody() },
        { name: 'exponential', body: exponentialBody() },
      ],
      memory: { minimum: 1 },
    }),
  );
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const { normal, exponential } = exports as unknown as Pick<NoiseKernel, 'normal' | 'exponential'>;
  new Float64Array(memory.buffer, CONSTANTS_AT).set(constants);
  return {
    words: new Uint32Array(memory.buffer, 0, WORDS),
    numbers: new Float64Array(memory.buffer, OUT_AT, WORDS / 2),
    normal,
    exponential,
  };
}

// Bits of doubles: integers below 2^52 are those of subnormal numbers.
const LOWER_WORD = (2 ** 32 - 1) * Number.MIN_VALUE;
const MANTISSA = (2 ** 52 - 1) * Number.MIN_VALUE;

/** Coefficients of the polynomial of the logarithm, the last one first: those of `elementary.log`. */
const LOGARITHM = [
  0.1310072138350349, 0.13267418596474884, 0.15386290534658992, 0.181817947008978,
  0.2222222240054776, 0.2857142857076445, 0.4000000000000094, 0.6666666666666666,
] as const;

/** Coefficients of `sin(2πx) / x` in powers of x², the last one first; for |x| up to ¼ the next one is below rounding. */
const SINE: readonly number[] = Array.from({ length: 11 }, (_, k) => {
  let coefficient = 2 * Math.PI;
  for (let i = 1; i <= k; i++) coefficient *= -((2 * Math.PI) ** 2) / (2 * i * (2 * i + 1));
  return coefficient;
}).reverse();

type Vector = number;

/** Keeps constants in memory: V8 takes several instructions to make a vector of one in the code, and does so in every round. */
class KernelBuilder extends FunctionBuilder {
  override f64x2(value: number): this {
    let at = constants.indexOf(value);
    if (at < 0) at = constants.push(value) - 1;
    return this.i32(0).loadSplat(CONSTANTS_AT + 8 * at);
  }
}

const constants: number[] = [];

/** A function (first, count) that makes numbers of words; `round` writes the instructions of one round of the loop. */
function loopOver(
  bytesIn: number,
  bytesOut: number,
  round: (f: FunctionBuilder, from: number, to: number) => void,
): FunctionBuilder {
  const { i32 } = valueType;
  const f = new KernelBuilder([i32, i32]);
  const [from, end, to] = [0, 1, f.local(i32)];
  f.get(from).i32(2).op('i32Shl').set(from);
  f.get(end).i32(bytesOut).op('i32Mul').set(end);
  f.loop();
  round(f, from, to);
  f.get(from).i32(bytesIn).op('i32Add').set(from);
  f.get(to).i32(bytesOut).op('i32Add').tee(to).get(end).op('i32LtU').brIf(0).op('end');
  return f;
}

/**
 * Each number is half the sum of four, see `normals` of randomness.ts: `Σ √(-ln u) sin(2πv + π/4)` over two pairs (u, v), which
 * lie in the two lanes.
 */
function normalBody(): FunctionBuilder {
  return loopOver(32, 8, (f, from, to) => {
    const v128 = (): Vector => f.local(valueType.v128);
    const [first, second, u, angle, turn, square] = [
      v128(),
      v128(),
      v128(),
      v128(),
      v128(),
      v128(),
    ];
    f.get(from).load().set(first).get(from).load(16).set(second);
    lanes(f, first, second, 0);
    unit(f).set(u);
    f.f64x2(1).get(u).op('f64x2Sub').set(u);
    lanes(f, first, second, 8);
    unit(f);
    // sin(2πt) from t less half turns, each of which changes the sign.
    f.f64x2(1 / 8)
      .op('f64x2Add')
      .tee(angle);
    f.f64x2(2).op('f64x2Mul').op('f64x2Nearest').set(turn);
    f.get(angle).get(turn).f64x2(0.5).op('f64x2Mul').op('f64x2Sub').tee(angle);
    f.get(angle).op('f64x2Mul').set(square);
    f.get(to);
    minusLog(f, u);
    f.op('f64x2Sqrt');
    polynomial(f, SINE, square);
    f.get(angle).op('f64x2Mul').op('f64x2Mul');
    // 1.5 · 2^52 + n has the digits of n at its end.
    f.get(turn)
      .f64x2(1.5 * 2 ** 52)
      .op('f64x2Add')
      .i32(63)
      .op('i64x2Shl')
      .op('v128Xor')
      .tee(u);
    f.f64x2Lane(0).get(u).f64x2Lane(1).op('f64Add').f64Store(OUT_AT);
  });
}

function exponentialBody(): FunctionBuilder {
  return loopOver(16, 16, (f, from, to) => {
    const u = f.local(valueType.v128);
    f.get(to).f64x2(1).get(from).load();
    unit(f).op('f64x2Sub').set(u);
    minusLog(f, u);
    f.store(OUT_AT);
  });
}

/** Pushes 8 bytes of each of two vectors. */
function lanes(f: FunctionBuilder, first: Vector, second: Vector, offset: 0 | 8): void {
  const bytes = Array.from({ length: 16 }, (_, i) => (i < 8 ? i : i + 8) + offset);
  f.get(first).get(second).shuffle(bytes);
}

/** Replaces 64 random bits per lane by a number in [0, 1) of 53 of them. */
function unit(f: FunctionBuilder): FunctionBuilder {
  const bits = f.local(valueType.v128);
  f.i32(11).op('i64x2ShrU').tee(bits);
  // Both halves as the last digits of doubles whose sum is exact.
  f.i32(32)
    .op('i64x2ShrU')
    .f64x2(2 ** 84)
    .op('v128Or')
    .f64x2(2 ** 84 + 2 ** 52)
    .op('f64x2Sub');
  f.get(bits)
    .f64x2(LOWER_WORD)
    .op('v128And')
    .f64x2(2 ** 52)
    .op('v128Or')
    .op('f64x2Add');
  return f.f64x2(2 ** -53).op('f64x2Mul');
}

/** Pushes the negative logarithm of numbers from 2^-53 to 1: `elementary.log` with choices instead of branches. */
function minusLog(f: FunctionBuilder, x: Vector): void {
  const v128 = (): Vector => f.local(valueType.v128);
  const [power, m, large, s, z, half] = [v128(), v128(), v128(), v128(), v128(), v128()];
  f.get(x)
    .i32(52)
    .op('i64x2ShrU')
    .f64x2(2 ** 52)
    .op('v128Or')
    .f64x2(2 ** 52 + 1023);
  f.op('f64x2Sub').set(power);
  f.get(x).f64x2(MANTISSA).op('v128And').f64x2(1).op('v128Or').tee(m);
  f.f64x2(Math.SQRT2).op('f64x2Gt').set(large);
  f.get(power).get(large).f64x2(1).op('v128And').op('f64x2Add').set(power);
  f.get(m).f64x2(0.5).op('f64x2Mul').get(m).get(large).op('v128Bitselect');
  f.f64x2(1).op('f64x2Sub').tee(m);
  f.get(m).f64x2(2).op('f64x2Add').op('f64x2Div').tee(s).get(s).op('f64x2Mul').set(z);
  f.get(m).get(m).op('f64x2Mul').f64x2(0.5).op('f64x2Mul').set(half);
  f.get(half).get(s).get(half).get(z);
  polynomial(f, LOGARITHM, z);
  f.op('f64x2Mul').op('f64x2Add').op('f64x2Mul');
  f.get(power).f64x2(1.9082149292705877e-10).op('f64x2Mul').op('f64x2Add').op('f64x2Sub');
  f.get(m).op('f64x2Sub').get(power).f64x2(0.6931471803691238).op('f64x2Mul').op('f64x2Sub');
}

/** Pushes the value of a polynomial. */
function polynomial(f: FunctionBuilder, coefficients: readonly number[], x: Vector): void {
  f.f64x2(coefficients[0]!);
  for (const coefficient of coefficients.slice(1))
    f.get(x).op('f64x2Mul').f64x2(coefficient).op('f64x2Add');
}
