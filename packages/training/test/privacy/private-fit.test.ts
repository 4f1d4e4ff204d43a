import { circuit, expval, input, weight, Z } from '@ketwork/circuit';
import { quantum } from '@ketwork/layers';
import {
  adam,
  batchNorm,
  crossEntropy,
  dense,
  dropout,
  mse,
  saveSafetensors,
  sequential,
  sgd,
  stateOf,
  tanh,
  valueAndGrad,
} from '@ketwork/nn';
import type { Model } from '@ketwork/nn';
import { fit, pldAccountant, rdpAccountant } from '@ketwork/training';
import type { FitOptions, FitResult, PrivacyOptions } from '@ketwork/training';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkPrivacy } from '../../src/privacy/options.ts';
import { gradientNoise } from '../../src/privacy/steps.ts';
import { clouds } from '../clouds.ts';

const data = clouds(24, 3);
const ansatz = circuit(2, (q) => {
  q.angleEmbedding(input('x', [2]));
  q.stronglyEntanglingLayers(weight('w', [1, 2, 3]));
});
const hybrid = (): Model =>
  sequential(dense(2, 2), quantum(ansatz, expval(Z(0), Z(1))), dense(2, 2));
const seeded = { delta: 1e-5, randomness: 'seeded-unsafe' } as const;
const options: FitOptions = {
  loss: crossEntropy,
  optimizer: sgd(0.5),
  epochs: 1,
  batchSize: 24,
  seed: 4,
};

const bitsOf = (model: Model): string =>
  Buffer.from(saveSafetensors(stateOf(model))).toString('base64');
const numbersOf = (model: Model): number[] =>
  model.network!.parameters.flatMap(({ data: values }) => [...values]);
const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

/** One step of clipped gradients, example after example, and the largest norm that entered the sum. */
async function byHand(
  norm: number,
  perLayer: boolean,
): Promise<{ numbers: number[]; largest: number; clipped: number }> {
  const model = hybrid();
  const network = model.build([2], 4);
  const labels = Array.from(data.labels);
  await fit(model, data, { ...options, optimizer: sgd(0) }); // binds an engine, changes nothing
  const gradient = valueAndGrad(model, crossEntropy);
  const layers = network.parameters.map(({ name }) => name.split('.')[0]!);
  const kinds = perLayer ? [...new Set(layers)] : ['all'];
  const sum = network.parameters.map((parameter) => parameter.data.map(() => 0));
  let [largest, clipped] = [0, 0];
  for (let e = 0; e < labels.length; e++) {
    const x = Array.from(data.inputs).slice(2 * e, 2 * e + 2);
    const { grads } = await gradient({ x, y: [labels[e]!] });
    let total = 0;
    for (const kind of kinds) {
      const mine = grads.filter((_, p) => !perLayer || layers[p] === kind);
      const length = Math.hypot(...mine.flatMap((grad) => [...grad]));
      const factor = Math.min(1, norm / Math.sqrt(kinds.length) / length);
      if (factor < 1) clipped++;
      total += (factor * length) ** 2;
      grads.forEach((grad, p) => {
        if (!perLayer || layers[p] === kind)
          grad.forEach((value, i) => (sum[p]![i]! += factor * value));
      });
    }
    largest = Math.max(largest, Math.sqrt(total));
  }
  const numbers = network.parameters.flatMap((parameter, p) =>
    [...parameter.data].map((value, i) => value - (0.5 * sum[p]![i]!) / labels.length),
  );
  return { numbers, largest, clipped };
}

