import { readFileSync } from 'node:fs';
import { fold, key, ValueError } from '@ketwork/base';
import {
  dense,
  embedding,
  forward,
  loadState,
  mse,
  multiHeadAttention,
  perExampleGrads,
  positionalEncoding,
  sequential,
  shiftRight,
  stateOf,
  transformerEncoderLayer,
  valueAndGrad,
} from '@ketwork/nn';
import type { BuiltLayer, Layer } from '@ketwork/nn';
import { centralDifferences, expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { random, size } from '../check.ts';

interface Fixture {
  heads: number;
  hidden: number;
  steps: number;
  features: number;
  x: number[];
  parameters: Record<string, number[]>;
  cases: {
    norm: 'post' | 'pre';
    causal: boolean;
    activation: 'gelu' | 'relu';
    output: number[];
  }[];
}

const fixture = JSON.parse(
  readFileSync(new URL('../data/transformer.json', import.meta.url), 'utf8'),
) as Fixture;

/** A small language model: logits of each token given those before it. */
function causalModel(options: { norm?: 'post' | 'pre'; dropout?: number } = {}): BuiltLayer {
  const net = sequential(
    embedding(5, 6),
    shiftRight(),
    positionalEncoding(),
    transformerEncoderLayer({ heads: 2, hidden: 7, causal: true, ...options }),
    transformerEncoderLayer({ heads: 3, hidden: 5, causal: true, ...options }),
    dense(5),
  );
  const built = net.build([4], 3);
  // Biases and gains away from where they start, so that nothing drops out of a gradient.
  built.parameters.forEach((p, i) => {
    const noise = random(100 + i, p.data.length);
    p.data.forEach((v, k) => (p.data[k] = v + 0.3 * noise[k]!));
  });
  return built;
}

function tokens(seed: number, count: number): Float64Array {
  return random(seed, count).map((v) => Math.abs(Math.round(1e6 * v)) % 5);
}

describe('transformerEncoderLayer', () => {
  it.each(fixture.cases)('has the values of a NumPy reference: %o', async (example) => {
    const { norm, causal, activation, output } = example;
    const { heads, hidden, steps, features, x } = fixture;
    const layer = transformerEncoderLayer({ heads, hidden, norm, causal, activation });
    const built = layer.build([steps, features], key(1));
    const state = stateOf(built);
    expect(Object.keys(state).sort()).toEqual(Object.keys(fixture.parameters).sort());
    loadState(
      built,
      Object.fromEntries(
        Object.entries(state).map(([name, { shape }]) => [
          name,
          { shape, data: Float64Array.from(fixture.parameters[name]!) },
        ]),
      ),
    );
    expectClose(await forward(built, x), output, 1e-13);
  });

  it.each(['post', 'pre'] as const)('%s: gradients agree with central differences', (norm) => {
    const net = causalModel({ norm });
    const x = tokens(1, 12);
    const y = random(2, 60);
    const at = (): number => {
      const result = valueAndGrad(net, mse)({ x, y });
      if (result instanceof Promise) throw new Error('a promise');
      return result.loss;
    };
    const result = valueAndGrad(net, mse)({ x, y });
    if (result instanceof Promise) throw new Error('a promise');
    net.parameters.forEach((p, i) => {
      const before = p.data.slice();
      const numeric = centralDifferences((values) => {
        p.data.set(values);
        return [at()];
      }, before);
      p.data.set(before);
      expectClose(result.grads[i]!, numeric, 1e-6, p.name);
    });
  });

  it('has gradients per example that are those of the loop', () => {
    const net = causalModel();
    const x = tokens(3, 12);
    const y = random(4, 60);
    const all = perExampleGrads(net, mse)({ x, y });
    if (all instanceof Promise) throw new Error('a promise');
    for (let e = 0; e < 3; e++) {
      const batch = { x: x.slice(4 * e, 4 * e + 4), y: y.slice(20 * e, 20 * e + 20) };
      const one = valueAndGrad(net, mse)(batch);
      if (one instanceof Promise) throw new Error('a promise');
      net.parameters.forEach((p, i) => {
        const n = size(p.shape);
        expectClose(all.grads[i]!.slice(e * n, (e + 1) * n), one.grads[i]!, 1e-12, p.name);
      });
    }
  });

  it('drops in training only, by key and place of the example', async () => {
    const net = causalModel({ dropout: 0.3 });
    const x = tokens(5, 8);
    const quiet = await forward(net, x);
    expect(await forward(causalModel(), x)).toEqual(quiet);
    const options = { training: true, key: key(9) };
    const noisy = await forward(net, x, options);
    expect(noisy).not.toEqual(quiet);
    expect(await forward(net, x.slice(4), { ...options, firstExample: 1 })).toEqual(
      noisy.slice(20),
    );
    expect(await forward(net, x, { training: true, key: fold(key(9), 1) })).not.toEqual(noisy);
    expect(() => forward(net, x, { training: true })).toThrow(ValueError);
  });

  it('has as many parameters as its shape says', () => {
    const count = (layer: Layer): number =>
      layer.build([3, 8], key(1)).parameters.reduce((sum, p) => sum + p.data.length, 0);
    expect(count(multiHeadAttention({ heads: 4 }))).toBe(4 * 64 + 4 * 8);
    expect(count(multiHeadAttention({ bias: false }))).toBe(4 * 64);
    expect(count(transformerEncoderLayer())).toBe(4 * 64 + 32 + 2 * 8 * 32 + 32 + 8 + 32);
    expect(count(transformerEncoderLayer({ hidden: 5, bias: false }))).toBe(4 * 64 + 80 + 32);
  });

  it('refuses what does not fit', () => {
    expect(() => transformerEncoderLayer({ hidden: 0 })).toThrow(ValueError);
    expect(() => transformerEncoderLayer({ norm: 'none' as never })).toThrow(ValueError);
    expect(() => transformerEncoderLayer({ activation: 'tanh' as never })).toThrow(ValueError);
    expect(() => transformerEncoderLayer({ dropout: 1 })).toThrow(ValueError);
    expect(() => transformerEncoderLayer({ eps: 0 })).toThrow(ValueError);
    expect(() => multiHeadAttention({ heads: 1.5 })).toThrow(ValueError);
    expect(() =>
      multiHeadAttention({ heads: 3 }).build([2, 8], key(1)),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: multiHeadAttention: 3 heads do not divide 8 features. Use a number of heads that divides the number of features]`,
    );
    expect(() => transformerEncoderLayer().build([8], key(1))).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: transformerEncoderLayer: inputs of shape [8] do not fit, it takes [steps, features]. Shapes do not include the batch]`,
    );
  });
});

