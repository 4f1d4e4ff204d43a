import { ValueError, key } from '@ketwork/base';
import { Z, circuit, expval } from '@ketwork/circuit';
import { fastWeightProgrammer } from '@ketwork/layers';
import type { FastWeightProgrammerOptions } from '@ketwork/layers';
import { Tape, dense, forward, mse, sequential, tanh, valueAndGrad } from '@ketwork/nn';
import type { BuiltLayer } from '@ketwork/nn';
import { cpu, reference } from '@ketwork/simulator';
import type { Engine } from '@ketwork/simulator';
import { Random, centralDifferences, expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { expectGradients, expectPerExample } from './check.ts';

const count = ({ parameters }: BuiltLayer): number =>
  parameters.reduce((sum, { data }) => sum + data.length, 0);

/** The card's settings, with the read-out behind. */
const card = (encode: 'first' | 'all' = 'first') =>
  sequential(fastWeightProgrammer({ inputs: 1, encode, outputs: 4 }), dense(4, 1));

/** Outputs of all steps of one sequence, by the formulas, one circuit after the other. */
function stepByStep(
  network: BuiltLayer,
  x: Float64Array,
  {
    qubits = 8,
    layers = 2,
    encode = 'first',
    outputs = qubits,
    decay = 1,
  }: FastWeightProgrammerOptions,
): number[][] {
  const [we, be, wl, bl, wq, bq] = network.parameters.map(({ data }) => data);
  const inputs = network.inputShape[1]!;
  const latent = be!.length;
  const linear = (v: readonly number[], w: Float64Array, b: Float64Array): number[] =>
    Array.from(b, (bias, j) => v.reduce((sum, vi, i) => sum + vi * w[i * b.length + j]!, bias));
  const theta = new Float64Array(layers * qubits);
  return Array.from({ length: x.length / inputs }, (_, t) => {
    const now = [...x.subarray(t * inputs, (t + 1) * inputs)];
    const z = linear(now, we!, be!);
    expect(z.length).toBe(latent);
    const l = linear(z, wl!, bl!);
    const q = linear(z, wq!, bq!);
    theta.forEach((value, i) => (theta[i] = decay * value));
    l.forEach((a, i) => q.forEach((b, j) => (theta[i * qubits + j]! += a * b)));
    const fast = circuit(qubits, (c) => {
      for (let i = 0; i < qubits; i++) c.h(i);
      for (let i = 0; i < (encode === 'all' ? qubits : inputs); i++) c.ry(now[i % inputs]!, i);
      for (let layer = 0; layer < layers; layer++) {
        for (let i = 0; i + 1 < qubits; i += 2) c.cnot(i, i + 1);
        for (let i = 1; i + 1 < qubits; i += 2) c.cnot(i, i + 1);
        for (let i = 0; i < qubits; i++) c.ry(theta[layer * qubits + i]!, i);
      }
    });
    const observables = Array.from({ length: outputs }, (_value, i) => Z(i));
    return [
      ...reference()
        .compile(fast, expval(...observables))
        .run({}),
    ];
  });
}

describe('fastWeightProgrammer', () => {
  test("has 111 parameters at the card's settings, and as many as the formula says at others", () => {
    expect(count(card().build([4, 1], 1))).toBe(111);
    expect(
      card()
        .build([4, 1], 1)
        .parameters.map(({ name, shape }) => [name, shape]),
    ).toEqual([
      ['0.latent.weight', [1, 8]],
      ['0.latent.bias', [8]],
      ['0.layer.weight', [8, 2]],
      ['0.layer.bias', [2]],
      ['0.qubit.weight', [8, 8]],
      ['0.qubit.bias', [8]],
      ['1.weight', [4, 1]],
      ['1.bias', [1]],
    ]);
    const other = fastWeightProgrammer({ qubits: 5, layers: 3, latent: 6 }).build([2, 4], key(1));
    expect(count(other)).toBe(6 * (4 + 1) + (6 + 1) * (3 + 5));
  });

  test('starts all numbers within ±1/√fan_in, the same for a seed', () => {
    const layer = fastWeightProgrammer({ latent: 4 });
    const { parameters } = layer.build([3, 2], key(5));
    const limits = [2, 2, 4, 4, 4, 4].map((fan) => 1 / Math.sqrt(fan));
    parameters.forEach(({ data }, i) => {
      const largest = Math.max(...data.map(Math.abs));
      expect(largest).toBeLessThanOrEqual(limits[i]!);
      if (data.length > 4) expect(largest).toBeGreaterThan(0.5 * limits[i]!);
    });
    expect(layer.build([3, 2], key(5)).parameters).toEqual(parameters);
    expect(layer.build([3, 2], key(6)).parameters).not.toEqual(parameters);
  });

  test('is the fixed circuit where the slow programmer adds nothing', async () => {
    const s = Math.sin(0.7);
    const closed = { first: [-s, 0, 0, 0], all: [-s, s ** 2, -(s ** 3), s ** 2] };
    for (const encode of ['first', 'all'] as const) {
      const layer = fastWeightProgrammer({ qubits: 4, layers: 1, encode });
      const network = layer.build([3, 1], key(2));
      network.bind!(await cpu());
      network.parameters[2]!.data.fill(0);
      network.parameters[3]!.data.fill(0);
      expectClose(await forward(network, [5, -2, 0.7]), closed[encode], 1e-14);
    }
  });

  test.each([
    { qubits: 4, layers: 2, encode: 'first', outputs: 2 },
    { qubits: 4, layers: 3, encode: 'all', decay: 0.7 },
    { qubits: 3, layers: 1, encode: 'all', inputs: 2, latent: 5 },
    { encode: 'first', inputs: 3, outputs: 4 },
  ] as const)('agrees with one circuit after the other: %j', async (settings) => {
    const steps = 5;
    const { inputs = 1 } = settings as FastWeightProgrammerOptions;
    const x = new Random(3).normals(2 * steps * inputs);
    const sequences = fastWeightProgrammer({ ...settings, returnSequences: true });
    const all = sequences.build([steps, inputs], key(4));
    const last = fastWeightProgrammer(settings).build([steps, inputs], key(4));
    const expected = [0, 1].map((e) =>
      stepByStep(all, x.subarray(e * steps * inputs, (e + 1) * steps * inputs), settings),
    );
    for (const engine of [await cpu(), reference()]) {
      all.bind!(engine);
      last.bind!(engine);
      expectClose(await forward(all, x), expected.flat(2), 1e-12);
      expectClose(await forward(last, x), expected.map((rows) => rows.at(-1)!).flat(), 1e-12);
    }
    expect(all.outputShape).toEqual([steps, expected[0]![0]!.length]);
    expect(last.outputShape).toEqual([expected[0]![0]!.length]);
  });

  test('runs the circuits of all steps as one batch, and only those of the last step where no others are asked for', async () => {
    const rows: string[] = [];
    const engine = counting(await cpu(), rows);
    const x = new Random(1).normals(3 * 4);
    for (const returnSequences of [false, true]) {
      const network = sequential(
        // With fewer layers no circuit runs at all.
        fastWeightProgrammer({ qubits: 4, layers: 5, returnSequences }),
        dense(1),
      ).build([4, 1], 1);
      network.bind!(engine);
      const y = new Float64Array(3 * (returnSequences ? 4 : 1));
      await valueAndGrad(network, mse)({ x, y });
    }
    expect(rows).toEqual(['run 3', 'vjp 3', 'run 12', 'vjp 12']);
  });

  test("has gradients that agree with central differences and per example with the loop, at the card's size too", async () => {
    const engine = await cpu();
    for (const returnSequences of [false, true]) {
      for (const encode of ['first', 'all'] as const) {
        const decay = encode === 'all' ? 0.8 : 1;
        const options = { qubits: 4, layers: 2, outputs: 2, encode, decay, returnSequences };
        const layers = [tanh(), fastWeightProgrammer(options), dense(2)];
        const network = sequential(dense(2, 2), ...layers).build([3, 2], 5);
        network.bind!(engine);
        // Rows of two logits are two classes per step.
        const y = returnSequences ? [0, 1, 1, 1, 0, 1] : [0, 1];
        const batch = { x: new Random(2).normals(2 * 3 * 2), y };
        await expectGradients(network, batch, undefined, 1e-6);
        if (!returnSequences) await expectPerExample(network, batch);
      }
    }
    const network = card('all').build([4, 1], 3);
    network.bind!(engine);
    const x = new Random(4).normals(3 * 4);
    await expectGradients(network, { x, y: [0.1, -0.2, 0.3] }, mse, 1e-6);
  });

  test('goes on from fast weights, and begins anew where told to', async () => {
    const layer = fastWeightProgrammer({ qubits: 3, decay: 0.9, returnSequences: true });
    const network = layer.build([6, 1], key(7));
    network.bind!(await cpu());
    expect(network.stateShape).toEqual([2, 3]);
    const x = new Random(8).normals(2 * 6);
    const whole = await forward(network, x);
    const [first, second] = [0, 3].map((from) =>
      Float64Array.from([0, 1].flatMap((e) => [...x.subarray(6 * e + from, 6 * e + from + 3)])),
    );
    const unroll = (
      steps: Float64Array,
      state?: Float64Array,
      starts?: Float64Array,
    ): { outputs: Float64Array; state: Float64Array } => {
      const tape = new Tape(2);
      const context = { tape, training: false, key: undefined, firstExample: 0 };
      const result = network.unroll(tape.constant(steps, [3, 1], 'batch'), context, {
        ...(state === undefined ? {} : { state: tape.constant(state, [2, 3], 'batch') }),
        ...(starts === undefined ? {} : { starts: tape.constant(starts, [3], 'batch') }),
      });
      void tape.run();
      return { outputs: tape.value(result.outputs), state: tape.value(result.state) };
    };
    const before = unroll(first!);
    const after = unroll(second!, before.state);
    const joined = [0, 1].flatMap((e) => [
      ...before.outputs.subarray(9 * e, 9 * e + 9),
      ...after.outputs.subarray(9 * e, 9 * e + 9),
    ]);
    expectClose(joined, whole, 1e-13);

    // Example 0 begins anew at step 1, example 1 at step 0: what came before has no effect.
    const starts = Float64Array.of(0, 1, 0, 1, 0, 0);
    const anew = unroll(second!, before.state, starts);
    const fresh = unroll(Float64Array.of(second![1]!, second![2]!, 0, ...second!.subarray(3)));
    expectClose(anew.outputs.subarray(0, 3), after.outputs.subarray(0, 3), 1e-15);
    expectClose(anew.outputs.subarray(3, 9), fresh.outputs.subarray(0, 6), 1e-13);
    expectClose(anew.outputs.subarray(9), fresh.outputs.subarray(9), 1e-13);
    expect(anew.state.subarray(6)).toEqual(fresh.state.subarray(6));
  });

  test('passes gradients to earlier fast weights, and none across a beginning', async () => {
    const decay = 0.75;
    const network = fastWeightProgrammer({ qubits: 3, outputs: 2, decay }).build([3, 1], key(9));
    network.bind!(await cpu());
    const random = new Random(10);
    const x = random.normals(2 * 3);
    const start = random.normals(2 * 6);
    const dy = random.normals(2 * 3 * 2);
    const dyState = random.normals(2 * 6);
    for (const starts of [new Float64Array(6), Float64Array.of(0, 1, 0, 0, 0, 0)]) {
      const record = (state: Float64Array) => {
        const tape = new Tape(2);
        const context = { tape, training: true, key: undefined, firstExample: 0 };
        const given = tape.variable(state, [2, 3], 'batch');
        const unrolled = network.unroll(tape.constant(x, [3, 1], 'batch'), context, {
          state: given,
          starts: tape.constant(starts, [3], 'batch'),
        });
        void tape.run();
        return { tape, given, ...unrolled };
      };
      const total = (state: Float64Array): [number] => {
        const { tape, outputs, state: end } = record(state);
        const sum = (a: Float64Array, b: Float64Array): number =>
          a.reduce((s, v, i) => s + v * b[i]!, 0);
        return [sum(tape.value(outputs), dy) + sum(tape.value(end), dyState)];
      };
      const { tape, given, outputs, state: end } = record(start);
      const one = (await tape.backward(outputs, dy)).of(given);
      const other = (await tape.backward(end, dyState)).of(given);
      const numeric = centralDifferences(total, start);
      expectClose(
        one.map((v, i) => v + other[i]!),
        numeric,
        1e-8,
      );
      const own = numeric.subarray(0, 6);
      // What example 0 began with counts in its first step only: without a beginning decay³ of it reaches the end.
      const left = starts[1] === 1 ? 0 : decay ** 3;
      expectClose(
        other.subarray(0, 6),
        dyState.subarray(0, 6).map((v) => left * v),
        1e-15,
      );
      expect(Math.max(...own.map(Math.abs))).toBeGreaterThan(1e-3);
    }
  });

  test('gives the same bits for a seed, in any split of the batch, and in a worker', async () => {
    const network = card('all').build([4, 1], 3);
    network.bind!(await cpu());
    const x = new Random(4).normals(70 * 4);
    const y = new Random(5).normals(70);
    const whole = await forward(network, x);
    const parts = [await forward(network, x.slice(0, 44)), await forward(network, x.slice(44))];
    expect([...parts[0]!, ...parts[1]!]).toEqual([...whole]);
    const here = await valueAndGrad(network, mse)({ x, y });
    const again = card('all').build([4, 1], 3);
    using engine = await cpu({ threads: 1 });
    again.bind!(engine);
    expect(await valueAndGrad(again, mse)({ x, y })).toEqual(here);
  });

  test('may be frozen: what is drawn is saved but not trained', async () => {
    const layer = fastWeightProgrammer({ qubits: 3, trainable: false });
    const network = sequential(layer, dense(1)).build([4, 1], 3);
    network.bind!(await cpu());
    expect(network.parameters.map(({ name }) => name)).toEqual(['1.weight', '1.bias']);
    expect(network.buffers).toHaveLength(6);
    await expectGradients(network, { x: new Random(1).normals(8), y: [1, 2] }, mse);
    const free = fastWeightProgrammer({ qubits: 3 });
    const trained = sequential(free, dense(1)).build([4, 1], 3);
    trained.bind!(await cpu());
    const x = new Random(6).normals(4);
    expect(await forward(network, x)).toEqual(await forward(trained, x));
  });

  test('estimates from shots where asked to', async () => {
    const options = { qubits: 3, outputs: 2, encode: 'all' } as const;
    const exact = fastWeightProgrammer(options).build([2, 1], key(3));
    const drawn = fastWeightProgrammer({ ...options, shots: 20_000 }).build([2, 1], key(3));
    const engine = await cpu();
    exact.bind!(engine);
    drawn.bind!(engine);
    const estimate = await forward(drawn, [0.3, 0.4], { key: key(1) });
    expectClose(estimate, await forward(exact, [0.3, 0.4]), 0.04);
    expect(await forward(drawn, [0.3, 0.4], { key: key(2) })).not.toEqual(estimate);
  });

  test('describes itself as plain data from which it can be made again', () => {
    const layer = fastWeightProgrammer({ inputs: 2, qubits: 4, encode: 'all', outputs: 3 });
    const settings = layer.toJSON() as unknown as FastWeightProgrammerOptions;
    expect(settings).toEqual({
      kind: 'fastWeightProgrammer',
      inputs: 2,
      qubits: 4,
      layers: 2,
      latent: 4,
      outputs: 3,
      encode: 'all',
      decay: 1,
      returnSequences: false,
      trainable: true,
      method: 'best',
    });
    expect(fastWeightProgrammer(structuredClone(settings)).toJSON()).toEqual(settings);
    expect(Object.isFrozen(layer)).toBe(true);
    expect(layer.circuit?.slots.map(({ name, shape }) => [name, shape])).toEqual([
      ['x', [2]],
      ['theta', [2, 4]],
    ]);
    expect(fastWeightProgrammer().circuit).toBeUndefined();
  });

  test('refuses what does not fit, naming the layer', async () => {
    const refused: readonly [FastWeightProgrammerOptions, RegExp][] = [
      [{ qubits: 0 }, /fastWeightProgrammer: qubits is 0/],
      [{ qubits: 1 }, /fastWeightProgrammer: one qubit/],
      [{ layers: 1.5 }, /fastWeightProgrammer: layers is 1.5/],
      [{ qubits: 4, outputs: 5 }, /fastWeightProgrammer: 5 outputs/],
      [{ decay: 1.5 }, /fastWeightProgrammer: decay is 1.5/],
      [{ decay: Number.NaN }, /fastWeightProgrammer: decay/],
      [{ inputs: 9 }, /fastWeightProgrammer: 9 inputs/],
      [{ inputs: 0 }, /fastWeightProgrammer: the number of inputs per step is 0/],
      [{ encode: 'some' as 'all' }, /fastWeightProgrammer: encode is 'some'/],
    ];
    for (const [options, message] of refused) {
      expect(() => fastWeightProgrammer(options)).toThrow(ValueError);
      expect(() => fastWeightProgrammer(options)).toThrow(message);
    }
    const layer = fastWeightProgrammer({ inputs: 2 });
    expect(() => layer.build([4], key(1))).toThrow(/fastWeightProgrammer: inputs of shape \[4\]/);
    expect(() => layer.build([4, 1], key(1))).toThrow(/it takes \[steps, 2\]/);
    expect(() => layer.build([0, 2], key(1))).toThrow(/fastWeightProgrammer: a sequence of 0/);
    expect(() => fastWeightProgrammer().build([4, 20], key(1))).toThrow(/20 inputs per step/);

    const network = layer.build([3, 2], key(1));
    expect(() => forward(network, new Float64Array(6))).toThrow(/fastWeightProgrammer: no engine/);
    network.bind!(await cpu());
    const bad = Float64Array.of(0, 0, 0, 0, 0, 0, 1, Number.NaN, 0, 0, 0, 0);
    expect(() => forward(network, bad)).toThrow(/fastWeightProgrammer: .* example 1 .*finite/);
    const tape = new Tape(1);
    const context = { tape, training: false, key: undefined, firstExample: 0 };
    const x = tape.constant(new Float64Array(6), [3, 2], 'batch');
    const wrong = tape.constant(new Float64Array(4), [4], 'batch');
    expect(() => network.unroll(wrong, context)).toThrow(/fastWeightProgrammer: steps of shape/);
    expect(() => network.unroll(x, context, { state: wrong })).toThrow(/state has shape \[4\]/);
    expect(() => network.unroll(x, context, { starts: wrong })).toThrow(/starts has shape \[4\]/);
    expect(() => network.bind!(null)).toThrow(
      /fastWeightProgrammer: what was bound is not an engine/,
    );
  });
});

/** An engine that writes down how many examples each run and gradient had. */
function counting(engine: Engine, rows: string[]): Engine {
  return new Proxy(engine, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (name !== 'compile') return typeof value === 'function' ? value.bind(target) : value;
      return (...args: Parameters<Engine['compile']>) => {
        const program = target.compile(...args);
        return new Proxy(program, {
          get(inner, member) {
            const method = Reflect.get(inner, member) as unknown;
            if (typeof method !== 'function') return method;
            return (...given: readonly unknown[]) => {
              const { x } = (given[0] ?? {}) as { x?: Float64Array };
              if (x !== undefined && (member === 'run' || member === 'vjp'))
                rows.push(`${member} ${x.length}`);
              return (method as (...all: unknown[]) => unknown).apply(inner, [...given]);
            };
          },
        });
      };
    },
  });
}
