import { KetworkError, key, sizeOf } from '@ketwork/base';
import {
  X,
  Z,
  angle,
  circuit,
  expval,
  input,
  probabilities,
  variance,
  weight,
} from '@ketwork/circuit';
import {
  dataReuploading,
  fastWeightProgrammer,
  flippedQuanv,
  hamiltonianEmbedding,
  hybridParallel,
  qcnn,
  qgru,
  qgruCell,
  qlstm,
  qlstmCell,
  qrnn,
  qrnnCell,
  quantum,
  quantumConv2d,
  quantumGraphConv,
  quantumKinds,
  quantumReservoir,
  quantumTensorNetwork,
  spinReservoir,
  quantumLinear,
  quanvolution,
} from '@ketwork/layers';
import { Tape, dense, forward, initializers, layerFromJSON, sequential } from '@ketwork/nn';
import type { Layer, Shape } from '@ketwork/nn';
import { cpu } from '@ketwork/simulator';
import { Random, expectSameBits } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';

const ansatz = circuit(2, (q) => {
  q.angleEmbedding(input('x', [2]));
  q.stronglyEntanglingLayers(weight('w', [1, 2, 3]));
  q.rzz(angle.atan(input('z')), 0, 1).ry(weight('v'), 0);
});

const gate = circuit(2, (q) => {
  q.angleEmbedding(input('x', [2]))
    .cnot(0, 1)
    .ry(weight('a'), 0)
    .rx(weight('b'), 1);
});

