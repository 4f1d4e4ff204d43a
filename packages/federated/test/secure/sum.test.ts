import { bits, key } from '@ketwork/base';
import { describe, expect, test } from 'vitest';
import { secureSum } from '../../src/secure/in-process.ts';
import { seededUnsafe } from '../../src/secure/random.ts';
import { drive, named, numbersOf, session, sumOf, vector } from './drive.ts';

const vectors = Array.from({ length: 6 }, (_, i) => vector(i, 9));

describe('the sum is exact', () => {
  test('of all who take part', async () => {
    const { words, participants } = await drive({ vectors });
    expect(numbersOf(words)).toEqual(sumOf(vectors));
    expect(participants).toEqual(named(6));
  });

  test.each(['keys', 'shares', 'masked'] as const)(
    'of the others where two drop out before %s',
    async (phase) => {
      const { words, participants } = await drive({
        vectors,
        drop: { p001: phase, p004: phase },
      });
      expect(participants).toEqual(['p000', 'p002', 'p003', 'p005']);
      expect(numbersOf(words)).toEqual(sumOf([0, 2, 3, 5].map((i) => vectors[i]!)));
    },
  );

  test('of all whose vectors came where two drop out after that', async () => {
    const { words, participants } = await drive({
      vectors,
      drop: { p000: 'answer', p005: 'answer' },
    });
    expect(participants).toEqual(named(6));
    expect(numbersOf(words)).toEqual(sumOf(vectors));
  });

  test('where one drops out before every message', async () => {
    const more = Array.from({ length: 9 }, (_, i) => vector(20 + i, 4));
    const { words, participants } = await drive({
      vectors: more,
      threshold: 5,
      drop: { p001: 'keys', p008: 'shares', p000: 'masked', p005: 'answer' },
    });
    expect(participants).toEqual(['p002', 'p003', 'p004', 'p005', 'p006', 'p007']);
    expect(numbersOf(words)).toEqual(sumOf(more.slice(2, 8)));
  });

  test('of two', async () => {
    const { words } = await drive({ vectors: vectors.slice(0, 2) });
    expect(numbersOf(words)).toEqual(sumOf(vectors.slice(0, 2)));
  });

  test('of empty vectors', async () => {
    const { words } = await drive({ vectors: [0, 1, 2].map(() => new Uint32Array(0)) });
    expect(words).toHaveLength(0);
  });

  test('in one process', async () => {
    const names = named(6);
    const given = new Map(names.map((name, i) => [name, vectors[i]!]));
    const { words } = await secureSum({ session, participants: names, words: 18 }, given);
    expect(numbersOf(words)).toEqual(sumOf(vectors));
  });
});

describe('a masked vector', () => {
  /** Chi-squared of the top four bits of words, 15 degrees of freedom. */
  function deviation(words: Uint32Array): number {
    const counts = new Float64Array(16);
    for (const word of words) counts[word >>> 28]!++;
    const expected = words.length / 16;
    return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  }

  test('looks like noise, whatever it hides', async () => {
    const zeros = [0, 1, 2].map(() => new Uint32Array(20_000));
    const { views, words } = await drive({ vectors: zeros });
    expect(words.every((word) => word === 0)).toBe(true);
    for (const { numbers } of views) {
      const seen = new Uint32Array(numbers.buffer);
      // Exceeds 50 with probability 1e-5; zeros give 300,000.
      expect(deviation(seen)).toBeLessThan(50);
      const ones = seen.reduce((sum, word) => {
        let count = 0;
        for (let rest = word; rest !== 0; rest &= rest - 1) count++;
        return sum + count;
      }, 0);
      // Five standard deviations of 640,000 fair coins.
      expect(Math.abs(ones - 320_000)).toBeLessThan(2000);
    }
    // Two views are independent as well: so is their difference.
    const [a, b] = views.map(({ numbers }) => new Uint32Array(numbers.buffer));
    expect(deviation(a!.map((word, i) => word - b![i]!))).toBeLessThan(50);
  });

  test('differs between sessions for the same input', async () => {
    const first = await drive({ vectors });
    const second = await drive({ vectors });
    expect(second.words).toEqual(first.words);
    expect(second.views[0]!.numbers).not.toEqual(first.views[0]!.numbers);
  });

  test('has the same mask for two inputs of the same sum, given the same random source', async () => {
    const source = (): ReturnType<typeof seededUnsafe> => seededUnsafe(key(5));
    const shift = bits(key(77), 18);
    const others = vectors.map((own) => new BigUint64Array(own.slice().buffer));
    new BigUint64Array(shift.slice().buffer).forEach((value, i) => {
      others[0]![i]! += value;
      others[1]![i]! -= value;
    });
    const moved = others.map((own) => new Uint32Array(own.buffer));
    const first = await drive({ vectors, random: source() });
    const second = await drive({ vectors: moved, random: source() });
    expect(second.words).toEqual(first.words);
    first.views.forEach(({ numbers }, i) => {
      const before = numbersOf(vectors[i]!);
      const after = numbersOf(moved[i]!);
      const mask = [...numbers].map((value, k) => BigInt.asUintN(64, value - before[k]!));
      const again = [...second.views[i]!.numbers].map((v, k) => BigInt.asUintN(64, v - after[k]!));
      expect(again).toEqual(mask);
    });
  });

  test('is the same again only with a seeded source', async () => {
    const first = await drive({ vectors, random: seededUnsafe(key(9)) });
    const second = await drive({ vectors, random: seededUnsafe(key(9)) });
    const third = await drive({ vectors, random: seededUnsafe(key(10)) });
    expect(second.views).toEqual(first.views);
    expect(third.views[0]!.numbers).not.toEqual(first.views[0]!.numbers);
  });
});
