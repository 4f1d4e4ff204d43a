import { key, normal, UnsupportedError, ValueError } from '@ketwork/base';
import { expect, test } from 'vitest';
import { addModular, fixedPoint, readFixed, writeFixed } from '../../src/secure/fixed-point.ts';
import { decodeSum, encodeContribution, vectorWords } from '../../src/secure/vector.ts';

const big = (words: Uint32Array): BigUint64Array => new BigUint64Array(words.buffer);

test('additions and subtractions are those of integers modulo 2^64', () => {
  const edge = [
    0n,
    1n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 63n,
    2n ** 64n - 1n,
    2n ** 64n - 2n ** 32n,
  ];
  for (const a of edge) {
    for (const b of edge) {
      for (const sign of [1, -1] as const) {
        const target = new Uint32Array(BigUint64Array.of(a).buffer);
        addModular(target, new Uint32Array(BigUint64Array.of(b).buffer), sign);
        expect(big(target)[0]).toBe(BigInt.asUintN(64, a + BigInt(sign) * b));
      }
    }
  }
});

test('numbers come back within half a step, ends of the range included', () => {
  for (const bound of [1, 0.3, 5e5, 2 ** -40]) {
    const format = fixedPoint(bound, 100);
    const numbers = Float64Array.of(0, -0, bound, -bound, bound / 3, -bound / 7, bound * 1e-9);
    const words = new Uint32Array(2 * numbers.length);
    writeFixed(format, numbers, words, 0);
    const back = readFixed(format, words, 0, numbers.length);
    numbers.forEach((value, i) =>
      expect(Math.abs(back[i]! - value)).toBeLessThanOrEqual(format.step / 2),
    );
    expect(format.step).toBeLessThan(bound * 2 ** -48);
    expect(Number.isInteger(Math.log2(format.step))).toBe(true);
  }
});

test.each([1, 2, 3, 100, 1024, 1025, 2 ** 20, 2 ** 30])(
  'as many largest numbers as %i participants send do not wrap around',
  (participants) => {
    for (const bound of [1, 0.9999, 1 + 2 ** -52, 1e300, 1e-290]) {
      const { step } = fixedPoint(bound, participants);
      const words = new Uint32Array(2);
      writeFixed({ bound, step }, Float64Array.of(bound), words, 0);
      expect(big(words)[0]! * BigInt(participants)).toBeLessThan(2n ** 63n);
    }
  },
);

test('what cannot be represented is refused', () => {
  expect(() => fixedPoint(0, 2)).toThrow(ValueError);
  expect(() => fixedPoint(Infinity, 2)).toThrow(ValueError);
  expect(() => fixedPoint(NaN, 2)).toThrow(ValueError);
  expect(() => fixedPoint(1, 0)).toThrow(ValueError);
  expect(() => fixedPoint(1, 2 ** 30 + 1)).toThrow(UnsupportedError);
  expect(() => fixedPoint(Number.MIN_VALUE, 2)).toThrow(UnsupportedError);
  for (const value of [NaN, Infinity, 1.001, -1.001]) {
    const write = (): void =>
      writeFixed(fixedPoint(1, 2), Float64Array.of(value), new Uint32Array(2), 0);
    expect(write).toThrow(/beyond the bound/);
  }
});

const plan = { participants: 5, size: 7, clippingNorm: 2, maxExamples: 1000, weighted: true };

test('sums of contributions are sums of integers, and weigh by examples', () => {
  const updates = Array.from({ length: 5 }, (_, i) => {
    const delta = normal(key(i), 7);
    const norm = Math.hypot(...delta);
    return { delta: delta.map((v) => (1.5 * v) / norm), examples: 10 + i, loss: 0.25 * i };
  });
  const sum = new Uint32Array(vectorWords(plan));
  const integers = Array.from({ length: sum.length / 2 }, () => 0n);
  for (const update of updates) {
    const words = encodeContribution(plan, update);
    big(words).forEach((value, i) => (integers[i] = BigInt.asIntN(64, integers[i]! + value)));
    addModular(sum, words, 1);
  }
  expect([...big(sum)].map((value) => BigInt.asIntN(64, value))).toEqual(integers);
  const decoded = decodeSum(plan, sum);
  expect(decoded.examples).toBe(60);
  expect(decoded.loss).toBeCloseTo(0.25 * (11 + 24 + 39 + 56), 9);
  decoded.delta.forEach((value, i) => {
    const exact = updates.reduce((total, { delta, examples }) => total + examples * delta[i]!, 0);
    expect(Math.abs(value - exact)).toBeLessThan(1e-11);
  });
});

test('changes can be added without weights', () => {
  const equal = { ...plan, weighted: false };
  const update = { delta: new Float64Array(7).fill(0.5), examples: 900, loss: 1 };
  const { delta, examples } = decodeSum(equal, encodeContribution(equal, update));
  expect(delta[3]).toBe(0.5);
  expect(examples).toBe(900);
});

test('updates that do not fit are refused, losses clamped', () => {
  const update = { delta: new Float64Array(7), examples: 3, loss: 1 };
  const encode = (change: object): unknown => encodeContribution(plan, { ...update, ...change });
  expect(() => encode({ delta: new Float64Array(6) })).toThrow(/6 numbers, the weights 7/);
  expect(() => encode({ delta: new Float64Array(7).fill(1) })).toThrow(/clipping norm 2/);
  expect(() => encode({ delta: new Float64Array(7).fill(NaN) })).toThrow(/clipping norm/);
  expect(() => encode({ examples: 1001 })).toThrow(/from 1 to 1000/);
  expect(() => encode({ examples: 0.5 })).toThrow(ValueError);
  expect(() => encode({ loss: NaN })).toThrow(ValueError);
  const words = encodeContribution(plan, { ...update, loss: Infinity });
  expect(decodeSum(plan, words).loss).toBe(3 * 1024);
});
