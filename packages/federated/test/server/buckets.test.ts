import { describe, expect, it } from 'vitest';
import { Buckets, addressKey } from '../../src/server/buckets.ts';

describe('rate limits', () => {
  it('let a burst through, then so many per second', () => {
    let now = 0;
    const buckets = new Buckets(2, 3, 10, () => now);
    expect([0, 1, 2].map(() => buckets.take('a'))).toEqual([0, 0, 0]);
    expect(buckets.take('a')).toBe(0.5);
    expect(buckets.take('b')).toBe(0);
    now = 0.5;
    expect(buckets.take('a')).toBe(0);
    expect(buckets.take('a')).toBe(0.5);
    now = 1000;
    expect([0, 1, 2].map(() => buckets.take('a'))).toEqual([0, 0, 0]);
    expect(buckets.take('a')).toBeGreaterThan(0);
  });

  it('remember no more keys than they may, the latest', () => {
    const buckets = new Buckets(1, 1, 2, () => 0);
    buckets.take('a');
    buckets.take('b');
    buckets.take('a');
    buckets.take('c');
    expect(buckets.size).toBe(2);
    expect(buckets.take('a')).toBe(1);
    expect(buckets.take('b')).toBe(0);
  });

  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
  ])('count %s as %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});
