import { fold, key, ValueError } from '@ketwork/base';
import {
  adaptiveAvgPool2d,
  avgPool2d,
  batchNorm,
  conv2d,
  dense,
  dropout,
  external,
  flatten,
  forward,
  gelu,
  initializers,
  layerNorm,
  maxPool2d,
  mse,
  multiHeadAttention,
  networkOf,
  positionalEncoding,
  relu,
  reshape,
  scale,
  sequential,
  shiftRight,
  sigmoid,
  softmax,
  tanh,
  transformerEncoderLayer,
  valueAndGrad,
} from '@ketwork/nn';
import type { BuiltLayer, Layer } from '@ketwork/nn';
import { expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { cosineMap, random, size } from '../check.ts';

function names(layer: BuiltLayer): string[] {
  return [...layer.parameters, ...layer.buffers].map((p) => `${p.name} ${p.shape.join('x')}`);
}

describe('every layer', () => {
  const table: [Layer, number[], number[], string[]][] = [
    [dense(4, 3), [4], [3], ['weight 4x3', 'bias 3']],
    [dense(3), [5, 4], [5, 3], ['weight 4x3', 'bias 3']],
    [dense(3, { bias: false }), [4], [3], ['weight 4x3']],
    [
      conv2d(2, 3, { kernel: [3, 2], padding: 1 }),
      [2, 5, 4],
      [3, 5, 5],
      ['weight 3x2x3x2', 'bias 3'],
    ],
    [conv2d(3, { kernel: 2, stride: 2 }), [2, 4, 4], [3, 2, 2], ['weight 3x2x2x2', 'bias 3']],
    [conv2d(2, 3, 2), [2, 4, 4], [3, 3, 3], ['weight 3x2x2x2', 'bias 3']],
    [conv2d(2, 3, [2, 3]), [2, 4, 4], [3, 3, 2], ['weight 3x2x2x3', 'bias 3']],
    [maxPool2d(2), [3, 5, 4], [3, 2, 2], []],
    [avgPool2d([2, 1], { stride: 1 }), [3, 5, 4], [3, 4, 4], []],
    [adaptiveAvgPool2d([2, 3]), [3, 5, 4], [3, 2, 3], []],
    [flatten(), [2, 3, 4], [24], []],
    [reshape([4, 6]), [2, 3, 4], [4, 6], []],
    [dropout(0.5), [3], [3], []],
    [batchNorm(), [3, 2], [3, 2], ['weight 3', 'bias 3', 'runningMean 3', 'runningVariance 3']],
    [layerNorm(), [3, 2], [3, 2], ['weight 3x2', 'bias 3x2']],
    [layerNorm({ axes: 1 }), [3, 2], [3, 2], ['weight 2', 'bias 2']],
    [tanh(), [3], [3], []],
    [relu(), [3], [3], []],
    [sigmoid(), [3], [3], []],
    [gelu(), [3], [3], []],
    [softmax(), [3], [3], []],
    [scale(2), [3], [3], []],
    [external(cosineMap(3)), [3], [3], ['weight 3']],
    [positionalEncoding(), [3, 4], [3, 4], []],
    [shiftRight(), [3, 4], [3, 4], ['start 4']],
    [
      multiHeadAttention({ heads: 2, bias: false }),
      [3, 4],
      [3, 4],
      ['qkv.weight 4x12', 'output.weight 4x4'],
    ],
    [
      transformerEncoderLayer({ hidden: 5, bias: false }),
      [3, 4],
      [3, 4],
      [
        'attention.qkv.weight 4x12',
        'attention.output.weight 4x4',
        'norm1.weight 4',
        'norm1.bias 4',
        'linear1.weight 4x5',
        'linear2.weight 5x4',
        'norm2.weight 4',
        'norm2.bias 4',
      ],
    ],
  ];

  it.each(table)('%j', async (layer, input, output, parameters) => {
    const built = layer.build(input, key(1));
    expect(built.outputShape).toEqual(output);
    expect(names(built)).toEqual(parameters);
    for (const p of [...built.parameters, ...built.buffers])
      expect(p.data.length).toBe(size(p.shape));
    const y = await forward(built, random(2, 3 * size(input)));
    expect(y.length).toBe(3 * size(output));
    expect(y.every(Number.isFinite)).toBe(true);
    expect(JSON.parse(JSON.stringify(layer))).toMatchObject({ kind: layer.kind });
    expect(layer.build(input, key(1))).toEqual({
      ...built,
      forward: expect.any(Function) as unknown,
    });
  });
});

describe('dense', () => {
  it('computes x · weight + bias', async () => {
    const built = dense(2, 2).build([2], key(1));
    built.parameters[0]!.data.set([1, 2, 3, 4]);
    built.parameters[1]!.data.set([10, 20]);
    expect([...(await forward(built, [1, 1, 0, 1]))]).toEqual([14, 26, 13, 24]);
  });

  it('starts within the Glorot limit, the bias at 0', () => {
    const built = dense(20, 30).build([20], key(1));
    const limit = Math.sqrt(6 / 50);
    const { data } = built.parameters[0]!;
    expect(Math.max(...data.map(Math.abs))).toBeLessThanOrEqual(limit);
    expect(Math.max(...data.map(Math.abs))).toBeGreaterThan(0.98 * limit);
    expect(built.parameters[1]!.data).toEqual(new Float64Array(30));
  });

  it('refuses other sizes', () => {
    expect(() => dense(0)).toThrow(ValueError);
    expect(() => dense(2, 1.5)).toThrow(ValueError);
    expect(() => dense(3, 2).build([4], key(1))).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: dense: inputs of shape [4] do not fit, it takes vectors of 3. Shapes do not include the batch]`,
    );
    expect(() => dense(2).build([2, 3, 4], key(1))).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: dense: inputs with 3 axes do not fit, it takes vectors or rows of vectors. Put flatten() before it]`,
    );
  });
});

