import { expect, it } from 'vitest';
import { bitCount, highestBit, parity } from '../src/bits.ts';

it('counts bits, tells whether they are odd, and finds the highest', () => {
  for (const bits of [0, 1, 2, 3, 0b1011, 2 ** 20 + 7, 0x7fffffff, 0x80000001, 0xffffffff]) {
    const digits = bits.toString(2);
    const ones = [...digits].filter((digit) => digit === '1').length;
    expect(bitCount(bits)).toBe(ones);
    expect(parity(bits)).toBe(ones % 2);
    expect(highestBit(bits)).toBe(bits === 0 ? 0 : 2 ** (digits.length - 1));
  }
});
