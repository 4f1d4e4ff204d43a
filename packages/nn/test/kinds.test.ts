import { KetworkError, key } from '@ketwork/base';
import {
  Tape,
  adaptiveAvgPool2d,
  avgPool2d,
  batchNorm,
  conv2d,
  dense,
  dropout,
  embedding,
  external,
  flatten,
  forward,
  gelu,
  graphConv,
  graphMean,
  initializers,
  layerFromJSON,
  layerNorm,
  maxPool2d,
  multiHeadAttention,
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
} from '@ketwork/nn';
import type { Layer, Shape } from '@ketwork/nn';
import { expectSameBits } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { kinds } from '../src/kinds.ts';
import { cosineMap, random, size } from './check.ts';

/** Every kind, with settings other than the defaults, and the shape of its input. */
const layers: readonly (readonly [Layer, Shape])[] = [
  [adaptiveAvgPool2d([2, 3]), [2, 5, 4]],
  [avgPool2d([2, 1], { stride: 1, padding: [1, 0] }), [2, 5, 4]],
  [batchNorm({ momentum: 0.3, eps: 1e-3 }), [3, 2]],
  [conv2d(2, 3, { kernel: [3, 2], padding: 1, init: initializers.normal(0.3) }), [2, 5, 4]],
  [conv2d(3, { kernel: 2, stride: [2, 1] }), [2, 4, 4]],
  [dense(4, 3, { bias: false, init: initializers.uniform(-0.1, 0.3) }), [4]],
  [dense(3, { init: initializers.heUniform() }), [5, 4]],
  [dense(3, { init: initializers.constant(1 / 3) }), [4]],
  [dense(3, { init: initializers.zeros() }), [4]],
  [dropout(0.1), [3]],
  [embedding(5, 3, { init: initializers.normal(0.1) }), [2]],
  [flatten(), [2, 3]],
  [gelu(), [3]],
  [graphConv(2, 3, { activation: 'tanh', init: initializers.normal(0.2) }), [3, 6]],
  [graphMean(), [3, 6]],
  [layerNorm(), [3, 2]],
  [layerNorm({ axes: 1, eps: 1e-2 }), [3, 2]],
  [maxPool2d(2), [3, 5, 4]],
  [multiHeadAttention({ heads: 2, causal: true, bias: false }), [3, 4]],
  [positionalEncoding({ period: 100 }), [3, 4]],
  [relu(), [3]],
  [reshape([3, 2]), [6]],
  [scale(-0.1), [3]],
  [sequential(dense(2), sequential(tanh(), dense(1))), [3]],
  [shiftRight({ init: initializers.uniform(0, 1) }), [3, 2]],
  [sigmoid(), [3]],
  [softmax(), [3]],
  [tanh(), [3]],
  [
    transformerEncoderLayer({ heads: 2, hidden: 3, norm: 'pre', activation: 'relu', dropout: 0.3 }),
    [3, 4],
  ],
];

/** Larger ones, for which other ways to compute may be chosen. */
const large: readonly (readonly [Layer, Shape])[] = [
  [conv2d(16, { kernel: 3, padding: 1 }), [8, 14, 14]],
  [conv2d(8, { kernel: 5 }), [3, 12, 11]],
  [maxPool2d(2), [4, 8, 6]],
  [dense(40), [50]],
  [dense(1), [50]],
];

describe('examples of a batch', () => {
  const apart = [...layers, ...large].filter(([layer]) => layer.kind !== 'batchNorm');

  test.each(apart.map(([layer, shape]) => [JSON.stringify(layer), layer, shape] as const))(
    '%s gives values and gradients of the same bits for any split',
    async (_, layer, shape) => {
      const built = layer.build(shape, key(7));
      expect(built.couplesExamples).toBe(false);
      const [width, outputs] = [size(shape), size(built.outputShape)];
      const x = inputsOf(layer, 5 * width);
      const dy = random(5, 5 * outputs);
      for (const training of [false, true]) {
        await expectSameBits(5, async (from, to) => {
          const tape = new Tape(to - from, from);
          const input = tape.variable(x.slice(from * width, to * width), shape, 'batch');
          const y = built.forward(input, { tape, training, key: key(4), firstExample: from });
          await tape.run();
          const some = dy.slice(from * outputs, to * outputs);
          const gradients = await tape.backward(y, some, 'perExample');
          return {
            outputs: tape.value(y),
            'gradients of the input': gradients.of(input),
            ...Object.fromEntries(
              built.parameters.map((p) => [p.name, gradients.of(tape.parameter(p))] as const),
            ),
          };
        });
      }
    },
  );
});

