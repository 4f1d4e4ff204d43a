import { describe, expect, it, vi } from 'vitest';
import {
  col2im,
  im2col,
  integers,
  key,
  fold,
  matmul,
  uniform,
  ValueError,
  windowPositions,
} from '../src/index.ts';
import type { WindowShape } from '../src/index.ts';

/** Pixel that each matrix element comes from, -1 for padding, straight from the definition. */
function sources(shape: WindowShape, layout: 'columns' | 'rows'): Int32Array {
  const { batch, channels, height, width, kernel, stride = [1, 1], padding = [0, 0] } = shape;
  const [rows, columns] = windowPositions(shape);
  const area = channels * kernel[0] * kernel[1];
  const out = new Int32Array(batch * area * rows * columns);
  for (let b = 0; b < batch; b++)
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < kernel[0]; i++)
        for (let j = 0; j < kernel[1]; j++)
          for (let r = 0; r < rows; r++)
            for (let s = 0; s < columns; s++) {
              const element = (c * kernel[0] + i) * kernel[1] + j;
              const position = r * columns + s;
              const at =
                layout === 'columns'
                  ? (b * area + element) * rows * columns + position
                  : (b * rows * columns + position) * area + element;
              const y = r * stride[0] - padding[0] + i;
              const x = s * stride[1] - padding[1] + j;
              const inside = y >= 0 && y < height && x >= 0 && x < width;
              out[at] = inside ? ((b * channels + c) * height + y) * width + x : -1;
            }
  return out;
}

const shapes: WindowShape[] = [{ batch: 2, channels: 3, height: 7, width: 5, kernel: [3, 2] }];
for (let seed = 0; seed < 60; seed++) {
  const r = integers(fold(key(1), seed), 10, 1000);
  const pick = (i: number, count: number): number => r[i]! % count;
  const kernel = [1 + pick(0, 4), 1 + pick(1, 4)] as const;
  const padding = [pick(2, 4), pick(3, 4)] as const;
  shapes.push({
    batch: 1 + pick(4, 3),
    channels: 1 + pick(5, 3),
    height: Math.max(1, kernel[0] - 2 * padding[0]) + pick(6, 5),
    width: Math.max(1, kernel[1] - 2 * padding[1]) + pick(7, 5),
    kernel,
    padding,
    stride: [1 + pick(8, 3), 1 + pick(9, 3)],
  });
}

describe.each(['columns', 'rows'] as const)('layout %s', (layout) => {
  it.each(shapes)(
    'follows the definition for $height x $width, kernel $kernel, stride $stride, padding $padding',
    (shape) => {
      const size = shape.batch * shape.channels * shape.height * shape.width;
      const images = uniform(key(2), size, { low: 1, high: 2 });
      const from = sources(shape, layout);
      const matrix = im2col(images, shape, { layout });
      expect([...matrix]).toEqual([...from].map((pixel) => (pixel < 0 ? 0 : images[pixel])));
      const dirty = new Float64Array(matrix.length).fill(7);
      expect(im2col(images, shape, { layout, out: dirty })).toBe(dirty);
      expect(dirty).toEqual(matrix);

      const gradient = uniform(key(3), matrix.length);
      const expected = new Float64Array(size);
      from.forEach((pixel, i) => {
        if (pixel >= 0) expected[pixel]! += gradient[i]!;
      });
      const back = col2im(gradient, shape, { layout });
      for (let i = 0; i < size; i++) expect(Math.abs(back[i]! - expected[i]!)).toBeLessThan(1e-13);
      const out = new Float64Array(size).fill(7);
      expect(col2im(gradient, shape, { layout, out })).toBe(out);
      expect(out).toEqual(back);
    },
  );
});

describe("images that fill the kernel's memory more than once", () => {
  // 33 images of 113 KB with their windows: blocks of 9 and a rest.
  const many = {
    batch: 33,
    channels: 8,
    height: 14,
    width: 14,
    kernel: [3, 3],
    padding: [1, 1],
  } as const;
  // One image of 74 MB with its windows: too large to copy.
  const large = { batch: 1, channels: 1, height: 1100, width: 850, kernel: [3, 3] } as const;
  it.each([many, large])(
    'are like single ones, with WebAssembly and without ($height x $width)',
    async (shape) => {
      const size = shape.batch * shape.channels * shape.height * shape.width;
      const images = uniform(key(4), size);
      const results = (['columns', 'rows'] as const).map((layout) => {
        const matrix = im2col(images, shape, { layout });
        return { layout, matrix, back: col2im(matrix, shape, { layout }) };
      });
      vi.resetModules();
      vi.stubGlobal('WebAssembly', undefined);
      try {
        const plain = await import('../src/im2col.ts');
        expect(plain.im2col).not.toBe(im2col);
        for (const { layout, matrix, back } of results) {
          const expected = plain.im2col(images, shape, { layout });
          expect(matrix.length).toBe(expected.length);
          expect(matrix.findIndex((x, i) => x !== expected[i])).toBe(-1);
          const expectedBack = plain.col2im(matrix, shape, { layout });
          expect(back.length).toBe(size);
          expect(back.findIndex((x, i) => x !== expectedBack[i])).toBe(-1);
        }
      } finally {
        vi.unstubAllGlobals();
      }
    },
  );
});

describe('image windows', () => {
  it('turn a convolution into a product', () => {
    const image = Float64Array.from({ length: 16 }, (_, i) => i);
    const shape = { batch: 1, channels: 1, height: 4, width: 4, kernel: [2, 2] } as const;
    const filter = Float64Array.of(1, 0, 0, -1);
    expect([...matmul(filter, im2col(image, shape), 1, 4, 9)]).toEqual(
      Array.from({ length: 9 }, () => -5),
    );
  });

  it('refuse malformed shapes and lengths', () => {
    const good = { batch: 1, channels: 1, height: 4, width: 4, kernel: [2, 2] } as const;
    expect(() => windowPositions({ ...good, batch: 0 })).toThrow(ValueError);
    expect(() => windowPositions({ ...good, kernel: [2, 1.5] })).toThrow('kernel 2,1.5');
    expect(() => windowPositions({ ...good, stride: [0, 1] })).toThrow('stride 0,1');
    expect(() => windowPositions({ ...good, padding: [0, -1] })).toThrow('padding 0,-1');
    expect(() => windowPositions({ ...good, kernel: [5, 1] })).toThrow(
      'a window of 5 x 1 does not fit an image of 4 x 4 with padding 0 x 0. Use a smaller kernel or more padding',
    );
    expect(() => im2col(new Float64Array(15), good)).toThrow(
      'images has 15 elements, its shape needs 16',
    );
    expect(() => im2col(new Float64Array(16), good, { out: new Float64Array(1) })).toThrow(
      ValueError,
    );
    const memory = new Float64Array(52);
    expect(() => im2col(memory.subarray(0, 16), good, { out: memory.subarray(15, 51) })).toThrow(
      'out shares memory with what it is made from',
    );
    expect(() => im2col(new Float64Array(16), good, { layout: 'row' as never })).toThrow(
      "no layout row. Use 'columns' or 'rows'",
    );
    expect(() => col2im(new Float64Array(35), good)).toThrow(
      'columns has 35 elements, its shape needs 36',
    );
  });
});
