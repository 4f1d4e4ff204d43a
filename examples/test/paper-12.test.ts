import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { proteins } from 'ketwork';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { check } from '../papers/12-qtn-protein/checks.ts';
import { judge } from '../papers/12-qtn-protein/claims.ts';
import type { Run } from '../papers/12-qtn-protein/claims.ts';
import { VARIANTS, noisyMerge, tensorNetwork } from '../papers/12-qtn-protein/models.ts';
import { expectQuick } from './quick.ts';

const script = join(import.meta.dirname, '..', 'paper.ts');

describe('paper 12', () => {
  let out: string;
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'ketwork-paper-'));
  });
  afterAll(() => rmSync(out, { recursive: true }));

  test('its quick form runs within ten seconds and leaves figures and a page', async () => {
    await promisify(execFile)(process.execPath, [script, '12', '--quick', '--out', out]);
    expectQuick(join(out, 'quick-seed-1.json'));
    const result = JSON.parse(readFileSync(join(out, 'quick-seed-1.json'), 'utf8')) as {
      runs: Run[];
      claims: { met: boolean | null }[];
    };
    expect(result.claims.map(({ met }) => met)).toEqual([true, true, null, null, null, null, null]);
    expect(result.runs.map(({ model, parameters }) => [model, parameters])).toEqual([
      ['uPTN', 77],
      ['hPTN', 527],
      ['uCTN', 77],
      ['hCTN', 137],
      ['logistic, composition', 21],
      ['logistic, one-hot', 641],
    ]);
    expect(readFileSync(join(out, 'quick-seed-1.html'), 'utf8')).toContain('composition');
  });

  test('holds its identities for other seeds', async () => {
    for (const seed of [3, 4]) {
      const { path, trace, two } = await check(seed);
      expect(Math.max(path, trace, two)).toBeLessThan(1e-12);
    }
  });

  test('gives each model what it reads', () => {
    const data = proteins({ count: 2, length: 6, seed: 1 });
    const features = (name: string) =>
      VARIANTS.find((variant) => variant.name === name)!.features(data, 6).inputs;
    const composition = [...(features('logistic, composition') as Float64Array)];
    expect(composition.length).toBe(40);
    expect(composition.slice(0, 20).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    const hot = features('logistic, one-hot') as Float64Array;
    expect(hot.length).toBe(2 * 6 * 20);
    expect([0, 1, 2, 3, 4, 5].map((place) => hot[place * 20 + data.inputs[place]!])).toEqual([
      1, 1, 1, 1, 1, 1,
    ]);
    expect(features('hCTN')).toBe(data.inputs);
  });

  test('has the same parameters with noise as without', () => {
    const shapes = (merge?: ReturnType<typeof noisyMerge>) =>
      tensorNetwork('hCTN', 8, merge)
        .build([8], 1)
        .parameters.map(({ name, shape }) => [name, shape]);
    expect(shapes(noisyMerge(0.01))).toEqual(shapes());
  });

  test('judges by the numbers', () => {
    const run = (model: string, seed: number, accuracy: number): Run => ({
      model,
      length: 32,
      seed,
      parameters: 137,
      accuracy,
      shuffled: accuracy - 0.1,
      noisy: accuracy,
      seconds: 1,
    });
    const runs = (best: number, path: number): Run[] =>
      [1, 2].flatMap((seed) => [
        run('uPTN', seed, 0.7),
        run('hPTN', seed, path),
        run('uCTN', seed, 0.7),
        run('hCTN', seed, best),
        run('logistic, composition', seed, 0.8),
      ]);
    const fine = { path: 1e-15, trace: 0, two: 0 };
    const verdicts = (all: readonly Run[], checks = fine) =>
      judge(all, checks).map(({ met }) => met);
    expect(verdicts(runs(0.84, 0.7))).toEqual([true, true, true, true, true, null, false]);
    expect(verdicts(runs(0.77, 0.9), { ...fine, path: 1e-9, two: 1e-9 })).toEqual([
      false,
      false,
      false,
      false,
      true,
      null,
      true,
    ]);
    expect(verdicts(runs(0.9, 0.7).filter(({ seed }) => seed === 1))).toEqual([
      true,
      true,
      null,
      null,
      null,
      null,
      null,
    ]);
  });
});
