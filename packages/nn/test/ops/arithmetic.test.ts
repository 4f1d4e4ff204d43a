import { ValueError } from '@ketwork/base';
import { Tape, ops } from '@ketwork/nn';
import { describe, expect, it } from 'vitest';
import { checkOperation, evaluate } from '../check.ts';
import type { TestInput } from '../check.ts';

const shapes: [TestInput, TestInput][] = [
  [
    { shape: [3], axis: 'batch' },
    { shape: [3], axis: 'batch' },
  ],
  [
    { shape: [3], axis: 'batch' },
    { shape: [3], axis: 'shared' },
  ],
  [
    { shape: [3], axis: 'shared' },
    { shape: [3], axis: 'batch' },
  ],
  [
    { shape: [3], axis: 'shared' },
    { shape: [3], axis: 'shared' },
  ],
  [
    { shape: [2, 3], axis: 'batch' },
    { shape: [3], axis: 'shared' },
  ],
  [
    { shape: [2, 1, 3], axis: 'batch' },
    { shape: [4, 1], axis: 'batch' },
  ],
  [
    { shape: [], axis: 'shared' },
    { shape: [2, 2], axis: 'batch' },
  ],
  [
    { shape: [3, 1], axis: 'batch' },
    { shape: [1, 2], axis: 'batch' },
  ],
];

describe('add, sub, mul', () => {
  for (const name of ['add', 'sub', 'mul'] as const) {
    it.each(shapes)(`${name} of %o and %o has right gradients`, (a, b) => {
      checkOperation(3, [a, b], (x, y) => ops[name](x, y));
    });
  }

  it('repeat axes of size 1 in row-major order', () => {
    const inputs: TestInput[] = [
      { shape: [2, 1], axis: 'batch' },
      { shape: [3], axis: 'shared' },
    ];
    const out = evaluate(1, inputs, [Float64Array.of(10, 20), Float64Array.of(1, 2, 3)], (x, y) =>
      ops.sub(x, y),
    );
    expect([...out]).toEqual([9, 8, 7, 19, 18, 17]);
  });

  it('add up the gradients of one tensor used twice', () => {
    checkOperation(2, [{ shape: [3], axis: 'batch' }], (x) =>
      ops.add(ops.mul(x, x), ops.sub(x, ops.scale(x, 3))),
    );
  });

  it('refuse shapes that do not fit', () => {
    const tape = new Tape(1);
    const a = tape.constant(new Float64Array(3), [3], 'batch');
    const b = tape.constant(new Float64Array(2), [2], 'batch');
    expect(() => ops.add(a, b)).toThrow(ValueError);
    expect(() => ops.add(a, b)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: add: shapes [3] and [2] do not fit together. Each axis must have the same size in both, or size 1 in one of them (shapes do not include the batch)]`,
    );
  });
});

describe('scale', () => {
  it('has the right gradient', () => {
    checkOperation(3, [{ shape: [2, 2], axis: 'batch' }], (x) => ops.scale(x, -1.7));
  });

  it('refuses a factor that is not finite', () => {
    const x = new Tape(1).constant(new Float64Array(1), [1], 'batch');
    expect(() => ops.scale(x, NaN)).toThrow(ValueError);
  });
});

describe('operations on shared values only', () => {
  it('have gradients per example where a batch tensor uses them', () => {
    checkOperation(
      4,
      [
        { shape: [3], axis: 'batch' },
        { shape: [3], axis: 'shared' },
        { shape: [1, 3], axis: 'shared' },
      ],
      (x, w, v) => ops.mul(x, ops.flatten(ops.mul(ops.atan(w), ops.concat([v], 1)))),
    );
  });
});
