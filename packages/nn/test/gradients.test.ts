import { key, UnsupportedError, ValueError } from '@ketwork/base';
import {
  adam,
  batchNorm,
  conv2d,
  crossEntropy,
  dense,
  dropout,
  external,
  flatten,
  forward,
  layerNorm,
  lossValues,
  maxPool2d,
  mse,
  perExampleGrads,
  relu,
  sequential,
  tanh,
  valueAndGrad,
} from '@ketwork/nn';
import type { Batch, BuiltLayer, Loss, Model } from '@ketwork/nn';
import { centralDifferences, expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { cosineMap, random, size } from './check.ts';

const batch = 5;

interface Case {
  readonly name: string;
  readonly net: Model;
  readonly input: number[];
  readonly loss: Loss;
  readonly y: number[];
}

const cases: Case[] = [
  {
    name: 'hybrid',
    net: sequential(dense(3, 4), tanh(), external(cosineMap(4)), dense(2)),
    input: [3],
    loss: mse,
    y: [...random(2, 10)],
  },
  {
    name: 'convolutional',
    net: sequential(
      conv2d(1, 2, { kernel: 2 }),
      relu(),
      maxPool2d(2),
      flatten(),
      layerNorm(),
      dropout(0.3),
      dense(3),
    ),
    input: [1, 5, 5],
    loss: crossEntropy,
    y: [0, 1, 2, 1, 0],
  },
];

function flat(arrays: readonly Float64Array[]): number[] {
  return arrays.flatMap((array) => [...array]);
}

describe.each(cases)('a $name model', ({ net, input, loss, y }) => {
  const built = net.build(input, 3);
  const n = size(input);
  const data: Batch = { x: random(1, batch * n), y };
  const options = { key: key(9) };

  it('has gradients that agree with central differences', async () => {
    const { grads, loss: value, outputs } = await valueAndGrad(net, loss)(data, options);
    expect(grads.map((g) => g.length)).toEqual(built.parameters.map((p) => p.data.length));
    const values = await lossValues(net, loss)(data, { ...options, training: true });
    expect(values.loss).toBe(value);
    expect(values.outputs).toEqual(outputs);
    expectClose([values.losses.reduce((a, b) => a + b, 0) / batch], [value], 1e-15);
    built.parameters.forEach((p, i) => {
      const saved = p.data.slice();
      const numeric = centralDifferences((at) => {
        p.data.set(at);
        const result = lossValues(net, loss)(data, { ...options, training: true });
        if (result instanceof Promise) throw new Error('a promise');
        return [result.loss];
      }, saved);
      p.data.set(saved);
      expectClose(grads[i]!, numeric, 1e-8, p.name);
    });
  });

  it('has gradients per example equal to the batch-of-one loop, whose mean is the gradient', async () => {
    const each = await perExampleGrads(net, loss)(data, options);
    const whole = await valueAndGrad(net, loss)(data, options);
    expect(each.outputs).toEqual(whole.outputs);
    const width = y.length / batch;
    const totals = built.parameters.map((p) => new Float64Array(p.data.length));
    for (let e = 0; e < batch; e++) {
      const one: Batch = {
        x: (data.x as Float64Array).slice(e * n, (e + 1) * n),
        y: y.slice(e * width, (e + 1) * width),
      };
      const single = await valueAndGrad(net, loss)(one, { ...options, firstExample: e });
      expectClose([each.losses[e]!], [single.loss], 1e-12);
      built.parameters.forEach((p, i) => {
        const row = each.grads[i]!.slice(e * p.data.length, (e + 1) * p.data.length);
        expectClose(row, single.grads[i]!, 1e-12, `${p.name}, example ${e}`);
        row.forEach((v, k) => (totals[i]![k]! += v / batch));
      });
    }
    expectClose(flat(whole.grads), flat(totals), 1e-12);
  });

  it('gives arrays that the caller may change', async () => {
    const first = await valueAndGrad(net, loss)(data, options);
    const copy = structuredClone(first);
    const before = built.parameters.map((p) => p.data.slice());
    const buffers = new Set(first.grads);
    expect(buffers.size).toBe(first.grads.length);
    first.grads.forEach((g) => g.fill(NaN));
    first.outputs.fill(NaN);
    expect(await valueAndGrad(net, loss)(data, options)).toEqual(copy);
    expect(built.parameters.map((p) => p.data)).toEqual(before);
  });
});

describe('an asynchronous map', () => {
  it('makes every result a promise of the same numbers', async () => {
    const make = (delay: boolean): BuiltLayer =>
      sequential(dense(3, 4), external(cosineMap(4, { delay })), dense(2)).build(1);
    const [here, there] = [make(false), make(true)];
    const data: Batch = { x: random(1, 12), y: random(2, 8) };
    const pairs = [
      [forward(here, data.x), forward(there, data.x)],
      [lossValues(here, mse)(data), lossValues(there, mse)(data)],
      [valueAndGrad(here, mse)(data), valueAndGrad(there, mse)(data)],
      [perExampleGrads(here, mse)(data), perExampleGrads(there, mse)(data)],
    ];
    for (const [now, later] of pairs) {
      expect(now).not.toBeInstanceOf(Promise);
      expect(later).toBeInstanceOf(Promise);
      expect(await later).toEqual(now);
    }
  });
});

describe('training', () => {
  it('finds a separation that no line gives', async () => {
    const net = sequential(dense(2, 8), tanh(), dense(2));
    const { parameters } = net.build(4);
    const optimizer = adam(0.05);
    const state = optimizer.init(parameters);
    const xor: Batch = { x: [0, 0, 0, 1, 1, 0, 1, 1], y: [0, 1, 1, 0] };
    const step = valueAndGrad(net, crossEntropy);
    const first = (await step(xor)).loss;
    for (let i = 0; i < 200; i++) optimizer.step(parameters, (await step(xor)).grads, state);
    expect(first).toBeGreaterThan(0.5);
    expect((await step(xor)).loss).toBeLessThan(0.02);
  });
});

describe('refusals', () => {
  it('gradients per example of a layer that couples examples', () => {
    const net = sequential(dense(2, 2), sequential(tanh(), batchNorm()));
    net.build(1);
    const run = (): unknown => perExampleGrads(net, mse)({ x: [1, 2, 3, 4], y: [1, 2, 3, 4] });
    expect(run).toThrow(UnsupportedError);
    expect(run).toThrowErrorMatchingInlineSnapshot(
      `[UnsupportedError: layer 1.1 (batchNorm) makes every example depend on the others of its batch, so there is no gradient per example. Use layerNorm instead of batchNorm]`,
    );
  });

  it('models that are not built and batches that do not fit', () => {
    const net = sequential(dense(2, 2));
    expect(() => forward(net, [1, 2])).toThrow(ValueError);
    net.build(1);
    expect(() => forward(net, [1, 2, 3])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: 3 numbers are not one or more examples of shape [2] (2 numbers each). Give inputs as a row-major array [batch, ...inputShape]]`,
    );
    expect(() => forward(net, [])).toThrow(ValueError);
    expect(() => valueAndGrad(net, mse)({ x: [1, 2], y: [1] })).toThrow(ValueError);
    const total: Loss = { name: 'total', apply: (outputs) => outputs };
    expect(() => valueAndGrad(net, total)({ x: [1, 2], y: [] })).toThrow(ValueError);
  });
});
