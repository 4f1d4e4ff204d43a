import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { denseMatrix, groundState } from 'ketwork';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judge } from '../papers/19-qcnn-phases/claims.ts';
import type { DigitRun, PhaseRun } from '../papers/19-qcnn-phases/claims.ts';
import { DIGIT_MODELS, SIDE, onStates, parameterCount } from '../papers/19-qcnn-phases/models.ts';
import { asData, clusterIsing, grounds, stringOperator } from '../papers/19-qcnn-phases/phases.ts';
import { expectQuick } from './quick.ts';

const script = join(import.meta.dirname, '..', 'paper.ts');

describe('paper 19', () => {
  let out: string;
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'ketwork-paper-'));
  });
  afterAll(() => rmSync(out, { recursive: true }));

  test('its quick form leaves figures and a page', async () => {
    await promisify(execFile)(process.execPath, [script, '19', '--quick', '--out', out]);
    const result = JSON.parse(readFileSync(join(out, 'quick-seed-1.json'), 'utf8')) as {
      phases: PhaseRun[];
      claims: { met: boolean | null }[];
    };
    expectQuick(join(out, 'quick-seed-1.json'));
    expect(result.claims.map(({ met }) => met)).toEqual([null, null, null, true, null]);
    expect(result.phases[0]!.line).toBeGreaterThan(0.7);
    expect(readFileSync(join(out, 'quick-seed-1.html'), 'utf8')).toContain('string order');
  });

  test('has the Hamiltonian of the chain, whose string order tells the phases', async () => {
    expect(denseMatrix(clusterIsing(3, { h1: 0, h2: 0 }), 3).length).toBe(2 * 64);
    // Without fields the n - 2 stabilisers are all satisfied.
    expect(groundState(clusterIsing(7, { h1: 0, h2: 0 }), { qubits: 7 }).energies[0]).toBeCloseTo(
      -5,
      9,
    );
    expect(
      groundState(clusterIsing(6, { h1: 50, h2: 0 }), { qubits: 6 }).energies[0]! / 300,
    ).toBeCloseTo(-1, 2);
    expect(
      stringOperator(8).terms[0]!.paulis.map(({ pauli, qubit }) => `${pauli}${qubit}`),
    ).toEqual(['Z0', 'X1', 'X3', 'X5', 'Z6']);
    const states = await grounds(8, [
      { h1: 0, h2: 0 },
      { h1: 1.6, h2: 0 },
      { h1: 0.2, h2: 1.6 },
    ]);
    expect(states[0]!.stringOrder).toBeCloseTo(1, 6);
    expect(states[1]!.stringOrder).toBeLessThan(0.1);
    expect(states[2]!.stringOrder).toBeLessThan(0.1);
    const { inputs, labels } = asData(states, ({ h1, h2 }) => h1 < 1 && h2 < 1);
    expect([inputs.length, [...(labels as Float64Array)]]).toEqual([3 * 512, [1, 0, 0]]);
  });

  test('has models of like size', () => {
    const model = onStates();
    model.build([256, 2], 1);
    expect(parameterCount(model)).toBe(67);
    const sizes = Object.values(DIGIT_MODELS).map((make) => {
      const own = make();
      own.build([SIDE, SIDE], 1);
      return parameterCount(own);
    });
    expect(sizes).toEqual([63, 76]);
  });

  test('judges by the numbers', () => {
    const run = (seed: number, line: number, plane: number, boundary: number): PhaseRun => ({
      seed,
      parameters: 67,
      line,
      plane,
      planePoints: 9,
      boundary,
      seconds: 1,
    });
    const digit = (pair: string, model: string, accuracy: number): DigitRun => ({
      pair,
      model,
      seed: 1,
      parameters: 63,
      accuracy,
      seconds: 1,
    });
    const digits = (accuracy: number): DigitRun[] => [
      digit('0/1', 'QCNN', accuracy),
      digit('0/1', 'CNN', 0.99),
      digit('3/6', 'QCNN', 0.92),
      digit('3/6', 'CNN', 0.99),
    ];
    const verdicts = (phases: PhaseRun[], accuracy: number, pooling: number) =>
      judge(phases, digits(accuracy), pooling).map(({ met }) => met);
    expect(verdicts([run(1, 0.96, 0.97, 0.9), run(2, 0.94, 0.95, 1.1)], 0.96, 0)).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    expect(verdicts([run(1, 0.9, 0.9, 0.7), run(2, 0.94, 0.95, 0.8)], 0.94, 1e-9)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(verdicts([run(1, 0.96, 0.97, 0.9)], 0.96, 0)).toEqual([null, null, null, true, null]);
  });
});
