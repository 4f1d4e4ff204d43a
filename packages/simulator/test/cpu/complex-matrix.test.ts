import { Random, randomUnitary } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import {
  cleaned,
  product,
  productBefore,
  productBehind,
  spreadOver,
} from '../../src/cpu/complex-matrix.ts';

describe('products with a matrix on one of two qubits', () => {
  it.each([false, true])('have the bits of a product of 4 × 4 matrices (second: %s)', (second) => {
    const random = new Random(7);
    for (let i = 0; i < 20; i++) {
      const matrix = randomUnitary(random, 4);
      const part = randomUnitary(random, 2);
      const spread = spreadOver([0, 1], part, [second ? 1 : 0], []);
      expect(productBehind(matrix, part, second)).toEqual(product(spread, matrix));
      expect(productBefore(matrix, part, second)).toEqual(product(matrix, spread));
    }
  });
});

it('sets numbers within rounding of usual ones to these', () => {
  const close = [1e-16, -1 + 2e-16, Math.SQRT1_2 + 2e-16, -0.5 - 1e-16, 0.3, 1.5, 1e-14];
  expect(cleaned(close)).toEqual([0, -1, Math.SQRT1_2, -0.5, 0.3, 1.5, 1e-14]);
});
