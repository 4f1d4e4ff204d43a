import { Z, circuit, expval, input, weight } from '@ketwork/circuit';
import { qcnn, quantum } from '@ketwork/layers';
import {
  adam,
  batchNorm,
  crossEntropy,
  dense,
  dropout,
  saveSafetensors,
  sequential,
  stateOf,
  tanh,
} from '@ketwork/nn';
import type { Model } from '@ketwork/nn';
import { fit } from '@ketwork/training';
import type { FitOptions, FitResult } from '@ketwork/training';
import { cpu } from '@ketwork/simulator';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clouds } from './clouds.ts';
import { factor, halfSquare } from './own-layers.ts';

const ansatz = circuit(2, (q) => {
  q.angleEmbedding(input('x', [2]));
  q.stronglyEntanglingLayers(weight('w', [1, 2, 3]));
});
const models: readonly (readonly [string, readonly number[], () => Model])[] = [
  ['classical', [2], () => sequential(dense(2, 6), tanh(), dropout(0.2), dense(6, 2))],
  [
    'hybrid',
    [2, 3],
    () =>
      sequential(
        dense(2, 2),
        dropout(0.1),
        quantum(ansatz, expval(Z(0), Z(1))),
        quantum(ansatz, expval(Z(0)), { shots: 50 }),
        dense(1, 4),
        qcnn(4).layer(),
        dense(1, 2),
      ),
  ],
];
const options: FitOptions = {
  loss: crossEntropy,
  optimizer: adam(0.05),
  epochs: 2,
  batchSize: 16,
  seed: 3,
};
const train = clouds(45, 1);
const many = clouds(300, 2);

const bitsOf = (model: Model): string =>
  Buffer.from(saveSafetensors(stateOf(model))).toString('base64');
const withoutTime = ({ history }: FitResult) =>
  history.map((record) => ({ ...record, seconds: 0 }));

describe('workers', () => {
  test.each(models)('any number of them gives the same bits (%s)', async (_, counts, make) => {
    const results: (readonly [string, unknown])[] = [];
    for (const workers of [1, ...counts]) {
      const model = make();
      // Two batches of validation data, so that two workers measure at once.
      const result = await fit(model, train, { ...options, workers, validation: many });
      results.push([bitsOf(model), withoutTime(result)]);
    }
    for (const result of results) expect(result).toEqual(results[0]);
  });
});

const own = new URL('own-layers.ts', import.meta.url);
const numbers = { inputs: train.inputs, labels: Array.from(train.labels) };

describe('workers and what they cannot know', () => {
  const model = (until?: string): Model => sequential(dense(2, 2), factor(0.5, until), dense(2, 1));
  const squares: FitOptions = { ...options, epochs: 1, loss: halfSquare };
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ketwork-workers-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('layers and losses of a module of ours, and a worker that dies once', async () => {
    const [here, there] = [model(), model(join(folder, 'died'))];
    await fit(here, numbers, { ...squares, workers: 1 });
    await fit(there, numbers, { ...squares, workers: { count: 2, module: own } });
    expect(existsSync(join(folder, 'died'))).toBe(true);
    expect(bitsOf(there)).toBe(bitsOf(here));
  });

  test('a worker that dies again and again, and one that fails, end the run', async () => {
    const workers = { count: 2, module: own };
    const dying = fit(model('never'), numbers, { ...squares, workers });
    await expect(dying).rejects.toThrowErrorMatchingInlineSnapshot(
      `[EnvironmentError: fit: a worker exited with code 3, twice at the same step. Check memory and the modules it loads, or train with workers: 1]`,
    );
    const labels = numbers.labels.map((label) => label + 1);
    const bad = fit(sequential(dense(2, 2)), { ...numbers, labels }, { ...options, workers: 2 });
    await expect(bad).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ValueError: crossEntropy: label 0 is 2, not an integer from 0 to 1]`,
    );
  });

  test('can be aborted', async () => {
    const run = fit(models[0]![2](), train, { ...options, epochs: 100, workers: 2 });
    for await (const step of run) if (step.step === 4) break;
    expect(await run).toMatchObject({ reason: 'aborted', steps: 4 });
  });

  test('without a module they are refused before anything runs', async () => {
    const refused =
      (change: Partial<FitOptions>, made: Model): (() => unknown) =>
      () =>
        fit(made, numbers, { ...options, workers: 2, ...change });
    expect(refused({}, model())).toThrowErrorMatchingInlineSnapshot(
      `[UnsupportedError: fit: workers could not make the model again: sequential, layer 1: no rule makes layers of kind 'factor' again. Give one, { factor: (settings) => … }; those for quantum layers are quantumKinds of @ketwork/layers. Give its rules in a module, workers: { count, module: new URL('./my-layers.js', import.meta.url) }, or use no workers]`,
    );
    expect(
      refused({ loss: halfSquare }, sequential(dense(2, 1))),
    ).toThrowErrorMatchingInlineSnapshot(
      `[UnsupportedError: fit: workers do not know the loss 'halfSquare'. Give its rules in a module, workers: { count, module: new URL('./my-layers.js', import.meta.url) }, or use no workers]`,
    );
    const engine = await cpu();
    expect(refused({ engine }, sequential(dense(2, 2)))).toThrowErrorMatchingInlineSnapshot(
      `[UnsupportedError: fit: an engine cannot be shared by workers. Leave out engine, each worker has a CPU engine of its own, or leave out workers]`,
    );
    expect(
      refused({ workers: { count: 2, module: 'x' as never } }, model()),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: fit: workers.module is not a URL. Give new URL('./my-layers.js', import.meta.url)]`,
    );
    expect(refused({ workers: 0 }, model())).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: fit: the number of workers is 0, not a positive integer]`,
    );
    const coupled = sequential(dense(2, 2), sequential(batchNorm(), tanh()), dense(2, 2));
    for (const workers of [1, 2])
      await expect(
        fit(coupled, train, { ...options, workers }),
      ).rejects.toThrowErrorMatchingInlineSnapshot(
        `[UnsupportedError: fit: layer 1.0 (batchNorm) makes every example depend on the others of its batch, which workers cut into pieces. Use layerNorm instead of batchNorm, or leave out workers]`,
      );
  });
});
