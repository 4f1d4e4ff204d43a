import { KetworkError } from '@ketwork/base';
import { circuit, expval, input, weight, Z } from '@ketwork/circuit';
import {
  qgru,
  qgruCell,
  qlstm,
  qlstmCell,
  qrnn,
  qrnnCell,
  variationalBlock,
} from '@ketwork/layers';
import type { QlstmOptions, RecurrentOptions } from '@ketwork/layers';
import {
  crossEntropy,
  dense,
  flatten,
  forward,
  initializers,
  mse,
  perExampleGrads,
  reshape,
  sequential,
  valueAndGrad,
} from '@ketwork/nn';
import type { BuiltLayer, Layer } from '@ketwork/nn';
import { cpu, reference } from '@ketwork/simulator';
import { Random, expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { expectGradients, expectPerExample } from './check.ts';

const engine = await cpu();
const plain = reference();
/** Angles large enough for every term to count. */
const init = initializers.uniform(-2, 2);
const kinds: Record<string, (options: RecurrentOptions & QlstmOptions) => Layer> = {
  qrnn,
  qgru,
  qlstm,
};

const σ = (values: readonly number[]): number[] => values.map((v) => 1 / (1 + Math.exp(-v)));
const tanh = (values: readonly number[]): number[] => values.map(Math.tanh);
const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);

type Gate = (name: string, v: readonly number[], outputs: number) => number[];

/** Runs gates of one level of a network with the reference engine, one example at a time. */
function gateOf(network: BuiltLayer, qubits: number, prefix = ''): Gate {
  return (name, v, outputs) => {
    const observables = Array.from({ length: outputs }, (_, q) => Z(q));
    const program = plain.compile(
      variationalBlock(v.length, { qubits, layers: 2 }),
      expval(...observables),
    );
    const w = [...network.parameters, ...network.buffers].find(
      (p) => p.name === `${prefix}${name}.w`,
    )!.data;
    return [...program.run({ x: v, w })];
  };
}

interface Memory {
  h: number[];
  c: number[];
}

/** One step in plain arithmetic; returns the read-out and changes the memory. */
const steps: Record<string, (gate: Gate, x: Iterable<number>, memory: Memory) => number[]> = {
  qrnn(gate, x, memory) {
    memory.h = tanh(gate('hidden', [...x, ...memory.h], memory.h.length));
    return memory.h;
  },
  qgru(gate, x, memory) {
    const { h } = memory;
    const n = h.length;
    const r = σ(gate('reset', [...x, ...h], n));
    const z = σ(gate('update', [...x, ...h], n));
    const u = tanh(gate('candidate', [...x, ...h.map((v, i) => r[i]! * v)], n));
    memory.h = h.map((v, i) => z[i]! * v + (1 - z[i]!) * u[i]!);
    return memory.h;
  },
  qlstm(gate, x, memory) {
    const v = [...x, ...memory.h];
    const n = v.length;
    const f = σ(gate('forget', v, n));
    const i = σ(gate('input', v, n));
    const g = tanh(gate('candidate', v, n));
    const o = σ(gate('output', v, n));
    memory.c = memory.c.map((value, k) => f[k]! * value + i[k]! * g[k]!);
    const m = tanh(memory.c).map((value, k) => o[k]! * value);
    memory.h = gate('hidden', m, memory.h.length);
    return gate('readout', m, n);
  },
};

function built(layer: Layer, shape: readonly number[], seed = 3): BuiltLayer {
  const network = layer.build(shape, [seed, 5]);
  network.bind!(engine);
  return network;
}

