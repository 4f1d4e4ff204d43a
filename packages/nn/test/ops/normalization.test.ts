import { UnsupportedError, ValueError } from '@ketwork/base';
import { Tape, ops } from '@ketwork/nn';
import type { RunningStatistics } from '@ketwork/nn';
import { expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { checkDifferences, checkOperation, evaluate, fill, gradients } from '../check.ts';
import type { TestInput } from '../check.ts';

function running(): RunningStatistics {
  return { mean: Float64Array.of(0.3, -0.2), variance: Float64Array.of(1.5, 0.7), momentum: 0.1 };
}

describe.each([[[2]], [[2, 3]], [[2, 2, 2]]])('batchNorm of %o', (shape) => {
  const inputs: TestInput[] = [
    { shape, axis: 'batch' },
    { shape: [2], axis: 'shared' },
    { shape: [2], axis: 'shared' },
  ];
  const batch = 4;
  const data = fill(batch, inputs, 2);
  const inner = shape.slice(1).reduce((a, b) => a * b, 1);
  const channel = (c: number): number[] => {
    const own: number[] = [];
    for (let e = 0; e < batch; e++)
      for (let i = 0; i < inner; i++) own.push(data[0]![(e * 2 + c) * inner + i]!);
    return own;
  };

  it('in training normalises with the statistics of the batch and moves the running ones', () => {
    const statistics = running();
    const out = evaluate(batch, inputs, data, (x, g, s) =>
      ops.batchNorm(x, g, s, statistics, { training: true, eps: 1e-3 }),
    );
    const before = running();
    for (let c = 0; c < 2; c++) {
      const own = channel(c);
      const mean = own.reduce((a, b) => a + b, 0) / own.length;
      const squares = own.reduce((a, b) => a + (b - mean) ** 2, 0);
      const expected = own.map(
        (v) => ((v - mean) / Math.sqrt(squares / own.length + 1e-3)) * data[1]![c]! + data[2]![c]!,
      );
      const actual: number[] = [];
      for (let e = 0; e < batch; e++)
        for (let i = 0; i < inner; i++) actual.push(out[(e * 2 + c) * inner + i]!);
      expectClose(actual, expected, 1e-13);
      expect(statistics.mean[c]).toBeCloseTo(0.9 * before.mean[c]! + 0.1 * mean, 13);
      expect(statistics.variance[c]).toBeCloseTo(
        0.9 * before.variance[c]! + (0.1 * squares) / (own.length - 1),
        13,
      );
    }
  });

  it('in training has right gradients', () => {
    checkDifferences(batch, inputs, data, (x, g, s) =>
      ops.batchNorm(x, g, s, running(), { training: true, eps: 1e-3 }),
    );
  });

  it('in use has right gradients, per example too, and leaves the running statistics alone', () => {
    const statistics = running();
    checkOperation(batch, inputs, (x, g, s) =>
      ops.batchNorm(x, g, s, statistics, { training: false, eps: 1e-3 }),
    );
    expect(statistics).toEqual(running());
  });

  it('refuses gradients per example in training', () => {
    const op = (
      x?: Parameters<typeof ops.batchNorm>[0],
      g?: typeof x,
      s?: typeof x,
    ): NonNullable<typeof x> => ops.batchNorm(x!, g!, s!, running(), { training: true, eps: 1e-3 });
    expect(() =>
      gradients(batch, inputs, data, op, new Float64Array(batch * 2 * inner), 'perExample'),
    ).toThrow(UnsupportedError);
  });
});

describe('batchNorm', () => {
  it('refuses a single number per channel', () => {
    const tape = new Tape(1);
    const x = tape.constant(new Float64Array(2), [2], 'batch');
    const g = tape.constant(new Float64Array(2), [2], 'shared');
    expect(() =>
      ops.batchNorm(x, g, g, running(), { training: true, eps: 1e-5 }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: batchNorm: one number per channel has no variance. Train with more than one example per batch, drop the last short batch, or use layerNorm]`,
    );
  });
});

describe('layerNorm', () => {
  it.each([
    [[4], [4]],
    [[3, 4], [4]],
    [
      [2, 3],
      [2, 3],
    ],
  ])('of %o over %o agrees with the definition and has right gradients', (shape, over) => {
    const inputs: TestInput[] = [
      { shape, axis: 'batch' },
      { shape: over, axis: 'shared' },
      { shape: over, axis: 'shared' },
    ];
    checkOperation(3, inputs, (x, g, s) => ops.layerNorm(x, g, s, 1e-3));
    const data = fill(3, inputs, 1);
    const n = over.reduce((a, b) => a * b, 1);
    const expected: number[] = [];
    for (let row = 0; row < data[0]!.length; row += n) {
      const own = data[0]!.slice(row, row + n);
      const mean = own.reduce((a, b) => a + b, 0) / n;
      const variance = own.reduce((a, b) => a + (b - mean) ** 2, 0) / n;
      own.forEach((v, i) =>
        expected.push(((v - mean) / Math.sqrt(variance + 1e-3)) * data[1]![i]! + data[2]![i]!),
      );
    }
    expectClose(
      evaluate(3, inputs, data, (x, g, s) => ops.layerNorm(x, g, s, 1e-3)),
      expected,
      1e-13,
    );
  });

  it('refuses a gain of another shape', () => {
    const tape = new Tape(1);
    const x = tape.constant(new Float64Array(4), [4], 'batch');
    const g = tape.constant(new Float64Array(2), [2], 'shared');
    expect(() => ops.layerNorm(x, g, g, 1e-5)).toThrow(ValueError);
  });
});
