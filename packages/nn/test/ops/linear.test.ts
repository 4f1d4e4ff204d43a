import { ValueError } from '@ketwork/base';
import { Tape, ops } from '@ketwork/nn';
import { expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { checkOperation, evaluate, fill } from '../check.ts';
import type { TestInput } from '../check.ts';

const sides: [TestInput, TestInput][] = [];
for (const left of [[4], [3, 4]]) {
  for (const a of ['batch', 'shared'] as const) {
    for (const b of ['batch', 'shared'] as const)
      sides.push([
        { shape: left, axis: a },
        { shape: [4, 2], axis: b },
      ]);
  }
}

describe('matmul', () => {
  it.each(sides)('of %o and %o has right gradients', (a, b) => {
    checkOperation(5, [a, b], (x, y) => ops.matmul(x, y));
  });

  it.each(sides)('of %o and %o agrees with a loop', (a, b) => {
    const batch = 3;
    const data = fill(batch, [a, b], 9);
    const m = a.shape.length === 2 ? 3 : 1;
    const rows = a.axis === 'shared' && b.axis === 'shared' ? 1 : batch;
    const expected = new Float64Array(rows * m * 2);
    for (let e = 0; e < rows; e++) {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < 2; j++) {
          for (let k = 0; k < 4; k++) {
            const x = data[0]![(a.axis === 'batch' ? e * m * 4 : 0) + i * 4 + k]!;
            const y = data[1]![(b.axis === 'batch' ? e * 8 : 0) + k * 2 + j]!;
            expected[(e * m + i) * 2 + j]! += x * y;
          }
        }
      }
    }
    expectClose(
      evaluate(batch, [a, b], data, (x, y) => ops.matmul(x, y)),
      expected,
      1e-14,
    );
  });

  it('refuses sides that do not fit', () => {
    const tape = new Tape(1);
    const a = tape.constant(new Float64Array(3), [3], 'batch');
    const b = tape.constant(new Float64Array(8), [4, 2], 'shared');
    expect(() => ops.matmul(a, b)).toThrow(ValueError);
    expect(() => ops.matmul(a, b)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: matmul: shapes [3] and [4, 2] do not fit together. The left side's last axis (3) must equal the right side's first (4)]`,
    );
  });
});

describe('affine', () => {
  it.each([[[4]], [[3, 4]]])('of rows %o has right gradients', (shape) => {
    for (const axis of ['batch', 'shared'] as const) {
      checkOperation(
        5,
        [
          { shape, axis },
          { shape: [4, 2], axis: 'shared' },
          { shape: [2], axis: 'shared' },
        ],
        (x, w, b) => ops.affine(x, w, b),
      );
    }
  });

  it('is matmul and add', () => {
    const inputs: TestInput[] = [
      { shape: [3, 4], axis: 'batch' },
      { shape: [4, 2], axis: 'shared' },
      { shape: [2], axis: 'shared' },
    ];
    const data = fill(4, inputs, 5);
    const expected = evaluate(4, inputs, data, (x, w, b) => ops.add(ops.matmul(x, w), b));
    expectClose(
      evaluate(4, inputs, data, (x, w, b) => ops.affine(x, w, b)),
      expected,
      1e-14,
    );
  });

  it('refuses weights per example and biases of another size', () => {
    const tape = new Tape(2);
    const x = tape.constant(new Float64Array(4), [2], 'batch');
    const w = tape.constant(new Float64Array(6), [2, 3], 'shared');
    const each = tape.constant(new Float64Array(12), [2, 3], 'batch');
    const bias = tape.constant(new Float64Array(3), [3], 'shared');
    const short = tape.constant(new Float64Array(2), [2], 'shared');
    expect(() => ops.affine(x, each, bias)).toThrow(ValueError);
    expect(() => ops.affine(x, w, short)).toThrow(ValueError);
  });
});
