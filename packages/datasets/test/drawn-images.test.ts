import { colouredShapes, medicalImages } from '@ketwork/datasets';
import type { Dataset } from '@ketwork/datasets';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';

/** Hash of the values rounded to 1e-9, so that a last-bit difference of the machine's sine does not matter. */
function fingerprint({ inputs, labels }: Dataset): string {
  const values = [...inputs].map((value) => Math.round(value * 1e9) + 0).join();
  return createHash('sha256').update(`${values};${labels.join()}`).digest('hex').slice(0, 16);
}

const image = (data: Dataset, i: number): Float64Array => {
  const size = data.inputs.length / data.size;
  return data.inputs.subarray(i * size, (i + 1) * size);
};

const mean = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / values.length;

/** Outline of the bright part: pixels with a dark neighbour, over the circumference of a disc of the same area. */
function ruggedness(pixels: Float64Array, side: number): number {
  const bright = (x: number, y: number): boolean =>
    x >= 0 && x < side && y >= 0 && y < side && pixels[y * side + x]! > 0.42;
  let area = 0;
  let rim = 0;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      if (!bright(x, y)) continue;
      area++;
      for (const [u, v] of [
        [1, 0],
        [-1, 0],
        [0, 1],
        [0, -1],
      ] as const)
        if (!bright(x + u, y + v)) rim++;
    }
  }
  return rim / (2 * Math.sqrt(Math.PI * area));
}

describe('medicalImages', () => {
  test('gives the same images for a seed, example by example, in any number', () => {
    const lesions = medicalImages({ kind: 'lesion', count: 12, seed: 5 });
    const few = medicalImages({ kind: 'lesion', count: 4, seed: 5 });
    expect(few.inputs).toEqual(lesions.inputs.subarray(0, few.inputs.length));
    expect([...lesions.labels.subarray(0, 4)]).toEqual([0, 1, 0, 1]);
    expect(medicalImages({ kind: 'lesion', count: 4, seed: 6 }).inputs).not.toEqual(few.inputs);
    const cells = medicalImages({ kind: 'blood-cell', count: 8, size: 20, seed: 5 });
    expect([cells.inputShape, [...cells.labels]]).toEqual([
      [20, 20],
      [0, 1, 2, 3, 0, 1, 2, 3],
    ]);
    expect([fingerprint(lesions), fingerprint(cells)]).toMatchInlineSnapshot(`
      [
        "8b6f5638c19c9d46",
        "86541f2c2e8322d5",
      ]
    `);
  });

  test('draws values from 0 to 1, lesions brighter than their background', () => {
    const data = medicalImages({ kind: 'lesion', count: 40, seed: 2 });
    expect(data.inputs.every((v) => v >= 0 && v <= 1)).toBe(true);
    for (let i = 0; i < 40; i += 2) {
      const pixels = image(data, i);
      const middle = pixels[14 * 28 + 14]!;
      const corner = mean([0, 1, 28, 29].map((p) => pixels[p]!));
      expect(middle - corner).toBeGreaterThan(0.1);
    }
  });

  test('malignant lesions have rugged outlines, benign ones smooth ones', () => {
    const data = medicalImages({ kind: 'lesion', count: 60, seed: 3 });
    const of = (label: number): number[] =>
      Array.from({ length: 60 }, (_, i) => i)
        .filter((i) => data.labels[i] === label)
        .map((i) => ruggedness(image(data, i), 28));
    expect(mean(of(1))).toBeGreaterThan(1.3 * mean(of(0)));
  });

  test('cells have as many bright lobes as their class says', () => {
    const data = medicalImages({ kind: 'blood-cell', count: 80, seed: 4 });
    const brightShare = (label: number): number =>
      mean(
        Array.from({ length: 80 }, (_, i) => i)
          .filter((i) => data.labels[i] === label)
          .map((i) => image(data, i).filter((v) => v > 0.55).length),
      );
    // Areas of one disc of radius 5.25, two and three of radius 3, and many grains.
    const [one, two, three] = [0, 1, 2].map(brightShare) as [number, number, number];
    expect(one / (Math.PI * 5.25 ** 2)).toBeGreaterThan(0.8);
    expect(one / (Math.PI * 5.25 ** 2)).toBeLessThan(1.2);
    expect(three / two).toBeGreaterThan(1.3);
    expect(three / two).toBeLessThan(1.7);
    expect(data.classes).toEqual(['round', 'two-lobed', 'three-lobed', 'granular']);
  });

  test('refuses what it does not know', () => {
    const make = (options: object) => () =>
      medicalImages({ kind: 'lesion', count: 1, seed: 1, ...options });
    expect(make({ kind: 'bone' })).toThrow(
      'medicalImages: unknown kind "bone". Use lesion or blood-cell',
    );
    expect(make({ size: 8 })).toThrow('size 8 is not an integer of at least 16');
    expect(make({ count: 0 })).toThrow('count 0 is not a positive integer');
    expect(make({ seed: -1 })).toThrow('seed');
  });
});

describe('colouredShapes', () => {
  test('gives the same images for a seed, in the form of CIFAR-10', () => {
    const data = colouredShapes({ count: 20, seed: 1 });
    expect(data.inputShape).toEqual([3, 32, 32]);
    expect(data.classes.slice(0, 3)).toEqual(['warm disc', 'cold disc', 'warm square']);
    expect([...data.labels.subarray(8, 12)]).toEqual([8, 9, 0, 1]);
    expect(data.inputs.every((v) => v >= 0 && v <= 1)).toBe(true);
    expect(colouredShapes({ count: 5, seed: 1 }).inputs).toEqual(data.inputs.subarray(0, 5 * 3072));
    const plain = colouredShapes({ count: 3, size: 12, textures: false, seed: 1 });
    expect([fingerprint(data), fingerprint(plain)]).toMatchInlineSnapshot(`
      [
        "da684baf24cee4fb",
        "3374797d2793bfc7",
      ]
    `);
  });

  test('warm shapes are redder than their background, cold ones bluer', () => {
    const data = colouredShapes({ count: 200, textures: false, seed: 2 });
    /** Red less blue, summed over the image less that of its corner pixels. */
    const warmth = (i: number): number => {
      const pixels = image(data, i);
      const at = (p: number): number => pixels[p]! - pixels[2048 + p]!;
      const corners = mean([0, 31, 992, 1023].map(at));
      return mean(Array.from({ length: 1024 }, (_, p) => at(p) - corners));
    };
    const right = Array.from({ length: 200 }, (_, i) => i).filter(
      (i) => warmth(i) > 0 === (data.labels[i]! % 2 === 0),
    );
    expect(right.length).toBeGreaterThan(170);
  });

  test('refuses what does not fit', () => {
    expect(() => colouredShapes({ count: 1, size: 8, seed: 1 })).toThrow(
      'size 8 is not an integer of at least 12',
    );
    expect(() => colouredShapes({ count: 0.5, seed: 1 })).toThrow(
      'count 0.5 is not a positive integer',
    );
  });
});
