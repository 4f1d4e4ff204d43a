import { ValueError } from '@ketwork/base';
import { tthEvents } from '@ketwork/datasets';
import { describe, expect, it } from 'vitest';

describe('toy collision events', () => {
  const events = tthEvents({ features: 12, count: 4000, seed: 3 });

  it('are the same for a seed and others for another, half of them signal in random order', () => {
    expect(tthEvents({ features: 12, count: 4000, seed: 3 })).toEqual(events);
    expect(tthEvents({ features: 12, count: 4000, seed: 4 }).inputs).not.toEqual(events.inputs);
    const signal = (list: ArrayLike<number>): number =>
      Array.from(list).filter((l) => l === 1).length;
    expect(signal(events.labels)).toBe(2000);
    expect(Math.abs(signal(events.labels.subarray(0, 2000)) - 1000)).toBeLessThan(100);
    expect(events.inputShape).toEqual([12]);
  });

  const column = (data: typeof events, f: number, label: number): number[] =>
    Array.from(data.labels.keys())
      .filter((e) => data.labels[e] === label)
      .map((e) => data.inputs[e * 12 + f]!);
  const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b / list.length, 0);

  it('come from one distribution, whatever the seed', () => {
    const other = tthEvents({ features: 12, count: 4000, seed: 9 });
    const shifts = (data: typeof events): number[] =>
      Array.from({ length: 12 }, (_, f) => mean(column(data, f, 1)) - mean(column(data, f, 0)));
    const [a, b] = [shifts(events), shifts(other)];
    // Means of 2,000 numbers of deviation about 1.4: four standard deviations of their difference's difference.
    a.forEach((shift, f) => expect(Math.abs(shift - b[f]!)).toBeLessThan(0.25));
    expect(Math.max(...a.map(Math.abs))).toBeGreaterThan(0.2);
  });

  it('differ in the correlation of features 0 and 1 by class, and have heavy tails in front', () => {
    const slope = (label: number): number => {
      const [x, y] = [column(events, 0, label), column(events, 1, label)];
      const [mx, my] = [mean(x), mean(y)];
      return mean(x.map((v, i) => (v - mx) * (y[i]! - my))) / mean(x.map((v) => (v - mx) ** 2));
    };
    expect(slope(1) - slope(0)).toBeGreaterThan(0.4);
    const kurtosis = (f: number): number => {
      const list = column(events, f, 0);
      const m = mean(list);
      return mean(list.map((v) => (v - m) ** 4)) / mean(list.map((v) => (v - m) ** 2)) ** 2;
    };
    expect(kurtosis(0)).toBeGreaterThan(4);
    expect(Math.abs(kurtosis(9) - 3)).toBeLessThan(0.5);
  });

  it('refuses what does not fit', () => {
    expect(() => tthEvents({ features: 3, count: 10, seed: 0 })).toThrow(ValueError);
    expect(() => tthEvents({ features: 4, count: 1, seed: 0 })).toThrow(ValueError);
    expect(() => tthEvents({ features: 4, count: 10, seed: -1 })).toThrow(ValueError);
  });
});
