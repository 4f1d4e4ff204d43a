import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cpu, dataset, key, principalComponents, probabilities, uniform } from 'ketwork';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { autoencoder, componentErrors } from '../papers/08-quantum-transfer-mnist/autoencoder.ts';
import {
  ALL,
  COMPONENTS,
  LATENT,
  SHOTS,
  SINGLE,
  drawn,
  judge,
} from '../papers/08-quantum-transfer-mnist/claims.ts';
import type { Compression, Run } from '../papers/08-quantum-transfer-mnist/claims.ts';
import { classifier } from '../papers/08-quantum-transfer-mnist/classifier.ts';
import {
  angles,
  circuitFeatures,
  featureCircuit,
} from '../papers/08-quantum-transfer-mnist/features.ts';
import { expectQuick } from './quick.ts';

const script = join(import.meta.dirname, '..', 'paper.ts');

const latents = (count: number, seed: number) =>
  dataset({
    name: 'latents',
    inputs: uniform(key(seed), 8 * count, { low: -1, high: 1 }),
    inputShape: [8],
    labels: new Int32Array(count),
    classes: ['one'],
    source: 'uniform',
  });

describe('paper 08', () => {
  let out: string;
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'ketwork-paper-'));
  });
  afterAll(() => rmSync(out, { recursive: true }));

  test('its quick form runs within ten seconds and writes what others read', async () => {
    const args = [script, '08', '--quick', '--seed', '7', '--out', out];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expectQuick(join(out, 'quick-seed-7.json'));
    const result = JSON.parse(readFileSync(join(out, 'quick-seed-7.json'), 'utf8')) as {
      claims: { id: string; met: boolean | null }[];
      compression: Compression[];
      runs: Run[];
    };
    expect(result).toMatchObject({ seed: 7, quick: true, paper: '08' });
    expect(result.claims.map(({ met }) => met)).toEqual([true, null, null, null, null, null, null]);
    expect(result.runs.map(({ features }) => features)).toEqual([
      LATENT,
      COMPONENTS,
      SINGLE,
      ALL,
      ...SHOTS.map(drawn),
    ]);
    const [{ autoencoder: error, pca16, pca64 }] = result.compression as [Compression];
    expect(pca64).toBeLessThan(pca16);
    expect(pca16).toBeLessThan(error);
    expect(stdout).toContain('1  met');
  });

  test('has networks of the sizes it says', () => {
    const count = (network: { parameters: readonly { data: Float64Array }[] }): number =>
      network.parameters.reduce((sum, { data }) => sum + data.length, 0);
    const { encoder, whole } = autoencoder();
    expect(encoder.build(1).outputShape).toEqual([64]);
    expect(count(whole.build(1))).toBe(435_536);
    // Weights, biases, and two numbers per normalised feature.
    const dense = (from: number, to: number): number => (from + 1) * to;
    expect(count(classifier(32).build(1))).toBe(
      dense(32, 128) + dense(128, 64) + dense(64, 10) + 2 * (128 + 64),
    );
  });

  test('its circuit permutes a product of five distributions', async () => {
    const a = [0.3, 1.1, 2, 2.9, 0.7];
    const ones = (hadamards: 'first' | 'all') =>
      a.map((angle, q) =>
        hadamards === 'all' || q === 0 ? (1 - Math.sin(angle)) / 2 : (1 - Math.cos(angle)) / 2,
      );
    for (const hadamards of ['first', 'all'] as const) {
      using program = (await cpu()).compile(featureCircuit(hadamards), probabilities());
      const p = program.run({ a });
      const chances = ones(hadamards);
      for (let k = 0; k < 32; k++) {
        let product = 1;
        let parity = 0;
        let outcome = 0;
        for (let q = 0; q < 5; q++) {
          const bit = (k >> (4 - q)) & 1;
          product *= bit === 1 ? chances[q]! : 1 - chances[q]!;
          // CNOT 0→1, 1→2 …: every qubit ends as the parity of itself and those before it.
          parity ^= bit;
          outcome = 2 * outcome + parity;
        }
        expect(p[outcome]).toBeCloseTo(product, 12);
      }
    }
  });

  test('scales by the training examples and clips the others', () => {
    const { train, test: rest, shares } = angles({ train: latents(200, 1), test: latents(100, 2) });
    expect([train.inputShape, rest.inputShape, shares.length]).toEqual([[5], [5], 5]);
    expect(Math.min(...train.inputs)).toBe(0);
    expect(Math.max(...train.inputs)).toBeCloseTo(Math.PI, 14);
    expect(Math.min(...rest.inputs)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...rest.inputs)).toBeLessThanOrEqual(Math.PI + 1e-15);
  });

  test('shots are fractions near the probabilities, different for test examples', async () => {
    const five = angles({ train: latents(20, 1), test: latents(20, 1) });
    const exact = await circuitFeatures(five, 'first', undefined, 1);
    const some = await circuitFeatures(five, 'first', 1024, 1);
    expect(some.train.inputs.every((p) => Number.isInteger(1024 * p))).toBe(true);
    const off = some.train.inputs.map((p, i) => Math.abs(p - exact.train.inputs[i]!));
    expect(Math.max(...off)).toBeLessThan(0.08);
    expect(Math.max(...off)).toBeGreaterThan(0.005);
    expect(exact.test.inputs).toEqual(exact.train.inputs);
    expect(some.test.inputs).not.toEqual(some.train.inputs);
    const again = await circuitFeatures(five, 'first', 1024, 1);
    expect(again.test.inputs).toEqual(some.test.inputs);
  });

  test('errors of principal components are the variances they leave out', () => {
    const data = latents(200, 3);
    const { variances } = principalComponents(data, 8);
    const left = (count: number) => variances.slice(count).reduce((sum, v) => sum + v, 0) / 8;
    const errors = componentErrors(data, data, [2, 5, 8]);
    [2, 5, 8].forEach((count, i) => expect(errors[i]).toBeCloseTo(left(count), 12));
  });

  describe('judges', () => {
    const good = {
      [LATENT]: 0.95,
      [COMPONENTS]: 0.72,
      [SINGLE]: 0.7,
      [drawn(1024)]: 0.69,
      [drawn(256)]: 0.66,
      [drawn(64)]: 0.6,
      [ALL]: 0.5,
    };
    const compression: Compression = {
      seed: 1,
      autoencoder: 0.01,
      pca16: 0.027,
      pca64: 0.009,
      losses: [],
      shares: [],
    };
    const checks = { sums: 1e-15, zeroAngles: 0 };
    const met = (
      change: Partial<Record<string, number>> = {},
      errors: Partial<Compression> = {},
      quick = false,
    ) => {
      const runs = Object.entries({ ...good, ...change }).map(([features, testAccuracy]) => ({
        features,
        seed: 1,
        parameters: 1,
        testAccuracy: testAccuracy!,
        validationAccuracy: 0,
        epochs: 1,
        best: 1,
      }));
      const all = judge(runs, [compression, { ...compression, ...errors }], checks, quick);
      return all.map((claim) => claim.met);
    };
    const but = (...ids: readonly number[]) => [1, 2, 3, 4, 5, 6, 7].map((id) => !ids.includes(id));

    test('what the paper says as met', () => {
      expect(met()).toEqual(but());
    });

    test('what is otherwise as not met', () => {
      expect(met({}, { autoencoder: 0.021 })).toEqual(but(2));
      expect(met({}, { pca16: 0.009 })).toEqual(but(2));
      expect(met({ [LATENT]: 0.92 })).toEqual(but(3));
      expect(met({ [COMPONENTS]: 0.76 })).toEqual(but(4));
      expect(met({ [SINGLE]: 0.84 })).toEqual(but(4, 5, 6));
      expect(met({ [drawn(256)]: 0.695 })).toEqual(but(6));
      expect(met({ [ALL]: 0.61 })).toEqual(but(7));
    });

    test('a short run as not measured', () => {
      expect(met({}, {}, true)).toEqual([true, ...new Array<null>(6).fill(null)]);
    });
  });
});
