import { Z, circuit, expval, input, weight } from '@ketwork/circuit';
import { quantum } from '@ketwork/layers';
import {
  adam,
  crossEntropy,
  dense,
  dropout,
  loadSafetensors,
  loadState,
  mse,
  networkOf,
  saveSafetensors,
  sequential,
  sgd,
  stateOf,
  tanh,
} from '@ketwork/nn';
import type { Model } from '@ketwork/nn';
import { cpu } from '@ketwork/simulator';
import { evaluate, fit } from '@ketwork/training';
import type { FitOptions, FitProgress, FitResult, TrainingData } from '@ketwork/training';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clouds } from './clouds.ts';

const classical = (): Model => sequential(dense(2, 6), tanh(), dropout(0.2), dense(6, 2));
const hybrid = (): Model => {
  const ansatz = circuit(2, (q) => {
    q.angleEmbedding(input('x', [2]));
    q.stronglyEntanglingLayers(weight('w', [1, 2, 3]));
  });
  return sequential(quantum(ansatz, expval(Z(0), Z(1))), dense(2, 2));
};
const options: FitOptions = {
  loss: crossEntropy,
  optimizer: adam(0.05),
  epochs: 4,
  batchSize: 10,
  seed: 3,
};
const train = clouds(45, 1);

/** The bytes of everything that was learned. */
const bitsOf = (model: Model): string =>
  Buffer.from(saveSafetensors(stateOf(model))).toString('base64');
const withoutTime = ({ history }: FitResult) =>
  history.map((record) => ({ ...record, seconds: 0 }));

