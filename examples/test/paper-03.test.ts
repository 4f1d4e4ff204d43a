import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judge } from '../papers/03-dp-qml/claims.ts';
import { TASKS, taskOf } from '../papers/03-dp-qml/data.ts';
import { CLASSICAL, QUANTUM, VARIANTS } from '../papers/03-dp-qml/models.ts';
import { anchorRatios } from '../papers/03-dp-qml/runs.ts';
import type { Run } from '../papers/03-dp-qml/runs.ts';

const script = join(import.meta.dirname, '..', 'paper.ts');

describe('paper 03', () => {
  let out: string;
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'ketwork-paper-'));
  });
  afterAll(() => rmSync(out, { recursive: true }));

  test('its quick form runs within ten seconds and leaves figures and a page', async () => {
    const start = performance.now();
    await promisify(execFile)(process.execPath, [script, '03', '--quick', '--out', out]);
    expect(performance.now() - start).toBeLessThan(10_000);
    const result = JSON.parse(readFileSync(join(out, 'quick-seed-1.json'), 'utf8')) as {
      claims: { met: boolean | null }[];
      runs: Run[];
    };
    expect(result.claims.map(({ met }) => met)).toEqual([true, null, null, null, null]);
    expect(result.runs.length).toBe(4 * 2 * 3);
    for (const { noise, epsilon } of result.runs) expect(epsilon === null).toBe(noise === 0);
    const quantum = result.runs.filter(({ model, noise }) => model === QUANTUM && noise === 1);
    for (const { accuracy } of quantum) expect(accuracy).toBeGreaterThan(0.7);
    expect(readFileSync(join(out, 'quick-seed-1.html'), 'utf8')).toContain('Accuracy against ε');
  });

  test('has models of 30, 27 and 40 parameters', () => {
    const counts = [2, 16].map((features) =>
      VARIANTS.map(({ name, make }) => {
        const { parameters } = make(features).build([name === QUANTUM ? 16 : features], 1);
        return parameters.reduce((sum, { data }) => sum + data.length, 0);
      }),
    );
    expect(counts).toEqual([
      [30, 27],
      [30, 40],
    ]);
  });

  test('has balanced data, standardised by the training examples', async () => {
    for (const name of TASKS.slice(0, 3)) {
      const { train, test: tested } = await taskOf(name, 3, [600, 200]);
      expect([train.size, tested.size]).toEqual([600, 200]);
      const ones = train.labels.reduce((a, b) => a + b, 0);
      expect(Math.abs(ones / 600 - 0.5)).toBeLessThan(0.08);
      const first = train.inputs.filter((_, i) => i % 2 === 0);
      expect(Math.abs(first.reduce((a, b) => a + b, 0))).toBeLessThan(1e-9);
      expect(first.reduce((sum, x) => sum + x * x, 0) / 600).toBeCloseTo(0.25, 9);
    }
  });

  test('knows the values of the card', () => {
    for (const ratio of anchorRatios()) expect(Math.abs(ratio - 1)).toBeLessThan(0.001);
  });

  test('judges', () => {
    const run = (task: string, noise: number, changes: Partial<Run>): Run => ({
      task,
      model: QUANTUM,
      seed: 1,
      noise,
      parameters: 30,
      epsilon: noise === 0 ? null : 8 / noise ** 1.5,
      steps: 300,
      accuracy: 0.95 - 0.02 * noise,
      advantage: 0.2 - 0.05 * noise,
      auc: 0.6,
      seconds: 1,
      ...changes,
    });
    const verdicts = (changes: (task: string, noise: number) => Partial<Run>, anchor = 1) => {
      const runs = TASKS.flatMap((task) =>
        [0, 1, 2].map((noise) => run(task, noise, changes(task, noise))),
      );
      const other = { ...runs[0]!, model: CLASSICAL, accuracy: 0 };
      return judge([...runs, other], [anchor, 1], false).map(({ met }) => met);
    };
    expect(verdicts(() => ({}))).toEqual([true, true, true, true, true]);
    expect(verdicts(() => ({}), 1.02)[0]).toBe(false);
    const at = (task: string, noise: number, changes: Partial<Run>) =>
      verdicts((one, other) => (one === task && other === noise ? changes : {}));
    expect(at('circles', 1, { accuracy: 0.89 })).toEqual([true, false, true, true, true]);
    expect(at('blobs', 2, { accuracy: 0.79 })).toEqual([true, true, false, true, true]);
    expect(at('0 and 1', 1, { accuracy: 0.89 })).toEqual([true, true, true, false, true]);
    expect(at('moons', 1, { advantage: 0.3 })).toEqual([true, true, true, true, false]);
    expect(at('moons', 1, { epsilon: 11 })).toEqual([true, false, true, false, true]);
  });
});
