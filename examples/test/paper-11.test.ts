import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { adversarialExamples, bim, cpu, forward, specs } from 'ketwork';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ANGLES,
  chainStates,
  evolvedState,
  local,
} from '../papers/11-quantum-adversarial/chain.ts';
import type { ChainRun } from '../papers/11-quantum-adversarial/chain.ts';
import { judge } from '../papers/11-quantum-adversarial/claims.ts';
import type { Findings } from '../papers/11-quantum-adversarial/claims.ts';
import { gradientErrors } from '../papers/11-quantum-adversarial/gradients.ts';
import { EPSILON, EPSILONS, digits } from '../papers/11-quantum-adversarial/images.ts';
import type { ImageRun, Standing } from '../papers/11-quantum-adversarial/images.ts';
import {
  LOCAL,
  SLOTS,
  imageCircuit,
  imageModel,
  likelihood,
  stateModel,
} from '../papers/11-quantum-adversarial/models.ts';
import { expectQuick } from './quick.ts';

const script = join(import.meta.dirname, '..', 'paper.ts');

describe('paper 11', () => {
  let out: string;
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'ketwork-paper-'));
  });
  afterAll(() => rmSync(out, { recursive: true }));

  test('its quick form runs within ten seconds and leaves figures and a page', async () => {
    await promisify(execFile)(process.execPath, [script, '11', '--quick', '--out', out]);
    expectQuick(join(out, 'quick-seed-1.json'));
    const result = JSON.parse(readFileSync(join(out, 'quick-seed-1.json'), 'utf8')) as Findings & {
      claims: { id: string; met: boolean | null }[];
    };
    const [first, ...others] = result.claims.map(({ met }) => met);
    expect(first).toBe(true);
    expect(new Set(others)).toEqual(new Set([null]));
    const { plain } = result.images[0]!;
    expect(plain.curve[0]).toBe(plain.clean);
    expect(plain.curve.at(-1)!).toBeLessThan(plain.clean);
    expect(plain.strong).toBeLessThanOrEqual(plain.clean);
    expect(readFileSync(join(out, 'quick-seed-1.html'), 'utf8')).toContain('Robust accuracy');
  });

  test('its circuit is that of the paper', async () => {
    const circuit = imageCircuit(1);
    const counts = new Map<string, number>();
    for (const op of circuit.ops) {
      const name = op.type === 'gate' ? op.gate : op.type;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    expect(Object.fromEntries(counts)).toEqual({ RX: 130, RZ: 130, CNOT: 36 });
    expect(specs(circuit).qubits).toBe(10);
    for (const model of [imageModel(1), stateModel()]) {
      model.build(1);
      expect(model.network!.parameters.map(({ data }) => data.length)).toEqual([SLOTS]);
    }
    const { shift, shared } = await gradientErrors(5);
    expect(shift).toBeLessThan(1e-8);
    expect(shared).toBeLessThan(1e-8);
  });

  test('makes images of 16 × 16 from 0 to 1', async () => {
    const { train, test: tested } = await digits(3, { train: 30, test: 20 });
    expect([train.size, tested.size, train.inputShape]).toEqual([30, 20, [256]]);
    expect(Math.min(...train.inputs)).toBe(0);
    expect(Math.max(...train.inputs)).toBeLessThanOrEqual(1);
    expect(Math.max(...train.inputs)).toBeGreaterThan(0.8);
  });

  test('evolves states that spread, or stay', () => {
    const stayed = (v: number): number => {
      const state = evolvedState(v);
      expect(state.reduce((sum, a) => sum + a * a, 0)).toBeCloseTo(1, 8);
      const neel = Number.parseInt('0101010101', 2);
      return state[2 * neel]! ** 2 + state[2 * neel + 1]! ** 2;
    };
    expect(stayed(20)).toBeGreaterThan(0.3);
    expect(stayed(0)).toBeLessThan(0.01);
    const { labels, v, inputs } = chainStates(8, 1);
    expect(labels.reduce((a, b) => a + b)).toBe(4);
    expect(v.every((value, e) => (labels[e] === 0 ? value <= 1.5 : value >= 2.5))).toBe(true);
    expect(inputs.subarray(0, LOCAL).every((angle) => angle === 0)).toBe(true);
  });

  test('attacks on states turn qubits, and leave the states alone', async () => {
    const model = stateModel();
    model.build(2);
    model.network!.bind!(await cpu());
    const data = chainStates(4, 2);
    const attack = local(bim(0.3, { steps: 3 }));
    const found = await adversarialExamples(model, data, { loss: likelihood, attack, seed: 1 });
    const width = data.inputs.length / 4;
    const { inputs } = data;
    for (let i = 0; i < found.length; i++) {
      if (i % width >= LOCAL) expect(found[i]).toBe(inputs[i]);
      else expect(Math.abs(found[i]!)).toBeLessThanOrEqual(0.3 + 1e-12);
    }
    const loss = async (x: ArrayLike<number>): Promise<number> => {
      const p = await forward(model, x);
      return Array.from(data.labels).reduce(
        (sum, label, e) => sum - Math.log(p[2 * e + label]!),
        0,
      );
    };
    expect(await loss(found)).toBeGreaterThan(await loss(data.inputs));
  });

  test('judges by the numbers', () => {
    const standing = (clean: number, noise: number, attacked: number): Standing => ({
      clean,
      noise,
      curve: EPSILONS.map((epsilon) => (epsilon >= EPSILON ? attacked : clean)),
      strong: attacked,
    });
    const image = (seed: number): ImageRun => ({
      seed,
      parameters: 260,
      plain: standing(0.96, 0.95, 0.6),
      hardened: standing(0.94, 0.94, 0.76),
      oldAttacks: { plain: 0.6, hardened: 0.8 },
      logistic: { ...standing(1, 1, 1), parameters: 514 },
      logisticHardened: standing(1, 1, 1),
      noisy: { kept: 18, of: 20 },
      seconds: 1,
    });
    const chain = (seed: number): ChainRun => ({
      seed,
      parameters: 260,
      clean: 0.96,
      noise: ANGLES.map(() => 0.96),
      attacked: [0.9, 0.7, 0.5, 0.2],
      logistic: 1,
      seconds: 1,
    });
    const found: Findings = {
      gradients: { shift: 1e-15, shared: 0 },
      images: [image(1), image(2)],
      chains: [chain(1), chain(2)],
    };
    expect(judge(found).map(({ met }) => met)).toEqual(Array.from({ length: 8 }, () => true));
    const worse: Findings = {
      gradients: { shift: 1e-7, shared: 0 },
      images: [1, 2].map((seed) => ({
        ...image(seed),
        plain: standing(0.94, 0.8, 0.6),
        hardened: standing(0.9, 0.9, 0.7),
        noisy: { kept: 17, of: 20 },
      })),
      chains: [1, 2].map((seed) => ({
        ...chain(seed),
        clean: 0.94,
        attacked: [0.9, 0.8, 0.5, 0.2],
      })),
    };
    expect(judge(worse).map(({ met }) => met)).toEqual(Array.from({ length: 8 }, () => false));
    const one = { ...found, images: [image(1)], chains: [chain(1)] };
    expect(judge(one).map(({ met }) => met)).toEqual([
      true,
      ...Array.from({ length: 7 }, () => null),
    ]);
  });
});
