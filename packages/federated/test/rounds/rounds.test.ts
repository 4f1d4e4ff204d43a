import { EnvironmentError, ValueError } from '@ketwork/base';
import { crossEntropy, hinge, sgd } from '@ketwork/nn';
import { fedProx } from '@ketwork/federated';
import type { Strategy } from '@ketwork/federated';
import { describe, expect, test } from 'vitest';
import { Rounds } from '../../src/rounds/rounds.ts';
import { names, options, plan, start, update } from './common.ts';

describe('a round', () => {
  test('becomes the mean of weights, each participant counting by its examples', () => {
    const rounds = new Rounds(plan());
    const open = rounds.open(names);
    expect(open).toMatchObject({ round: 1, attempt: 1, selected: names });
    expect([...open.weights]).toEqual([1, -2, 0.5]);
    rounds.accept(update([2, 0, 1], { examples: 30, loss: 1 }), 'd');
    expect(rounds.accept(update([0, 4, 2], { loss: 3 }), 'b')).toBe('accepted');
    expect([rounds.answered, rounds.waitingFor]).toEqual([
      ['b', 'd'],
      ['a', 'c', 'e'],
    ]);
    const record = rounds.close(2.5);
    expect(record).toEqual({
      round: 1,
      attempts: 1,
      selected: names,
      participants: ['b', 'd'],
      loss: 1.5,
      examples: 40,
      samples: 80,
      bytes: 8 * 3 * 7,
      seconds: 2.5,
    });
    // (1 · [0, 4, 2] + 3 · [2, 0, 1]) / 4
    expect([...rounds.state.weights]).toEqual([1.5, 1, 1.25]);
    expect([...open.weights]).toEqual([1, -2, 0.5]);
    expect(rounds.state).toMatchObject({ round: 2, attempt: 1, history: [record] });
    expect(rounds.evaluated({ loss: 0.25, metrics: { accuracy: 1 } })).toEqual({
      ...(record as object),
      evaluation: { loss: 0.25, metrics: { accuracy: 1 } },
    });
    expect(rounds.state.history).toHaveLength(1);
  });

  test('has the same bits in whatever order updates come', () => {
    const results = [names, names.toReversed()].map((order) => {
      const rounds = new Rounds(plan());
      rounds.open(order);
      for (const name of order) {
        const x = Math.sin(name.charCodeAt(0));
        rounds.accept(update([x, x / 3, x / 7], { examples: name.charCodeAt(0) }), name);
      }
      rounds.close(0);
      return rounds.state;
    });
    expect(results[1]).toEqual(results[0]);
  });

  test('of one participant has exactly its weights', () => {
    const rounds = new Rounds(plan({}, { population: 1 }));
    rounds.open(['a']);
    const weights = [1e-17, 1 / 3, -1e-300];
    rounds.accept(update(weights), 'a');
    rounds.close(0);
    expect([...rounds.state.weights]).toEqual(weights);
  });

  test('takes a step of its strategy for parameters and the mean for buffers', () => {
    const strategy: Strategy = {
      name: 'own',
      settings: {},
      init: (size) => ({ seen: new Float64Array(size) }),
      step(weights, delta, state) {
        state['seen']!.forEach((value, i, seen) => (seen[i] = value + delta[i]!));
        return weights.map((value, i) => value + 10 * delta[i]!);
      },
    };
    const rounds = new Rounds(plan({ strategy }));
    rounds.open(names);
    rounds.accept(update([2, -2, 1]), 'a');
    rounds.accept(update([1, -1, 1.5]), 'c');
    rounds.close(0);
    expect([...rounds.state.weights]).toEqual([6, 3, 1.25]);
    expect([...rounds.state.strategy['seen']!]).toEqual([0.5, 0.5]);
  });

  test('is refused whole where the strategy makes no numbers', () => {
    const strategy: Strategy = {
      name: 'own',
      settings: {},
      init: (size) => ({ seen: new Float64Array(size) }),
      step(weights, _, state) {
        state['seen']!.fill(1);
        return weights.map(() => NaN);
      },
    };
    const rounds = new Rounds(plan({ strategy }));
    rounds.open(names);
    rounds.accept(update([2, -2, 1]), 'a');
    expect(() => rounds.close(0)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: round 1: own made the weight NaN at place 0; the weights are those before the round. Lower the learning rate of the strategy, or bound updates with maxNorm]`,
    );
    expect([...rounds.state.weights]).toEqual([1, -2, 0.5]);
    expect([...rounds.state.strategy['seen']!]).toEqual([0, 0]);
    expect(rounds.state.history).toEqual([]);
  });

  test('can be closed with a sum instead of single updates', () => {
    const rounds = new Rounds(plan());
    rounds.open(names);
    const sum = Float64Array.of(10, 20, 40);
    const record = rounds.closeSummed({ participants: ['b', 'a'], sum, examples: 20, loss: 1 }, 1);
    expect(record).toMatchObject({ participants: ['a', 'b'], examples: 20, loss: 1 });
    expect([...rounds.state.weights]).toEqual([1.5, -1, 2.5]);
    rounds.open(names);
    const stranger = { participants: ['z'], sum, examples: 20, loss: 1 };
    expect(() => rounds.closeSummed(stranger, 1)).toThrow('z, who has no part in round 2');
    const short = { participants: ['a'], sum: sum.slice(1), examples: 20, loss: 1 };
    expect(() => rounds.closeSummed(short, 1)).toThrow('2 numbers, not 3');
  });
});

describe('tasks', () => {
  test('say all a participant needs, with seeds that depend on seed and name', () => {
    const strategy = fedProx({ mu: 0.3 });
    const task = (seed: number, name: string, present = names) =>
      new Rounds(plan({ strategy, seed })).open(present).task(name);
    expect(task(7, 'b')).toEqual({
      run: 'test',
      round: 1,
      attempt: 1,
      seed: task(7, 'b').seed,
      epochs: 2,
      firstEpoch: 1,
      batchSize: 4,
      loss: 'crossEntropy',
      optimizer: { name: 'sgd', settings: sgd(0.1).settings },
      proximal: 0.3,
    });
    expect(task(7, 'b', ['b', 'x']).seed).toBe(task(7, 'b').seed);
    const seeds = [task(7, 'a'), task(7, 'b'), task(8, 'a'), task(7, 'ab', ['ab'])];
    expect(new Set(seeds.map(({ seed }) => seed)).size).toBe(4);
    for (const { seed } of seeds) expect(Number.isSafeInteger(seed) && seed >= 0).toBe(true);
  });

  test('go on counting epochs, and use the seed of the federation where there is one participant', () => {
    const rounds = new Rounds(plan({}, { population: 1 }));
    expect(rounds.open(['a']).task('a')).toMatchObject({ seed: 7, firstEpoch: 1 });
    rounds.accept(update([1, 2, 3]), 'a');
    rounds.close(0);
    expect(rounds.open(['a']).task('a')).toMatchObject({ seed: 7, round: 2, firstEpoch: 3 });
  });

  test('are for those selected only', () => {
    const open = new Rounds(plan({ clients: 2 })).open(names);
    expect(open.selected).toHaveLength(2);
    const other = names.find((name) => !open.selected.includes(name))!;
    expect(() => open.task(other)).toThrow(`${other} has no part in round 1`);
  });
});

describe('selection', () => {
  const selected = (seed: number, present: Iterable<string>, state?: Rounds['state']) =>
    new Rounds(plan({ seed, clients: 2 }), state).open(present).selected;

  test('follows from the seed, not from the order of arrival', () => {
    expect(selected(7, names.toReversed())).toEqual(selected(7, [...names, 'a']));
    const all = Array.from({ length: 20 }, (_, seed) => selected(seed, names).join(''));
    expect(new Set(all).size).toBeGreaterThan(4);
  });

  test('is another one in the next round and the next attempt', () => {
    const rounds = new Rounds(plan({ clients: 2, rounds: 60 }));
    const attempts = new Set<string>();
    for (let i = 0; i < 30; i++) {
      attempts.add(rounds.open(names).selected.join(''));
      expect(rounds.close(0)).toBe('repeat');
    }
    expect(attempts.size).toBeGreaterThan(6);
    const seen = new Set<string>();
    const counts = Object.fromEntries(names.map((name) => [name, 0]));
    while (!rounds.finished) {
      const { selected: chosen, round } = rounds.open(names);
      seen.add(chosen.join(''));
      for (const name of chosen) counts[name]!++;
      rounds.accept(update([1, 1, 1], { round }), chosen[0]!);
      rounds.close(0);
    }
    expect(seen.size).toBeGreaterThan(7);
    // 60 rounds of 2 in 5: 24 expected, deviation 3.8.
    for (const name of names) expect(Math.abs(counts[name]! - 24)).toBeLessThan(16);
  });
});

describe('updates that do not count', () => {
  test.each([
    ['malformed', 'is not an object', null],
    ['malformed', 'does not name its run and round', {}],
    ['run', 'belongs to another run', update([1, 1, 1], { run: 'other' })],
    ['round', 'belongs to round 2, not 1', update([1, 1, 1], { round: 2 })],
    ['malformed', 'has no weights in a Float64Array', { ...update([]), weights: [1, 1, 1] }],
    ['size', 'has 2 weights, not 3', update([1, 1])],
    ['not-finite', 'has the weight NaN at place 1', update([1, NaN, 1])],
    ['not-finite', 'has the weight Infinity at place 2', update([1, 1, Infinity])],
    ['not-finite', 'has a loss of NaN', update([1, 1, 1], { loss: NaN })],
    ['norm', 'changes the weights by a norm of 5.00, more than 4', update([4, 2, 0.5])],
    ['norm', 'changes the weights by a norm of Infinity', update([1.7e308, -1.7e308, 0])],
    ['malformed', 'does not say how many examples', update([1, 1, 1], { examples: 0 })],
    ['malformed', 'does not say how many examples', update([1, 1, 1], { examples: 0.5 })],
    ['examples', 'claims 101 examples', update([1, 1, 1], { examples: 101 })],
    ['malformed', 'states an ε', update([1, 1, 1], { epsilon: -1 })],
    ['malformed', 'has a loss that is not a number', { ...update([1, 1, 1]), loss: '1' }],
  ])('%s: %s', (fault, message, given) => {
    const rounds = new Rounds(plan({ maxNorm: 4, maxExamples: 100 }));
    rounds.open(names);
    expect(() => rounds.accept(given, 'a')).toThrow(
      expect.objectContaining({ fault, message: expect.stringContaining(message) as unknown }),
    );
    expect(rounds.answered).toEqual([]);
    // The same participant may send a good one after that.
    expect(rounds.accept(update([1, 1, 1]), 'a')).toBe('accepted');
  });

  test('from strangers, between rounds, or for the second time', () => {
    const rounds = new Rounds(plan());
    const early = () => rounds.accept(update([1, 1, 1]), 'a');
    expect(early).toThrow(expect.objectContaining({ fault: 'closed' }));
    rounds.open(names);
    const stranger = () => rounds.accept(update([1, 1, 1]), 'x');
    expect(stranger).toThrow(expect.objectContaining({ fault: 'not-selected' }));
    rounds.accept(update([1, 1, 1]), 'a');
    expect(rounds.accept(update([2, 2, 2]), 'a')).toBe('duplicate');
    rounds.close(0);
    expect([...rounds.state.weights]).toEqual([1, 1, 1]);
    rounds.open(names);
    expect(early).toThrow(expect.objectContaining({ fault: 'round' }));
  });
});

describe('a round with too few updates', () => {
  test('is repeated, a few times', () => {
    const rounds = new Rounds(plan({ minimum: 2, attempts: 2 }));
    rounds.open(names);
    rounds.accept(update([1, 1, 1]), 'a');
    expect(rounds.close(0)).toBe('repeat');
    expect(rounds.state).toMatchObject({ round: 1, attempt: 2, history: [] });
    expect(rounds.open(names).task('a')).toMatchObject({ round: 1, attempt: 2 });
    expect(rounds.answered).toEqual([]);
    expect(() => rounds.close(0)).toThrowErrorMatchingInlineSnapshot(
      `[EnvironmentError: round 1 got 0 updates of at least 2 in its last of 2 attempts. Ask more participants per round, need fewer, or allow more time or attempts]`,
    );
    rounds.accept(update([1, 1, 1]), 'a');
    rounds.accept(update([1, 1, 1]), 'b');
    expect(rounds.close(0)).toMatchObject({ attempts: 2 });
  });

  test('does not begin where too few are present', () => {
    const rounds = new Rounds(plan({ minimum: 2 }));
    expect(() => rounds.open(['a'])).toThrow(EnvironmentError);
    expect(() => rounds.open(['a'])).toThrowErrorMatchingInlineSnapshot(
      `[EnvironmentError: 1 participants are present; a round needs at least 2. Wait for more]`,
    );
  });
});

describe('order of calls', () => {
  test('is checked', () => {
    const rounds = new Rounds(plan({ rounds: 1 }));
    expect(() => rounds.close(0)).toThrow('no round is open');
    expect(() => rounds.evaluated({ loss: 1, metrics: {} })).toThrow('no finished round');
    rounds.open(names);
    expect(() => rounds.open(names)).toThrow('round 1 is open already');
    rounds.abandon();
    rounds.open(names);
    rounds.accept(update([1, 1, 1]), 'a');
    rounds.close(0);
    expect(rounds.finished).toBe(true);
    expect(() => rounds.open(names)).toThrow('all rounds of the federation are done');
  });
});

describe('saved state', () => {
  const advance = (rounds: Rounds): void => {
    const { selected, round, weights } = rounds.open(names);
    for (const [i, name] of selected.entries()) {
      const next = weights.map((value) => value * 0.9 + Math.sin(i + round));
      rounds.accept(update([...next], { round }), name);
    }
    rounds.close(0);
  };

  test('goes on to the same bits, whether or not a round was open', () => {
    const whole = new Rounds(plan({ clients: 3 }));
    while (!whole.finished) advance(whole);
    const first = new Rounds(plan({ clients: 3 }));
    advance(first);
    first.open(names);
    const second = new Rounds(plan({ clients: 3 }), structuredClone(first.state));
    while (!second.finished) advance(second);
    expect(second.state).toEqual(whole.state);
  });

  test('belongs to one federation', () => {
    const { state } = new Rounds(plan());
    expect(() => new Rounds(plan({ seed: 8 }), state)).toThrow(ValueError);
    expect(() => new Rounds(plan({ seed: 8, clients: 2 }), state)).toThrow(
      'a federation with another seed (7 there, 8 here), clients (none there, 2 here)',
    );
    expect(() => new Rounds(plan({}, { run: 'x' }), state)).toThrow('the run test, not x');
    expect(new Rounds(plan({ rounds: 9 }), state).finished).toBe(false);
  });
});

describe('options that cannot be', () => {
  const local = options.local;
  test.each([
    [{ rounds: 0 }, 'test: the number of rounds is 0, not a positive integer'],
    [{ clients: 6 }, 'test: 6 participants per round are more than the 5 there are'],
    [{ clients: 2, minimum: 3 }, 'at least 3 updates cannot come from 2 participants'],
    [{ maxNorm: 0 }, 'test: maxNorm is 0'],
    [{ seed: -1 }, 'seed -1'],
    [{ local: { ...local, epochs: 0 } }, 'the number of local epochs is 0'],
    [{ local: { ...local, batchSize: 1.5 } }, 'the local batch size is 1.5'],
    [
      { local: { loss: crossEntropy, optimizer: sgd((step) => 1 / (step + 1)) } },
      'test: participants could not make the optimiser again',
    ],
    [
      { local: { loss: hinge, optimizer: { ...sgd(1), name: 'own' } } },
      "there is no optimiser 'own'",
    ],
  ])('%o', (change, message) => {
    expect(() => plan(change)).toThrow(message);
  });

  test('a model of which nothing is shared', () => {
    const layout = { entries: [], size: 0, trained: 0 };
    expect(() => plan({}, { ...start, layout })).toThrow('the model shares no parameters');
  });
});
