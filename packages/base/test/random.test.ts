import { describe, expect, it } from 'vitest';
import {
  bits,
  fillUniformAt,
  fold,
  integers,
  key,
  normal,
  permutation,
  split,
  uniform,
  uniformAt,
  ValueError,
  type Key,
} from '../src/index.ts';

describe('keys', () => {
  it('are frozen plain data', () => {
    const k = key(7);
    expect(Object.isFrozen(k)).toBe(true);
    expect(JSON.parse(JSON.stringify(k))).toEqual([0, 7]);
    expect(structuredClone(k)).toEqual(k);
    expect(key(2 ** 32 * 5 + 3)).toEqual([5, 3]);
  });

  it.each([1.5, -1, 2 ** 53, 2 ** 60, Number.NaN, Infinity, '1' as unknown as number])(
    'refuse the seed %s',
    (seed) => {
      expect(() => key(seed)).toThrow(ValueError);
      expect(() => key(seed)).toThrow(
        /is not an integer from 0 to 2\^53 - 1\. Give a non-negative integer/,
      );
    },
  );

  it.each([[[1]], [[1, -1]], [[1, 0.5]], [{}], [undefined], [[1, 2, 3]]])(
    'refuse the malformed key %j',
    (bad) => {
      expect(() => bits(bad as unknown as Key, 1)).toThrow(ValueError);
      expect(() => fold(bad as unknown as Key, 1)).toThrow(ValueError);
      expect(() => uniformAt(bad as unknown as Key, 0, 0)).toThrow(ValueError);
    },
  );

  it('split into distinct keys whose start does not depend on the count', () => {
    const keys = split(key(1), 1000);
    expect(new Set(keys.map(String)).size).toBe(1000);
    expect(split(key(1), 3)).toEqual(keys.slice(0, 3));
    expect(split(key(1), 0)).toEqual([]);
    expect(keys.map(String)).not.toContain(String(key(1)));
  });

  it('fold integers of all sizes, apart from split', () => {
    const k = key(1);
    const folded = [0, 1, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1].map((data) =>
      String(fold(k, data)),
    );
    expect(new Set(folded).size).toBe(6);
    expect(folded).not.toContain(String(split(k, 1)[0]));
    expect(() => fold(k, -1)).toThrow(ValueError);
    expect(() => fold(k, 0.5)).toThrow(ValueError);
  });
});

describe('frozen streams', () => {
  // These numbers may never change: results of users depend on them.
  const k = key(42);
  it('keep their values', () => {
    expect(split(k, 2)).toEqual([
      [195817479, 3659797777],
      [4156204823, 822074462],
    ]);
    expect(fold(k, 7)).toEqual([1821097951, 1192815187]);
    expect(fold(k, 2 ** 40 + 7)).toEqual([320894602, 2535564620]);
    expect([...bits(k, 5)]).toEqual([1076696843, 158856991, 2745051611, 2716047961, 361750302]);
    expect([...uniform(k, 3)]).toEqual([0.9633106079685428, 0.77843249915526, 0.6919178672035511]);
    expect([...normal(k, 5)]).toEqual([
      0.5745271456012373, -1.4596604975589291, 1.0205185986509477, 1.0723635460160355,
      -0.11118162853285163,
    ]);
    expect([...integers(k, 6, 10)]).toEqual([0, 1, 6, 5, 6, 4]);
    expect([...permutation(k, 10)]).toEqual([5, 8, 9, 7, 2, 1, 6, 4, 3, 0]);
    expect(uniformAt(k, 3, 5)).toBe(0.9399683414528821);
  });
});

describe('bits', () => {
  it('can start anywhere', () => {
    const all = bits(key(3), 40);
    for (let offset = 0; offset < 12; offset++) {
      expect(bits(key(3), 17, offset)).toEqual(all.slice(offset, offset + 17));
    }
    expect(bits(key(3), 0).length).toBe(0);
  });

  it('refuses bad counts and offsets', () => {
    expect(() => bits(key(0), -1)).toThrow('count -1 is not an integer from 0 to 2^32 - 1');
    expect(() => bits(key(0), 1, -1)).toThrow(ValueError);
    expect(() => bits(key(0), 1, 1.5)).toThrow(ValueError);
    expect(() => bits(key(0), 1, 2 ** 53)).toThrow(ValueError);
  });
});

describe('uniform', () => {
  it('fills [low, high) evenly', () => {
    const n = 40_000;
    const u = uniform(key(11), n, { low: -2, high: 3 });
    const boxes = Array.from({ length: 10 }, () => 0);
    for (const x of u) {
      expect(x >= -2 && x < 3).toBe(true);
      boxes[Math.floor((x + 2) * 2)]!++;
    }
    const chi2 = boxes.reduce((sum, box) => sum + (box - n / 10) ** 2 / (n / 10), 0);
    expect(chi2).toBeLessThan(27.9); // 99.9 % of chi-squared with 9 degrees of freedom
  });

  it('never reaches the excluded end, even where rounding would', () => {
    const high = 1 + Number.EPSILON;
    for (const x of uniform(key(1), 1000, { low: 1, high })) expect(x).toBe(1);
  });

  it('has a prefix that does not depend on the count', () => {
    expect(uniform(key(1), 9).slice(0, 4)).toEqual(uniform(key(1), 4));
    expect(normal(key(1), 9).slice(0, 5)).toEqual(normal(key(1), 5));
    expect(integers(key(1), 9, 7).slice(0, 5)).toEqual(integers(key(1), 5, 7));
  });

  it.each([
    { low: 1, high: 1 },
    { low: 1, high: 0 },
    { low: Number.NaN },
    { high: Infinity },
    { low: -1.7e308, high: 1.7e308 },
  ])('refuses %j', (options) => {
    expect(() => uniform(key(0), 1, options)).toThrow(ValueError);
  });
});

