import { ValueError } from '@ketwork/base';
import { epsilonSpent, pldAccountant, rdpAccountant } from '@ketwork/training';
import { expect, test } from 'vitest';

const steps = [
  { noiseMultiplier: 1.1, sampleRate: 0.1, steps: 20 },
  { noiseMultiplier: 2, sampleRate: 1, steps: 3 },
];

test('epsilonSpent asks the accountant, once', () => {
  for (const delta of [1e-3, 1e-5]) {
    expect(epsilonSpent('pld', steps, delta)).toBe(pldAccountant(steps).epsilon(delta));
    expect(epsilonSpent('rdp', steps, delta)).toBe(rdpAccountant(steps).epsilon(delta));
  }
  const fewer = [steps[0]!];
  expect(epsilonSpent('pld', fewer, 1e-3)).toBe(pldAccountant(fewer).epsilon(1e-3));
  const started = performance.now();
  for (let i = 0; i < 1000; i++) epsilonSpent('pld', steps, 1e-3);
  // A thousand answers from memory; computed they would take seconds.
  expect(performance.now() - started).toBeLessThan(500);
});

test('epsilonSpent knows no steps and no noise', () => {
  expect(epsilonSpent('pld', [], 1e-3)).toBe(0);
  expect(epsilonSpent('rdp', [{ ...steps[0]!, noiseMultiplier: 0 }], 1e-3)).toBe(Infinity);
  expect(() => epsilonSpent('pld', steps, 0)).toThrow(ValueError);
  expect(() => epsilonSpent('pld', [{ ...steps[0]!, steps: 0 }], 0.1)).toThrow('steps is 0');
});