describe('fit', () => {
  test('can be awaited: learns and reports every epoch', async () => {
    const model = classical();
    const result = await fit(model, train, { ...options, epochs: 30, validation: clouds(40, 2) });
    expect(result).toMatchObject({ reason: 'completed', steps: 150 });
    expect(result.history.map((record) => record.epoch)).toEqual(
      Array.from({ length: 30 }, (_, i) => i + 1),
    );
    expect(result.history.at(-1)!.loss).toBeLessThan(0.5 * result.history[0]!.loss);
    const last = result.history.at(-1)!;
    expect(last.validation!.metrics['accuracy']).toBeGreaterThan(0.8);
    const again = await evaluate(model, clouds(40, 2), { loss: crossEntropy });
    expect({ loss: again.loss, metrics: again.metrics }).toEqual(last.validation);
    expect(result.samplesPerSecond).toBeGreaterThan(0);
  });

  test('can be looped over, then awaited', async () => {
    const run = fit(hybrid(), train, options);
    const seen: FitProgress[] = [];
    for await (const step of run) seen.push(step);
    expect(seen.map((step) => step.step)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(seen.map((step) => step.epoch)).toEqual(
      [1, 2, 3, 4].flatMap((epoch) => Array.from({ length: 5 }, () => epoch)),
    );
    expect(seen.at(-1)).toMatchObject({ progress: 1, eta: 0, steps: 20, epochs: 4 });
    expect(seen.filter((step) => step.record !== undefined).map((step) => step.step)).toEqual([
      5, 10, 15, 20,
    ]);
    const result = await run;
    expect(seen.filter((step) => step.record !== undefined).map((step) => step.record)).toEqual(
      result.history,
    );
    expect(seen[4]!.accuracy).toBe(result.history[0]!.metrics['accuracy']);
    expect(seen[3]!.eta).toBeGreaterThan(0);
    expect(() => run[Symbol.asyncIterator]()).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: fit: this run has been started already. Loop over the steps of a run once, before awaiting it]`,
    );
  });

  test('gives the same bits for the same seed, whatever drives it, and others for another', async () => {
    const models = [classical(), classical(), classical()];
    const first = await fit(models[0]!, train, options);
    const second = fit(models[1]!, train, options);
    for await (const _ of second);
    await fit(models[2]!, train, { ...options, seed: 4 });
    expect(bitsOf(models[1]!)).toBe(bitsOf(models[0]!));
    expect(withoutTime(await second)).toEqual(withoutTime(first));
    expect(bitsOf(models[2]!)).not.toBe(bitsOf(models[0]!));
  });

  test.each([
    ['plain', {}],
    [
      'private',
      {
        privacy: {
          clippingNorm: 1,
          noiseMultiplier: 0.7,
          delta: 1e-3,
          randomness: 'seeded-unsafe' as const,
        },
      },
    ],
  ])('two runs draw what one of both lengths does (%s)', async (_, more) => {
    const plain: FitOptions = { ...options, ...more, optimizer: sgd(0.1) };
    const [whole, parts] = [classical(), classical()];
    await fit(whole, train, plain);
    await fit(parts, train, { ...plain, epochs: 1 });
    const again = sequential(...parts.layers);
    again.build(0);
    loadState(again, stateOf(parts));
    await fit(parts, train, { ...plain, epochs: 3, firstEpoch: 2 });
    expect(bitsOf(parts)).toBe(bitsOf(whole));
    await fit(again, train, { ...plain, epochs: 3 });
    expect(bitsOf(again)).not.toBe(bitsOf(whole));
    expect(() => fit(again, train, { ...plain, firstEpoch: 0 })).toThrow('the first epoch is 0');
  });

  test('trains through a worker with the same bits', async () => {
    const [here, there] = [hybrid(), hybrid()];
    await fit(here, train, options);
    using engine = await cpu({ threads: 1 });
    await fit(there, train, { ...options, engine });
    expect(bitsOf(there)).toBe(bitsOf(here));
  });

  test('trains through workers that share its batches with the same bits', async () => {
    const ansatz = circuit(6, (q) => {
      q.angleEmbedding(input('x', [6]));
      q.stronglyEntanglingLayers(weight('w', [3, 6, 3]));
    });
    const readout = expval(Z(0), Z(1));
    const model = (): Model => sequential(dense(2, 6), quantum(ansatz, readout), dense(2, 2));
    using engine = await cpu({ threads: 2 });
    const { details } = engine.compile(ansatz, readout).explain();
    const batchSize = 768;
    for (const from of [details['splitFrom'], details['splitGradientFrom']])
      expect(from).toBeLessThanOrEqual(batchSize);
    const [here, there] = [model(), model()];
    const many = clouds(1612, 4); // the last batch, of 76, goes to one worker
    await fit(here, many, { ...options, epochs: 2, batchSize });
    await fit(there, many, { ...options, epochs: 2, batchSize, engine });
    expect(bitsOf(there)).toBe(bitsOf(here));
  });

  test('builds from the seed, or goes on from a built model', async () => {
    const built = classical();
    built.build(3);
    const fresh = classical();
    await fit(built, train, options);
    await fit(fresh, train, options);
    expect(bitsOf(built)).toBe(bitsOf(fresh));
    const shaped = sequential(dense(2));
    await fit(shaped, { ...train, inputShape: [2] }, { ...options, epochs: 1 });
    expect(networkOf(shaped).inputShape).toEqual([2]);
  });

  test('stops early and restores the best parameters', async () => {
    const model = sequential(dense(2, 2));
    const validation = clouds(20, 5);
    // A rate this high overshoots soon.
    const result = await fit(model, train, {
      ...options,
      optimizer: sgd(8),
      epochs: 200,
      validation,
      earlyStop: { patience: 3 },
    });
    expect(result.reason).toBe('early-stop');
    expect(result.history.length).toBe(result.best!.epoch + 3);
    const losses = result.history.map((record) => record.validation!.loss);
    expect(result.best!.value).toBe(Math.min(...losses));
    expect((await evaluate(model, validation, { loss: crossEntropy })).loss).toBe(
      result.best!.value,
    );

    const kept = sequential(dense(2, 2));
    const other = await fit(kept, train, {
      ...options,
      optimizer: sgd(8),
      epochs: 200,
      validation,
      earlyStop: { patience: 3, restoreBest: false, monitor: 'accuracy' },
    });
    const values = other.history.map((record) => record.validation!.metrics['accuracy']!);
    expect(other.best!.value).toBe(Math.max(...values));
    expect((await evaluate(kept, validation, { loss: crossEntropy })).metrics['accuracy']).toBe(
      values.at(-1),
    );
  });

  test('stops between steps at a signal, also one that comes from a timer, and when the loop is left', async () => {
    const controller = new AbortController();
    const run = fit(classical(), train, { ...options, signal: controller.signal });
    for await (const step of run) if (step.step === 7) controller.abort();
    expect(await run).toMatchObject({ reason: 'aborted', steps: 7 });
    expect((await run).history.length).toBe(1);

    const later = new AbortController();
    setTimeout(() => later.abort(), 60);
    const endless = await fit(classical(), train, {
      ...options,
      epochs: 1_000_000,
      signal: later.signal,
    });
    expect(endless.reason).toBe('aborted');

    const left = fit(classical(), train, options);
    for await (const step of left) if (step.step === 2) break;
    expect(await left).toMatchObject({ reason: 'aborted', steps: 2 });
  });

  test('names the step at which the loss is not finite, and changes nothing in it', async () => {
    const model = sequential(dense(2, 1));
    model.build(1);
    const before = bitsOf(model);
    const inputs = Array.from({ length: 8 }, () => 1e200);
    const run = fit(
      model,
      { inputs, labels: [1, 2, 3, 4] },
      { ...options, loss: mse, batchSize: 2 },
    );
    await expect(run).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ValueError: fit: the loss is Infinity at step 1 (epoch 1); the parameters are those before the step. Use a lower learning rate, scale the inputs, and check them for values that are not finite]`,
    );
    expect(bitsOf(model)).toBe(before);
    const looped = fit(
      model,
      { inputs, labels: [1, 2, 3, 4] },
      { ...options, loss: mse, batchSize: 2 },
    );
    await expect(async () => {
      for await (const _ of looped);
    }).rejects.toThrow('at step 1');
  });

  test('refuses options and data that do not fit before anything runs', () => {
    const refused =
      (change: Partial<FitOptions>, data: TrainingData = train): (() => unknown) =>
      () =>
        fit(classical(), data, { ...options, ...change });
    expect(refused({ epochs: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: fit: the number of epochs is 0, not a positive integer]`,
    );
    expect(refused({ batchSize: 1.5 })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: fit: the batch size 1.5 is not a positive integer]`,
    );
    expect(refused({ seed: -1 })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: fit: seed -1 is not an integer from 0 to 2^53 - 1. Give one, such as seed: 1]`,
    );
    expect(refused({ earlyStop: { patience: 2 } })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: fit: early stop needs validation data. Give the option validation]`,
    );
    expect(
      refused({ earlyStop: { patience: 2, monitor: 'mse' }, validation: train }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[UnsupportedError: fit: early stop watches 'mse', which is not measured. Watch loss or accuracy, or add the metric]`,
    );
    expect(refused({}, { inputs: [1, 2, 3], labels: [1] })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: fit: 3 numbers are not one or more inputs of shape [2] (2 numbers each). Give inputs as a row-major array [examples, ...inputShape] of the model]`,
    );
    expect(refused({}, { inputs: [1, 2, 3, 4], labels: [1] })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: fit: 1 labels do not fit 2 inputs. Give one label, or the same number of targets, for every input]`,
    );
    expect(() => fit(sequential(tanh()), train, options)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: fit: the input shape of the model is not known. Give the data an inputShape, build the model first, or name it in the first layer, such as dense(784, 4)]`,
    );
  });
});

