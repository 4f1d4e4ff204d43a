import { Y, Z, circuit, expval, input, probabilities, weight } from '@ketwork/circuit';
import { quantumConv2d, quanvolution } from '@ketwork/layers';
import type { QuanvolutionOptions, SlidingOptions } from '@ketwork/layers';
import {
  flatten,
  forward,
  inputGradients,
  mse,
  perExampleGrads,
  sequential,
  valueAndGrad,
} from '@ketwork/nn';
import type { BuiltLayer } from '@ketwork/nn';
import { cpu } from '@ketwork/simulator';
import type { Program } from '@ketwork/simulator';
import { Random, expectClose } from '@ketwork/testing';
import { describe, expect, test, vi } from 'vitest';

const engine = await cpu();

/** All products appear. */
const dense = circuit(
  4,
  { x: input([4]), w: weight([2, 4, 3]), v: weight([4]) },
  (q, { x, w, v }) => {
    for (let i = 0; i < 4; i++) q.ry(v.at(i), i).rx(x.at(i).times(1.5), i);
    q.stronglyEntanglingLayers(w);
  },
);
const z = expval(Z(0), Z(1), Z(2), Z(3));

const cases: readonly (readonly [string, QuanvolutionOptions, readonly number[]])[] = [
  ['layers of RX', { kernel: 2 }, [1, 6, 6]],
  [
    'two filters of a random structure',
    { kernel: 2, structure: 'random', seed: 4, outChannels: 8 },
    [1, 4, 6],
  ],
  [
    'all products, padding and overlap',
    { kernel: 2, stride: 1, padding: 1, circuit: dense, measurement: z },
    [1, 3, 4],
  ],
  [
    'more outputs than registers',
    { kernel: 2, circuit: dense, measurement: [probabilities([2, 0, 1]), expval(Y(3))] },
    [1, 4, 4],
  ],
  ['channels', { kernel: [1, 2], inChannels: 2, stride: [1, 1], layers: 2 }, [2, 2, 4]],
  ['one pixel', { kernel: 1, layers: 3 }, [1, 1, 3]],
];

/** By polynomials, and by a circuit for each window, as other methods have it. */
function both(options: QuanvolutionOptions, shape: readonly number[]): BuiltLayer[] {
  return (['best', 'parameter-shift'] as const).map((method) => {
    const layer = quanvolution({ trainable: true, ...options, method });
    const network = sequential(layer, flatten()).build(shape, 5);
    network.bind!(engine);
    return network;
  });
}

function data(network: BuiltLayer, batch: number): { x: Float64Array; y: Float64Array } {
  const random = new Random(7);
  const size = network.inputShape.reduce((a, b) => a * b, 1);
  const draw = (length: number): Float64Array =>
    Float64Array.from({ length }, () => 2 * random.uniform() - 1);
  return { x: draw(batch * size), y: draw(batch * network.outputShape[0]!) };
}

describe('windows as points of a polynomial', () => {
  test.each(cases)('give what circuits give: %s', async (_, options, shape) => {
    const [quick, slow] = both(options, shape) as [BuiltLayer, BuiltLayer];
    const batch = data(quick, 3);
    const [a, b] = [await valueAndGrad(quick, mse)(batch), await valueAndGrad(slow, mse)(batch)];
    expectClose(a.outputs, b.outputs, 1e-13, 'outputs');
    a.grads.forEach((grad, p) => expectClose(grad, b.grads[p]!, 1e-12, `gradient ${p}`));
    const inputs = [
      await inputGradients(quick, mse)(batch),
      await inputGradients(slow, mse)(batch),
    ];
    expectClose(inputs[0]!.grads, inputs[1]!.grads, 1e-12, 'gradient of images');
    const rows = [
      await perExampleGrads(quick, mse)(batch),
      await perExampleGrads(slow, mse)(batch),
    ];
    rows[0]!.grads.forEach((grad, p) => expectClose(grad, rows[1]!.grads[p]!, 1e-12, `rows ${p}`));
  });

  test('run the circuit a fixed number of times', async () => {
    const counted = await cpu();
    const compile = vi.spyOn(counted, 'compile');
    const network = quanvolution({ kernel: 2 }).build([1, 28, 28], [1, 1]);
    network.bind!(counted);
    const run = vi.spyOn(compile.mock.results[0]!.value as Program<'x' | 'w'>, 'run');
    await forward(network, new Float64Array(2 * 28 * 28).fill(0.3));
    expect(run.mock.calls.map(([values]) => values!.x.length / 4)).toEqual([81]);
  });

  test('give the same bits in any batch', async () => {
    const [network] = both({ kernel: 2, circuit: dense, measurement: z }, [1, 4, 6]) as [
      BuiltLayer,
    ];
    const batch = data(network, 5);
    const whole = await perExampleGrads(network, mse)(batch);
    const size = 24;
    const outputs = network.outputShape[0]!;
    for (let e = 0; e < 5; e++) {
      const one = await perExampleGrads(
        network,
        mse,
      )({
        x: batch.x.slice(e * size, (e + 1) * size),
        y: batch.y.slice(e * outputs, (e + 1) * outputs),
      });
      expect(one.outputs).toEqual(whole.outputs.slice(e * outputs, (e + 1) * outputs));
      one.grads.forEach((grad, p) =>
        expect(grad).toEqual(whole.grads[p]!.slice(e * grad.length, (e + 1) * grad.length)),
      );
    }
  });

  test('take angles of many turns', async () => {
    const [quick, slow] = both({ kernel: 2, scale: 1e5 }, [1, 2, 4]) as [BuiltLayer, BuiltLayer];
    const { x, y } = data(quick, 2);
    const batch = { x: x.map((value) => 10 * value), y };
    const [a, b] = [await valueAndGrad(quick, mse)(batch), await valueAndGrad(slow, mse)(batch)];
    // Angles of 10^6 have an error of 10^-10 themselves, once something is added to them.
    expectClose(a.outputs, b.outputs, 1e-9);
  });

  test('are not used for estimates from shots', async () => {
    const options: SlidingOptions = { kernel: 2, circuit: dense, shots: 10 };
    const network = quantumConv2d(options).build([1, 4, 4], [2, 2]);
    network.bind!(engine);
    const out = await forward(network, new Float64Array(16).fill(0.2), { key: [1, 2] });
    // Windows that are alike have shots of their own, in tenths.
    expect(new Set(out).size).toBeGreaterThan(1);
    out.forEach((value) => expect(Math.abs(5 * value - Math.round(5 * value))).toBeLessThan(1e-12));
  });
});