/** Numbers that the layer takes: tokens for an embedding. */
function inputsOf(layer: Layer, count: number): Float64Array {
  const numbers = random(3, count);
  return layer.kind === 'embedding' ? numbers.map((v) => Math.floor(v ** 2) % 5) : numbers;
}

describe('layerFromJSON', () => {
  test.each(layers.map(([layer, shape]) => [JSON.stringify(layer), layer, shape] as const))(
    'makes %s again',
    async (text, layer, shape) => {
      for (const json of [text, layer.toJSON(), structuredClone(layer.toJSON())]) {
        const copy = layerFromJSON(json);
        expect(copy.toJSON()).toEqual(layer.toJSON());
        expect(copy.inputShape).toEqual(layer.inputShape);
        const [built, again] = [layer, copy].map((one) => one.build(shape, key(7)));
        expect(again!.parameters).toEqual(built!.parameters);
        expect(again!.buffers).toEqual(built!.buffers);
        const x = inputsOf(layer, 4 * size(shape));
        const pass = { training: true, key: key(2) };
        expect(await forward(again!, x, pass)).toEqual(await forward(built!, x, pass));
      }
    },
  );

  test('every kind of the package is among them', () => {
    expect([...new Set(layers.map(([layer]) => layer.kind))].sort()).toEqual(
      Object.keys(kinds).sort(),
    );
  });

  test('takes rules for layers of other packages, also inside others', () => {
    const layer = sequential(dense(2, 2), external(cosineMap(2)));
    const rules = { external: () => external(cosineMap(2)) };
    expect(layerFromJSON(layer.toJSON(), rules).toJSON()).toEqual(layer.toJSON());
  });

  test('refuses what is no layer', () => {
    const refused = (json: unknown): string => {
      try {
        layerFromJSON(json);
      } catch (error) {
        expect(error).toBeInstanceOf(KetworkError);
        return `${(error as Error).name}: ${(error as Error).message}`;
      }
      return 'nothing was thrown';
    };
    const init = { name: 'zeros' };
    let deep: unknown = { kind: 'tanh' };
    for (let i = 0; i < 66; i++) deep = { kind: 'sequential', layers: [deep] };
    expect([
      refused('{"kind":'),
      refused(null),
      refused([]),
      refused({ kind: 3 }),
      refused({ kind: 'constructor' }),
      refused({ kind: 'dens', outputs: 2 }),
      refused({ kind: 'external', map: 'f', init }),
      refused({ kind: 'dense', outputs: '2', bias: true, init }),
      refused({ kind: 'dense', outputs: 2, bias: true, init: { name: 'mine' } }),
      refused({ kind: 'dense', outputs: 2, bias: true, init, gain: 2 }),
      refused({ kind: 'conv2d', filters: 2, init }),
      refused({ kind: 'sequential' }),
      refused({ kind: 'sequential', layers: [{ kind: 'relu' }, { kind: 'relu6' }] }),
      refused(deep).replaceAll(/(sequential, layer 0: )+/g, '… '),
    ]).toMatchInlineSnapshot(`
      [
        "FormatError: the text is not JSON. Check that it is complete",
        "FormatError: a layer is not an object with a kind. Give what toJSON() of a layer returned",
        "FormatError: a layer is not an object with a kind. Give what toJSON() of a layer returned",
        "FormatError: a layer is not an object with a kind. Give what toJSON() of a layer returned",
        "UnsupportedError: no rule makes layers of kind 'constructor' again. Give one, { constructor: (settings) => … }; those for quantum layers are quantumKinds of @ketwork/layers",
        "UnsupportedError: no rule makes layers of kind 'dens' (did you mean 'dense'?) again. Give one, { dens: (settings) => … }; those for quantum layers are quantumKinds of @ketwork/layers",
        "UnsupportedError: no rule makes layers of kind 'external' again. Give one, { external: (settings) => … }; those for quantum layers are quantumKinds of @ketwork/layers",
        "ValueError: dense: the number of outputs is 2, not a positive integer",
        "UnsupportedError: there is no initialiser {"name":"mine"} that could be made again. Use one of initializers, or make the layers in code and load their parameters with loadState",
        "FormatError: dense has no setting 'gain'. Remove it, or read the layer with the version that wrote it",
        "ValueError: conv2d: the size of the kernel is missing. Give it last: conv2d(channels, filters, kernel) or conv2d(filters, { kernel })",
        "FormatError: a setting of sequential is missing or of the wrong type. Give what toJSON() of a layer returned",
        "UnsupportedError: sequential, layer 1: no rule makes layers of kind 'relu6' (did you mean 'relu'?) again. Give one, { relu6: (settings) => … }; those for quantum layers are quantumKinds of @ketwork/layers",
        "FormatError: … layers are nested more than 64 deep",
      ]
    `);
  });
});
