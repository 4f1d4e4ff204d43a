import { ValueError } from '@ketwork/base';
import { Tape, ops } from '@ketwork/nn';
import { expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { checkOperation, evaluate } from '../check.ts';

describe('sum and mean', () => {
  it.each([undefined, 0, 1, 2, -1])('over axis %o have right gradients', (axis) => {
    for (const on of ['batch', 'shared'] as const) {
      checkOperation(3, [{ shape: [2, 3, 4], axis: on }], (x) => ops.sum(x, axis));
      checkOperation(3, [{ shape: [2, 3, 4], axis: on }], (x) => ops.mean(x, axis));
    }
  });

  it('reduce the axis they name', () => {
    const inputs = [{ shape: [2, 3], axis: 'batch' as const }];
    const data = [Float64Array.of(1, 2, 3, 4, 5, 6)];
    expect([...evaluate(1, inputs, data, (x) => ops.sum(x, 0))]).toEqual([5, 7, 9]);
    expect([...evaluate(1, inputs, data, (x) => ops.sum(x, 1))]).toEqual([6, 15]);
    expect([...evaluate(1, inputs, data, (x) => ops.mean(x))]).toEqual([3.5]);
  });

  it('refuse an axis that is not there', () => {
    const x = new Tape(1).constant(new Float64Array(2), [2], 'batch');
    expect(() => ops.sum(x, 1)).toThrow(ValueError);
    expect(() => ops.sum(x, 1)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: sum: there is no axis 1 in shape [2]. Axes of an example are counted from 0, without the batch]`,
    );
  });
});

describe('softmax and logSoftmax', () => {
  it('have right gradients', () => {
    for (const shape of [[4], [2, 3]]) {
      checkOperation(3, [{ shape, axis: 'batch' }], (x) => ops.softmax(x));
      checkOperation(3, [{ shape, axis: 'batch' }], (x) => ops.logSoftmax(x));
    }
  });

  it('do not overflow', () => {
    const inputs = [{ shape: [3], axis: 'batch' as const }];
    const data = [Float64Array.of(1000, 1000, -1000)];
    expectClose(
      evaluate(1, inputs, data, (x) => ops.softmax(x)),
      [0.5, 0.5, 0],
      1e-15,
    );
    expectClose(
      evaluate(1, inputs, data, (x) => ops.logSoftmax(x)),
      [-Math.LN2, -Math.LN2, -2000 - Math.LN2],
      1e-15,
    );
  });

  it('refuse a scalar', () => {
    const x = new Tape(1).constant(new Float64Array(1), [], 'batch');
    expect(() => ops.softmax(x)).toThrow(ValueError);
  });
});

describe('maskedSoftmax', () => {
  const inputs = [{ shape: [2, 3], axis: 'batch' as const }];
  const mask = [1, 0, 1, 0, 0, 1];

  it('is the softmax of what is allowed, with right gradients', () => {
    const y = evaluate(1, inputs, [Float64Array.of(1, 900, 2, 5, 6, 7)], (x) =>
      ops.maskedSoftmax(x, mask),
    );
    const e = Math.exp(-1);
    expectClose(y, [e / (1 + e), 0, 1 / (1 + e), 0, 0, 1], 1e-15);
    checkOperation(3, inputs, (x) => ops.maskedSoftmax(x, mask));
    checkOperation(3, inputs, (x) =>
      ops.sub(ops.softmax(x), ops.maskedSoftmax(x, [1, 1, 1, 1, 1, 1])),
    );
  });

  it('refuses masks of other lengths and rows without anything', () => {
    const tape = new Tape(1);
    const x = tape.constant(new Float64Array(6), [2, 3], 'batch');
    expect(() => ops.maskedSoftmax(x, [1, 1, 1])).toThrow(ValueError);
    expect(() => ops.maskedSoftmax(x, [1, 1, 1, 0, 0, 0])).toThrow(
      'maskedSoftmax: the mask excludes all elements of row 1',
    );
  });
});