describe('a step over the whole batch', () => {
  test.each([
    ['flat', 0.3, false],
    ['per-layer', 0.3, true],
    ['flat', 1e3, false],
  ] as const)(
    '%s clipping to %d equals the loop over examples',
    async (clipping, norm, perLayer) => {
      const { numbers, largest, clipped } = await byHand(norm, perLayer);
      expect(clipped > 0).toBe(norm < 1);
      expect(largest).toBeLessThanOrEqual(norm * (1 + 1e-9));
      const model = hybrid();
      const privacy = { ...seeded, clippingNorm: norm, noiseMultiplier: 0, clipping };
      await fit(model, data, { ...options, privacy });
      expect(distance(numbersOf(model), numbers)).toBeLessThan(1e-12);
    },
  );

  test('without noise and bound equals ordinary training', async () => {
    const [ordinary, secret] = [hybrid(), hybrid()];
    await fit(ordinary, data, options);
    const privacy = { ...seeded, clippingNorm: Infinity, noiseMultiplier: 0 };
    const result = await fit(secret, data, { ...options, privacy });
    expect(distance(numbersOf(ordinary), numbersOf(secret))).toBeLessThan(1e-12);
    expect(result.privacy?.epsilon).toBe(Infinity);
    expect(result.privacy?.warnings.join(' ')).toMatch(/no noise.*seed/);
  });

  test('weights of examples and classes count before clipping', async () => {
    const weights = Array.from({ length: 24 }, (_, i) => i / 12);
    const [ordinary, secret] = [hybrid(), hybrid()];
    const weighted = { ...data, weights };
    await fit(ordinary, weighted, { ...options, classWeights: [1, 3] });
    const privacy = { ...seeded, clippingNorm: 1e9, noiseMultiplier: 0 };
    await fit(secret, weighted, { ...options, classWeights: [1, 3], privacy });
    expect(distance(numbersOf(ordinary), numbersOf(secret))).toBeLessThan(1e-12);
  });
});

test('micro-batches do not change a bit', async () => {
  const run = async (batchSize: number, accumulate: number): Promise<string> => {
    const model = sequential(
      dense(2, 2),
      dropout(0.3),
      quantum(ansatz, expval(Z(0), Z(1))),
      dense(2, 2),
    );
    const privacy = { ...seeded, clippingNorm: 0.5, noiseMultiplier: 0.7 };
    const result = await fit(model, data, {
      ...options,
      optimizer: adam(0.05),
      epochs: 3,
      batchSize,
      accumulate,
      privacy,
    });
    return `${bitsOf(model)} ${result.history.at(-1)!.loss}`;
  };
  const whole = await run(12, 1);
  for (const [batchSize, accumulate] of [
    [1, 12],
    [3, 4],
    [6, 2],
  ] as const)
    expect(await run(batchSize, accumulate)).toBe(whole);
});

test('any number of workers gives the same bits, and none at all', async () => {
  const models = [
    hybrid,
    () =>
      sequential(
        dense(2, 2),
        dropout(0.3),
        quantum(ansatz, expval(Z(0), Z(1)), { shots: 20 }),
        dense(2, 2),
      ),
  ];
  for (const [make, clipping] of [
    [models[0]!, 'per-layer'],
    [models[1]!, 'adaptive'],
  ] as const) {
    const run = async (more: Partial<FitOptions>): Promise<string> => {
      const model = make();
      const privacy = { ...seeded, clippingNorm: 0.5, noiseMultiplier: 0.7, clipping };
      const result = await fit(model, data, {
        ...options,
        epochs: 2,
        batchSize: 12,
        privacy,
        ...more,
      });
      const { loss, metrics } = result.history.at(-1)!;
      return JSON.stringify([bitsOf(model), loss, metrics, result.privacy]);
    };
    const alone = await run({});
    for (const more of [
      { workers: 1 },
      { batchSize: 3, accumulate: 4 },
      { batchSize: 6, accumulate: 2, workers: 2 },
    ])
      expect(await run(more)).toBe(alone);
    expect(await run({ workers: { count: 1, pieceSize: 5 } })).not.toBe(alone);
  }
});