describe.each(['qrnn', 'qgru', 'qlstm'])('%s', (kind) => {
  const layer = kinds[kind]!;

  test('agrees with a step-by-step reference, last output and all outputs', async () => {
    for (const [features, hidden, qubits] of [
      [1, 3, 4],
      [2, 1, 5],
    ] as const) {
      const options = { hidden, init, ...(qubits === 5 ? { qubits } : {}) };
      const last = built(layer(options), [5, features]);
      const all = built(layer({ ...options, returnSequences: true }), [5, features]);
      const x = new Random(1).normals(3 * 5 * features);
      const rows = [0, 1, 2].map((e) => {
        const memory: Memory = { h: zeros(hidden), c: zeros(features + hidden) };
        return Array.from({ length: 5 }, (_, t) => {
          const at = (e * 5 + t) * features;
          return steps[kind]!(gateOf(last, qubits), x.slice(at, at + features), memory);
        });
      });
      expect([last.outputShape, all.outputShape]).toEqual([
        [rows[0]![0]!.length],
        [5, rows[0]![0]!.length],
      ]);
      expectClose(await forward(last, x), rows.map((row) => row[4]!).flat(), 1e-10);
      expectClose(await forward(all, x), rows.flat(2), 1e-10);
    }
  });

  test('a stack hands hidden states up', async () => {
    const options = { hidden: 2, init, stack: 2, returnSequences: true };
    const network = built(layer(options), [3, 1]);
    const x = new Random(2).normals(3);
    const [low, high]: Memory[] = [
      { h: zeros(2), c: zeros(3) },
      { h: zeros(2), c: zeros(4) },
    ];
    const expected = [...x].flatMap((value) => {
      const lowGate = gateOf(network, 3, '0.');
      // The lower level has no read-out circuit, and the step of the reference asks for one.
      steps[kind]!(
        (name, v, n) => (name === 'readout' ? zeros(n) : lowGate(name, v, n)),
        [value],
        low!,
      );
      return steps[kind]!(gateOf(network, 4, '1.'), low!.h, high!);
    });
    expectClose(await forward(network, x), expected, 1e-10);
    expect(network.parameters.every(({ name }) => /^[01]\.\w+\.w$/.test(name))).toBe(true);
    expect(network.parameters.some(({ name }) => name === '0.readout.w')).toBe(false);
  });

  test('gradients agree with central differences and, per example, with the loop', async () => {
    const x = new Random(4).normals(3 * 4);
    const y = [0, 1, 1];
    for (const options of [
      { hidden: 2, init },
      { hidden: 2, init, returnSequences: true, stack: 2, initialState: 'trained' as const },
    ]) {
      // The dense layer in front asks for gradients of the inputs.
      const model = sequential(dense(4), reshape([4, 1]), layer(options), flatten(), dense(2));
      const network = model.build([4], 11);
      for (const p of network.parameters.filter(({ name }) => name.includes('initial')))
        p.data.set(new Random(p.data.length).normals(p.data.length));
      network.bind!(engine);
      await expectGradients(network, { x, y }, crossEntropy, 1e-6);
      await expectPerExample(network, { x, y }, 1e-12);
    }
  });

  test('a cell is one step', async () => {
    const cells: Record<string, (options: RecurrentOptions) => Layer> = {
      qrnn: qrnnCell,
      qgru: qgruCell,
      qlstm: qlstmCell,
    };
    const whole = built(layer({ hidden: 3, init }), [4, 1]);
    const cell = built(cells[kind]!({ hidden: 3, init }), [kind === 'qlstm' ? 8 : 4]);
    cell.parameters.forEach((p, i) => p.data.set(whole.parameters[i]!.data));
    const x = new Random(6).normals(4);
    const states = cell.inputShape[0]! - 1;
    let state: Float64Array = new Float64Array(states);
    let out = state;
    for (const value of x) {
      out = await forward(cell, [value, ...state]);
      state = out.slice(out.length - states);
    }
    const result = await forward(whole, x);
    expectClose(out.slice(0, result.length), result, 1e-13);
  });

  test('the same seed gives the same bits, and another engine nearly the same numbers', async () => {
    const x = new Random(7).normals(20 * 6);
    const network = built(layer({ hidden: 3 }), [6, 1]);
    const again = built(layer({ hidden: 3 }), [6, 1]);
    expect(await forward(again, x)).toEqual(await forward(network, x));
    expect(built(layer({ hidden: 3 }), [6, 1], 4).parameters[0]!.data).not.toEqual(
      network.parameters[0]!.data,
    );
    // Examples do not depend on their neighbours in the batch.
    const part = await forward(network, x.slice(0, 3 * 6));
    expect((await forward(network, x)).slice(0, part.length)).toEqual(part);
    const other = layer({ hidden: 3 }).build([6, 1], [3, 5]);
    other.bind!(plain);
    expectClose(await forward(other, x), await forward(network, x), 1e-12);
  });

  test('dropout between layers draws from the key of the pass', async () => {
    const network = built(layer({ hidden: 3, stack: 2, dropout: 0.5, init }), [4, 1]);
    const x = new Random(8).normals(8);
    const run = (key: readonly [number, number]) => forward(network, x, { training: true, key });
    expect(await run([1, 2])).toEqual(await run([1, 2]));
    expect(await run([1, 2])).not.toEqual(await run([1, 3]));
    expect(await forward(network, x)).toEqual(await forward(network, x, { key: [1, 2] }));
    await expect(async () => forward(network, x, { training: true })).rejects.toThrow(/dropout/);
  });

  test('frozen weights are buffers and get no gradients', async () => {
    const options = { hidden: 3, init, trainable: false, initialState: 'trained' as const };
    const model = sequential(layer(options), dense(2));
    const network = model.build([4, 1], 1);
    network.bind!(engine);
    expect(network.parameters.map(({ name }) => name)).toEqual(['1.weight', '1.bias']);
    expect(network.buffers.length).toBeGreaterThan(0);
    const x = new Random(9).normals(12);
    const { grads } = await valueAndGrad(network, crossEntropy)({ x, y: [0, 1, 0] });
    expect(grads.length).toBe(2);
    const trained = sequential(layer({ ...options, trainable: true }), dense(2)).build([4, 1], 1);
    trained.bind!(engine);
    expect(await forward(trained, x)).toEqual(await forward(network, x));
  });

  test('shots: same key, same estimate', async () => {
    const network = built(layer({ hidden: 3, init, shots: 20_000, returnSequences: true }), [3, 1]);
    const exact = built(layer({ hidden: 3, init, returnSequences: true }), [3, 1]);
    const x = new Random(10).normals(6);
    const estimate = await forward(network, x, { key: [1, 1] });
    expect(await forward(network, x, { key: [1, 1] })).toEqual(estimate);
    expectClose(estimate, await forward(exact, x), 0.1);
    expect(estimate).not.toEqual(await forward(network, x, { key: [1, 2] }));
  });

  test('a circuit of your own for the gates', async () => {
    const own = circuit(4, (q) => {
      q.angleEmbedding(input('data', [4]));
      q.stronglyEntanglingLayers(weight('a', [1, 4, 3]));
      q.ry(weight('b'), 0);
    });
    const network = built(layer({ hidden: 3, circuit: own, init: { a: init } }), [2, 1]);
    const names = network.parameters.map(({ name }) => name);
    expect(names.slice(0, 2).map((name) => name.split('.')[1])).toEqual(['a', 'b']);
    const data = JSON.parse(JSON.stringify(layer({ hidden: 3, circuit: own }))) as object;
    expect(Object.keys(data)).toContain('circuit');
    await expectGradients(
      built(sequential(layer({ hidden: 3, circuit: own, init }), dense(2)), [2, 1]),
      { x: new Random(12).normals(4), y: [0, 1] },
      crossEntropy,
      1e-6,
    );
  });
});

