import { ValueError, key } from '@ketwork/base';
import {
  batchNorm,
  conv2d,
  crossEntropy,
  dense,
  dropout,
  external,
  flatten,
  forward,
  inputGradients,
  layerNorm,
  lossValues,
  maxPool2d,
  mse,
  relu,
  sequential,
  Tape,
  tanh,
  valueAndGrad,
} from '@ketwork/nn';
import type { Loss, Model } from '@ketwork/nn';
import { centralDifferences, expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { cosineMap, random, size } from './check.ts';

const batch = 4;
const cases: readonly (readonly [string, readonly number[], Model, Loss])[] = [
  ['dense layers', [3], sequential(dense(3, 5), tanh(), layerNorm(), dense(5, 3)), crossEntropy],
  [
    'convolutions',
    [1, 6, 6],
    sequential(conv2d(1, 2, 3), tanh(), maxPool2d(2), flatten(), dense(8, 3)),
    crossEntropy,
  ],
  ['an external map', [4], sequential(dense(4, 4), external(cosineMap(4)), dense(4, 2)), mse],
  [
    'layers that differ in training',
    [3],
    sequential(dense(3, 4), batchNorm(), dropout(0.5), dense(4, 3)),
    crossEntropy,
  ],
];

describe('gradients with respect to inputs', () => {
  test.each(cases)('of %s are central differences of each loss', async (_, shape, model, loss) => {
    const network = model.build(shape, 3);
    const x = random(5, batch * size(shape));
    const y = loss === mse ? random(6, 2 * batch) : [0, 2, 1, 1];
    const { losses, outputs, grads } = await inputGradients(model, loss)({ x, y });
    const values = lossValues(model, loss);
    const plain = await values({ x, y });
    expect(losses).toEqual(plain.losses);
    expect(outputs).toEqual(plain.outputs);
    const sum = (at: Float64Array): number[] => {
      const found = values({ x: at, y });
      if (found instanceof Promise) throw new Error('a promise');
      return [found.losses.reduce((a, b) => a + b)];
    };
    expectClose(grads, centralDifferences(sum, x), 1e-6);
    // Each example has the gradient of its own loss alone.
    const width = size(shape);
    for (let e = 0; e < batch; e++) {
      const own = y.length === batch ? [y[e]!] : y.slice(2 * e, 2 * e + 2);
      const alone = await inputGradients(
        network,
        loss,
      )({
        x: x.slice(e * width, (e + 1) * width),
        y: own,
      });
      expectClose(alone.grads, grads.slice(e * width, (e + 1) * width), 1e-12);
    }
  });

  test('wait for maps that run elsewhere', async () => {
    const later = sequential(dense(2, 3), external(cosineMap(3, { delay: true })));
    const atOnce = sequential(dense(2, 3), external(cosineMap(3)));
    later.build(1);
    atOnce.build(1);
    const data = { x: random(1, 6), y: random(2, 9) };
    const promised = inputGradients(later, mse)(data);
    expect(promised).toBeInstanceOf(Promise);
    expect(await promised).toEqual(await inputGradients(atOnce, mse)(data));
  });

  test('leave parameters, running statistics and earlier results alone', async () => {
    const model = sequential(dense(2, 40), batchNorm(), relu(), dense(40, 2));
    const network = model.build(1);
    const state = (): string => JSON.stringify([...network.parameters, ...network.buffers]);
    const before = state();
    const gradients = inputGradients(model, crossEntropy);
    // Large enough for memory to be used again.
    const x = random(1, 2 * 512);
    const y = Array.from({ length: 512 }, (_, e) => e % 2);
    const first = await gradients({ x, y });
    const kept = structuredClone(first);
    await gradients({ x: x.map((value) => value + 1), y });
    expect(first).toEqual(kept);
    expect(state()).toBe(before);
    // The same parameters still have gradients elsewhere.
    expect((await valueAndGrad(model, crossEntropy)({ x, y })).grads.length).toBe(6);
  });

  test('do not differentiate parameters', () => {
    const tape = new Tape(1, 0, undefined, false);
    const parameter = { name: 'w', shape: [2], data: Float64Array.of(1, 2) };
    const entered = tape.parameter(parameter);
    void tape.run();
    const done = tape.backward(entered, Float64Array.of(1, 1));
    if (done instanceof Promise) throw new Error('a promise');
    expect(() => done.of(entered)).toThrow('the gradient of a constant was asked for');
  });

  test('refuse what does not fit', () => {
    const model = sequential(dense(2, 2));
    expect(() => inputGradients(model, crossEntropy)({ x: [1, 2], y: [0] })).toThrow(ValueError);
    model.build([2], key(1));
    expect(() => inputGradients(model, crossEntropy)({ x: [1, 2, 3], y: [0] })).toThrow(ValueError);
    expect(() => inputGradients(model, crossEntropy)({ x: [1, 2], y: [2] })).toThrow(ValueError);
    expect(forward(model, [1, 2])).toBeInstanceOf(Float64Array);
  });
});