describe('adaptiveAvgPool2d', () => {
  it('takes means over the windows of PyTorch', async () => {
    const rows = adaptiveAvgPool2d([4, 1]).build([1, 7, 1], key(1));
    const found = await forward(rows, [1, 2, 4, 8, 16, 32, 64]);
    // Rows 0 and 1, 1 to 3, 3 to 5, 5 and 6.
    expectClose(found, [1.5, 14 / 3, 56 / 3, 48], 1e-13);
    const image = random(3, 2 * 6 * 4);
    const even = adaptiveAvgPool2d([3, 2]).build([2, 6, 4], key(1));
    const plain = avgPool2d(2).build([2, 6, 4], key(1));
    expectClose(await forward(even, image), await forward(plain, image), 1e-14);
  });

  it('refuses sizes and inputs that are none', () => {
    expect(() => adaptiveAvgPool2d([0, 1])).toThrow(ValueError);
    expect(() => adaptiveAvgPool2d(2).build([4], key(1))).toThrow(ValueError);
  });
});

describe('dropout', () => {
  const net = sequential(dropout(0.25));
  const built = net.build([1000], 1);
  const ones = new Float64Array(4000).fill(1);

  it('drops that share of the numbers and scales the rest', async () => {
    const y = await forward(built, ones, { training: true, key: key(3) });
    expect(new Set(y)).toEqual(new Set([0, 1 / 0.75]));
    const dropped = y.filter((v) => v === 0).length / y.length;
    expect(Math.abs(dropped - 0.25)).toBeLessThan(0.03);
  });

  it('depends on the key and the place of the example, not on how the batch is cut', async () => {
    const whole = await forward(built, ones, { training: true, key: key(3) });
    const part = await forward(built, ones.slice(0, 2000), {
      training: true,
      key: key(3),
      firstExample: 2,
    });
    expect(part).toEqual(whole.slice(2000));
    expect(await forward(built, ones, { training: true, key: key(4) })).not.toEqual(whole);
    expect(whole.slice(0, 1000)).not.toEqual(whole.slice(1000, 2000));
  });

  it('changes nothing in use and asks for a key in training', async () => {
    expect(await forward(built, ones)).toEqual(ones);
    expect(() => forward(built, ones, { training: true })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: dropout: training needs random numbers, but the pass has no key. Give the option key, a new one for every step, such as fold(key(seed), step)]`,
    );
    expect(() => dropout(1)).toThrow(ValueError);
  });
});

describe('batchNorm', () => {
  it('moves its running statistics in training only', async () => {
    const built = sequential(batchNorm({ momentum: 0.5 })).build([1], 1);
    const [mean, variance] = built.buffers;
    await forward(built, [1, 3]);
    expect([mean!.data[0], variance!.data[0]]).toEqual([0, 1]);
    await valueAndGrad(built, mse)({ x: [1, 3], y: [0, 0] });
    expect([mean!.data[0], variance!.data[0]]).toEqual([1, 1.5]);
  });

  it('refuses settings out of range', () => {
    expect(() => batchNorm({ momentum: 0 })).toThrow(ValueError);
    expect(() => batchNorm({ eps: 0 })).toThrow(ValueError);
    expect(() => layerNorm({ axes: 2 }).build([3], key(1))).toThrow(ValueError);
  });
});

describe('sequential', () => {
  it('names parameters by position, also inside', () => {
    const net = sequential(dense(2, 3), sequential(tanh(), dense(1)));
    expect(names(net.build(1))).toEqual([
      '0.weight 2x3',
      '0.bias 3',
      '1.1.weight 3x1',
      '1.1.bias 1',
    ]);
  });

  it('gives layers of one kind different values, and the same ones for the same seed', () => {
    const net = sequential(dense(3, 3), dense(3, 3));
    const [a, , b] = net.build(5).parameters;
    expect(a!.data).not.toEqual(b!.data);
    expect(net.build(5).parameters[0]!.data).toEqual(a!.data);
    expect(net.build([3], key(5)).parameters[0]!.data).toEqual(a!.data);
    expect(net.build(6).parameters[0]!.data).not.toEqual(a!.data);
  });

  it('allocates anew wherever it is used', () => {
    const block = sequential(dense(2, 2));
    const { parameters } = sequential(block, block).build(1);
    expect(parameters[0]!.data).not.toBe(parameters[2]!.data);
  });

  it('binds an engine to the layers that take one', () => {
    const bound: unknown[] = [];
    const layer: Layer = {
      kind: 'quantum',
      build: (inputShape, own) => ({
        ...tanh().build(inputShape, own),
        bind: (engine) => void bound.push(engine),
      }),
      toJSON: () => ({ kind: 'quantum' }),
    };
    const net = sequential(dense(2, 2), sequential(layer, tanh()), layer);
    net.build(1).bind!('an engine');
    expect(bound).toEqual(['an engine', 'an engine']);
    expect(sequential(dense(2, 2)).build(1).bind).toBeUndefined();
  });

  it('gives each layer its own random numbers', async () => {
    const net = sequential(dropout(0.5), scale(3), dropout(0.5));
    const y = await forward(net.build([400], 1), new Float64Array(400).fill(1), {
      training: true,
      key: key(1),
    });
    const kept = y.filter((v) => v !== 0).length / 400;
    // Two independent drops keep a quarter; the same drop twice would keep half.
    expect(kept).toBeGreaterThan(0.15);
    expect(kept).toBeLessThan(0.35);
  });

  it('says which layer does not fit, and what is missing', () => {
    expect(() => sequential()).toThrow(ValueError);
    expect(() => sequential(dense(2, 3), dense(4, 1)).build(1)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: layer 1: dense: inputs of shape [3] do not fit, it takes vectors of 4. Shapes do not include the batch]`,
    );
    expect(() => sequential(tanh(), dense(1)).build(1)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: the input shape of the model is not known. Give it: model.build(inputShape, seed), or a first layer that names it, such as dense(784, 4)]`,
    );
    expect(() => networkOf(sequential(dense(2, 3)))).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: the model has no parameters yet. Call model.build(inputShape, seed), or train it first]`,
    );
  });

  it('describes itself as JSON', () => {
    const net = sequential(
      dense(2, 3, { init: initializers.normal(0.1) }),
      conv2d(1, { kernel: 3 }),
      tanh(),
    );
    expect(JSON.parse(JSON.stringify(net))).toEqual({
      kind: 'sequential',
      layers: [
        {
          kind: 'dense',
          inputs: 2,
          outputs: 3,
          bias: true,
          init: { name: 'normal', deviation: 0.1 },
        },
        {
          kind: 'conv2d',
          filters: 1,
          kernel: [3, 3],
          stride: [1, 1],
          padding: [0, 0],
          init: { name: 'glorotUniform' },
        },
        { kind: 'tanh' },
      ],
    });
  });
});

