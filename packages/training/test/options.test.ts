import { KetworkError } from '@ketwork/base';
import {
  adamw,
  crossEntropy,
  dense,
  dropout,
  mse,
  saveSafetensors,
  schedules,
  sequential,
  sgd,
  stateOf,
  tanh,
} from '@ketwork/nn';
import type { Model } from '@ketwork/nn';
import { Random, expectClose } from '@ketwork/testing';
import { evaluate, fit } from '@ketwork/training';
import type { Evaluation, FitOptions, FitProgress, Metric } from '@ketwork/training';
import { describe, expect, test } from 'vitest';
import { clouds } from './clouds.ts';

const train = clouds(45, 1);
const validation = clouds(20, 2);
const make = (): Model => sequential(dense(2, 6), tanh(), dropout(0.2), dense(6, 2));
const options: FitOptions = {
  loss: crossEntropy,
  optimizer: sgd(0.5),
  epochs: 2,
  batchSize: 12,
  seed: 3,
};

const bitsOf = (model: Model): string =>
  Buffer.from(saveSafetensors(stateOf(model))).toString('base64');

async function trained(change: Partial<FitOptions>, data = train): Promise<Model> {
  const model = make();
  await fit(model, data, { ...options, ...change });
  return model;
}

function expectNear(a: Model, b: Model, tolerance: number): void {
  for (const [name, { data }] of Object.entries(stateOf(a)))
    expectClose(data, stateOf(b)[name]!.data, tolerance, name);
}

describe('accumulate', () => {
  test('is the large batch but for rounding, dropout included', async () => {
    for (const accumulate of [2, 3, 6]) {
      const parts = await trained({ batchSize: 12 / accumulate, accumulate });
      expectNear(parts, await trained({}), 1e-13);
    }
    expect(bitsOf(await trained({ accumulate: 1 }))).toBe(bitsOf(await trained({})));
  });

  test('counts steps of the optimiser', async () => {
    const run = fit(make(), train, { ...options, accumulate: 2 });
    const seen: number[] = [];
    for await (const step of run) seen.push(step.steps, step.step);
    expect(seen).toEqual([4, 1, 4, 2, 4, 3, 4, 4]);
  });
});

describe('clip', () => {
  // One example of one input: the gradients of (w x + b - y)² are 2 r x and 2 r, with residual r = w x + b - y.
  const single = { inputs: [3], labels: [10] };
  async function change(
    clip: FitOptions['clip'],
  ): Promise<{ moved: number[]; norm: number | undefined }> {
    const model = sequential(dense(1, 1));
    const { parameters } = model.build(1);
    parameters[0]!.data[0] = 2;
    let norm: number | undefined;
    await fit(model, single, {
      loss: mse,
      optimizer: sgd(1),
      epochs: 1,
      seed: 1,
      ...(clip === undefined ? {} : { clip }),
      onStep: (step) => {
        norm = step.gradientNorm;
      },
    });
    return { moved: [2 - parameters[0]!.data[0], -parameters[1]!.data[0]!], norm };
  }

  test('bounds the gradient by its norm or number by number', async () => {
    // r = -4: gradients -24 and -8, of norm 8 √10.
    expect(await change(undefined)).toEqual({ moved: [-24, -8], norm: undefined });
    expect(await change({ value: 10 })).toEqual({ moved: [-10, -8], norm: undefined });
    const { moved, norm } = await change({ norm: Math.sqrt(10) });
    expectClose(moved, [-3, -1], 1e-14);
    expectClose([norm!], [8 * Math.sqrt(10)], 1e-14);
    expect((await change({ norm: 100 })).moved).toEqual([-24, -8]);
    // First the numbers, then the norm of what is left.
    const both = await change({ value: 8, norm: Math.SQRT2 });
    expectClose([...both.moved, both.norm!], [-1, -1, 8 * Math.SQRT2], 1e-14);
  });
});

