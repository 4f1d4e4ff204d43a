import { hint } from '@ketwork/base';
import { expect, test } from 'vitest';

test('hint names the nearest name, or nothing where none is near', () => {
  const names = ['CNOT', 'CRX', 'Toffoli', 'x'];
  expect(['CNTO', 'crx', 'Tofoli', 'X'].map((name) => hint(name, names))).toEqual([
    " (did you mean 'CNOT'?)",
    " (did you mean 'CRX'?)",
    " (did you mean 'Toffoli'?)",
    " (did you mean 'x'?)",
  ]);
  expect(['v', 'measure', ''].map((name) => hint(name, names))).toEqual(['', '', '']);
  expect(hint('weights', [])).toBe('');
});
