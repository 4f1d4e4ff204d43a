import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fold, key, normal, povmGenerator } from 'ketwork';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  distribution,
  everything,
  network,
  snakes,
  transformerAnsatz,
  translations,
} from '../papers/15-povm-transformer/ansatz.ts';
import type { Ansatz } from '../papers/15-povm-transformer/ansatz.ts';
import { check, dense } from '../papers/15-povm-transformer/checks.ts';
import { judge } from '../papers/15-povm-transformer/claims.ts';
import type { Dynamics, Steady } from '../papers/15-povm-transformer/claims.ts';
import { findSteadyState } from '../papers/15-povm-transformer/learning.ts';
import { rbmAnsatz } from '../papers/15-povm-transformer/rbm.ts';
import { judgeSquare } from '../papers/15-povm-transformer/square.ts';
import {
  chain,
  distance,
  exact,
  expectations,
  initial,
  square,
} from '../papers/15-povm-transformer/system.ts';
import { expectQuick } from './quick.ts';

const script = join(import.meta.dirname, '..', 'paper.ts');
const FIRST = [1 / 3, 1 / 6, 1 / 6, 1 / 3];
const SIZES = { hidden: 16, feedForward: 16 };

/** An ansatz whose parameters are far from where they start. */
function shaken(ansatz: Ansatz): Ansatz {
  ansatz.parameters.forEach(({ data }, i) => {
    const noise = normal(fold(key(5), i), data.length, { deviation: 0.4 });
    data.forEach((x, k) => (data[k] = x + noise[k]!));
  });
  return ansatz;
}

describe('paper 15', () => {
  let out: string;
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'ketwork-paper-'));
  });
  afterAll(() => rmSync(out, { recursive: true }));

  test('its quick form runs within ten seconds and writes what others read', async () => {
    const args = [script, '15', '--quick', '--seed', '7', '--out', out];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expectQuick(join(out, 'quick-seed-7.json'));
    const result = JSON.parse(readFileSync(join(out, 'quick-seed-7.json'), 'utf8')) as {
      settings: { parameters: object };
      claims: { id: string; met: boolean | null }[];
      dynamics: Dynamics[];
      steady: Steady[];
    };
    expect(result).toMatchObject({ seed: 7, quick: true, paper: '15' });
    expect(result.claims.map(({ met }) => met)).toEqual([
      true,
      true,
      true,
      null,
      null,
      true,
      true,
      null,
    ]);
    // The size that the check had.
    expect(result.settings.parameters).toEqual({ transformer: 1748, rbm: 1716 });
    expect(result.dynamics.map(({ kind, mode }) => `${kind} ${mode}`)).toEqual([
      'transformer full',
      'transformer 200',
      'string state full',
      'RBM full',
    ]);
    for (const { kind, l1, z, exactZ, sum } of result.dynamics) {
      expect([l1.length, z.length, exactZ.length]).toEqual([7, 7, 7]);
      if (kind !== 'RBM') expect(l1[0]).toBeLessThan(1e-12);
      expect(Math.max(...l1)).toBeLessThan(0.05);
      // It follows: without a step the distance at the end would be about 0.5.
      expect(Math.abs(exactZ[6]! - exactZ[0]!)).toBeGreaterThan(0.3);
      expect(sum).toBeLessThan(1e-12);
    }
    expect(result.steady[0]!.l1).toBeLessThan(0.2);
    expect(stdout).toContain('7  met');
  });

  test('checks what must be exact', () => {
    const found = check(3);
    for (const error of [
      found.completeness,
      found.reconstruction,
      found.blocks,
      found.columns,
      found.masking,
    ])
      expect(error).toBeLessThan(1e-12);
    expect(found.exponential).toBeLessThan(1e-9);
    expect(found.nullVector).toBeLessThan(1e-9);
    expect(found.leastProbability).toBeGreaterThan(0);
    expect(found.reaction).toBeGreaterThan(0);
    // Rounded as the card has them.
    expect(found.trapezoid.map((x) => Number(x.toFixed(4)))).toEqual([0.0005, 0.002, 0.0083]);
  });

  test.each([
    ['chain', chain(3)],
    ['square lattice', square(2, 2)],
  ])('rows of the generator are those of the dense matrix: %s', (_, system) => {
    const o = dense(system);
    const whole = povmGenerator(system.measurement, system.generator);
    expect(distance(o, whole)).toBeLessThan(1e-9);
    for (let a = 0; a < system.size; a++) {
      const row = new Float64Array(system.size);
      const { strings, coefficients } = system.row(a);
      strings.forEach((b, k) => (row[b] = coefficients[k]!));
      expect(distance(row, o.subarray(a * system.size, (a + 1) * system.size))).toBeLessThan(1e-13);
    }
    expect(distance(initial(system), exact(system, [0])[0]!)).toBeLessThan(1e-14);
  });

  test('spins on a torus stay alike', () => {
    const system = square(2, 3);
    expect(system.bonds.length).toBe(12);
    const z = expectations(system, exact(system, [0.3])[0]!)[2]!;
    expect(Math.max(...z) - Math.min(...z)).toBeLessThan(1e-12);
    expect(z[0]).toBeLessThan(0.9);
  });
});

