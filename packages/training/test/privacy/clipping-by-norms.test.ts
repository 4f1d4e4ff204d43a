import { circuit, expval, input, weight, Z } from '@ketwork/circuit';
import { qgru, quantum } from '@ketwork/layers';
import {
  conv2d,
  crossEntropy,
  dense,
  dropout,
  flatten,
  reshape,
  saveSafetensors,
  sequential,
  sgd,
  stateOf,
  tanh,
} from '@ketwork/nn';
import type { Model } from '@ketwork/nn';
import { fit } from '@ketwork/training';
import type { FitOptions, PrivacyOptions } from '@ketwork/training';
import { expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { perExampleOf } from '../../src/privacy/contributions.ts';
import { clouds } from '../clouds.ts';

const data = clouds(48, 3);
const ansatz = circuit(2, (q) => {
  q.angleEmbedding(input('x', [2]));
  q.stronglyEntanglingLayers(weight('w', [1, 2, 3]));
});
const models = {
  hybrid: () =>
    sequential(dense(2, 2), dropout(0.2), quantum(ansatz, expval(Z(0), Z(1))), dense(2, 2)),
  'from shots': () =>
    sequential(dense(2, 2), quantum(ansatz, expval(Z(0), Z(1)), { shots: 30 }), dense(2, 2)),
  convolutional: () =>
    sequential(
      dense(2, 36),
      reshape([1, 6, 6]),
      conv2d(1, 4, { kernel: 3 }),
      tanh(),
      conv2d(4, 8, { kernel: 3 }),
      flatten(),
      dense(2),
    ),
  recurrent: () => sequential(dense(2, 4), reshape([2, 2]), qgru({ hidden: 2 }), dense(2)),
} satisfies Record<string, () => Model>;

const options: FitOptions = {
  loss: crossEntropy,
  optimizer: sgd(0.5),
  epochs: 1,
  batchSize: 24,
  seed: 4,
};
const privacy: PrivacyOptions = {
  clippingNorm: 0.4,
  noiseMultiplier: 0.5,
  delta: 1e-5,
  randomness: 'seeded-unsafe',
};

async function trained(
  make: () => Model,
  more: Partial<PrivacyOptions>,
  others: Partial<FitOptions> = {},
): Promise<{ numbers: number[]; bits: string; norm: number; loss: number }> {
  const model = make();
  const result = await fit(model, data, {
    ...options,
    ...others,
    privacy: { ...privacy, ...more },
  });
  return {
    numbers: model.network!.parameters.flatMap(({ data: values }) => [...values]),
    bits: Buffer.from(saveSafetensors(stateOf(model))).toString('base64'),
    norm: result.privacy!.clippingNorm,
    loss: result.history.at(-1)!.loss,
  };
}

describe.each(Object.entries(models))('%s', (_, make) => {
  test.each(['flat', 'per-layer', 'adaptive'] as const)(
    '%s clipping by norms equals clipping of gradients',
    async (clipping) => {
      const held = await trained(make, { clipping, perExample: 'gradients' });
      const scaled = await trained(make, { clipping, perExample: 'norms' });
      expectClose(scaled.numbers, held.numbers, 1e-12);
      expectClose([scaled.norm, scaled.loss], [held.norm, held.loss], 1e-12);
      // Clipping does something, or nothing would be tested.
      const free = await trained(make, { clipping, clippingNorm: 1e3, noiseMultiplier: 0 });
      const bound = await trained(make, { clipping, noiseMultiplier: 0, perExample: 'norms' });
      expect(Math.hypot(...free.numbers.map((v, i) => v - bound.numbers[i]!))).toBeGreaterThan(
        1e-3,
      );
    },
  );

  test('weights of classes count before clipping', async () => {
    const classWeights = [1, 3];
    const held = await trained(make, { perExample: 'gradients' }, { classWeights });
    const scaled = await trained(make, { perExample: 'norms' }, { classWeights });
    expectClose(scaled.numbers, held.numbers, 1e-12);
  });
});

test('by norms, too, passes and workers do not change a bit', async () => {
  const run = async (others: Partial<FitOptions>): Promise<string> =>
    (await trained(models.hybrid, { clipping: 'per-layer', perExample: 'norms' }, others)).bits;
  const alone = await run({});
  expect(await run({ batchSize: 6, accumulate: 4 })).toBe(alone);
  expect(await run({ workers: 1 })).toBe(alone);
  expect(await run({ workers: 2 })).toBe(alone);
});

test('gradients are held up to 65,536 parameters', () => {
  const few = sequential(dense(255, 256)).build(1);
  const many = sequential(dense(256, 256)).build(1);
  expect(
    [few, many].map(({ parameters }) => parameters.reduce((n, p) => n + p.data.length, 0)),
  ).toEqual([65_536, 65_792]);
  expect([few, many].map(perExampleOf)).toEqual(['gradients', 'norms']);
});
