import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Tape, cpu, fold, key, normal } from 'ketwork';
import type { Policy } from 'ketwork';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AGENTS,
  CLASSICAL,
  QUANTUM,
  SOURCE,
  learn,
  randomReturn,
} from '../papers/10-qfwp/agents.ts';
import type { Lesson } from '../papers/10-qfwp/agents.ts';
import { check } from '../papers/10-qfwp/checks.ts';
import { equalEpochs, judge } from '../papers/10-qfwp/claims.ts';
import type { Evidence } from '../papers/10-qfwp/claims.ts';
import { errorAfter, finalError } from '../papers/10-qfwp/forecasts.ts';
import type { Forecast } from '../papers/10-qfwp/forecasts.ts';
import { GridWorld } from '../papers/10-qfwp/grid-world.ts';
import {
  ALL,
  FIRST,
  LINEAR,
  MLP,
  QLSTM,
  VARIANTS,
  parameterCount,
} from '../papers/10-qfwp/models.ts';
import { BESSEL, NARMA5, SHM, TASKS, simplest, split } from '../papers/10-qfwp/series.ts';
import { expectQuick } from './quick.ts';

const script = join(import.meta.dirname, '..', 'paper.ts');

/** Episodes of MiniGrid's empty rooms. */
const { episodes } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'data', 'grid-world.json'), 'utf8'),
) as {
  episodes: {
    size: number;
    heading: number;
    actions: number[];
    views: string[];
    rewards: number[];
    ends: boolean[];
  }[];
};

