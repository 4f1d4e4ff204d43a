import { normal, key } from '@ketwork/base';
import { adam, crossEntropy, dense, sequential, tanh } from '@ketwork/nn';
import type { Model } from '@ketwork/nn';
import { fit, membershipInference } from '@ketwork/training';
import type { PrivacyOptions, TrainingData } from '@ketwork/training';
import { expect, test } from 'vitest';
import { attack } from '../../src/privacy/membership.ts';
import { proportionBound } from '../../src/privacy/proportion.ts';

test('Clopper–Pearson limits, against scipy.stats.beta.ppf 1.17.1', () => {
  expect(proportionBound(0, 10, 0.025, 'upper')).toBeCloseTo(0.30849710781876083, 9);
  expect(proportionBound(10, 10, 0.025, 'lower')).toBeCloseTo(0.6915028921812392, 9);
  expect(proportionBound(5, 10, 0.025, 'lower')).toBeCloseTo(0.1870860284474, 9);
  expect(proportionBound(37, 1200, 0.0125, 'upper')).toBeCloseTo(0.04398094403866502, 9);
  expect(proportionBound(0, 5, 0.1, 'lower')).toBe(0);
});

test('finds what is there to be found in losses', () => {
  const n = 20000;
  const members = normal(key(1), n);
  const same = attack(members, normal(key(2), n), 0, 0.95);
  expect(Math.abs(same.auc - 0.5)).toBeLessThan(0.015);
  expect(Math.abs(same.advantage)).toBeLessThan(0.03);
  expect(same.epsilonLowerBound).toBeLessThan(0.05);
  // Shifted by one standard deviation: AUC Φ(1/√2), advantage 2Φ(½) - 1.
  const shifted = attack(members, normal(key(2), n, { mean: 1 }), 0, 0.95);
  expect(shifted.auc).toBeCloseTo(0.7602, 1.8);
  expect(shifted.advantage).toBeCloseTo(0.3829, 1.5);
  expect(shifted.threshold).toBeCloseTo(0.5, 0.5);
  // log(0.6915 / 0.3085) at most, and near it with 10,000 examples.
  expect(shifted.epsilonLowerBound).toBeLessThan(Math.log(0.6915 / 0.3085) + 0.03);
  expect(shifted.epsilonLowerBound).toBeGreaterThan(0.7);
  const apart = attack(members, normal(key(2), n, { mean: 20 }), 1e-5, 0.95);
  expect([apart.auc, apart.truePositiveRate, apart.falsePositiveRate]).toEqual([
    1,
    expect.closeTo(1, 3),
    0,
  ]);
  expect(apart.epsilonLowerBound).toBeGreaterThan(7);
});

/** Labels without any rule: what the model knows of them it has by heart. */
function riddle(seed: number, count: number): TrainingData {
  const inputs = normal(key(seed), 10 * count);
  return { inputs, labels: Array.from(normal(key(seed + 1), count), (z) => (z > 0 ? 1 : 0)) };
}

test('private training resists the attack to which ordinary training falls', async () => {
  const [members, others] = [riddle(1, 60), riddle(5, 60)];
  const run = async (privacy?: PrivacyOptions): Promise<{ model: Model; epsilon: number }> => {
    const model = sequential(dense(10, 32), tanh(), dense(32, 2));
    const result = await fit(model, members, {
      loss: crossEntropy,
      optimizer: adam(0.02),
      epochs: 150,
      batchSize: 20,
      seed: 2,
      ...(privacy && { privacy }),
    });
    return { model, epsilon: result.privacy?.epsilon ?? Infinity };
  };
  const attacked = async (model: Model): ReturnType<typeof membershipInference> =>
    membershipInference(model, members, others, { loss: crossEntropy, delta: 1e-3 });
  const open = await attacked((await run()).model);
  expect(open.auc).toBeGreaterThan(0.8);
  expect(open.advantage).toBeGreaterThan(0.4);
  expect(open.epsilonLowerBound).toBeGreaterThan(0.5);
  const secret = await run({
    clippingNorm: 1,
    epsilon: 1,
    delta: 1e-3,
    randomness: 'seeded-unsafe',
  });
  const report = await attacked(secret.model);
  expect(report.auc).toBeLessThan(0.65);
  expect(report.epsilonLowerBound).toBeLessThanOrEqual(secret.epsilon);
});

test('refuses what it cannot judge', async () => {
  const model = sequential(dense(1, 2));
  const two = { inputs: [0, 1], labels: [0, 1] };
  await expect(membershipInference(model, two, two, { loss: crossEntropy })).rejects.toThrow(
    /not built|build/,
  );
  model.build(1);
  const one = { inputs: [0], labels: [0] };
  await expect(membershipInference(model, two, one, { loss: crossEntropy })).rejects.toThrow(
    /1 non-members are too few/,
  );
  await expect(
    membershipInference(model, two, two, { loss: crossEntropy, confidence: 1 }),
  ).rejects.toThrow(/confidence is 1/);
  await expect(
    membershipInference(model, two, two, { loss: crossEntropy, delta: 1 }),
  ).rejects.toThrow(/delta is 1/);
});
