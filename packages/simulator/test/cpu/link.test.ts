import { FunctionBuilder, valueType } from '@ketwork/base';
import { describe, expect, it } from 'vitest';
import { instantiate, link } from '../../src/cpu/link.ts';
import type { LinkedFunction } from '../../src/cpu/link.ts';
import { EngineMemory } from '../../src/cpu/memory.ts';

const { i32 } = valueType;

/** x ↦ x + n, or x ↦ the functions of these places one after the other. */
const plus = (n: number): FunctionBuilder =>
  new FunctionBuilder([i32], [i32]).get(0).i32(n).op('i32Add');
function chain(places: readonly number[]): FunctionBuilder {
  const f = new FunctionBuilder([i32], [i32]).get(0);
  for (const place of places) f.call(place);
  return f;
}
const runs = (
  functions: readonly LinkedFunction[],
  whole: boolean,
  memory: EngineMemory,
): number => {
  const { run } = instantiate(link(functions, whole), memory);
  return (run as (x: number) => number)(0);
};

describe('link', () => {
  it.each([true, false])('calls what was written, whatever is left out (whole: %s)', (whole) => {
    const memory = new EngineMemory();
    // Enough functions for indices of two bytes.
    const many = Array.from({ length: 300 }, (_, i) => ({ body: plus(i) }));
    const inner = { body: chain([7, 299, 200, 7]) };
    const functions = [...many, inner, { name: 'run', body: chain([300, 1, 128]) }];
    expect(runs(functions, whole, memory)).toBe(7 + 299 + 200 + 7 + 1 + 128);
    // The same calls of others.
    const others = [...many.map((_, i) => ({ body: plus(2 * i) })), ...functions.slice(300)];
    expect(runs(others, whole, memory)).toBe(2 * (7 + 299 + 200 + 7 + 1 + 128));
  });

  it('takes functions known from other modules, and only what is called', () => {
    const known = { body: plus(1000) };
    const first = link([known, { name: 'run', body: chain([0]) }], false);
    const functions = [{ body: plus(5) }, known, { body: plus(1001) }];
    const second = link([...functions, { name: 'run', body: chain([2, 1]) }], false);
    expect(second.imports).toHaveLength(2);
    expect(second.imports[0]).toEqual(first.imports[0]);
    expect(second.imports[1]?.pack).not.toBe(first.imports[0]?.pack);
    expect(link([...functions, { name: 'run', body: chain([0]) }], true).imports).toEqual([]);
  });

  it('keeps functions with the same code and other parameters apart', () => {
    const nothing = (parameters: number): FunctionBuilder =>
      new FunctionBuilder(Array<typeof i32>(parameters).fill(i32))
        .i32(8)
        .i32(1)
        .op('i32Add')
        .op('drop');
    const run = new FunctionBuilder([i32], [i32]).i32(1).call(0).i32(1).i32(2).call(1).get(0);
    expect(
      runs(
        [{ body: nothing(1) }, { body: nothing(2) }, { name: 'run', body: run }],
        false,
        new EngineMemory(),
      ),
    ).toBe(0);
  });

  it('works on the memory it is given', () => {
    const store = new FunctionBuilder([i32], [i32]).get(0).f64(2.5).f64Store().get(0);
    const functions = [{ body: store }, { name: 'run', body: chain([0]) }];
    for (let i = 0; i < 3; i++) {
      const memory = new EngineMemory();
      expect(memory.doubles[0]).toBe(0);
      runs(functions, false, memory);
      expect(memory.doubles[0]).toBe(2.5);
    }
  });

  it('finds functions again after many others', () => {
    const memory = new EngineMemory();
    const functions = (n: number): LinkedFunction[] => [
      { body: plus(n) },
      { name: 'run', body: chain([0]) },
    ];
    const kept = link(functions(1), false);
    for (let n = 2; n < 600; n++) expect(runs(functions(n), false, memory)).toBe(n);
    expect(runs(functions(1), false, memory)).toBe(1);
    expect((instantiate(kept, memory)['run'] as (x: number) => number)(2)).toBe(3);
  });
});
