import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dense, fit, mse, qlstm, rmsprop, sequential } from 'ketwork';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { check } from '../papers/14-qrnn-reservoir/checks.ts';
import { judge } from '../papers/14-qrnn-reservoir/claims.ts';
import type { Baselines } from '../papers/14-qrnn-reservoir/claims.ts';
import {
  CELLS,
  autoregression,
  parameterCount,
  randomNetwork,
  settledFrom,
  trained,
  trainedNetwork,
} from '../papers/14-qrnn-reservoir/models.ts';
import type { Run } from '../papers/14-qrnn-reservoir/models.ts';
import { TASKS, task } from '../papers/14-qrnn-reservoir/tasks.ts';
import { expectQuick } from './quick.ts';

const script = join(import.meta.dirname, '..', 'paper.ts');

describe('paper 14', () => {
  let out: string;
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'ketwork-paper-'));
  });
  afterAll(() => rmSync(out, { recursive: true }));

  test('its quick form runs within ten seconds and writes what others read', async () => {
    const args = ['14', '--quick', '--seed', '3', '--out', out];
    const { stdout } = await promisify(execFile)(process.execPath, [script, ...args]);
    expectQuick(join(out, 'quick-seed-3.json'));
    const result = JSON.parse(readFileSync(join(out, 'quick-seed-3.json'), 'utf8')) as {
      claims: { id: string; met: boolean | null }[];
      runs: Run[];
      sizes: Record<string, number[]>;
    };
    expect(result.sizes).toEqual({
      SHM: [158, 78],
      Bessel: [168, 84],
      'NARMA5 (u→y)': [198, 98],
    });
    // AR(4), a classical reservoir, three cells at three scales, spins, one trained network.
    expect(result.runs.length).toBe(3 * 13);
    expect(result.claims.map(({ met }) => met === null)).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => [4, 5, 7, 8, 9].includes(id)),
    );
    expect(stdout).toContain('1  met');
  });

  test('has networks of the sizes it says', () => {
    expect(CELLS.map((cell) => parameterCount(trainedNetwork(cell), [4, 1]))).toEqual([
      28, 76, 149,
    ]);
  });

  test('checks what does not depend on training', async () => {
    const { frozen, repeatable, largestFeature, narma } = await check();
    expect([frozen, repeatable]).toEqual([true, true]);
    expect(largestFeature).toBeLessThanOrEqual(1);
    expect(narma).toBeLessThan(1e-15);
  });

  test('predicts the value after the window, and tests on what comes later', () => {
    for (const name of TASKS) {
      const { train, test: later, baselines } = task(name);
      expect([...train.labels, ...later.labels].every((value) => Math.abs(value) <= 1)).toBe(true);
      expect(baselines.mean).toBeGreaterThan(0);
      if (name.includes('u→y')) continue;
      expect(train.inputs[4 * 4 + 3]).toBe(train.labels[3]);
      expect(later.inputs[4 * 4 + 3]).toBe(later.labels[3]);
    }
  });

  test('counts the circuits it runs', async () => {
    const data = task('SHM');
    const reservoir = await randomNetwork('qgru', 0.3, data, 1, 1);
    expect(reservoir.circuits).toEqual({ forward: 158 * 4 * 3, backward: 0 });
    const network = await trained('qrnn', data, 1, 2);
    expect(network.circuits).toEqual({ forward: 158 * 4 * 2, backward: 158 * 4 * 2 });
    expect(autoregression(data).testError).toBeLessThan(1e-5);
  });

  test('a network trained on from a checkpoint has the bits of one trained straight through', async () => {
    const { train } = task('Bessel');
    const path = join(out, 'checkpoint.safetensors');
    const part = { inputs: train.inputs.slice(0, 4 * 30), labels: train.labels.slice(0, 30) };
    const numbers = async (epochs: number, checkpoint: object): Promise<Float64Array[]> => {
      const model = sequential(qlstm({ hidden: 3, stack: 2, dropout: 0.2 }), dense(1));
      model.build([4, 1], 5);
      const optimizer = rmsprop(0.01);
      await fit(model, part, {
        loss: mse,
        optimizer,
        epochs,
        batchSize: 8,
        seed: 5,
        ...checkpoint,
      });
      return model.network!.parameters.map(({ data }) => data);
    };
    const straight = await numbers(4, {});
    await numbers(2, { checkpoint: { path } });
    expect(await numbers(4, { checkpoint: { path, resume: true } })).toEqual(straight);
  });

  test('judges by the numbers', () => {
    const made = (
      name: string,
      model: string,
      testError: number,
      more: Partial<Run> = {},
    ): Run => ({
      task: name,
      model,
      ...(model.endsWith('-RC') ? { scale: 0.3 } : {}),
      seed: 1,
      parameters: 4,
      trainError: 0,
      testError,
      circuits: { forward: 10, backward: 0 },
      seconds: 1,
      ...settledFrom([1, 0.5, 0.5]),
      ...more,
    });
    const names = ['SHM', 'Bessel', 'NARMA5 (u→y)', 'NARMA10 (series)'];
    const baselines: Record<string, Baselines> = Object.fromEntries(
      names.map((name) => [name, { mean: 0.05, persistence: 0.004 }]),
    );
    const checks = { frozen: true, repeatable: true, largestFeature: 1, narma: 0 };
    const runs = names.flatMap((name) => [
      made(name, 'AR(4)', 0.02),
      made(name, 'RNN-5 reservoir', 0.01, settledFrom([1, 0.9, 0.5])),
      ...['QRNN-RC', 'QGRU-RC', 'QLSTM-RC'].map((model) => made(name, model, 0.0009)),
      ...['QGRU trained', 'QLSTM trained'].map((model) => made(name, model, 0.0004)),
      made(name, 'QRNN trained', 0.0004, { circuits: { forward: 100, backward: 100 }, seconds: 9 }),
    ]);
    expect(judge(runs, baselines, checks, true).map(({ met }) => met)).toEqual([
      true,
      true,
      true,
      true,
      true,
      true,
      true,
      true,
      true,
    ]);
    const worse = runs.map((run): Run =>
      run.model.endsWith('-RC')
        ? {
            ...run,
            testError: 0.03,
            ...settledFrom([1, 0.9, 0.8, 0.5]),
            circuits: { forward: 11, backward: 0 },
            seconds: 10,
          }
        : run,
    );
    const wrong = { frozen: false, repeatable: true, largestFeature: 1, narma: 1e-3 };
    expect(judge(worse, baselines, wrong, true).map(({ met }) => met)).toEqual([
      false,
      false,
      false,
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(
      judge([], baselines, checks, true)
        .map(({ met }) => met)
        .slice(1, 4),
    ).toEqual([null, null, null]);
    expect(settledFrom([1, 0.54, 0.51, 0.5]).settled).toEqual({ epochs: 2, loss: 0.5 });
  });
});