/** Every kind, with settings other than the defaults, and the shape of its input. Add a line for a new layer. */
const layers: readonly (readonly [Layer, Shape])[] = [
  [
    quantumTensorNetwork({
      shape: 'tree',
      length: 3,
      vocabulary: 2,
      sharing: 'hierarchical',
      word: circuit(1, (q) => q.ry(weight('a'), 0)),
      discard: 'postselect',
      outputs: ['X', 'Z'],
      init: initializers.normal(0.2),
    }),
    [3],
  ],
  [
    dataReuploading({
      features: 4,
      classes: 3,
      qubits: 2,
      layers: 2,
      entangle: false,
      weighted: false,
      labels: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
      init: { w: initializers.normal(0.2) },
      method: 'parameter-shift',
    }),
    [4],
  ],
  [flippedQuanv(2, { kernel: 3 }), [2, 5, 5]],
  [
    flippedQuanv(1, 2, {
      kernel: 2,
      stride: [2, 1],
      padding: 1,
      init: initializers.normal(0.3),
      biasInit: initializers.zeros(),
      trainable: false,
    }),
    [1, 4, 4],
  ],
  [hamiltonianEmbedding({ classes: 3 }), [4, 3]],
  [
    hamiltonianEmbedding({
      classes: 2,
      layers: 2,
      unitary: 'brick-wall',
      pairs: [
        [2, 0],
        [0, 1],
      ],
      shared: true,
      evolution: { trotterSteps: 2 },
      time: 0.5,
      qubits: 3,
      readout: 2,
      scale: 3,
      init: initializers.normal(0.3),
      cache: 5,
    }),
    [1, 4, 4],
  ],
  [quantumLinear(2), [5]],
  [
    quantumLinear(5, 2, {
      repetitions: 2,
      qubits: 3,
      bias: false,
      scale: 2,
      init: initializers.normal(0.3),
      biasInit: initializers.zeros(),
      trainable: false,
      cache: 4,
    }),
    [5],
  ],
  [
    fastWeightProgrammer({ inputs: 2, qubits: 3, layers: 1, latent: 4, encode: 'all', outputs: 2 }),
    [4, 2],
  ],
  [fastWeightProgrammer({ qubits: 2, returnSequences: true, trainable: false }), [3, 1]],
  [
    hybridParallel({
      circuits: 2,
      qubits: 3,
      layers: 1,
      features: 'shared',
      calls: 'apart',
      init: initializers.normal(0.2),
      trainable: false,
    }),
    [3],
  ],
  [quantum(ansatz, expval(Z(0).mul(X(1)).scale(0.1), Z(1))), [3]],
  [
    quantum(ansatz, [variance(Z(0)), probabilities([1])], {
      inputs: ['z', 'x'],
      init: { w: initializers.normal(0.1) },
      constants: { v: [1 / 3] },
      method: 'parameter-shift',
    }),
    [3],
  ],
  [quantum(ansatz, expval(Z(0)), { shots: 20, init: initializers.constant(0.2) }), [3]],
  [qcnn(4, { outputs: 2 }).layer(), [4]],
  [quantumConv2d({ kernel: 2 }), [1, 3, 3]],
  [
    quantumConv2d({
      kernel: [2, 1],
      stride: [1, 2],
      padding: 1,
      inChannels: 2,
      outChannels: 4,
      layers: 1,
      scale: 0.7,
      measurement: expval(Z(0), X(1)),
      init: { w: initializers.uniform(0, 1) },
      method: 'adjoint',
    }),
    [2, 3, 3],
  ],
  [quantumConv2d({ kernel: 2, trainable: false }), [1, 3, 3]],
  [quanvolution({ kernel: 2, structure: 'random', seed: 3 }), [1, 4, 4]],
  [
    quanvolution({
      kernel: [1, 2],
      padding: [0, 1],
      inChannels: 2,
      outChannels: 8,
      trainable: true,
    }),
    [2, 2, 2],
  ],
  [quantumGraphConv({ features: 2, layers: 2, scale: 0.5, trainable: false }), [3, 6]],
  [quantumGraphConv({ features: 3, measurement: expval(X(0)), shots: 10 }), [2, 6]],
  [qrnn({ hidden: 3, layers: 1, returnSequences: true, dropout: 0.1, stack: 2 }), [3, 1]],
  [qgru({ hidden: 1, qubits: 3, initialState: 'trained', trainable: false }), [2, 2]],
  [qlstm({ hidden: 3, output: 'hidden', init: initializers.uniform(-1, 1) }), [3, 1]],
  [qlstm({ hidden: 1, circuit: gate, init: { b: initializers.zeros() }, shots: 20 }), [3, 1]],
  [qrnnCell({ hidden: 2, method: 'parameter-shift' }), [3]],
  [qgruCell({ hidden: 2 }), [3]],
  [qlstmCell({ hidden: 2, output: 'hidden' }), [6]],
  [quantumReservoir({ cell: 'qlstm', hidden: 2, scale: 0.7, qubits: 4 }), [3, 1]],
  [quantumReservoir({ cell: 'qgru', hidden: 1, circuit: gate, returnSequences: true }), [3, 1]],
  [spinReservoir({ qubits: 3, virtualNodes: 2, time: 1.5, returnSequences: true }), [2, 1]],
  [sequential(dense(2, 4), qcnn(4).layer(), dense(1)), [2]],
];

/** Inputs that the layer can take. */
function examplesOf(layer: Layer, shape: Shape, count: number): Float64Array {
  const random = new Random(3);
  const x = Float64Array.from({ length: count * sizeOf(shape) }, () => random.uniform(0, 1));
  // The last number in the row of a node says that it is there.
  if (layer.kind === 'quantumGraphConv')
    for (let i = shape[1]! - 1; i < x.length; i += shape[1]!) x[i] = 1;
  // Words are integers.
  if (layer.kind === 'quantumTensorNetwork') x.forEach((value, i) => (x[i] = Math.round(value)));
  return x;
}