describe('noise', () => {
  const outputs = 40_000;

  /** What noise added to the sum of gradients of a step, over what its standard deviation should be. */
  async function noiseOf(privacy: PrivacyOptions): Promise<Float64Array> {
    const points = { inputs: [0.5, -1, 0.25, 2], labels: new Float64Array(4 * outputs) };
    const run = async (noiseMultiplier: number): Promise<number[]> => {
      const model = sequential(dense(1, outputs));
      await fit(model, points, {
        loss: mse,
        optimizer: sgd(1),
        epochs: 1,
        batchSize: 4,
        seed: 1,
        privacy: { ...privacy, noiseMultiplier },
      });
      return numbersOf(model);
    };
    const [quiet, noisy] = [await run(0), await run(1.5)];
    const sizes = { examples: 4, batch: 4, steps: 1, stretch: 1 };
    const plan = checkPrivacy({ ...privacy, noiseMultiplier: 1.5 }, sizes);
    const deviation = gradientNoise(plan) * privacy.clippingNorm;
    return Float64Array.from(quiet, (value, i) => (4 * (value - noisy[i]!)) / deviation);
  }

  /** Whether numbers look like standard normal ones; each check fails by chance once in two million times. */
  function expectNormal(noise: Float64Array): void {
    const n = noise.length;
    const moment = (k: number): number => noise.reduce((sum, z) => sum + z ** k, 0) / n;
    expect(Math.abs(moment(1)) * Math.sqrt(n)).toBeLessThan(5);
    expect(Math.abs(moment(2) - 1) / Math.sqrt(2 / n)).toBeLessThan(5);
    expect(Math.abs(moment(3)) / Math.sqrt(15 / n)).toBeLessThan(5);
    expect(Math.abs(moment(4) - 3) / Math.sqrt(96 / n)).toBeLessThan(5);
    // Neighbours are independent.
    const pairs = noise.slice(1).reduce((sum, z, i) => sum + z * noise[i]!, 0) / n;
    expect(Math.abs(pairs) * Math.sqrt(n)).toBeLessThan(5);
  }

  // 80,000 numbers tell the variance to 0.5 %, so that one 6 % off is found but for once in 10¹¹ times.
  test.each([
    ['cryptographic', 'flat'],
    ['seeded-unsafe', 'flat'],
    ['cryptographic', 'per-layer'],
    ['seeded-unsafe', 'adaptive'],
  ] as const)('%s, %s: normal with the stated variance', async (randomness, clipping) => {
    const noise = await noiseOf({ clippingNorm: 0.25, delta: 1e-5, randomness, clipping });
    expect(noise.length).toBe(2 * outputs);
    expectNormal(noise);
    for (const factor of [0.97, 1.03])
      expect(() => expectNormal(noise.map((z) => factor * z))).toThrow('to be less than 5');
  });

  test('cryptographic runs differ, seeded ones do not', async () => {
    const run = async (randomness: 'cryptographic' | 'seeded-unsafe'): Promise<string> => {
      const model = hybrid();
      const privacy = { clippingNorm: 1, delta: 1e-5, noiseMultiplier: 1, randomness };
      await fit(model, data, { ...options, privacy });
      return bitsOf(model);
    };
    expect(await run('cryptographic')).not.toBe(await run('cryptographic'));
    expect(await run('seeded-unsafe')).toBe(await run('seeded-unsafe'));
  });
});

