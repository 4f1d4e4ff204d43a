import { Y, Z, circuit, expval, input, probabilities, weight } from '@ketwork/circuit';
import { hybridParallel, parallelCircuit } from '@ketwork/layers';
import type { HybridParallelOptions } from '@ketwork/layers';
import {
  Tape,
  crossEntropy,
  dense,
  forward,
  initializers,
  sequential,
  valueAndGrad,
} from '@ketwork/nn';
import type { BuiltLayer } from '@ketwork/nn';
import { cpu, reference } from '@ketwork/simulator';
import type { Engine } from '@ketwork/simulator';
import { Random, expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { expectGradients, expectPerExample } from './check.ts';

const engine = await cpu();
const random = new Random(5);

function built(options: HybridParallelOptions, inputs: number, on: Engine = engine): BuiltLayer {
  const network = hybridParallel(options).build([inputs], [3, 4]);
  network.bind!(on);
  return network;
}

describe('parallelCircuit', () => {
  test('has 45 angles and entanglers of ranges 1, 2, 3', () => {
    const { slots, ops } = parallelCircuit();
    expect(slots.map(({ name, shape }) => [name, shape])).toEqual([
      ['x', [5]],
      ['w', [3, 5, 3]],
    ]);
    const pairs = ops.flatMap((op) =>
      op.type === 'gate' && op.gate === 'CNOT' ? [op.qubits] : [],
    );
    expect(pairs.map(([a, b]) => (b! - a! + 5) % 5)).toEqual(
      [1, 2, 3].flatMap((range) => Array<number>(5).fill(range)),
    );
  });

  test.each([
    [{ qubits: 0 }, 'the number of qubits 0'],
    [{ layers: 2.5 }, 'the number of layers 2.5'],
    [{ scale: Infinity }, 'the scale Infinity'],
  ])('refuses %o', (options, message) => {
    expect(() => parallelCircuit(options)).toThrow(message);
  });
});

describe.each(['together', 'apart'] as const)('hybridParallel, calls %s', (calls) => {
  test('reads ⟨Y⟩ = -sin x where weights are zero and nothing entangles', async () => {
    const bare = circuit(5, { x: input([5]), w: weight([5, 3]) }, (q, { x, w }) => {
      for (let i = 0; i < 5; i++) q.rx(x.at(i), i).rot(w.at(i, 0), w.at(i, 1), w.at(i, 2), i);
    });
    const network = built({ circuits: 4, circuit: bare, init: initializers.zeros(), calls }, 20);
    const x = random.normals(60);
    expectClose(
      await forward(network, x),
      x.map((value) => -Math.sin(value)),
      1e-14,
    );
  });

  test('runs every circuit with its own features and weights, and scales features', async () => {
    const network = built({ circuits: 3, qubits: 3, layers: 2, scale: 0.7, calls }, 9);
    expect(network.parameters.map(({ name, shape }) => [name, shape])).toEqual([
      ['w', [3, 2, 3, 3]],
    ]);
    const w = network.parameters[0]!.data;
    const x = random.normals(4 * 9);
    const single = reference().compile(
      parallelCircuit({ qubits: 3, layers: 2 }),
      expval(Y(0), Y(1), Y(2)),
    );
    const expected = Array.from({ length: 12 }, (_, job) => [
      ...single.run({
        x: x.slice(3 * job, 3 * job + 3).map((value) => 0.7 * value),
        w: w.slice(18 * (job % 3), 18 * (job % 3) + 18),
      }),
    ]).flat();
    expectClose(await forward(network, x), expected, 1e-13);
  });

  test('has a block-diagonal Jacobian', async () => {
    const network = built({ circuits: 4, calls }, 20);
    const x = random.normals(20);
    for (let output = 0; output < 20; output++) {
      const tape = new Tape(1);
      const input = tape.variable(x, [20], 'batch');
      const result = network.forward(input, {
        tape,
        training: true,
        key: undefined,
        firstExample: 0,
      });
      await tape.run();
      const dy = new Float64Array(20);
      dy[output] = 1;
      const gradients = await tape.backward(result, dy);
      const block = Math.floor(output / 5);
      const byInput = gradients.of(input);
      byInput.forEach((value, i) => {
        if (Math.floor(i / 5) !== block) expect(value).toBe(0);
      });
      expect(Math.hypot(...byInput)).toBeGreaterThan(1e-3);
      gradients.of(tape.parameter(network.parameters[0]!)).forEach((value, i) => {
        if (Math.floor(i / 45) !== block) expect(value).toBe(0);
      });
    }
  });

  test.each(['split', 'shared'] as const)(
    'has gradients equal to central differences and to the batch-of-one loop, %s features',
    async (features) => {
      const inputs = features === 'split' ? 6 : 3;
      const network = sequential(
        dense(4, inputs),
        hybridParallel({ circuits: 2, qubits: 3, layers: 2, features, calls }),
        dense(6, 3),
      ).build(1);
      network.bind!(engine);
      const batch = { x: random.normals(5 * 4), y: [0, 1, 2, 1, 0] };
      await expectGradients(network, batch);
      await expectPerExample(network, batch);
    },
  );

  test('takes any circuit and measurement, and constants', async () => {
    const two = circuit(2, (q) => {
      q.angleEmbedding(input('x', [2])).stronglyEntanglingLayers(weight('w', [1, 2, 3]));
      q.rz(weight('c', []), 0).h(0);
    });
    const measurement = [expval(Z(0)), probabilities([0, 1])];
    const network = built(
      {
        circuits: 2,
        circuit: two,
        measurement,
        constants: { c: [0.4] },
        features: 'shared',
        calls,
      },
      2,
    );
    expect(network.outputShape).toEqual([10]);
    const x = random.normals(6);
    const w = network.parameters[0]!.data;
    const single = reference().compile(two, measurement);
    const expected = [0, 1, 2].flatMap((e) =>
      [0, 1].flatMap((k) =>
        single
          .run({ x: x.slice(2 * e, 2 * e + 2), w: w.slice(6 * k, 6 * k + 6), c: [0.4] })
          .flatMap((values) => [...values]),
      ),
    );
    expectClose(await forward(network, x), expected, 1e-13);
  });

  test('keeps untrained weights as buffers', async () => {
    const layer = hybridParallel({ circuits: 2, qubits: 2, layers: 1, trainable: false, calls });
    const network = sequential(dense(3, 4), layer, dense(4, 2)).build(2);
    network.bind!(engine);
    expect(network.buffers.map(({ name, shape }) => [name, shape])).toEqual([
      ['1.w', [2, 1, 2, 3]],
    ]);
    expect(network.parameters.length).toBe(4);
    await expectGradients(network, { x: random.normals(9), y: [0, 1, 1] });
  });

  test('estimates from shots with a key, the same for the same seed', async () => {
    const network = built({ circuits: 2, qubits: 2, layers: 1, shots: 400, calls }, 4);
    const exact = built({ circuits: 2, qubits: 2, layers: 1, calls }, 4);
    const x = random.normals(8);
    const [a, b, sharp] = await Promise.all([
      forward(network, x, { key: [1, 2] }),
      forward(network, x, { key: [1, 2] }),
      forward(exact, x),
    ]);
    expect(a).toEqual(b);
    expectClose(a, sharp, 0.25);
    expect(a).not.toEqual(sharp);
  });

  test('every circuit draws shots of its own', async () => {
    const alike = { features: 'shared', init: initializers.constant(0.4) } as const;
    const network = built({ circuits: 2, qubits: 2, layers: 1, shots: 400, calls, ...alike }, 2);
    for (const pass of [{ key: [1, 2] as const }, {}]) {
      const [a, b, c, d] = await forward(network, [0.3, 0.7], pass);
      expect([a, b]).not.toEqual([c, d]);
    }
  });
});

describe('hybridParallel', () => {
  test('is one call of the engine with circuits × batch jobs, or one call per circuit', async () => {
    const jobs: number[] = [];
    const counting: Engine = {
      ...engine,
      compile: ((...args: Parameters<Engine['compile']>) => {
        const program = engine.compile(...args);
        return new Proxy(program, {
          get: (target, name) =>
            name !== 'run'
              ? Reflect.get(target, name)
              : (values: { x: Float64Array }, ...rest: never[]) => {
                  jobs.push(values.x.length / 5);
                  return (target.run as (...a: unknown[]) => unknown)(values, ...rest);
                },
        });
      }) as Engine['compile'],
    };
    const x = random.normals(7 * 20);
    const together = await forward(built({ circuits: 4 }, 20, counting), x);
    const apart = await forward(built({ circuits: 4, calls: 'apart' }, 20, counting), x);
    expect(jobs).toEqual([28, 7, 7, 7, 7]);
    expectClose(apart, together, 1e-13);
  });

  test('has the same bits for the same seed, and gives examples that do not depend on the batch', async () => {
    const x = random.normals(9 * 20);
    const all = await forward(built({ circuits: 4 }, 20), x);
    expect(await forward(built({ circuits: 4 }, 20), x)).toEqual(all);
    const some = await forward(built({ circuits: 4 }, 20), x.slice(40, 100));
    expect(some).toEqual(all.slice(40, 100));
  });

  test('learns', async () => {
    const network = sequential(hybridParallel({ circuits: 2, qubits: 2 }), dense(4, 2)).build(1);
    network.bind!(engine);
    const x = random.normals(32 * 4);
    const y = Array.from({ length: 32 }, (_, e) => (x[4 * e]! * x[4 * e + 2]! > 0 ? 1 : 0));
    const gradient = valueAndGrad(network, crossEntropy);
    const first = (await gradient({ x, y })).loss;
    for (let step = 0; step < 150; step++) {
      const { grads } = await gradient({ x, y });
      network.parameters.forEach(({ data }, p) =>
        data.forEach((value, i) => (data[i] = value - 0.5 * grads[p]![i]!)),
      );
    }
    expect((await gradient({ x, y })).loss).toBeLessThan(0.7 * first);
  });

  test('is described by plain data', () => {
    const layer = hybridParallel({ circuits: 4, trainable: false, calls: 'apart' });
    const json = structuredClone(layer.toJSON()) as Record<string, unknown>;
    expect(json).toMatchObject({
      kind: 'hybridParallel',
      circuits: 4,
      features: 'split',
      calls: 'apart',
      trainable: false,
    });
    const again = hybridParallel({
      ...(json as unknown as HybridParallelOptions),
      init: initializers.uniform(-Math.PI, Math.PI),
    });
    expect(again.toJSON()).toEqual(layer.toJSON());
  });

  test.each<[Partial<HybridParallelOptions>, string]>([
    [{ circuits: 0 }, 'hybridParallel: 0 circuits are not possible'],
    [{ features: 'some' as 'split' }, "features are 'split' or 'shared'"],
    [{ calls: 'often' as 'apart' }, "calls go 'together' or 'apart'"],
    [
      {
        circuit: circuit(1, (q) => {
          q.rx(input('a', []), 0).ry(input('b', []), 0);
        }),
      },
      "one data slot, it has 'a', 'b'",
    ],
    [{ init: { v: initializers.zeros() } }, "hybridParallel: init names 'v'"],
  ])('refuses %o', (options, message) => {
    expect(() => hybridParallel({ circuits: 2, ...options })).toThrow(message);
  });

  test('refuses inputs that do not fit, and to run without an engine', async () => {
    const layer = hybridParallel({ circuits: 4 });
    expect(() => layer.build([19], [0, 1])).toThrow(
      'hybridParallel: inputs of shape [19] do not fit, 4 circuits of 5 features each take [20]',
    );
    expect(() => layer.build([4, 5], [0, 1])).toThrow('Put flatten() before it');
    expect(() => forward(layer.build([20], [0, 1]), new Float64Array(20))).toThrow(
      'hybridParallel: no engine is bound',
    );
    const data = new Float64Array(20).fill(NaN);
    expect(() => forward(built({ circuits: 4 }, 20), data)).toThrow(
      "hybridParallel: slot 'x' holds NaN at index 0",
    );
  });
});
