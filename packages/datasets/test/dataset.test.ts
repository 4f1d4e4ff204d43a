import { key } from '@ketwork/base';
import {
  dataset,
  featureStatistics,
  filterClasses,
  splitDataset,
  standardize,
  subset,
  take,
} from '@ketwork/datasets';
import type { Dataset } from '@ketwork/datasets';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

/** Example i is [i, -i] with class i mod 3. */
function ramp(size: number): Dataset {
  return dataset({
    name: 'ramp',
    inputs: Array.from({ length: 2 * size }, (_, i) => (i % 2 === 0 ? i / 2 : -(i - 1) / 2)),
    inputShape: [2],
    labels: Array.from({ length: size }, (_, i) => i % 3),
    classes: ['a', 'b', 'c'],
    source: 'test',
  });
}

const firsts = (data: Dataset): number[] =>
  Array.from({ length: data.size }, (_, i) => data.inputs[2 * i]!);

describe('dataset', () => {
  test('refuses arrays that do not fit together', () => {
    const good = {
      name: 'd',
      inputs: [1, 2, 3, 4],
      inputShape: [2],
      labels: [0, 1],
      classes: ['a', 'b'],
      source: 's',
    };
    expect(dataset(good).size).toBe(2);
    expect(() => dataset({ ...good, inputs: [1, 2, 3] })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: data set "d": 3 values do not make 2 examples of shape [2]. Give 2 × 2 = 4 values, one row for each label]`,
    );
    expect(() => dataset({ ...good, inputs: [1, 2, 3, NaN] })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: data set "d": value 1 of example 1 is NaN. Remove the example or replace the value]`,
    );
    expect(() => dataset({ ...good, labels: [0, 2] })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: data set "d": label 2 of example 1 is not the index of a class. Use integers from 0 to 1]`,
    );
    expect(() => dataset({ ...good, inputShape: [2, 0] })).toThrow('is not of positive integers');
  });

  test('keeps typed arrays without a copy', () => {
    const inputs = new Float64Array(2);
    const labels = new Int32Array(2);
    const data = dataset({
      name: 'd',
      inputs,
      inputShape: [1],
      labels,
      classes: ['a'],
      source: 's',
    });
    expect(data.inputs).toBe(inputs);
    expect(data.labels).toBe(labels);
  });
});

describe('subset and take', () => {
  test('subset keeps order and repeats, and copies', () => {
    const data = ramp(9);
    const part = subset(data, [4, 0, 4]);
    expect([...part.inputs]).toEqual([4, -4, 0, -0, 4, -4]);
    expect([...part.labels]).toEqual([1, 0, 1]);
    part.inputs[0] = 99;
    expect(data.inputs[8]).toBe(4);
    expect(() => subset(data, [0, 9])).toThrow(
      'index 9 (number 1 of the list) is not in data set "ramp"',
    );
    expect(() => subset(data, [0.5])).toThrow('index 0.5');
  });

  test('take skips the offset and never returns fewer than asked', () => {
    expect(firsts(take(ramp(9), 3, 2))).toEqual([2, 3, 4]);
    expect(take(ramp(9), 0).size).toBe(0);
    expect(() => take(ramp(9), 3, 7)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: take: examples 7 to 9 asked of data set "ramp", which has 9. Ask for at most 2]`,
    );
  });
});

describe('splitDataset', () => {
  test('parts by counts are disjoint, of the asked sizes, shuffled and deterministic', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.nat(20), fc.nat(20), fc.nat(1000), (rest, a, b, seed) => {
        const data = ramp(rest + a + b);
        const parts = splitDataset(data, [a, b], key(seed));
        expect(parts.map((part) => part.size)).toEqual([a, b]);
        const all = parts.flatMap(firsts);
        expect(new Set(all).size).toBe(a + b);
        for (const part of parts)
          firsts(part).forEach((x, i) => expect(part.labels[i]).toBe(x % 3));
        expect(splitDataset(data, [a, b], key(seed)).flatMap(firsts)).toEqual(all);
      }),
    );
    const [shuffled] = splitDataset(ramp(50), [50], key(1));
    expect(firsts(shuffled!)).not.toEqual(firsts(ramp(50)));
  });

  test('fractions that add up to 1 use every example', () => {
    for (const size of [1, 7, 10, 101]) {
      const parts = splitDataset(
        ramp(size),
        Array.from({ length: 10 }, () => 0.1),
        key(3),
      );
      expect(parts.reduce((sum, part) => sum + part.size, 0)).toBe(size);
    }
    expect(splitDataset(ramp(10), [0.5, 0.2], key(3)).map((part) => part.size)).toEqual([5, 2]);
  });

  test('refuses what cannot be dealt', () => {
    expect(() => splitDataset(ramp(9), [5, 5], key(0))).toThrow(
      'Ask for at most 9 examples in all',
    );
    expect(() => splitDataset(ramp(9), [0.8, 0.3], key(0))).toThrow(
      'Fractions may add up to 1 at most',
    );
    expect(() => splitDataset(ramp(9), [5, 0.5], key(0))).toThrow('neither counts nor fractions');
    expect(() => splitDataset(ramp(9), [-1], key(0))).toThrow('neither counts nor fractions');
  });
});

describe('filterClasses', () => {
  test('relabels in the order given, by name or index', () => {
    for (const classes of [
      ['c', 'a'],
      [2, 0],
    ] as const) {
      const data = filterClasses(ramp(9), classes);
      expect(data.classes).toEqual(['c', 'a']);
      expect(firsts(data)).toEqual([0, 2, 3, 5, 6, 8]);
      expect([...data.labels]).toEqual([1, 0, 1, 0, 1, 0]);
    }
  });

  test('refuses unknown and repeated classes', () => {
    expect(() => filterClasses(ramp(9), ['d'])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: data set "ramp" has no class "d". Its classes are 0 "a", 1 "b", 2 "c"]`,
    );
    expect(() => filterClasses(ramp(9), ['a', 0])).toThrow(
      'class "a" of data set "ramp" is given twice',
    );
  });
});

describe('standardize', () => {
  test('gives mean 0 and deviation 1, and leaves a constant feature finite', () => {
    const data = dataset({
      name: 'd',
      inputs: [1, 0.1, 3, 0.1, 8, 0.1],
      inputShape: [2],
      labels: [0, 0, 0],
      classes: ['a'],
      source: 's',
    });
    const { mean, deviation } = featureStatistics(data);
    expect(mean[0]).toBeCloseTo(4, 14);
    expect(deviation[0]).toBeCloseTo(Math.sqrt(26 / 3), 14);
    const { inputs } = standardize(data);
    expect(inputs[0]! + inputs[2]! + inputs[4]!).toBeCloseTo(0, 14);
    expect((inputs[0]! ** 2 + inputs[2]! ** 2 + inputs[4]! ** 2) / 3).toBeCloseTo(1, 14);
    for (const i of [1, 3, 5]) expect(Math.abs(inputs[i]!)).toBeLessThan(1e-15);
  });

  test('uses the statistics it is given', () => {
    const statistics = { mean: Float64Array.of(1, 0), deviation: Float64Array.of(2, 1) };
    expect([...standardize(take(ramp(9), 1, 5), statistics).inputs]).toEqual([2, -5]);
    expect(() =>
      standardize(ramp(9), { mean: new Float64Array(3), deviation: new Float64Array(3) }),
    ).toThrow('has 2 features, its statistics 3 and 3');
    expect(() => standardize(take(ramp(9), 0))).toThrow('is empty');
  });
});
