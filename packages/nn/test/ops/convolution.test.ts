import { fastConvolution, ValueError } from '@ketwork/base';
import { Tape, ops } from '@ketwork/nn';
import type { SlideOptions } from '@ketwork/nn';
import { expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { checkOperation, evaluate, fill } from '../check.ts';
import type { TestInput } from '../check.ts';

const cases: [number[], number[], SlideOptions][] = [
  [[1, 4, 5], [2, 1, 3, 3], {}],
  [[2, 5, 5], [3, 2, 2, 3], { stride: 2 }],
  [[2, 4, 6], [1, 2, 3, 3], { padding: 1 }],
  [[1, 6, 5], [2, 1, 3, 2], { stride: [2, 1], padding: [1, 0] }],
  [[3, 3, 3], [2, 3, 1, 1], {}],
];

function inputsOf(image: number[], weight: number[]): TestInput[] {
  return [
    { shape: image, axis: 'batch' },
    { shape: weight, axis: 'shared' },
    { shape: [weight[0]!], axis: 'shared' },
  ];
}

/** The definition, written out. */
function naive(
  data: readonly Float64Array[],
  batch: number,
  image: number[],
  weight: number[],
  options: SlideOptions,
): Float64Array {
  const [x, w, b] = data as [Float64Array, Float64Array, Float64Array];
  const [channels, height, width] = image as [number, number, number];
  const [filters, , rows, columns] = weight as [number, number, number, number];
  const pair = (v: SlideOptions['stride'], fallback: number): number[] =>
    typeof v === 'object' ? [...v] : [v ?? fallback, v ?? fallback];
  const [sy, sx] = pair(options.stride, 1) as [number, number];
  const [py, px] = pair(options.padding, 0) as [number, number];
  const outHeight = Math.floor((height + 2 * py - rows) / sy) + 1;
  const outWidth = Math.floor((width + 2 * px - columns) / sx) + 1;
  const out: number[] = [];
  for (let e = 0; e < batch; e++) {
    for (let f = 0; f < filters; f++) {
      for (let i = 0; i < outHeight; i++) {
        for (let j = 0; j < outWidth; j++) {
          let total = b[f]!;
          for (let c = 0; c < channels; c++) {
            for (let r = 0; r < rows; r++) {
              for (let s = 0; s < columns; s++) {
                const y = i * sy + r - py;
                const z = j * sx + s - px;
                if (y < 0 || y >= height || z < 0 || z >= width) continue;
                total +=
                  x[((e * channels + c) * height + y) * width + z]! *
                  w[((f * channels + c) * rows + r) * columns + s]!;
              }
            }
          }
          out.push(total);
        }
      }
    }
  }
  return Float64Array.from(out);
}

describe('conv2d', () => {
  it.each(cases)('of %o with %o, %o agrees with the definition', (image, weight, options) => {
    const inputs = inputsOf(image, weight);
    const data = fill(3, inputs, 4);
    const out = evaluate(3, inputs, data, (x, w, b) => ops.conv2d(x, w, b, options));
    expectClose(out, naive(data, 3, image, weight, options), 1e-13);
  });

  it.each(cases)('of %o with %o, %o has right gradients', (image, weight, options) => {
    checkOperation(3, inputsOf(image, weight), (x, w, b) => ops.conv2d(x, w, b, options));
  });

  // Large enough for the fast algorithm, which has tests of its own.
  const large: [number[], number[], SlideOptions] = [[4, 9, 10], [8, 4, 5, 5], { padding: 2 }];

  it('of larger images agrees with the definition', () => {
    const [image, weight, options] = large;
    const inputs = inputsOf(image, weight);
    const data = fill(2, inputs, 4);
    expect(
      fastConvolution({
        channels: 4,
        filters: 8,
        height: 9,
        width: 10,
        kernel: [5, 5],
        padding: [2, 2],
      }),
    ).toBeDefined();
    const out = evaluate(2, inputs, data, (x, w, b) => ops.conv2d(x, w, b, options));
    expectClose(out, naive(data, 2, image, weight, options), 1e-12);
  });

  it('of larger images has right gradients', { timeout: 20_000 }, () => {
    const [image, weight, options] = large;
    checkOperation(2, inputsOf(image, weight), (x, w, b) => ops.conv2d(x, w, b, options));
  });

  it('refuses shapes that do not fit', () => {
    const tape = new Tape(1);
    const x = tape.constant(new Float64Array(18), [2, 3, 3], 'batch');
    const bias = tape.constant(new Float64Array(1), [1], 'shared');
    const channels = tape.constant(new Float64Array(4), [1, 1, 2, 2], 'shared');
    const large = tape.constant(new Float64Array(32), [1, 2, 4, 4], 'shared');
    expect(() => ops.conv2d(x, channels, bias)).toThrow(ValueError);
    expect(() => ops.conv2d(x, large, bias)).toThrow(ValueError);
    expect(() => ops.conv2d(x, channels, bias)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: conv2d: an input of shape [1, 1, 2, 2] does not fit: the weights must be [filters, 2, rows, columns] for images [2, 3, 3]]`,
    );
  });
});
