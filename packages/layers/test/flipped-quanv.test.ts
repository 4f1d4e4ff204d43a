import { circuit, expval, hermitian, hermitianSlot } from '@ketwork/circuit';
import { flippedQuanv } from '@ketwork/layers';
import {
  conv2d,
  dense,
  flatten,
  forward,
  mse,
  reshape as flat,
  sequential,
  tanh,
  valueAndGrad,
} from '@ketwork/nn';
import type { BuiltLayer } from '@ketwork/nn';
import { cpu, reference } from '@ketwork/simulator';
import { Random, expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { expectGradients, expectPerExample } from './check.ts';
import { complexRows, specialUnitary, symmetricPart } from './special-unitary.ts';

/** ⟨ψ|M|ψ⟩ of a window on an engine, with the state of the angles. */
function observed(
  engine: ReturnType<typeof reference>,
  theta: ArrayLike<number>,
  window: readonly number[],
  side: number,
  qubits: number,
): number {
  const d = 2 ** qubits;
  const full = new Float64Array(d * d);
  for (let i = 0; i < side; i++)
    for (let j = 0; j < side; j++) full[i * d + j] = window[i * side + j]!;
  const all = Array.from({ length: qubits }, (_, q) => q);
  const m = hermitianSlot('m', d);
  const prepared = circuit(qubits, (q) =>
    q.unitary(complexRows(specialUnitary(theta, qubits)), all).declare(m),
  );
  return engine.compile(prepared, expval(hermitian(m, all))).run({ m: symmetricPart(full) })[0]!;
}

describe('flippedQuanv', () => {
  test.each([
    [3, 2],
    [2, 1],
    [5, 3],
  ])(
    'equals its definition on the reference engine: windows of %i, %i qubits',
    async (side, qubits) => {
      const [channels, filters, stride, padding] = [2, 3, 2, 1];
      const [height, width] = [6, 7];
      const network = sequential(
        flippedQuanv(channels, filters, { kernel: side, stride, padding }),
      ).build([channels, height, width], 2);
      const [theta, bias] = network.parameters.map((p) => p.data);
      const x = new Random(1).normals(2 * channels * height * width);
      const found = await forward(network, x);
      const [, rows, columns] = network.outputShape as [number, number, number];
      const strings = 4 ** qubits - 1;
      const engine = reference();
      // A few places, corners with padding among them.
      for (const [e, o, r, c] of [
        [0, 0, 0, 0],
        [1, 2, rows - 1, columns - 1],
        [0, 1, 1, 1],
      ] as const) {
        let sum = 0;
        for (let channel = 0; channel < channels; channel++) {
          const window: number[] = [];
          for (let i = 0; i < side; i++) {
            for (let j = 0; j < side; j++) {
              const [y, z] = [r * stride - padding + i, c * stride - padding + j];
              const inside = y >= 0 && y < height && z >= 0 && z < width;
              const at = ((e * channels + channel) * height + y) * width + z;
              window.push(inside ? x[at]! : 0);
            }
          }
          const at = (o * channels + channel) * strings;
          sum += observed(engine, theta!.subarray(at, at + strings), window, side, qubits);
        }
        const value = found[((e * filters + o) * rows + r) * columns + c]!;
        expect(Math.abs(value - (sum / channels + bias![o]!))).toBeLessThan(1e-12);
      }
    },
  );

  test('has the gradient of the quantum definition', async () => {
    const network = sequential(flippedQuanv(1, 1, 3)).build([1, 3, 3], 6);
    const [theta] = network.parameters.map((p) => p.data);
    const x = new Random(2).normals(9);
    const engine = await cpu();
    const value = (): number => observed(engine, theta!, [...x], 3, 2);
    // mse against 0 without bias: gradient 2 y dy.
    network.parameters[1]!.data[0] = 0;
    const { grads } = await valueAndGrad(network, mse)({ x, y: [0] });
    const y = value();
    for (let k = 0; k < 15; k++) {
      const old = theta![k]!;
      theta![k] = old + 1e-5;
      const above = value();
      theta![k] = old - 1e-5;
      const below = value();
      theta![k] = old;
      expect(Math.abs(grads[0]![k]! - (2 * y * (above - below)) / 2e-5)).toBeLessThan(1e-8);
    }
  });

  test('equals the convolution with the symmetric kernel of its states, forward and by the image', async () => {
    const shape = [2, 6, 5];

    const quantum = sequential(dense(60), tanh(), flat(shape), flippedQuanv(2, 3, 3)).build([4], 1);
    const classical = sequential(dense(60), tanh(), flat(shape), conv2d(2, 3, 3)).build([4], 1);
    const theta = quantum.parameters[2]!.data;
    classical.parameters[3]!.data.set(quantum.parameters[3]!.data);
    for (let m = 0; m < 6; m++) {
      const u = specialUnitary(theta.subarray(15 * m, 15 * (m + 1)), 2);
      for (let i = 0; i < 3; i++) {
        for (let j = 0; j < 3; j++) {
          const [a, b] = [8 * i, 8 * j];
          classical.parameters[2]!.data[9 * m + 3 * i + j] =
            (u[a]! * u[b]! + u[a + 1]! * u[b + 1]!) / 2;
        }
      }
    }
    const batch = { x: new Random(7).normals(12), y: new Random(8).normals(3 * 36) };
    const [q, c] = await Promise.all([quantum, classical].map((n) => valueAndGrad(n, mse)(batch)));
    expectClose(q!.outputs, c!.outputs, 1e-12);
    expectClose(q!.grads[0]!, c!.grads[0]!, 1e-12);
    expectClose(q!.grads[3]!, c!.grads[3]!, 1e-12);
  });

  test('has exact gradients', async () => {
    const network = sequential(
      flippedQuanv(2, { kernel: 3, padding: 1 }),
      flippedQuanv(2, { kernel: 2, stride: 2 }),
      flatten(),
      dense(2),
    ).build([1, 4, 4], 3);
    const batch = { x: new Random(4).normals(3 * 16), y: [0, 1, 1] };
    await expectGradients(network, batch);
    await expectPerExample(network, batch);
  });

  test('counts parameters as the card does, and gives the same bits for a seed', async () => {
    const count = (channels: number): number =>
      sequential(flippedQuanv(channels, 32, 3), flippedQuanv(32, 16, 3), flatten(), dense(10))
        .build([channels, 32, 32], 1)
        .parameters.reduce((sum, p) => sum + p.data.length, 0);
    expect(count(1)).toBe(133_658);
    expect(count(3)).toBe(134_618);
    const make = (): BuiltLayer => sequential(flippedQuanv(4, { kernel: 3 })).build([1, 5, 5], 9);
    const x = new Random(5).normals(50);
    expect(await forward(make(), x)).toEqual(await forward(make(), x));
    const parts = [x.slice(0, 25), x.slice(25)].map((part) => forward(make(), part));
    const joined = (await Promise.all(parts)).flatMap((part) => [...part]);
    expect(joined).toEqual([...(await forward(make(), x))]);
  });

  test('describes itself, freezes weights, and refuses what does not fit', () => {
    const layer = flippedQuanv(1, 2, { kernel: 3, trainable: false });
    expect(structuredClone(layer.toJSON())).toMatchObject({
      kind: 'flippedQuanv',
      channels: 1,
      filters: 2,
      kernel: 3,
      stride: [1, 1],
      padding: [0, 0],
      trainable: false,
    });
    const built = sequential(layer).build([1, 4, 4], 1);
    expect(built.parameters).toEqual([]);
    expect(built.buffers.map((p) => p.name)).toEqual(['0.theta', '0.bias']);
    expect(() => flippedQuanv(1, 0, 3)).toThrow('flippedQuanv: the number of filters is 0');
    expect(() => flippedQuanv(1, 2, undefined as never)).toThrow('the side of the window');
    expect(() => flippedQuanv(1, 2, { kernel: 3, stride: 0 })).toThrow('stride is 0');
    expect(() => flippedQuanv(1, 2, 65)).toThrow('windows of 65 pixels');
    expect(() => sequential(layer).build([2, 4, 4], 1)).toThrow(
      'flippedQuanv: inputs of shape [2, 4, 4] do not fit, it takes [1, height, width]',
    );
    expect(() => sequential(layer).build([1, 2, 4], 1)).toThrow(
      'flippedQuanv: a window of 3 x 3 does not fit an image of 2 x 4',
    );
    const x = new Float64Array(16);
    x[3] = Infinity;
    expect(() => forward(built, x)).toThrow('flippedQuanv: element 3 of example 0 is Infinity');
  });
});
