import { KetworkError } from '@ketwork/base';
import {
  adam,
  adamw,
  crossEntropy,
  dense,
  dropout,
  rmsprop,
  saveSafetensors,
  schedules,
  sequential,
  sgd,
  stateOf,
  tanh,
} from '@ketwork/nn';
import type { LearningRate, Model } from '@ketwork/nn';
import { Random } from '@ketwork/testing';
import { accuracy, auc, f1, fit } from '@ketwork/training';
import type { FitOptions, FitResult, TrainingData } from '@ketwork/training';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clouds } from './clouds.ts';

const train = clouds(45, 1);
const validation = clouds(30, 2);
const make = (): Model => sequential(dense(2, 6), tanh(), dropout(0.2), dense(6, 2));

/** Everything that a run leaves behind, times apart. */
function traceOf(model: Model, result: FitResult): unknown {
  const bits = Buffer.from(saveSafetensors(stateOf(model))).toString('base64');
  const { history, reason, steps, best } = result;
  return { bits, reason, steps, best, history: history.map((one) => ({ ...one, seconds: 0 })) };
}

async function straight(options: FitOptions, data: TrainingData = train): Promise<unknown> {
  const model = make();
  return traceOf(model, await fit(model, data, options));
}

let folder: string;
let files = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ketwork-resume-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A run that is left after each of these steps (counted over all of it) and resumed by another process, as it were. */
async function interrupted(
  options: FitOptions,
  stops: readonly number[],
  data: TrainingData = train,
): Promise<unknown> {
  files++;
  const checkpoint = { path: join(folder, `${files}`), resume: true, ...options.checkpoint };
  for (const stop of stops) {
    for await (const step of fit(make(), data, { ...options, checkpoint }))
      if (step.step >= stop) break;
  }
  const model = make();
  return traceOf(model, await fit(model, data, { ...options, checkpoint }));
}

const options: FitOptions = {
  loss: crossEntropy,
  optimizer: adam(schedules.warmup(schedules.cosine(0.1, { steps: 8 }), { steps: 4 })),
  epochs: 3,
  batchSize: 8,
  accumulate: 2,
  clip: { norm: 0.5 },
  metrics: [accuracy, auc],
  validation,
  earlyStop: { patience: 2 },
  reduceOnPlateau: { patience: 1, factor: 0.5 },
  classWeights: [1, 2],
  seed: 5,
};

describe('a resumed run equals one straight through, bit for bit', () => {
  test('wherever it was left', async () => {
    const expected = await straight(options);
    for (let stop = 1; stop <= 9; stop++)
      expect(await interrupted(options, [stop])).toEqual(expected);
    expect(await interrupted(options, [1, 2, 3, 4, 5, 6, 7, 8, 9])).toEqual(expected);
  });

  test('at an AbortSignal before any step', async () => {
    const expected = await straight(options);
    const path = join(folder, 'signal');
    for (let at = 0; at < 12; at++) {
      const controller = new AbortController();
      if (at === 0) controller.abort();
      const model = make();
      const run = await fit(model, train, {
        ...options,
        signal: controller.signal,
        checkpoint: { path, resume: true },
        onStep: ({ step }) => step === at && controller.abort(),
      });
      // Nothing is aborted where nothing is left to do.
      if (at < 9) expect(run).toMatchObject({ reason: 'aborted', steps: at });
      else expect(traceOf(model, run)).toEqual(expected);
    }
  });

  test('also where a crash leaves the last regular checkpoint only', async () => {
    const expected = await straight(options);
    for (const [often, left, next] of [
      [{ everySteps: 2 }, 6, 7],
      [{ everySteps: 2 }, 8, 9],
      [{ everySeconds: 0 }, 5, 6],
      [{ every: 2, everySteps: 4 }, 5, 5],
      [{}, 5, 4],
    ] as const) {
      files++;
      const checkpoint = { path: join(folder, `${files}`), resume: true, onAbort: false, ...often };
      const crashing = { ...options, checkpoint };
      for await (const step of fit(make(), train, crashing)) if (step.step === left) break;
      const model = make();
      const run = fit(model, train, crashing);
      let first: number | undefined;
      for await (const step of run) first ??= step.step;
      expect(first).toBe(next);
      expect(traceOf(model, await run)).toEqual(expected);
    }
  });

  test('after a callback stopped it', async () => {
    const path = join(folder, 'stopped');
    const checkpoint = { path, resume: true };
    const stopping = {
      ...options,
      checkpoint,
      onStep: ({ step }: { step: number }) => step === 5 && 'stop',
    };
    const stopped = await fit(make(), train, stopping);
    expect(stopped).toMatchObject({ reason: 'stopped', steps: 5 });
    const model = make();
    expect(traceOf(model, await fit(model, train, { ...options, checkpoint }))).toEqual(
      await straight(options),
    );
  });

  test('keeps numbers that JSON lacks', async () => {
    const odd = { name: 'odd', better: 'lower' as const, evaluate: () => NaN };
    const measuring = { ...options, metrics: [odd], validation };
    expect(await interrupted(measuring, [5])).toEqual(await straight(measuring));
  });

  test('whatever the options are', async () => {
    const random = new Random(11);
    const pick = <T>(...choices: readonly T[]): T => choices[random.integer(choices.length)]!;
    for (let round = 0; round < 24; round++) {
      const rate = pick<LearningRate>(
        0.05,
        schedules.exponential(0.1, { factor: 0.9 }),
        schedules.stepwise(0.1, { every: 3, factor: 0.5 }),
        schedules.linear(0.1, { steps: 10, end: 0.01 }),
        schedules.oneCycle(0.1, { steps: 12 }),
      );
      const drawn: FitOptions = {
        loss: crossEntropy,
        optimizer: pick(adam, adamw, rmsprop, sgd)(rate),
        epochs: 1 + random.integer(3),
        batchSize: 5 + random.integer(20),
        accumulate: 1 + random.integer(3),
        seed: random.integer(1000),
        metrics: pick([], [accuracy], [auc, f1('macro')]),
        ...pick({}, { clip: { norm: 0.3 } }, { clip: { value: 0.05, norm: 1 } }),
        ...pick({}, { classWeights: [0.5, 2] }),
        ...pick<Partial<FitOptions>>(
          {},
          { validation },
          { validation, earlyStop: { patience: 1, minDelta: 0.02 } },
          { validation, reduceOnPlateau: { patience: 1, monitor: 'loss', minimum: 0.2 } },
        ),
      };
      const weights = Array.from(train.labels, (_, e) => (e % 5) / 2);
      const data = pick(train, { ...train, weights });
      const expected = await straight(drawn, data);
      const stops = Array.from({ length: 1 + random.integer(2) }, () => 1 + random.integer(8));
      stops.sort((a, b) => a - b);
      expect(await interrupted(drawn, stops, data), JSON.stringify({ round, stops })).toEqual(
        expected,
      );
    }
  });
});

