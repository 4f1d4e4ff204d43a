import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { densityMatrix, expval, groundState, key } from 'ketwork';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { median } from '../common/experiment.ts';
import { check } from '../papers/16-zne-nn-vqe/checks.ts';
import {
  ANGLES,
  noisyAnsatz,
  startAngles,
  transverseIsing,
  vqe,
  zzzz,
} from '../papers/16-zne-nn-vqe/circuits.ts';
import { covers, judge } from '../papers/16-zne-nn-vqe/claims.ts';
import { energies } from '../papers/16-zne-nn-vqe/sweeps.ts';
import type { Sweep } from '../papers/16-zne-nn-vqe/sweeps.ts';
import { expectQuick } from './quick.ts';

const script = join(import.meta.dirname, '..', 'paper.ts');

describe('paper 16', () => {
  let out: string;
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'ketwork-paper-'));
  });
  afterAll(() => rmSync(out, { recursive: true }));

  test('its quick form runs within ten seconds and writes what others read', async () => {
    const args = [script, '16', '--quick', '--seed', '7', '--out', out];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expectQuick(join(out, 'quick-seed-7.json'));
    const result = JSON.parse(readFileSync(join(out, 'quick-seed-7.json'), 'utf8')) as {
      claims: { id: string; met: boolean | null }[];
      sweeps: Sweep[];
      several: { raw: number; learned: number };
    };
    expect(result).toMatchObject({ seed: 7, quick: true, paper: '16' });
    expect(result.claims.map(({ met }) => met)).toEqual([true, true, true, true, null, null, null]);
    expect(result.sweeps.map(({ problem, kind }) => `${problem}, ${kind}`)).toEqual([
      'ZZZZ, fixed angles',
      'ZZZZ, fixed angles, shots',
      'transverse Ising, fixed angles',
    ]);
    for (const { errors, values, networks } of result.sweeps) {
      expect([values.length, networks.length]).toEqual([12, 5]);
      expect(errors.network).toBeLessThan(errors.raw);
      expect(errors['exponential to 0']).toBeLessThan(0.2 * errors.raw);
    }
    expect(result.several.learned).toBeLessThan(result.several.raw);
    expect(stdout).toContain('3  met');
  });

  test('has noise that shrinks parities as it should', () => {
    // At angles 0 only CNOTs are left, and the string of Z shrinks by every channel on its support.
    const engine = densityMatrix();
    const theta = new Float64Array(ANGLES);
    for (const p of [0, 0.01, 0.1]) {
      const [found] = energies(engine, zzzz, theta, [p]);
      const expected = parity(p);
      expect(found).toBeCloseTo(expected, 12);
    }
    expect(engine.compile(noisyAnsatz, expval(zzzz.hamiltonian)).outputShapes).toEqual([[1]]);
  });

  test('finds ground states, without noise and under it', () => {
    const lowest = groundState(transverseIsing.hamiltonian).energies[0]!;
    expect(transverseIsing.ground).toBeCloseTo(lowest, 8);
    const engine = densityMatrix();
    const theta = vqe(engine, zzzz, startAngles(key(3)), 40, [0, 0.02]);
    const [clean] = energies(engine, zzzz, theta.subarray(0, ANGLES), [0]);
    const [tuned] = energies(engine, zzzz, theta.subarray(ANGLES), [0.02]);
    expect(clean).toBeLessThan(-0.95);
    expect(tuned).toBeGreaterThan(clean!);
    expect(tuned).toBeLessThan(-0.4);
  });

  test('checks what must be exact', async () => {
    const found = await check(zzzz, startAngles(key(5)), [0.02, 0.1], 4);
    expect(found.completeness).toBeLessThan(1e-12);
    expect(found.mixing).toBeLessThan(1e-12);
    expect(found.noiseless).toBeLessThan(1e-12);
    expect(found.trajectories.length).toBe(2);
    expect(Math.max(...found.trajectories)).toBeLessThan(4);
  });

  test('judges by the numbers', () => {
    const sweep = (error: number, networks: readonly number[]): Sweep => ({
      problem: 'ZZZZ',
      kind: 'fixed angles',
      seed: 1,
      ideal: -0.99,
      values: [-0.8, -0.5, -0.2],
      networks,
      errors: {
        raw: 0.2,
        network: error,
        'worst network': error,
        linear: 0.3,
        quadratic: 0.09,
        exponential: 0.05,
        'exponential to 0': 0.01,
        Richardson: 0.01,
      },
    });
    const checks = { completeness: 0, mixing: 0, noiseless: 0, trajectories: [1, 2] };
    const both = [-0.95, -1.02, -0.9, -0.9, -0.9];
    const good = Array.from({ length: 4 }, () => sweep(0.05, both));
    const met = (sweeps: readonly Sweep[], with2 = checks, quick = false) =>
      judge(sweeps, with2, quick).map((claim) => claim.met);
    expect(met(good)).toEqual([true, true, true, true, true, true, null]);
    expect(met(good, { ...checks, trajectories: [1, 3.1], mixing: 1e-9 }).slice(0, 2)).toEqual([
      false,
      false,
    ]);
    expect(met([...good.slice(1), sweep(0.095, both)])[4]).toBe(false);
    expect(met([...good.slice(2), sweep(0.05, [-0.9]), sweep(0.05, [-1.1])])[5]).toBe(false);
    expect(met([{ ...good[0]!, ideal: -0.9 }])[2]).toBe(false);
    expect(met([{ ...good[0]!, values: [-0.2, 0.3] }])[3]).toBe(false);
    expect(met(good, checks, true).slice(4)).toEqual([null, null, null]);
    // Only the first five networks are the ensemble.
    expect(covers(sweep(0, [-0.9, -0.9, -0.9, -0.9, -0.9, -1.1]))).toBe(false);
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
  });
});

/** ⟨ZZZZ⟩ of the ansatz at angles 0, by walking back through the circuit with the string's support. */
function parity(p: number): number {
  let support = [true, true, true, true];
  let value = 1;
  const rotations = (): void => {
    for (const on of support) if (on) value *= (1 - (4 * p) / 3) ** 2;
  };
  rotations();
  for (let layer = 0; layer < 2; layer++) {
    for (const control of [2, 1, 0]) {
      const target = control + 1;
      if (support[control]! || support[target]!) value *= 1 - (16 * p) / 15;
      // Z of the target becomes Z Z of control and target.
      if (support[target]!) support = support.map((on, q) => (q === control ? !on : on));
    }
    rotations();
  }
  return value;
}
