import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Checks } from '../papers/07-distributed-qcnn-cutting/checks.ts';
import { judge } from '../papers/07-distributed-qcnn-cutting/claims.ts';
import type { Run } from '../papers/07-distributed-qcnn-cutting/claims.ts';
import { HEADS, headParameters } from '../papers/07-distributed-qcnn-cutting/models.ts';
import { expectQuick } from './quick.ts';

const script = join(import.meta.dirname, '..', 'paper.ts');

describe('paper 07', () => {
  let out: string;
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'ketwork-paper-'));
  });
  afterAll(() => rmSync(out, { recursive: true }));

  test('its quick form leaves figures and a page', async () => {
    await promisify(execFile)(process.execPath, [script, '07', '--quick', '--out', out]);
    const result = JSON.parse(readFileSync(join(out, 'quick-seed-1.json'), 'utf8')) as {
      checks: Checks;
      runs: Run[];
      claims: { met: boolean | null }[];
    };
    expectQuick(join(out, 'quick-seed-1.json'));
    expect(result.claims.map(({ met }) => met)).toEqual([true, true, true, true, null, true]);
    expect(result.checks.fragments).toEqual([4, 5]);
    expect(result.runs.length).toBe(4);
    expect(readFileSync(join(out, 'quick-seed-1.html'), 'utf8')).toContain('cut behind the third');
  });

  test('has heads of the sizes it says', () => {
    const size = (head: string, classes: number): number => {
      const model = HEADS[head]!(classes);
      model.build([28, 28], 1);
      return headParameters(model);
    };
    for (const classes of [2, 4]) {
      expect(size('quantum', classes)).toBe(14 + 5 * classes);
      expect(size('dense', classes)).toBe(144 + 17 * classes);
    }
  });

  test('judges by the numbers', () => {
    const run = (task: Run['task'], head: string, seed: number, accuracy: number): Run => ({
      task,
      head,
      seed,
      accuracy,
      headParameters: head === 'quantum' ? 24 : 178,
      parameters: 7000,
      seconds: 1,
    });
    const runs = (lesion: number, cell: number): Run[] =>
      [1, 2].flatMap((seed) => [
        run('lesion', 'quantum', seed, lesion),
        run('lesion', 'dense', seed, 0.93),
        run('blood-cell', 'quantum', seed, cell),
        run('blood-cell', 'dense', seed, 0.85),
      ]);
    const checks: Checks = {
      sets: 1,
      value: 1e-12,
      gradient: 1e-12,
      fragments: [4, 5],
      runs: 14,
      epoch: 1e-9,
      shots: [256, 1024, 4096, 16_384].map((perRun) => ({ perRun, error: 1 / Math.sqrt(perRun) })),
    };
    const verdicts = (all: readonly Run[], some: Partial<Checks> = {}) =>
      judge(all, { ...checks, ...some }).map(({ met }) => met);
    expect(verdicts(runs(0.92, 0.84))).toEqual([true, true, true, true, true, true]);
    expect(verdicts(runs(0.9, 0.84))[4]).toBe(false);
    expect(verdicts(runs(0.92, 0.79))[4]).toBe(false);
    expect(verdicts(runs(0.92, 0.84).slice(0, 4))[4]).toBe(null);
    expect(
      verdicts(runs(0.92, 0.84), {
        value: 1e-9,
        gradient: 1e-7,
        fragments: [3, 6],
        epoch: 1e-6,
        shots: checks.shots.map((one) => ({ ...one, error: 0.02 })),
      }),
    ).toEqual([false, false, false, false, true, false]);
  });
});
