import { key } from '@ketwork/base';
import {
  X,
  Z,
  amplitudes,
  basisEmbedding,
  circuit,
  counts,
  expval,
  hermitian,
  hermitianSlot,
  input,
  probabilities,
  variance,
  weight,
} from '@ketwork/circuit';
import { quantum } from '@ketwork/layers';
import {
  dense,
  forward,
  initializers,
  sequential,
  tanh,
  valueAndGrad,
  crossEntropy,
} from '@ketwork/nn';
import type { BuiltLayer } from '@ketwork/nn';
import { cpu, reference } from '@ketwork/simulator';
import { Random, expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { expectGradients, expectPerExample } from './check.ts';

const ansatz = circuit(3, (q) => {
  q.angleEmbedding(input('x', [3]));
  q.stronglyEntanglingLayers(weight('w', [2, 3, 3]));
  q.rx(weight('v', []).at(), 1);
});
const measured = [expval(Z(0), X(2)), probabilities([1]), variance(Z(1))];

function bound(network: BuiltLayer): BuiltLayer {
  network.bind!(reference());
  return network;
}

describe('quantum', () => {
  test('runs the circuit and puts measurements side by side', async () => {
    const network = sequential(quantum(ansatz, measured)).build(3);
    expect(network.outputShape).toEqual([5]);
    expect(network.parameters.map(({ name, shape }) => [name, shape])).toEqual([
      ['0.w', [2, 3, 3]],
      ['0.v', []],
    ]);
    const engine = await cpu();
    network.bind!(engine);
    const x = new Random(1).normals(4 * 3);
    const [w, v] = network.parameters.map((p) => p.data);
    const parts = engine.compile(ansatz, measured).run({ x, w: w!, v: v! });
    const expected = [0, 1, 2, 3].flatMap((e) => [
      ...parts[0]!.slice(2 * e, 2 * e + 2),
      ...parts[1]!.slice(2 * e, 2 * e + 2),
      parts[2]![e]!,
    ]);
    expectClose(await forward(network, x), expected, 1e-15);
  });

  test('trains what is around it: gradients agree with central differences and with the batch-of-one loop', async () => {
    const network = bound(
      sequential(dense(2, 3), tanh(), quantum(ansatz, measured), dense(2)).build([2], 5),
    );
    const batch = { x: new Random(2).normals(5 * 2), y: [0, 1, 1, 0, 1] };
    await expectGradients(network, batch);
    await expectPerExample(network, batch);
    network.bind!(await cpu());
    await expectGradients(network, batch);
    await expectPerExample(network, batch);
  });

  test('gives the same numbers in a worker, by promise', async () => {
    const layers = sequential(dense(2, 3), quantum(ansatz, measured), dense(2));
    const batch = { x: new Random(2).normals(5 * 2), y: [0, 1, 1, 0, 1] };
    const network = layers.build([2], 5);
    network.bind!(await cpu());
    const here = await valueAndGrad(network, crossEntropy)(batch);
    using engine = await cpu({ threads: 1 });
    network.bind!(engine);
    const there = await valueAndGrad(network, crossEntropy)(batch);
    await expectPerExample(network, batch);
    expect(there).toEqual(here);
  });

  test('differentiates by the method asked for', async () => {
    const batch = { x: new Random(2).normals(5 * 3), y: [0, 1, 1, 0, 1] };
    const grads = await Promise.all(
      (['adjoint', 'parameter-shift'] as const).map(async (method) => {
        const network = sequential(quantum(ansatz, expval(Z(0), Z(1)), { method })).build(1);
        network.bind!(await cpu());
        return (await valueAndGrad(network, crossEntropy)(batch)).grads;
      }),
    );
    grads[0]!.forEach((grad, i) => expectClose(grads[1]![i]!, grad, 1e-12));
  });

  test('takes several data slots in the order named, amplitudes and matrices per example among them', async () => {
    const several = circuit(2, (q) => {
      q.prepare(amplitudes('a', [4]), [0, 1], { normalize: true });
      q.ry(input('x', []).at(), 0).rx(weight('w', []).at(), 1).cnot(0, 1);
    });
    const layer = quantum(several, expval(Z(0), Z(1)), { inputs: ['x', 'a'] });
    expect(layer.inputShape).toEqual([5]);
    const x = Float64Array.of(0.3, 1, 2, 3, 4, -0.2, 1, 0, 0, 1);
    const network = sequential(layer).build(1);
    const engine = await cpu();
    network.bind!(engine);
    const direct = engine
      .compile(several, expval(Z(0), Z(1)))
      .run({ x: [0.3, -0.2], a: [1, 2, 3, 4, 1, 0, 0, 1], w: network.parameters[0]!.data });
    expectClose(await forward(network, x), direct, 1e-15);
    const behind = sequential(
      dense(3, 5),
      quantum(several, expval(Z(0), Z(1)), { inputs: ['x', 'a'] }),
    ).build(2);
    behind.bind!(engine);
    const batch = { x: new Random(4).normals(9), y: [0, 1, 1] };
    await expectGradients(behind, batch);
    await expectPerExample(behind, batch);

    const withMatrix = circuit(1, (q) =>
      q.ry(weight('w', []).at(), 0).declare(hermitianSlot('h', 2)),
    );
    const observed = sequential(
      quantum(withMatrix, expval(hermitian(hermitianSlot('h', 2), [0]))),
    ).build(1);
    observed.bind!(engine);
    const [w] = observed.parameters[0]!.data;
    expect(observed.inputShape).toEqual([2, 2, 2]);
    expectClose(await forward(observed, [1, 0, 0, 0, 0, 0, -1, 0]), [Math.cos(w!)], 1e-12);
  });

  test('initialises weights by rule and leaves constants alone', () => {
    const usual = sequential(quantum(ansatz, expval(Z(0)))).build(9).parameters[0]!.data;
    expect(Math.max(...usual.map(Math.abs))).toBeLessThanOrEqual(Math.PI);
    expect(Math.max(...usual.map(Math.abs))).toBeGreaterThan(1.5);
    const own = sequential(
      quantum(ansatz, expval(Z(0)), { init: { v: initializers.constant(2) } }),
    ).build(9);
    expect([...own.parameters[0]!.data]).toEqual([...usual]);
    expect([...own.parameters[1]!.data]).toEqual([2]);
    const fixed = sequential(quantum(ansatz, expval(Z(0)), { constants: { v: [0.5] } })).build(9);
    expect(fixed.parameters.map((p) => p.name)).toEqual(['0.w']);
  });

  test('estimates from shots with the key of the pass', async () => {
    const network = sequential(quantum(ansatz, expval(Z(0)), { shots: 20_000 })).build(1);
    network.bind!(await cpu());
    const exact = sequential(quantum(ansatz, expval(Z(0)))).build(1);
    exact.bind!(await cpu());
    const x = [0.1, 0.2, 0.3];
    const first = await forward(network, x, { key: key(1) });
    expect(await forward(network, x, { key: key(1) })).toEqual(first);
    expect(await forward(network, x, { key: key(2) })).not.toEqual(first);
    expectClose(first, await forward(exact, x), 0.04);
  });

  test('tells whether it is bound and refuses to run before', async () => {
    const network = sequential(dense(3), quantum(ansatz, expval(Z(0)))).build([2], 1);
    expect(network.bound!()).toBe(false);
    expect(() => forward(network, [1, 2])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantum: no engine is bound, so the circuit cannot run. Use fit, evaluate or predict, which bind one, or call network.bind(await cpu()) on the built model]`,
    );
    expect(() => network.bind!({})).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantum: what was bound is not an engine. Bind an engine such as await cpu() of @ketwork/simulator]`,
    );
    network.bind!(await cpu());
    expect(network.bound!()).toBe(true);
  });

  test('refuses what does not fit', async () => {
    const noData = circuit(1, (q) => q.rx(weight('w', []).at(), 0));
    expect(() => quantum(noData, expval(Z(0)))).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantum: no slot of the circuit takes data, so the layer would have no input. Use a slot such as input('x', [4]) in the circuit]`,
    );
    expect(() => quantum(ansatz, counts(10))).toThrowErrorMatchingInlineSnapshot(
      `[UnsupportedError: quantum: 'counts' returns single outcomes, which have no gradient. Measure expval, variance or probabilities, with the option shots where they shall be estimated]`,
    );
    expect(() =>
      quantum(ansatz, expval(Z(0)), { inputs: ['y'] }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantum: the circuit has no data slot 'y'. Name 'x']`,
    );
    expect(() =>
      quantum(ansatz, expval(Z(0)), { inputs: ['x', 'x'] }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantum: inputs [x, x] do not name each data slot of the circuit once. Name 'x' in the order in which the layer's input holds them]`,
    );
    expect(() =>
      quantum(ansatz, expval(Z(0)), { constants: { x: [1] } }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantum: there is no shared slot 'x' that could have a constant value]`,
    );
    expect(() =>
      quantum(ansatz, expval(Z(0)), { constants: { v: [1, 2] } }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantum: the constant 'v' has 2 numbers, its shape [] needs 1]`,
    );
    expect(() =>
      quantum(ansatz, expval(Z(0)), { init: { u: initializers.zeros() } }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantum: init names 'u', which is not a trained slot. Trained are 'w', 'v']`,
    );
    const fixedMatrix = circuit(1, (q) =>
      q.rx(input('x', []).at(), 0).declare(hermitianSlot('h', 2, { axis: 'shared' })),
    );
    expect(() => quantum(fixedMatrix, expval(Z(0)))).toThrowErrorMatchingInlineSnapshot(
      `[UnsupportedError: quantum: the shared slot 'h' (hermitian, not differentiable) cannot be trained. Give its values: constants: { h: [...] }]`,
    );
    expect(() =>
      sequential(quantum(ansatz, expval(Z(0)))).build([4], 1),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: layer 0: quantum: inputs of shape [4] do not fit, the circuit takes [3]. Shapes do not include the batch]`,
    );
    const bitsIn = circuit(1, (q) => basisEmbedding(q, input('x', [1], { differentiable: false })));
    const network = sequential(dense(1), quantum(bitsIn, expval(Z(0))), dense(2)).build([1], 1);
    network.bind!(await cpu());
    expect(() =>
      valueAndGrad(network, crossEntropy)({ x: [1], y: [1] }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[UnsupportedError: quantum: slot 'x' is not differentiable, so layers before this one cannot be trained. Put this layer first, or make the slot differentiable]`,
    );
  });

  test('describes itself as plain data', () => {
    const layer = quantum(ansatz, expval(Z(0)));
    expect(JSON.parse(JSON.stringify(layer))).toMatchObject({
      kind: 'quantum',
      circuit: { qubits: 3 },
      inputs: ['x'],
      method: 'best',
    });
  });
});
