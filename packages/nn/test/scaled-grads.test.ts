import { key } from '@ketwork/base';
import {
  batchNorm,
  conv2d,
  crossEntropy,
  dense,
  dropout,
  embedding,
  external,
  flatten,
  layerNorm,
  mse,
  ops,
  perExampleGrads,
  reshape,
  scaledGrads,
  sequential,
  tanh,
  transformerEncoderLayer,
  valueAndGrad,
} from '@ketwork/nn';
import type { Batch, BuiltLayer, Layer, Loss, Parameter } from '@ketwork/nn';
import { expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { squaredProducts } from '../src/ops/squared-norms.ts';
import { cosineMap, random } from './check.ts';

const batch = 6;

/** Weights that enter twice, and a product of two parameters, which belong to different groups below. */
const tied: Layer = {
  kind: 'tied',
  toJSON: () => ({ kind: 'tied' }),
  build: (shape) => {
    const made = (name: string, seed: number): Parameter => ({
      name,
      shape: [3, 3],
      data: random(seed, 9),
    });
    const parameters = [made('twice', 5), made('left.weight', 6), made('right.weight', 7)];
    return {
      kind: 'tied',
      inputShape: shape,
      outputShape: shape,
      parameters,
      buffers: [],
      couplesExamples: false,
      forward(x, { tape }) {
        const [twice, left, right] = parameters.map((p) => tape.parameter(p));
        const y = ops.tanh(ops.matmul(ops.tanh(ops.matmul(x, twice!)), twice!));
        return ops.add(y, ops.matmul(x, ops.matmul(left!, right!)));
      },
    };
  },
};

const classes = [0, 1, 2, 1, 0, 2];
const cases: readonly (readonly [string, BuiltLayer, Loss, Batch])[] = [
  [
    'dense, dropout, external',
    sequential(dense(3, 4), tanh(), dropout(0.3), external(cosineMap(4)), dense(2)).build([3], 3),
    mse,
    { x: random(1, batch * 3), y: random(2, batch * 2) },
  ],
  [
    'an external map elsewhere',
    sequential(dense(3, 4), external(cosineMap(4, { delay: true })), dense(2)).build([3], 3),
    mse,
    { x: random(1, batch * 3), y: random(2, batch * 2) },
  ],
  [
    'convolutions of few and of many positions',
    sequential(
      conv2d(1, 3, { kernel: 3 }),
      tanh(),
      conv2d(3, 8, { kernel: 4, stride: 2 }),
      tanh(),
      conv2d(8, 8, { kernel: 2 }),
      flatten(),
      layerNorm(),
      dense(3),
    ).build([1, 12, 12], 3),
    crossEntropy,
    { x: random(1, batch * 144), y: classes },
  ],
  [
    'tokens through a transformer',
    sequential(
      embedding(5, 8),
      transformerEncoderLayer({ heads: 2, hidden: 12 }),
      flatten(),
      dense(3),
    ).build([4], 3),
    crossEntropy,
    { x: Float64Array.from({ length: batch * 4 }, (_, i) => (i * i) % 5), y: classes },
  ],
  [
    'parameters that enter twice, or together',
    sequential(dense(2, 3), tied, dense(3)).build([2], 3),
    crossEntropy,
    { x: random(1, batch * 2), y: classes },
  ],
];

describe.each(cases)('%s', (_, network, loss, data) => {
  const options = { key: key(9) };
  const count = network.parameters.length;
  const factorsOf = (groups: number): readonly Float64Array[] => {
    const made = Array.from({ length: groups }, (__, g) => random(20 + g, batch));
    return network.parameters.map((__, p) => made[p % groups]!);
  };

  it.each([1, 2, count])(
    'sums with %d different factors, and the norms they are chosen by',
    async (groups) => {
      const each = await perExampleGrads(network, loss)(data, options);
      const factors = factorsOf(groups);
      let norms: readonly Float64Array[] = [];
      const scaled = await scaledGrads(network, loss, (squares) => {
        norms = squares;
        return factors;
      })(data, options);
      expect(scaled.outputs).toEqual(each.outputs);
      expect(scaled.losses).toEqual(each.losses);
      network.parameters.forEach(({ name, data: values }, p) => {
        const n = values.length;
        const sum = new Float64Array(n);
        const squares = new Float64Array(batch);
        each.grads[p]!.forEach((value, i) => {
          const e = Math.floor(i / n);
          squares[e]! += value * value;
          sum[i % n]! += factors[p]![e]! * value;
        });
        expectClose(norms[p]!, squares, 1e-12, `norms of ${name}`);
        expectClose(scaled.grads[p]!, sum, 1e-12, `sum of ${name}`);
      });
    },
  );
});

it("gives the gradient where all factors are one over the number of examples, and arrays of one's own", async () => {
  const [, network, loss, data] = cases[0]!;
  const factors = new Float64Array(batch).fill(1 / batch);
  const scaled = scaledGrads(network, loss, (squares) => squares.map(() => factors));
  const options = { key: key(9) };
  const first = await scaled(data, options);
  const { grads } = await valueAndGrad(network, loss)(data, options);
  grads.forEach((grad, p) => expectClose(first.grads[p]!, grad, 1e-14));
  const copy = structuredClone(first);
  first.grads.forEach((grad) => grad.fill(NaN));
  first.outputs.fill(NaN);
  expect(await scaled(data, options)).toEqual(copy);
});

it('refuses layers that couple examples, by name', () => {
  const net = sequential(reshape([2]), batchNorm()).build([2], 1);
  const scaled = scaledGrads(net, mse, (squares) => squares);
  expect(() => scaled({ x: [1, 2, 3, 4], y: [1, 2, 3, 4] })).toThrow(
    /layer 1 \(batchNorm\) makes every example depend/,
  );
});

it('computes products whose terms cancel', () => {
  // Two rows that are opposite but for a billionth: their Gram products cancel, the product itself does not.
  const [m, n] = [40, 30];
  const x = random(1, m);
  const y = random(2, n);
  const a = Float64Array.of(...x, ...x.map((value) => -value));
  const b = Float64Array.of(...y, ...y.map((value, i) => value * (1 + (i % 3) * 1e-9)));
  let expected = 0;
  for (const u of x)
    for (const [i, v] of y.entries()) expected += (u * (v - v * (1 + (i % 3) * 1e-9))) ** 2;
  const sizes = { batch: 1, rows: 2, m, n, transposed: false };
  const [square] = squaredProducts(
    () => a,
    () => b,
    sizes,
  );
  expect(expected).toBeGreaterThan(0);
  expect(Math.abs(square! / expected - 1)).toBeLessThan(1e-6);
});
