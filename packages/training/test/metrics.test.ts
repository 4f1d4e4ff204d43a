import { KetworkError } from '@ketwork/base';
import { adam, crossEntropy, dense, mse, sequential } from '@ketwork/nn';
import { expectClose } from '@ketwork/testing';
import {
  accuracy,
  auc,
  classesOf,
  confusionOf,
  evaluate,
  f1,
  fit,
  meanAbsoluteError,
  meanSquaredError,
  predict,
  rSquared,
} from '@ketwork/training';
import type { Metric } from '@ketwork/training';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { clouds } from './clouds.ts';

interface Case {
  readonly width: number;
  readonly outputs: readonly number[];
  readonly targets: readonly number[];
  readonly confusion: readonly (readonly number[])[];
  readonly [metric: string]: unknown;
}

const reference = JSON.parse(
  readFileSync(new URL('data/metrics.json', import.meta.url), 'utf8'),
) as { readonly classification: readonly Case[]; readonly regression: readonly Case[] };

const classification: readonly Metric[] = [accuracy, auc, f1(), f1('macro'), f1('micro')];
const regression: readonly Metric[] = [meanSquaredError, meanAbsoluteError, rSquared];

describe('metrics', () => {
  test.each([
    ...reference.classification.map((one, i) => [`classes ${i}`, one, classification] as const),
    ...reference.regression.map((one, i) => [`numbers ${i}`, one, regression] as const),
  ])('are those of scikit-learn: %s', (_, { width, outputs, targets, ...expected }, metrics) => {
    const examples = outputs.length / width;
    let compared = 0;
    for (const metric of metrics) {
      const value = expected[metric.name];
      if (value === undefined) continue;
      const own = metric.evaluate(Float64Array.from(outputs), targets, examples);
      expectClose([own], [value as number], 1e-13, metric.name);
      compared++;
    }
    expect(compared).toBeGreaterThanOrEqual(3);
    if (metrics !== classification) return;
    const predicted = classesOf(outputs, examples);
    expect(confusionOf(targets, predicted, Math.max(2, width))).toEqual(expected.confusion);
  });

  test('have the values one finds by hand', () => {
    const scores = Float64Array.of(-1, 0.2, 0.2, 3);
    // Of the four pairs three are in order and one is tied.
    expect(auc.evaluate(scores, [0, 0, 1, 1], 4)).toBe(3.5 / 4);
    expect(auc.evaluate(scores, [1, 1, 0, 0], 4)).toBe(0.5 / 4);
    expect(auc.evaluate(new Float64Array(4), [1, 0, 0, 0], 4)).toBe(0.5);
    // Rows instead of indices.
    expect(auc.evaluate(scores, [1, 0, 1, 0, 0, 1, 0, 1], 4)).toBe(3.5 / 4);
    // Two right of three predicted and four actual ones: 2 · 2 / (3 + 4).
    const guesses = Float64Array.of(1, 1, 1, -1, -1);
    expect(f1().evaluate(guesses, [1, 1, 0, 1, 1], 5)).toBeCloseTo(4 / 7, 15);
    expect(f1().evaluate(Float64Array.of(-1, -1), [1, 1], 2)).toBe(0);
    expect(f1('micro').evaluate(guesses, [1, 1, 0, 1, 1], 5)).toBe(2 / 5);
    expect(rSquared.evaluate(Float64Array.of(2, 2, 2), [1, 2, 3], 3)).toBe(0);
    expect(meanAbsoluteError.evaluate(Float64Array.of(1, 2), [0, 4], 2)).toBe(1.5);
  });

  test('take targets that are all equal, and -1 and 1 for the two classes of one output', () => {
    expect(rSquared.evaluate(Float64Array.of(0.2, 0.2, 0.2), [0.1, 0.1, 0.1], 3)).toBe(0);
    expect(rSquared.evaluate(Float64Array.of(0.1, 0.1, 0.1), [0.1, 0.1, 0.1], 3)).toBe(1);
    const scores = Float64Array.of(-2, -1, 1, 2);
    const signed = [-1, 1, -1, 1];
    for (const metric of classification)
      expect(metric.evaluate(scores, signed, 4)).toBe(metric.evaluate(scores, [0, 1, 0, 1], 4));
  });

  test('refuse what they cannot measure', () => {
    const refused = (work: () => unknown): string => {
      try {
        work();
      } catch (error) {
        expect(error).toBeInstanceOf(KetworkError);
        return `${(error as Error).name}: ${(error as Error).message}`;
      }
      return 'nothing was thrown';
    };
    expect([
      refused(() => auc.evaluate(Float64Array.of(1, 2), [1, 1], 2)),
      refused(() => auc.evaluate(Float64Array.of(1, NaN), [1, 0], 2)),
      refused(() => f1().evaluate(new Float64Array(6), [1, 0], 2)),
      refused(() => f1('macro').evaluate(new Float64Array(4), [1, 2], 2)),
      refused(() => f1('mean' as 'macro')),
      refused(() => rSquared.evaluate(Float64Array.of(1), [1], 1)),
      refused(() => rSquared.evaluate(Float64Array.of(1, 2), [1], 1)),
      refused(() => confusionOf([0, 1], [0], 2)),
      refused(() => confusionOf([0, 0.5], [0, 0], 2)),
      refused(() => accuracy.evaluate(new Float64Array(3), [1, 0], 2)),
    ]).toMatchInlineSnapshot(`
      [
        "ValueError: rocAuc: all labels are of one class. Labels above 0 are the positive class, all others the negative one",
        "ValueError: rocAuc: score 1 is NaN",
        "ValueError: f1: there are 3 classes. Use f1('macro') or f1('micro')",
        "ValueError: confusionOf: example 1 is of class 2 and predicted as 0, which are not integers from 0 to 1",
        "ValueError: f1: 'mean' is not an average. Use binary, macro or micro",
        "ValueError: rSquared: one example has no variance to explain",
        "ValueError: rSquared: 2 outputs for 1 targets. Use accuracy for class labels",
        "ValueError: confusionOf: 2 true classes for 1 predicted ones",
        "ValueError: confusionOf: example 1 is of class 0.5 and predicted as 0, which are not integers from 0 to 1",
        "ValueError: 3 outputs are not rows of 2 examples",
      ]
    `);
  });
});