describe('weights', () => {
  test('of classes and of examples are factors on the loss', async () => {
    const labels = Array.from(train.labels);
    const weights = labels.map((label) => (label === 0 ? 0.5 : 3));
    const byClass = await trained({ classWeights: [0.5, 3] });
    expect(bitsOf(await trained({}, { ...train, weights }))).toBe(bitsOf(byClass));
    expect(bitsOf(byClass)).not.toBe(bitsOf(await trained({})));
    const both = await trained(
      { classWeights: [0.25, 1.5] },
      { ...train, weights: labels.map(() => 2) },
    );
    expect(bitsOf(both)).toBe(bitsOf(byClass));
  });

  test('an integer weight is as many copies', async () => {
    const one = { inputs: [1, 2, 3, 4], labels: [0, 1] };
    const fitting = { ...options, batchSize: 3, epochs: 1 };
    const models = [sequential(dense(2, 2)), sequential(dense(2, 2))];
    await fit(models[0]!, { ...one, weights: [1, 2] }, { ...fitting, optimizer: sgd(2 / 3) });
    await fit(
      models[1]!,
      { inputs: [1, 2, 3, 4, 3, 4], labels: [0, 1, 1] },
      { ...fitting, optimizer: sgd(1) },
    );
    expectNear(models[0]!, models[1]!, 1e-14);
  });

  test('count in evaluation too', async () => {
    const model = sequential(dense(2, 2));
    model.build(2);
    const inputs = [1, 2, 3, 4];
    const measure = async (data: Parameters<typeof evaluate>[1]): Promise<number> =>
      (await evaluate(model, data, { loss: crossEntropy })).loss;
    const [first, second] = [
      await measure({ inputs: [1, 2], labels: [0] }),
      await measure({ inputs: [3, 4], labels: [1] }),
    ];
    expectClose(
      [await measure({ inputs, labels: [0, 1], weights: [1, 3] })],
      [(first + 3 * second) / 2],
      1e-15,
    );
  });
});

describe('learning rates', () => {
  test('follow their schedule, and are told', async () => {
    const rate = schedules.stepwise(0.4, { every: 3, factor: 0.5 });
    const rates: number[] = [];
    const seen = ({ learningRate }: FitProgress): number => rates.push(learningRate!);
    await fit(make(), train, { ...options, optimizer: adamw(rate), onStep: seen });
    expect(rates).toEqual([0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1, 0.1]);
  });

  test('are lowered where validation stands still', async () => {
    const rates: number[] = [];
    await fit(sequential(dense(2, 2)), train, {
      ...options,
      // A rate this high overshoots for ever.
      optimizer: sgd(200),
      batchSize: 45,
      epochs: 12,
      validation,
      reduceOnPlateau: { patience: 2, factor: 0.1, minDelta: 1e9, minimum: 0.005 },
      onStep: ({ learningRate }) => rates.push(learningRate!),
    });
    // The first epoch is the best by definition; after every second one from there the rate falls.
    const expected = [200, 200, 200, 20, 20, 2, 2, 1, 1, 1, 1, 1];
    expectClose(rates, expected, 1e-12);
  });
});

describe('callbacks', () => {
  test('are called in order and waited for', async () => {
    const calls: string[] = [];
    const later = async (text: string): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      calls.push(text);
    };
    const evaluations: Evaluation[] = [];
    const run = fit(make(), train, {
      ...options,
      batchSize: 30,
      validation,
      onStep: ({ step }) => later(`step ${step}`),
      onEpoch: ({ epoch }) => later(`epoch ${epoch}`),
      onEvaluate: (evaluation, epoch) => {
        evaluations.push(evaluation);
        calls.push(`evaluated ${epoch}`);
      },
    });
    for await (const step of run) calls.push(`seen ${step.step}`);
    expect(calls).toEqual([
      'step 1',
      'seen 1',
      'evaluated 1',
      'epoch 1',
      'step 2',
      'seen 2',
      'step 3',
      'seen 3',
      'evaluated 2',
      'epoch 2',
      'step 4',
      'seen 4',
    ]);
    const { history } = await run;
    expect(evaluations.map(({ loss }) => loss)).toEqual(history.map((one) => one.validation!.loss));
    expect(evaluations[0]!.outputs.length).toBe(40);
    expect(evaluations[0]!.confusion!.flat().reduce((a, b) => a + b)).toBe(20);
  });

  test.each<[string, Partial<FitOptions>, number]>([
    ['onStep', { onStep: ({ step }) => (step === 3 ? 'stop' : undefined) }, 3],
    ['onStep at the end of an epoch', { onStep: ({ record }) => record && 'stop' }, 4],
    ['onEpoch', { onEpoch: () => 'stop' }, 4],
    ['onEvaluate', { onEvaluate: async () => 'stop' }, 4],
  ])('%s ends the run where it says so', async (_, callback, steps) => {
    const run = await fit(make(), train, { ...options, validation, ...callback });
    expect(run).toMatchObject({ reason: 'stopped', steps });
  });

  test('their errors end the run', async () => {
    const fail = (): never => {
      throw new RangeError('mine');
    };
    for (const callback of [{ onStep: fail }, { onEpoch: fail }, { onEvaluate: fail }]) {
      const run = fit(make(), train, { ...options, validation, ...callback });
      await expect(run).rejects.toThrow(new RangeError('mine'));
    }
    const late = { onStep: () => Promise.reject(new RangeError('mine')) };
    await expect(async () => {
      for await (const _ of fit(make(), train, { ...options, ...late }));
    }).rejects.toThrow(new RangeError('mine'));
  });
});

