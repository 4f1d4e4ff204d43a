import { coordinateMedian, simulate, trimmedMean } from '@ketwork/federated';
import type { SimulateOptions, SimulationEvent, Update } from '@ketwork/federated';
import { crossEntropy, sgd } from '@ketwork/nn';
import { evaluate } from '@ketwork/training';
import { describe, expect, test } from 'vitest';
import { bitsOf, classical, clouds, shares, withoutTime } from './common.ts';

const loss = crossEntropy;
const options: SimulateOptions = {
  rounds: 3,
  seed: 2,
  local: { loss, optimizer: sgd(0.2), epochs: 1, batchSize: 5 },
};
const data = shares([10, 4, 12, 7, 9, 8], 6);

describe('participants that fail', () => {
  test('do not count, and everything else goes on', async () => {
    const wrong: Readonly<Record<string, (update: Update) => unknown>> = {
      '0': (update) => ({ ...update, weights: update.weights.map(() => NaN) }),
      '1': (update) => ({ ...update, round: update.round + 1 }),
      '2': (update) => ({ ...update, weights: update.weights.map((value) => value + 1e3) }),
      '3': () => undefined,
    };
    const events: SimulationEvent[] = [];
    const model = classical();
    const { history } = await simulate(model, data, {
      ...options,
      maxNorm: 100,
      faults: {
        drops: (participant, { round }) => participant === '4' && round > 1,
        sends: (update, participant) => (wrong[participant] ?? ((one: Update) => one))(update),
      },
      onEvent: (event) => events.push(event),
    });
    expect(history.map(({ participants }) => participants)).toEqual([['4', '5'], ['5'], ['5']]);
    expect(history[1]).toMatchObject({ examples: 8, bytes: 8 * 22 * 7 });
    expect(
      events.slice(0, 6).map(({ type, fault, done, selected }) => [type, fault, done, selected]),
    ).toEqual([
      ['refused', 'not-finite', 1, 6],
      ['refused', 'round', 2, 6],
      ['refused', 'norm', 3, 6],
      ['dropped', undefined, 4, 6],
      ['accepted', undefined, 5, 6],
      ['accepted', undefined, 6, 6],
    ]);
    expect(events.map(({ progress }) => progress).at(-1)).toBe(1);

    // Those who count made the same model as they do alone.
    const alone = classical();
    const names = { '4': data[4]!, '5': data[5]! };
    const first = await simulate(
      alone,
      { ...names, x: data[0]! },
      { ...options, rounds: 1, faults: { drops: (name) => name === 'x' } },
    );
    expect(first.history[0]!.loss).toBe(history[0]!.loss);
  });

  test('make a round be repeated where too few are left, and answer the same when asked again', async () => {
    const trained: string[] = [];
    const options2: SimulateOptions = {
      ...options,
      rounds: 2,
      clients: 4,
      minimum: 3,
      personal: ['0'],
    };
    const faults = {
      drops: (participant: string, { attempt, round }: { attempt: number; round: number }) =>
        round === 1 && attempt < 3 && !['1', '3'].includes(participant),
      sends: (update: Update, participant: string) => {
        trained.push(`${update.round} ${participant} ${update.weights[3]}`);
        return update;
      },
    };
    const [flawed, good] = [classical(), classical()];
    const repeated = await simulate(flawed, data, { ...options2, faults });
    expect(repeated.history[0]!.attempts).toBe(3);
    // Whoever answered twice in a round did so with the same weights.
    const answers = new Map<string, Set<string>>();
    for (const line of trained) {
      const who = line.slice(0, 3);
      answers.set(who, (answers.get(who) ?? new Set()).add(line));
    }
    expect(trained.length).toBeGreaterThan(answers.size);
    for (const different of answers.values()) expect(different.size).toBe(1);
    // Training counts once, however often a round was tried.
    for (const [name, state] of Object.entries(repeated.state.participants)) {
      const rounds = [1, 2].filter((round) => answers.has(`${round} ${name}`)).length;
      expect(state.rounds).toBe(rounds);
    }
    await simulate(good, data, options2);
    expect(bitsOf(good)).not.toBe(bitsOf(flawed));
  });

  test('end the federation where nobody ever answers', async () => {
    const run = simulate(classical(), data, {
      ...options,
      attempts: 5,
      faults: { drops: () => true },
    });
    await expect(run).rejects.toThrow(
      'round 1 got 0 updates of at least 1 in its last of 5 attempts',
    );
  });

  test('are named where their training fails', async () => {
    const broken = {
      a: data[0]!,
      b: { ...data[1]!, inputs: Float64Array.from(data[1]!.inputs, () => NaN) },
    };
    await expect(simulate(classical(), broken, options)).rejects.toThrow(
      'participant b, round 1: fit: the loss is NaN at step 1',
    );
    const events: SimulationEvent[] = [];
    const { history } = await simulate(classical(), broken, {
      ...options,
      failures: 'drop',
      onEvent: (event) => events.push(event),
    });
    expect(history.map(({ participants }) => participants)).toEqual([['a'], ['a'], ['a']]);
    expect(events[1]).toMatchObject({ type: 'failed', participant: 'b', done: 2 });
    expect(events[1]!.reason).toContain('fit: the loss is NaN at step 1');
    const shape = { a: data[0]!, b: { inputs: [1, 2, 3], labels: [1] } };
    expect(() => simulate(classical(), shape, options)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: simulate: participant b: 3 numbers are not one or more inputs of 2 numbers each]`,
    );
    const labels = { a: data[0]!, b: { inputs: [1, 2, 3, 4], labels: [1] } };
    expect(() => simulate(classical(), labels, options)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: simulate: participant b: fit: 1 labels do not fit 2 inputs. Give one label, or the same number of targets, for every input]`,
    );
  });
});

