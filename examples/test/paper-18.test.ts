import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dataset } from 'ketwork';
import type { Dataset } from 'ketwork';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Trial } from '../common/trials.ts';
import { check } from '../papers/18-hamiltonian-embedding/checks.ts';
import {
  BASELINE,
  FIFTEEN,
  FIVE,
  FIXED,
  LARGE,
  TWO,
  judge,
} from '../papers/18-hamiltonian-embedding/claims.ts';
import {
  brightened,
  lesions,
  padded,
  pooledImages,
} from '../papers/18-hamiltonian-embedding/data.ts';
import {
  hamiltonianModel,
  parameterCount,
  qcnnModel,
  regression,
} from '../papers/18-hamiltonian-embedding/models.ts';

const script = join(import.meta.dirname, '..', 'paper.ts');
const run = (...args: string[]) => promisify(execFile)(process.execPath, [script, ...args]);
const EXACT = { norm: 0, series: 0, engine: 0, timeGradient: 0, pooling: 0 };

describe('paper 18', () => {
  let out: string;
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'ketwork-paper-'));
  });
  afterAll(() => rmSync(out, { recursive: true }));

  test('its quick form runs and writes what others read', async () => {
    const { stdout } = await run('18', '--quick', '--seed', '7', '--out', out);
    const result = JSON.parse(readFileSync(join(out, 'quick-seed-7.json'), 'utf8')) as {
      claims: { id: string; met: boolean | null }[];
      trials: Trial[];
      trotter: { seed: number; accuracies: number[] }[];
    };
    expect(result.trials.map(({ parameters }) => parameters)).toEqual([
      465, 155, 62, 81, 520, 62, 51, 130,
    ]);
    expect(result.trials[0]!.testAccuracy).toBeGreaterThan(0.3);
    // Many Trotter steps come close to the exact evolution.
    const last = result.trotter[0]!.accuracies.at(-1)!;
    expect(Math.abs(last - result.trials[0]!.testAccuracy)).toBeLessThan(0.06);
    // A quick run measures too little for the others.
    expect(result.claims.map(({ met }) => met)).toEqual([
      true,
      true,
      null,
      null,
      true,
      null,
      null,
      null,
    ]);
    expect(stdout).toContain('5  met');
  });

  test('has models of the sizes of the card', () => {
    const wall = (layers: number, shared = false) =>
      hamiltonianModel(8, 8, { layers, unitary: 'brick-wall', shared });
    expect(parameterCount(wall(15), 8)).toBe(465);
    expect(parameterCount(wall(15, true), 8)).toBe(240);
    expect(parameterCount(hamiltonianModel(32, 8, { layers: 10 }), 32)).toBe(10_240);
    expect(parameterCount(hamiltonianModel(32, 2, { layers: 2, unitary: 'brick-wall' }), 32)).toBe(
      122,
    );
    expect(parameterCount(qcnnModel(8, 8, 1), 8)).toBe(81);
    expect(parameterCount(qcnnModel(32, 8, 2), 32)).toBe(99);
    expect(parameterCount(qcnnModel(32, 2, 3), 32)).toBe(69);
    expect(parameterCount(regression(8, 8), 8)).toBe(520);
    expect(parameterCount(regression(32, 2, 4), 32)).toBe(130);
  });

  test('prepares images and keeps training and test images apart', async () => {
    const make = (inputs: number[], side: number): Dataset =>
      dataset({
        name: 'made',
        inputs,
        inputShape: [side, side],
        labels: [0],
        classes: ['a'],
        source: 'test',
      });
    expect([...padded(make([1, 2, 3, 4], 2), 4).inputs]).toEqual([
      0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0,
    ]);
    expect([...brightened(make([0.5, 0.25, 0, 0.1], 2)).inputs]).toEqual([1, 0.5, 0, 0.2]);
    expect([...brightened(make([0, 0, 0, 0], 2)).inputs]).toEqual([0, 0, 0, 0]);
    for (const task of [pooledImages('MNIST', 60, 40), lesions(8, 60, 40)]) {
      const [train, held] = await task.load(3);
      expect([train.size, held.size, train.inputShape]).toEqual([60, 40, [8, 8]]);
      const rows = [train, held].flatMap((data) =>
        Array.from({ length: data.size }, (_, i) => data.inputs.slice(64 * i, 64 * (i + 1)).join()),
      );
      expect(new Set(rows).size).toBe(100);
      expect(Math.max(...train.labels)).toBe(task.classes - 1);
    }
  });

  test('has layers that agree with what is known about them', async () => {
    const checks = await check(4);
    expect(checks.norm).toBeLessThan(1e-12);
    expect(checks.series).toBeLessThan(1e-12);
    expect(checks.engine).toBeLessThan(1e-12);
    expect(checks.timeGradient).toBeLessThan(1e-8);
    expect(checks.pooling).toBeLessThan(1e-12);
    expect(checks.poolingShots).toBeLessThan(4);
    expect(checks.transpose).toBeLessThan(1e-12);
  });

  test('judges by the numbers', () => {
    const made = (task: string, model: string, accuracy: number): Trial => ({
      task,
      model,
      seed: 1,
      parameters: 1,
      trainLoss: [],
      trainAccuracy: 1,
      testAccuracy: accuracy,
      seconds: 1,
    });
    const trials = (fifteen: number, baseline: number): Trial[] => [
      ...['MNIST', 'Fashion-MNIST'].flatMap((task) => [
        made(task, FIFTEEN, fifteen),
        made(task, FIXED, 0.72),
        made(task, FIVE, 0.72),
        made(task, TWO, 0.6),
        made(task, BASELINE, baseline),
      ]),
      ...['lesions 8 × 8', 'lesions 32 × 32'].flatMap((task) => [
        made(task, TWO, 0.6),
        made(task, BASELINE, baseline),
      ]),
    ];
    const checks = { ...EXACT, poolingShots: 1, transpose: 0 };
    const verdicts = (...args: Parameters<typeof judge>) => judge(...args).map(({ met }) => met);
    expect(verdicts(trials(0.8, 0.5), checks, false)).toEqual([
      true,
      true,
      true,
      true,
      true,
      true,
      null,
      true,
    ]);
    expect(
      verdicts(trials(0.69, 0.65), { ...checks, poolingShots: 5, transpose: 1e-3 }, false),
    ).toEqual([true, false, false, false, false, false, null, false]);
    expect(verdicts(trials(0.8, 0.5), checks, true).slice(2, 4)).toEqual([null, null]);
    const large = ['MNIST', 'Fashion-MNIST'].flatMap((task) => [
      made(`${task} 32 × 32`, LARGE, 0.9),
      made(`${task} 32 × 32`, BASELINE, 0.45),
    ]);
    expect(verdicts(large, checks, false)).toEqual([
      true,
      true,
      null,
      null,
      true,
      null,
      true,
      null,
    ]);
  });
});
