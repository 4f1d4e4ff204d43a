import { fold, key, uniform } from '@ketwork/base';
import { expect, test } from 'vitest';
import { gradientRows, plainRows } from '../../src/privacy/gradient-rows.ts';
import type { GradientRows } from '../../src/privacy/gradient-rows.ts';

const bitsOf = (arrays: readonly Float64Array[]): bigint[][] =>
  arrays.map((array) => [...new BigUint64Array(array.slice().buffer)]);

/** What comes of examples that are taken in blocks and added up in stretches of 5. */
function sumUp(
  rows: GradientRows,
  grads: readonly Float64Array[],
  batch: number,
): { squares: Float64Array[]; sums: Float64Array[] } {
  const squares = rows.factors.map(() => new Float64Array(batch));
  for (let first = 0; first < batch; first += rows.capacity) {
    const count = Math.min(rows.capacity, batch - first);
    rows.take(grads, first, count);
    rows.factors.forEach((factors, g) => {
      squares[g]!.set(factors.subarray(0, count), first);
      for (let e = 0; e < count; e++) factors[e] = 1 / (1 + factors[e]!);
    });
    for (let e = 0; e < count; e += 5) rows.add(e, Math.min(count, e + 5));
  }
  return { squares, sums: rows.sums.map((sum) => sum.slice()) };
}

const cases = [
  { sizes: [36, 8, 2], groups: [[0, 1, 2]], batch: 51 },
  { sizes: [36, 8, 2], groups: [[0], [1, 2]], batch: 7 },
  {
    sizes: [1, 3, 5, 17],
    groups: [
      [0, 2],
      [1, 3],
    ],
    batch: 1,
  },
  { sizes: [9000, 4], groups: [[0, 1]], batch: 11 },
  { sizes: [40000, 1], groups: [[0, 1]], batch: 3 },
];

test.each(cases)('measures and adds gradients of $sizes numbers', ({ sizes, groups, batch }) => {
  const grads = sizes.map((size, p) =>
    uniform(fold(key(3), p), batch * size, { low: -1, high: 1 }),
  );
  const fast = gradientRows(sizes, groups);
  expect(fast.sums[0]!.buffer.byteLength).toBeGreaterThanOrEqual(65536); // in the memory of WebAssembly
  const { squares, sums } = sumUp(fast, grads, batch);
  const plain = sumUp(plainRows(sizes, groups), grads, batch);
  expect(bitsOf(squares)).toEqual(bitsOf(plain.squares));
  expect(bitsOf(sums)).toEqual(bitsOf(plain.sums));
  groups.forEach((group, g) => {
    for (let e = 0; e < batch; e++) {
      let square = 0;
      for (const p of group)
        for (const x of grads[p]!.subarray(e * sizes[p]!, (e + 1) * sizes[p]!)) square += x * x;
      expect(squares[g]![e]).toBeCloseTo(square, 8);
    }
    for (const p of group) {
      for (const k of [0, sizes[p]! - 1]) {
        let sum = 0;
        for (let e = 0; e < batch; e++)
          sum += grads[p]![e * sizes[p]! + k]! / (1 + squares[g]![e]!);
        expect(sums[p]![k]).toBeCloseTo(sum, 10);
      }
    }
  });
});

test('factors that are no numbers reach the sum', () => {
  const rows = gradientRows([3], [[0]]);
  rows.take([Float64Array.of(1, 2, 3, Number.NaN, 1, 1)], 0, 2);
  expect([...rows.factors[0]!.subarray(0, 2)]).toEqual([14, Number.NaN]);
  rows.add(0, 2);
  expect(rows.sums[0]![0]).toBeNaN();
});
