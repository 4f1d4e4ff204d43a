import {
  applyNoise,
  circuit,
  cpu,
  densityMatrix,
  fidelityKernel,
  noiseModel,
  pairMeanFeatureMap,
  rocAuc,
} from 'ketwork';
import type { Circuit } from 'ketwork';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { boostedTrees } from '../papers/01-qsvm-kernel/boosting.ts';
import { kernelChecks } from '../papers/01-qsvm-kernel/checks.ts';
import { BDT, MAP_B, NOISE, RBF, SHOTS, judge } from '../papers/01-qsvm-kernel/claims.ts';
import type { Comparison, Measured } from '../papers/01-qsvm-kernel/claims.ts';
import { events, firstEvents } from '../papers/01-qsvm-kernel/data.ts';
import { trainLarge } from '../papers/01-qsvm-kernel/large.ts';
import { noisyKernel } from '../papers/01-qsvm-kernel/noise.ts';
import { expectQuick } from './quick.ts';

const script = join(import.meta.dirname, '..', 'paper.ts');
const run = (...args: string[]) => promisify(execFile)(process.execPath, [script, ...args]);

describe('paper 01', () => {
  let out: string;
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'ketwork-paper-'));
  });
  afterAll(() => rmSync(out, { recursive: true }));

  test('its quick form runs within ten seconds and writes what others read', async () => {
    const { stdout } = await run('01', '--quick', '--seed', '3', '--out', out);
    expectQuick(join(out, 'quick-seed-3.json'));
    const result = JSON.parse(readFileSync(join(out, 'quick-seed-3.json'), 'utf8')) as Measured & {
      claims: { id: string; met: boolean | null }[];
    };
    expect(result).toMatchObject({ seed: 3, quick: true, paper: '01' });
    expect(result.claims.map(({ id }) => id)).toEqual(['1', '2', '3', '4a', '4b', '5', '6']);
    expect(result.claims.map(({ met }) => met)).toEqual([true, null, null, null, null, null, true]);
    expect(result.few[0]!.scores.map(({ model }) => model)).toContain('map B projected, α = π');
    const off = result.few[0]!.scores.slice(0, 4).map(({ offDiagonal }) => offDiagonal!);
    expect(off).toEqual(off.toSorted((a, b) => b - a));
    expect(stdout).toContain('1  met');
    expect(existsSync(join(out, 'quick-seed-3.html'))).toBe(true);
  });

  test('events are scaled by those of the training, and fewer are the first of more', () => {
    const { train, test: rest } = events(8, 500, 100, 4);
    for (let f = 0; f < 8; f++) {
      const column = Array.from({ length: 500 }, (_, e) => train.inputs[e * 8 + f]!);
      expect(Math.abs(column.reduce((a, b) => a + b / 500, 0))).toBeLessThan(0.02);
    }
    expect(
      Math.max(...train.inputs.map(Math.abs), ...rest.inputs.map(Math.abs)),
    ).toBeLessThanOrEqual(1);
    const fewer = firstEvents(8, 100, 500, 100, 4);
    expect(fewer.train.labels).toEqual(train.labels.slice(0, 100));
    expect(fewer.test.labels).toEqual(rest.labels);
  });

  test('boosted trees learn what no line divides', () => {
    const { inputs } = events(4, 600, 2, 5).train;
    const labels = Array.from({ length: 600 }, (_, e) =>
      inputs[4 * e]! * inputs[4 * e + 1]! > 0 ? 1 : 0,
    );
    const train = inputs.subarray(0, 1600);
    const decide = boostedTrees(train, 4, labels.slice(0, 400));
    expect(rocAuc(decide(inputs.subarray(1600)), labels.slice(400))).toBeGreaterThan(0.9);
    const stump = boostedTrees(Float64Array.of(0, 1, 2, 3), 1, [0, 0, 1, 1], {
      rounds: 1,
      depth: 1,
      rate: 1,
    });
    // Residuals ±1/2, weights 1/4: leaves of ±2.
    expect([...stump(Float64Array.of(-1, 1.4, 1.6))]).toEqual([-2, -2, 2]);
  });

  test('noise drawn as states agrees with the density matrix', async () => {
    const noise = { one: 0.01, two: 0.05 };
    const model = noiseModel({
      gates: [
        { after: ['H', 'RZ', 'RY'], noise: circuit(1, (q) => q.depolarizing(noise.one, 0)) },
        { after: ['CNOT'], noise: circuit(2, (q) => q.depolarizing(noise.two, [0, 1])) },
      ],
    });
    const map = pairMeanFeatureMap(3);
    const x = Float64Array.of(0.1, 0.5, -0.7, 0.9, -0.3, 0.2);
    const y = Float64Array.of(0.3, 0.4, -0.1);
    const exact = fidelityKernel(densityMatrix(), map, {
      method: 'inversion',
      rewrite: (c: Circuit) => applyNoise(c, model),
    }).between(x, y);
    const clean = fidelityKernel(await cpu(), map).between(x, y);
    const drawn = await noisyKernel(map, x, y, noise, 400, 1);
    expect(drawn).toEqual(await noisyKernel(map, x, y, noise, 400, 1));
    drawn.forEach((k, i) => {
      expect(Math.abs(k - exact[i]!)).toBeLessThan(0.015);
      expect(Math.abs(clean[i]! - exact[i]!)).toBeGreaterThan(0.1);
    });
  });

  test('its form with tiles goes on with those that are there', async () => {
    const settings = { qubits: 4, train: 300, test: 100, selection: 60, tile: 64 };
    const part = { progress: () => {}, checkpoint: join(out, 'large') };
    const result = await trainLarge(settings, 2, part);
    expect(result).toMatchObject({ train: 300, madeShare: 1 });
    expect(result.residual).toBeLessThan(1e-3);
    expect(result.auc).toBeGreaterThan(0.55);
    expect(existsSync(join(out, 'large.tiles'))).toBe(false);
  });

  test('judges what was measured', async () => {
    const comparison = (aucs: Record<string, number>, train = 100): Comparison => ({
      qubits: 10,
      train,
      test: 100,
      seed: 1,
      seconds: 1,
      scores: Object.entries(aucs).map(([model, auc]) => ({ model, auc })),
    });
    const checks = [await kernelChecks(2, 4, 1)];
    const largest = {
      qubits: 20,
      events: 60,
      asymmetry: 0,
      diagonal: 1e-15,
      lowestEigenvalue: 0,
      offDiagonal: 0.1,
      seconds: 1,
    };
    const good: Measured = {
      checks,
      few: [comparison({ [MAP_B]: 0.78, [RBF]: 0.8, [BDT]: 0.8 })],
      many: [comparison({ [MAP_B]: 0.9, [RBF]: 0.8, [BDT]: 0.7 })],
      small: [comparison({ [MAP_B]: 0.7, [RBF]: 0.75, [BDT]: 0.7, [SHOTS]: 0.69, [NOISE]: 0.65 })],
      growth: [comparison({ [MAP_B]: 0.7 }, 100), comparison({ [MAP_B]: 0.8 }, 400)],
      largest,
    };
    const met = (measured: Measured): (boolean | null)[] =>
      judge(measured, false).map((claim) => claim.met);
    expect(met(good)).toEqual([true, true, true, true, true, true, true]);
    const bad: Measured = {
      checks: [{ ...checks[0]!, methods: 1e-5 }],
      few: [comparison({ [MAP_B]: 0.77, [RBF]: 0.8, [BDT]: 0.7 })],
      many: [comparison({ [MAP_B]: 0.77, [RBF]: 0.7, [BDT]: 0.8 })],
      small: [comparison({ [MAP_B]: 0.6, [RBF]: 0.75, [BDT]: 0.7, [SHOTS]: 0.69, [NOISE]: 0.59 })],
      growth: [comparison({ [MAP_B]: 0.7 }, 400), comparison({ [MAP_B]: 0.8 }, 100)],
      largest: { ...largest, lowestEigenvalue: -1e-5 },
    };
    expect(met(bad)).toEqual([false, false, false, false, false, false, false]);
  });
});
