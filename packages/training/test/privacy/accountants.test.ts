import { KetworkError } from '@ketwork/base';
import { noiseMultiplierFor, pldAccountant, rdpAccountant } from '@ketwork/training';
import type { SampledGaussian } from '@ketwork/training';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { renyiDivergence } from '../../src/privacy/rdp.ts';

interface Case extends SampledGaussian {
  readonly delta: number;
  readonly googleRdp: number;
  readonly googlePld: number;
  readonly googlePldOptimistic: number;
  readonly opacusRdp: number;
  readonly opacusPrv: { readonly lower: number; readonly estimate: number; readonly upper: number };
  readonly exact?: number;
}

const file = JSON.parse(readFileSync(new URL('../data/privacy.json', import.meta.url), 'utf8')) as {
  cases: Case[];
  divergences: [number, number, number, number][];
};

const within = (value: number, target: number, share: number): void =>
  expect(Math.abs(value / target - 1)).toBeLessThan(share);

describe.each(file.cases)('q $sampleRate, σ $noiseMultiplier, $steps steps, δ $delta', (one) => {
  test('Rényi: within 1 % of dp-accounting; not above Opacus, which has fewer orders', () => {
    const epsilon = rdpAccountant(one).epsilon(one.delta);
    within(epsilon, one.googleRdp, 0.01);
    expect(epsilon).toBeLessThan(one.opacusRdp * (1 + 1e-6));
  });

  test('privacy loss: within 1 % of dp-accounting, above every lower bound, below Rényi', () => {
    const epsilon = pldAccountant(one).epsilon(one.delta);
    within(epsilon, one.googlePld, 0.01);
    expect(epsilon).toBeGreaterThanOrEqual(one.googlePldOptimistic);
    expect(epsilon).toBeGreaterThanOrEqual(one.opacusPrv.lower);
    expect(epsilon).toBeLessThan(one.opacusPrv.upper);
    expect(epsilon).toBeLessThan(rdpAccountant(one).epsilon(one.delta));
  });

  test('δ(ε) is the inverse of ε(δ)', () => {
    for (const accountant of [rdpAccountant(one), pldAccountant(one)])
      expect(accountant.delta(accountant.epsilon(one.delta)) / one.delta).toBeCloseTo(1, 6);
  });
});

test('the Gaussian mechanism without sampling: never below the closed form, and close to it', () => {
  const exact = file.cases.filter((one) => one.exact !== undefined);
  expect(exact.length).toBeGreaterThan(1);
  for (const one of exact) {
    const ratio = pldAccountant(one).epsilon(one.delta) / one.exact!;
    expect(ratio).toBeGreaterThanOrEqual(1);
    expect(ratio).toBeLessThan(1.001);
  }
});

test.each(file.divergences)(
  'Rényi divergence of q %d, σ %d at order %d',
  (q, sigma, order, value) => {
    const divergence = renyiDivergence({ sampleRate: q, noiseMultiplier: sigma, steps: 1 }, order);
    // Never below but for what the doubles of the reference round off, and at most 1e-9 above.
    expect(divergence / value).toBeGreaterThan(1 - 1e-15);
    expect(divergence / value).toBeLessThan(1 + 1e-9);
  },
);

describe('monotone', () => {
  const base = { noiseMultiplier: 1.2, sampleRate: 0.02, steps: 200 };
  const falls = (values: readonly number[]): boolean =>
    values.slice(1).every((value, i) => value < values[i]!);
  test.each([rdpAccountant, pldAccountant])('%o', (accountant) => {
    const epsilon = (changes: Partial<SampledGaussian>): number =>
      accountant({ ...base, ...changes }).epsilon(1e-5);
    expect(falls([3000, 1000, 300, 299, 298, 100, 10, 1].map((steps) => epsilon({ steps })))).toBe(
      true,
    );
    expect(
      falls([0.6, 0.8, 1, 1.01, 1.02, 2, 5].map((noiseMultiplier) => epsilon({ noiseMultiplier }))),
    ).toBe(true);
    expect(
      falls([0.5, 0.1, 0.02, 0.0199, 0.005].map((sampleRate) => epsilon({ sampleRate }))),
    ).toBe(true);
    const spent = accountant(base);
    expect(falls([1e-9, 1e-7, 1e-5, 1.1e-5, 1e-3].map((delta) => spent.epsilon(delta)))).toBe(true);
    expect(falls([0.2, 0.5, 1, 1.01, 2].map((value) => spent.delta(value)))).toBe(true);
  });
});

