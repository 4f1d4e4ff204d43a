import { angle, circuit, expval, input, weight, X, Z } from '@ketwork/circuit';
import { quantumFilter, quantumGraphConv } from '@ketwork/layers';
import {
  crossEntropy,
  dense,
  forward,
  graphMean,
  initializers,
  sequential,
  valueAndGrad,
} from '@ketwork/nn';
import type { BuiltLayer } from '@ketwork/nn';
import { cpu, reference } from '@ketwork/simulator';
import { Random, centralDifferences, expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { expectGradients, expectPerExample } from './check.ts';

const FEATURES = 2;

/** A graph of three nodes and one of two, with room for `nodes`. */
function graphs(nodes: number): Float64Array {
  const random = new Random(7);
  const width = FEATURES + nodes + 1;
  const out = new Float64Array(2 * nodes * width);
  [3, 2].forEach((count, g) => {
    for (let v = 0; v < count; v++) {
      const row = out.subarray((g * nodes + v) * width, (g * nodes + v + 1) * width);
      row.set(random.normals(FEATURES));
      for (let u = 0; u < count; u++) row[FEATURES + u] = 1 / (1 + Math.abs(u - v) + count);
      row[width - 1] = 1;
    }
  });
  return out;
}

async function network(nodes: number, layers = 1): Promise<BuiltLayer> {
  const conv = quantumGraphConv({ features: FEATURES, layers });
  const net = sequential(conv, conv, graphMean(), dense(FEATURES, 2)).build(
    [nodes, FEATURES + nodes + 1],
    5,
  );
  net.bind!(await cpu());
  return net;
}

describe('quantumGraphConv', () => {
  test('runs the circuit on the sums over the neighbours of every node', async () => {
    const circuitOfNode = circuit(3, (q) => {
      const f = input('f', [FEATURES]);
      q.rx(f.at(0), 0).ry(f.at(1), 2);
      q.stronglyEntanglingLayers(weight('w', [1, 3, 3]));
    });
    const measurement = expval(Z(0), X(1), Z(2));
    const layer = quantumGraphConv({ features: FEATURES, circuit: circuitOfNode, measurement });
    const built = layer.build([3, 6], [1, 2]);
    expect(built.outputShape).toEqual([3, 7]);
    expect(built.parameters.map(({ name, shape }) => [name, shape])).toEqual([['w', [1, 3, 3]]]);
    const engine = reference();
    built.bind!(engine);
    const x = graphs(3);
    const y = await forward(built, x);
    const program = engine.compile(circuitOfNode, measurement);
    for (let g = 0; g < 2; g++) {
      for (let v = 0; v < 3; v++) {
        const own = x.subarray((3 * g + v) * 6, (3 * g + v + 1) * 6);
        const f = [0, 1].map((i) =>
          [0, 1, 2].reduce((sum, u) => sum + own[2 + u]! * x[(3 * g + u) * 6 + i]!, 0),
        );
        const there = own[5] === 1;
        const values = there
          ? program.run({ f, w: built.parameters[0]!.data })
          : new Float64Array(3);
        expectClose(
          y.subarray((3 * g + v) * 7, (3 * g + v + 1) * 7),
          [...values, ...own.slice(2)],
          1e-12,
          `node ${v} of graph ${g}`,
        );
      }
    }
  });

  test('with one node and all angles zero gives the closed form', async () => {
    // After H, RY(f) and RZ a qubit has <Z> = -sin f. CNOT 0→1 turns Z1 into Z0 Z1 and leaves Z0; then CNOT 1→0 turns Z0
    // into Z0 Z1, which the first one has made Z0 Z0 Z1 = Z1.
    const layer = quantumGraphConv({ features: 2, init: initializers.zeros() }).build(
      [1, 4],
      [1, 2],
    );
    layer.bind!(await cpu());
    const [p, q] = [0.4, -0.9].map((f) => -Math.sin(Math.atan(2 * f))) as [number, number];
    const y = await forward(layer, [0.4, -0.9, 1, 1]);
    expectClose(y, [q, p * q, 1, 1], 1e-14);
  });

  test('does not depend on the order of nodes', async () => {
    const net = await network(4);
    const x = graphs(4);
    const width = FEATURES + 5;
    const order = [3, 1, 0, 2];
    const turned = new Float64Array(x.length);
    for (let g = 0; g < 2; g++) {
      order.forEach((from, v) => {
        const row = x.subarray((4 * g + from) * width, (4 * g + from + 1) * width);
        const to = turned.subarray((4 * g + v) * width, (4 * g + v + 1) * width);
        to.set(row);
        order.forEach((u, i) => (to[FEATURES + i] = row[FEATURES + u]!));
      });
    }
    expect(turned).not.toEqual(x);
    expectClose(await forward(net, turned), await forward(net, x), 1e-10);
  });

  test('does not depend on empty places', async () => {
    const few = await network(3);
    const many = await network(8);
    expect(many.parameters[0]!.data).toEqual(few.parameters[0]!.data);
    expectClose(await forward(many, graphs(8)), await forward(few, graphs(3)), 1e-10);
    const empty = await forward(many, new Float64Array(8 * 11));
    expectClose(empty, many.parameters.at(-1)!.data, 1e-15, 'a graph without nodes');
  });

  test.each([1, 2])('has gradients with %i layers', async (layers) => {
    const net = await network(4, layers);
    const batch = { x: graphs(4), y: [0, 1] };
    await expectGradients(net, batch, crossEntropy, 1e-8);
    await expectPerExample(net, batch);
  });

  test('has gradients of features and adjacency', async () => {
    const conv = quantumGraphConv({ features: FEATURES });
    // A first layer whose parameters are the graph itself.
    const x = graphs(4).slice(28);
    const leaf = { name: 'x', shape: [4, 7], data: x };
    const net = sequential(conv, graphMean(), dense(FEATURES, 2)).build([4, 7], 2);
    net.bind!(await cpu());
    const asParameter: BuiltLayer = {
      ...net,
      parameters: [leaf],
      inputShape: [1],
      forward: (_x, context) => net.forward(context.tape.parameter(leaf), context),
    };
    const { grads } = await valueAndGrad(asParameter, crossEntropy)({ x: [0], y: [1] });
    const one = x.slice();
    const expected = centralDifferences((values) => {
      const rows = Float64Array.from(values);
      // The mask is a constant for gradients.
      for (let v = 0; v < 4; v++) rows[7 * v + 6] = one[7 * v + 6]!;
      const outputs = forward(net, rows);
      if (outputs instanceof Promise) throw new Error('the network is asynchronous');
      return [Math.log(Math.exp(outputs[0]!) + Math.exp(outputs[1]!)) - outputs[1]!];
    }, one);
    expectClose(grads[0]!, expected, 1e-8);
    expect(grads[0]!.some((value) => value !== 0)).toBe(true);
  });

  test('a batch gives the same bits as its parts', async () => {
    const net = await network(4);
    const x = graphs(4);
    const whole = await forward(net, x);
    const parts = [await forward(net, x.slice(0, 28)), await forward(net, x.slice(28))];
    expect([...whole]).toEqual([...parts[0]!, ...parts[1]!]);
    const again = await network(4);
    expect(await forward(again, x)).toEqual(whole);
  });

  test('keeps weights that are not trained as buffers', async () => {
    const conv = quantumGraphConv({ features: FEATURES, trainable: false });
    const frozen = sequential(conv, graphMean(), dense(FEATURES, 2)).build([4, 7], 5);
    frozen.bind!(await cpu());
    expect(frozen.buffers.map(({ name }) => name)).toEqual(['0.w']);
    expect(frozen.parameters.map(({ name }) => name)).toEqual(['2.weight', '2.bias']);
    const batch = { x: graphs(4), y: [0, 1] };
    await expectGradients(frozen, batch, crossEntropy, 1e-8);
  });

  test('says what it is as data', () => {
    const json = quantumGraphConv({ features: 3, layers: 2, shots: 100 }).toJSON();
    expect(structuredClone(json)).toMatchObject({
      kind: 'quantumGraphConv',
      features: 3,
      trainable: true,
      method: 'best',
      shots: 100,
      circuit: { qubits: 3 },
    });
    const defaults = quantumFilter(3, { layers: 2, reupload: false, scale: 2 });
    expect(JSON.stringify((json as { circuit: unknown }).circuit)).toBe(JSON.stringify(defaults));
  });

  test('refuses what does not fit, by name', async () => {
    expect(() => quantumGraphConv({ features: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumGraphConv: features 0 is not a positive integer]`,
    );
    expect(() => quantumGraphConv({ features: 2, layers: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumGraphConv: layers 0 is not a positive integer]`,
    );
    expect(() =>
      quantumGraphConv({ features: 2, scale: Number.NaN }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumGraphConv: scale NaN is not a finite number]`,
    );
    const two = circuit(2, { a: input([1]), b: input([1]) }, (q, { a, b }) => {
      q.rx(a.at(0), 0).rx(angle.atan(b.at(0)), 1);
    });
    expect(() =>
      quantumGraphConv({ features: 2, circuit: two }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumGraphConv: the circuit must have one data slot of 2 elements, one per feature of a node. Its data slots are a [1], b [1]]`,
    );
    expect(() =>
      quantumGraphConv({ features: 3, circuit: quantumFilter(2) }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumGraphConv: the circuit must have one data slot of 3 elements, one per feature of a node. Its data slots are x [2]]`,
    );
    const layer = quantumGraphConv({ features: 2 });
    expect(() => layer.build([4, 6], [1, 2])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumGraphConv: inputs of shape [4, 6] do not fit, it takes packed graphs [nodes, 2 + nodes + 1]. Pack graphs with packGraphs or imageGraphs of @ketwork/datasets; shapes do not include the batch]`,
    );
    expect(() => layer.build([28], [1, 2])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumGraphConv: inputs of shape [28] do not fit, it takes packed graphs [nodes, 2 + nodes + 1]. Pack graphs with packGraphs or imageGraphs of @ketwork/datasets; shapes do not include the batch]`,
    );
    const built = layer.build([2, 5], [1, 2]);
    const x = [1, 2, 1, 0, 1, 3, 4, 0, 1, 1];
    expect(() => forward(built, x)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumGraphConv: no engine is bound, so the circuit cannot run. Use fit, evaluate or predict, which bind one, or call network.bind(await cpu()) on the built model]`,
    );
    built.bind!(await cpu());
    expect(() => forward(built, x.with(4, 0.5))).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumGraphConv: a mask of 0.5 is neither 0 nor 1. The last number of a row of a packed graph is 1 for a node and 0 for an empty place]`,
    );
    expect(() => forward(built, x.with(6, Number.NaN))).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumGraphConv: feature 1 of node 0 of graph 0 is NaN after the sum over its neighbours. Give finite features and adjacency]`,
    );
    expect(() => forward(built, [])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: 0 numbers are not one or more examples of shape [2, 5] (10 numbers each). Give inputs as a row-major array [batch, ...inputShape]]`,
    );
  });
});
