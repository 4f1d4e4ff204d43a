import {
  col2im,
  fastConvolution,
  im2col,
  matmul,
  ValueError,
  windowPositions,
} from '@ketwork/base';
import type { FastConvolution, WindowShape } from '@ketwork/base';
import type { Tensor, Want } from '../contract.ts';
import { shapeText } from '../shape.ts';
import type { Room } from '../scratch.ts';
import type { Rule } from '../tape.ts';
import { refuseShape } from './common.ts';
import { squaredProducts } from './squared-norms.ts';

/** How a window slides over an image. */
export interface SlideOptions {
  /** Steps of the window in pixels: both ways, or `[down, right]`. Default 1 for convolutions, the window's size for pooling. */
  readonly stride?: number | readonly [rows: number, columns: number];
  /** Zeros added on each side in pixels: all around, or `[above and below, left and right]`. Default 0. */
  readonly padding?: number | readonly [rows: number, columns: number];
}

/** One number for both directions, or a pair. */
export function pairOf(value: number | readonly [number, number]): readonly [number, number] {
  return typeof value === 'number' ? [value, value] : value;
}

/**
 * Two-dimensional cross-correlation, as in other libraries: `[channels, height, width]` with weights
 * `[filters, channels, rows, columns]` and a bias `[filters]` gives `[filters, height', width']`, each size being
 * `floor((size + 2 · padding - window) / stride) + 1`. Weights and bias are shared.
 *
 * @throws ValueError where shapes do not fit, or weights are on the batch axis.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(1, 2, 3, 4), [1, 2, 2], 'batch');
 * const w = tape.constant(Float64Array.of(1, 10), [1, 1, 1, 2], 'shared');
 * const b = tape.constant(Float64Array.of(0), [1], 'shared');
 * const y = ops.conv2d(x, w, b);
 * await tape.run();
 * console.log(tape.value(y)); // 21, 43
 * ```
 */
export function conv2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  options: SlideOptions = {},
): Tensor {
  if (x.shape.length !== 3) refuseShape('conv2d', x.shape, 'it must be [channels, height, width]');
  if (x.axis !== 'batch' || weight.axis !== 'shared' || bias.axis !== 'shared') {
    throw new ValueError('conv2d: images are on the batch axis, weight and bias are shared');
  }
  const [channels, height, width] = x.shape as [number, number, number];
  if (weight.shape.length !== 4 || weight.shape[1] !== channels) {
    refuseShape(
      'conv2d',
      weight.shape,
      `the weights must be [filters, ${channels}, rows, columns] for images ${shapeText(x.shape)}`,
    );
  }
  const [filters, , rows, columns] = weight.shape as [number, number, number, number];
  if (bias.shape.length !== 1 || bias.shape[0] !== filters)
    refuseShape('conv2d', bias.shape, `the bias must be [${filters}]`);
  const window: Omit<WindowShape, 'batch'> = {
    channels,
    height,
    width,
    kernel: [rows, columns],
    stride: pairOf(options.stride ?? 1),
    padding: pairOf(options.padding ?? 0),
  };
  const positions = windowPositions({ ...window, batch: 1 }, 'conv2d');
  return x.tape.record(
    convolutionRule(window, filters, positions[0] * positions[1], fastOf(window, filters)),
    [x, weight, bias],
    [filters, ...positions],
  );
}

/** Minimal filtering where it is faster than a product with the matrix of windows; that depends on the shape only. */
function fastOf(
  { channels, height, width, kernel, stride, padding }: Omit<WindowShape, 'batch'>,
  filters: number,
): FastConvolution | undefined {
  if (stride![0] !== 1 || stride![1] !== 1) return undefined;
  return fastConvolution({ channels, filters, height, width, kernel, padding: padding! });
}

function convolutionRule(
  window: Omit<WindowShape, 'batch'>,
  filters: number,
  positions: number,
  fast: FastConvolution | undefined,
): Rule {
  const area = window.channels * window.kernel[0] * window.kernel[1];
  /** Windows of the forward pass, which the gradient of the weights needs again. */
  let matrix: Float64Array | undefined;
  const windows = (x: Float64Array, batch: number): Float64Array => im2col(x, { ...window, batch });
  return {
    name: 'conv2d',
    forward([x, w, bias], batch, room) {
      if (fast !== undefined)
        return fast.forward(x!, w!, bias!, batch, room(batch * filters * positions));
      matrix = windows(x!, batch);
      const out = room(batch * filters * positions);
      for (let row = 0; row < batch * filters; row++)
        out.fill(bias![row % filters]!, row * positions, (row + 1) * positions);
      for (let e = 0; e < batch; e++) {
        const image = block(matrix, e, area * positions);
        matmul(w!, image, filters, area, positions, {
          out: block(out, e, filters * positions),
          accumulate: true,
        });
      }
      return out;
    },
    vjp([x, w], _output, dy, batch, wants, room) {
      return [
        wants[0] === 'none' ? undefined : imageGradient(w!, dy, batch, room),
        wants[1] === 'none'
          ? undefined
          : fast !== undefined && wants[1] === 'sum'
            ? fast.weightGradient(x!, dy, batch)
            : weightGradient(matrix ?? windows(x!, batch), dy, batch, wants[1]!),
        wants[2] === 'none' ? undefined : biasGradient(dy, batch, wants[2]!),
      ];
    },
    squaredNorms([x], dy, batch, input) {
      if (input !== 1) return undefined;
      const image = x!.length / batch;
      return squaredProducts(
        (e) => block(dy, e, filters * positions),
        (e) =>
          matrix === undefined
            ? windows(block(x!, e, image), 1)
            : block(matrix, e, area * positions),
        { batch, rows: positions, m: filters, n: area, transposed: true },
      );
    },
  };

  function imageGradient(
    w: Float64Array,
    dy: Float64Array,
    batch: number,
    room: Room,
  ): Float64Array {
    const { channels, height, width } = window;
    const grad = room(batch * channels * height * width);
    if (fast !== undefined) return fast.imageGradient(w, dy, batch, grad);
    const columns = new Float64Array(batch * area * positions);
    for (let e = 0; e < batch; e++) {
      const out = block(columns, e, area * positions);
      matmul(w, block(dy, e, filters * positions), area, filters, positions, {
        transposeA: true,
        out,
      });
    }
    return col2im(columns, { ...window, batch }, { out: grad });
  }

  function weightGradient(
    columns: Float64Array,
    dy: Float64Array,
    batch: number,
    want: Want,
  ): Float64Array {
    const summed = want === 'sum';
    const grad = new Float64Array((summed ? 1 : batch) * filters * area);
    for (let e = 0; e < batch; e++) {
      const out = block(grad, summed ? 0 : e, filters * area);
      matmul(
        block(dy, e, filters * positions),
        block(columns, e, area * positions),
        filters,
        positions,
        area,
        {
          transposeB: true,
          out,
          accumulate: true,
        },
      );
    }
    return grad;
  }

  function biasGradient(dy: Float64Array, batch: number, want: Want): Float64Array {
    const grad = new Float64Array((want === 'sum' ? 1 : batch) * filters);
    for (let row = 0; row < batch * filters; row++) {
      let total = 0;
      for (let i = row * positions; i < (row + 1) * positions; i++) total += dy[i]!;
      grad[want === 'sum' ? row % filters : row]! += total;
    }
    return grad;
  }
}

function block(array: Float64Array, index: number, length: number): Float64Array {
  return array.subarray(index * length, (index + 1) * length);
}
