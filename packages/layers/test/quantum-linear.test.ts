import { circuit, hermitianSlot, probabilities } from '@ketwork/circuit';
import { quantumLinear } from '@ketwork/layers';
import {
  crossEntropy,
  dense,
  forward,
  initializers,
  sequential,
  tanh,
  valueAndGrad,
} from '@ketwork/nn';
import { cpu, reference } from '@ketwork/simulator';
import { Random, expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { expectGradients, expectPerExample } from './check.ts';
import { complexRows, specialUnitary, symmetricPart } from './special-unitary.ts';

describe('quantumLinear', () => {
  test.each([
    ['reference', async () => reference()],
    ['cpu', () => cpu()],
  ] as const)('equals the circuit of its definition on %s', async (_name, engine) => {
    const [inputs, outputs, repetitions] = [13, 3, 3];
    const network = sequential(quantumLinear(inputs, outputs, { repetitions, scale: 2 })).build(4);
    const [theta, bias] = network.parameters.map((p) => p.data);
    const x = new Random(1).normals(5 * inputs);
    const a = hermitianSlot('a', 4);
    const definition = circuit(2, (q) => {
      q.h(0).h(1);
      for (let r = 0; r < repetitions; r++) {
        q.evolution(a, -1 / repetitions, [0, 1]);
        const own = theta!.subarray(15 * r, 15 * (r + 1));
        q.unitary(complexRows(specialUnitary(own, 2)), [0, 1]);
      }
    });
    const matrices = Array.from({ length: 5 }, (_, e) => {
      const full = new Float64Array(16);
      full.set(x.subarray(e * inputs, (e + 1) * inputs));
      return [...symmetricPart(full)];
    }).flat();
    const p = (await engine()).compile(definition, probabilities()).run({ a: matrices });
    const found = await forward(network, x);
    expect(network.outputShape).toEqual([outputs]);
    for (let e = 0; e < 5; e++) {
      const expected = [0, 1, 2].map((c) => 2 * p[4 * e + c]! + bias![c]!);
      expectClose(found.subarray(3 * e, 3 * e + 3), expected, 1e-12);
    }
  });

  test('probabilities add up to at most 1', async () => {
    const network = sequential(quantumLinear(16, 3, { bias: false })).build(2);
    const found = await forward(network, new Random(3).normals(4 * 16));
    for (let e = 0; e < 4; e++) {
      const sum = found.subarray(3 * e, 3 * e + 3).reduce((s, v) => s + v, 0);
      expect(sum).toBeLessThan(1);
      expect(sum).toBeGreaterThan(0);
    }
    const whole = sequential(quantumLinear(16, 4, { bias: false })).build(2);
    const all = await forward(whole, new Random(3).normals(16));
    expect(Math.abs(all.reduce((s, v) => s + v, 0) - 1)).toBeLessThan(1e-12);
  });

  test('has exact gradients, first in a network and behind other layers', async () => {
    const batch = { x: new Random(2).normals(5 * 4), y: [0, 1, 2, 0, 1] };
    const first = sequential(quantumLinear(3, { repetitions: 2 })).build([4], 1);
    await expectGradients(first, batch);
    await expectPerExample(first, batch);
    const behind = sequential(dense(9), tanh(), quantumLinear(3, { scale: 10 }), dense(3)).build(
      [4],
      1,
    );
    await expectGradients(behind, batch);
    await expectPerExample(behind, batch);
    const kept = sequential(dense(9), quantumLinear(3, { cache: 100 })).build([4], 1);
    await expectGradients(kept, batch);
  });

  test('takes the smallest number of qubits, more where asked', () => {
    const qubitsOf = (inputs: number, outputs: number, qubits?: number): number =>
      Math.log2(
        sequential(quantumLinear(inputs, outputs, qubits === undefined ? {} : { qubits })).build(1)
          .parameters[0]!.shape[1]! + 1,
      ) / 2;
    expect(qubitsOf(256, 10)).toBe(4);
    expect(qubitsOf(257, 10)).toBe(5);
    expect(qubitsOf(4, 10)).toBe(4);
    expect(qubitsOf(16, 2, 3)).toBe(3);
  });

  test('counts parameters as the card does: 4 (4^4 - 1) + 10 and, at full size, 10 (4^7 - 1) + 10', () => {
    const count = (inputs: number, repetitions: number): number =>
      sequential(quantumLinear(inputs, 10, { repetitions }))
        .build(1)
        .parameters.reduce((sum, p) => sum + p.data.length, 0);
    expect(count(256, 4)).toBe(1030);
    expect(count(12_544, 10)).toBe(163_840);
  });

  test('gives the same bits for the same seed, kept spectra or not', async () => {
    const x = new Random(5).normals(4 * 20);
    const batch = { x, y: [0, 1, 2, 1] };
    const make = (cache: number) => sequential(quantumLinear(20, 3, { cache })).build(8);
    const one = make(0);
    const expected = await valueAndGrad(one, crossEntropy)(batch);
    const other = make(3);
    expect(await valueAndGrad(other, crossEntropy)(batch)).toEqual(expected);
    expect(await valueAndGrad(other, crossEntropy)(batch)).toEqual(expected);
  });

  test('runs SU(32) on a batch of 1000', async () => {
    const network = sequential(quantumLinear(1024, 10, { repetitions: 2, cache: 1000 })).build(1);
    const x = new Random(6).normals(1000 * 1024);
    const y = Array.from({ length: 1000 }, (_, i) => i % 10);
    await valueAndGrad(network, crossEntropy)({ x, y });
    const start = performance.now();
    const { grads } = await valueAndGrad(network, crossEntropy)({ x, y });
    // Two layers of 1023 angles with kept spectra take some 30 ms; generous, for busy machines.
    expect(performance.now() - start).toBeLessThan(2000);
    expect(grads[0]!.length).toBe(2 * 1023);
    expect(grads[0]!.every((g) => Number.isFinite(g))).toBe(true);
  });

  test('describes itself, freezes weights, and refuses what does not fit', () => {
    const init = initializers.constant(0.1);
    const layer = quantumLinear(16, 2, { init, trainable: false });
    expect(layer.inputShape).toEqual([16]);
    expect(structuredClone(layer.toJSON())).toEqual({
      kind: 'quantumLinear',
      inputs: 16,
      outputs: 2,
      repetitions: 4,
      bias: true,
      scale: 1,
      init: { name: 'constant', value: 0.1 },
      biasInit: { name: 'normal', deviation: 1 },
      trainable: false,
      cache: 0,
    });
    const built = sequential(layer).build(1);
    expect(built.parameters).toEqual([]);
    expect(built.buffers.map((p) => p.data.length)).toEqual([60, 2]);
    expect(() => quantumLinear(4, 0)).toThrow('quantumLinear: the number of outputs is 0');
    expect(() => quantumLinear(4, 2, { repetitions: 0 })).toThrow('repetitions is 0');
    expect(() => quantumLinear(4, 2, { scale: Number.NaN })).toThrow('scale is NaN');
    expect(() => quantumLinear(17, 2, { qubits: 2 })).toThrow(
      '2 qubits do not fit 17 inputs and 2 outputs',
    );
    expect(() => sequential(quantumLinear(4, 2)).build([5], 1)).toThrow(
      'quantumLinear: inputs of shape [5] do not fit, it takes vectors of 4',
    );
    expect(() => sequential(quantumLinear(2)).build([5, 2], 1)).toThrow('Put flatten() before it');
    expect(() => forward(built, [1, 2, 3, Number.NaN, ...new Array<number>(12).fill(0)])).toThrow(
      'quantumLinear: element 3 of example 0 is NaN',
    );
    expect(() => forward(built, new Float64Array(16).fill(1e308))).toThrow(
      'quantumLinear: element 0 of example 0 is 1e+308',
    );
    expect(() => quantumLinear(2).build([0], [0, 1])).toThrow('inputs of shape [0] do not fit');
    for (const value of [Number.NaN, 1e308]) {
      built.buffers[0]!.data[7] = value;
      expect(() => forward(built, new Float64Array(16))).toThrow(
        `quantumLinear: an angle is ${value}. Training has diverged`,
      );
    }
  });
});
