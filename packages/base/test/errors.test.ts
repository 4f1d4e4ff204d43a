import { describe, expect, it } from 'vitest';
import {
  CircuitError,
  EnvironmentError,
  FormatError,
  KetworkError,
  UnsupportedError,
  ValueError,
} from '../src/index.ts';

const classes = [
  [CircuitError, 'CircuitError', 'CIRCUIT'],
  [ValueError, 'ValueError', 'VALUE'],
  [UnsupportedError, 'UnsupportedError', 'UNSUPPORTED'],
  [FormatError, 'FormatError', 'FORMAT'],
  [EnvironmentError, 'EnvironmentError', 'ENVIRONMENT'],
] as const;

describe('errors', () => {
  it.each(classes)('%o carries name and code', (Class, name, code) => {
    const error = new Class('it broke');
    expect(error).toBeInstanceOf(Class);
    expect(error).toBeInstanceOf(KetworkError);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe(name);
    expect(error.code).toBe(code);
    expect(error.message).toBe('it broke');
    expect(error.operation).toBeUndefined();
    expect(error.remedy).toBeUndefined();
    expect('cause' in error).toBe(false);
    for (const [Other] of classes) expect(error instanceof Other).toBe(Other === Class);
  });

  it('say where, what and what to do', () => {
    const cause = new Error('deeper');
    const error = new CircuitError('qubit 5 is out of range', {
      operation: 0,
      remedy: 'Use qubits 0 to 3',
      cause,
    });
    expect(error.message).toBe('operation 0: qubit 5 is out of range. Use qubits 0 to 3');
    expect(error.operation).toBe(0);
    expect(error.remedy).toBe('Use qubits 0 to 3');
    expect(error.cause).toBe(cause);
    expect(new ValueError('x', { remedy: 'Do y' }).message).toBe('x. Do y');
    expect(new ValueError('x', { operation: 3 }).message).toBe('operation 3: x');
  });

  it('can be thrown with a code of their own', () => {
    expect(new KetworkError('MINE', 'oh').code).toBe('MINE');
    expect(new KetworkError('MINE', 'oh').name).toBe('KetworkError');
  });
});
