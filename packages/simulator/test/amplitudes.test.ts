import { ValueError } from '@ketwork/base';
import { describe, expect, it } from 'vitest';
import { complexAmplitudes, ket } from '../src/index.ts';

describe('complexAmplitudes', () => {
  it('reads one state, or one of a batch', () => {
    expect(complexAmplitudes([1, 2, 3, 4]).map(String)).toEqual(['1 + 2i', '3 + 4i']);
    const batch = [1, 0, 0, 0, 0, 0, 0, 1];
    expect(complexAmplitudes(batch, { qubits: 1, example: 1 }).map(String)).toEqual(['0', 'i']);
  });

  it('refuses what is no state', () => {
    expect(() => complexAmplitudes([1, 2, 3])).toThrow(ValueError);
    expect(() =>
      complexAmplitudes([1, 2, 3, 4], { qubits: 1, example: 3 }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: there is no example 3 in a batch of 1. Use 0 to 0]`,
    );
  });
});

describe('ket', () => {
  it('leaves out what is too small to show', () => {
    expect(ket([Math.SQRT1_2, 0, 1e-9, 0, 0, 0, 0, -Math.SQRT1_2])).toBe(
      '0.7071|00⟩ - 0.7071i|11⟩',
    );
    expect(ket([0.6, 0.8, 0, 0], { digits: 1 })).toBe('(0.6 + 0.8i)|0⟩');
    expect(ket([0, 0, 0, 0])).toBe('0');
  });
});
