import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cpu, crossEntropy, dataset, forward, key, lossValues, predict, uniform } from 'ketwork';
import type { Dataset } from 'ketwork';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ATTACKS, EPSILON, craft, standing } from '../papers/09-hybrid-image-fgsm/attacks.ts';
import type { Standing } from '../papers/09-hybrid-image-fgsm/attacks.ts';
import { circuitErrors } from '../papers/09-hybrid-image-fgsm/checks.ts';
import { judge } from '../papers/09-hybrid-image-fgsm/claims.ts';
import type { Findings } from '../papers/09-hybrid-image-fgsm/claims.ts';
import {
  COLOURED,
  PAPER,
  REDUCED,
  bottleneck,
  hybrid,
  normalized,
  parameterCount,
  smoothed,
  twin,
} from '../papers/09-hybrid-image-fgsm/models.ts';
import type { Run } from '../papers/09-hybrid-image-fgsm/runs.ts';
import { expectQuick } from './quick.ts';

const script = join(import.meta.dirname, '..', 'paper.ts');

describe('paper 09', () => {
  let out: string;
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'ketwork-paper-'));
  });
  afterAll(() => rmSync(out, { recursive: true }));

  test('its quick form runs within ten seconds and leaves figures and a page', async () => {
    await promisify(execFile)(process.execPath, [script, '09', '--quick', '--out', out]);
    expectQuick(join(out, 'quick-seed-1.json'));
    const result = JSON.parse(readFileSync(join(out, 'quick-seed-1.json'), 'utf8')) as Findings & {
      claims: { id: string; met: boolean | null }[];
    };
    expect(Object.fromEntries(result.claims.map(({ id, met }) => [id, met]))).toEqual({
      1: true,
      2: null,
      '3a': null,
      '3b': null,
      '3c': null,
      4: null,
      5: null,
      P: null,
    });
    for (const { after } of [...result.digits, ...result.coloured]) {
      for (const { clean, attacked, worst } of Object.values(after)) {
        for (const under of Object.values(attacked)) {
          expect(under).toBeLessThanOrEqual(clean);
          expect(worst).toBeLessThanOrEqual(under);
        }
      }
    }
    expect(readFileSync(join(out, 'quick-seed-1.html'), 'utf8')).toContain('Coloured shapes');
  });

  test('its networks have the sizes of the author and of the card', () => {
    expect(parameterCount(hybrid(PAPER), PAPER)).toBe(142_530);
    expect(parameterCount(twin(PAPER), PAPER)).toBe(151_754);
    expect(parameterCount(hybrid(REDUCED), REDUCED)).toBe(10_546);
    expect(parameterCount(twin(REDUCED), REDUCED)).toBe(15_458);
    // A dense layer of 16 × 4 + 4 in place of eight angles.
    expect(parameterCount(bottleneck(REDUCED), REDUCED)).toBe(10_546 + 60);
    expect(hybrid(COLOURED).build([3, 32, 32], 1).outputShape).toEqual([10]);
    expect(twin(COLOURED).build([3, 32, 32], 1).outputShape).toEqual([10]);
  });

  test('its circuit and the gradients through it are right for other angles, too', async () => {
    const { values, gradient, differences, network } = await circuitErrors(17, 3);
    expect(Math.max(values, gradient)).toBeLessThan(1e-12);
    expect(Math.max(differences, network)).toBeLessThan(1e-7);
  });

  test('prepares pixels and smooths labels', async () => {
    const layer = normalized(0.5, 0.25).build([1, 1, 2], key(1));
    expect([...(await forward(layer, [0.5, 1]))]).toEqual([0, 2]);
    const logits = uniform(key(3), 10);
    const losses = async (loss: typeof crossEntropy, label: number): Promise<number> => {
      const identity = normalized(0, 1).build([10], key(1));
      return (await lossValues(identity, loss)({ x: logits, y: [label] })).losses[0]!;
    };
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, label) => losses(crossEntropy, label)),
    );
    const mean = all.reduce((a, b) => a + b) / 10;
    expect(await losses(smoothed(0.1), 4)).toBeCloseTo(0.9 * all[4]! + 0.1 * mean, 12);
  });

  test('measures what its attacks leave', async () => {
    const model = hybrid(REDUCED);
    model.build([1, 28, 28], 3).bind!(await cpu());
    const inputs = uniform(key(5), 12 * 784);
    const found = await predict(model, inputs);
    // The first half is labelled as the network does, the others are not.
    const labels = Array.from({ length: 12 }, (_, e) => {
      const row = found.subarray(e * 10, (e + 1) * 10);
      return (row.indexOf(Math.max(...row)) + (e < 6 ? 0 : 1)) % 10;
    });
    const data: Dataset = dataset({
      name: 'noise',
      inputs,
      inputShape: [1, 28, 28],
      labels,
      classes: Array.from({ length: 10 }, (_, digit) => `${digit}`),
      source: 'uniform',
    });
    const own = await craft(model, data, ['random', 'fgsm'], 1);
    for (const crafted of Object.values(own)) {
      const far = crafted.map((value, i) => Math.abs(value - inputs[i]!));
      expect(Math.max(...far)).toBeLessThanOrEqual(EPSILON + 1e-12);
      expect(Math.min(...crafted)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...crafted)).toBeLessThanOrEqual(1);
    }
    const nothing = { fgsm: inputs };
    const { clean, attacked, transfer, worst, blind } = await standing(model, data, own, nothing);
    expect(clean).toBe(0.5);
    expect(transfer).toEqual({ fgsm: 0.5 });
    expect(worst).toBe(Math.min(attacked.fgsm, worst));
    expect(attacked.fgsm).toBeLessThanOrEqual(0.5);
    expect(blind).toBe(0);
    expect(ATTACKS['pgd-40'].settings).toMatchObject({ steps: 40, epsilon: 0.1 });
  });

  test('judges by the numbers', () => {
    const at = (clean: number, fgsm: number, few: number, many: number): Standing => ({
      clean,
      attacked: { random: clean, fgsm, 'pgd-10': few, 'pgd-40': many },
      transfer: { 'pgd-40': 0.8 },
      worst: many,
      blind: 0,
    });
    const run = (network: string, seed: number, parameters: number, after: Standing): Run => ({
      network,
      seed,
      parameters,
      trainLoss: [1],
      secondsPerEpoch: 1,
      after: { 30: after },
    });
    const errors = { values: 0, gradient: 1e-15, differences: 1e-10, network: 1e-9 };
    const good: Findings = {
      errors,
      epochs: 30,
      coloured: [],
      digits: [1, 2].flatMap((seed) => [
        run('hybrid', seed, 8, at(0.96, 0.7, 0.5, 0.3)),
        run('cnn', seed, 10, at(0.95, 0.6, 0.1, 0.1)),
      ]),
    };
    const verdicts = (findings: Findings): (boolean | null)[] =>
      judge(findings).map(({ met }) => met);
    expect(verdicts(good)).toEqual([true, true, true, true, true, true, null, true]);
    const bad: Findings = {
      ...good,
      errors: { ...errors, network: 1e-5 },
      digits: [1, 2].flatMap((seed) => [
        run('hybrid', seed, 9, at(0.91, 0.59, 0.6, 0.3)),
        run('cnn', seed, 10, at(0.95, 0.6, 0.55, 0.25)),
      ]),
    };
    expect(verdicts(bad)).toEqual([false, false, false, false, false, false, null, false]);
    const one = { ...good, digits: good.digits.slice(0, 2) };
    expect(verdicts(one)).toEqual([true, null, null, null, null, null, null, null]);
  });
});