test('settings of the wrong type or size are refused with what they are', () => {
  const random = new Random(2);
  const junk: readonly unknown[] = [NaN, -1, 0.5, Infinity, -Infinity, '3', null, {}, [], true];
  const numbers: readonly ((value: never) => Partial<FitOptions>)[] = [
    (epochs) => ({ epochs }),
    (batchSize) => ({ batchSize }),
    (accumulate) => ({ accumulate }),
    (seed) => ({ seed }),
    (workers) => ({ workers: { count: workers } }),
    (pieceSize) => ({ workers: { count: 1, pieceSize } }),
    (patience) => ({ validation, earlyStop: { patience } }),
    (patience) => ({ validation, reduceOnPlateau: { patience } }),
    (every) => ({ checkpoint: { path: 'never', every } }),
    (everySteps) => ({ checkpoint: { path: 'never', everySteps } }),
  ];
  for (const option of numbers) {
    for (const value of junk)
      expect(
        () => fit(make(), train, { ...options, ...option(value as never) }),
        JSON.stringify(option(value as never)),
      ).toThrow(KetworkError);
  }
  const shares: readonly ((value: never) => Partial<FitOptions>)[] = [
    (norm) => ({ clip: { norm } }),
    (value) => ({ clip: { value } }),
    (weight) => ({ classWeights: [1, weight] }),
    (factor) => ({ validation, reduceOnPlateau: { factor } }),
    (minimum) => ({ validation, reduceOnPlateau: { minimum } }),
    (minDelta) => ({ validation, earlyStop: { patience: 1, minDelta } }),
    (everySeconds) => ({ checkpoint: { path: 'never', everySeconds } }),
  ];
  for (const option of shares) {
    for (const value of [NaN, -1 - random.uniform(), -Infinity, 'x', {}])
      expect(
        () => fit(make(), train, { ...options, ...option(value as never) }),
        JSON.stringify(option(value as never)),
      ).toThrow(KetworkError);
  }
  expect(() =>
    fit(make(), train, { ...options, classWeights: [1] }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[ValueError: fit: there is no class weight for label 1 of example 1]`,
  );
  expect(() => fit(make(), { ...train, weights: [1] }, options)).toThrowErrorMatchingInlineSnapshot(
    `[ValueError: fit: 1 weights for 45 examples]`,
  );
  expect(() =>
    fit(make(), { ...train, weights: Array.from(train.labels, () => -1) }, options),
  ).toThrowErrorMatchingInlineSnapshot(
    `[ValueError: fit: weight 0 is -1, not a finite number of at least 0]`,
  );
  expect(() =>
    fit(
      make(),
      { inputs: train.inputs, labels: new Float64Array(90) },
      { ...options, classWeights: [1, 1] },
    ),
  ).toThrowErrorMatchingInlineSnapshot(
    `[ValueError: fit: class weights need class indices as labels. Give one label per example, or weights of the examples]`,
  );
  expect(() =>
    fit(make(), train, { ...options, validation, reduceOnPlateau: { monitor: 'auc' } }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[UnsupportedError: fit: reduceOnPlateau watches 'auc', which is not measured. Watch loss or accuracy, or add the metric]`,
  );
  expect(() =>
    fit(make(), train, { ...options, reduceOnPlateau: {} }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[ValueError: fit: reduceOnPlateau needs validation data. Give the option validation]`,
  );
});

test('a validation value that is not a number is worse than any number', async () => {
  const values = [NaN, 1, NaN, 2, NaN, NaN];
  let calls = 0;
  const strange: Metric = {
    name: 'strange',
    better: 'higher',
    over: 'all',
    // Every other call is for the training examples.
    evaluate: () => (calls++ % 2 === 0 ? values[(calls - 1) / 2]! : 0),
  };
  const rates: (number | undefined)[] = [];
  const run = await fit(make(), train, {
    ...options,
    epochs: 6,
    metrics: [strange],
    validation,
    earlyStop: { patience: 2, monitor: 'strange' },
    reduceOnPlateau: { patience: 2, monitor: 'strange', factor: 0.5 },
    onStep: ({ learningRate }) => rates.push(learningRate),
  });
  expect(run).toMatchObject({ reason: 'completed', best: { epoch: 4, value: 2 } });
  expect(rates.at(-1)).toBe(0.5);
  const never = await fit(make(), train, {
    ...options,
    epochs: 6,
    metrics: [{ ...strange, evaluate: () => NaN }],
    validation,
    earlyStop: { patience: 2, monitor: 'strange' },
  });
  expect(never).toMatchObject({ reason: 'early-stop', steps: 12 });
});
