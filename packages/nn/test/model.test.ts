import { ValueError } from '@ketwork/base';
import {
  batchNorm,
  dense,
  forward,
  loadSafetensors,
  loadState,
  mse,
  saveSafetensors,
  sequential,
  stateOf,
  tanh,
  valueAndGrad,
} from '@ketwork/nn';
import { describe, expect, it } from 'vitest';
import { random } from './check.ts';

const make = (): ReturnType<typeof sequential> =>
  sequential(dense(3, 4), batchNorm(), tanh(), dense(1));

describe('saving and loading a model', () => {
  it('gives a model of the same outputs, running statistics included', async () => {
    const trained = make();
    trained.build(1);
    await valueAndGrad(trained, mse)({ x: random(1, 12), y: random(2, 4) });
    const copy = make();
    copy.build(2);
    loadState(copy, loadSafetensors(saveSafetensors(stateOf(trained))).tensors);
    const x = random(3, 9);
    expect(await forward(copy, x)).toEqual(await forward(trained, x));
    expect(Object.keys(stateOf(copy))).toContain('1.runningVariance');
  });

  it('refuses what does not fit, and changes nothing', () => {
    const net = make();
    net.build(1);
    const before = structuredClone(stateOf(net));
    const zeros = Object.fromEntries(
      Object.entries(before).map(([name, { shape, data }]) => [
        name,
        { shape, data: data.map(() => 0) },
      ]),
    );
    const { '3.bias': bias, ...short } = zeros;
    expect(() => loadState(net, short)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: there is no value for parameter 3.bias. Load into a model of the same layers]`,
    );
    expect(() => loadState(net, { ...zeros, other: bias! })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: the model has no parameter other. Load into a model of the same layers]`,
    );
    expect(() =>
      loadState(net, { ...zeros, '3.bias': { shape: [2], data: new Float64Array(2) } }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: parameter 3.bias has shape [1], the value to load [2] (2 numbers)]`,
    );
    expect(() => stateOf(make())).toThrow(ValueError);
    expect(stateOf(net)).toEqual(before);
  });
});
