import { fastConvolution, key, normal } from '@ketwork/base';
import type { ConvolutionShape, FastConvolution } from '@ketwork/base';
import { describe, expect, test } from 'vitest';
import { TILE, winogradMatrices } from '../../src/winograd/matrices.ts';

/** Fresh numbers from N(0, 1) with every call. */
function numbers(seed: number): (count: number) => Float64Array {
  let call = 0;
  return (count) => normal(key(1000 * seed + call++), count);
}

function expectClose(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(wanted.length);
  const off = Array.from(got, (value, i) => Math.abs(value - wanted[i]!));
  expect(Math.max(...off)).toBeLessThan(tolerance);
}

const shapeOf = (
  channels: number,
  filters: number,
  size: readonly [number, number],
  kernel: readonly [number, number],
  padding: readonly [number, number],
): ConvolutionShape => ({ channels, filters, height: size[0], width: size[1], kernel, padding });

const shapes: readonly ConvolutionShape[] = [
  shapeOf(16, 32, [14, 14], [5, 5], [2, 2]),
  shapeOf(1, 16, [28, 28], [5, 5], [2, 2]),
  shapeOf(7, 18, [13, 17], [3, 3], [1, 1]),
  shapeOf(15, 30, [13, 16], [4, 4], [0, 0]),
  shapeOf(12, 9, [20, 15], [3, 5], [0, 4]),
  shapeOf(9, 12, [17, 18], [6, 2], [3, 1]),
  shapeOf(16, 16, [16, 16], [2, 2], [1, 0]),
];

function fast(shape: ConvolutionShape): FastConvolution {
  const found = fastConvolution(shape);
  if (found === undefined) throw new Error('there is none for this shape');
  return found;
}

/** Calls `visit` for every product of the definition, by the places of result, image and weight. */
function products(
  { channels, filters, height, width, kernel, padding }: ConvolutionShape,
  batch: number,
  visit: (result: number, pixel: number, weight: number, filter: number) => void,
): number {
  const rows = height + 2 * padding[0] - kernel[0] + 1;
  const columns = width + 2 * padding[1] - kernel[1] + 1;
  for (let e = 0; e < batch; e++) {
    for (let f = 0; f < filters; f++) {
      for (let c = 0; c < channels; c++) {
        for (let at = 0; at < rows * columns; at++) {
          for (let k = 0; k < kernel[0] * kernel[1]; k++) {
            const y = Math.floor(at / columns) + Math.floor(k / kernel[1]) - padding[0];
            const x = (at % columns) + (k % kernel[1]) - padding[1];
            if (y < 0 || y >= height || x < 0 || x >= width) continue;
            visit(
              (e * filters + f) * rows * columns + at,
              ((e * channels + c) * height + y) * width + x,
              (f * channels + c) * kernel[0] * kernel[1] + k,
              f,
            );
          }
        }
      }
    }
  }
  return batch * filters * rows * columns;
}

describe('winogradMatrices', () => {
  test.each([2, 3, 4, 5, 6])('give the correlation with a window of %i', (window) => {
    const { outputs, input, weight, output } = winogradMatrices(window);
    const draw = numbers(window);
    const d = draw(TILE);
    const g = draw(window);
    const times = (m: readonly (readonly number[])[], v: ArrayLike<number>): number[] =>
      m.map((row) => row.reduce((sum, value, i) => sum + value * v[i]!, 0));
    const product = times(weight, g).map((value, i) => value * times(input, d)[i]!);
    const expected = Array.from({ length: outputs }, (_, i) =>
      g.reduce((sum, value, k) => sum + value * d[i + k]!, 0),
    );
    expectClose(times(output, product), expected, 1e-13);
  });
});

describe.each(shapes)('fastConvolution of %o', (shape) => {
  const { channels, filters, height, width, kernel } = shape;
  const draw = numbers(height + width);
  const batch = 6;
  const images = draw(batch * channels * height * width);
  const weights = draw(filters * channels * kernel[0] * kernel[1]);
  const bias = draw(filters);
  const size = products(shape, 1, () => {});
  const dy = draw(batch * size);
  const convolution = fast(shape);

  test('agrees with the definition', () => {
    const expected = new Float64Array(batch * size);
    products(shape, batch, (result, pixel, weight) => {
      expected[result]! += images[pixel]! * weights[weight]!;
    });
    for (let i = 0; i < expected.length; i++)
      expected[i]! += bias[Math.floor(i / (size / filters)) % filters]!;
    expectClose(convolution.forward(images, weights, bias, batch), expected, 1e-12);
  });

  test('has the gradients of the definition', () => {
    const ofImages = new Float64Array(images.length);
    const ofWeights = new Float64Array(weights.length);
    products(shape, batch, (result, pixel, weight) => {
      ofImages[pixel]! += dy[result]! * weights[weight]!;
      ofWeights[weight]! += dy[result]! * images[pixel]!;
    });
    expectClose(convolution.imageGradient(weights, dy, batch), ofImages, 1e-12);
    expectClose(convolution.weightGradient(images, dy, batch), ofWeights, 1e-11);
  });

  test('gives each example the same bits in any batch, and leaves nothing behind', () => {
    const all = convolution.forward(images, weights, bias, batch);
    const back = convolution.imageGradient(weights, dy, batch);
    const sum = convolution.weightGradient(images, dy, batch);
    const pixels = channels * height * width;
    for (const [from, to] of [
      [0, 1],
      [3, 6],
      [1, 6],
    ] as const) {
      const some = images.slice(from * pixels, to * pixels);
      const part = dy.slice(from * size, to * size);
      expect(convolution.forward(some, weights, bias, to - from)).toEqual(
        all.slice(from * size, to * size),
      );
      expect(convolution.imageGradient(weights, part, to - from)).toEqual(
        back.slice(from * pixels, to * pixels),
      );
    }
    const doubled = weights.map((value) => 2 * value);
    const none = new Float64Array(filters);
    expect(convolution.forward(images, doubled, none, batch)).toEqual(
      convolution.forward(images, weights, none, batch).map((value) => 2 * value),
    );
    expect(convolution.weightGradient(images, dy, batch)).toEqual(sum);
  });
});

test('fastConvolution leaves to others what it would not make faster', () => {
  const usual = { channels: 16, filters: 32, height: 14, width: 14 };
  const found = (change: Partial<ConvolutionShape>): boolean =>
    fastConvolution({ ...usual, kernel: [5, 5], padding: [2, 2], ...change }) !== undefined;
  expect(found({})).toBe(true);
  expect(found({ kernel: [1, 1], padding: [0, 0] })).toBe(false);
  expect(found({ kernel: [7, 7] })).toBe(false);
  expect(found({ padding: [5, 2] })).toBe(false);
  expect(found({ channels: 1, filters: 1 })).toBe(false);
  expect(found({ height: 4000, width: 4000 })).toBe(false);
});
