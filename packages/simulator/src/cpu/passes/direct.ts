import { bitCount } from '../../bits.ts';
import type { ReadoutStep } from '../readout.ts';
import type { Pass } from './pass.ts';

/** Products of Z that are cheaper to sum one by one than by a Walsh–Hadamard transform over all their qubits. */
const FEW = 2;
const WIDE = 5;

/** Reads a few wide products of Z directly: a sum of signed probabilities each. */
export const readDirectly: Pass = (program) => {
  const { readout } = program;
  const steps = readout.steps.flatMap((step): ReadoutStep[] => {
    if (step.type !== 'diagonal' || step.entries.length > FEW || bitCount(step.kept) < WIDE)
      return [step];
    return step.entries.map(({ mask, weight, column }) => ({
      type: 'pauli',
      x: 0,
      z: mask,
      weight,
      column,
    }));
  });
  return { ...program, readout: { ...readout, steps } };
};
