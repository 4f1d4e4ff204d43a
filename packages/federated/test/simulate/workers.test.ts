import { simulate } from '@ketwork/federated';
import type { SimulateOptions } from '@ketwork/federated';
import { adam, crossEntropy, dense, sequential, sgd } from '@ketwork/nn';
import type { Model } from '@ketwork/nn';
import { cpu } from '@ketwork/simulator';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bitsOf, dropping, hybrid, shares, withoutTime } from './common.ts';
import { halfSquare, twice } from './own-layers.ts';

const options: SimulateOptions = {
  rounds: 2,
  clients: 4,
  seed: 2,
  local: { loss: crossEntropy, optimizer: adam(0.05), epochs: 2, batchSize: 5 },
};
const data = shares([10, 4, 12, 7, 9], 6);

describe('workers', () => {
  test('any number of them gives the same bits', async () => {
    const make = (): Model => sequential(...dropping().layers, ...hybrid().layers);
    const results: unknown[] = [];
    for (const workers of [1, 3]) {
      const model = make();
      const result = await simulate(model, data, { ...options, workers, personal: ['5'] });
      results.push([bitsOf(model), withoutTime(result), result.personal]);
    }
    expect(results[1]).toEqual(results[0]);
  });
});

const module = new URL('own-layers.ts', import.meta.url);

test('workers spend and add noise as one thread does', async () => {
  const results: unknown[] = [];
  for (const workers of [1, 2]) {
    const model = dropping();
    const result = await simulate(model, data, {
      ...options,
      workers,
      privacy: {
        kind: 'examples',
        clippingNorm: 1,
        noiseMultiplier: 1,
        delta: 1e-2,
        randomness: 'seeded-unsafe',
      },
    });
    results.push([bitsOf(model), withoutTime(result), result.privacy]);
  }
  expect(results[1]).toEqual(results[0]);
});

describe('workers and what they cannot know', () => {
  const model = (until?: string): Model => sequential(dense(2, 2), twice(until), dense(2, 1));
  const own: SimulateOptions = { ...options, local: { loss: halfSquare, optimizer: sgd(0.01) } };
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ketwork-federated-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('layers and losses of a module of ours, and a worker that dies once', async () => {
    const [here, there] = [model(), model(join(folder, 'died'))];
    await simulate(here, data, own);
    await simulate(there, data, { ...own, workers: { count: 2, module } });
    expect(existsSync(join(folder, 'died'))).toBe(true);
    expect(bitsOf(there)).toBe(bitsOf(here));
  });

  test('a worker that dies again and again ends the simulation', async () => {
    const workers = { count: 2, module };
    const run = simulate(model('never'), data, { ...own, clients: 1, workers });
    await expect(run).rejects.toThrow('a worker exited with code 3');
  });

  test('without a module they are refused before anything runs', async () => {
    const refused =
      (change: Partial<SimulateOptions>, made: Model): (() => unknown) =>
      () =>
        simulate(made, data, { ...options, workers: 2, ...change });
    expect(refused({}, model())).toThrowErrorMatchingInlineSnapshot(
      `[UnsupportedError: simulate: workers could not make the model again: sequential, layer 1: no rule makes layers of kind 'twice' again. Give one, { twice: (settings) => … }; those for quantum layers are quantumKinds of @ketwork/layers. Give its rules in a module, workers: { count, module: new URL('./my-layers.js', import.meta.url) }, or use no workers]`,
    );
    expect(refused({ local: own.local }, sequential(dense(2, 1)))).toThrow(
      "simulate: workers do not know the loss 'halfSquare'",
    );
    const engine = await cpu();
    expect(refused({ engine }, sequential(dense(2, 2)))).toThrowErrorMatchingInlineSnapshot(
      `[UnsupportedError: simulate: an engine cannot be shared by workers. Leave out engine, each worker has a CPU engine of its own, or leave out workers]`,
    );
    expect(refused({ workers: 0 }, sequential(dense(2, 2)))).toThrow('the number of workers is 0');
    const wrong = { count: 2, module: 'x' as never };
    expect(refused({ workers: wrong }, model())).toThrow('workers.module is not a URL');
  });
});