describe('paper 10', () => {
  let out: string;
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'ketwork-paper-'));
  });
  afterAll(() => rmSync(out, { recursive: true }));

  test('its quick form runs within ten seconds and writes what others read', async () => {
    const args = [script, '10', '--quick', '--seed', '7', '--out', out];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expectQuick(join(out, 'quick-seed-7.json'));
    const result = JSON.parse(readFileSync(join(out, 'quick-seed-7.json'), 'utf8')) as {
      claims: { id: string; met: boolean | null }[];
      forecasts: Forecast[];
      lessons: Lesson[];
    };
    expect(result).toMatchObject({ seed: 7, quick: true, paper: '10' });
    expect(result.claims.map(({ id }) => id)).toEqual(['1', '2', '3a', '3b', '4', '5', '6', '7']);
    // A quick run measures too little for the others.
    expect(result.claims.map(({ met }) => met)).toEqual([
      true,
      ...Array.from({ length: 7 }, () => null),
    ]);
    expect(result.forecasts.map(({ task, model }) => [task, model])).toEqual(
      [SHM, BESSEL].flatMap((task) => VARIANTS.map(({ name }) => [task, name])),
    );
    expect(result.lessons.map(({ agent }) => agent)).toEqual([QUANTUM, CLASSICAL]);
    expect(stdout).toContain('1  met');
    const page = readFileSync(join(out, 'quick-seed-7.html'), 'utf8');
    for (const text of ['SHM: one step ahead', 'Bessel: learning', '5 × 5 room'])
      expect(page).toContain(text);
  });

  test('has models of the sizes it says', () => {
    const counts: Record<string, number> = {
      [FIRST]: 111,
      [ALL]: 111,
      [QLSTM]: 149,
      [MLP]: 109,
      [LINEAR]: 5,
    };
    for (const { name, make } of VARIANTS) expect(parameterCount(make())).toBe(counts[name]);
    const [quantum, source, classical] = AGENTS.map(({ make }) =>
      make(1).parameters.reduce((sum, { data }) => sum + data.length, 0),
    );
    expect([quantum, source]).toEqual([1382, 1382]);
    expect(classical).toBe(1524);
  });

  test('passes its own checks of the layer', async () => {
    const { parameters, fixedCircuit, gradient } = await check(3);
    expect(parameters).toBe(111);
    expect(fixedCircuit).toBeLessThan(1e-13);
    expect(gradient).toBeLessThan(1e-8);
  });

  test('cuts series in order of time, and knows how good it is to predict the mean or the last value', () => {
    const { all, train, validation, test: rest } = split(TASKS[0]!.make());
    expect([all.size, train.size, validation.size, rest.size]).toEqual([236, 134, 24, 78]);
    expect([...train.labels, ...validation.labels, ...rest.labels]).toEqual([...all.labels]);
    const line = split(Float64Array.from({ length: 24 }, (_, i) => i));
    // 20 windows, 13 with labels 4 to 16, whose mean is 10, and 7 with labels 17 to 23.
    expect(simplest(line)).toEqual({ persistence: 1, mean: 100 + 4 });
    // The mean and persistence of the card.
    const errors = TASKS.slice(0, 3).map((task) => simplest(split(task.make())));
    expect(errors.map(({ mean }) => mean.toFixed(3))).toEqual(['0.045', '0.024', '0.016']);
    expect(errors.map(({ persistence }) => persistence.toFixed(4))).toEqual([
      '0.0033',
      '0.0036',
      '0.0008',
    ]);
  });

  test("has rooms that look, move and pay as MiniGrid's do", () => {
    expect(episodes).toHaveLength(15);
    for (const { size, heading, actions, views, rewards, ends } of episodes) {
      const world = new GridWorld(size, { actions: 7, heading });
      expect(world.reset(key(1)).join('')).toBe(views[0]);
      actions.forEach((action, t) => {
        const { observation, reward, done } = world.step(action);
        expect(Array.from(observation).join('')).toBe(views[t + 1]);
        expect(reward).toBeCloseTo(rewards[t]!, 12);
        expect(done).toBe(ends[t]);
      });
    }
    expect(episodes.filter(({ rewards }) => rewards.at(-1)! > 0.9)).toHaveLength(3);
  });

  test('draws headings from the key of the episode, and ends episodes that take too long', () => {
    const world = new GridWorld(5);
    const views = Array.from({ length: 40 }, (_, e) => world.reset(fold(key(2), e)).join());
    expect(new Set(views).size).toBe(4);
    expect(views).toEqual(
      Array.from({ length: 40 }, (_, e) => new GridWorld(5).reset(fold(key(2), e)).join()),
    );
    const ends = Array.from({ length: 100 }, () => world.step(0));
    expect(ends.findIndex(({ done }) => done)).toBe(99);
    expect(ends.every(({ reward }) => reward === 0)).toBe(true);
    expect(() => world.step(3)).toThrow(/there is no action 3/);
    expect(() => new GridWorld(3)).toThrow(/leave no room/);
    expect(randomReturn(5, 300, 1)).toBe(randomReturn(5, 300, 1));
    expect(randomReturn(5, 300, 1)).toBeGreaterThan(randomReturn(8, 300, 1));
  });

  test('has an agent that carries its angles through an episode, and drops them where one begins', async () => {
    const policy = AGENTS[0]!.make(4);
    policy.bind!(await cpu());
    const x = normal(key(5), 2 * 6 * 147);
    const whole = outputs(policy, x, 6, new Float64Array(12));
    const one = (t: number): Float64Array =>
      Float64Array.from(
        [0, 1].flatMap((e) => [...x.subarray((e * 6 + t) * 147, (e * 6 + t + 1) * 147)]),
      );
    let state = new Float64Array(32);
    for (let t = 0; t < 6; t++) {
      const step = outputs(policy, one(t), 1, new Float64Array(2), state);
      state = step.state.slice();
      for (const e of [0, 1]) {
        const row = whole.logits.subarray((e * 6 + t) * 3, (e * 6 + t + 1) * 3);
        step.logits
          .subarray(e * 3, e * 3 + 3)
          .forEach((z, j) => expect(z).toBeCloseTo(row[j]!, 12));
      }
    }
    // What was seen before step 3 of example 0 has no effect where an episode begins there.
    const starts = Float64Array.from({ length: 12 }, (_, i) => (i === 3 ? 1 : 0));
    const other = x.map((v, i) => (i < 3 * 147 ? -v : v));
    const after = [x, other].map((seen) => outputs(policy, seen, 6, starts).logits.slice(9, 18));
    expect(after[1]).toEqual(after[0]);
    const without = [x, other].map((seen) =>
      outputs(policy, seen, 6, new Float64Array(12)).logits.slice(9, 18),
    );
    expect(without[1]).not.toEqual(without[0]);
  });

  test('learns the same from the same seed, and more than nothing', async () => {
    const lesson = () => learn(AGENTS[2]!, 5, 3, 12_000, () => {});
    const first = await lesson();
    const again = await lesson();
    expect({ ...again, seconds: 0, solvedSeconds: 0 }).toEqual({
      ...first,
      seconds: 0,
      solvedSeconds: 0,
    });
    expect(first.last).toBeGreaterThan(randomReturn(5, 300, 1) + 0.1);
    expect(first.curve).toHaveLength(40);
    expect(first.solvedAfter).toBeGreaterThan(0);
  });

  test('judges by the numbers', () => {
    const made = (task: string, model: string, seed: number, error: number): Forecast => ({
      task,
      model,
      seed,
      parameters: model === QLSTM ? 149 : 111,
      trainLoss: Array.from({ length: 100 }, () => 0.1),
      validationLoss: Array.from({ length: 100 }, () => 0.1),
      best: [
        [1, 0.5],
        [30, error],
        [90, error / 2],
      ],
      predicted: [],
    });
    const runs = (task: string, model: string, errors: readonly number[]): Forecast[] =>
      errors.map((error, i) => made(task, model, i + 1, 2 * error));
    const forecasts = [
      ...runs(SHM, ALL, [0.001, 0.002, 0.5]),
      ...runs(SHM, FIRST, [0.0009, 0.3, 0.2]),
      ...runs(SHM, QLSTM, [0.003, 0.001, 0.001]),
      ...runs(BESSEL, ALL, [0.0036, 0.001, 0.02]),
      ...runs(BESSEL, QLSTM, [0.01, 0.01, 0.001]),
      ...runs(NARMA5, ALL, [0.009, 0.01, 0.001]),
      ...runs(NARMA5, QLSTM, [0.02, 0.02, 0.02]),
    ];
    expect(finalError(forecasts[0]!)).toBe(0.001);
    expect([1, 29, 30, 89, 100].map((epoch) => errorAfter(forecasts[0]!, epoch))).toEqual([
      0.5, 0.5, 0.002, 0.002, 0.001,
    ]);
    const lesson = (room: number, agent: string, last: number, seconds = 10): Lesson => ({
      room,
      agent,
      seed: 1,
      parameters: 1382,
      steps: 1000,
      episodes: 100,
      curve: [],
      last,
      solvedAfter: null,
      solvedSeconds: null,
      seconds,
    });
    const evidence: Evidence = {
      checks: { parameters: 111, fixedCircuit: 0, gradient: 1e-6 },
      forecasts,
      stepTimes: { [ALL]: 0.1, [QLSTM]: 0.4 },
      simplest: { [NARMA5]: { mean: 0.0162, persistence: 0.0008 } },
      lessons: [
        lesson(5, QUANTUM, 0.92),
        lesson(5, QUANTUM, 0.91),
        lesson(5, SOURCE, 0.1),
        lesson(8, QUANTUM, 0.69),
      ],
      random: { 5: 0.45, 8: 0.2 },
      full: true,
    };
    const verdicts = (changed: Partial<Evidence> = {}) =>
      Object.fromEntries(judge({ ...evidence, ...changed }).map(({ id, met }) => [id, met]));
    // A quarter of 100 epochs: 25 of the QLSTM, when its error still is 0.5.
    expect(equalEpochs(evidence)).toBe(25);
    expect(verdicts()).toEqual({
      '1': true,
      '2': true,
      '3a': true,
      '3b': true,
      '4': true,
      '5': true,
      '6': true,
      '6, 8 × 8': false,
      '7': false,
    });
    expect(verdicts({ stepTimes: { [ALL]: 0.1, [QLSTM]: 0.1 } })).toMatchObject({
      '3a': false,
      '3b': false,
    });
    const worse = forecasts.map((run) =>
      run.model === QLSTM ? run : made(run.task, run.model, run.seed, 1),
    );
    expect(verdicts({ forecasts: worse })).toMatchObject({ '2': false, '4': false, '5': false });
    const lessons = [lesson(5, QUANTUM, 0.92), lesson(5, QUANTUM, 0.89)];
    expect(verdicts({ lessons })).toMatchObject({ '6': false });
    expect(verdicts({ lessons: [lesson(5, QUANTUM, 0.95, 301)] })).toMatchObject({ '6': false });
    expect(verdicts({ lessons: [] })).toMatchObject({ '6': null });
    expect(verdicts({ checks: { parameters: 112, fixedCircuit: 0, gradient: 0 } })).toMatchObject({
      '1': false,
    });
    expect(Object.values(verdicts({ full: false }))).toEqual([
      true,
      ...Array.from({ length: 8 }, () => null),
    ]);
  });
});

/** Logits and memory of a policy for two examples. */
function outputs(
  policy: Policy,
  x: Float64Array,
  steps: number,
  starts: Float64Array,
  state: Float64Array = new Float64Array(32),
): { logits: Float64Array; state: Float64Array } {
  const tape = new Tape(2);
  const context = { tape, training: false, key: undefined, firstExample: 0 };
  const recorded = policy.record(tape.constant(x, [steps, 147], 'batch'), context, {
    starts: tape.constant(starts, [steps], 'batch'),
    state: tape.constant(state, policy.stateShape!, 'batch'),
  });
  void tape.run();
  return { logits: tape.value(recorded.logits), state: tape.value(recorded.state!) };
}