describe('checkpoints', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ketwork-fit-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const full: FitOptions = {
    ...options,
    epochs: 6,
    validation: clouds(20, 2),
    earlyStop: { patience: 5 },
  };

  test.each([
    ['classical', classical],
    ['hybrid', hybrid],
  ])('a resumed run ends with the bits of one that never stopped (%s)', async (name, make) => {
    const whole = make();
    const expected = await fit(whole, train, full);
    const path = join(folder, `${name}.safetensors`);
    const checkpoint = { path, resume: true };
    for await (const step of fit(make(), train, { ...full, checkpoint }))
      if (step.step === 13) break;
    const model = make();
    const run = fit(model, train, { ...full, checkpoint });
    const steps: number[] = [];
    for await (const step of run) steps.push(step.step);
    expect(steps[0]).toBe(14);
    expect(bitsOf(model)).toBe(bitsOf(whole));
    expect(withoutTime(await run)).toEqual(withoutTime(expected));
    expect((await run).best).toEqual(expected.best);
    // A finished run that is resumed again changes nothing.
    const third = make();
    expect((await fit(third, train, { ...full, checkpoint })).steps).toBe(expected.steps);
    expect(bitsOf(third)).toBe(bitsOf(whole));
    expect(readdirSync(folder).filter((file) => file.endsWith('.tmp'))).toEqual([]);
  });

  test('is not written where the run is left, if that is not wanted', async () => {
    const checkpoint = { path: join(folder, 'left.safetensors'), resume: true, onAbort: false };
    for await (const step of fit(classical(), train, { ...full, checkpoint }))
      if (step.step === 13) break;
    // Left in the third epoch, saved after the second.
    for await (const step of fit(classical(), train, { ...full, checkpoint })) {
      expect(step.step).toBe(11);
      break;
    }
  });

  test('is a safetensors file that says what it is', async () => {
    const path = join(folder, 'every', 'run.safetensors');
    const model = classical();
    const every = { path, every: 3 };
    const epochs: number[] = [];
    for await (const step of fit(model, train, { ...options, checkpoint: every })) {
      if (step.record === undefined || step.epoch < 3) continue;
      epochs.push(
        (JSON.parse(loadSafetensors(readFileSync(path)).metadata['run']!) as { epoch: number })
          .epoch,
      );
    }
    expect(epochs).toEqual([3, 4]);
    const { tensors, metadata } = loadSafetensors(readFileSync(path));
    expect(metadata['format']).toBe('ketwork.checkpoint/1');
    expect(tensors['model.0.weight']!.data).toEqual(networkOf(model).parameters[0]!.data);
    expect(Object.keys(tensors)).toContain('optimizer.mean.0');
  });

  test('refuses a file of another run, a damaged one and a place it cannot write to', async () => {
    const path = join(folder, 'other.safetensors');
    await fit(classical(), train, { ...options, epochs: 1, checkpoint: { path } });
    const checkpoint = { path, resume: true };
    const message = async (change: Partial<FitOptions>, model = classical()): Promise<string> => {
      const error = await fit(model, train, { ...options, checkpoint, ...change }).then(
        () => 'none',
        (cause: Error) => `${cause.name}: ${cause.message.replaceAll(folder, '')}`,
      );
      return error;
    };
    expect(await message({ seed: 9 })).toMatchInlineSnapshot(
      `"ValueError: /other.safetensors belongs to a run with another seed (3 there, 9 here). Resume with the same settings, name another file, or leave out resume"`,
    );
    expect(await message({ optimizer: sgd(1) })).toMatchInlineSnapshot(
      `"ValueError: /other.safetensors belongs to a run with another optimizer (adam {"learningRate":0.05,"beta1":0.9,"beta2":0.999,"eps":1e-8,"weightDecay":0} there, sgd {"learningRate":1,"momentum":0,"nesterov":false,"weightDecay":0} here). Resume with the same settings, name another file, or leave out resume"`,
    );
    expect(await message({}, hybrid())).toMatchInlineSnapshot(
      `"ValueError: /other.safetensors belongs to a run with another model. Resume with the same settings, name another file, or leave out resume"`,
    );
    writeFileSync(path, readFileSync(path).subarray(0, 100));
    expect(await message({})).toMatch(/^FormatError: safetensors/);
    writeFileSync(path, saveSafetensors({}, { some: 'file' }));
    expect(await message({})).toMatchInlineSnapshot(
      `"FormatError: /other.safetensors is not a checkpoint of this version (its format is not named, not ketwork.checkpoint/1)"`,
    );
    expect(await message({ checkpoint: { path: join(path, 'below') } })).toMatch(
      /^EnvironmentError: cannot write the checkpoint/,
    );
  });
});
