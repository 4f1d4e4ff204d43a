import { ValueError } from '@ketwork/base';
import { Tape, ops } from '@ketwork/nn';
import { expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { evaluate, fill, gradients } from '../check.ts';
import type { TestInput } from '../check.ts';

const tokens = Float64Array.of(1, 0, 2, 1, 1, 1);
const inputs: TestInput[] = [
  { shape: [3], axis: 'batch', data: tokens },
  { shape: [3, 2], axis: 'shared' },
];

describe('embedding', () => {
  it('is the product with one-hot rows, with its gradients', () => {
    const hot: TestInput[] = [{ shape: [3, 3], axis: 'batch' }, inputs[1]!];
    const rows = new Float64Array(18);
    tokens.forEach((t, i) => (rows[3 * i + t] = 1));
    const [, table] = fill(2, inputs, 5);
    const y = evaluate(2, inputs, [tokens, table!], (t, w) => ops.embedding(t, w));
    expect(y).toEqual(evaluate(2, hot, [rows, table!], (x, w) => ops.matmul(x, w)));
    for (const mode of ['sum', 'perExample'] as const) {
      const dy = y.map((_, i) => Math.sin(i + 1));
      const [dTokens, dTable] = gradients(
        2,
        inputs,
        [tokens, table!],
        (t, w) => ops.embedding(t, w),
        dy,
        mode,
      );
      const [, expected] = gradients(2, hot, [rows, table!], (x, w) => ops.matmul(x, w), dy, mode);
      expectClose(dTable!, expected!, 1e-15, `table, ${mode}`);
      expect(dTokens).toEqual(new Float64Array(6));
    }
  });

  it('takes tokens of any shape', () => {
    const tape = new Tape(1);
    const table = tape.constant(Float64Array.of(1, 2), [1, 2], 'shared');
    const ids = tape.constant(new Float64Array(4), [2, 2], 'batch');
    expect(ops.embedding(ids, table).shape).toEqual([2, 2, 2]);
  });

  it.each([3, -1, 0.5, Number.NaN])('refuses the token %d, saying where', (bad) => {
    const data = Float64Array.of(0, 1, 2, 0, bad, 1);
    expect(() =>
      evaluate(2, inputs, [data, new Float64Array(6)], (t, w) => ops.embedding(t, w)),
    ).toThrow(`embedding: token 1 of example 1 is ${bad}. Give whole numbers from 0 to 2`);
  });

  it('refuses tables per example', () => {
    const tape = new Tape(2);
    const ids = tape.constant(new Float64Array(2), [1], 'batch');
    const table = tape.constant(new Float64Array(4), [1, 2], 'batch');
    expect(() => ops.embedding(ids, table)).toThrow(ValueError);
  });
});
