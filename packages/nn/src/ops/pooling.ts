import { ValueError, windowPositions } from '@ketwork/base';
import type { Shape, Tensor } from '../contract.ts';
import type { Rule } from '../tape.ts';
import { pairOf } from './convolution.ts';
import type { SlideOptions } from './convolution.ts';
import { refuseShape } from './common.ts';

/**
 * Largest number under each position of a window: `[channels, height, width]` to `[channels, height', width']`.
 * Padding never wins. Among equal numbers the first, by row and column, gets the gradient.
 *
 * @throws ValueError where the shape does not fit, or padding is more than half the window.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(1, 2, 3, 4), [1, 2, 2], 'batch');
 * const y = ops.maxPool2d(x, [1, 2]);
 * await tape.run();
 * console.log(tape.value(y)); // 2, 4
 * ```
 */
export function maxPool2d(
  x: Tensor,
  kernel: number | readonly [rows: number, columns: number],
  options: SlideOptions = {},
): Tensor {
  const plan = poolPlan('maxPool2d', x.shape, kernel, options);
  let chosen: Int32Array | undefined;
  const rule: Rule = {
    name: 'maxPool2d',
    forward([values], batch, room) {
      const out = room(batch * plan.outSize);
      const winners = new Int32Array(out.length);
      chosen = winners;
      if (isHalving(plan)) {
        halve(values!, out, winners, plan.width);
        return out;
      }
      eachWindow(plan, batch, (o, plane, top, bottom, left, right) => {
        let best = -1;
        let largest = -Infinity;
        for (let y = top; y < bottom; y++) {
          for (let i = plane + y * plan.width + left, end = i + right - left; i < end; i++) {
            const v = values![i]!;
            if (v > largest || best < 0 || v !== v) {
              largest = v;
              best = i;
            }
          }
        }
        out[o] = largest;
        winners[o] = best;
      });
      return out;
    },
    vjp([values], _output, dy, _batch, _wants, room) {
      const grad = room(values!.length).fill(0);
      for (let o = 0; o < dy.length; o++) grad[chosen![o]!]! += dy[o]!;
      return [grad];
    },
  };
  return x.tape.record(rule, [x], plan.shape);
}

/** The usual case, windows of 2 x 2 that tile the image. */
function isHalving({ kernel, stride, padding, height, width }: PoolPlan): boolean {
  const [two, none] = [[...kernel, ...stride], padding];
  return (
    two.every((n) => n === 2) && none.every((n) => n === 0) && (height % 2) + (width % 2) === 0
  );
}

function halve(x: Float64Array, out: Float64Array, winners: Int32Array, width: number): void {
  let o = 0;
  for (let row = 0; row < x.length; row += 2 * width) {
    for (let i = row, end = row + width; i < end; i += 2, o++) {
      let best = i;
      let largest = x[i]!;
      let v = x[i + 1]!;
      if (v > largest || v !== v) {
        largest = v;
        best = i + 1;
      }
      v = x[i + width]!;
      if (v > largest || v !== v) {
        largest = v;
        best = i + width;
      }
      v = x[i + width + 1]!;
      if (v > largest || v !== v) {
        largest = v;
        best = i + width + 1;
      }
      out[o] = largest;
      winners[o] = best;
    }
  }
}

/**
 * Mean of the numbers under each position of a window: `[channels, height, width]` to `[channels, height', width']`.
 * The zeros of padding count, as in PyTorch's default.
 *
 * @throws ValueError where the shape does not fit, or padding is more than half the window.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(1, 2, 3, 4), [1, 2, 2], 'batch');
 * const y = ops.avgPool2d(x, 2);
 * await tape.run();
 * console.log(tape.value(y)); // 2.5
 * ```
 */
export function avgPool2d(
  x: Tensor,
  kernel: number | readonly [rows: number, columns: number],
  options: SlideOptions = {},
): Tensor {
  const plan = poolPlan('avgPool2d', x.shape, kernel, options);
  const factor = 1 / (plan.kernel[0] * plan.kernel[1]);
  const rule: Rule = {
    name: 'avgPool2d',
    forward([values], batch) {
      const out = new Float64Array(batch * plan.outSize);
      eachWindow(plan, batch, (o, plane, top, bottom, left, right) => {
        let total = 0;
        for (let y = top; y < bottom; y++) {
          for (let i = plane + y * plan.width + left, end = i + right - left; i < end; i++)
            total += values![i]!;
        }
        out[o] = total * factor;
      });
      return out;
    },
    vjp([values], _output, dy, batch) {
      const grad = new Float64Array(values!.length);
      eachWindow(plan, batch, (o, plane, top, bottom, left, right) => {
        const share = dy[o]! * factor;
        for (let y = top; y < bottom; y++) {
          for (let i = plane + y * plan.width + left, end = i + right - left; i < end; i++)
            grad[i]! += share;
        }
      });
      return [grad];
    },
  };
  return x.tape.record(rule, [x], plan.shape);
}

/** Sizes of a pooling, all checked. */
export interface PoolPlan {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly shape: readonly [number, number, number];
  readonly outSize: number;
}

/** Works out the sizes of a pooling. */
export function poolPlan(
  name: string,
  shape: Shape,
  window: number | readonly [number, number],
  options: SlideOptions,
): PoolPlan {
  if (shape.length !== 3) refuseShape(name, shape, 'it must be [channels, height, width]');
  const [channels, height, width] = shape as [number, number, number];
  const kernel = pairOf(window);
  const stride = pairOf(options.stride ?? kernel);
  const padding = pairOf(options.padding ?? 0);
  const sizes = { batch: 1, channels, height, width, kernel, stride, padding };
  const [rows, columns] = windowPositions(sizes, name);
  if (2 * padding[0] > kernel[0] || 2 * padding[1] > kernel[1]) {
    throw new ValueError(
      `${name}: padding of ${padding.join(' x ')} is more than half the window of ${kernel.join(' x ')}`,
      {
        remedy: 'Use less padding: a window must see at least one pixel',
      },
    );
  }
  return {
    channels,
    height,
    width,
    kernel,
    stride,
    padding,
    shape: [channels, rows, columns],
    outSize: channels * rows * columns,
  };
}

/** Visits every position of the window with the part of it that lies inside the image. */
function eachWindow(
  plan: PoolPlan,
  batch: number,
  visit: (
    output: number,
    plane: number,
    top: number,
    bottom: number,
    left: number,
    right: number,
  ) => void,
): void {
  const { channels, height, width, kernel, stride, padding, shape } = plan;
  let o = 0;
  for (let c = 0; c < batch * channels; c++) {
    const plane = c * height * width;
    for (let row = 0; row < shape[1]; row++) {
      const y = row * stride[0] - padding[0];
      const top = Math.max(0, y);
      const bottom = Math.min(height, y + kernel[0]);
      for (let column = 0; column < shape[2]; column++) {
        const x = column * stride[1] - padding[1];
        visit(o++, plane, top, bottom, Math.max(0, x), Math.min(width, x + kernel[1]));
      }
    }
  }
}
