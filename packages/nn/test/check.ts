import { fold, key, normal } from '@ketwork/base';
import { Tape } from '@ketwork/nn';
import type { Axis, DifferentiableMap, GradientMode, Shape, Tensor } from '@ketwork/nn';
import { centralDifferences, expectClose } from '@ketwork/testing';

/** An input of an operation under test. */
export interface TestInput {
  readonly shape: Shape;
  readonly axis: Axis;
  /** The values; random normal ones by default. */
  readonly data?: Float64Array;
}

export type Record = (...inputs: Tensor[]) => Tensor;

export function size(shape: Shape): number {
  return shape.reduce((a, b) => a * b, 1);
}

export function random(seed: number, count: number): Float64Array {
  return normal(key(seed), count);
}

/** Values of an operation that runs in the calling thread. */
export function evaluate(
  batch: number,
  inputs: readonly TestInput[],
  data: readonly Float64Array[],
  op: Record,
): Float64Array {
  const tape = new Tape(batch);
  const y = op(...inputs.map((input, i) => tape.constant(data[i]!, input.shape, input.axis)));
  expectSynchronous(tape.run());
  return tape.value(y);
}

export function gradients(
  batch: number,
  inputs: readonly TestInput[],
  data: readonly Float64Array[],
  op: Record,
  dy: Float64Array,
  mode: GradientMode,
): Float64Array[] {
  const tape = new Tape(batch);
  const tensors = inputs.map((input, i) => tape.variable(data[i]!, input.shape, input.axis));
  const y = op(...tensors);
  expectSynchronous(tape.run());
  const result = tape.backward(y, dy, mode);
  if (result instanceof Promise) throw new Error('backward returned a promise');
  return tensors.map((tensor) => result.of(tensor));
}

function expectSynchronous(result: unknown): void {
  if (result !== undefined) throw new Error('the tape returned a promise');
}

function example(data: Float64Array, input: TestInput, e: number): Float64Array {
  return input.axis === 'shared'
    ? data
    : data.slice(e * size(input.shape), (e + 1) * size(input.shape));
}

/** Values for the inputs, those given or random ones. */
export function fill(batch: number, inputs: readonly TestInput[], seed: number): Float64Array[] {
  return inputs.map((input, i) => {
    const count = size(input.shape) * (input.axis === 'batch' ? batch : 1);
    return input.data ?? normal(fold(key(seed), i), count);
  });
}

/**
 * Checks an operation whose examples are independent: values and gradients per example against the batch-of-one loop
 * (1e-12), gradients against central differences (1e-8), in all modes, and each input's gradient when the others
 * are constants.
 */
export function checkOperation(
  batch: number,
  inputs: readonly TestInput[],
  op: Record,
  seed = 1,
): void {
  const data = fill(batch, inputs, seed);
  checkDifferences(batch, inputs, data, op, seed);
  const y = evaluate(batch, inputs, data, op);
  const shared = inputs.every((input) => input.axis === 'shared');
  if (shared) return;
  const dy = random(seed + 1000, y.length);
  const sums = gradients(batch, inputs, data, op, dy, 'sum');
  const each = gradients(batch, inputs, data, op, dy, 'perExample');
  const width = y.length / batch;
  const totals = inputs.map((input) => new Float64Array(size(input.shape)));
  for (let e = 0; e < batch; e++) {
    const own = inputs.map((input, i) => example(data[i]!, input, e));
    expectClose(
      y.slice(e * width, (e + 1) * width),
      evaluate(1, inputs, own, op),
      1e-12,
      `value of example ${e}`,
    );
    const loop = gradients(1, inputs, own, op, dy.slice(e * width, (e + 1) * width), 'sum');
    inputs.forEach((input, i) => {
      const n = size(input.shape);
      const row = each[i]!.slice(e * n, (e + 1) * n);
      expectClose(row, loop[i]!, 1e-12, `gradient of input ${i}, example ${e}`);
      row.forEach((v, k) => (totals[i]![k]! += v));
    });
  }
  const squares = gradients(batch, inputs, data, op, dy, 'squaredNorms');
  inputs.forEach((input, i) => {
    const n = size(input.shape);
    const norms = Float64Array.from({ length: batch }, (_, e) =>
      each[i]!.slice(e * n, (e + 1) * n).reduce((sum, v) => sum + v * v, 0),
    );
    expectClose(squares[i]!, input.axis === 'shared' ? norms : sums[i]!, 1e-12, `norms of ${i}`);
    if (input.axis === 'shared')
      expectClose(sums[i]!, totals[i]!, 1e-12, `summed gradient of input ${i}`);
    else expectClose(sums[i]!, each[i]!, 1e-15, `gradient of batch input ${i} in both modes`);
    const tape = new Tape(batch);
    const tensors = inputs.map((other, k) =>
      k === i
        ? tape.variable(data[k]!, other.shape, other.axis)
        : tape.constant(data[k]!, other.shape, other.axis),
    );
    const out = op(...tensors);
    void tape.run();
    const only = tape.backward(out, dy);
    if (only instanceof Promise) throw new Error('backward returned a promise');
    expectClose(only.of(tensors[i]!), sums[i]!, 1e-15, `gradient of input ${i} alone`);
  });
}

/** Checks the summed gradients of any operation against central differences (1e-8). */
export function checkDifferences(
  batch: number,
  inputs: readonly TestInput[],
  data: readonly Float64Array[],
  op: Record,
  seed = 1,
): void {
  const y = evaluate(batch, inputs, data, op);
  const dy = random(seed + 1000, y.length);
  const sums = gradients(batch, inputs, data, op, dy, 'sum');
  inputs.forEach((_, i) => {
    const numeric = centralDifferences((x) => {
      const value = evaluate(
        batch,
        inputs,
        data.map((d, k) => (k === i ? x : d)),
        op,
      );
      return [value.reduce((sum, v, k) => sum + v * dy[k]!, 0)];
    }, data[i]!);
    expectClose(sums[i]!, numeric, 1e-8, `gradient of input ${i} against central differences`);
  });
}

/** `y_j = cos(x_j + w_j)`, counting its calls; delayed where asked. */
export function cosineMap(
  n: number,
  options: { readonly delay?: boolean; readonly calls?: number[] } = {},
): DifferentiableMap {
  const later = <T>(value: T): T | Promise<T> =>
    options.delay === true
      ? new Promise<T>((resolve) => setTimeout(() => resolve(value), 1))
      : value;
  return {
    name: 'cosines',
    inputs: [
      { axis: 'batch', shape: [n] },
      { axis: 'shared', shape: [n] },
    ],
    outputShape: [n],
    forward([x, w], batch) {
      options.calls?.push(batch);
      return later(x!.map((v, i) => Math.cos(v + w![i % n]!)));
    },
    vjp([x, w], dy, batch, wants) {
      options.calls?.push(-batch);
      const dx = dy.map((v, i) => -v * Math.sin(x![i]! + w![i % n]!));
      const dw = new Float64Array(n);
      dx.forEach((v, i) => (dw[i % n]! += v));
      return later([
        wants[0] === 'none' ? undefined : dx,
        wants[1] === 'none' ? undefined : wants[1] === 'sum' ? dw : dx.slice(),
      ]);
    },
  };
}
