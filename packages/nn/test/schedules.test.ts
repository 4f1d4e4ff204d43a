import { KetworkError } from '@ketwork/base';
import { adam, adamw, schedules } from '@ketwork/nn';
import { expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';

const { constant, cosine, exponential, linear, oneCycle, stepwise, warmup } = schedules;

describe('schedules', () => {
  it('follow their formulas', () => {
    const at = (schedule: (step: number) => number, ...steps: number[]): number[] =>
      steps.map((step) => schedule(step));
    expectClose(at(constant(0.3), 0, 100), [0.3, 0.3], 0);
    expectClose(at(exponential(2, { factor: 0.5 }), 0, 1, 3), [2, 1, 0.25], 1e-15);
    expectClose(at(exponential(2, { factor: 0.25, steps: 4 }), 2, 4), [1, 0.5], 1e-15);
    expectClose(at(stepwise(1, { every: 3, factor: 0.1 }), 0, 2, 3, 6), [1, 1, 0.1, 0.01], 1e-15);
    expectClose(at(linear(1, { steps: 4, end: 0.2 }), 0, 1, 4, 9), [1, 0.8, 0.2, 0.2], 1e-15);
    // minimum + (rate - minimum) (1 + cos(π step / steps)) / 2
    expectClose(
      at(cosine(1, { steps: 6, minimum: 0.4 }), 0, 2, 3, 6, 7),
      [1, 0.85, 0.7, 0.4, 0.4],
      1e-15,
    );
    expectClose(
      at(warmup(cosine(1, { steps: 4 }), { steps: 4, start: 0.2 }), 0, 1, 2, 4, 6, 8),
      [0.2, 0.4, 0.6, 1, 0.5, 0],
      1e-15,
    );
    // Up in steps 0 to 2, down in steps 2 to 9.
    expectClose(
      at(oneCycle(1, { steps: 10, divide: 10, finalDivide: 100 }), 0, 1, 2, 9, 50),
      [0.1, 0.55, 1, 0.001, 0.001],
      1e-15,
    );
    const half = (0.001 + 1) / 2;
    const cycle = oneCycle(1, { steps: 10, divide: 10, finalDivide: 100 });
    expectClose([(cycle(5) + cycle(6)) / 2], [half], 1e-15);
  });

  it('are part of the settings of an optimiser, as plain data', () => {
    const rate = warmup(constant(0.1), { steps: 3 });
    expect(rate.settings).toEqual({
      name: 'warmup',
      steps: 3,
      start: 0,
      next: { name: 'constant', rate: 0.1 },
    });
    expect(adam(rate).settings['learningRate']).toBe(rate.settings);
    expect(adam((step) => step).settings).not.toHaveProperty('learningRate');
    const state = { ...adamw(rate).init([]), step: 2, rateScale: 0.5 };
    expectClose([adamw(rate).rate!(state)], [0.1 / 3], 1e-16);
  });

  it('refuse settings out of range', () => {
    const bad: readonly (() => unknown)[] = [
      () => constant(-1),
      () => constant(Infinity),
      () => exponential(1, { factor: 0 }),
      () => exponential(1, { factor: 1, steps: 0 }),
      () => stepwise(1, { every: 1.5, factor: 1 }),
      () => stepwise(NaN, { every: 1, factor: 1 }),
      () => cosine(1, { steps: -1 }),
      () => cosine(1, { steps: 1, minimum: -1 }),
      () => linear(1, { steps: 2, end: NaN }),
      () => warmup(constant(1), { steps: 0 }),
      () => warmup(constant(1), { steps: 1, start: 2 }),
      () => oneCycle(1, { steps: 3 }),
      () => oneCycle(1, { steps: 10, rise: 1 }),
      () => oneCycle(1, { steps: 10, divide: 0 }),
    ];
    for (const make of bad) expect(make, String(make)).toThrow(KetworkError);
  });
});
