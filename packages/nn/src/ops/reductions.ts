import { sizeOf, ValueError } from '@ketwork/base';
import type { Shape, Tensor } from '../contract.ts';
import type { Rule } from '../tape.ts';
import { axisOf, refuseShape } from './common.ts';

/**
 * Sum over one axis of each example, which disappears, or over all of them (shape `[]`).
 *
 * @throws ValueError where there is no such axis.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(1, 2, 3, 4), [2, 2], 'batch');
 * const y = ops.sum(x, 0);
 * await tape.run();
 * console.log(tape.value(y)); // 4, 6
 * ```
 */
export function sum(x: Tensor, axis?: number): Tensor {
  return reduce('sum', x, axis, 1);
}

/**
 * Mean over one axis of each example, which disappears, or over all of them (shape `[]`).
 *
 * @throws ValueError where there is no such axis.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(2);
 * const x = tape.constant(Float64Array.of(1, 3, 2, 4), [2], 'batch');
 * const y = ops.mean(x);
 * await tape.run();
 * console.log(tape.value(y)); // 2, 3
 * ```
 */
export function mean(x: Tensor, axis?: number): Tensor {
  const count = axis === undefined ? sizeOf(x.shape) : x.shape[axisOf('mean', x.shape, axis)]!;
  return reduce('mean', x, axis, 1 / count);
}

function reduce(name: string, x: Tensor, axis: number | undefined, factor: number): Tensor {
  const at = axis === undefined ? 0 : axisOf(name, x.shape, axis);
  const from: Shape = axis === undefined ? [sizeOf(x.shape)] : x.shape;
  const outer = sizeOf(from.slice(0, at));
  const length = from[at]!;
  const inner = sizeOf(from.slice(at + 1));
  const rule: Rule = {
    name,
    forward([values], batch) {
      const out = new Float64Array(batch * outer * inner);
      for (let o = 0; o < batch * outer; o++) {
        for (let k = 0; k < length; k++) {
          const row = (o * length + k) * inner;
          for (let i = 0; i < inner; i++) out[o * inner + i]! += values![row + i]!;
        }
      }
      if (factor !== 1) for (let i = 0; i < out.length; i++) out[i]! *= factor;
      return out;
    },
    vjp(_inputs, _output, dy, batch) {
      const grad = new Float64Array(batch * outer * length * inner);
      for (let o = 0; o < batch * outer; o++) {
        for (let k = 0; k < length; k++) {
          const row = (o * length + k) * inner;
          for (let i = 0; i < inner; i++) grad[row + i] = factor * dy[o * inner + i]!;
        }
      }
      return [grad];
    },
  };
  return x.tape.record(rule, [x], axis === undefined ? [] : x.shape.filter((_, i) => i !== at));
}

/**
 * `exp(x) / Σ exp(x)` over the last axis, without overflow.
 *
 * @throws ValueError where the example is a scalar.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(0, 0), [2], 'batch');
 * const y = ops.softmax(x);
 * await tape.run();
 * console.log(tape.value(y)); // 0.5, 0.5
 * ```
 */
export function softmax(x: Tensor): Tensor {
  const n = lastAxis('softmax', x.shape);
  const rule: Rule = {
    name: 'softmax',
    forward([values]) {
      const out = new Float64Array(values!.length);
      for (let row = 0; row < out.length; row += n) {
        const largest = largestOf(values!, row, n);
        const shift = logTotal(values!, row, n, largest);
        for (let i = row; i < row + n; i++) out[i] = Math.exp(values![i]! - largest - shift);
      }
      return out;
    },
    vjp: (_inputs, y, dy) => [softmaxGradient(y, dy, n)],
  };
  return x.tape.record(rule, [x], x.shape);
}

/**
 * Softmax over the last axis among the elements that a mask allows; the others become 0, with no gradient.
 *
 * @param mask One number for each element of an example; 0 excludes it.
 * @throws ValueError where the mask has another length, or excludes all elements of a row.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(0, 0, 7), [3], 'batch');
 * const y = ops.maskedSoftmax(x, [1, 1, 0]);
 * await tape.run();
 * console.log(tape.value(y)); // 0.5, 0.5, 0
 * ```
 */
