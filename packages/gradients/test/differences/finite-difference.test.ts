import { circuit, expval, input, weight, X, Z } from '@ketwork/circuit';
import { differentiate } from '@ketwork/gradients';
import { cpu, reference } from '@ketwork/simulator';
import { expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { stencil } from '../../src/differences/stencil.ts';

const model = circuit(2, { x: input([2]), w: weight([2]) }, (q, { x, w }) =>
  q.rx(x.at(0), 0).ry(x.at(1), 1).crx(w.at(0), 0, 1).ry(w.at(1).times(3), 0),
);
const values = { x: [0.4, 1.1, -0.7, 0.2], w: [0.9, -1.3] };
const m = expval(Z(0), X(1));
const exact = reference().compile(model, m).jacobian(values);

describe('stencils', () => {
  test('have the known weights', () => {
    const close = (list: { offset: number; weight: number }[]): unknown =>
      list.map(({ offset, weight: w }) => [offset, Math.round(w * 1e12) / 1e12]);
    expect(close(stencil('central', 2))).toEqual([
      [-1, -0.5],
      [1, 0.5],
    ]);
    expect(close(stencil('forward', 1))).toEqual([
      [0, -1],
      [1, 1],
    ]);
    expect(close(stencil('forward', 2))).toEqual([
      [0, -1.5],
      [1, 2],
      [2, -0.5],
    ]);
    expect(close(stencil('backward', 2))).toEqual([
      [0, 1.5],
      [-1, -2],
      [-2, 0.5],
    ]);
    const fourth = [1 / 12, -2 / 3, 2 / 3, -1 / 12].map((w) => Math.round(w * 1e12) / 1e12);
    expect(close(stencil('central', 4))).toEqual([-2, -1, 1, 2].map((o, i) => [o, fourth[i]]));
  });

  test.each([
    ['central', 2],
    ['central', 8],
    ['forward', 5],
    ['backward', 3],
  ] as const)('%s of order %i is exact for polynomials of that degree', (difference, order) => {
    const list = stencil(difference, order);
    for (let power = 0; power <= order; power++) {
      const slope = list.reduce((sum, { offset, weight: w }) => sum + w * offset ** power, 0);
      expect(slope).toBeCloseTo(power === 1 ? 1 : 0, 8);
    }
  });
});

describe.each([reference(), await cpu()])('on $name', (engine) => {
  test.each([
    ['central', 2, 1e-9],
    ['central', 4, 1e-10],
    ['central', 6, 1e-11],
    ['forward', 1, 1e-6],
    ['forward', 3, 1e-9],
    ['backward', 2, 1e-8],
  ] as const)('%s differences of order %i', (difference, order, tolerance) => {
    const program = differentiate(engine, model, m, {
      method: 'finite-difference',
      difference,
      order,
    });
    const found = program.jacobian(values);
    expectClose(found.x, exact.x, tolerance, 'x');
    expectClose(found.w, exact.w, tolerance, 'w');
  });

  test('errors fall with the order of the step', () => {
    const error = (order: number, step: number): number => {
      const program = differentiate(engine, model, m, { method: 'finite-difference', order, step });
      return Math.max(...program.jacobian(values).w.map((x, i) => Math.abs(x - exact.w[i]!)));
    };
    for (const order of [2, 4]) {
      const ratio = error(order, 0.1) / error(order, 0.05);
      expect(ratio).toBeGreaterThan(0.8 * 2 ** order);
      expect(ratio).toBeLessThan(1.25 * 2 ** order);
    }
  });
});

test('one-sided differences share the run that changes nothing', () => {
  const runs = (difference: 'central' | 'forward'): unknown =>
    differentiate(reference(), model, m, { method: 'finite-difference', difference }).explain()
      .details['evaluations'];
  expect(runs('central')).toBe(8);
  expect(runs('forward')).toBe(5);
});

test('options that cannot be are refused', () => {
  const made = (options: Parameters<typeof differentiate>[3]) => () =>
    differentiate(reference(), model, m, { method: 'finite-difference', ...options });
  expect(made({ order: 3 })).toThrow('order is 3 for central differences');
  expect(made({ order: 9, difference: 'forward' })).toThrow('Give a whole number from 1 to 8');
  expect(made({ difference: 'left' as 'forward' })).toThrow("difference is 'left'");
  expect(made({ samples: 0 })).toThrow('samples is 0');
  expect(made({ allocation: 'even' as 'uniform' })).toThrow("allocation is 'even'");
});
