import { Z, circuit, expval, quantumPooling, weight } from '@ketwork/circuit';
import { qcnn } from '@ketwork/layers';
import { adam, crossEntropy, dense, forward, sequential, valueAndGrad } from '@ketwork/nn';
import { cpu, reference } from '@ketwork/simulator';
import { Random, expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { expectGradients, expectPerExample } from './check.ts';

describe('qcnn', () => {
  test('halves the qubits until the outputs are left', () => {
    const slots = (qubits: number, outputs: number) => {
      const { circuit, readout } = qcnn(qubits, { outputs });
      return [circuit.slots.map(({ name }) => name).join(' '), readout];
    };
    expect(slots(8, 1)).toEqual(['x conv0 pool0 conv1 pool1 conv2 pool2', [7]]);
    expect(slots(5, 1)).toEqual(['x conv0 pool0 conv1 pool1 conv2 pool2', [4]]);
    expect(slots(6, 2)).toEqual(['x conv0 pool0 conv1 pool1 full', [4, 5]]);
    expect(slots(6, 3)).toEqual(['x conv0 pool0 full', [3, 4, 5]]);
    expect(slots(8, 7)).toEqual(['x conv0 pool0 full', [1, 2, 3, 4, 5, 6, 7]]);
  });

  test('has rows of weights for each pair where they are not shared', () => {
    const { circuit } = qcnn(5, { shared: false });
    expect(circuit.slots.slice(1).map(({ shape }) => shape)).toEqual([
      [4, 15],
      [2, 6],
      [2, 15],
      [1, 6],
      [2, 15],
      [1, 6],
    ]);
  });

  test('pools by measurements with the same results and gradients', async () => {
    const random = new Random(8);
    const x = random.normals(10);
    const engine = await cpu();
    for (const shared of [true, false]) {
      const gradients = await Promise.all(
        (['controlled', 'measured'] as const).map(async (pooling) => {
          const network = sequential(qcnn(5, { pooling, shared }).layer(), dense(1, 2)).build(6);
          network.bind!(engine);
          return valueAndGrad(network, crossEntropy)({ x, y: [0, 1] });
        }),
      );
      expectClose(gradients[1]!.outputs, gradients[0]!.outputs, 1e-12);
      gradients[0]!.grads.forEach((grad, p) => expectClose(gradients[1]!.grads[p]!, grad, 1e-12));
    }
    const measured = qcnn(5, { pooling: 'measured' }).circuit;
    expect(measured.ops.filter(({ type }) => type === 'measure').length).toBe(4);
    expect(() => qcnn(4, { pooling: 'max' as never })).toThrow("'max'");
    expect(() => qcnn(4, { embedding: 'angles' as never })).toThrow('qcnn: embedding is "angles"');
  });

  test('pools as measuring the source and rotating the sink by the outcome does', () => {
    const random = new Random(4);
    const w = [...random.normals(6)];
    const prepare = [...random.normals(15)];
    const engine = reference();
    const state = circuit(2, (q) => q.quantumConvolution(prepare, 0, 1));
    const controlled = circuit(2, (q) => {
      q.append(state);
      quantumPooling(q, w, 0, 1);
    });
    const [expected] = engine.compile(controlled, expval(Z(1))).run();
    let measured = 0;
    for (const outcome of [0, 1]) {
      const branch = circuit(2, (q) => {
        q.append(state);
        q.rx(w[0]!, 1).ry(w[1]!, 1).rz(w[2]!, 1).rx(w[3]!, 0).ry(w[4]!, 0).rz(w[5]!, 0);
        q.linear(
          [
            [1 - outcome, 0],
            [0, outcome],
          ],
          [0],
        );
        if (outcome === 1) q.x(1);
        q.rz(-w[2]!, 1).ry(-w[1]!, 1).rx(-w[0]!, 1);
      });
      measured += engine.compile(branch, expval(Z(1))).run()[0]!;
    }
    expect(measured).toBeCloseTo(expected!, 12);
    expect(weight('w', [6]).size).toBe(6);
  });

  test('has correct gradients for every embedding', async () => {
    for (const [embedding, size] of [
      ['angle', 3],
      ['amplitude', 8],
    ] as const) {
      const network = sequential(qcnn(3, { embedding }).layer(), dense(2)).build([size], 3);
      network.bind!(await cpu());
      const batch = { x: new Random(1).normals(3 * size), y: [0, 1, 1] };
      await expectGradients(network, batch);
      await expectPerExample(network, batch);
    }
    const states = sequential(qcnn(2, { embedding: 'state' }).layer()).build([8], 3);
    states.bind!(await cpu());
    expect((await forward(states, [0.5, 0, 0, 0.5, -0.5, 0, 0, 0.5])).length).toBe(1);
  });

  test('learns where a rise lies in a signal', async () => {
    // Four angles; the class is the half in which they are large. Ground truth from the generator.
    const random = new Random(11);
    const make = (count: number) => {
      const y = Array.from({ length: count }, (_, i) => i % 2);
      const x = Float64Array.from(
        { length: count * 4 },
        (_, i) =>
          (Math.floor((i % 4) / 2) === y[Math.floor(i / 4)]! ? 2 : 0.6) + 0.4 * random.normal(),
      );
      return { x, y };
    };
    const train = make(60);
    const test = make(200);
    const network = sequential(qcnn(4).layer(), dense(2)).build([4], 1);
    network.bind!(await cpu());
    const optimizer = adam(0.05);
    const state = optimizer.init(network.parameters);
    for (let step = 0; step < 60; step++) {
      optimizer.step(
        network.parameters,
        (await valueAndGrad(network, crossEntropy)(train)).grads,
        state,
      );
    }
    const outputs = await forward(network, test.x);
    const correct = test.y.filter(
      (label, i) => (outputs[2 * i + 1]! > outputs[2 * i]! ? 1 : 0) === label,
    ).length;
    expect(correct / 200).toBeGreaterThan(0.9);
    expectClose([outputs.length], [400], 0);
  });

  test('refuses impossible sizes', () => {
    expect(() => qcnn(1)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: qcnn: 1 is not a number of qubits of at least 2]`,
    );
    expect(() => qcnn(4, { outputs: 4 })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: qcnn: 4 outputs of 4 qubits are not possible. Use 1 to 3]`,
    );
  });
});
