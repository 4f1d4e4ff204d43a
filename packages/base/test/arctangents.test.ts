import { arctangents, elementary } from '@ketwork/base';
import { describe, expect, it } from 'vitest';

/** Numbers of every size and sign, the borders of the reductions and their neighbours among them. */
function numbers(): Float64Array {
  const borders = [7 / 16, 11 / 16, 19 / 16, 39 / 16].flatMap((x) => [
    x,
    x * (1 - Number.EPSILON),
    x * (1 + Number.EPSILON),
  ]);
  const special = [0, 1, Infinity, Number.NaN, 5e-324, 1e-310, 1.7976931348623157e308];
  const many = Array.from({ length: 20_001 }, (_, i) => Math.tan(0.7071 * i) * 10 ** ((i % 7) - 3));
  return Float64Array.from([...borders, ...special].flatMap((x) => [x, -x]).concat(many));
}

describe('arctangents', () => {
  it('has the bits of elementary.atan for any number of arguments', () => {
    const x = numbers();
    for (const count of [0, 1, 15, 16, 17, 8191, 8192, 8193, x.length]) {
      const out = new Float64Array(x.length).fill(7);
      arctangents(x, out, count);
      const expected = Float64Array.from(x, (v, i) => (i < count ? elementary.atan(v) : 7));
      const wrong = out.findIndex((v, i) => !Object.is(v, expected[i]));
      expect(wrong, `count ${count}, argument ${x[wrong]}`).toBe(-1);
    }
  });

  it('may write over its arguments', () => {
    const x = numbers();
    const out = new Float64Array(x.length);
    arctangents(x, out);
    arctangents(x, x);
    expect(x).toEqual(out);
  });
});