test('says when a δ is smaller than what is cut off or rounded, rather than too little', () => {
  const one = { noiseMultiplier: 1.1, sampleRate: 0.01, steps: 10000 };
  expect(pldAccountant(one).epsilon(1e-14)).toBe(Infinity);
  expect(pldAccountant(one).epsilon(1e-9)).toBeLessThan(rdpAccountant(one).epsilon(1e-9));
  expect(rdpAccountant(one).epsilon(1e-14)).toBeLessThan(20);
});

test('steps of different kinds add up, in any order', () => {
  const first = { noiseMultiplier: 1, sampleRate: 0.05, steps: 50 };
  const second = { noiseMultiplier: 2, sampleRate: 0.1, steps: 30 };
  for (const accountant of [rdpAccountant, pldAccountant]) {
    const both = accountant([first, second]).epsilon(1e-5);
    within(accountant([second, first]).epsilon(1e-5), both, 1e-6);
    expect(both).toBeGreaterThan(accountant(first).epsilon(1e-5));
    const halves = accountant([
      { ...first, steps: 20 },
      { ...first, steps: 30 },
    ]).epsilon(1e-5);
    within(halves, accountant(first).epsilon(1e-5), 1e-6);
  }
});

test('a coarser grid only makes the privacy loss larger', () => {
  const one = { noiseMultiplier: 1.1, sampleRate: 0.05, steps: 100 };
  const values = [0.05, 0.02, 0.01, 0.002, 0.0005].map((width) =>
    pldAccountant(one, { width }).epsilon(1e-5),
  );
  values.slice(1).forEach((value, i) => expect(value).toBeLessThan(values[i]!));
});

describe('noise for a target', () => {
  test.each(['rdp', 'pld'] as const)('%s: enough, and little less is not', (accountant) => {
    const make = accountant === 'rdp' ? rdpAccountant : pldAccountant;
    for (const [epsilon, delta, sampleRate, steps] of [
      [1, 1e-5, 0.02, 500],
      [8, 1e-5, 0.064, 300],
      [0.5, 1e-3, 1, 3],
    ] as const) {
      const noise = noiseMultiplierFor({ epsilon, delta, sampleRate, steps, accountant });
      const spent = (noiseMultiplier: number): number =>
        make({ noiseMultiplier, sampleRate, steps }).epsilon(delta);
      expect(spent(noise)).toBeLessThanOrEqual(epsilon);
      expect(spent(noise * 0.998)).toBeGreaterThan(epsilon);
    }
  });

  test.each([
    [{ epsilon: 0 }, /epsilon is 0.*infinite noise/],
    [{ delta: 0 }, /delta is 0/],
    [{ delta: 1 }, /delta is 1/],
    [{ delta: 0.6 }, /probability that a record is drawn at all/],
    [{ epsilon: 1e-6, delta: 1e-12, accountant: 'rdp' as const }, /out of reach/],
    [{ sampleRate: 0 }, /sampling rate is 0/],
    [{ steps: 1.5 }, /number of steps is 1.5/],
  ])('refuses %o', (changes, message) => {
    const target = { epsilon: 1, delta: 1e-5, sampleRate: 0.01, steps: 50, ...changes };
    expect(() => noiseMultiplierFor(target)).toThrow(KetworkError);
    expect(() => noiseMultiplierFor(target)).toThrow(message);
  });
});

test('refuses what is out of range', () => {
  const one = { noiseMultiplier: 1, sampleRate: 0.1, steps: 10 };
  for (const accountant of [rdpAccountant, pldAccountant]) {
    expect(() => accountant([])).toThrow(/no steps/);
    expect(() => accountant({ ...one, noiseMultiplier: 0 })).toThrow(/Without noise/);
    expect(() => accountant({ ...one, sampleRate: 1.1 })).toThrow(/sampling rate/);
    expect(() => accountant(one).epsilon(0)).toThrow(/delta is 0/);
    expect(() => accountant(one).delta(-1)).toThrow(/epsilon is -1/);
  }
  expect(() => rdpAccountant(one, { orders: [1] })).toThrow(/order 1/);
  expect(() => pldAccountant(one, { width: 0 })).toThrow(/width/);
});
