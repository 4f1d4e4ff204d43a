import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { compileWasm, key, matmul, split, uniform, ValueError } from '../src/index.ts';
import type { Key } from '../src/index.ts';
import { multiplyPlain } from '../src/linalg.ts';
import { loadMultiply } from '../src/wasm/gemm.ts';

/** The definition. */
function naive(
  a: Float64Array,
  b: Float64Array,
  m: number,
  k: number,
  n: number,
  start: Float64Array,
): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = start[i * n + j]!;
      for (let p = 0; p < k; p++) sum += a[i * k + p]! * b[p * n + j]!;
      out[i * n + j] = sum;
    }
  }
  return out;
}

function transpose(x: Float64Array, rows: number, columns: number): Float64Array {
  return Float64Array.from(
    { length: x.length },
    (_, i) => x[(i % rows) * columns + Math.floor(i / rows)]!,
  );
}

// Small, odd, thin and large enough to cross every block of the kernel.
const sizes: [m: number, k: number, n: number][] = [
  [1, 1, 1],
  [2, 3, 4],
  [3, 5, 7],
  [5, 0, 3],
  [0, 4, 4],
  [4, 4, 0],
  [7, 129, 9],
  [33, 31, 35],
  [64, 64, 64],
  [1, 500, 300],
  [300, 500, 1],
  [65, 67, 70],
  [8, 9, 2029],
  [130, 300, 67],
  [261, 517, 13],
  [9, 40, 1100],
  [16, 3000, 16],
];

describe('matmul', () => {
  it.each(sizes)('has the bits of the definition for %i x %i x %i', (m, k, n) => {
    const a = uniform(key(1), m * k, { low: -1 });
    const b = uniform(key(2), k * n, { low: -1 });
    const start = uniform(key(3), m * n, { low: -1 });
    const product = naive(a, b, m, k, n, new Float64Array(m * n));
    const sum = naive(a, b, m, k, n, start);
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const left = transposeA ? transpose(a, m, k) : a;
        const right = transposeB ? transpose(b, k, n) : b;
        expect(matmul(left, right, m, k, n, { transposeA, transposeB })).toEqual(product);
        const dirty = new Float64Array(m * n).fill(Number.NaN);
        expect(matmul(left, right, m, k, n, { transposeA, transposeB, out: dirty })).toBe(dirty);
        expect(dirty).toEqual(product);
        const out = start.slice();
        matmul(left, right, m, k, n, { transposeA, transposeB, out, accumulate: true });
        expect(out).toEqual(sum);
      }
    }
  });

  it('leaves what lies beside out untouched and reads views', () => {
    const n = 70;
    const memory = uniform(key(4), 3 * n * n + 5);
    const before = memory.slice();
    const a = memory.subarray(1, 1 + n * n);
    const b = memory.subarray(2 + n * n, 2 + 2 * n * n);
    const out = memory.subarray(3 + 2 * n * n, 3 + 3 * n * n);
    matmul(a, b, n, n, n, { out });
    expect(out).toEqual(naive(a, b, n, n, n, new Float64Array(n * n)));
    for (const i of [...Array(3 + 2 * n * n).keys(), 3 + 3 * n * n, 4 + 3 * n * n])
      expect(memory[i]).toBe(before[i]);
  });

  it.each([3, 40])(
    'lets infinity and NaN through at size %i, into their row and column only',
    (n) => {
      const a = uniform(key(5), n * n);
      const b = uniform(key(6), n * n);
      a[n + 1] = Infinity;
      b[2] = Number.NaN;
      const out = matmul(a, b, n, n, n);
      expect(out).toEqual(naive(a, b, n, n, n, new Float64Array(n * n)));
      expect(out[n]).toBe(Infinity);
      expect(out[2]).toBeNaN();
      expect(out.filter((x) => Number.isFinite(x)).length).toBe((n - 1) * (n - 1));
    },
  );

  it('refuses what does not fit and writes nothing then', () => {
    const out = new Float64Array(4).fill(9);
    const two = new Float64Array(4);
    expect(() => matmul(new Float64Array(3), two, 2, 2, 2, { out })).toThrow(
      'matmul: a has 3 elements, its shape [m, k] = [2, 2] needs 4',
    );
    expect(() => matmul(two, new Float64Array(5), 2, 2, 2, { out, transposeB: true })).toThrow(
      '[n, k] = [2, 2]',
    );
    expect(() => matmul(two, two, 2, 2, 2, { out: new Float64Array(3) })).toThrow(
      'out has 3 elements',
    );
    expect(() => matmul(two, two, 2, 2, 2, { accumulate: true })).toThrow('Give it as out');
    expect(() => matmul(two, two, -2, 2, -2)).toThrow('size m = -2');
    expect(() => matmul(two, two, 2, 1.5, 2)).toThrow(ValueError);
    expect(() => matmul(out, two, 2, 2, 2, { out })).toThrow('out shares memory with an operand');
    const memory = new Float64Array(7);
    expect(() => matmul(two, memory.subarray(3), 2, 2, 2, { out: memory.subarray(0, 4) })).toThrow(
      ValueError,
    );
    expect(matmul(two, memory.subarray(3), 1, 4, 1, { out: memory.subarray(0, 1) }).length).toBe(1);
    expect([...out]).toEqual([9, 9, 9, 9]);
  });
});

describe('the two paths', () => {
  it('agree to the bit on any size and stride', () => {
    const multiply = loadMultiply(compileWasm);
    const size = fc.integer({ min: 1, max: 40 });
    const flag = fc.boolean();
    fc.assert(
      fc.property(
        size,
        size,
        size,
        flag,
        flag,
        flag,
        fc.nat(),
        (m, k, n, left, right, add, seed) => {
          const [first, second, third] = split(key(seed), 3) as [Key, Key, Key];
          const operands = {
            a: uniform(first, m * k, { low: -1 }),
            b: uniform(second, k * n, { low: -1 }),
            aRow: left ? 1 : k,
            aColumn: left ? m : 1,
            bRow: right ? 1 : n,
            bColumn: right ? k : 1,
            m,
            k,
            n,
          };
          const fast = uniform(third, m * n);
          const plain = fast.slice();
          multiply(operands, fast, add);
          multiplyPlain(operands, plain, add);
          expect(fast).toEqual(plain);
        },
      ),
      { numRuns: 300, seed: 7 },
    );
  });

  it('give matmul the same bits where WebAssembly is missing', async () => {
    const a = uniform(key(11), 900);
    const b = uniform(key(12), 900);
    const expected = matmul(a, b, 30, 30, 30);
    vi.resetModules();
    vi.stubGlobal('WebAssembly', undefined);
    try {
      const without = await import('../src/linalg.ts');
      expect(without.matmul).not.toBe(matmul);
      expect(without.matmul(a, b, 30, 30, 30)).toEqual(expected);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
