import { ValueError } from '@ketwork/base';
import { adam, adamw, rmsprop, sgd } from '@ketwork/nn';
import type { Optimizer, Parameter } from '@ketwork/nn';
import { expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { random } from './check.ts';

const steps = 6;

/** Where one number goes when it is driven by the given gradients. */
function path(
  optimizer: Optimizer,
  start: number,
  gradients: (p: number, step: number) => number,
): number[] {
  const parameters = [{ name: 'p', shape: [1], data: Float64Array.of(start) }];
  const state = optimizer.init(parameters);
  return Array.from({ length: steps }, (_, step) => {
    optimizer.step(parameters, [[gradients(parameters[0]!.data[0]!, step)]], state);
    return parameters[0]!.data[0]!;
  });
}

const pull = random(3, steps);
const gradient = (p: number, step: number): number => 2 * p + pull[step]!;

describe('sgd', () => {
  it.each([
    [0, false, 0],
    [0.9, false, 0],
    [0.9, true, 0],
    [0.5, true, 0.1],
  ])(
    'follows its definition: momentum %d, Nesterov %s, decay %d',
    (momentum, nesterov, weightDecay) => {
      let p = 1.5;
      let v = 0;
      const expected = pull.map((_, step) => {
        const g = gradient(p, step) + weightDecay * p;
        v = step === 0 ? g : momentum * v + g;
        p -= 0.1 * (nesterov ? g + momentum * v : v);
        return p;
      });
      expectClose(
        path(sgd(0.1, { momentum, nesterov, weightDecay }), 1.5, gradient),
        expected,
        1e-15,
      );
    },
  );

  it('keeps state only for momentum', () => {
    const p: Parameter[] = [{ name: 'p', shape: [2], data: new Float64Array(2) }];
    expect(sgd(0.1).init(p)).toEqual({ step: 0, slots: {} });
    expect(sgd(0.1, { momentum: 0.9 }).init(p)).toEqual({
      step: 0,
      slots: { momentum: [new Float64Array(2)] },
    });
  });
});

describe('rmsprop', () => {
  it('follows its definition', () => {
    let p = 1.5;
    let s = 0;
    const expected = pull.map((_, step) => {
      const g = gradient(p, step) + 0.01 * p;
      s = 0.9 * s + 0.1 * g ** 2;
      p -= (0.05 * g) / (Math.sqrt(s) + 1e-4);
      return p;
    });
    expectClose(
      path(rmsprop(0.05, { alpha: 0.9, eps: 1e-4, weightDecay: 0.01 }), 1.5, gradient),
      expected,
      1e-14,
    );
  });

  it('takes a first step of lr / √(1 - alpha) by default', () => {
    expect(path(rmsprop(0.01), 1, () => 5)[0]).toBeCloseTo(1 - 0.1, 8);
  });
});

describe('adam', () => {
  it('follows its definition (Algorithm 1 of the paper)', () => {
    let p = 1.5;
    let m = 0;
    let v = 0;
    const expected = pull.map((_, i) => {
      const t = i + 1;
      const g = gradient(p, i) + 0.02 * p;
      m = 0.8 * m + 0.2 * g;
      v = 0.95 * v + 0.05 * g * g;
      const mHat = m / (1 - 0.8 ** t);
      const vHat = v / (1 - 0.95 ** t);
      p -= (0.03 * mHat) / (Math.sqrt(vHat) + 1e-3);
      return p;
    });
    const optimizer = adam(0.03, { beta1: 0.8, beta2: 0.95, eps: 1e-3, weightDecay: 0.02 });
    expectClose(path(optimizer, 1.5, gradient), expected, 1e-14);
  });

  it('takes a first step of lr whatever the gradient', () => {
    expect(path(adam(0.01), 1, () => 1e-3)[0]).toBeCloseTo(0.99, 6);
    expect(path(adam(0.01), 1, () => -1e3)[0]).toBeCloseTo(1.01, 6);
  });
});

describe('adamw', () => {
  it('follows its definition: the decay is not part of the gradient', () => {
    let p = 1.5;
    let m = 0;
    let v = 0;
    const expected = pull.map((_, step) => {
      const g = gradient(p, step);
      m = 0.8 * m + 0.2 * g;
      v = 0.9 * v + 0.1 * g ** 2;
      p -= 0.05 * 0.3 * p;
      p -= (0.05 * (m / (1 - 0.8 ** (step + 1)))) / (Math.sqrt(v / (1 - 0.9 ** (step + 1))) + 1e-4);
      return p;
    });
    const settings = { beta1: 0.8, beta2: 0.9, eps: 1e-4, weightDecay: 0.3 };
    expectClose(path(adamw(0.05, settings), 1.5, gradient), expected, 1e-14);
    expect(adamw(0.05).settings['weightDecay']).toBe(0.01);
    expect(path(adamw(0.05, { weightDecay: 0 }), 1.5, gradient)).toEqual(
      path(adam(0.05), 1.5, gradient),
    );
  });
});

describe('every optimiser', () => {
  const all = [sgd(0.05, { momentum: 0.9 }), rmsprop(0.05), adam(0.05)];

  it.each(all)('$name goes on from a saved state as if it had not stopped', (optimizer) => {
    const straight: Parameter[] = [{ name: 'p', shape: [2], data: Float64Array.of(1, -1) }];
    const state = optimizer.init(straight);
    const go = (parameters: Parameter[], own: typeof state, step: number): void =>
      optimizer.step(parameters, [parameters[0]!.data.map((v) => v + pull[step]!)], own);
    for (let i = 0; i < 3; i++) go(straight, state, i);
    const resumed = structuredClone(straight);
    const copy = structuredClone(state);
    for (let i = 3; i < 6; i++) {
      go(straight, state, i);
      go(resumed, copy, i);
    }
    expect(resumed).toEqual(straight);
    expect(copy).toEqual(state);
    expect(state.step).toBe(6);
  });

  it.each(all)(
    '$name refuses gradients and states that do not fit, and changes nothing',
    (optimizer) => {
      const p: Parameter[] = [
        { name: 'a', shape: [1], data: Float64Array.of(1) },
        { name: 'b', shape: [2], data: Float64Array.of(1, 2) },
      ];
      const state = optimizer.init(p);
      expect(() => optimizer.step(p, [[1]], state)).toThrow(ValueError);
      expect(() => optimizer.step(p, [[1], [1]], state)).toThrow(ValueError);
      expect(() => optimizer.step(p, [[1], [1, 1]], { step: 0, slots: {} })).toThrow(ValueError);
      expect(() => optimizer.step(p, [[1], [1, 1]], { ...state, step: -1 })).toThrow(ValueError);
      expect(p.map((own) => [...own.data])).toEqual([[1], [1, 2]]);
      expect(state).toEqual(optimizer.init(p));
    },
  );

  it('takes a schedule of learning rates', () => {
    const moved = path(
      sgd((step) => 0.1 / (step + 1)),
      0,
      () => -1,
    );
    expectClose(moved.slice(0, 3), [0.1, 0.15, 0.15 + 0.1 / 3], 1e-15);
  });

  it('refuses settings out of range', () => {
    expect(() => sgd(-1)).toThrow(ValueError);
    expect(() => sgd(0.1, { momentum: 1 })).toThrow(ValueError);
    expect(() => sgd(0.1, { nesterov: true })).toThrow(ValueError);
    expect(() => rmsprop(0.1, { alpha: 1 })).toThrow(ValueError);
    expect(() => adam(0.1, { beta2: 1 })).toThrow(ValueError);
    expect(() => adam(0.1, { eps: NaN })).toThrow(ValueError);
    expect(() => adam(NaN)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: adam: the learning rate is NaN, not a finite number of at least 0]`,
    );
    expect(() =>
      path(
        sgd(() => NaN),
        0,
        () => 1,
      ),
    ).toThrow(ValueError);
  });

  it('describes its settings', () => {
    expect(adam(0.01).settings).toEqual({
      learningRate: 0.01,
      beta1: 0.9,
      beta2: 0.999,
      eps: 1e-8,
      weightDecay: 0,
    });
    expect(rmsprop(0.01).settings).toEqual({
      learningRate: 0.01,
      alpha: 0.99,
      eps: 1e-8,
      weightDecay: 0,
    });
  });
});