describe('examples of a batch', () => {
  // Shots are drawn anew for each part of a batch.
  const exact = layers.filter(([layer]) => !JSON.stringify(layer).includes('"shots"'));

  test.each(exact.map(([layer, shape], i) => [`${i} (${layer.kind})`, layer, shape] as const))(
    'layer %s gives values and gradients of the same bits for any split',
    async (_, layer, shape) => {
      const built = layer.build(shape, key(7));
      built.bind?.(await cpu());
      expect(built.couplesExamples).toBe(false);
      const [width, size] = [sizeOf(shape), sizeOf(built.outputShape)];
      const x = examplesOf(layer, shape, 5);
      const dy = new Random(8).normals(5 * size);
      for (const training of [false, true]) {
        await expectSameBits(5, async (from, to) => {
          const tape = new Tape(to - from, from);
          const own = x.slice(from * width, to * width);
          // Words have no gradient.
          const words = layer.kind === 'quantumTensorNetwork';
          const input = words
            ? tape.constant(own, shape, 'batch')
            : tape.variable(own, shape, 'batch');
          const y = built.forward(input, { tape, training, key: key(4), firstExample: from });
          await tape.run();
          const gradients = await tape.backward(y, dy.slice(from * size, to * size), 'perExample');
          return {
            outputs: tape.value(y),
            ...(words ? {} : { 'gradients of the input': gradients.of(input) }),
            ...Object.fromEntries(
              built.parameters.map((p) => [p.name, gradients.of(tape.parameter(p))] as const),
            ),
          };
        });
      }
    },
  );
});

describe('quantumKinds', () => {
  test.each(layers.map(([layer, shape], i) => [`${i} (${layer.kind})`, layer, shape] as const))(
    'layer %s is made again from its JSON',
    async (_, layer, shape) => {
      const engine = await cpu();
      const x = examplesOf(layer, shape, 3);
      const built = layer.build(shape, key(7));
      built.bind?.(engine);
      for (const json of [JSON.stringify(layer), layer.toJSON(), structuredClone(layer.toJSON())]) {
        const copy = layerFromJSON(json, quantumKinds);
        expect(JSON.stringify(copy)).toBe(JSON.stringify(layer));
        expect(copy.inputShape).toEqual(layer.inputShape);
        const again = copy.build(shape, key(7));
        expect(again.parameters).toEqual(built.parameters);
        expect(again.buffers).toEqual(built.buffers);
        again.bind?.(engine);
        const pass = { key: key(2) };
        expect(await forward(again, x, pass)).toEqual(await forward(built, x, pass));
      }
    },
  );

  test('every kind of the package is among them', () => {
    const kinds = new Set(
      layers.map(([layer]) => layer.kind).filter((kind) => kind !== 'sequential'),
    );
    expect([...kinds].sort()).toEqual(Object.keys(quantumKinds).sort());
  });

  test('damaged settings are refused', () => {
    const whole = structuredClone(quantum(ansatz, expval(Z(0))).toJSON()) as Record<
      string,
      unknown
    >;
    const refused = (change: Record<string, unknown>): string => {
      try {
        layerFromJSON({ ...whole, ...change }, quantumKinds);
      } catch (error) {
        expect(error).toBeInstanceOf(KetworkError);
        return `${(error as Error).name}: ${(error as Error).message}`;
      }
      return 'nothing was thrown';
    };
    expect([
      refused({ circuit: undefined }),
      refused({ measurement: null }),
      refused({ measurement: { type: 'expval' } }),
      refused({ measurement: { type: 'expval', observables: [{ type: 'pauli', terms: 3 }] } }),
      refused({ init: undefined }),
      refused({ init: { w: { name: 'mine' } } }),
      refused({ inputs: ['y'] }),
      refused({ constants: { v: [1, 2] } }),
      refused({ depth: 3 }),
    ]).toMatchInlineSnapshot(`
      [
        "FormatError: a circuit is not a JSON object. Give what toJSON() returned",
        "CircuitError: null is not a measurement. Give expval(Z(0)), probabilities(), state(), counts(1000) or the like",
        "FormatError: a setting of quantum is missing or of the wrong type. Give what toJSON() of a layer returned",
        "FormatError: a setting of quantum is missing or of the wrong type. Give what toJSON() of a layer returned",
        "FormatError: a setting of quantum is missing or of the wrong type. Give what toJSON() of a layer returned",
        "UnsupportedError: there is no initialiser {"name":"mine"} that could be made again. Use one of initializers, or make the layers in code and load their parameters with loadState",
        "ValueError: quantum: inputs [y] do not name each data slot of the circuit once. Name 'x', 'z' in the order in which the layer's input holds them",
        "ValueError: quantum: the constant 'v' has 2 numbers, its shape [] needs 1",
        "FormatError: quantum has no setting 'depth'. Remove it, or read the layer with the version that wrote it",
      ]
    `);
  });
});
