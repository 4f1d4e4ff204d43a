import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHUNK } from '../../src/cpu/angles.ts';
import { treeSum } from '../../src/cpu/gradient-sink.ts';
import { joined, splitBatch } from '../../src/worker/parts.ts';

const cases = fc.tuple(fc.integer({ min: 1, max: 50_000 }), fc.integer({ min: 1, max: 17 }));

describe('cutting a batch', () => {
  it('gives consecutive parts of whole pieces, each a power of two of chunks', () => {
    fc.assert(
      fc.property(cases, ([batch, most]) => {
        const { parts, piece } = splitBatch(batch, most);
        expect(Math.log2(piece / CHUNK) % 1).toBe(0);
        expect(parts.length).toBeLessThanOrEqual(most);
        let next = 0;
        for (const { first, count } of parts) {
          expect(first).toBe(next);
          expect(first % piece).toBe(0);
          expect(count).toBeGreaterThan(0);
          next = first + count;
        }
        expect(next).toBe(batch);
      }),
    );
  });

  it('gives the largest part 5 % more than an even share at most', () => {
    fc.assert(
      fc.property(cases, ([batch, most]) => {
        const largest = Math.max(...splitBatch(batch, most).parts.map(({ count }) => count));
        const share = Math.ceil(Math.ceil(batch / CHUNK) / most) * CHUNK;
        expect(largest).toBeLessThanOrEqual(1.05 * share);
      }),
    );
  });

  it('takes large pieces where it can, and small ones where these would be uneven', () => {
    expect(splitBatch(16_384, 2)).toEqual({
      parts: [
        { first: 0, count: 8192 },
        { first: 8192, count: 8192 },
      ],
      piece: 8192,
    });
    expect(splitBatch(5 * CHUNK, 2)).toEqual({
      parts: [
        { first: 0, count: 128 },
        { first: 128, count: 192 },
      ],
      piece: CHUNK,
    });
    expect(splitBatch(CHUNK, 4)).toEqual({ parts: [{ first: 0, count: 64 }], piece: CHUNK });
  });

  it('keeps the bits of the sum over chunks', () => {
    fc.assert(
      fc.property(cases, ([batch, most]) => {
        const chunks = Math.ceil(batch / CHUNK);
        // Sums of thirds round, so that another order gives other bits.
        const rows = Float64Array.from({ length: 2 * chunks }, (_, i) => ((i * 7919) % 1009) / 3);
        const { parts, piece } = splitBatch(batch, most);
        const sums = parts.flatMap(({ first, count }) => {
          const pieces: Float64Array[] = [];
          for (let at = first; at < first + count; at += piece) {
            const end = Math.min(first + count, at + piece);
            pieces.push(treeSum(rows.slice((2 * at) / CHUNK, 2 * Math.ceil(end / CHUNK)), 2));
          }
          return pieces;
        });
        expect(treeSum(joined(sums), 2)).toEqual(treeSum(rows.slice(), 2));
      }),
    );
  });
});