describe('liars', () => {
  test.each([
    [coordinateMedian(), 0.9],
    [trimmedMean({ share: 0.34 }), 0.9],
  ])('$name holds against two of six', async (strategy, least) => {
    const lying: SimulateOptions = {
      ...options,
      rounds: 15,
      faults: {
        // Two turn the direction of learning around, tenfold.
        sends: (update, participant, { round }) =>
          Number(participant) < 2
            ? {
                ...update,
                weights: update.weights.map((value, i) => -10 * value - round - i),
                examples: 1e6,
              }
            : update,
      },
    };
    const test0 = clouds(100, 8);
    const accuracy = async (change: SimulateOptions): Promise<number> => {
      const model = classical();
      await simulate(model, data, change);
      return (await evaluate(model, test0, { loss })).metrics['accuracy']!;
    };
    expect(await accuracy({ ...lying, strategy })).toBeGreaterThan(least);
    expect(await accuracy(lying)).toBeLessThan(0.7);
  });
});

test('500 participants, half of which drop out of every round', async () => {
  const sizes = Array.from({ length: 500 }, (_, k) => 4 + (k % 5));
  const many = shares(sizes, 12);
  const half: SimulateOptions = {
    ...options,
    rounds: 3,
    local: { loss, optimizer: sgd(0.5), epochs: 2, batchSize: 8 },
    evaluation: clouds(200, 13),
    faults: {
      // By a number that names and rounds give, evenly.
      drops: (participant, { round }) => (Number(participant) * 7 + round * 3) % 10 < 5,
    },
  };
  const run = await simulate(classical(), many, half);
  for (const { selected, participants, examples } of run.history) {
    expect(selected).toHaveLength(500);
    expect(participants).toHaveLength(250);
    expect(new Set(participants).size).toBe(250);
    expect(examples).toBe(participants.reduce((sum, name) => sum + sizes[Number(name)]!, 0));
  }
  expect(run.history.at(-1)!.evaluation!.metrics['accuracy']).toBeGreaterThan(0.9);
  const again = await simulate(classical(), many, { ...half, rounds: 1 });
  expect(withoutTime(again)).toEqual(withoutTime(run).slice(0, 1));
});
