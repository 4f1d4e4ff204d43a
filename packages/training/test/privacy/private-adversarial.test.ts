import { fold } from '@ketwork/base';
import { circuit, expval, input, weight, Z } from '@ketwork/circuit';
import { quantum } from '@ketwork/layers';
import {
  crossEntropy,
  dense,
  dropout,
  saveSafetensors,
  sequential,
  sgd,
  stateOf,
} from '@ketwork/nn';
import type { Model } from '@ketwork/nn';
import { cpu } from '@ketwork/simulator';
import { fgsm, fit, pgd, signNoise } from '@ketwork/training';
import type { Attack, FitOptions } from '@ketwork/training';
import { describe, expect, test } from 'vitest';
import { contributionsOf } from '../../src/privacy/contributions.ts';
import { checkPrivacy } from '../../src/privacy/options.ts';
import { PrivateSteps } from '../../src/privacy/steps.ts';
import { craftHere, hardenerOf } from '../../src/robustness/training.ts';
import { clouds } from '../clouds.ts';

const data = clouds(24, 3);
const ansatz = circuit(2, (q) => {
  q.angleEmbedding(input('x', [2]));
  q.stronglyEntanglingLayers(weight('w', [1, 2, 3]));
});
const hybrid = (): Model =>
  sequential(dense(2, 2), dropout(0.2), quantum(ansatz, expval(Z(0), Z(1))), dense(2, 2));
const privacy = {
  clippingNorm: 0.5,
  noiseMultiplier: 0.7,
  delta: 1e-5,
  randomness: 'seeded-unsafe',
} as const;
const options: FitOptions = {
  loss: crossEntropy,
  optimizer: sgd(0.5),
  epochs: 2,
  batchSize: 12,
  seed: 4,
  privacy,
};
const trained = async (more: Partial<FitOptions>): Promise<string> => {
  const model = hybrid();
  await fit(model, data, { ...options, ...more });
  return Buffer.from(saveSafetensors(stateOf(model))).toString('base64');
};

describe('private adversarial training', () => {
  test('has the same bits for any number of workers and passes, and others than without', async () => {
    const adversarial = { attack: pgd(0.3, { steps: 2 }), share: 0.7 };
    const alone = await trained({ adversarial });
    expect(await trained({ adversarial, workers: 2 })).toBe(alone);
    expect(await trained({ adversarial, batchSize: 4, accumulate: 3 })).toBe(alone);
    expect(await trained({})).not.toBe(alone);
    expect(await trained({ adversarial: { attack: fgsm(0) } })).toBe(await trained({}));
  });

  test('one example more or less changes the sum by no more than the clipping norm', async () => {
    const network = sequential(dense(2, 2), quantum(ansatz, expval(Z(0), Z(1))), dense(2, 2)).build(
      [2],
      1,
    );
    network.bind!(await cpu());
    const norm = 0.05;
    const plan = { perLayer: false, stretch: 4, passSize: 32, perExample: 'gradients' } as const;
    const contribute = contributionsOf(network, crossEntropy, plan);
    const harden = hardenerOf(
      { attack: fgsm(0.5), share: 1 },
      true,
      craftHere(network, crossEntropy, fgsm(0.5), 4),
    );
    const sumWithout = async (left: number): Promise<number[]> => {
      const keep = Array.from({ length: 12 }, (_, e) => e).filter((e) => e !== left);
      const x = Float64Array.from(
        keep.flatMap((e) => [data.inputs[2 * e]!, data.inputs[2 * e + 1]!]),
      );
      const y = Float64Array.from(keep, (e) => data.labels[e]!);
      const batch = await harden({ count: keep.length, x, y }, [1, 2]);
      expect(batch.x.every((value, i) => Math.abs(Math.abs(value - x[i]!) - 0.5) < 1e-9)).toBe(
        true,
      );
      const sum = network.parameters.map(({ data: values }) => values.map(() => 0));
      await contribute({ batch, first: 0, key: [3, 4], norm }, (stretch) =>
        sum.forEach((one, p) => one.forEach((_, i) => (one[i]! += stretch[p]![i]!))),
      );
      return sum.flatMap((one) => [...one]);
    };
    const all = await sumWithout(-1);
    const changes: number[] = [];
    for (let e = 0; e < 12; e++) {
      const less = await sumWithout(e);
      changes.push(Math.hypot(...all.map((value, i) => value - less[i]!)));
    }
    expect(Math.max(...changes)).toBeLessThan(norm * (1 + 1e-9));
    expect(Math.max(...changes)).toBeGreaterThan(norm * (1 - 1e-9));
  });

  test('attacks every example with the stated probability, apart from the others', async () => {
    const count = 4000;
    const network = sequential(dense(1, 2)).build(1);
    const attack = signNoise(1);
    const harden = hardenerOf(
      { attack, share: 0.3 },
      true,
      craftHere(network, crossEntropy, attack, 64),
    );
    const zeros = { count, x: new Float64Array(count), y: new Float64Array(count) };
    const { x } = await harden(zeros, [5, 6]);
    const hit = x.map((value) => (value === 0 ? 0 : 1));
    const rate = hit.reduce((a, b) => a + b) / count;
    expect(Math.abs(rate - 0.3)).toBeLessThan(5 * Math.sqrt((0.3 * 0.7) / count));
    const pairs = hit.slice(1).filter((one, i) => one === 1 && hit[i] === 1).length / count;
    expect(Math.abs(pairs - 0.09)).toBeLessThan(5 * Math.sqrt(0.09 / count));
    expect(
      (await harden({ count: 0, x: new Float64Array(0), y: new Float64Array(0) }, [1, 1])).count,
    ).toBe(0);
  });

  test("gives an attack that is not Ketwork's one example at a time", async () => {
    const seen: number[] = [];
    const attack: Attack = {
      ...fgsm(1),
      perturb: ({ x, count }) => {
        seen.push(count);
        return x.slice();
      },
    };
    const clean = await trained({});
    expect(await trained({ adversarial: { attack, share: 1 } })).toBe(clean);
    expect(seen.length).toBeGreaterThan(24);
    expect(new Set(seen)).toEqual(new Set([1]));
  });
});

test('what a step draws besides is secret, unless it is seeded', async () => {
  const network = sequential(dense(2, 2)).build(1);
  const sizes = { examples: 24, batch: 12, steps: 3, stretch: 2 };
  const plan = { perLayer: false, stretch: 2, passSize: 12, perExample: 'gradients' } as const;
  const contribute = contributionsOf(network, crossEntropy, plan);
  const keyOf = (randomness: 'cryptographic' | 'seeded-unsafe'): readonly number[] =>
    new PrivateSteps(
      checkPrivacy({ ...privacy, randomness }, sizes),
      network,
      1,
      contribute,
    ).passKey([7, 8], 9);
  const seeded = fold([7, 8], 9);
  expect(keyOf('seeded-unsafe')).toEqual(seeded);
  const keys = Array.from({ length: 20 }, () => keyOf('cryptographic').join());
  expect(new Set([...keys, seeded.join()]).size).toBe(21);
});