describe.each([
  ['a transformer', (): Ansatz => transformerAnsatz(network(3, 1, FIRST, SIZES))],
  ['a string state', (): Ansatz => transformerAnsatz(network(3, 1, FIRST, SIZES), translations(3))],
  ['a Boltzmann machine', (): Ansatz => rbmAnsatz(3, 1, FIRST, 7)],
] as const)('%s', (name, make) => {
  test('is normalised, and has the gradients of central differences', () => {
    const ansatz = shaken(make());
    const p = distribution(ansatz);
    expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 13);
    const strings = Int32Array.of(5, 0, 63, 17, 18);
    const evaluation = ansatz.evaluate(strings);
    strings.forEach((a, i) => expect(evaluation.p[i]).toBeCloseTo(p[a]!, 14));
    const dp = normal(key(8), strings.length);
    const grads = evaluation.backward(dp);
    const value = (): number => ansatz.evaluate(strings).p.reduce((s, x, i) => s + x * dp[i]!, 0);
    ansatz.parameters.forEach(({ data }, i) => {
      for (const k of [0, data.length >> 1, data.length - 1]) {
        const before = data[k]!;
        data[k] = before + 1e-5;
        const above = value();
        data[k] = before - 1e-5;
        const below = value();
        data[k] = before;
        expect(Math.abs(grads[i]![k]! - (above - below) / 2e-5)).toBeLessThan(1e-8);
      }
    });
  });

  test('is sampled from its own distribution', () => {
    const ansatz = shaken(make());
    const p = distribution(ansatz);
    const count = 40_000;
    const tally = new Float64Array(64);
    for (const a of ansatz.sample(count, key(4))) tally[a]!++;
    const chi = p.reduce((sum, x, a) => sum + (tally[a]! - count * x) ** 2 / (count * x), 0);
    // 63 degrees of freedom: mean 63, deviation 11.
    expect(chi).toBeLessThan(63 + 4 * 11.2);
    expect(ansatz.sample(100, key(4))).toEqual(ansatz.sample(count, key(4)).slice(0, 100));
    expect(ansatz.sample(100, key(6))).not.toEqual(ansatz.sample(100, key(4)));
  });

  test('begins at the product state', () => {
    const error = distance(distribution(make()), initial(chain(3)));
    expect(error).toBeLessThan(name === 'a Boltzmann machine' ? 0.02 : 1e-14);
  });
});

test('a string state does not change when the ring is turned', () => {
  const p = distribution(shaken(transformerAnsatz(network(3, 1, FIRST, SIZES), translations(3))));
  const turned = everything(3).map((a) => ((a % 16) << 2) + (a >> 4));
  turned.forEach((b, a) => expect(p[b]).toBeCloseTo(p[a]!, 15));
  const plain = distribution(shaken(transformerAnsatz(network(3, 1, FIRST, SIZES))));
  expect(Math.max(...turned.map((b, a) => Math.abs(plain[b]! - plain[a]!) * 1e6))).toBeGreaterThan(
    1,
  );
});

test('eight snakes go through a square lattice', () => {
  const orders = snakes(2, 3);
  expect(orders.length).toBe(8);
  expect(orders[0]).toEqual([0, 1, 2, 5, 4, 3]);
  expect(orders[1]).toEqual([0, 3, 4, 1, 2, 5]);
  expect(new Set(orders.map(String)).size).toBe(8);
  for (const order of orders) expect(order.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);
});

