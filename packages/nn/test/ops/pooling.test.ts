import { ValueError } from '@ketwork/base';
import { Tape, ops } from '@ketwork/nn';
import type { SlideOptions } from '@ketwork/nn';
import { expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { checkOperation, evaluate, fill } from '../check.ts';

const cases: [number[], number | [number, number], SlideOptions][] = [
  [[2, 4, 4], 2, {}],
  [[1, 5, 5], 2, {}],
  [[1, 5, 6], [3, 2], { stride: 1 }],
  [[2, 4, 5], 3, { stride: 2, padding: 1 }],
  [[1, 3, 7], [2, 3], { stride: [1, 2], padding: [0, 1] }],
];

function pair(v: number | readonly [number, number]): [number, number] {
  return typeof v === 'number' ? [v, v] : [v[0], v[1]];
}

/** The numbers under each position of the window, and how many places the window has. */
function windows(
  x: Float64Array,
  planes: number,
  [, height, width]: number[],
  kernel: number | [number, number],
  options: SlideOptions,
): number[][] {
  const [rows, columns] = pair(kernel);
  const [sy, sx] = pair(options.stride ?? kernel);
  const [py, px] = pair(options.padding ?? 0);
  const all: number[][] = [];
  for (let p = 0; p < planes; p++) {
    for (let i = -py; i + rows <= height! + py; i += sy) {
      for (let j = -px; j + columns <= width! + px; j += sx) {
        const own: number[] = [];
        for (let y = i; y < i + rows; y++) {
          for (let z = j; z < j + columns; z++) {
            if (y >= 0 && y < height! && z >= 0 && z < width!)
              own.push(x[(p * height! + y) * width! + z]!);
          }
        }
        all.push(own);
      }
    }
  }
  return all;
}

describe.each(cases)('pooling of %o with window %o, %o', (shape, kernel, options) => {
  const inputs = [{ shape, axis: 'batch' as const }];
  const data = fill(3, inputs, 8);
  const all = windows(data[0]!, 3 * shape[0]!, shape, kernel, options);

  it('agrees with the definition', () => {
    const largest = all.map((own) => Math.max(...own));
    expectClose(
      evaluate(3, inputs, data, (x) => ops.maxPool2d(x, kernel, options)),
      largest,
      0,
    );
    const [rows, columns] = pair(kernel);
    const means = all.map((own) => own.reduce((a, b) => a + b, 0) / (rows * columns));
    expectClose(
      evaluate(3, inputs, data, (x) => ops.avgPool2d(x, kernel, options)),
      means,
      1e-15,
    );
  });

  it('has right gradients', () => {
    checkOperation(3, inputs, (x) => ops.maxPool2d(x, kernel, options));
    checkOperation(3, inputs, (x) => ops.avgPool2d(x, kernel, options));
  });
});

describe('pooling', () => {
  it('lets a NaN through', () => {
    const inputs = [{ shape: [1, 2, 2], axis: 'batch' as const }];
    const out = evaluate(1, inputs, [Float64Array.of(1, NaN, 5, 2)], (x) => ops.maxPool2d(x, 2));
    expect(out[0]).toBeNaN();
  });

  it('refuses padding of more than half the window, and other shapes', () => {
    const tape = new Tape(1);
    const x = tape.constant(new Float64Array(9), [1, 3, 3], 'batch');
    expect(() => ops.maxPool2d(x, 2, { padding: 2 })).toThrow(ValueError);
    expect(() => ops.avgPool2d(ops.flatten(x), 2)).toThrow(ValueError);
    expect(() => ops.avgPool2d(x, 4)).toThrow(ValueError);
  });
});
