import { dataset, resizeImages } from '@ketwork/datasets';
import type { Dataset } from '@ketwork/datasets';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

function images(height: number, width: number, inputs: readonly number[]): Dataset {
  const labels = new Int32Array(inputs.length / (height * width));
  return dataset({
    name: 'images',
    inputs,
    inputShape: [height, width],
    labels,
    classes: ['a'],
    source: 'test',
  });
}

/** The definition, pixel by pixel: the integral over the covered area of the piecewise constant image. */
function naive(image: readonly number[], from: [number, number], to: [number, number]): number[] {
  const overlap = (i: number, j: number, axis: 0 | 1): number =>
    Math.max(
      0,
      Math.min((i + 1) / to[axis], (j + 1) / from[axis]) - Math.max(i / to[axis], j / from[axis]),
    ) * to[axis];
  const out: number[] = [];
  for (let y = 0; y < to[0]; y++) {
    for (let x = 0; x < to[1]; x++) {
      let sum = 0;
      for (let v = 0; v < from[0]; v++) {
        for (let u = 0; u < from[1]; u++)
          sum += overlap(y, v, 0) * overlap(x, u, 1) * image[v * from[1] + u]!;
      }
      out.push(sum);
    }
  }
  return out;
}

describe('resizeImages', () => {
  test('halving is the mean of four pixels', () => {
    const data = images(2, 4, [1, 3, 10, 20, 5, 7, 30, 40]);
    expect([...resizeImages(data, [1, 2]).inputs]).toEqual([4, 25]);
  });

  test('three pixels into two share the middle one', () => {
    const data = images(1, 3, [3, 6, 12]);
    const { inputs, inputShape } = resizeImages(data, [1, 2]);
    expect(inputShape).toEqual([1, 2]);
    expect(inputs[0]).toBeCloseTo((3 + 6 / 2) / 1.5, 15);
    expect(inputs[1]).toBeCloseTo((6 / 2 + 12) / 1.5, 15);
  });

  test('doubling repeats pixels, and the same size changes nothing', () => {
    expect([...resizeImages(images(1, 2, [3, 8]), [2, 4]).inputs]).toEqual([
      3, 3, 8, 8, 3, 3, 8, 8,
    ]);
    const data = images(2, 3, [1, 2, 3, 4, 5, 6]);
    expect(resizeImages(data, [2, 3]).inputs).toEqual(data.inputs);
  });

  test('several images keep apart', () => {
    const data = images(2, 2, [1, 1, 1, 1, 4, 4, 4, 8]);
    expect([...resizeImages(data, 1).inputs]).toEqual([1, 5]);
  });

  test('equals the definition and keeps the mean for any sizes', () => {
    const side = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(
        side,
        side,
        side,
        side,
        fc.infiniteStream(fc.integer({ min: -9, max: 9 })),
        (h, w, H, W, values) => {
          const image = [...values.take(h * w)];
          const { inputs } = resizeImages(images(h, w, image), [H, W]);
          const expected = naive(image, [h, w], [H, W]);
          inputs.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-12));
          const mean = (list: readonly number[]): number =>
            list.reduce((a, b) => a + b, 0) / list.length;
          expect(Math.abs(mean([...inputs]) - mean(image))).toBeLessThan(1e-12);
        },
      ),
    );
  });

  test('refuses points and impossible sizes', () => {
    const points = dataset({
      name: 'p',
      inputs: [1, 2],
      inputShape: [2],
      labels: [0],
      classes: ['a'],
      source: 's',
    });
    expect(() => resizeImages(points, 2)).toThrow('holds examples of shape [2], not images');
    expect(() => resizeImages(images(1, 1, [1]), 0)).toThrow(
      'image size [0, 0] is not of positive integers',
    );
    expect(() => resizeImages(images(1, 1, [1]), [2, 1.5])).toThrow('image size [2, 1.5]');
  });
});
