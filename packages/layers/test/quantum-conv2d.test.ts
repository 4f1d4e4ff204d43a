import { Z, X, circuit, expval, input, weight } from '@ketwork/circuit';
import { quantumConv2d, quantumFilter } from '@ketwork/layers';
import {
  crossEntropy,
  dense,
  flatten,
  forward,
  initializers,
  perExampleGrads,
  reshape,
  sequential,
  valueAndGrad,
} from '@ketwork/nn';
import { cpu, reference } from '@ketwork/simulator';
import { Random, expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { expectGradients, expectPerExample } from './check.ts';

describe('quantumFilter', () => {
  // After H, RY(f), RZ(g) a qubit has <Z> = cos(f + pi/2) = -sin f; the ring of CNOTs turns Z0 into Z1 Z2 Z3, two rings
  // turn it into Z0 Z1 Z3.
  const pixels = [0.15, 0.4, 0.75, 0.95];
  const z = pixels.map((p) => -Math.sin(Math.atan(2 * p)));

  test.each([
    [1, z[1]! * z[2]! * z[3]!],
    [2, z[0]! * z[1]! * z[3]!],
  ])('with %i layers and all angles zero gives the analytic value', async (layers, expected) => {
    const program = (await cpu()).compile(
      quantumFilter(4, { layers, reupload: false }),
      expval(Z(0)),
    );
    expectClose(program.run({ x: pixels, w: new Float64Array(12 * layers) }), [expected], 1e-14);
  });

  test('repeats the encoding where told to', () => {
    const count = (reupload: boolean) =>
      quantumFilter(4, { layers: 3, reupload }).ops.filter(
        (op) => op.type === 'gate' && op.gate === 'RY',
      ).length;
    expect([count(true), count(false)]).toEqual([12, 4]);
  });

  test('refuses sizes that make no circuit', () => {
    expect(() => quantumFilter(0)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumFilter: the number of pixels 0 is not a positive integer]`,
    );
    expect(() => quantumFilter(4, { layers: 1.5 })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumFilter: the number of layers 1.5 is not a positive integer]`,
    );
    expect(() => quantumFilter(4, { scale: Number.NaN })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumFilter: the scale NaN is not a finite number]`,
    );
  });
});

describe('quantumConv2d', () => {
  test('runs the circuit on every window, row by row', async () => {
    const two = circuit(6, (q) => {
      q.angleEmbedding(input('pixels', [6]));
      q.stronglyEntanglingLayers(weight('w', [1, 6, 3]));
    });
    const measurement = expval(Z(0), X(1));
    const layer = quantumConv2d({
      kernel: [1, 3],
      stride: [2, 1],
      padding: [1, 0],
      inChannels: 2,
      outChannels: 4,
      circuit: two,
      measurement,
    });
    const network = layer.build([2, 3, 4], [1, 2]);
    expect(network.outputShape).toEqual([4, 3, 2]);
    expect(network.parameters.map(({ name, shape }) => [name, shape])).toEqual([
      ['w', [2, 1, 6, 3]],
    ]);
    const engine = reference();
    network.bind!(engine);
    const images = new Random(3).normals(2 * 24);
    const w = network.parameters[0]!.data;
    const single = engine.compile(two, measurement);
    const expected = new Float64Array(2 * 4 * 6);
    for (let image = 0; image < 2; image++) {
      for (let row = 0; row < 3; row++) {
        for (let column = 0; column < 2; column++) {
          const pixels = [0, 1].flatMap((channel) =>
            [0, 1, 2].map((dx) => {
              const y = 2 * row - 1;
              return y < 0 || y > 2
                ? 0
                : images[((image * 2 + channel) * 3 + y) * 4 + column + dx]!;
            }),
          );
          for (let filter = 0; filter < 2; filter++) {
            const values = single.run({ pixels, w: w.slice(18 * filter, 18 * filter + 18) });
            for (let k = 0; k < 2; k++)
              expected[((image * 4 + 2 * filter + k) * 3 + row) * 2 + column] = values[k]!;
          }
        }
      }
    }
    expectClose(await forward(network, images), expected, 1e-13);
    network.bind!(await cpu());
    expectClose(await forward(network, images), expected, 1e-12);
  });

  const filter = { kernel: 2, stride: 2 };
  const sparse = (seed: number, count: number): Float64Array => {
    const random = new Random(seed);
    // Most windows are zero everywhere, one image is so altogether.
    return Float64Array.from({ length: count * 64 }, (_, i) =>
      i < 64 || i % 16 < 9 ? 0 : random.uniform(),
    );
  };

  test('has gradients equal to central differences and to the batch-of-one loop, also behind another one', async () => {
    const network = sequential(
      quantumConv2d({ ...filter, outChannels: 2 }),
      quantumConv2d({ ...filter, inChannels: 2, layers: 1 }),
      flatten(),
      dense(2),
    ).build([1, 8, 8], 7);
    network.bind!(await cpu());
    for (const x of [sparse(1, 3), new Random(2).normals(3 * 64)]) {
      await expectGradients(network, { x, y: [0, 1, 1] });
      await expectPerExample(network, { x, y: [0, 1, 1] });
    }
  });

  test('shares zero windows without changing results', async () => {
    const network = sequential(quantumConv2d(filter), flatten(), dense(2)).build([1, 8, 8], 7);
    // A layer in front, of the same numbers, makes gradients of the images wanted, so nothing is shared backwards.
    const whole = sequential(
      dense(64, 64, { init: identity(64) }),
      reshape([1, 8, 8]),
      quantumConv2d(filter),
      flatten(),
      dense(2),
    ).build([64], 7);
    whole.parameters.slice(-3).forEach((p, i) => p.data.set(network.parameters[i]!.data));
    const engine = await cpu();
    network.bind!(engine);
    whole.bind!(engine);
    const batch = { x: sparse(1, 4), y: [0, 1, 1, 0] };
    for (const grads of [valueAndGrad, perExampleGrads]) {
      const shared = await grads(network, crossEntropy)(batch);
      const all = await grads(whole, crossEntropy)(batch);
      expectClose(shared.outputs, all.outputs, 1e-13);
      shared.grads.forEach((grad, i) => expectClose(grad, all.grads[i + 2]!, 1e-13));
    }
  });

  test('gives the same numbers in a worker', async () => {
    const network = sequential(
      quantumConv2d(filter),
      quantumConv2d(filter),
      flatten(),
      dense(2),
    ).build([1, 8, 8], 7);
    const batch = { x: sparse(1, 3), y: [0, 1, 1] };
    network.bind!(await cpu());
    const here = await valueAndGrad(network, crossEntropy)(batch);
    using engine = await cpu({ threads: 1 });
    network.bind!(engine);
    expect(await valueAndGrad(network, crossEntropy)(batch)).toEqual(here);
  });

  test('has the parameter count of the model of the paper card', () => {
    const network = sequential(
      quantumConv2d(filter),
      quantumConv2d(filter),
      flatten(),
      dense(2),
    ).build([1, 16, 16], 1);
    expect(network.parameters.map((p) => p.data.length)).toEqual([24, 24, 32, 2]);
    const normal = sequential(quantumConv2d({ ...filter, init: initializers.constant(3) })).build(
      [1, 4, 4],
      1,
    );
    expect(new Set(normal.parameters[0]!.data)).toEqual(new Set([3]));
  });

  test('every filter draws shots of its own', async () => {
    const init = initializers.constant(0.4);
    const network = quantumConv2d({ ...filter, outChannels: 3, shots: 400, init }).build(
      [1, 2, 2],
      [1, 2],
    );
    network.bind!(await cpu());
    const pass = { key: [3, 4] as const };
    const channels = await forward(network, [0.3, 0.7, 0.1, 0.2], pass);
    expect(new Set(channels).size).toBe(3);
    expect(await forward(network, [0.3, 0.7, 0.1, 0.2], pass)).toEqual(channels);
  });

  test('refuses what does not fit', () => {
    expect(() => quantumConv2d({ kernel: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumConv2d: kernel, stride and inChannels are positive integers, one of them is 0]`,
    );
    expect(() =>
      quantumConv2d({ kernel: 2, circuit: quantumFilter(3) }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumConv2d: the circuit must have one data slot of 4 elements, one per pixel of the window. Its data slots are x [3]]`,
    );
    expect(() =>
      quantumConv2d({ kernel: 2, measurement: expval(Z(0), Z(1)), outChannels: 3 }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumConv2d: 3 output channels are not made of filters that measure 2 numbers each]`,
    );
    expect(() => quantumConv2d(filter).build([16, 16], [1, 2])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumConv2d: inputs of shape [16, 16] do not fit, it takes [1, height, width]. Put reshape([channels, height, width]) before it; shapes do not include the batch]`,
    );
    expect(() =>
      quantumConv2d(filter).build([1, 1, 16], [1, 2]),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumConv2d: a window of 2 x 2 does not fit an image of 1 x 16 with padding 0 x 0. Use a smaller kernel or more padding]`,
    );
    const network = quantumConv2d(filter).build([1, 2, 2], [1, 2]);
    expect(() => forward(network, [1, 2, 3, 4])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumConv2d: no engine is bound, so the circuit cannot run. Use fit, evaluate or predict, which bind one, or call network.bind(await cpu()) on the built model]`,
    );
  });
});

function identity(size: number) {
  return {
    settings: 'identity',
    create: () =>
      Float64Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0)),
  };
}
