/** Bits of numbers below 2^32. */

/** Number of set bits. */
export function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** The highest set bit. */
export const highestBit = (bits: number): number => (bits === 0 ? 0 : 2 ** (31 - Math.clz32(bits)));

/** 1 where an odd number of bits is set, else 0. */
export function parity(bits: number): 0 | 1 {
  let rest = bits ^ (bits >>> 16);
  rest ^= rest >>> 8;
  rest ^= rest >>> 4;
  return ((0x6996 >>> (rest & 15)) & 1) as 0 | 1;
}
