import { CircuitError } from '@ketwork/base';
import { counts, probabilities, samples, successProbability } from '@ketwork/circuit';
import { describe, expect, it } from 'vitest';

describe('measurements of qubits and classical bits', () => {
  it('name qubits, bits or both', () => {
    expect(probabilities()).toEqual({ type: 'probabilities' });
    expect(probabilities([2, 0])).toEqual({ type: 'probabilities', qubits: [2, 0] });
    expect(probabilities({ bits: [1] })).toEqual({ type: 'probabilities', bits: [1] });
    expect(samples(3, { qubits: [1], bits: [0, 2] })).toEqual({
      type: 'samples',
      shots: 3,
      qubits: [1],
      bits: [0, 2],
    });
    expect(counts(3, { qubits: [1] })).toEqual({ type: 'counts', shots: 3, qubits: [1] });
    expect(successProbability()).toEqual({ type: 'successProbability' });
  });

  it('are frozen, and keep no list of the caller', () => {
    const bits = [0];
    const m = probabilities({ bits });
    bits[0] = 9;
    expect(m.bits).toEqual([0]);
    expect(Object.isFrozen(m.bits)).toBe(true);
  });

  it.each([
    [() => probabilities({ bits: [] }), /at least one bit/],
    [() => probabilities({ bits: [1, 1] }), /each of them once/],
    [() => samples(1, { bits: [-1] }), /bits \[-1\]/],
    [() => counts(1, { bits: 0 as never }), /instead of a list of bits/],
    [() => counts(1, { bit: [0] } as never), /unknown option 'bit'/],
    [() => counts(1, {}), /neither qubits nor bits/],
    [() => counts(1, 3 as never), /instead of a list of qubits/],
    [() => counts(1, null as never), /instead of a list of qubits/],
    [() => counts(0, { bits: [0] }), /0 shots/],
  ])('are refused where they make no sense: %#', (make, what) => {
    expect(make).toThrow(CircuitError);
    expect(make).toThrow(what);
  });
});
