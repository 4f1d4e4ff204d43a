import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { EnvironmentError, UnsupportedError } from '@ketwork/base';
import {
  circuit,
  counts,
  expval,
  hermitian,
  input,
  probabilities,
  samples,
  state,
  variance,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { describe, expect, it } from 'vitest';
import { checkProgram } from '../../src/compile.ts';
import { cpuCapabilities } from '../../src/cpu/capabilities.ts';
import { EngineMemory } from '../../src/cpu/memory.ts';
import { CpuProgram } from '../../src/cpu/program.ts';

const layers = (n: number): Circuit<'x' | 'w'> =>
  circuit(n, { x: input([n]), w: weight([2, n, 3]) }, (q, { x, w }) => {
    q.angleEmbedding(x).stronglyEntanglingLayers(w);
  });
const single = (n: number): Circuit<'w'> =>
  circuit(n, { w: weight([2, n, 3]) }, (q, { w }) => q.stronglyEntanglingLayers(w));

const make = (
  c: Circuit,
  m: readonly Measurement[],
  options: { readonly shots?: number } = {},
  precision: 'f64' | 'f32' = 'f64',
): { program: CpuProgram<string, readonly Measurement[]>; memory: EngineMemory } => {
  const memory = new EngineMemory({ precision, fused: false });
  const checked = checkProgram(c, m, options, cpuCapabilities);
  return { program: new CpuProgram(c, m, options, checked, memory), memory };
};
const valuesOf = (c: Circuit, batch: number): Record<string, Float64Array> =>
  Object.fromEntries(
    c.slots.map(({ name, axis, shape }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [name, new Float64Array(axis === 'batch' ? batch * size : size).fill(0.3)];
    }),
  );

describe('estimateMemory', () => {
  const cases: [name: string, c: Circuit, m: Measurement[], batch: number][] = [
    ['small blocks', layers(6), [expval(Z(0), X(1))], 300],
    ['one block', layers(12), [variance(Z(0), Y(3))], 20],
    ['a large state', single(16), [expval(Z(0))], 1],
    ['a large state, read', single(15), [probabilities(), state()], 1],
  ];
  const each = cases.flatMap((given) =>
    (['f64', 'f32'] as const).map((precision) => [...given, precision] as const),
  );
  it.each(each)('is what the engine reserves (%s)', (_, c, m, batch, precision) => {
    for (const gradient of [false, true]) {
      const { program, memory } = make(c, m, {}, precision);
      const estimate = program.estimateMemory(batch, { gradient });
      // Nothing is reserved for an estimate.
      expect(memory.memory.buffer.byteLength).toBe(65536);
      const v = valuesOf(c, batch);
      const results = program.run(v) as Float64Array[];
      let arrays = results.reduce((sum, y) => sum + y.byteLength, 0);
      if (gradient) {
        for (const g of Object.values(program.vjp(v, results))) arrays += g.byteLength;
      }
      const reserved = memory.memory.buffer.byteLength + arrays;
      // Memory grows by pages; angles, partial sums and means come on top.
      expect(estimate).toBeGreaterThan(reserved - 65536);
      expect(estimate).toBeLessThan(1.03 * reserved + 1e6);
    }
  });

  it('is by how much the process grows', async () => {
    const script = fileURLToPath(new URL('./memory-growth.ts', import.meta.url));
    for (const kind of ['forward', 'gradient']) {
      const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script, kind]);
      expect(Number(stdout)).toBeGreaterThan(0.95);
      expect(Number(stdout)).toBeLessThan(1.05);
    }
  });

  it('counts shots, and results of all settings', () => {
    const { program } = make(layers(8), [samples(1000), counts(1000), expval(Z(0), X(0))], {
      shots: 1000,
    });
    const [one, many] = [program.estimateMemory(1), program.estimateMemory(101)];
    // Two settings of 1,000 shots at 4 bytes, samples of 8 bytes; probabilities of eight qubits and of one.
    expect((many - one) / 100).toBeGreaterThan(16_000 + 8 * 256);
    expect((many - one) / 100).toBeLessThan(16_000 + 2 * 8 * 256 + 8 * 256);
  });
});

describe('what does not fit', () => {
  it('is refused when it is compiled, with its size', () => {
    const wide = circuit(26, (q) => q.h(0));
    const chances = [probabilities(), probabilities(), probabilities()];
    expect(() => make(wide, chances)).toThrow(UnsupportedError);
    expect(() => make(wide, chances)).toThrow(
      /^the program needs \d\.\d GiB; the CPU engine can use 4 GiB\. Use fewer qubits/,
    );
  });

  it('is refused before a gradient computes anything, with a way out', () => {
    // Two states of 26 qubits and 2 GiB each, with a lane per example.
    const c = circuit(26, { x: input([]) }, (q, { x }) => q.rx(x.at(), 0));
    const flip = [
      [0, 1],
      [1, 0],
    ];
    const { program, memory } = make(c, [expval(hermitian(flip, [0]))]);
    expect(() => program.vjp({ x: [1] }, [[1]])).toThrow(
      /^the gradient needs 4\.\d GiB; .*'parameter-shift'/,
    );
    expect(memory.memory.buffer.byteLength).toBe(65536);
  });

  it('agrees with maxQubits', () => {
    const { program } = make(single(cpuCapabilities.maxQubits), [expval(Z(0))]);
    expect(program.estimateMemory()).toBeLessThan(2 ** 34);
    expect(program.estimateMemory(1, { gradient: true })).toBeLessThan(2 ** 34);
    expect(() => make(single(cpuCapabilities.maxQubits + 1), [expval(Z(0))])).toThrow(
      /takes at most 28/,
    );
  });

  it('is refused where the machine has no memory for results', () => {
    const { program } = make(layers(16), [probabilities()]);
    const v = valuesOf(program.circuit, 2 ** 20);
    expect(() => program.run(v)).toThrow(EnvironmentError);
    expect(() => program.run(v)).toThrow(/MiB of results\. Run fewer examples at a time/);
  });
});
