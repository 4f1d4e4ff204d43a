import { circuit, expval, input, projector, weight, X, Y, Z } from '@ketwork/circuit';
import { dataReuploading, fidelityLoss, labelStates } from '@ketwork/layers';
import { adam, dense, forward, initializers, sequential, tanh, valueAndGrad } from '@ketwork/nn';
import { cpu, reference } from '@ketwork/simulator';
import { Random, expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { expectGradients, expectPerExample } from './check.ts';

describe('dataReuploading', () => {
  test('gives weighted fidelities of its circuit with the label states, on the reference engine', async () => {
    const [features, classes, qubits, layers] = [4, 3, 2, 3];
    const network = sequential(dataReuploading({ features, classes, qubits, layers })).build(2);
    network.bind!(reference());
    const [theta, w, alpha] = network.parameters.map((p) => p.data);
    new Random(3).normals(6).forEach((v, i) => {
      alpha![i] = v;
    });
    const x = new Random(1).normals(5 * features);
    // The circuit written out, once per label state: U† of the state in front of ⟨0| gives its fidelity.
    const found = await forward(network, x);
    const expected = Array.from({ length: 5 }, (_, e) => {
      const own = x.subarray(e * features, (e + 1) * features);
      const written = circuit(qubits, (q) => {
        for (let l = 0; l < layers; l++) {
          for (let qubit = 0; qubit < qubits; qubit++) {
            for (let block = 0; block < 2; block++) {
              const angles = [0, 1, 2].map((i) => {
                const f = 3 * block + i;
                const at = ((l * qubits + qubit) * 2 + block) * 3 + i;
                const scaled =
                  f < features ? w![(l * qubits + qubit) * features + f]! * own[f]! : 0;
                return theta![at]! + scaled;
              });
              q.rot(angles[0]!, angles[1]!, angles[2]!, qubit);
            }
          }
          if (l === 0) q.cz(0, 1);
        }
      });
      const bloch = reference()
        .compile(written, expval(X(0), Y(0), Z(0), X(1), Y(1), Z(1)))
        .run({});
      return labelStates(3).map((n, c) =>
        [0, 1].reduce((sum, q) => {
          const overlap = n.reduce((s, v, i) => s + v * bloch[3 * q + i]!, 0);
          return sum + (alpha![q * 3 + c]! * (1 + overlap)) / 4;
        }, 0),
      );
    });
    expectClose(found, expected.flat(), 1e-12);
  });

  test('two classes on one qubit are the two basis states', async () => {
    const network = sequential(dataReuploading({ features: 2, classes: 2, layers: 2 })).build(5);
    network.bind!(await cpu());
    const x = Float64Array.of(0.3, -0.8);
    const [p, q] = await forward(network, x);
    const [theta, w] = network.parameters.map((one) => one.data);
    const written = circuit(1, { x: input([2]), t: weight([6]), w: weight([4]) }, (c, s) => {
      for (let l = 0; l < 2; l++) {
        const [a, b] = [0, 1].map((i) =>
          s.x
            .at(i)
            .times(s.w.at(2 * l + i))
            .plus(s.t.at(3 * l + i)),
        );
        c.rot(a!, b!, s.t.at(3 * l + 2), 0);
      }
    });
    const direct = reference()
      .compile(written, expval(projector([0], [0]), projector([1], [0])))
      .run({ x, t: theta!, w: w! });
    expectClose([p!, q!], direct, 1e-12);
  });

  test('has exact gradients, also by the input', async () => {
    const network = sequential(
      dense(2, 4),
      tanh(),
      dataReuploading({ features: 4, classes: 4, qubits: 2, layers: 2 }),
    ).build(7);
    network.bind!(await cpu());
    const batch = { x: new Random(2).normals(5 * 2), y: [0, 1, 3, 2, 1] };
    await expectGradients(network, batch, fidelityLoss());
    await expectPerExample(network, batch);
    const plain = sequential(
      dataReuploading({ features: 2, classes: 3, layers: 3, weighted: false, entangle: false }),
    ).build(1);
    plain.bind!(await cpu());
    expect(plain.parameters.length).toBe(2);
    await expectGradients(plain, { x: batch.x, y: [0, 1, 2, 2, 1] }, fidelityLoss());
  });

  test('loading x L times as one angle gives no frequency above L', async () => {
    for (const layers of [1, 3, 5]) {
      const network = sequential(dataReuploading({ features: 1, classes: 2, layers })).build(3);
      network.bind!(await cpu());
      network.parameters.find((p) => p.name === '0.w')!.data.fill(1);
      const points = 32;
      const x = Float64Array.from({ length: points }, (_, i) => (2 * Math.PI * i) / points);
      const out = await forward(network, x);
      const strength = (frequency: number): number => {
        let [re, im] = [0, 0];
        for (let i = 0; i < points; i++) {
          re += (out[2 * i]! * Math.cos(frequency * x[i]!)) / points;
          im += (out[2 * i]! * Math.sin(frequency * x[i]!)) / points;
        }
        return Math.hypot(re, im);
      };
      for (let f = layers + 1; f <= points / 2; f++) expect(strength(f)).toBeLessThan(1e-10);
      // Rotations about z: the first angle acts on |0> alone, so one load fewer is seen.
      if (layers > 1) expect(strength(layers - 1)).toBeGreaterThan(1e-6);
    }
  });

  test('learns which points lie in a circle: at least 0.90 with one qubit and six layers', async () => {
    const radius = Math.sqrt(2 / Math.PI);
    const make = (count: number, seed: number) => {
      const random = new Random(seed);
      const x = Float64Array.from({ length: 2 * count }, () => 2 * random.uniform() - 1);
      const y = Array.from({ length: count }, (_, i) =>
        Math.hypot(x[2 * i]!, x[2 * i + 1]!) < radius ? 1 : 0,
      );
      return { x, y };
    };
    const train = make(200, 1);
    const held = make(1000, 2);
    const network = sequential(dataReuploading({ features: 2, classes: 2, layers: 6 })).build(1);
    network.bind!(await cpu());
    const optimizer = adam(0.05);
    const state = optimizer.init(network.parameters);
    const step = valueAndGrad(network, fidelityLoss());
    for (let i = 0; i < 300; i++) {
      const { grads } = await step(train);
      optimizer.step(network.parameters, grads, state);
    }
    const out = await forward(network, held.x);
    const right = held.y.filter((label, i) => (out[2 * i + 1]! > out[2 * i]! ? 1 : 0) === label);
    expect(right.length / 1000).toBeGreaterThanOrEqual(0.9);
  });

  test('has label states that are as far apart as they can be', () => {
    const overlap = (a: readonly number[], b: readonly number[]): number =>
      a.reduce((s, v, i) => s + v * b[i]!, 0);
    for (const [classes, cosine] of [
      [2, -1],
      [3, -1 / 2],
      [4, -1 / 3],
      [6, 0],
    ] as const) {
      const states = labelStates(classes);
      states.forEach((a, i) => {
        expect(Math.abs(overlap(a, a) - 1)).toBeLessThan(1e-12);
        const others = states.filter((_, j) => j !== i).map((b) => overlap(a, b));
        expect(Math.abs(Math.max(...others) - cosine)).toBeLessThan(1e-12);
      });
    }
    const seven = labelStates(7);
    expect(new Set(seven.map(String)).size).toBe(7);
    seven.forEach((a) => expect(Math.abs(overlap(a, a) - 1)).toBeLessThan(1e-12));
  });

  test('describes itself, gives the same bits for a seed, and refuses what does not fit', async () => {
    const init = initializers.normal(0.1);
    const layer = dataReuploading({ features: 2, classes: 3, init });
    expect(structuredClone(layer.toJSON())).toMatchObject({
      kind: 'dataReuploading',
      features: 2,
      classes: 3,
      qubits: 1,
      layers: 6,
      init: { theta: { name: 'normal', deviation: 0.1 } },
      labels: labelStates(3),
    });
    const run = async () => {
      const network = sequential(layer).build(4);
      network.bind!(await cpu());
      return forward(network, [0.1, 0.2]);
    };
    expect(await run()).toEqual(await run());
    expect(() => dataReuploading({ features: 0, classes: 2 })).toThrow(
      'the number of features is 0',
    );
    expect(() => dataReuploading({ features: 1, classes: 1 })).toThrow(
      'the number of classes is 1',
    );
    expect(() => dataReuploading({ features: 1, classes: 2, labels: [[0, 0, 1]] })).toThrow(
      '1 label states for 2 classes',
    );
    expect(() =>
      dataReuploading({
        features: 1,
        classes: 2,
        labels: [
          [0, 0, 1],
          [0, 1, 1],
        ],
      }),
    ).toThrow('label state 1, [0, 1, 1], is not a point of the Bloch sphere');
    expect(() => sequential(layer).build([3], 1)).toThrow(
      'dataReuploading: inputs of shape [3] do not fit, it takes vectors of 2',
    );
    const network = sequential(layer).build(4);
    expect(() => forward(network, [0, 0])).toThrow('no engine is bound');
    network.bind!(await cpu());
    expect(() => forward(network, [0, Number.NaN])).toThrow("dataReuploading: slot 'x' holds NaN");
    const step = valueAndGrad(network, fidelityLoss());
    expect(() => step({ x: [0, 0], y: [3] })).toThrow(
      'label 3 of example 0 is not one of 3 classes',
    );
    expect(() => step({ x: [0, 0], y: [0, 1] })).toThrow('2 labels for 1 examples');
    expect(() =>
      valueAndGrad(network, fidelityLoss(labelStates(2)))({ x: [0, 0], y: [0] }),
    ).toThrow('2 label states for 3 classes');
  });
});
