import { FormatError, UnsupportedError, ValueError } from '@ketwork/base';
import { adam, adamw, lossNamed, optimizerFromJSON, rmsprop, schedules, sgd } from '@ketwork/nn';
import { crossEntropy, hinge } from '@ketwork/nn';
import type { Optimizer } from '@ketwork/nn';
import { describe, expect, test } from 'vitest';

const { cosine, constant, exponential, linear, oneCycle, stepwise, warmup } = schedules;

/** Two steps of one number, with rates of two far steps. */
function trace(optimizer: Optimizer): readonly number[] {
  const p = [{ name: 'p', shape: [1], data: Float64Array.of(0.7) }];
  const state = optimizer.init(p);
  optimizer.step(p, [[0.3]], state);
  optimizer.step(p, [[-0.2]], state);
  const rates = [7, 50].map((step) => optimizer.rate!({ ...state, step }));
  return [p[0]!.data[0]!, ...rates];
}

describe('optimizerFromJSON', () => {
  test.each([
    sgd(0.1),
    sgd(0.1, { momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
    rmsprop(0.01, { alpha: 0.9, eps: 1e-6 }),
    adam(constant(0.3), { beta1: 0.8 }),
    adamw(cosine(0.1, { steps: 40, minimum: 0.02 })),
    adam(exponential(0.1, { factor: 0.5, steps: 3 })),
    adam(linear(0.1, { steps: 40, end: 0.01 })),
    adam(oneCycle(0.1, { steps: 40, rise: 0.4 })),
    adam(stepwise(0.1, { every: 3, factor: 0.1 })),
    sgd(warmup(cosine(0.1, { steps: 90 }), { steps: 10, start: 0.1 })),
  ])('makes the same optimiser again ($name, $settings)', (optimizer) => {
    const text = JSON.stringify(optimizer);
    for (const given of [text, JSON.parse(text) as unknown, optimizer]) {
      const again = optimizerFromJSON(given);
      expect(JSON.stringify(again)).toBe(text);
      expect(trace(again)).toEqual(trace(optimizer));
    }
  });

  test.each([
    ['{', FormatError, 'the text is not JSON'],
    [[], FormatError, 'an optimiser is not an object with a name and settings'],
    [
      { name: 'adan', settings: {} },
      UnsupportedError,
      "no optimiser 'adan' (did you mean 'adam'?)",
    ],
    [{ name: 'toString', settings: {} }, UnsupportedError, "no optimiser 'toString'"],
    [sgd((step) => 1 / step), FormatError, 'sgd: the learning rate is missing'],
    [{ name: 'sgd', settings: { learningRate: -1 } }, ValueError, 'the learning rate is -1'],
    [
      { name: 'sgd', settings: { learningRate: '1' } },
      FormatError,
      'neither a number nor a schedule',
    ],
    [
      { name: 'sgd', settings: { learningRate: 1, momentum: '0.9' } },
      FormatError,
      'sgd: momentum is a string, not a number',
    ],
    [
      { name: 'sgd', settings: { learningRate: 1, momentun: 0.9 } },
      FormatError,
      "sgd has no setting 'momentun'",
    ],
    [
      { name: 'sgd', settings: { learningRate: { name: 'sine' } } },
      UnsupportedError,
      "no schedule 'sine'",
    ],
    [
      { name: 'sgd', settings: { learningRate: { name: 'cosine', rate: 1 } } },
      ValueError,
      'schedules.cosine: steps is undefined',
    ],
    [
      { name: 'sgd', settings: { learningRate: { name: 'cosine', rate: 1, steps: 9, end: 1 } } },
      FormatError,
      "schedules.cosine has no setting 'end'",
    ],
  ])('refuses %o', (given, type, message) => {
    expect(() => optimizerFromJSON(given)).toThrow(type);
    expect(() => optimizerFromJSON(given)).toThrow(message);
  });

  test('refuses a schedule without an end', () => {
    let rate: object = { name: 'constant', rate: 1 };
    for (let i = 0; i < 20; i++) rate = { name: 'warmup', steps: 1, start: 0, next: rate };
    const given = { name: 'sgd', settings: { learningRate: rate } };
    expect(() => optimizerFromJSON(given)).toThrow('neither a number nor a schedule');
  });
});

test('lossNamed finds the losses of this package', () => {
  expect([lossNamed('crossEntropy'), lossNamed('hinge'), lossNamed('own')]).toEqual([
    crossEntropy,
    hinge,
    undefined,
  ]);
});
