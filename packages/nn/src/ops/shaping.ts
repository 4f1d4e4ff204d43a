import { sizeOf, ValueError } from '@ketwork/base';
import type { Shape, Tensor } from '../contract.ts';
import { sameShape, shapeText, stridesOf } from '../shape.ts';
import type { Rule } from '../tape.ts';
import { axisOf, refuseShape } from './common.ts';

/**
 * The same numbers in another shape.
 *
 * @throws ValueError where the number of elements differs.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(1, 2, 3, 4), [4], 'batch');
 * console.log(ops.reshape(x, [2, 2]).shape); // [2, 2]
 * ```
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (sizeOf(shape) !== sizeOf(x.shape)) {
    throw new ValueError(
      `reshape: ${shapeText(x.shape)} has ${sizeOf(x.shape)} elements, ${shapeText(shape)} has ${sizeOf(shape)}`,
    );
  }
  return x.tape.record(sameNumbers, [x], shape);
}

/**
 * The same numbers in one axis.
 *
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(1, 2, 3, 4), [2, 2], 'batch');
 * console.log(ops.flatten(x).shape); // [4]
 * ```
 */
export function flatten(x: Tensor): Tensor {
  return reshape(x, [sizeOf(x.shape)]);
}

const sameNumbers: Rule = {
  name: 'reshape',
  forward: ([x]) => x!,
  vjp: (_inputs, _output, dy) => [dy],
};

/**
 * Gives every example its own copy of a shared value; a value on the batch axis is returned as it is.
 *
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(2);
 * const x = tape.constant(Float64Array.of(1, 2), [2], 'shared');
 * const y = ops.expand(x);
 * await tape.run();
 * console.log(tape.value(y)); // 1, 2, 1, 2
 * ```
 */
export function expand(x: Tensor): Tensor {
  if (x.axis === 'batch') return x;
  const size = sizeOf(x.shape);
  const rule: Rule = {
    name: 'expand',
    forward([values], batch) {
      const out = new Float64Array(batch * size);
      for (let e = 0; e < batch; e++) out.set(values!, e * size);
      return out;
    },
    vjp(_inputs, _output, dy, batch, wants) {
      const want = wants[0]!;
      if (want !== 'sum') return [dy, undefined];
      const grad = new Float64Array(size);
      for (let e = 0; e < batch; e++) for (let i = 0; i < size; i++) grad[i]! += dy[e * size + i]!;
      return [grad, undefined];
    },
  };
  // The second input only puts the result on the batch axis.
  const axis = x.tape.constant(new Float64Array(0), [0], 'batch');
  return x.tape.record(rule, [x, axis], x.shape);
}

/**
 * Puts tensors one behind the other along an axis (default 0, the first axis of an example). Where some are on the
 * batch axis, shared ones are repeated for every example.
 *
 * @throws ValueError where there are none, or the other axes differ.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const a = tape.constant(Float64Array.of(1, 2), [2], 'batch');
 * const b = tape.constant(Float64Array.of(3), [1], 'batch');
 * const y = ops.concat([a, b]);
 * await tape.run();
 * console.log(tape.value(y)); // 1, 2, 3
 * ```
 */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  const first = tensors[0];
  if (first === undefined) throw new ValueError('concat: there is nothing to put together');
  const at = axisOf('concat', first.shape, axis);
  const parts = tensors.some((t) => t.axis === 'batch') ? tensors.map(expand) : [...tensors];
  let total = 0;
  for (const tensor of parts) {
    const like = tensor.shape.map((size, i) => (i === at ? first.shape[at]! : size));
    if (!sameShape(like, first.shape)) {
      refuseShape(
        'concat',
        tensor.shape,
        `the first one has shape ${shapeText(first.shape)}; only axis ${at} may differ`,
      );
    }
    total += tensor.shape[at]!;
  }
  const inner = sizeOf(first.shape.slice(at + 1));
  const outer = sizeOf(first.shape.slice(0, at));
  const widths = parts.map((tensor) => tensor.shape[at]! * inner);
  const width = total * inner;
  const rule: Rule = {
    name: 'concat',
    forward(inputs, batch) {
      const out = new Float64Array(batch * outer * width);
      let offset = 0;
      inputs.forEach((input, i) => {
        copyBlocks(input, 0, widths[i]!, out, offset, width, widths[i]!, batch * outer);
        offset += widths[i]!;
      });
      return out;
    },
    vjp(_inputs, _output, dy, batch, wants) {
      let offset = 0;
      return widths.map((own, i) => {
        const start = offset;
        offset += own;
        if (wants[i] === 'none') return undefined;
        const grad = new Float64Array(batch * outer * own);
        copyBlocks(dy, start, width, grad, 0, own, own, batch * outer);
        return grad;
      });
    },
  };
  return first.tape.record(
    rule,
    parts,
    first.shape.map((size, i) => (i === at ? total : size)),
  );
}

