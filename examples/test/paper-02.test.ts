import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { variationalBlock } from 'ketwork';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storedBackbone, trainBackbone } from '../papers/02-federated-qml/backbone.ts';
import { judge, sameSamples } from '../papers/02-federated-qml/claims.ts';
import type { Findings } from '../papers/02-federated-qml/claims.ts';
import { taskOf } from '../papers/02-federated-qml/data.ts';
import { hybrid, parametersOf, twin } from '../papers/02-federated-qml/models.ts';
import { federation, roundsToNine } from '../papers/02-federated-qml/runs.ts';
import type { FederationRun, Plan } from '../papers/02-federated-qml/runs.ts';
import { expectQuick } from './quick.ts';

const script = join(import.meta.dirname, '..', 'paper.ts');
const folder = join(import.meta.dirname, '..', 'papers', '02-federated-qml');

describe('paper 02', () => {
  let out: string;
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'ketwork-paper-'));
  });
  afterAll(() => rmSync(out, { recursive: true }));

  test('its quick form runs within ten seconds and leaves figures and a page', async () => {
    await promisify(execFile)(process.execPath, [script, '02', '--quick', '--out', out]);
    expectQuick(join(out, 'quick-seed-1.json'));
    const result = JSON.parse(readFileSync(join(out, 'quick-seed-1.json'), 'utf8')) as Findings & {
      claims: { id: string; met: boolean | null }[];
    };
    expect(Object.fromEntries(result.claims.map(({ id, met }) => [id, met]))).toEqual({
      1: true,
      2: true,
      '3a': null,
      '3b': null,
      '4a': true,
      '4b': null,
      5: true,
      '5b': true,
      6: null,
    });
    expect(result.federated[0]).toMatchObject({ bytes: 12_480, epsilon: null, examples: 100 });
    expect(result.private[0]!.epsilon).toBeGreaterThan(1);
    expect(readFileSync(join(out, 'quick-seed-1.html'), 'utf8')).toContain('participants');
  });

  test('its stored network is what its recipe makes', async () => {
    const stored = await storedBackbone();
    const { model, accuracy } = await trainBackbone();
    expect(accuracy).toBeGreaterThan(0.9);
    for (const [i, { name, data }] of model.network!.parameters.entries()) {
      const kept = stored.network!.parameters[i]!;
      expect(kept.name).toBe(name);
      const far = data.map((value, at) => Math.abs(value - kept.data[at]!));
      expect(Math.max(...far)).toBeLessThan(1e-9);
    }
    expect(statSync(join(folder, 'backbone.safetensors')).size).toBeLessThan(150_000);
  });

  test('its circuit has 24 angles and is that of the paper', () => {
    expect(parametersOf(hybrid())).toEqual({ all: 156, angles: 24 });
    expect(parametersOf(twin())).toEqual({ all: 142, angles: 0 });
    const gates = variationalBlock(4, { distances: [1] }).ops.map((op) =>
      op.type === 'gate' ? `${op.gate} ${op.qubits.join('')}` : op.type,
    );
    const each = (name: string): string[] =>
      ['0', '1', '2', '3'].map((qubit) => `${name} ${qubit}`);
    const layer = ['CNOT 01', 'CNOT 12', 'CNOT 23', 'CNOT 30', ...each('Rot')];
    const encoding = [0, 1, 2, 3].flatMap((qubit) => [`RY ${qubit}`, `RZ ${qubit}`]);
    expect(gates).toEqual([...each('H'), ...encoding, ...layer, ...layer]);
  });

  test('prepares features, and splits them evenly or not', async () => {
    const task = await taskOf(4, { train: 300, test: 50 });
    expect([task.train.size, task.test.size, task.train.inputShape]).toEqual([300, 50, [32]]);
    const sums = Float64Array.from({ length: 32 }, (_, feature) => {
      let sum = 0;
      for (let e = 0; e < 300; e++) sum += task.train.inputs[e * 32 + feature]!;
      return sum;
    });
    expect(Math.max(...sums.map(Math.abs))).toBeLessThan(1e-9);
    const plan: Plan = { model: 'hybrid', clients: 20, perRound: 5, rounds: 2, localEpochs: 1 };
    const { run } = await federation(task, plan, 4);
    const { run: uneven } = await federation(task, { ...plan, uneven: true }, 4);
    expect(run.shares).toEqual([15, 15]);
    expect(uneven.shares[0]).toBeLessThan(15);
    expect(uneven.shares[1]).toBeGreaterThan(15);
  });

  test('judges by the numbers', () => {
    expect([1, 2, 4].map((local) => sameSamples(30, 5, 20, local))).toEqual([8, 15, 30]);
    const run = (seed: number, localEpochs: number, final: number, slow = 1): FederationRun => ({
      model: 'hybrid',
      clients: 20,
      perRound: 5,
      rounds: 30,
      localEpochs,
      seed,
      accuracy: [...Array.from({ length: slow - 1 }, () => 0.5), final],
      final,
      loss: [0.1],
      examples: 380,
      shares: [76, 76],
      bytes: 12_480,
      epsilon: null,
      seconds: 1,
    });
    expect(roundsToNine(run(1, 1, 0.9, 3))).toBe(3);
    const central = (final: number): Findings['central'] =>
      [1, 2].flatMap((seed) =>
        [8, 15, 30, 60].map((epochs) => ({
          model: 'hybrid' as const,
          seed,
          epochs,
          accuracy: [final],
          final,
          seconds: 1,
        })),
      );
    const runs = (final: number, slow: number): FederationRun[] =>
      [1, 2].flatMap((seed) => [1, 2, 4].map((local) => run(seed, local, final, local * slow)));
    const good: Findings = {
      identities: { step: 1e-15, alone: 0 },
      repeated: true,
      parameters: { all: 156, angles: 24 },
      train: 1520,
      federated: runs(0.95, 1).map((one) => ({ ...one, accuracy: [0.95] })),
      curve: [],
      uneven: runs(0.9, 1),
      private: [],
      central: central(0.96),
    };
    const verdicts = (found: Findings): (boolean | null)[] => judge(found).map(({ met }) => met);
    expect(verdicts(good)).toEqual([true, true, true, true, true, true, true, true, null]);
    const bad: Findings = {
      ...good,
      identities: { step: 1e-8, alone: 1e-17 },
      repeated: false,
      federated: runs(0.93, 1).map((one) => ({ ...one, examples: 400, bytes: 1 })),
    };
    expect(verdicts(bad)).toEqual([...Array.from({ length: 8 }, () => false), null]);
    const low = { ...good, central: central(0.89) };
    expect(verdicts(low).slice(2, 4)).toEqual([false, false]);
    const one = { ...good, federated: good.federated.slice(0, 3) };
    expect(verdicts(one).slice(2, 6)).toEqual([null, null, true, null]);
  });
});