test('a loss over samples leads where that over all strings leads', () => {
  const system = chain(3);
  const reference = exact(system, [100])[0]!;
  const schedule = { iterations: 150, rate: 0.01, lowerAt: 100, factor: 0.3 };
  const errors = (['full', 2000] as const).map((mode) => {
    const ansatz = transformerAnsatz(network(3, 2, FIRST, SIZES), translations(3));
    findSteadyState(system, ansatz, mode, schedule, key(3));
    return distance(distribution(ansatz), reference);
  });
  expect(distance(initial(system), reference)).toBeGreaterThan(0.5);
  for (const error of errors) expect(error).toBeLessThan(0.15);
});

test('judges by the numbers', () => {
  const run = (kind: Dynamics['kind'], mode: string, error: number, spread = 0.02): Dynamics => ({
    kind,
    sites: 4,
    mode,
    seed: 1,
    times: [0, 0.1],
    z: [1, 0.9 + error],
    exactZ: [1, 0.9],
    l1: [0, 2 * error],
    spread: [0, spread],
    sum: 0,
    losses: [0],
  });
  const still = (error: number): Steady => ({
    kind: 'transformer',
    sites: 4,
    mode: 'full',
    seed: 1,
    field: 1,
    found: [0.4 + error, 0.2, -0.8],
    exact: [0.4, 0.2, -0.8],
    l1: 0.1,
    loss: 0.1,
  });
  const checks = {
    completeness: 0,
    reconstruction: 1e-15,
    leastProbability: 0.001,
    blocks: 0,
    columns: 0,
    exponential: 1e-10,
    nullVector: 1e-14,
    steady: { 3: [0.41484, 0.19257, -0.80743], 4: [0.43978, 0.18719, -0.81281] },
    trapezoid: [0.0005, 0.002, 0.008],
    masking: 0,
    reaction: 0.1,
  };
  const good = [
    run('transformer', 'full', 0.02),
    run('transformer', '1000', 0.02),
    run('string state', 'full', 0.01, 0),
    run('RBM', 'full', 0.02),
  ];
  const met = (
    dynamics = good,
    steady = [still(0.02)],
    own: typeof checks = checks,
    quick = false,
  ): (boolean | null)[] => judge(dynamics, steady, own, quick).map((claim) => claim.met);
  expect(met()).toEqual([true, true, true, true, true, true, true, null]);
  expect(met([...good, run('transformer', '1000', 0.031)])[3]).toBe(false);
  expect(met([...good, { ...good[0]!, l1: [1e-3, 0] }])[3]).toBe(false);
  expect(met([...good, { ...good[0]!, l1: [0, 0.081] }])[3]).toBe(false);
  expect(met(good, [still(0.02), still(-0.051)])[4]).toBe(false);
  expect(met([good[0]!, run('string state', 'full', 0, 0.011)])[5]).toBe(false);
  expect(met([good[0]!, { ...good[2]!, sum: 1e-9 }])[5]).toBe(false);
  expect(met(good, [still(0)], { ...checks, masking: 1e-16 })[6]).toBe(false);
  expect(met(good, [still(0)], { ...checks, columns: 1e-9 })[1]).toBe(false);
  expect(met(good, [still(0)], { ...checks, reconstruction: 1e-9 })[0]).toBe(false);
  expect(met(good, [still(0)], { ...checks, trapezoid: [0.001, 0.002, 0.004] })[2]).toBe(false);
  expect(
    met(good, [still(0)], {
      ...checks,
      steady: { ...checks.steady, 3: [0.4149, 0.1926, -0.8074] },
    })[2],
  ).toBe(false);
  expect(met(good, [still(0)], checks, true).slice(3, 5)).toEqual([null, null]);
  const squares = (runs: readonly Dynamics[]): (boolean | null)[] =>
    judgeSquare(runs).map((claim) => claim.met);
  expect(squares(good)).toEqual([true, true, true, null]);
  expect(squares([...good, run('transformer', 'full', 0.041)])).toEqual([false, true, true, null]);
  expect(squares([...good.slice(0, 2), run('string state', 'full', 0.05), good[3]!])).toEqual([
    true,
    false,
    false,
    null,
  ]);
});