/**
 * The elements from `start` to before `end` along an axis (default 0, the first axis of an example); the axis stays.
 *
 * @throws ValueError where the range is empty or outside the axis.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(1, 2, 3, 4), [4], 'batch');
 * const y = ops.slice(x, 1, 3);
 * await tape.run();
 * console.log(tape.value(y)); // 2, 3
 * ```
 */
export function slice(x: Tensor, start: number, end: number, axis = 0): Tensor {
  const at = axisOf('slice', x.shape, axis);
  const length = x.shape[at]!;
  if (
    !Number.isInteger(start) ||
    !Number.isInteger(end) ||
    start < 0 ||
    end > length ||
    start >= end
  ) {
    throw new ValueError(`slice: elements ${start} to ${end} are not in an axis of ${length}`, {
      remedy: 'Give integers with 0 <= start < end <= size of the axis',
    });
  }
  const inner = sizeOf(x.shape.slice(at + 1));
  const outer = sizeOf(x.shape.slice(0, at));
  const width = length * inner;
  const own = (end - start) * inner;
  const offset = start * inner;
  const rule: Rule = {
    name: 'slice',
    forward([values], batch) {
      const out = new Float64Array(batch * outer * own);
      copyBlocks(values!, offset, width, out, 0, own, own, batch * outer);
      return out;
    },
    vjp(_inputs, _output, dy, batch) {
      const grad = new Float64Array(batch * outer * width);
      copyBlocks(dy, 0, own, grad, offset, width, own, batch * outer);
      return [grad];
    },
  };
  return x.tape.record(
    rule,
    [x],
    x.shape.map((size, i) => (i === at ? end - start : size)),
  );
}

/**
 * The axes of each example in another order; the default exchanges the last two.
 *
 * @param order For each axis of the result, the axis of the input that it is.
 * @throws ValueError where `order` does not name every axis once, or there are no two axes to exchange.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(1, 2, 3, 4, 5, 6), [2, 3], 'batch');
 * const y = ops.transpose(x);
 * await tape.run();
 * console.log(tape.value(y)); // 1, 4, 2, 5, 3, 6
 * ```
 */
export function transpose(x: Tensor, order?: readonly number[]): Tensor {
  const axes = x.shape.length;
  const natural = x.shape.map((_, i) => i);
  if (order === undefined && axes < 2)
    refuseShape('transpose', x.shape, 'there must be two axes to exchange');
  const given = order ?? [...natural.slice(0, -2), axes - 1, axes - 2];
  if (given.length !== axes || !natural.every((axis) => given.includes(axis))) {
    throw new ValueError(
      `transpose: the order [${given.join(', ')}] does not name each of ${axes} axes once`,
      { remedy: 'Axes of an example are counted from 0, without the batch' },
    );
  }
  const shape = given.map((axis) => x.shape[axis]!);
  const strides = stridesOf(x.shape);
  const size = sizeOf(shape);
  /** For each element of the result its place in the input. */
  let source = Int32Array.of(0);
  given.forEach((axis, i) => {
    const next = new Int32Array(source.length * shape[i]!);
    source.forEach((from, k) => {
      for (let j = 0; j < shape[i]!; j++) next[k * shape[i]! + j] = from + j * strides[axis]!;
    });
    source = next;
  });
  const rule: Rule = {
    name: 'transpose',
    forward([values], batch) {
      const out = new Float64Array(batch * size);
      for (let at = 0; at < out.length; at += size)
        for (let i = 0; i < size; i++) out[at + i] = values![at + source[i]!]!;
      return out;
    },
    vjp(_inputs, _output, dy) {
      const grad = new Float64Array(dy.length);
      for (let at = 0; at < grad.length; at += size)
        for (let i = 0; i < size; i++) grad[at + source[i]!] = dy[at + i]!;
      return [grad];
    },
  };
  return x.tape.record(rule, [x], shape);
}

/** Copies `count` blocks of `length` numbers between arrays whose blocks lie `fromStep` and `toStep` apart. */
function copyBlocks(
  from: Float64Array,
  fromOffset: number,
  fromStep: number,
  to: Float64Array,
  toOffset: number,
  toStep: number,
  length: number,
  count: number,
): void {
  for (let block = 0; block < count; block++) {
    const source = fromOffset + block * fromStep;
    const target = toOffset + block * toStep;
    for (let i = 0; i < length; i++) to[target + i] = from[source + i]!;
  }
}
