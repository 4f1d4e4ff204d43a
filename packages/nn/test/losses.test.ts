import { ValueError } from '@ketwork/base';
import { binaryCrossEntropy, crossEntropy, hinge, mse, Tape } from '@ketwork/nn';
import type { Loss } from '@ketwork/nn';
import { expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { checkOperation, evaluate, random } from './check.ts';

const batch = 3;
const z = random(4, 12);

function losses(
  loss: Loss,
  shape: number[],
  outputs: Float64Array,
  targets: ArrayLike<number>,
): Float64Array {
  const rows = outputs.length / shape.reduce((a, b) => a * b, 1);
  return evaluate(rows, [{ shape, axis: 'batch' }], [outputs], (x) => loss.apply(x, targets));
}

/** Gradients of a loss whose targets are the same for every example, so that the batch-of-one loop is possible. */
function check(loss: Loss, shape: number[], own: readonly number[]): void {
  checkOperation(batch, [{ shape, axis: 'batch' }], (x) =>
    loss.apply(x, Array.from({ length: x.tape.batch }, () => own).flat()),
  );
}

describe('crossEntropy', () => {
  it('is minus the logarithm of the softmax at the label', () => {
    const expected = [2, 0, 3].map((label, e) => {
      const own = z.slice(4 * e, 4 * e + 4);
      return -Math.log(Math.exp(own[label]!) / own.reduce((s, v) => s + Math.exp(v), 0));
    });
    expectClose(losses(crossEntropy, [4], z, [2, 0, 3]), expected, 1e-14);
    expectClose(
      losses(crossEntropy, [4], z, [0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1]),
      expected,
      1e-14,
    );
    const rows = losses(crossEntropy, [3, 4], z, [2, 0, 3]);
    expectClose(rows, [(expected[0]! + expected[1]! + expected[2]!) / 3], 1e-14);
  });

  it('weighs classes by the probabilities given', () => {
    const own = Float64Array.of(1, -2, 0.5);
    const [a, b, c] = [0, 1, 2].map((label) => losses(crossEntropy, [3], own, [label])[0]!);
    expectClose(
      losses(crossEntropy, [3], own, [0.2, 0.5, 0.3]),
      [0.2 * a! + 0.5 * b! + 0.3 * c!],
      1e-14,
    );
  });

  it('has right gradients', () => {
    check(crossEntropy, [4], [1]);
    check(crossEntropy, [4], [0.1, 0.2, 0.3, 0.4]);
    check(crossEntropy, [2, 3], [1, 0]);
  });

  it('neither overflows nor loses digits', () => {
    expectClose(losses(crossEntropy, [2], Float64Array.of(1e4, -1e4), [1]), [2e4], 1e-15);
    expect(losses(crossEntropy, [2], Float64Array.of(1e6, 1e6), [1])[0]).toBeCloseTo(Math.LN2, 15);
  });

  it('refuses targets that do not fit', () => {
    const x = new Tape(1).constant(new Float64Array(3), [3], 'batch');
    expect(() => crossEntropy.apply(x, [3])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: crossEntropy: label 0 is 3, not an integer from 0 to 2]`,
    );
    expect(() => crossEntropy.apply(x, [0.5])).toThrow(ValueError);
    expect(() => crossEntropy.apply(x, [1, 0])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: crossEntropy: 2 targets do not fit 1 rows of 3 classes. Give 1 labels or 3 probabilities]`,
    );
    expect(() => crossEntropy.apply(x, [0.5, 0.6, 0])).toThrow(ValueError);
    expect(() => crossEntropy.apply(x, [1.5, -0.5, 0])).toThrow(ValueError);
    const one = new Tape(1).constant(new Float64Array(1), [1], 'batch');
    expect(() => crossEntropy.apply(one, [0])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: crossEntropy: outputs of shape [1] do not have two classes or more. Give the last layer one output per class, or use binaryCrossEntropy]`,
    );
    const shared = new Tape(1).constant(new Float64Array(3), [3], 'shared');
    expect(() => crossEntropy.apply(shared, [0])).toThrow(ValueError);
  });
});

describe('binaryCrossEntropy', () => {
  it('is its definition', () => {
    const y = [0, 1, 0.3, 1, 0, 0.9];
    const p = (v: number): number => 1 / (1 + Math.exp(-v));
    const each = y.map((t, i) => -t * Math.log(p(z[i]!)) - (1 - t) * Math.log(1 - p(z[i]!)));
    const expected = [0, 1, 2].map((e) => (each[2 * e]! + each[2 * e + 1]!) / 2);
    expectClose(losses(binaryCrossEntropy, [2], z.slice(0, 6), y), expected, 1e-14);
  });

  it('has right gradients', () => {
    check(binaryCrossEntropy, [3], [1, 0, 0.4]);
    check(binaryCrossEntropy, [], [1]);
  });

  it('does not overflow', () => {
    expectClose(
      losses(binaryCrossEntropy, [2], Float64Array.of(1000, -1000), [0, 0]),
      [500],
      1e-15,
    );
  });

  it('refuses targets that do not fit', () => {
    const x = new Tape(1).constant(new Float64Array(2), [2], 'batch');
    expect(() => binaryCrossEntropy.apply(x, [0, 2])).toThrow(ValueError);
    expect(() => binaryCrossEntropy.apply(x, [0])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: binaryCrossEntropy: 1 targets do not fit outputs of shape [1, 2]. Give 2 targets, as many as the model has outputs]`,
    );
  });
});

describe('mse', () => {
  it('is its definition', () => {
    expectClose(losses(mse, [2], Float64Array.of(1, 2, 3, 4), [0, 0, 3, 2]), [2.5, 2], 1e-15);
  });

  it('has right gradients', () => {
    check(mse, [2, 2], [1, -1, 0, 3]);
  });

  it('refuses targets that do not fit', () => {
    const x = new Tape(1).constant(new Float64Array(2), [2], 'batch');
    expect(() => mse.apply(x, [0, NaN])).toThrow(ValueError);
    expect(() => mse.apply(x, [0, 1, 2])).toThrow(ValueError);
  });
});

describe('hinge', () => {
  it('is one minus the margin below the margin, else zero', () => {
    const own = Float64Array.of(0.25, -0.5, 3, -2);
    expectClose(losses(hinge, [4], own, [1, 1, 1, -1]), [(0.75 + 1.5 + 0 + 0) / 4], 1e-15);
    expectClose(losses(hinge, [], own, [0, -1, 0, 1]), [1.25, 0.5, 4, 3], 1e-15);
    check(hinge, [4], [1, 0, 1, -1]);
  });

  it('refuses targets that are no classes', () => {
    for (const bad of [[2], [0.5], [Number.NaN], [1, 1]])
      expect(() => losses(hinge, [], Float64Array.of(1), bad)).toThrow(ValueError);
  });
});
