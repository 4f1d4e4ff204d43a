import { ValueError } from '@ketwork/base';
import { Tape, ops } from '@ketwork/nn';
import type { Tensor } from '@ketwork/nn';
import { expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { checkOperation, evaluate, fill } from '../check.ts';
import type { TestInput } from '../check.ts';

const batched = (shape: number[]): TestInput => ({ shape, axis: 'batch' });

/** Attention of one head from small operations. */
function head(q: Tensor, k: Tensor, v: Tensor, causal: boolean): Tensor {
  const [steps, size] = q.shape as readonly [number, number];
  const others = k.shape[0]!;
  const scores = ops.scale(ops.matmul(q, ops.transpose(k)), 1 / Math.sqrt(size));
  const mask = Array.from({ length: steps * others }, (_, i) =>
    !causal || i % others <= Math.floor(i / others) ? 1 : 0,
  );
  return ops.matmul(ops.maskedSoftmax(scores, mask), v);
}

function composed(q: Tensor, k: Tensor, v: Tensor, heads: number, causal: boolean): Tensor {
  const size = q.shape[1]! / heads;
  const cut = (x: Tensor, h: number): Tensor => ops.slice(x, h * size, (h + 1) * size, 1);
  return ops.concat(
    Array.from({ length: heads }, (_, h) => head(cut(q, h), cut(k, h), cut(v, h), causal)),
    1,
  );
}

describe.each([
  [1, false],
  [2, true],
  [4, true],
  [2, false],
])('attention with %i heads, causal: %o', (heads, causal) => {
  const others = causal ? 3 : 5;
  const inputs = [batched([3, 4]), batched([others, 4]), batched([others, 4])];
  const options = { heads, causal };

  it('is what small operations make', () => {
    const data = fill(4, inputs, 3);
    expectClose(
      evaluate(4, inputs, data, (q, k, v) => ops.attention(q, k, v, options)),
      evaluate(4, inputs, data, (q, k, v) => composed(q, k, v, heads, causal)),
      1e-14,
    );
    const packed = [batched([3, 12])];
    const own = fill(4, packed, 4);
    expectClose(
      evaluate(4, packed, own, (x) => ops.selfAttention(x, options)),
      evaluate(4, packed, own, (x) => {
        const [q, k, v] = [0, 4, 8].map((at) => ops.slice(x, at, at + 4, 1));
        return composed(q!, k!, v!, heads, causal);
      }),
      1e-14,
    );
  });

  it('has right gradients, per example too', () => {
    checkOperation(4, inputs, (q, k, v) => ops.attention(q, k, v, options));
    checkOperation(4, [batched([3, 12])], (x) => ops.selfAttention(x, options));
    const shared = inputs.map(({ shape }) => ({ shape, axis: 'shared' as const }));
    checkOperation(1, shared, (q, k, v) => ops.attention(q, k, v, options));
  });

  it('takes queries that all examples share', () => {
    const mixed: TestInput[] = [{ shape: [3, 4], axis: 'shared' }, ...inputs.slice(1)];
    checkOperation(3, mixed, (q, k, v) => ops.attention(q, k, v, options));
  });
});

describe('attention', () => {
  it('does not overflow and keeps NaN', () => {
    const inputs = [batched([2, 3])];
    const big = Float64Array.of(1e200, 3, 5, -1e200, 1e3, 7);
    const y = evaluate(1, inputs, [big], (x) => ops.selfAttention(x));
    expect(y.every(Number.isFinite)).toBe(true);
    const bad = Float64Array.of(1, Number.NaN, 2, 3, 4, 5);
    expect([...evaluate(1, inputs, [bad], (x) => ops.selfAttention(x))]).toEqual([
      Number.NaN,
      Number.NaN,
    ]);
  });

  it('refuses shapes that do not fit', () => {
    const tape = new Tape(1);
    const of = (...shape: number[]): Tensor =>
      tape.constant(new Float64Array(shape.reduce((a, b) => a * b, 1)), shape, 'batch');
    expect(() => ops.attention(of(3), of(3, 2), of(3, 2))).toThrow(ValueError);
    expect(() => ops.attention(of(3, 2), of(3, 3), of(3, 3))).toThrow(ValueError);
    expect(() => ops.attention(of(3, 2), of(3, 2), of(4, 2))).toThrow(ValueError);
    expect(() => ops.selfAttention(of(3, 4))).toThrow(ValueError);
    expect(() => ops.selfAttention(of(3, 6), { heads: 3 })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: selfAttention: 3 heads do not divide 2 features. Use a number of heads that divides the number of features]`,
    );
    expect(() =>
      ops.attention(of(3, 2), of(4, 2), of(4, 2), { causal: true }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: attention: 3 queries with 4 keys have no common order of steps. Leave out causal, or give as many keys as queries]`,
    );
  });
});