export function maskedSoftmax(x: Tensor, mask: ArrayLike<number>): Tensor {
  const n = lastAxis('maskedSoftmax', x.shape);
  const size = sizeOf(x.shape);
  if (mask.length !== size) {
    throw new ValueError(`maskedSoftmax: ${mask.length} numbers are no mask of ${size} elements`, {
      remedy: 'Give one number for each element of an example, without the batch',
    });
  }
  const allowed = Array.from(mask, (m) => m !== 0);
  for (let row = 0; row < size; row += n) {
    if (!allowed.slice(row, row + n).includes(true)) {
      throw new ValueError(`maskedSoftmax: the mask excludes all elements of row ${row / n}`, {
        remedy: 'Allow at least one element of every row',
      });
    }
  }
  const rule: Rule = {
    name: 'maskedSoftmax',
    forward([values]) {
      const out = new Float64Array(values!.length);
      for (let row = 0; row < out.length; row += n) {
        const m = row % size;
        let largest = -Infinity;
        for (let i = 0; i < n; i++)
          if (allowed[m + i]! && values![row + i]! > largest) largest = values![row + i]!;
        let total = 0;
        for (let i = 0; i < n; i++)
          if (allowed[m + i]!) total += out[row + i] = Math.exp(values![row + i]! - largest);
        for (let i = row; i < row + n; i++) out[i]! /= total;
      }
      return out;
    },
    vjp: (_inputs, y, dy) => [softmaxGradient(y, dy, n)],
  };
  return x.tape.record(rule, [x], x.shape);
}

/**
 * `x - log Σ exp(x)` over the last axis, without overflow.
 *
 * @throws ValueError where the example is a scalar.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(0, -1000), [2], 'batch');
 * const y = ops.logSoftmax(x);
 * await tape.run();
 * console.log(tape.value(y)); // 0, -1000
 * ```
 */
export function logSoftmax(x: Tensor): Tensor {
  const n = lastAxis('logSoftmax', x.shape);
  const rule: Rule = {
    name: 'logSoftmax',
    forward([values]) {
      const out = new Float64Array(values!.length);
      for (let row = 0; row < out.length; row += n) {
        const largest = largestOf(values!, row, n);
        const shift = logTotal(values!, row, n, largest);
        for (let i = row; i < row + n; i++) out[i] = values![i]! - largest - shift;
      }
      return out;
    },
    vjp(_inputs, y, dy) {
      const grad = new Float64Array(dy.length);
      for (let row = 0; row < grad.length; row += n) {
        let total = 0;
        for (let i = row; i < row + n; i++) total += dy[i]!;
        for (let i = row; i < row + n; i++) grad[i] = dy[i]! - Math.exp(y[i]!) * total;
      }
      return [grad];
    },
  };
  return x.tape.record(rule, [x], x.shape);
}

/** Gradient by the numbers in rows of n whose softmax is y; a y of 0 has none. */
function softmaxGradient(y: Float64Array, dy: Float64Array, n: number): Float64Array {
  const grad = new Float64Array(dy.length);
  for (let row = 0; row < grad.length; row += n) {
    let dot = 0;
    for (let i = row; i < row + n; i++) dot += dy[i]! * y[i]!;
    for (let i = row; i < row + n; i++) grad[i] = y[i]! * (dy[i]! - dot);
  }
  return grad;
}

/** Largest of `n` numbers from `start`. */
export function largestOf(values: Float64Array, start: number, n: number): number {
  let largest = values[start]!;
  for (let i = start + 1; i < start + n; i++) if (values[i]! > largest) largest = values[i]!;
  return largest;
}

/** `log Σ exp(x - largest)` of `n` numbers from `start`: nothing overflows, and no digits are lost to a large common part. */
export function logTotal(values: Float64Array, start: number, n: number, largest: number): number {
  let total = 0;
  for (let i = start; i < start + n; i++) total += Math.exp(values[i]! - largest);
  return Math.log(total);
}

function lastAxis(name: string, shape: Shape): number {
  return shape[shape.length - 1] ?? refuseShape(name, shape, 'there must be an axis of classes');
}
