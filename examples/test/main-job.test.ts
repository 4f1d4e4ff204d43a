import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('the main job, in its short form, prints a comparison and writes a report and figures', async () => {
  const examples = join(import.meta.dirname, '..');
  const out = join(examples, 'results', 'quick');
  rmSync(out, { recursive: true, force: true });
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(examples, 'main-job.ts'),
    '--quick',
  ]);
  expect(stdout).toContain('RY(atan(2·x[0]))');
  expect(stdout).toMatch(/MNIST 3-8 +quantum +82 +0\.\d{3}/);
  expect(stdout).toMatch(/μ-p +classical +80 +0\.\d{3}/);
  const html = readFileSync(join(out, 'main-job.html'), 'utf8');
  expect(html.match(/<figure/g)?.length).toBe(1 + 3 * 5);
  expect(html).not.toMatch(/(?:src|href)="https?:/);
  const { runs, peakMemoryMiB } = JSON.parse(readFileSync(join(out, 'main-job.json'), 'utf8')) as {
    runs: { testAccuracy: number[]; confusion: number[][] }[];
    peakMemoryMiB: number;
  };
  expect(runs.map(({ testAccuracy }) => testAccuracy.length)).toEqual([2, 2, 2, 2, 2, 2]);
  for (const { testAccuracy, confusion } of runs) {
    const [[a, b], [c, d]] = confusion as [[number, number], [number, number]];
    expect(a + b + c + d).toBe(100);
    expect((a + d) / 100).toBeCloseTo(testAccuracy[1]!, 10);
  }
  expect(peakMemoryMiB).toBeLessThan(2048);
});