describe('external', () => {
  it('makes the shared inputs of the map its parameters', async () => {
    const built = sequential(external(cosineMap(2), { init: initializers.constant(0.5) })).build(1);
    expectClose(await forward(built, [1, 2]), [Math.cos(1.5), Math.cos(2.5)], 1e-15);
  });

  it('refuses maps with several batch inputs', () => {
    const input = { axis: 'batch', shape: [1] } as const;
    expect(() => external({ ...cosineMap(1), inputs: [input, input] })).toThrow(ValueError);
  });
});

describe('initialisers', () => {
  const input = { shape: [50, 40], fanIn: 50, fanOut: 40 };
  const spread = (values: Float64Array): number =>
    Math.sqrt(values.reduce((s, v) => s + v * v, 0) / values.length);

  it('have the spread they promise', () => {
    const own = fold(key(1), 2);
    expect(spread(initializers.glorotUniform().create(input, own))).toBeCloseTo(
      Math.sqrt(2 / 90),
      2,
    );
    expect(spread(initializers.heUniform().create(input, own))).toBeCloseTo(Math.sqrt(2 / 50), 2);
    expect(spread(initializers.normal(0.3).create(input, own))).toBeCloseTo(0.3, 1);
    const values = initializers.uniform(1, 2).create(input, own);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...values)).toBeLessThan(2);
    expect(initializers.zeros().create(input, own)).toEqual(new Float64Array(2000));
  });

  it('refuse settings out of range', () => {
    expect(() => initializers.normal(-1)).toThrow(ValueError);
    expect(() => initializers.uniform(1, 1)).toThrow(ValueError);
    expect(() => initializers.constant(NaN)).toThrow(ValueError);
  });
});