describe('normal', () => {
  it('has the moments and tails of a normal distribution', () => {
    const n = 100_000;
    const z = normal(key(8), n);
    const moment = (p: number): number => z.reduce((sum, x) => sum + x ** p, 0) / n;
    expect(Math.abs(moment(1))).toBeLessThan(4 / Math.sqrt(n));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    expect(Math.abs(moment(3))).toBeLessThan(4 * Math.sqrt(15 / n));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / n));
    const beyond = z.filter((x) => Math.abs(x) > 1.959963984540054).length;
    expect(Math.abs(beyond - 0.05 * n)).toBeLessThan(4 * Math.sqrt(0.05 * 0.95 * n));
  });

  it('has independent halves of each pair', () => {
    const n = 50_000;
    const z = normal(key(9), 2 * n);
    let product = 0;
    for (let i = 0; i < n; i++) product += z[2 * i]! * z[2 * i + 1]!;
    expect(Math.abs(product / n)).toBeLessThan(4 / Math.sqrt(n));
  });

  it('scales and shifts', () => {
    const z = normal(key(5), 7);
    expect([...normal(key(5), 7, { mean: 3, deviation: 2 })]).toEqual([...z].map((x) => 3 + 2 * x));
    expect([...normal(key(5), 2, { mean: 3, deviation: 0 })]).toEqual([3, 3]);
    expect(() => normal(key(5), 1, { deviation: -1 })).toThrow(ValueError);
    expect(() => normal(key(5), 1, { mean: Infinity })).toThrow(ValueError);
  });
});

describe('integers and permutation', () => {
  it('draw every value about equally often', () => {
    const n = 21_000;
    const counts = [0, 0, 0, 0, 0, 0, 0];
    for (const i of integers(key(2), n, 7)) counts[i]!++;
    const chi2 = counts.reduce((sum, c) => sum + (c - 3000) ** 2 / 3000, 0);
    expect(counts.length).toBe(7);
    expect(chi2).toBeLessThan(22.5); // 99.9 % with 6 degrees of freedom
  });

  it('have no bias for bounds near 2^32', () => {
    // A plain remainder would put half of the draws into the lowest third.
    const bound = 3 * 2 ** 30;
    const low = integers(key(4), 20_000, bound).filter((x) => x < bound / 3).length;
    expect(Math.abs(low - 20_000 / 3)).toBeLessThan(4 * Math.sqrt((20_000 * 2) / 9));
    expect(integers(key(4), 100, 2 ** 32).some((x) => x > 2 ** 31)).toBe(true);
    expect([...integers(key(4), 3, 1)]).toEqual([0, 0, 0]);
    for (const bad of [0, -1, 1.5, 2 ** 32 + 1])
      expect(() => integers(key(4), 1, bad)).toThrow(ValueError);
  });

  it('permute, all orders equally likely', () => {
    expect([...permutation(key(1), 1000)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 1000 }, (_, i) => i),
    );
    expect(permutation(key(1), 0).length).toBe(0);
    const orders = new Map<string, number>();
    for (const k of split(key(6), 6000)) {
      const order = String(permutation(k, 3));
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    const chi2 = [...orders.values()].reduce((sum, c) => sum + (c - 1000) ** 2 / 1000, 0);
    expect(orders.size).toBe(6);
    expect(chi2).toBeLessThan(20.6); // 99.9 % with 5 degrees of freedom
  });
});

describe('uniformAt', () => {
  it('is what fillUniformAt writes, from any first shot', () => {
    for (const first of [0, 1, 2, 7, 2 ** 32 - 9]) {
      for (const length of [0, 1, 2, 5, 8]) {
        const out = fillUniformAt(key(1), 3, first, new Float64Array(length));
        expect([...out]).toEqual(Array.from({ length }, (_, i) => uniformAt(key(1), 3, first + i)));
      }
    }
  });

  it('is what fillUniformAt writes in long arrays too', () => {
    for (const [first, length] of [
      [0, 20_001],
      [5, 9000],
      [2 ** 32 - 3000, 3000],
    ] as const) {
      const out = fillUniformAt(key(2 ** 40 + 1), 2 ** 32 - 1, first, new Float64Array(length));
      const single = Array.from({ length }, (_, i) =>
        uniformAt(key(2 ** 40 + 1), 2 ** 32 - 1, first + i),
      );
      expect([...out]).toEqual(single);
    }
    expect([...uniform(key(9), 3001)].slice(0, 1001)).toEqual([...uniform(key(9), 1001)]);
  });

  it('differs between examples, shots and keys', () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 5; seed++) {
      for (let example = 0; example < 20; example++) {
        for (let shot = 0; shot < 20; shot++) seen.add(uniformAt(key(seed), example, shot));
      }
    }
    expect(seen.size).toBe(2000);
  });

  it('refuses counters out of range and writes nothing then', () => {
    const out = new Float64Array(3);
    expect(() => uniformAt(key(1), -1, 0)).toThrow(ValueError);
    expect(() => uniformAt(key(1), 0, 2 ** 32)).toThrow(ValueError);
    expect(() => fillUniformAt(key(1), 0, 2 ** 32 - 2, out)).toThrow('the last shot 4294967296');
    expect([...out]).toEqual([0, 0, 0]);
  });
});