test('another run is refused', async () => {
  const path = join(folder, 'other');
  for await (const step of fit(make(), train, { ...options, checkpoint: { path } }))
    if (step.step === 5) break;
  const refused = async (change: Partial<FitOptions>): Promise<string> => {
    try {
      await fit(make(), train, { ...options, checkpoint: { path, resume: true }, ...change });
      return 'nothing was thrown';
    } catch (error) {
      expect(error).toBeInstanceOf(KetworkError);
      return `${(error as Error).name}: ${(error as Error).message.replaceAll(folder, '')}`;
    }
  };
  expect([
    await refused({ accumulate: 1 }),
    await refused({ clip: { norm: 1 } }),
    await refused({ classWeights: [2, 1] }),
    await refused({ reduceOnPlateau: { patience: 2 } }),
    await refused({ optimizer: adam(schedules.cosine(0.1, { steps: 8 })) }),
    await refused({ metrics: [accuracy] }),
    await refused({ workers: 1 }),
  ]).toMatchInlineSnapshot(`
    [
      "ValueError: /other belongs to a run with another accumulate (2 there, none here). Resume with the same settings, name another file, or leave out resume",
      "ValueError: /other belongs to a run with another clip ({"norm":0.5} there, {"norm":1} here). Resume with the same settings, name another file, or leave out resume",
      "ValueError: /other belongs to a run with another classWeights ([1,2] there, [2,1] here). Resume with the same settings, name another file, or leave out resume",
      "ValueError: /other belongs to a run with another reduceOnPlateau ({"patience":1,"factor":0.5} there, {"patience":2} here). Resume with the same settings, name another file, or leave out resume",
      "ValueError: /other belongs to a run with another optimizer (adam {"learningRate":{"name":"warmup","steps":4,"start":0,"next":{"name":"cosine","rate":0.1,"steps":8,"minimum":0}},"beta1":0.9,"beta2":0.999,"eps":1e-8,"weightDecay":0} there, adam {"learningRate":{"name":"cosine","rate":0.1,"steps":8,"minimum":0},"beta1":0.9,"beta2":0.999,"eps":1e-8,"weightDecay":0} here). Resume with the same settings, name another file, or leave out resume",
      "ValueError: /other was saved within an epoch that measured accuracy, auc, not accuracy. Resume with the same metrics",
      "ValueError: /other belongs to a run with another pieceSize (none there, 1 here). Resume with the same settings, name another file, or leave out resume",
    ]
  `);
});

test('early stop left out on resuming is left out in the end, and another monitor is refused', async () => {
  const path = join(folder, 'monitor');
  const sgdRun: FitOptions = {
    loss: crossEntropy,
    // Too fast: the first epoch is the best one.
    optimizer: adam(3),
    epochs: 2,
    metrics: [accuracy],
    validation,
    seed: 5,
  };
  const without = await straight({ ...sgdRun, epochs: 3 });
  await fit(make(), train, { ...sgdRun, earlyStop: { patience: 9 }, checkpoint: { path } });
  const checkpoint = { path, resume: true };
  const other = fit(make(), train, {
    ...sgdRun,
    epochs: 3,
    earlyStop: { patience: 9, monitor: 'accuracy' },
    checkpoint,
  });
  await expect(other).rejects.toThrow(/watched loss, not accuracy/);
  const model = make();
  const run = await fit(model, train, { ...sgdRun, epochs: 3, checkpoint });
  expect(traceOf(model, run)).toEqual(without);
});
