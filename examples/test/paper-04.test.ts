import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { check, reordered } from '../papers/04-qgcnn-hep/checks.ts';
import { accuracies, judge } from '../papers/04-qgcnn-hep/claims.ts';
import type { Run } from '../papers/04-qgcnn-hep/claims.ts';
import {
  CNN,
  CNN_WIDE,
  GCN,
  LARGE,
  MLP,
  parameterCount,
  QCNN,
  SMALL,
  VARIANTS,
} from '../papers/04-qgcnn-hep/models.ts';
import { events, TASKS } from '../papers/04-qgcnn-hep/tasks.ts';
import { expectQuick } from './quick.ts';

const script = join(import.meta.dirname, '..', 'paper.ts');

describe('paper 04', () => {
  let out: string;
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'ketwork-paper-'));
  });
  afterAll(() => rmSync(out, { recursive: true }));

  test('its quick form runs within ten seconds and writes what others read', async () => {
    const args = [script, '04', '--quick', '--seed', '7', '--out', out];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expectQuick(join(out, 'quick-seed-7.json'));
    const result = JSON.parse(readFileSync(join(out, 'quick-seed-7.json'), 'utf8')) as {
      claims: { id: string; met: boolean | null }[];
      runs: Run[];
    };
    expect(result).toMatchObject({ seed: 7, quick: true, paper: '04' });
    expect(result.runs.length).toBe(18);
    for (const { trainLoss, testAccuracy } of result.runs) {
      expect(trainLoss.length).toBe(6);
      expect(trainLoss.every(Number.isFinite)).toBe(true);
      expect(testAccuracy).toBeGreaterThan(0.3);
    }
    // Graph networks learn muons and electrons quickly.
    expect(accuracies(result.runs, 'μ-e', GCN)[0]).toBeGreaterThan(0.8);
    expect(result.claims.map(({ met }) => met)).toEqual([null, null, true, true, null, true]);
    expect(stdout).toContain('3  met');
    expect(readFileSync(join(out, 'quick-seed-7.html'), 'utf8')).toContain('QGCN, 1 layer');
  });

  test('has networks with as many parameters as the card says', () => {
    const counts = VARIANTS.map((variant) => [variant.name, parameterCount(variant)]);
    expect(Object.fromEntries(counts)).toEqual({
      [SMALL]: 34,
      [LARGE]: 58,
      [GCN]: 50,
      [QCNN]: 82,
      [MLP]: 1038,
      [CNN]: 53,
      [CNN_WIDE]: 80,
    });
  });

  test('reads the same events as images and as graphs, and none twice', () => {
    const { train, test: rest } = events(TASKS[0]!, 3, 6, 4);
    expect([train.images.size, rest.graphs.size]).toEqual([6, 4]);
    expect(train.graphs.labels).toEqual(train.images.labels);
    for (let e = 0; e < 6; e++) {
      const brightest = Math.max(...train.images.inputs.subarray(256 * e, 256 * (e + 1)));
      expect(train.graphs.inputs[e * 24 * 29]).toBe(2 * brightest);
    }
    expect(events(TASKS[0]!, 3, 10, 1).train.images.inputs.subarray(6 * 256)).toEqual(
      rest.images.inputs,
    );
  });

  test('its network does not care about order and empty places', async () => {
    const { permutation, masking, gradient } = await check(5);
    expect(permutation).toBeLessThan(1e-10);
    expect(masking).toBeLessThan(1e-10);
    expect(gradient).toBeLessThan(1e-8);
    const { graphs } = events(TASKS[0]!, 3, 2, 1).train;
    const back = Array.from({ length: 24 }, (_, v) => 23 - v);
    const turned = reordered(graphs.inputs, back);
    expect(turned).not.toEqual(graphs.inputs);
    expect(reordered(turned, back)).toEqual(graphs.inputs);
  });

  describe('judges', () => {
    const checks = { permutation: 1e-15, masking: 0, gradient: 1e-9 };
    const run = (model: string, task: string, testAccuracy: number, rate = 0.05): Run => ({
      task,
      model,
      rate,
      seed: 1,
      parameters: parameterCount(VARIANTS.find(({ name }) => name === model)!),
      trainLoss: [0.1],
      trainAccuracy: 1,
      testAccuracy,
      seconds: 1,
    });
    const all = (small: number, others: number): Run[] =>
      TASKS.flatMap(({ name }) => [
        run(SMALL, name, small),
        ...[LARGE, GCN, QCNN, MLP, CNN, CNN_WIDE].map((model) => run(model, name, others)),
      ]);
    const met = (runs: readonly Run[], own = checks, quick = false) =>
      judge(runs, own, quick).map((claim) => claim.met);

    test('a network that is 0.01 below as good, one that is further below as worse', () => {
      expect(met(all(0.94, 0.95))).toEqual([true, true, true, true, true, true]);
      expect(met(all(0.93, 0.95))).toEqual([false, false, true, true, false, true]);
    });

    test('by the better rate of a rival', () => {
      expect(met([...all(0.94, 0.95), run(CNN, 'μ-p', 0.99, 0.01)])[1]).toBe(false);
      expect(met([...all(0.94, 0.95), run(CNN, 'μ-p', 0.5, 0.01)])[1]).toBe(true);
    });

    test('what was not run, or not long enough, as not measured', () => {
      const runs = all(0.94, 0.95).filter(({ task }) => task !== 'μ-π');
      expect(met(runs)[4]).toBe(null);
      expect(met(all(0.9, 0.95), checks, true)).toEqual([null, null, true, true, null, true]);
    });

    test('checks by their limits', () => {
      const bad = { permutation: 1e-9, masking: 1e-9, gradient: 1e-4 };
      expect(met(all(1, 1), bad)).toEqual([true, true, false, false, true, false]);
    });
  });
});
