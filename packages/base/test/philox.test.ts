import { describe, expect, it } from 'vitest';
import { philox, words } from '../src/philox.ts';

// Known answers: tests/kat_vectors of Random123 (counter words, key words, output words).
const vectors = [
  '00000000 00000000 00000000 00000000 00000000 00000000 6627e8d5 e169c58d bc57ac4c 9b00dbd8',
  'ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 408f276d 41c83b0e a20bc7c6 6d5451fd',
  '243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1',
];

/** The paper's definition with exact integers. */
function reference(counter: readonly bigint[], keys: readonly bigint[]): bigint[] {
  const mask = 0xffffffffn;
  let [a, b, c, d] = counter as [bigint, bigint, bigint, bigint];
  let [s, t] = keys as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const p = 0xd2511f53n * a;
    const q = 0xcd9e8d57n * c;
    [a, b, c, d] = [(q >> 32n) ^ b ^ s, q & mask, (p >> 32n) ^ d ^ t, p & mask];
    s = (s + 0x9e3779b9n) & mask;
    t = (t + 0xbb67ae85n) & mask;
  }
  return [a, b, c, d];
}

describe('philox', () => {
  it.each(vectors)('gives the published answer for %s', (line) => {
    const w = line.split(' ').map((word) => Number.parseInt(word, 16));
    philox(w[0]!, w[1]!, w[2]!, w[3]!, w[4]!, w[5]!);
    expect([...words]).toEqual(w.slice(6));
  });

  it('equals exact integer arithmetic on 500 counters', () => {
    let state = [1n, 2n, 3n, 4n];
    for (let i = 0; i < 500; i++) {
      const keys = [state[1]!, state[2]!];
      const expected = reference(state, keys);
      const [a, b, c, d] = state.map(Number) as [number, number, number, number];
      philox(a, b, c, d, Number(keys[0]), Number(keys[1]));
      expect([...words].map(BigInt)).toEqual(expected);
      state = expected;
    }
  });
});
