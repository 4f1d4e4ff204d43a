/** Output of the latest call of {@link philox}. */
export const words: Uint32Array = new Uint32Array(4);

/**
 * One block of Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011): a 128-bit counter and a 64-bit key to four
 * 32-bit words, left in {@link words}. `c0` and `k0` are the words numbered 0 in the paper.
 */
export function philox(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  let a = c0 | 0;
  let b = c1 | 0;
  let c = c2 | 0;
  let d = c3 | 0;
  let s = k0 | 0;
  let t = k1 | 0;
  for (let round = 0; round < 10; round++) {
    // High words of 0xd2511f53 · a and 0xcd9e8d57 · c from 16-bit halves: every partial sum fits in 32 bits.
    const al = a & 0xffff;
    const ah = a >>> 16;
    const am = (Math.imul(ah, 0x1f53) >>> 0) + (Math.imul(al, 0x1f53) >>> 16);
    const an = (Math.imul(al, 0xd251) >>> 0) + (am & 0xffff);
    const ahi = (Math.imul(ah, 0xd251) + (am >>> 16) + (an >>> 16)) | 0;
    const cl = c & 0xffff;
    const ch = c >>> 16;
    const cm = (Math.imul(ch, 0x8d57) >>> 0) + (Math.imul(cl, 0x8d57) >>> 16);
    const cn = (Math.imul(cl, 0xcd9e) >>> 0) + (cm & 0xffff);
    const chi = (Math.imul(ch, 0xcd9e) + (cm >>> 16) + (cn >>> 16)) | 0;
    const alo = Math.imul(a, 0xd2511f53);
    const clo = Math.imul(c, 0xcd9e8d57);
    a = chi ^ b ^ s;
    b = clo;
    c = ahi ^ d ^ t;
    d = alo;
    s = (s + 0x9e3779b9) | 0;
    t = (t + 0xbb67ae85) | 0;
  }
  words[0] = a;
  words[1] = b;
  words[2] = c;
  words[3] = d;
}
