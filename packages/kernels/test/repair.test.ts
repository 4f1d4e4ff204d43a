import { ValueError } from '@ketwork/base';
import { kernelStatistics, mitigateDepolarizing, repairKernel } from '@ketwork/kernels';
import { expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { values } from './reference.ts';

describe('repairing a matrix', () => {
  const broken = values.repair.matrix.flat();
  for (const method of ['clip', 'shift', 'flip'] as const) {
    it(`agrees with PennyLane (${method})`, () => {
      const repaired = repairKernel(broken, { method });
      expectClose(repaired, values.repair[method].flat(), 1e-10);
      for (let i = 0; i < 6; i++)
        for (let j = 0; j < i; j++) expect(repaired[i * 6 + j]).toBe(repaired[j * 6 + i]);
      expectClose(repairKernel(repaired, { method }), repaired, 1e-12);
    });
  }

  it('leaves a positive matrix as it is, and refuses one that is none', () => {
    expect([...repairKernel([1, 0.5, 0.5, 1])]).toEqual([1, 0.5, 0.5, 1]);
    expect(() => repairKernel([1, 2, 3, 1])).toThrow(/symmetric/);
    expect(() => repairKernel([1, 2, 3])).toThrow(ValueError);
    expect(() => repairKernel([1, 0, 0, 1], { method: 'sdp' as never })).toThrow(ValueError);
  });

  it('takes depolarizing noise out by the diagonal', () => {
    const gram = values.maps.iqp.gram.flat();
    const lambda = [0.1, 0.2, 0.05, 0.3, 0, 0.15];
    const noisy = gram.map((k, at) => {
      const share = (1 - lambda[Math.floor(at / 6)]!) * (1 - lambda[at % 6]!);
      return share * k + (1 - share) / 16;
    });
    expectClose(mitigateDepolarizing(noisy, { qubits: 4, method: 'split' }), gram, 1e-9);
    const uniform = gram.map((k) => 0.7 * k + 0.3 / 16);
    expectClose(mitigateDepolarizing(uniform, { qubits: 4 }), gram, 1e-9);
    expect(() => mitigateDepolarizing([0.25, 0.2, 0.2, 0.25], { qubits: 2 })).toThrow(ValueError);
    expect(() => mitigateDepolarizing([1, 0, 0, 1], { qubits: 0 })).toThrow(ValueError);
  });
});

describe('statistics of a kernel', () => {
  it('count the elements off the diagonal', () => {
    const gram = [1, 0.1, 0.2, 0.1, 1, 0.6, 0.2, 0.6, 1];
    const { pairs, mean, variance, smallest, largest } = kernelStatistics(gram);
    expect([pairs, smallest, largest]).toEqual([3, 0.1, 0.6]);
    expect(mean).toBeCloseTo(0.3, 14);
    expect(variance).toBeCloseTo((0.04 + 0.01 + 0.09) / 3, 14);
    expect(() => kernelStatistics([1])).toThrow(ValueError);
  });
});
