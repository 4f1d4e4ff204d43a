import { ridgeRegression } from '@ketwork/training';
import { Random, expectClose } from '@ketwork/testing';
import { expect, test } from 'vitest';
import reference from './data/ridge.json' with { type: 'json' };

test.each(['0', '0.3'] as const)('agrees with least squares, lambda %s', (text) => {
  const model = ridgeRegression(reference.features, reference.targets, {
    lambda: Number(text),
    outputs: 2,
  });
  expectClose(model.weights, reference.lambdas[text].weights, 1e-12, 'weights');
  expectClose(model.bias, reference.lambdas[text].bias, 1e-12, 'bias');
  const [a, b, c] = reference.features.slice(3, 6);
  const expected = [0, 1].map(
    (o) =>
      model.bias[o]! +
      a! * model.weights[o]! +
      b! * model.weights[2 + o]! +
      c! * model.weights[4 + o]!,
  );
  expectClose(model.predict([a!, b!, c!]), expected, 1e-14);
});

test('a small penalty finds a plane through nearly dependent features', () => {
  const random = new Random(2);
  const features = Array.from({ length: 40 }, () => {
    const a = random.normal();
    return [a, a + 1e-4 * random.normal()];
  });
  const targets = features.map(([a, b]) => 3 * a! - 2 * b! + 0.5);
  const model = ridgeRegression(features.flat(), targets, { lambda: 1e-16 });
  expectClose(model.weights, [3, -2], 1e-6);
  expectClose(model.predict(features.flat()), targets, 1e-9);
});

test('more features than examples, and constant features, are fine with a penalty', () => {
  const model = ridgeRegression([1, 2, 3, 1, 0, 5], [4, 6], { lambda: 1e-6 });
  expectClose(model.predict([1, 2, 3, 1, 0, 5]), [4, 6], 1e-5);
  expect(model.weights[0]).toBeCloseTo(0, 15);
});

test('what does not fit is refused', () => {
  expect(() => ridgeRegression([1, 2, 3], [1, 2])).toThrowErrorMatchingInlineSnapshot(
    `[ValueError: ridgeRegression: 3 features and 2 targets do not make examples with 1 targets each. Give features [examples, features] and targets [examples, outputs]]`,
  );
  expect(() => ridgeRegression([], [])).toThrowErrorMatchingInlineSnapshot(
    `[ValueError: ridgeRegression: 0 features and 0 targets do not make examples with 1 targets each. Give features [examples, features] and targets [examples, outputs]]`,
  );
  expect(() => ridgeRegression([1, NaN], [1, 2])).toThrowErrorMatchingInlineSnapshot(
    `[ValueError: ridgeRegression: the features of example 1 hold NaN]`,
  );
  expect(() => ridgeRegression([1, 2], [1, Infinity])).toThrowErrorMatchingInlineSnapshot(
    `[ValueError: ridgeRegression: the targets of example 1 hold Infinity]`,
  );
  expect(() => ridgeRegression([1], [1], { lambda: -1 })).toThrowErrorMatchingInlineSnapshot(
    `[ValueError: ridgeRegression: lambda -1 is not a number of at least 0]`,
  );
  expect(() => ridgeRegression([1], [1], { outputs: 0 })).toThrowErrorMatchingInlineSnapshot(
    `[ValueError: ridgeRegression: 0 outputs are not a positive integer]`,
  );
  expect(() =>
    ridgeRegression([1, 1, 2, 2, 3, 3], [1, 2, 4], { lambda: 0 }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[ValueError: ridgeRegression: 2 features of 3 examples are linearly dependent, so there is no one solution without a penalty. Give a lambda above 0, such as 1e-6]`,
  );
  expect(() => ridgeRegression([1, 2], [1], { lambda: 0 })).toThrowErrorMatchingInlineSnapshot(
    `[ValueError: ridgeRegression: 2 features of 1 examples are linearly dependent, so there is no one solution without a penalty. Give a lambda above 0, such as 1e-6]`,
  );
  expect(() => ridgeRegression([1, 2], [1, 3]).predict([])).not.toThrow();
  expect(() =>
    ridgeRegression([1, 2, 2, 1], [1, 3]).predict([1]),
  ).toThrowErrorMatchingInlineSnapshot(
    `[ValueError: ridgeRegression: 1 numbers are not examples of 2 features]`,
  );
});
