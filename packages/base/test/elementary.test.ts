import { readFileSync } from 'node:fs';
import { elementary } from '@ketwork/base';
import { describe, expect, it } from 'vitest';

const functions = ['sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'exp', 'log'] as const;
type Row = readonly [x: number, nearest: number, rest: number];
const data = JSON.parse(
  readFileSync(new URL('data/elementary.json', import.meta.url), 'utf8'),
) as Record<(typeof functions)[number], readonly Row[]>;

/** Distance between neighbouring doubles at a number. */
function ulp(y: number): number {
  const size = Math.abs(y);
  return size < 2 ** -1022 ? 2 ** -1074 : 2 ** (Math.floor(Math.log2(size)) - 52);
}

describe.each(functions)('%s', (name) => {
  it('is within 0.8 units in the last place of results to 1300 bits', () => {
    const far = data[name].filter(
      ([x, nearest, rest]) =>
        !(Math.abs(elementary[name](x) - nearest - rest) <= 0.8 * ulp(nearest)),
    );
    expect(far).toEqual([]);
    expect(data[name].length).toBeGreaterThan(150);
  });

  it('has the values and the zeros of Math at special arguments', () => {
    for (const x of [0, -0, 1, -1, 2, Infinity, -Infinity, Number.NaN, 5e-324, -1e-310]) {
      const y = Math[name](x);
      const own = elementary[name](x);
      if (y === 0 || !Number.isFinite(y)) expect(own, `${name}(${x})`).toBe(y);
      else expect(Math.abs(own - y), `${name}(${x})`).toBeLessThanOrEqual(ulp(y));
    }
  });
});

describe('exp', () => {
  it('ends where doubles end', () => {
    expect(elementary.exp(709.7827128933841)).toBe(Infinity);
    expect(elementary.exp(709.782712893384)).toBeCloseTo(1.7976931348622732e308, -296);
    expect(elementary.exp(-745.2)).toBe(0);
    expect(elementary.exp(-745.13)).toBe(5e-324);
    expect(elementary.exp(-720) / Math.exp(-720)).toBeCloseTo(1, 10);
  });
});

describe('atan2', () => {
  it('finds the angle of a point, signs of zeros included', () => {
    for (const y of [0, -0, 1e-300, -1, 0.3, -2.5, 7e5]) {
      for (const x of [0, -0, 1, -1, -0.4, 3e-7, -9e9]) {
        const expected = Math.atan2(y, x);
        const own = elementary.atan2(y, x);
        if (expected === 0) expect(own).toBe(expected);
        else
          expect(Math.abs(own - expected), `atan2(${y}, ${x})`).toBeLessThanOrEqual(
            2 * ulp(expected),
          );
      }
    }
  });
});

describe('cosSin', () => {
  it('writes what cos and sin return', () => {
    const out = new Float64Array(4);
    for (const [x] of data.sin) {
      out[1] = x;
      elementary.cosSin(out, 1);
      expect([...out]).toEqual([0, elementary.cos(x), elementary.sin(x), 0]);
    }
    out[0] = Infinity;
    elementary.cosSin(out, 0);
    expect([...out.subarray(0, 2)]).toEqual([Number.NaN, Number.NaN]);
  });
});

describe('withoutTurns', () => {
  it('leaves an angle between -π and π with the same sine and cosine', () => {
    for (const [x] of data.sin) {
      const y = elementary.withoutTurns(x);
      expect(Math.abs(y)).toBeLessThanOrEqual(Math.PI);
      // y is rounded, by up to 2.2e-16 at π.
      expect(Math.abs(elementary.sin(y) - elementary.sin(x)), `${x}`).toBeLessThan(4.5e-16);
      expect(Math.abs(elementary.cos(y) - elementary.cos(x)), `${x}`).toBeLessThan(4.5e-16);
    }
    expect(elementary.withoutTurns(3)).toBe(3);
    expect(elementary.withoutTurns(-3)).toBe(-3);
  });
});
