import { key, ValueError } from '@ketwork/base';
import { batches, gatherRows } from '@ketwork/nn';
import { describe, expect, it } from 'vitest';

const lists = (...args: Parameters<typeof batches>): number[][] =>
  [...batches(...args)].map((b) => [...b]);

describe('batches', () => {
  it('give every example once, in an order that depends on the key', () => {
    const first = lists(10, 4, key(1));
    expect(first.map((b) => b.length)).toEqual([4, 4, 2]);
    expect(first.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(lists(10, 4, key(1))).toEqual(first);
    expect(lists(10, 4, key(2))).not.toEqual(first);
  });

  it('keep the order and drop the last where told so', () => {
    expect(lists(5, 2, key(1), { shuffle: false })).toEqual([[0, 1], [2, 3], [4]]);
    expect(lists(5, 2, key(1), { shuffle: false, dropLast: true })).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(lists(4, 2, key(1), { dropLast: true }).flat()).toHaveLength(4);
  });

  it('refuse what gives no batch, at the call', () => {
    expect(() => batches(0, 2, key(1))).toThrow(ValueError);
    expect(() => batches(3, 0, key(1))).toThrow(ValueError);
    expect(() => batches(3, 4, key(1), { dropLast: true })).toThrow(ValueError);
  });
});

describe('gatherRows', () => {
  it('copies rows', () => {
    expect([...gatherRows(Float32Array.of(1, 2, 3, 4, 5, 6), 2, [2, 0])]).toEqual([5, 6, 1, 2]);
  });

  it('refuses rows that are not there', () => {
    expect(() => gatherRows([1, 2, 3], 2, [0])).toThrow(ValueError);
    expect(() => gatherRows([1, 2], 2, [1])).toThrow(ValueError);
  });
});
