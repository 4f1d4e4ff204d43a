import { describe, expect, it } from 'vitest';
import { FunctionBuilder, encodeModule, valueType } from '../../src/index.ts';

const { i32, f64, v128 } = valueType;

function run(body: FunctionBuilder, ...args: number[]): number {
  const module = new WebAssembly.Module(encodeModule({ functions: [{ name: 'f', body }] }));
  const { f } = new WebAssembly.Instance(module).exports as { f: (...values: number[]) => number };
  return f(...args);
}

describe('FunctionBuilder', () => {
  it('runs arithmetic, locals, loops and branches', () => {
    // Sum of 1 to n.
    const f = new FunctionBuilder([i32], [i32]);
    const sum = f.local(i32);
    f.loop().get(sum).get(0).op('i32Add').set(sum);
    f.get(0).i32(1).op('i32Sub').tee(0).brIf(0).op('end').get(sum);
    expect(run(f, 10)).toBe(55);
  });

  it('keeps negative and large constants', () => {
    expect(run(new FunctionBuilder([], [i32]).i32(-0x80000000))).toBe(-0x80000000);
    expect(run(new FunctionBuilder([], [f64]).f64(-1.5e300))).toBe(-1.5e300);
  });

  it('declares locals of several types in order', () => {
    const f = new FunctionBuilder([f64], [f64]);
    const vector = f.local(v128);
    const count = f.local(i32);
    const other = f.local(v128);
    f.get(0)
      .op('f64x2Splat')
      .set(vector)
      .i32(3)
      .set(count)
      .get(vector)
      .f64x2(2)
      .op('f64x2Mul')
      .set(other);
    f.get(other).f64x2Lane(1);
    expect(run(f, 4)).toBe(8);
  });

  it('takes both arms of a condition', () => {
    const f = new FunctionBuilder([i32], [i32]);
    const out = f.local(i32);
    f.get(0).if().i32(7).set(out).op('else').i32(9).set(out).op('end').get(out);
    expect([run(f, 1), run(f, 0)]).toEqual([7, 9]);
  });
});

describe('encodeModule', () => {
  it('gives the same bytes for the same parts', () => {
    const make = (): Uint8Array =>
      encodeModule({
        functions: [{ name: 'f', body: new FunctionBuilder([i32], [i32]).get(0) }],
        memory: { minimum: 1, maximum: 2, shared: true },
      });
    expect(make()).toEqual(make());
    expect(WebAssembly.validate(make() as Uint8Array<ArrayBuffer>)).toBe(true);
  });

  it('loads, stores, fills and copies an imported memory', () => {
    const f = new FunctionBuilder([]);
    f.i32(0).f64x2(2.5).store(16).i32(96).i32(16).i32(16).memoryCopy();
    f.i32(0).i32(255).i32(8).memoryFill();
    const module = new WebAssembly.Module(
      encodeModule({ functions: [{ name: 'f', body: f }], memory: { minimum: 1 } }),
    );
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    (exports['f'] as () => void)();
    const doubles = new Float64Array(memory.buffer);
    expect([doubles[2], doubles[3], doubles[12], doubles[13]]).toEqual([2.5, 2.5, 2.5, 2.5]);
    expect(new Uint8Array(memory.buffer)[7]).toBe(255);
  });
});

describe('imported functions', () => {
  it('come first in the order of indices, and calls can be renamed', () => {
    const twice = new FunctionBuilder([i32], [i32]).get(0).get(0).op('i32Add');
    const run = new FunctionBuilder([i32], [i32]).get(0).call(1000).call(0);
    expect(run.calls).toEqual([1000, 0]);
    const bytes = encodeModule({
      imports: [{ module: 'm', name: 'next', body: new FunctionBuilder([i32], [i32]) }],
      functions: [{ body: twice }, { name: 'run', body: run }],
      rename: (index) => (index === 1000 ? 0 : 1),
    });
    const next = (x: number): number => x + 1;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { m: { next } });
    expect((exports['run'] as (x: number) => number)(20)).toBe(42);
  });
});
