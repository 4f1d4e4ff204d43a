import { ValueError } from '@ketwork/base';
import {
  crossEntropy,
  dense,
  forward,
  graphConv,
  graphMean,
  lossValues,
  ops,
  perExampleGrads,
  sequential,
  Tape,
  valueAndGrad,
} from '@ketwork/nn';
import type { GraphActivation } from '@ketwork/nn';
import { centralDifferences, expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { checkOperation } from '../check.ts';

/** Two graphs of two features with room for three nodes; the second has one empty place. */
const a = [0.5, 0.5, 0, 0.5, 0.3, 0.2, 0, 0.2, 0.8];
const b = [0.9, 0.1, 0, 0.1, 0.7, 0, 0, 0, 0];
const rows = (features: readonly number[], adjacency: readonly number[], mask: readonly number[]) =>
  mask.flatMap((m, v) => [
    ...features.slice(2 * v, 2 * v + 2),
    ...adjacency.slice(3 * v, 3 * v + 3),
    m,
  ]);
const h = [1, -2, 0.5, 3, -1, 0.25];
const k = [0.1, 0.2, -0.7, 1.5, 0, 0];
const graphs = Float64Array.from([...rows(h, a, [1, 1, 1]), ...rows(k, b, [1, 1, 0])]);

describe('ops of graphs', () => {
  test('a graph is split and joined again', async () => {
    const tape = new Tape(2);
    const parts = ops.splitGraph(tape.constant(graphs, [3, 6], 'batch'));
    const joined = ops.joinGraph(parts);
    await tape.run();
    expect([...tape.value(parts.features)]).toEqual([...h, ...k]);
    expect([...tape.value(parts.adjacency)]).toEqual([...a, ...b]);
    expect([...tape.value(parts.mask)]).toEqual([1, 1, 1, 1, 1, 0]);
    expect(tape.value(joined)).toEqual(graphs);
  });

  test('gradients reach features and adjacency, not the mask', () => {
    const shape = [3, 6];
    checkOperation(2, [{ shape, axis: 'batch', data: graphs }], (x) => {
      const { features, adjacency } = ops.splitGraph(x);
      return ops.matmul(adjacency, features);
    });
    const tape = new Tape(2);
    const x = tape.variable(graphs, shape, 'batch');
    const y = ops.sum(ops.splitGraph(x).mask);
    void tape.run();
    const gradients = tape.backward(y, Float64Array.of(1, 1));
    if (gradients instanceof Promise) throw new Error('backward returned a promise');
    expect(gradients.of(x).every((value) => value === 0)).toBe(true);
  });

  test('the masked mean leaves out empty places', async () => {
    const mask = Float64Array.of(1, 0, 1, 0, 0, 0);
    const tape = new Tape(2);
    const y = ops.maskedMean(
      tape.constant(Float64Array.from([...h, ...k]), [3, 2], 'batch'),
      tape.constant(mask, [3, 1], 'batch'),
    );
    await tape.run();
    // Nobody is there in the second graph.
    expect([...tape.value(y)]).toEqual([0, (-2 + 0.25) / 2, 0, 0]);
    checkOperation(2, [{ shape: [3, 2], axis: 'batch' }], (x) =>
      ops.maskedMean(x, x.tape.constant(mask.slice(0, 3), [3, 1], 'shared')),
    );
  });

  test('shapes that are no graphs are refused', () => {
    const tape = new Tape(1);
    const x = tape.constant(new Float64Array(12), [3, 4], 'batch');
    expect(() => ops.splitGraph(x)).toThrow(
      /splitGraph: shape \[3, 4\] is not that of a packed graph/,
    );
    expect(() => ops.maskedMean(x, tape.constant(new Float64Array(3), [3], 'shared'))).toThrow(
      /maskedMean: a mask of shape \[3\] does not fit \[3, 4\]/,
    );
  });
});

describe('graphConv', () => {
  test('computes m · f(Â H W + b)', async () => {
    const layer = graphConv(2, 1, { activation: 'none' }).build([3, 6], [1, 2]);
    layer.parameters[0]!.data.set([2, -1]);
    layer.parameters[1]!.data.set([0.5]);
    const value = (features: readonly number[], matrix: readonly number[], v: number): number => {
      let sum = 0.5;
      for (let u = 0; u < 3; u++)
        sum += matrix[3 * v + u]! * (2 * features[2 * u]! - features[2 * u + 1]!);
      return sum;
    };
    const y = await forward(layer, graphs);
    expect(layer.outputShape).toEqual([3, 5]);
    expectClose(
      [0, 1, 2].map((v) => y[5 * v]!),
      [0, 1, 2].map((v) => value(h, a, v)),
      1e-14,
    );
    // The empty place stays 0 in spite of the bias, the graph itself is handed on.
    expectClose(
      y.slice(15),
      [value(k, b, 0), 0.9, 0.1, 0, 1, value(k, b, 1), 0.1, 0.7, 0, 1, 0, 0, 0, 0, 0],
      1e-14,
    );
  });

  test.each<GraphActivation>(['relu', 'tanh', 'sigmoid', 'none'])(
    'has gradients with %s',
    async (activation) => {
      const options = { activation };
      const net = sequential(
        graphConv(2, 3, options),
        graphConv(3, 2, options),
        graphMean(),
        dense(2, 2),
      ).build([3, 6], 3);
      // Away from 0, where relu has no derivative.
      for (const { name, data } of net.parameters) if (name.endsWith('bias')) data.fill(0.1);
      const batch = { x: graphs, y: [0, 1] };
      const { grads } = await valueAndGrad(net, crossEntropy)(batch);
      const each = await perExampleGrads(net, crossEntropy)(batch);
      for (const [p, { data, name }] of net.parameters.entries()) {
        const start = data.slice();
        const expected = centralDifferences((values) => {
          data.set(values);
          const result = lossValues(net, crossEntropy)(batch);
          if (result instanceof Promise) throw new Error('the network is asynchronous');
          return [result.loss];
        }, start);
        data.set(start);
        expectClose(grads[p]!, expected, 1e-8, name);
        const mean = data.map(
          (_, i) => (each.grads[p]![i]! + each.grads[p]![data.length + i]!) / 2,
        );
        expectClose(mean, grads[p]!, 1e-12, name);
      }
    },
  );

  test('does not care about the order of nodes', async () => {
    const net = sequential(graphConv(2, 4, { activation: 'tanh' }), graphMean()).build([3, 6], 5);
    const order = [2, 0, 1];
    const turned = rows(
      order.flatMap((v) => h.slice(2 * v, 2 * v + 2)),
      order.flatMap((v) => order.map((u) => a[3 * v + u]!)),
      [1, 1, 1],
    );
    expectClose(await forward(net, turned), await forward(net, graphs.subarray(0, 18)), 1e-14);
  });

  test('says what it is as data', () => {
    expect(JSON.parse(JSON.stringify(graphConv(4, 8, { activation: 'tanh' })))).toEqual({
      kind: 'graphConv',
      inputs: 4,
      outputs: 8,
      activation: 'tanh',
      init: { name: 'glorotUniform' },
    });
    expect(graphMean().toJSON()).toEqual({ kind: 'graphMean' });
  });

  test('refuses what does not fit', () => {
    expect(() => graphConv(0, 2)).toThrow(ValueError);
    expect(() => graphConv(2, 2, { activation: 'gelu' as 'relu' })).toThrow(
      /graphConv: unknown activation "gelu"/,
    );
    expect(() => graphConv(4, 2).build([3, 6], [1, 2])).toThrow(
      /graphConv: inputs of shape \[3, 6\] do not fit, it takes \[nodes, 4 features \+ nodes \+ 1\]/,
    );
    expect(() => graphMean().build([6], [1, 2])).toThrow(/graphMean: shape \[6\]/);
  });
});
