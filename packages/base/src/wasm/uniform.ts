import { valueType } from './bytes.ts';
import { FunctionBuilder, encodeModule } from './encoder.ts';

/** Numbers per call: one page of memory, which stays in the first cache with the array it is copied to. */
const CHUNK = 8192;

/**
 * Fills an array of an even length with pairs of uniform numbers, two per block of Philox 4x32-10 (see `philox`): the
 * counters are (block, 0, stream, purpose), `block` being that of the first pair.
 */
export type FillPairs = (
  out: Float64Array,
  block: number,
  stream: number,
  purpose: number,
  high: number,
  low: number,
) => void;

/** Loads the generator: the same numbers as `philox` gives, three times as fast. */
export function loadFillPairs(
  compile: (bytes: Uint8Array<ArrayBuffer>) => WebAssembly.Module,
): FillPairs {
  const module = compile(
    encodeModule({ functions: [{ name: 'fill', body: fillKernel() }], memory: { minimum: 1 } }),
  );
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const fill = exports['fill'] as (...args: number[]) => void;
  const view = new Float64Array(memory.buffer);
  return (out, block, stream, purpose, high, low) => {
    for (let at = 0; at < out.length; at += CHUNK) {
      const count = Math.min(CHUNK, out.length - at);
      fill(8 * count, block + at / 2, stream, purpose, high, low);
      out.set(count === CHUNK ? view : view.subarray(0, count), at);
    }
  };
}

/** (bytes, block, stream, purpose, high, low): pairs of numbers from address 0 on. */
function fillKernel(): FunctionBuilder {
  const { i32, i64 } = valueType;
  const f = new FunctionBuilder([i32, i32, i32, i32, i32, i32]);
  const [bytes, block, stream, purpose, high, low] = [0, 1, 2, 3, 4, 5];
  const words = Array.from({ length: 4 }, () => f.local(i32)) as [number, number, number, number];
  const [s, t, at] = [f.local(i32), f.local(i32), f.local(i32)];
  const [left, right] = [f.local(i64), f.local(i64)];
  /** Pushes a product of 64 bits. */
  const product = (factor: number, word: number): FunctionBuilder =>
    f.i32(factor).op('i64ExtendI32U').get(word).op('i64ExtendI32U').op('i64Mul');
  /** Pushes 53 bits of two words as a number in [0, 1). */
  const unit = (first: number, second: number): FunctionBuilder =>
    f
      .get(first)
      .i32(5)
      .op('i32ShrU')
      .op('i64ExtendI32U')
      .i64(26)
      .op('i64Shl')
      .get(second)
      .i32(6)
      .op('i32ShrU')
      .op('i64ExtendI32U')
      .op('i64Or')
      .op('f64ConvertI64S')
      .f64(2 ** -53)
      .op('f64Mul');
  f.loop();
  const [a, b, c, d] = words;
  f.get(block).set(a).i32(0).set(b).get(stream).set(c).get(purpose).set(d);
  f.get(high).set(s).get(low).set(t);
  for (let round = 0; round < 10; round++) {
    product(0xd2511f53, a).set(left);
    product(0xcd9e8d57, c).set(right);
    const upper = (value: number): unknown => f.get(value).i64(32).op('i64ShrU').op('i32WrapI64');
    upper(right);
    f.get(b).op('i32Xor').get(s).op('i32Xor').set(a);
    upper(left);
    f.get(d).op('i32Xor').get(t).op('i32Xor').set(c);
    f.get(right).op('i32WrapI64').set(b).get(left).op('i32WrapI64').set(d);
    if (round === 9) break;
    f.get(s).i32(0x9e3779b9).op('i32Add').set(s).get(t).i32(0xbb67ae85).op('i32Add').set(t);
  }
  f.get(at);
  unit(a, b).f64Store(0).get(at);
  unit(c, d).f64Store(8);
  f.get(block).i32(1).op('i32Add').set(block);
  f.get(at).i32(16).op('i32Add').tee(at).get(bytes).op('i32LtU').brIf(0).op('end');
  return f;
}