test('the published QLSTM has 149 parameters, with four layers 293', () => {
  const count = (layers: number): number =>
    sequential(qlstm({ hidden: 3, layers }), dense(1))
      .build([4, 1], 1)
      .parameters.reduce((sum, p) => sum + p.data.length, 0);
  expect([count(2), count(4)]).toEqual([149, 293]);
});

test('a QLSTM can return its hidden state', async () => {
  const network = built(qlstm({ hidden: 3, init, output: 'hidden' }), [3, 1]);
  expect(network.outputShape).toEqual([3]);
  const memory: Memory = { h: zeros(3), c: zeros(4) };
  const x = new Random(13).normals(3);
  const gate = gateOf(network, 4);
  for (const value of x)
    steps.qlstm!((name, v, n) => (name === 'readout' ? [] : gate(name, v, n)), [value], memory);
  expectClose(await forward(network, x), memory.h, 1e-10);
});

test('per-example gradients sum over the steps that share a circuit', async () => {
  const layer = qlstm({ hidden: 2, init, returnSequences: true });
  const network = sequential(layer, flatten(), dense(1)).build([3, 1], 1);
  network.bind!(engine);
  const [x, y] = [new Random(14).normals(6), [0.3, -0.2]];
  const each = await perExampleGrads(network, mse)({ x, y });
  const sum = await valueAndGrad(network, mse)({ x, y });
  network.parameters.forEach(({ data, name }, p) => {
    const mean = data.map((_, i) => (each.grads[p]![i]! + each.grads[p]![data.length + i]!) / 2);
    expectClose(mean, sum.grads[p]!, 1e-13, name);
  });
});

