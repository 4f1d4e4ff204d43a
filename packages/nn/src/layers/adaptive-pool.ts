import type { Layer } from '../contract.ts';
import { pairOf } from '../ops/convolution.ts';
import * as ops from '../ops/index.ts';
import { checkPositive } from '../shape.ts';
import { makeLayer, refuseInput } from './common.ts';

/**
 * Means over so many windows in each direction that the output has the given size, whatever the size of the input:
 * `[channels, height, width]` to `[channels, rows, columns]`. Window i of n over h pixels reaches from `floor(i h / n)` to
 * below `ceil((i + 1) h / n)`, as in PyTorch; neighbours may overlap by a pixel.
 *
 * @param size Size of the output: a square, or `[rows, columns]`.
 * @throws ValueError where the size is not of positive integers; at build, where the input is no image.
 * @example
 * ```ts
 * import { adaptiveAvgPool2d, sequential } from '@ketwork/nn';
 * console.log(sequential(adaptiveAvgPool2d(4)).build([16, 7, 7], 0).outputShape); // [16, 4, 4]
 * ```
 */
export function adaptiveAvgPool2d(size: number | readonly [rows: number, columns: number]): Layer {
  const kind = 'adaptiveAvgPool2d';
  const [rows, columns] = pairOf(size);
  checkPositive(rows, `${kind}: the number of rows`);
  checkPositive(columns, `${kind}: the number of columns`);
  return makeLayer(kind, { size: [rows, columns] }, undefined, (inputShape) => {
    if (inputShape.length !== 3) refuseInput(kind, inputShape, '[channels, height, width]');
    const [channels, height, width] = inputShape as unknown as [number, number, number];
    const down = means(height, rows);
    const across = means(width, columns);
    // [height · width, rows · columns]: the share of every pixel in every mean.
    const shares = new Float64Array(height * width * rows * columns);
    let at = 0;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let r = 0; r < rows; r++)
          for (let c = 0; c < columns; c++)
            shares[at++] = down[y * rows + r]! * across[x * columns + c]!;
    return {
      kind,
      inputShape,
      outputShape: [channels, rows, columns],
      parameters: [],
      buffers: [],
      couplesExamples: false,
      forward(x, { tape }) {
        const matrix = tape.constant(shares, [height * width, rows * columns], 'shared');
        const pooled = ops.matmul(ops.reshape(x, [channels, height * width]), matrix);
        return ops.reshape(pooled, [channels, rows, columns]);
      },
    };
  });
}

/** `[length, count]`: the share of every place in the mean of every window. */
function means(length: number, count: number): Float64Array {
  const shares = new Float64Array(length * count);
  for (let i = 0; i < count; i++) {
    const start = Math.floor((i * length) / count);
    const end = Math.ceil(((i + 1) * length) / count);
    for (let place = start; place < end; place++) shares[place * count + i] = 1 / (end - start);
  }
  return shares;
}
