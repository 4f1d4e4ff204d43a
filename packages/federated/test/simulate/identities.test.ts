import { simulate } from '@ketwork/federated';
import type { SimulateOptions } from '@ketwork/federated';
import { adam, crossEntropy, networkOf, rmsprop, sgd, valueAndGrad } from '@ketwork/nn';
import { cpu } from '@ketwork/simulator';
import { evaluate, fit } from '@ketwork/training';
import { expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import {
  bitsOf,
  classical,
  clouds,
  dropping,
  hybrid,
  part,
  shares,
  withoutTime,
} from './common.ts';

const loss = crossEntropy;
const base: SimulateOptions = {
  rounds: 1,
  seed: 5,
  local: { loss, optimizer: sgd(0.3), epochs: 1, batchSize: 1000 },
};

describe('all participants, one epoch, full batches, plain SGD', () => {
  test.each([
    ['classical', classical],
    ['hybrid', hybrid],
  ])('are one central gradient step, whatever the sizes (%s)', async (_, make) => {
    const data = clouds(40, 3);
    const model = make();
    const parts = [part(data, 0, 3), part(data, 3, 20), part(data, 20, 40)];
    await simulate(model, parts, base);

    const central = make();
    const network = central.build([2], base.seed);
    if (network.bind !== undefined) network.bind(await cpu());
    const { grads } = await valueAndGrad(network, loss)({ x: data.inputs, y: data.labels });
    network.parameters.forEach(({ data: values }, p) =>
      values.forEach((value, i) => (values[i] = value - 0.3 * grads[p]![i]!)),
    );
    expectClose(
      networkOf(model).parameters.flatMap((p) => [...p.data]),
      network.parameters.flatMap((p) => [...p.data]),
      1e-9,
    );
  });
});

describe('one participant', () => {
  test.each([
    ['classical with dropout', dropping],
    ['hybrid', hybrid],
  ])('is central training with the same seed, over all rounds (%s)', async (_, make) => {
    const data = clouds(30, 4);
    const [here, there] = [make(), make()];
    const local = { loss, optimizer: sgd(0.3), epochs: 2, batchSize: 8 };
    const { history } = await simulate(here, [data], { ...base, rounds: 3, local });
    const { history: epochs } = await fit(there, data, { ...local, epochs: 6, seed: base.seed });
    expect(bitsOf(here)).toBe(bitsOf(there));
    expect(history.map((record) => record.loss)).toEqual([1, 3, 5].map((i) => epochs[i]!.loss));
  });

  test.each([adam(0.05), rmsprop(0.02)])('with $name in one round', async (optimizer) => {
    const data = clouds(30, 4);
    const [here, there] = [hybrid(), hybrid()];
    const local = { loss, optimizer, epochs: 3, batchSize: 8 };
    await simulate(here, { alone: data }, { ...base, local });
    await fit(there, data, { ...local, seed: base.seed });
    expect(bitsOf(here)).toBe(bitsOf(there));
  });
});

describe('a simulation', () => {
  const options: SimulateOptions = {
    rounds: 4,
    clients: 3,
    seed: 2,
    local: { loss, optimizer: adam(0.05), epochs: 2, batchSize: 5 },
    evaluation: clouds(50, 9),
  };
  const data = shares([10, 4, 12, 7, 9], 6);

  test('learns, and tells what each round came to', async () => {
    const model = classical();
    const result = await simulate(model, data, { ...options, rounds: 12 });
    const { history } = result;
    expect(result).toMatchObject({ reason: 'completed', personal: {} });
    expect(result.privacy).toBeUndefined();
    expect(history.map(({ round }) => round)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    const sizes = { '0': 10, '1': 4, '2': 12, '3': 7, '4': 9 } as Record<string, number>;
    for (const record of history) {
      expect(record.selected).toHaveLength(3);
      expect(record.participants).toEqual(record.selected);
      const examples = record.selected.reduce((sum, name) => sum + sizes[name]!, 0);
      expect(record).toMatchObject({ examples, samples: 2 * examples, bytes: 2 * 3 * 8 * 22 });
    }
    expect(history.at(-1)!.evaluation!.metrics['accuracy']).toBeGreaterThan(0.9);
    const { metrics, loss: last } = await evaluate(model, options.evaluation!, { loss });
    expect(history.at(-1)!.evaluation).toEqual({ loss: last, metrics });
  });

  test('gives the same bits for the same seed, and others for another', async () => {
    const models = [hybrid(), hybrid(), hybrid()];
    const runs = [
      await simulate(models[0]!, data, options),
      await simulate(models[1]!, data, options),
      await simulate(models[2]!, data, { ...options, seed: 3 }),
    ];
    expect(withoutTime(runs[1]!)).toEqual(withoutTime(runs[0]!));
    expect(bitsOf(models[1]!)).toBe(bitsOf(models[0]!));
    expect(bitsOf(models[2]!)).not.toBe(bitsOf(models[0]!));
  });

  test('goes on from a built model', async () => {
    const [built, fresh] = [classical(), classical()];
    built.build(2);
    await simulate(built, data, options);
    await simulate(fresh, data, options);
    expect(bitsOf(built)).toBe(bitsOf(fresh));
    const bits = bitsOf(built);
    await simulate(built, data, options);
    expect(bitsOf(built)).not.toBe(bits);
  });

  test('can be looped over: the model has the weights of the round that is yielded', async () => {
    const model = classical();
    const run = simulate(model, data, options);
    const seen: number[] = [];
    for await (const record of run) {
      seen.push(record.round);
      expect(run.state.rounds.round).toBe(record.round + 1);
      const { loss: now } = await evaluate(model, options.evaluation!, { loss });
      expect(now).toBe(record.evaluation!.loss);
    }
    expect(seen).toEqual([1, 2, 3, 4]);
    expect((await run).history).toHaveLength(4);
  });
});
