import { dense, mse, perExampleGrads, sequential } from '@ketwork/nn';
import type { Model } from '@ketwork/nn';
import { describe, expect, test } from 'vitest';
import { groupsOf } from '../../src/privacy/clipping.ts';
import { contributionsOf } from '../../src/privacy/contributions.ts';
import { checkPrivacy } from '../../src/privacy/options.ts';
import type { PrivacyOptions } from '../../src/privacy/options.ts';
import { PrivateSteps, gradientNoise } from '../../src/privacy/steps.ts';

function stepsOf(
  model: Model,
  options: Partial<PrivacyOptions>,
  examples: number,
  batch: number,
): PrivateSteps {
  const plan = checkPrivacy(
    { clippingNorm: 1, delta: 1e-5, noiseMultiplier: 1, ...options },
    { examples, batch, steps: 100, stretch: 5 },
  );
  const how = { perLayer: false, stretch: 5, passSize: 32, perExample: 'gradients' } as const;
  return new PrivateSteps(plan, model.network!, 3, contributionsOf(model.network!, mse, how));
}

const model = sequential(dense(1, 1));
model.build(1);

describe.each(['cryptographic', 'seeded-unsafe'] as const)('draws, %s', (randomness) => {
  test('have the stated rate, for every example, independently', () => {
    const [examples, batch, count] = [50, 10, 4000];
    const steps = stepsOf(model, { randomness }, examples, batch);
    const often = new Float64Array(examples);
    const sizes: number[] = [];
    let neighbours = 0;
    for (const drawn of steps.draws(0, count)) {
      sizes.push(drawn.length);
      for (const e of drawn) often[e]!++;
      for (let i = 1; i < drawn.length; i++) if (drawn[i] === drawn[i - 1]! + 1) neighbours++;
    }
    const q = batch / examples;
    // Largest of 50 deviations: beyond 5 standard deviations once in 30,000 runs.
    for (const times of often)
      expect(Math.abs(times - q * count)).toBeLessThan(5 * Math.sqrt(count * q * (1 - q)));
    const mean = sizes.reduce((a, b) => a + b) / count;
    const variance = sizes.reduce((sum, size) => sum + (size - mean) ** 2, 0) / count;
    expect(Math.abs(mean - batch)).toBeLessThan(5 * Math.sqrt((examples * q * (1 - q)) / count));
    expect(Math.abs(variance / (examples * q * (1 - q)) - 1)).toBeLessThan(
      5 * Math.sqrt(2 / count),
    );
    expect(Math.abs(neighbours / (count * (examples - 1) * q * q) - 1)).toBeLessThan(0.05);
  });
});

test('seeded draws follow from the step', () => {
  const steps = stepsOf(model, { randomness: 'seeded-unsafe' }, 100, 20);
  expect([...steps.draws(5, 2)][1]).toEqual(steps.draw(6));
  expect(steps.draw(6)).not.toEqual(steps.draw(7));
});

test('adaptive clipping ends at the quantile of the norms', async () => {
  const [examples, quantile] = [400, 0.7];
  const x = Float64Array.from({ length: examples }, (_, e) => (e % 20) / 5 + 0.1);
  const y = Float64Array.from({ length: examples }, (_, e) => (e * 7) % 13);
  const options = {
    randomness: 'seeded-unsafe',
    clipping: 'adaptive',
    clippingNorm: 0.01,
    adaptive: { quantile },
  } as const;
  const steps = stepsOf(model, options, examples, examples);
  const state = steps.init();
  let mean = 0;
  for (let step = 0; step < 400; step++) {
    await steps.gradient({ count: examples, x, y }, [1, 2], step, state);
    if (step >= 200) mean += state.norm / 200;
  }
  const { grads } = await perExampleGrads(model, mse)({ x, y });
  const norms = x.map((_, e) => Math.hypot(grads[0]![e]!, grads[1]![e]!)).toSorted();
  const [low, high] = [norms[Math.floor(0.66 * examples)]!, norms[Math.floor(0.74 * examples)]!];
  expect(mean).toBeGreaterThan(low);
  expect(mean).toBeLessThan(high);
  expect(state.steps).toBe(400);
});

test('counts and gradients together cost what the plan says', () => {
  const plan = checkPrivacy(
    {
      clippingNorm: 1,
      delta: 1e-5,
      noiseMultiplier: 1.3,
      clipping: 'adaptive',
      adaptive: { countNoise: 4 },
    },
    { examples: 100, batch: 10, steps: 10, stretch: 2 },
  );
  const noise = gradientNoise(plan);
  expect(noise).toBeGreaterThan(1.3);
  // Two Gaussian mechanisms of sensitivity 1 and ½ side by side are one.
  expect(noise ** -2 + (0.5 / 4) ** 2).toBeCloseTo(1.3 ** -2, 12);
});

test('layers are grouped by name', () => {
  const network = sequential(dense(2, 3), sequential(dense(3, 3), dense(3, 1))).build(1);
  expect(groupsOf(network.parameters, true)).toEqual([
    [0, 1],
    [2, 3],
    [4, 5],
  ]);
  expect(groupsOf(network.parameters, false)).toEqual([[0, 1, 2, 3, 4, 5]]);
});