describe('metrics over all examples', () => {
  const data = clouds(45, 4);

  test('do not depend on the batches', async () => {
    const model = sequential(dense(2, 2));
    model.build(3);
    const metrics = [auc, f1('macro'), accuracy];
    const outputs = await predict(model, data.inputs);
    const expected = metrics.map(({ evaluate: of }) => of(outputs, data.labels, 45));
    for (const batchSize of [1, 7, 45]) {
      const result = await evaluate(model, data, { loss: crossEntropy, metrics, batchSize });
      expectClose(Object.values(result.metrics), expected, 1e-15);
    }
  });

  test('are measured at the end of an epoch of training, the others after every step', async () => {
    const targets = { inputs: data.inputs, labels: Array.from(data.labels, (v) => 2 * v - 1) };
    const seen: string[][] = [];
    const metrics = [rSquared, meanSquaredError];
    const run = fit(sequential(dense(2, 1)), targets, {
      loss: mse,
      metrics,
      optimizer: adam(0),
      epochs: 2,
      batchSize: 20,
      seed: 1,
    });
    for await (const step of run) seen.push(Object.keys(step.metrics));
    const epoch = [['mse'], ['mse'], ['rSquared', 'mse']];
    expect(seen).toEqual([...epoch, ...epoch]);
    const model = sequential(dense(2, 1));
    model.build(1);
    // With a rate of 0 the outputs are those of the model throughout.
    const { metrics: expected } = await evaluate(model, targets, { loss: mse, metrics });
    const [first] = (await run).history;
    expectClose(Object.values(first!.metrics), Object.values(expected), 1e-13);
  });
});
