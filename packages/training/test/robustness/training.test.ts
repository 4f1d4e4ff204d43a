import {
  adam,
  batchNorm,
  crossEntropy,
  dense,
  saveSafetensors,
  sequential,
  stateOf,
  tanh,
} from '@ketwork/nn';
import type { Model } from '@ketwork/nn';
import { Random } from '@ketwork/testing';
import { fgsm, fit, pgd, robustAccuracy } from '@ketwork/training';
import type { Attack, FitOptions, TrainingData } from '@ketwork/training';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clouds } from '../clouds.ts';
import { factor, passesHere } from '../own-layers.ts';

const train = clouds(45, 1);
const make = (): Model => sequential(dense(2, 6), tanh(), dense(6, 2));
const bitsOf = (model: Model): string =>
  Buffer.from(saveSafetensors(stateOf(model))).toString('base64');
const options: FitOptions = {
  loss: crossEntropy,
  optimizer: adam(0.05),
  epochs: 3,
  batchSize: 8,
  accumulate: 2,
  adversarial: { attack: pgd(0.3, { steps: 3 }) },
  seed: 5,
};

async function trained(more: Partial<FitOptions>): Promise<string> {
  const model = make();
  await fit(model, train, { ...options, ...more });
  return bitsOf(model);
}

describe('adversarial training', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ketwork-adversarial-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('has the same bits again, and others for other settings', async () => {
    const expected = await trained({});
    expect(await trained({})).toBe(expected);
    const others = [
      await trained({ seed: 6 }),
      await trained({ adversarial: { attack: pgd(0.3, { steps: 3 }), share: 1 } }),
      await trained({ adversarial: { attack: pgd(0.2, { steps: 3 }) } }),
    ];
    expect(new Set([expected, ...others]).size).toBe(4);
    // An attack that changes nothing is no adversarial training.
    const { adversarial: _, ...plain } = options;
    const clean = make();
    await fit(clean, train, plain);
    expect(await trained({ adversarial: { attack: fgsm(0) } })).toBe(bitsOf(clean));
  });

  test('resumes bit for bit, wherever it was left', async () => {
    const expected = await trained({});
    for (let stop = 1; stop <= 9; stop += 2) {
      const checkpoint = { path: join(folder, `${stop}`), resume: true };
      for await (const step of fit(make(), train, { ...options, checkpoint }))
        if (step.step === stop) break;
      expect(await trained({ checkpoint })).toBe(expected);
    }
    const other = { attack: pgd(0.3, { steps: 4 }) };
    const checkpoint = { path: join(folder, '3'), resume: true };
    await expect(trained({ checkpoint, adversarial: other })).rejects.toThrow(
      'belongs to a run with another adversarial',
    );
  });

  test('has the same bits for any number of workers', async () => {
    const one = await trained({ workers: 1 });
    expect(await trained({ workers: 2 })).toBe(one);
  });

  test('with workers their threads make the examples, but for attacks of others', async () => {
    const attacked = async (attack: Attack): Promise<[passes: number, bits: string]> => {
      const model = sequential(dense(2, 6), factor(2), dense(6, 2));
      const before = passesHere();
      const workers = { count: 2, module: new URL('../own-layers.ts', import.meta.url) };
      await fit(model, train, { ...options, epochs: 1, workers, adversarial: { attack } });
      return [passesHere() - before, bitsOf(model)];
    };
    const ours = pgd(0.3, { steps: 3, restarts: 2 });
    const [none, bits] = await attacked(ours);
    expect(none).toBe(0);
    const [some, same] = await attacked({ ...ours });
    expect(some).toBeGreaterThan(0);
    expect(same).toBe(bits);
  });

  test('changes the share of a batch that it says, in passes of the batch size', async () => {
    const seen: [first: number, count: number, key: string][] = [];
    const attack: Attack = {
      ...fgsm(1),
      perturb: ({ x, count, firstExample, key: own }) => {
        seen.push([firstExample, count, own.join()]);
        return x.slice();
      },
    };
    await trained({ epochs: 1, adversarial: { attack, share: 0.75 } });
    // 45 examples in steps of 16, 16 and 13; passes of at most 8.
    expect(seen.map(([first, count]) => [first, count])).toEqual([
      [0, 8],
      [8, 4],
      [0, 8],
      [8, 4],
      [0, 8],
      [8, 2],
    ]);
    expect(new Set(seen.map(([, , own]) => own)).size).toBe(3);
  });

  test('makes a model that attacks fool less', async () => {
    // Four weak features tell the class of every example, and any of them can be turned round; the strong first one errs.
    const features = (count: number, seed: number): TrainingData => {
      const random = new Random(seed);
      const labels = Array.from({ length: count }, (_, e) => e % 2);
      const inputs = labels.flatMap((label) => {
        const sign = 2 * label - 1;
        const weak = Array.from({ length: 4 }, () => 0.1 * sign + 0.02 * random.normal());
        return [sign + 0.6 * random.normal(), ...weak];
      });
      return { inputs, labels };
    };
    const measured = async (more: Partial<FitOptions>): Promise<number[]> => {
      const model = sequential(dense(5, 2));
      await fit(model, features(200, 7), {
        loss: crossEntropy,
        optimizer: adam(0.1),
        epochs: 40,
        seed: 1,
        ...more,
      });
      const attack = (epsilon: number): Attack => pgd(epsilon, { steps: 10, restarts: 2 });
      const measuring = { loss: crossEntropy, attack, epsilons: [0, 0.3], seed: 3 };
      const curve = await robustAccuracy(model, features(300, 9), measuring);
      return curve.map(({ accuracy }) => accuracy);
    };
    const [clean, attacked] = await measured({});
    const [hardenedClean, hardened] = await measured({
      adversarial: { attack: pgd(0.3, { steps: 5 }), share: 1 },
    });
    expect(clean).toBeGreaterThan(0.98);
    expect(attacked).toBeLessThan(0.4);
    expect(hardenedClean).toBeGreaterThan(0.85);
    expect(hardened).toBeGreaterThan(0.7);
  });

  test('leaves running statistics to the step', async () => {
    const normed = (): Model => sequential(dense(2, 4), batchNorm(), tanh(), dense(4, 2));
    const attack: Attack = {
      ...fgsm(1),
      async perturb({ x, gradient, losses }) {
        await gradient(x);
        await losses(x);
        return x.slice();
      },
    };
    const [a, b] = [normed(), normed()];
    const { adversarial: _, ...plain } = options;
    await fit(a, train, plain);
    await fit(b, train, { ...plain, adversarial: { attack, share: 1 } });
    expect(bitsOf(b)).toBe(bitsOf(a));
  });

  test('refuses settings that do not fit at once', () => {
    const attack = fgsm(0.1);
    expect(() => fit(make(), train, { ...options, adversarial: { attack, share: 0 } })).toThrow(
      'the adversarial share 0 is not above 0 and at most 1',
    );
    expect(() => fit(make(), train, { ...options, adversarial: { attack, share: 1.5 } })).toThrow(
      'adversarial share',
    );
    expect(() =>
      fit(make(), train, { ...options, adversarial: { attack: fgsm(0.1, { range: [0, 1] }) } }),
    ).toThrow('outside the range [0, 1] of fgsm');
    expect(() =>
      fit(make(), train, { ...options, adversarial: { attack: undefined as unknown as Attack } }),
    ).toThrow('there is no attack');
  });
});