test('what does not fit is refused by name', async () => {
  const refused = async (work: () => unknown): Promise<string> => {
    try {
      await work();
    } catch (error) {
      expect(error).toBeInstanceOf(KetworkError);
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
    return 'nothing was thrown';
  };
  const key = [1, 2] as const;
  const network = built(qlstm({ hidden: 3 }), [2, 1]);
  const twoSlots = circuit(2, (q) => q.rx(input('a'), 0).rx(input('b'), 1).rz(weight('w'), 0));
  const fixed = circuit(4, (q) => q.angleEmbedding(input('x', [4])));
  const narrow = circuit(2, (q) => {
    for (let i = 0; i < 4; i++) q.rx(input('x', [4]).at(i), i % 2).rz(weight('w'), 0);
  });
  expect([
    await refused(() => qlstm({ hidden: 0 })),
    await refused(() => qgru({ hidden: 3, layers: -1 })),
    await refused(() => qgru({ hidden: 3, stack: 0 })),
    await refused(() => qrnn({ hidden: 3, dropout: 1 })),
    await refused(() => qrnn({ hidden: 3, initialState: 'ones' as never })),
    await refused(() => qlstm({ hidden: 3, output: 'cell' as never })),
    await refused(() => qrnn({ hidden: 3, circuit: fixed, layers: 2 })),
    await refused(() => qrnn({ hidden: 3, init: { v: init } })),
    await refused(() => qlstm({ hidden: 3 }).build([0, 1], key)),
    await refused(() => qlstm({ hidden: 3 }).build([4], key)),
    await refused(() => qrnn({ hidden: 3 }).build([4, 2, 2], key)),
    await refused(() => qgru({ hidden: 3, qubits: 4 }).build([4, 2], key)),
    await refused(() => qgru({ hidden: 1, circuit: twoSlots }).build([4, 1], key)),
    await refused(() => qgru({ hidden: 2, circuit: variationalBlock(4) }).build([4, 1], key)),
    await refused(() => qgru({ hidden: 3, circuit: fixed }).build([4, 1], key)),
    await refused(() => qgru({ hidden: 3, circuit: narrow }).build([4, 1], key)),
    await refused(() => qlstmCell({ hidden: 3 }).build([7], key)),
    await refused(() => forward(network, [0.1, 0.2, NaN, 0.4])),
    await refused(() => forward(network, [0.1, Infinity])),
    await refused(() => forward(network, [0.1, 0.2, 0.3])),
    await refused(() => forward(network, [])),
    await refused(() => forward(qlstm({ hidden: 3 }).build([2, 1], key), [0.1, 0.2])),
  ]).toMatchInlineSnapshot(`
    [
      "ValueError: qlstm: the hidden size 0 is not a positive integer",
      "ValueError: qgru: the number of layers -1 is not a positive integer",
      "ValueError: qgru: the stack 0 is not a positive integer",
      "ValueError: qrnn: the dropout 1 is not from 0 to below 1",
      "ValueError: qrnn: there is no initial state 'ones'. Use 'zeros' or 'trained'",
      "ValueError: qlstm: there is no output 'cell'. Use 'readout' or 'hidden'",
      "ValueError: qrnn: layers and qubits are those of the circuit that is given. Leave out the options layers and qubits, or the circuit",
      "ValueError: qrnn: init names 'v', which is not a trained slot. Trained are 'w'",
      "ValueError: qlstm: the sequence is empty: it has no steps. Give sequences of at least one step",
      "ValueError: qlstm: inputs of shape [4] are not sequences of shape [steps, features]. Put reshape([4, 1]) before it for one feature per step",
      "ValueError: qrnn: inputs of shape [4, 2, 2] are not sequences of shape [steps, features]. Shapes do not include the batch",
      "ValueError: qgru: 4 qubits cannot take 2 features and 3 hidden numbers. Give at least 5 qubits, or put a dense layer with fewer outputs before",
      "ValueError: qgru: the circuit has 2 data slots, a gate takes one. Put features and hidden state into one slot of angles, such as input([4])",
      "ValueError: qgru: the circuit takes 4 numbers, features and hidden state are 3. Give a circuit with a data slot of shape [3]",
      "ValueError: qgru: the circuit has no weights, so all gates would be the same. Use a slot such as weight('w', [2, 4, 3]) in the circuit",
      "ValueError: qgru: the circuit has 2 qubits, but 3 are to be read. Give more qubits or a smaller hidden state",
      "ValueError: qlstmCell: inputs of shape [7] are not features and hidden and cell state with 3 hidden numbers. For one feature give vectors of 8 numbers, features first; shapes do not include the batch",
      "ValueError: qlstm: feature 0 of step 0 is NaN in example 1 of the batch. Replace it, or leave the example out",
      "ValueError: qlstm: feature 0 of step 1 is Infinity in example 0 of the batch. Replace it, or leave the example out",
      "ValueError: 3 numbers are not one or more examples of shape [2, 1] (2 numbers each). Give inputs as a row-major array [batch, ...inputShape]",
      "ValueError: 0 numbers are not one or more examples of shape [2, 1] (2 numbers each). Give inputs as a row-major array [batch, ...inputShape]",
      "ValueError: qlstm: no engine is bound, so the circuit cannot run. Use fit, evaluate or predict, which bind one, or call network.bind(await cpu()) on the built model",
    ]
  `);
});