describe('the budget', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ketwork-privacy-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('the noise for a target keeps it, and not by much more than needed', async () => {
    const privacy: PrivacyOptions = { clippingNorm: 1, epsilon: 3, delta: 1e-3 };
    const result = await fit(hybrid(), data, { ...options, epochs: 4, batchSize: 5, privacy });
    const report = result.privacy!;
    expect(report.epsilon).toBeLessThanOrEqual(3);
    expect(report.epsilon).toBeGreaterThan(2.99);
    expect(report.steps).toEqual([
      { noiseMultiplier: expect.any(Number) as number, sampleRate: 5 / 24, steps: 4 * 5 },
    ]);
    expect(report.epsilon).toBe(pldAccountant(report.steps).epsilon(1e-3));
    expect(report.warnings).toEqual([]);
    expect(report.assumptions.length).toBeGreaterThan(3);
    expect(structuredClone(report)).toEqual(report);
  });

  test.each(['flat', 'adaptive'] as const)(
    '%s: a run that is interrupted and resumed has spent the same, with the same bits',
    async (clipping) => {
      const privacy: PrivacyOptions = {
        ...seeded,
        clippingNorm: 0.4,
        noiseMultiplier: 1,
        clipping,
        accountant: 'rdp',
      };
      const all = { ...options, optimizer: adam(0.05), epochs: 3, batchSize: 4, privacy };
      const trace = (model: Model, result: FitResult): unknown => [bitsOf(model), result.privacy];
      const straight = hybrid();
      const whole = trace(straight, await fit(straight, data, all));
      const checkpoint = { path: join(folder, clipping), resume: true };
      for (const stop of [3, 6, 11]) {
        const run = fit(hybrid(), data, { ...all, checkpoint });
        for await (const step of run) if (step.step >= stop) break;
        expect((await run).privacy!.steps[0]!.steps).toBe(stop);
        expect((await run).privacy!.epsilon).toBe(
          rdpAccountant({ noiseMultiplier: 1, sampleRate: 1 / 6, steps: stop }).epsilon(1e-5),
        );
      }
      const model = hybrid();
      expect(trace(model, await fit(model, data, { ...all, checkpoint }))).toEqual(whole);
      await expect(
        fit(hybrid(), data, { ...all, checkpoint, privacy: { ...privacy, noiseMultiplier: 0.1 } }),
      ).rejects.toThrow(/another privacy/);
      const { privacy: _, ...open } = all;
      await expect(fit(hybrid(), data, { ...open, checkpoint })).rejects.toThrow(/another privacy/);
    },
  );

  test('steps that draw nothing are steps', async () => {
    const three = { inputs: [0, 1, 1, 0, 1, 1], labels: [0, 1, 1] };
    const privacy = { ...seeded, clippingNorm: 1, noiseMultiplier: 1 };
    const run = fit(hybrid(), three, { ...options, epochs: 4, batchSize: 1, privacy });
    const losses: number[] = [];
    for await (const step of run) losses.push(step.batchLoss);
    expect(losses.filter((loss) => Number.isNaN(loss)).length).toBeGreaterThan(0);
    expect((await run).privacy!.steps[0]!.steps).toBe(12);
    expect((await run).history.length).toBe(4);
  });
});

describe('refused', () => {
  const privacy: PrivacyOptions = { ...seeded, clippingNorm: 1, noiseMultiplier: 1 };
  test.each([
    [{ clippingNorm: 0 }, /clippingNorm is 0/],
    [{ clippingNorm: Infinity }, /clippingNorm is Infinity/],
    [{ noiseMultiplier: -1 }, /noiseMultiplier is -1/],
    [{ epsilon: 1 }, /either a noiseMultiplier or an epsilon/],
    [{ delta: 0 }, /delta is 0/],
    [{ clipping: 'sideways' as 'flat' }, /clipping is 'sideways'/],
    [{ sampling: 'shuffled' as 'poisson' }, /sampling is 'shuffled'/],
    [{ clipping: 'adaptive' as const, adaptive: { quantile: 1 } }, /quantile is 1/],
    [{ clipping: 'adaptive' as const, adaptive: { countNoise: 0.4 } }, /countNoise is 0.4/],
  ])('%o', (changes, message) => {
    expect(() => fit(hybrid(), data, { ...options, privacy: { ...privacy, ...changes } })).toThrow(
      message,
    );
  });

  test('batches larger than the data, targets out of reach', () => {
    expect(() => fit(hybrid(), data, { ...options, batchSize: 25, privacy })).toThrow(
      /steps of 25 examples cannot be drawn from 24/,
    );
    const { noiseMultiplier: _, ...rest } = privacy;
    expect(() =>
      fit(hybrid(), data, {
        ...options,
        privacy: { ...rest, epsilon: 1, delta: 0.9999 },
        batchSize: 1,
      }),
    ).toThrow(/drawn at all/);
  });

  test('layers that couple examples, by name', async () => {
    const model = sequential(dense(2, 4), batchNorm(), tanh(), dense(4, 2));
    await expect(fit(model, data, { ...options, privacy })).rejects.toThrow(
      /layer 1 \(batchNorm\) makes every example depend on the others/,
    );
  });

  test('gradients that are not finite, without touching the parameters', async () => {
    const model = hybrid();
    model.build([2], 1);
    const before = bitsOf(model);
    const bad = { inputs: [1, 2, Number.NaN, 1], labels: [0, 1] };
    await expect(fit(model, bad, { ...options, batchSize: 2, privacy })).rejects.toThrow(
      /NaN|not finite/,
    );
    expect(bitsOf(model)).toBe(before);
  });
});
