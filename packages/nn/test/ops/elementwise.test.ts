import { ops } from '@ketwork/nn';
import { describe, expect, it } from 'vitest';
import { checkOperation, evaluate, random } from '../check.ts';

const positive = random(3, 12).map((v) => Math.abs(v) + 0.5);

describe('element by element', () => {
  it.each(['tanh', 'sigmoid', 'relu', 'gelu', 'exp', 'atan'] as const)(
    '%s has the right gradient',
    (name) => {
      checkOperation(3, [{ shape: [2, 2], axis: 'batch' }], (x) => ops[name](x));
      checkOperation(3, [{ shape: [4], axis: 'shared' }], (x) => ops[name](x));
    },
  );

  it('log has the right gradient', () => {
    checkOperation(3, [{ shape: [4], axis: 'batch', data: positive }], (x) => ops.log(x));
  });

  const at = (name: 'tanh' | 'sigmoid' | 'relu' | 'gelu', ...values: number[]): number[] => {
    const inputs = [{ shape: [values.length], axis: 'batch' as const }];
    return [...evaluate(1, inputs, [Float64Array.from(values)], (x) => ops[name](x))];
  };

  it('sigmoid does not overflow at either end', () => {
    expect(at('sigmoid', -1000, 0, 1000)).toEqual([0, 0.5, 1]);
    expect(at('sigmoid', -700)[0]).toBeGreaterThan(0);
  });

  it('relu keeps a NaN visible', () => {
    expect(at('relu', -1, 0, 2, NaN)).toEqual([0, 0, 2, NaN]);
  });

  it('gelu stays close to x Φ(x), which its tanh form approximates', () => {
    const normal = [0.15865525393145707, 0.8413447460685429, 0.9772498680518208];
    [-1, 1, 2].forEach((x, i) =>
      expect(Math.abs(at('gelu', x)[0]! - x * normal[i]!)).toBeLessThan(5e-4),
    );
  });
});
