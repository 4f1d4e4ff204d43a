import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fold, key } from 'ketwork';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closedFormError, rules, trainBoolean } from '../papers/13-farhi-neven-qnn/boolean.ts';
import type { BooleanRun } from '../papers/13-farhi-neven-qnn/boolean.ts';
import { DENSE, QUANTUM, judge } from '../papers/13-farhi-neven-qnn/claims.ts';
import type { Findings } from '../papers/13-farhi-neven-qnn/claims.ts';
import { MODELS, bitImages } from '../papers/13-farhi-neven-qnn/digits.ts';
import { energyStates, graphHamiltonian } from '../papers/13-farhi-neven-qnn/states.ts';
import { expectQuick } from './quick.ts';

const script = join(import.meta.dirname, '..', 'paper.ts');

describe('paper 13', () => {
  let out: string;
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'ketwork-paper-'));
  });
  afterAll(() => rmSync(out, { recursive: true }));

  test('its quick form runs within ten seconds and leaves figures and a page', async () => {
    await promisify(execFile)(process.execPath, [script, '13', '--quick', '--out', out]);
    expectQuick(join(out, 'quick-seed-1.json'));
    const result = JSON.parse(readFileSync(join(out, 'quick-seed-1.json'), 'utf8')) as Findings & {
      claims: { id: string; met: boolean | null }[];
    };
    expect(result.claims.map(({ met }) => met)).toEqual([null, true, true, true, null, null, null]);
    expect(result.boolean.filter(({ error }) => error === 0).length).toBeGreaterThanOrEqual(4);
    expect(readFileSync(join(out, 'quick-seed-1.html'), 'utf8')).toContain('Boolean labels');
  });

  test('has rules that label as they say', () => {
    const [parity, some, majority] = rules(6, key(3));
    expect([parity!.label([1, 0, 1, 1, 0, 0]), parity!.label([1, 0, 1, 0, 0, 0])]).toEqual([1, 0]);
    expect(some!.subset.length).toBe(3);
    expect(new Set(some!.subset).size).toBe(3);
    const only = (subset: readonly number[]) =>
      Array.from({ length: 6 }, (_, j) => (subset.includes(j) ? 1 : 0));
    expect(majority!.label(only(majority!.subset.slice(0, 2)))).toBe(1);
    expect(majority!.label(only(majority!.subset.slice(0, 1)))).toBe(0);
  });

  test('needs the offset for an even number of bits', async () => {
    const [parity] = rules(4, key(1));
    expect((await trainBoolean(parity!, 4, 1, { steps: 300 })).error).toBe(0);
    expect((await trainBoolean(parity!, 4, 1, { steps: 300, offset: false })).error).toBe(0.5);
    expect(await closedFormError(2)).toBeLessThan(1e-12);
  });

  test('makes bits of the centres of cells, and knows the best rule on them', async () => {
    const {
      train,
      test: tested,
      strings,
      unambiguous,
      ceiling,
    } = await bitImages(['0', '1'], 3, 1, [300, 300]);
    expect([train.size, tested.size, train.inputShape]).toEqual([300, 300, [9]]);
    expect(new Set(train.inputs)).toEqual(new Set([0, 1]));
    expect(strings).toBeLessThan(60);
    expect(unambiguous).toBeLessThan(300);
    expect(ceiling).toBeGreaterThan(0.95);
    expect(
      MODELS.map(({ name, make }) => [name, make(9).build([9], key(1)).parameters.length]),
    ).toEqual([
      [QUANTUM, 1],
      [DENSE, 4],
    ]);
  });

  test('labels states by the sign of their energy', async () => {
    const { inputs, labels, energies } = await energyStates(
      graphHamiltonian(key(1)),
      50,
      fold(key(1), 1),
    );
    expect([inputs.length, labels.length]).toEqual([50 * 64, 50]);
    expect(Math.min(...energies.map(Math.abs))).toBeGreaterThan(0.3);
    expect([...energies].every((energy, i) => labels[i] === (energy > 0 ? 1 : 0))).toBe(true);
  });

  test('judges by the numbers', () => {
    const run = (rule: BooleanRun['rule'], seed: number, error: number): BooleanRun => ({
      rule,
      bits: 6,
      subset: [0],
      seed,
      offset: true,
      noise: 0,
      error,
      loss: 0,
      steps: 1,
    });
    const found: Findings = {
      closedForm: 1e-16,
      boolean: [1, 2, 3, 4, 5].flatMap((seed) => [
        run('parity', seed, seed === 5 ? 0.5 : 0),
        { ...run('parity', seed, 0.5), offset: false },
      ]),
      ceilings: [
        { pair: '0/1', seed: 1, side: 3, strings: 3, unambiguous: 3, train: 9, ceiling: 0.9 },
      ],
      digits: [QUANTUM, DENSE].map((model) => ({
        pair: '0/1',
        model,
        seed: 1,
        parameters: 18,
        accuracy: 0.86,
        seconds: 1,
      })),
      superposition: [{ bits: 6, seed: 1, phases: true, error: 0.04 }],
      energies: [{ seed: 1, parameters: 50, error: 0.19, constantError: 0.45, seconds: 1 }],
    };
    expect(judge(found).map(({ met }) => met)).toEqual([true, true, true, true, true, true, true]);
    const worse: Findings = {
      ...found,
      closedForm: 1e-9,
      boolean: [
        ...found.boolean.map((one) => ({ ...one, error: one.seed > 3 ? 0.25 : one.error })),
        { ...run('parity', 1, 0.1), noise: 0.1 },
      ],
      digits: found.digits.map((one) => ({ ...one, accuracy: 0.85 })),
      superposition: [{ bits: 6, seed: 1, phases: true, error: 0.06 }],
      energies: [{ ...found.energies[0]!, constantError: 0.43 }],
    };
    expect(judge(worse).map(({ met }) => met)).toEqual([
      false,
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
