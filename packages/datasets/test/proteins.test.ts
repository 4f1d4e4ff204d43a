import { FormatError, ValueError } from '@ketwork/base';
import { AMINO_ACIDS, parseFasta, proteins } from '@ketwork/datasets';
import { describe, expect, test } from 'vitest';

/** Letters that are frequent in membranes. */
const GREASY = new Set([...'ILVFCMA'].map((letter) => AMINO_ACIDS.indexOf(letter)));

describe('proteins', () => {
  test('are half cytosolic, half with one greasy segment', () => {
    const { inputs, labels, size, inputShape } = proteins({ count: 400, length: 32, seed: 3 });
    expect([size, inputShape]).toEqual([400, [32]]);
    expect(labels.reduce((a, b) => a + b, 0)).toBe(200);
    expect(inputs.every((i) => Number.isInteger(i) && i >= 0 && i < 20)).toBe(true);
    // The best window of ten letters is greasier where there is a segment.
    const best = (e: number): number =>
      Math.max(
        ...Array.from({ length: 23 }, (_, start) =>
          inputs
            .subarray(32 * e + start, 32 * e + start + 10)
            .reduce((sum, i) => sum + (GREASY.has(i) ? 1 : 0), 0),
        ),
      );
    const means = [0, 1].map((label) => {
      const own = [...labels.keys()].filter((e) => labels[e] === label).map(best);
      return own.reduce((a, b) => a + b, 0) / own.length;
    });
    expect(means[1]! - means[0]!).toBeGreaterThan(2);
  });

  test('are the same for a seed and differ between seeds', () => {
    const one = proteins({ count: 6, seed: 1 });
    expect(proteins({ count: 6, seed: 1 })).toEqual(one);
    expect(proteins({ count: 6, seed: 2 }).inputs).not.toEqual(one.inputs);
    expect(one.inputShape).toEqual([32]);
  });

  test('have the shares of human proteins outside segments', () => {
    const { inputs, labels } = proteins({ count: 4000, length: 40, seed: 5 });
    let leucine = 0;
    let total = 0;
    for (let e = 0; e < 4000; e++) {
      if (labels[e] === 1) continue;
      for (const i of inputs.subarray(40 * e, 40 * e + 40)) {
        total++;
        if (AMINO_ACIDS[i] === 'L') leucine++;
      }
    }
    // 10 % among ordinary letters, more among the tenth that is scattered.
    expect(leucine / total).toBeGreaterThan(0.1);
    expect(leucine / total).toBeLessThan(0.14);
  });

  test('refuse what does not fit', () => {
    for (const wrong of [{ count: 1 }, { length: 5 }, { length: 7.5 }, { count: Number.NaN }])
      expect(() => proteins({ count: 4, seed: 1, ...wrong })).toThrow(ValueError);
  });
});

describe('parseFasta', () => {
  test('reads entries of several lines', () => {
    const text = '; a remark\n>sp|P1 first\r\nMKV\nlaa*\n\n>second\nGG-T\n';
    expect(parseFasta(text)).toEqual([
      { description: 'sp|P1 first', sequence: 'MKVLAA*' },
      { description: 'second', sequence: 'GG-T' },
    ]);
    expect(parseFasta('')).toEqual([]);
  });

  test('names the line at fault', () => {
    for (const [text, line] of [
      ['MKV', 1],
      ['>a\nMK1', 2],
      ['>a\nMK\n>b\n', 3],
    ] as const) {
      expect(() => parseFasta(text)).toThrow(FormatError);
      expect(() => parseFasta(text)).toThrow(`line ${line}`);
    }
  });
});
