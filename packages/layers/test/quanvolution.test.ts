import { Y, circuit, expval, input, weight } from '@ketwork/circuit';
import { precompute, quantumConv2d, quanvolution, quanvolutionCircuit } from '@ketwork/layers';
import {
  crossEntropy,
  dense,
  flatten,
  forward,
  initializers,
  sequential,
  valueAndGrad,
} from '@ketwork/nn';
import { cpu, reference } from '@ketwork/simulator';
import { Random, expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { expectGradients, expectPerExample } from './check.ts';

const engine = await cpu();
const pixels = (seed: number, count: number): Float64Array => {
  const random = new Random(seed);
  return Float64Array.from({ length: count }, () => random.uniform());
};

describe('quanvolutionCircuit', () => {
  test('turns pixels by π and then has layers of RX and a ring of CNOTs: 16 angles for 2 × 2', () => {
    const { slots, ops } = quanvolutionCircuit(4);
    expect(slots.map(({ name, shape }) => [name, shape])).toEqual([
      ['x', [4]],
      ['w', [4, 4]],
    ]);
    const gates = ops.map((op) => (op.type === 'gate' ? op.gate : op.type));
    const layer = ['RX', 'RX', 'RX', 'RX', 'CNOT', 'CNOT', 'CNOT', 'CNOT'];
    expect(gates).toEqual(['RX', 'RX', 'RX', 'RX', ...layer, ...layer, ...layer, ...layer]);
  });

  test('with all angles zero gives products of cosines', async () => {
    // The ring turns Z0 into Z1 Z2 Z3 and Z_i into Z_0 ... Z_i.
    const program = engine.compile(quanvolutionCircuit(4, { layers: 1 }), quanvolutionZ(4));
    const x = pixels(1, 4);
    const z = x.map((value) => Math.cos(Math.PI * value));
    const expected = [z[1]! * z[2]! * z[3]!, z[0]! * z[1]!, z[0]! * z[1]! * z[2]!, 1];
    expected[3] = z[0]! * expected[0]!;
    expectClose(program.run({ x, w: new Float64Array(4) }), expected, 1e-14);
  });

  test('draws a random structure from its seed', () => {
    const random = (seed: number): string =>
      JSON.stringify(quanvolutionCircuit(4, { structure: 'random', seed }));
    expect(random(3)).toBe(random(3));
    expect(random(3)).not.toBe(random(4));
  });

  test.each([
    [{ layers: 0 }, 'the number of layers 0'],
    [{ scale: NaN }, 'the scale NaN'],
    [{ structure: 'random' as const }, 'a random structure is drawn from a seed'],
    [{ structure: 'other' as 'random' }, "the structure is 'layers' or 'random'"],
  ])('refuses %o', (options, message) => {
    expect(() => quanvolutionCircuit(4, options)).toThrow(message);
  });
});

function quanvolutionZ(qubits: number): ReturnType<typeof expval> {
  return expval(
    ...Array.from({ length: qubits }, (_, qubit) => ({
      type: 'pauli' as const,
      terms: [{ coefficient: 1, paulis: [{ qubit, pauli: 'Z' as const }] }],
    })),
  );
}

describe('quanvolution', () => {
  test('has one channel per qubit, windows side by side, and angles that stay', async () => {
    const network = quanvolution({ kernel: 2, structure: 'random', seed: 5 }).build(
      [1, 4, 6],
      [1, 2],
    );
    network.bind!(engine);
    expect(network.outputShape).toEqual([4, 2, 3]);
    expect(network.parameters).toEqual([]);
    expect(network.buffers.map(({ name, shape }) => [name, shape])).toEqual([['w', [1, 2, 4]]]);
    const images = pixels(2, 2 * 24);
    const single = reference().compile(
      quanvolutionCircuit(4, { structure: 'random', seed: 5 }),
      quanvolutionZ(4),
    );
    const expected = new Float64Array(2 * 24);
    for (let image = 0; image < 2; image++) {
      for (let at = 0; at < 6; at++) {
        const corner = 24 * image + 12 * Math.floor(at / 3) + 2 * (at % 3);
        const x = [0, 1, 6, 7].map((offset) => images[corner + offset]!);
        const values = single.run({ x, w: network.buffers[0]!.data });
        values.forEach((value, k) => (expected[24 * image + 6 * k + at] = value));
      }
    }
    expectClose(await forward(network, images), expected, 1e-12);
  });

  test('trained, with stride, padding and channels, has the right gradients', async () => {
    const network = sequential(
      quanvolution({
        kernel: 2,
        stride: 1,
        padding: [1, 0],
        inChannels: 2,
        layers: 1,
        outChannels: 16,
        circuit: quanvolutionCircuit(8, { layers: 1 }),
        trainable: true,
      }),
      flatten(),
      dense(2),
    ).build([2, 1, 2], 3);
    network.bind!(engine);
    expect(network.parameters[0]!.shape).toEqual([2, 1, 8]);
    const batch = { x: pixels(3, 3 * 4), y: [0, 1, 1] };
    await expectGradients(network, batch);
    await expectPerExample(network, batch);
  });

  test('passes gradients on to layers before it, trained or not', async () => {
    for (const trainable of [true, false]) {
      const network = sequential(
        quanvolution({ kernel: 2, layers: 2, trainable: true }),
        quanvolution({ kernel: [1, 2], inChannels: 4, layers: 1, trainable }),
        flatten(),
        dense(2),
      ).build([1, 2, 4], 1);
      network.bind!(engine);
      expect(network.parameters.length).toBe(trainable ? 4 : 3);
      await expectGradients(network, { x: pixels(4, 16), y: [1, 0] });
    }
  });

  test('of another circuit is the quantum convolution of that circuit', async () => {
    const own = circuit(2, { p: input([2]), w: weight([2]) }, (q, { p, w }) => {
      q.ry(p.at(0), 0).ry(p.at(1), 1).cz(0, 1).rx(w.at(0), 0).rx(w.at(1), 1);
    });
    const options = { kernel: [1, 2], circuit: own, measurement: expval(Y(0)) } as const;
    const a = quanvolution({ ...options, stride: [1, 2], trainable: true }).build(
      [1, 2, 4],
      [5, 6],
    );
    const b = quantumConv2d({ ...options, stride: [1, 2] }).build([1, 2, 4], [5, 6]);
    a.bind!(engine);
    b.bind!(engine);
    const x = pixels(6, 24);
    expect(await forward(a, x)).toEqual(await forward(b, x));
  });

  test('of the same seed has the same bits', async () => {
    const made = (seed: number) => {
      const network = quanvolution({ kernel: 2 }).build([1, 4, 4], [seed, 0]);
      network.bind!(engine);
      return forward(network, pixels(7, 16));
    };
    expect(await made(1)).toEqual(await made(1));
    expect(await made(1)).not.toEqual(await made(2));
  });

  test('names itself in errors', () => {
    expect(() => quanvolution({ kernel: 0 })).toThrow('quanvolution: kernel, stride');
    expect(() => quanvolution({ kernel: 2, outChannels: 6 })).toThrow(
      'quanvolution: 6 output channels are not made of filters that measure 4 numbers each',
    );
    const layer = quanvolution({ kernel: 2, init: initializers.zeros() });
    expect(() => layer.build([4, 4], [0, 1])).toThrow('quanvolution: inputs of shape [4, 4]');
    const network = layer.build([1, 2, 2], [0, 1]);
    expect(() => forward(network, pixels(1, 4))).toThrow('quanvolution: no engine is bound');
    network.bind!(engine);
    expect(() => forward(network, [0, NaN, 0, 0])).toThrow("quanvolution: slot 'x' holds NaN");
  });
});

describe('precompute', () => {
  const layer = quanvolution({ kernel: 2, structure: 'random', seed: 2 });

  test('gives what the layer gives, in any batch size, so that training on it is the same', async () => {
    const fixed = layer.build([1, 4, 4], [1, 0]);
    const data = { inputs: pixels(8, 7 * 16), labels: [0, 1, 1, 0, 1, 0, 0] };
    const made = await precompute(fixed, data, { batchSize: 3 });
    expect(made.inputShape).toEqual([4, 2, 2]);
    expect(made.labels).toBe(data.labels);
    expect(made.inputs).toEqual(await forward(fixed, data.inputs));
    expect((await precompute(fixed, data, { engine: reference() })).inputs.length).toBe(7 * 16);

    const whole = sequential(layer, flatten(), dense(2)).build([1, 4, 4], 9);
    whole.bind!(engine);
    const first = sequential(layer).build([1, 4, 4], 9);
    const behind = sequential(flatten(), dense(2)).build([4, 2, 2], 9);
    behind.parameters.forEach(({ data: values }, i) => values.set(whole.parameters[i]!.data));
    const { inputs } = await precompute(first, data);
    const batch = await valueAndGrad(whole, crossEntropy)({ x: data.inputs, y: data.labels });
    const cached = await valueAndGrad(behind, crossEntropy)({ x: inputs, y: data.labels });
    expect(cached.grads).toEqual(batch.grads);
  });

  test('refuses layers that are trained, and inputs that do not fit', async () => {
    const trained = quanvolution({ kernel: 2, trainable: true }).build([1, 2, 2], [0, 1]);
    const data = { inputs: [0, 0, 0, 0], labels: [0] };
    await expect(precompute(trained, data)).rejects.toThrow(
      'precompute: quanvolution has trained parameters (w)',
    );
    const fixed = layer.build([1, 4, 4], [0, 1]);
    await expect(precompute(fixed, data)).rejects.toThrow('precompute: 4 numbers are not');
    await expect(precompute(fixed, data, { batchSize: 0 })).rejects.toThrow('the batch size 0');
  });
});