describe('a causal model', () => {
  it.each(['post', 'pre'] as const)(
    '%s: changing token k changes no logits at positions ≤ k, and some behind',
    async (norm) => {
      const net = causalModel({ norm });
      const x = Float64Array.of(0, 1, 2, 3);
      const before = await forward(net, x);
      for (let k = 0; k < 4; k++) {
        const other = x.slice();
        other[k] = 4;
        const after = await forward(net, other);
        expect(after.slice(0, 5 * (k + 1))).toEqual(before.slice(0, 5 * (k + 1)));
        for (let i = k + 1; i < 4; i++)
          expect(after.slice(5 * i, 5 * i + 5)).not.toEqual(before.slice(5 * i, 5 * i + 5));
      }
    },
  );
});

describe('embedding, positionalEncoding and shiftRight', () => {
  it('look rows up, add waves and move steps', async () => {
    const rows = embedding(3, 2).build([2], key(1));
    rows.parameters[0]!.data.set([1, 2, 3, 4, 5, 6]);
    expect([...(await forward(rows, [2, 0]))]).toEqual([5, 6, 1, 2]);
    const waves = positionalEncoding({ period: 100 }).build([3, 4], key(1));
    const y = await forward(waves, new Float64Array(12));
    const expected = [0, 1, 2].flatMap((p) => [
      Math.sin(p),
      Math.cos(p),
      Math.sin(p / 10),
      Math.cos(p / 10),
    ]);
    expectClose(y, expected, 1e-15);
    const shift = shiftRight().build([3, 2], key(1));
    shift.parameters[0]!.data.set([7, 8]);
    expect([...(await forward(shift, [1, 2, 3, 4, 5, 6]))]).toEqual([7, 8, 1, 2, 3, 4]);
    const one = shiftRight().build([1, 2], key(1));
    one.parameters[0]!.data.set([7, 8]);
    expect([...(await forward(one, [1, 2, 3, 4]))]).toEqual([7, 8, 7, 8]);
  });

  it('start from normal numbers that the key decides', () => {
    const { data } = embedding(100, 50).build([1], key(1)).parameters[0]!;
    const mean = data.reduce((a, b) => a + b, 0) / data.length;
    const square = data.reduce((a, b) => a + b * b, 0) / data.length;
    expect(Math.abs(mean)).toBeLessThan(0.05);
    expect(Math.abs(square - 1)).toBeLessThan(0.07);
  });

  it('refuse what does not fit', () => {
    expect(() => embedding(0, 2)).toThrow(ValueError);
    expect(() => embedding(2, 0)).toThrow(ValueError);
    expect(() => positionalEncoding({ period: 0 })).toThrow(ValueError);
    expect(() => positionalEncoding().build([3], key(1))).toThrow(ValueError);
    expect(() => shiftRight().build([3], key(1))).toThrow(ValueError);
  });
});
