import { ValueError } from '@ketwork/base';
import { Tape, ops } from '@ketwork/nn';
import { describe, expect, it } from 'vitest';
import { checkOperation, evaluate } from '../check.ts';

describe('transpose', () => {
  it.each([[[2, 3]], [[2, 3, 4]]])('of %o exchanges the last two axes', (shape) => {
    checkOperation(3, [{ shape, axis: 'batch' }], (x) => ops.transpose(x));
    checkOperation(3, [{ shape, axis: 'shared' }], (x) => ops.transpose(x));
  });

  it('orders axes as told', () => {
    const inputs = [{ shape: [2, 3, 4], axis: 'batch' as const }];
    const data = Float64Array.from({ length: 48 }, (_, i) => i);
    const y = evaluate(2, inputs, [data], (x) => ops.transpose(x, [2, 0, 1]));
    let at = 0;
    for (let e = 0; e < 2; e++)
      for (let c = 0; c < 4; c++)
        for (let a = 0; a < 2; a++)
          for (let b = 0; b < 3; b++) expect(y[at++]).toBe(24 * e + 12 * a + 4 * b + c);
    checkOperation(2, inputs, (x) => ops.transpose(x, [2, 0, 1]));
  });

  it('refuses orders that are none', () => {
    const tape = new Tape(1);
    const x = tape.constant(new Float64Array(6), [2, 3], 'batch');
    expect(() => ops.transpose(x, [0, 0])).toThrow(ValueError);
    expect(() => ops.transpose(x, [0])).toThrow(ValueError);
    expect(() => ops.transpose(ops.flatten(x))).toThrow(ValueError);
  });
});

describe('shapes', () => {
  it('reshape, flatten, expand have right gradients', () => {
    for (const axis of ['batch', 'shared'] as const) {
      checkOperation(3, [{ shape: [2, 3], axis }], (x) => ops.reshape(x, [3, 2]));
      checkOperation(3, [{ shape: [2, 3], axis }], (x) => ops.flatten(x));
    }
    checkOperation(
      3,
      [
        { shape: [2], axis: 'shared' },
        { shape: [2], axis: 'batch' },
      ],
      (w, x) => ops.mul(ops.expand(w), x),
    );
  });

  it('expand alone sums over the batch', () => {
    const inputs = [{ shape: [2], axis: 'shared' as const }];
    const tape = new Tape(3);
    const w = tape.variable(Float64Array.of(1, 2), inputs[0]!.shape, 'shared');
    const y = ops.expand(w);
    void tape.run();
    expect([...tape.value(y)]).toEqual([1, 2, 1, 2, 1, 2]);
    const gradients = tape.backward(y, Float64Array.of(1, 2, 3, 4, 5, 6));
    if (gradients instanceof Promise) throw new Error('a promise');
    expect([...gradients.of(w)]).toEqual([9, 12]);
  });

  it.each([0, 1, 2, -1])('slice along axis %o has the right gradient', (axis) => {
    checkOperation(3, [{ shape: [2, 2, 3], axis: 'batch' }], (x) => ops.slice(x, 1, 2, axis));
    checkOperation(3, [{ shape: [2, 2, 3], axis: 'shared' }], (x) => ops.slice(x, 0, 2, axis));
  });

  it.each([0, 1])('concat along axis %o has right gradients, shared parts included', (axis) => {
    const shape = axis === 0 ? [1, 3] : [2, 1];
    checkOperation(
      3,
      [
        { shape: [2, 3], axis: 'batch' },
        { shape, axis: 'shared' },
        { shape: [2, 3], axis: 'batch' },
      ],
      (a, b, c) => ops.concat([a, b, c], axis),
    );
  });

  it('concat and slice put elements where row-major order says', () => {
    const inputs = [
      { shape: [2, 2], axis: 'batch' as const },
      { shape: [2, 1], axis: 'batch' as const },
    ];
    const data = [Float64Array.of(1, 2, 3, 4), Float64Array.of(5, 6)];
    expect([...evaluate(1, inputs, data, (a, b) => ops.concat([a, b], 1))]).toEqual([
      1, 2, 5, 3, 4, 6,
    ]);
    expect([...evaluate(1, inputs, data, (a) => ops.slice(a, 1, 2, 1))]).toEqual([2, 4]);
  });

  it('refuse what does not fit', () => {
    const tape = new Tape(1);
    const a = tape.constant(new Float64Array(4), [2, 2], 'batch');
    const b = tape.constant(new Float64Array(3), [3], 'batch');
    expect(() => ops.reshape(a, [3])).toThrow(ValueError);
    expect(() => ops.concat([])).toThrow(ValueError);
    expect(() => ops.concat([a, b])).toThrow(ValueError);
    expect(() => ops.slice(b, 1, 4)).toThrow(ValueError);
    expect(() => ops.slice(b, 2, 2)).toThrow(ValueError);
    expect(() => ops.slice(b, 0, 1, 1)).toThrow(ValueError);
  });
});
