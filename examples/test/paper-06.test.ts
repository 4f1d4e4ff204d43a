import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { colouredShapes, dataset } from 'ketwork';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Trial } from '../common/trials.ts';
import { check } from '../papers/06-quantum-creep-in/checks.ts';
import type { Checks } from '../papers/06-quantum-creep-in/checks.ts';
import {
  ALL,
  CLASSICAL,
  CONVOLUTIONS,
  SCALED,
  judge,
} from '../papers/06-quantum-creep-in/claims.ts';
import { TASKS, reduced } from '../papers/06-quantum-creep-in/data.ts';
import {
  PUBLISHED,
  REDUCED,
  creepModel,
  parameterCount,
  shapesBetween,
  twin,
} from '../papers/06-quantum-creep-in/models.ts';
import type { Level, NetworkSizes } from '../papers/06-quantum-creep-in/models.ts';

const script = join(import.meta.dirname, '..', 'paper.ts');
const run = (...args: string[]) => promisify(execFile)(process.execPath, [script, ...args]);
const LEVELS: readonly Level[] = [0, 1, 2];

describe('paper 06', () => {
  let out: string;
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'ketwork-paper-'));
  });
  afterAll(() => rmSync(out, { recursive: true }));

  test('its quick form runs and writes what others read', async () => {
    const { stdout } = await run('06', '--quick', '--seed', '7', '--out', out);
    const result = JSON.parse(readFileSync(join(out, 'quick-seed-7.json'), 'utf8')) as {
      wallTime: number;
      claims: { id: string; met: boolean | null }[];
      trials: Trial[];
    };
    expect(result.trials.map(({ parameters }) => parameters)).toEqual([
      2942, 3182, 1642, 1642, 1516,
    ]);
    expect(result.trials.every(({ trainLoss }) => trainLoss.length === 3)).toBe(true);
    const classical = result.trials[0]!;
    expect(classical.trainLoss.at(-1)!).toBeLessThan(classical.trainLoss[0]!);
    // A quick run measures too little for the others.
    expect(result.claims.map(({ met }) => met)).toEqual([true, true, null, null, true, null]);
    expect(stdout).toContain('5  met');
  });

  test('has networks of the sizes of the card and of the paper, with the same shapes between layers', () => {
    const counts = (sizes: Omit<NetworkSizes, 'channels'>, channels: number): number[] =>
      LEVELS.map((level) =>
        parameterCount(creepModel(level, { ...sizes, channels }), [
          channels,
          sizes.side,
          sizes.side,
        ]),
      );
    expect(counts(REDUCED, 1)).toEqual([2942, 3182, 1642]);
    expect(counts(PUBLISHED, 1)).toEqual([130_394, 133_658, 172_048]);
    expect(counts(PUBLISHED, 3)).toEqual([130_970, 134_618, 173_008]);
    expect(parameterCount(twin(1), [1, 12, 12])).toBe(1516);
    const shapes = LEVELS.map((level) =>
      shapesBetween(creepModel(level, { ...PUBLISHED, channels: 3 }), [3, 32, 32]),
    );
    expect(shapes[0]).toEqual([[3, 32, 32], [32, 30, 30], [16, 28, 28], [12_544], [10]]);
    expect(shapes[1]).toEqual(shapes[0]);
    expect(shapes[2]).toEqual(shapes[0]);
  });

  test('pools images of any channels and keeps training and test images apart', async () => {
    const white = dataset({
      name: 'white',
      inputs: new Float64Array(28 * 28).fill(0.5),
      inputShape: [28, 28],
      labels: [0],
      classes: ['a'],
      source: 'test',
    });
    const small = reduced(white);
    expect(small.inputShape).toEqual([1, 12, 12]);
    // Four pixels of padding: the corner is empty, the next ones partly covered.
    expect([...small.inputs.subarray(0, 2)]).toEqual([-1, -1]);
    expect(small.inputs[13]).toBeCloseTo(2 * (4 / 9) - 1, 12);
    expect(small.inputs[6 * 12 + 6]).toBeCloseTo(1, 12);
    const drawn = reduced(colouredShapes({ count: 4, size: 36, seed: 1 }));
    expect(drawn.inputShape).toEqual([3, 12, 12]);
    expect(drawn.inputs.every((v) => v >= -1 && v <= 1)).toBe(true);
    for (const task of TASKS) {
      const [train, held] = await task.load(3, 40, 30);
      expect([train.size, held.size, train.inputShape]).toEqual([40, 30, [task.channels, 12, 12]]);
      const size = task.channels * 144;
      const rows = [train, held].flatMap((data) =>
        Array.from({ length: data.size }, (_, i) =>
          data.inputs.slice(i * size, (i + 1) * size).join(),
        ),
      );
      expect(new Set(rows).size).toBe(70);
    }
  });

  test('has layers that agree with what is known about them', async () => {
    const checks = await check(3);
    expect(checks.convolution).toBeLessThan(1e-12);
    expect(checks.convolutionGradient).toBeLessThan(1e-12);
    expect(checks.norm).toBeLessThan(1e-12);
    expect(checks.engine).toBeLessThan(1e-12);
    expect(checks.largestSum).toBeLessThan(1);
    expect(checks.linearGradient).toBeLessThan(1e-8);
  });

  test('judges by the numbers', () => {
    const made = (task: string, model: string, accuracy: number, parameters = 1): Trial => ({
      task,
      model,
      seed: 1,
      parameters,
      trainLoss: [],
      trainAccuracy: 1,
      testAccuracy: accuracy,
      seconds: 1,
    });
    const trials = (level1: number, level2: number, scaled: number): Trial[] =>
      ['MNIST', 'Fashion-MNIST'].flatMap((task) => [
        made(task, CLASSICAL, 0.86, 2942),
        made(task, CONVOLUTIONS, level1),
        made(task, ALL, level2, 1642),
        made(task, SCALED, scaled),
      ]);
    const checks: Checks = {
      convolution: 0,
      convolutionGradient: 0,
      norm: 0,
      largestSum: 0.7,
      engine: 0,
      linearGradient: 1e-4,
    };
    const shapes = [
      [[1], [2]],
      [[1], [2]],
    ];
    const verdicts = (...args: Parameters<typeof judge>) => judge(...args).map(({ met }) => met);
    expect(verdicts(trials(0.84, 0.7, 0.81), checks, shapes, false)).toEqual([
      true,
      false,
      true,
      true,
      true,
      false,
    ]);
    expect(
      verdicts(trials(0.83, 0.7, 0.8), { ...checks, linearGradient: 0 }, [[[1]], [[2]]], false),
    ).toEqual([true, true, false, false, false, false]);
    expect(verdicts(trials(0.84, 0.7, 0.81), checks, shapes, true).slice(2)).toEqual([
      null,
      null,
      true,
      null,
    ]);
  });
});
