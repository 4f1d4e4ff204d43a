import {
  encodeModule,
  FunctionBuilder,
  valueType,
  wasmFeatures,
  wideMemory,
  widen,
} from '@ketwork/base';
import { describe, expect, it } from 'vitest';

const { i32, f64 } = valueType;

const GIB = 2 ** 30;

describe.skipIf(!wasmFeatures().memory64)('functions for 64-bit addresses', () => {
  const instance = (
    functions: Record<string, FunctionBuilder>,
    memory = wideMemory(1),
  ): Record<string, (...args: (bigint | number)[]) => unknown> => {
    const bytes = encodeModule({
      functions: Object.entries(functions).map(([name, body]) => ({ name, body })),
      memory: { minimum: 1, widen },
    });
    const module = new WebAssembly.Module(bytes);
    return new WebAssembly.Instance(module, { env: { memory } }).exports as never;
  };

  it('count, compare, branch and select as before', () => {
    const sum = new FunctionBuilder([i32], [i32]);
    const total = sum.local(i32);
    sum.loop().get(total).get(0).op('i32Add').set(total);
    sum.get(0).i32(1).op('i32Sub').tee(0).brIf(0).op('end').get(total);
    const sign = new FunctionBuilder([i32], [i32]);
    sign.i32(7).i32(9).get(0).i32(5).op('i32LtU').op('select');
    const times = new FunctionBuilder([i32], [i32]);
    times.i32(6).get(0).i32(3).op('i32Eq').op('i32Mul');
    const { a, b, c } = instance({ a: sum, b: sign, c: times });
    expect(a!(10n)).toBe(55n);
    expect([b!(4n), b!(5n)]).toEqual([7n, 9n]);
    expect([c!(3n), c!(4n)]).toEqual([6n, 0n]);
  });

  it('keep constants of more than 32 bits, signed ones and those of all ones', () => {
    const values = [3 * GIB, 4 * GIB, 5 * GIB + 3, -1, -64, 63, 64, 2 ** 52 + 1];
    for (const value of values) {
      const { f } = instance({ f: new FunctionBuilder([], [i32]).i32(value) });
      expect(f!()).toBe(BigInt(value));
    }
  });

  it('fill and copy memory', () => {
    const memory = wideMemory(1);
    const clear = new FunctionBuilder([i32, i32]).get(0).i32(5).get(1).memoryFill();
    const copy = new FunctionBuilder([i32, i32]).get(0).get(1).i32(4).memoryCopy();
    const { a, b } = instance({ a: clear, b: copy }, memory);
    a!(8n, 4n);
    b!(64n, 6n);
    const bytes = new Uint8Array(memory.buffer);
    expect(bytes.slice(6, 14)).toEqual(Uint8Array.of(0, 0, 5, 5, 5, 5, 0, 0));
    expect(bytes.slice(63, 69)).toEqual(Uint8Array.of(0, 0, 0, 5, 5, 0));
  });

  it('reach beyond 4 GiB, by address and by offset', () => {
    const memory = wideMemory(1);
    try {
      memory.grow(BigInt(4.5 * 2 ** 14) as never);
    } catch {
      return; // a machine with less memory
    }
    const store = new FunctionBuilder([i32, f64]).get(0).get(1).f64Store();
    const load = new FunctionBuilder([i32], [f64]).get(0).f64Load(4 * GIB);
    const { a, b } = instance({ a: store, b: load }, memory);
    a!(BigInt(4 * GIB + 64), 0.25);
    expect(b!(64n)).toBe(0.25);
  });

  it('store integers of 32 bits', () => {
    const memory = wideMemory(1);
    const store = new FunctionBuilder([i32, i32]).get(0).get(1).i32Store(4);
    const load = new FunctionBuilder([i32], [i32]).get(0).i32Load();
    const { a, b } = instance({ a: store, b: load }, memory);
    a!(8n, 7n);
    a!(12n, 9n);
    expect([b!(8n), b!(12n), b!(16n)].map(Number)).toEqual([0, 7, 9]);
  });

  it('refuse what they do not understand', () => {
    const odd = new FunctionBuilder([i32], [i32]);
    odd.get(0).i32(5).op('i32LtU').get(0).op('i32Add');
    expect(() => instance({ odd })).toThrow('condition');
  });
});
