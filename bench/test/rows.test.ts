import { describe, expect, it } from 'vitest';
import { elapsed, interleave } from '../harness/measure.ts';
import { mustAgree, mustBeSame } from '../harness/question.ts';
import { formatTable, makeRow, missed } from '../harness/row.ts';
import { median, quantile, spread } from '../harness/statistics.ts';
import { nest } from '../peers/native.ts';

describe('statistics', () => {
  it('takes quantiles between neighbours, in any order of samples', () => {
    expect(quantile([4, 1, 3, 2], 0.25)).toBe(1.75);
    expect(quantile([5], 0.9)).toBe(5);
    expect(median([9, 1, 5])).toBe(5);
    expect(median([1, 2, 3, 10])).toBe(2.5);
    expect(() => median([])).toThrow('no samples');
  });

  it('gives the interquartile range relative to the median', () => {
    expect(spread([1, 2, 3, 4, 5])).toBeCloseTo(2 / 3, 15);
    expect(spread([7, 7, 7])).toBe(0);
  });
});

describe('rows', () => {
  const times = { question: 'q', case: 'c', unit: 'us', ours: [2, 1, 3], peer: [8, 4, 6] };

  it('have a ratio above 1 where ours takes less time', () => {
    const row = makeRow({ ...times, peerName: 'p', goal: 3 });
    expect(row).toEqual({
      question: 'q',
      case: 'c',
      unit: 'us',
      ours: 2,
      peer: 6,
      peerName: 'p',
      ratio: 3,
      goal: 3,
      met: true,
      spread: 0.5,
    });
  });

  it('have a ratio above 1 where ours has the higher rate', () => {
    expect(makeRow({ ...times, rate: true }).ratio).toBeCloseTo(1 / 3, 4);
  });

  it('say null where there is no peer or no goal', () => {
    const row = makeRow({ question: 'q', case: 'c', unit: 'us', ours: [1], goal: 2 });
    expect([row.peer, row.peerName, row.ratio, row.met]).toEqual([null, null, null, null]);
    expect(makeRow(times).met).toBeNull();
  });

  it('are missed only where a goal is not reached', () => {
    const rows = [makeRow({ ...times, goal: 3.1 }), makeRow({ ...times, goal: 3 }), makeRow(times)];
    expect(missed(rows)).toEqual([rows[0]]);
  });

  it('make a table with one line each', () => {
    const lines = formatTable([
      makeRow({ ...times, peerName: 'p', goal: 4 }),
      makeRow(times),
    ]).split('\n');
    expect(lines.map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['case', 'unit', 'ours', 'peer', 'ratio', 'goal', 'met', 'spread', 'peer name'],
      ['c', 'us', '2', '6', '3x', '4x', 'NO', '50%', 'p'],
      ['c', 'us', '2', '6', '3x', '-', '-', '50%', '-'],
    ]);
  });
});

describe('interleaving', () => {
  it('takes turns and divides by the number of calls', async () => {
    const order: string[] = [];
    const side = (name: string, perCall: number) => (calls: number) => {
      order.push(name);
      return calls * perCall;
    };
    const settings = { rounds: 4, sampleSeconds: 0.01 };
    const samples = await interleave([side('a', 0.001), side('b', 0.02)], settings);
    expect(samples[0]!.map((s) => s.toFixed(6))).toEqual(Array(4).fill('0.001000'));
    expect(samples[1]!.map((s) => s.toFixed(6))).toEqual(Array(4).fill('0.020000'));
    expect(order.slice(-8).join('')).toBe('abbaabba');
  });
});

describe('wall time', () => {
  it('includes what other threads do', async () => {
    let calls = 0;
    const work = (): Promise<void> =>
      new Promise((resolve) => {
        calls++;
        setTimeout(resolve, 20);
      });
    const seconds = await elapsed(work)(3);
    expect(calls).toBe(3);
    expect(seconds).toBeGreaterThan(0.05);
  });
});

describe('checks', () => {
  it('stop where two sides differ, in a number or in length', () => {
    mustAgree('same', [1, 1e6], [1 + 1e-12, 1e6 + 1e-4]);
    expect(() => mustAgree('sum', [1, 2], [1, 2.001])).toThrow(
      'sum: number 1 is 2 here and 2.001 there',
    );
    expect(() => mustAgree('sum', [1], [Number.NaN])).toThrow('NaN there');
    expect(() => mustAgree('sum', [1], [1, 2])).toThrow('ours has 1 numbers, the peer 2');
  });

  it('stop where two sides differ in a bit', () => {
    const same = Float64Array.of(0, 1 / 3);
    mustBeSame('same', same, same.slice());
    expect(() => mustBeSame('sum', same, Float64Array.of(-0, 1 / 3))).toThrow('number 0 is 0');
    expect(() => mustBeSame('sum', same, Float64Array.of(0, 1 / 3 + 2 ** -54))).toThrow('number 1');
  });

  it('give flat arrays their shape', () => {
    expect(nest([1, 2, 3, 4, 5, 6], [3, 2])).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
  });
});
