import { fedAdam, simulate, stateFromBytes, stateToBytes } from '@ketwork/federated';
import type { SimulateOptions } from '@ketwork/federated';
import {
  crossEntropy,
  loadSafetensors,
  loadState,
  saveSafetensors,
  sgd,
  stateOf,
} from '@ketwork/nn';
import { evaluate, fit } from '@ketwork/training';
import { describe, expect, test } from 'vitest';
import { modelWeights } from '../../src/local/layout.ts';
import { taskOf } from '../../src/rounds/task.ts';
import { plan } from '../rounds/common.ts';
import { bitsOf, classical, clouds, dropping, part, shares, withoutTime } from './common.ts';

const loss = crossEntropy;
const options: SimulateOptions = {
  rounds: 5,
  clients: 3,
  seed: 2,
  strategy: fedAdam({ learningRate: 0.1 }),
  personal: ['3.bias', '0'],
  local: { loss, optimizer: sgd(0.2), epochs: 2, batchSize: 5 },
};
const data = shares([10, 4, 12, 7, 9], 6);

describe('a simulation that was interrupted', () => {
  const ways: readonly (readonly [string, string, (change: SimulateOptions) => SimulateOptions])[] =
    [
      ['has done all it should', 'completed', (change) => ({ ...change, rounds: 2 })],
      [
        'was stopped',
        'stopped',
        (change) => ({ ...change, onRound: ({ round }) => round === 2 && 'stop' }),
      ],
      [
        'was aborted within a round',
        'aborted',
        (change) => {
          const controller = new AbortController();
          return {
            ...change,
            signal: controller.signal,
            onEvent: ({ round, done }) => round === 3 && done === 2 && controller.abort(),
          };
        },
      ],
    ];
  test.each(ways)('goes on to the same bits where it %s', async (_, reason, change) => {
    const [whole, first, second] = [dropping(), dropping(), dropping()];
    const expected = await simulate(whole, data, options);
    const half = await simulate(first, data, change(options));
    expect(half.history).toHaveLength(2);
    expect(half.reason).toBe(reason);
    const bytes = stateToBytes(half.state);
    const state = stateFromBytes(bytes);
    expect(state).toEqual(half.state);
    const rest = await simulate(second, data, { ...options, state });
    expect(bitsOf(second)).toBe(bitsOf(whole));
    expect(withoutTime(rest)).toEqual(withoutTime(expected));
    expect(rest.personal).toEqual(expected.personal);
    // What was given is left as it was.
    expect(stateToBytes(state)).toEqual(bytes);
  });

  test('ends where its loop is left', async () => {
    const run = simulate(classical(), data, { ...options, personal: [] });
    for await (const { round } of run) if (round === 2) break;
    expect(await run).toMatchObject({ reason: 'aborted', history: [{ round: 1 }, { round: 2 }] });
  });

  test('does not go on from something else', async () => {
    const { state } = await simulate(dropping(), data, { ...options, rounds: 1 });
    const go =
      (change: Partial<SimulateOptions>): (() => unknown) =>
      () =>
        simulate(dropping(), data, { ...options, state, ...change });
    expect(go({ seed: 3 })).toThrow('another seed (2 there, 3 here)');
    expect(go({ personal: ['0'] })).toThrow('12 weights, the model shares 14');
    const { rounds, participants } = state;
    const strange = { x: participants[Object.keys(participants)[0]!]! };
    expect(go({ state: { rounds, participants: strange } })).toThrow(
      'a participant x that does not fit',
    );
  });

  test('is not read from damaged bytes', async () => {
    const { state } = await simulate(dropping(), data, { ...options, rounds: 1 });
    const bytes = stateToBytes(state);
    const { tensors, metadata } = loadSafetensors(bytes);
    const changed = (notes: Record<string, string>, left = tensors): (() => unknown) => {
      const made = saveSafetensors(left, { ...metadata, ...notes });
      return () => stateFromBytes(made);
    };
    expect(() => stateFromBytes(bytes.subarray(0, 40))).toThrow('safetensors');
    expect(changed({ format: 'x' })).toThrow('their format is x');
    expect(changed({ federation: '{' })).toThrow('its notes are not JSON');
    expect(changed({ federation: 'null' })).toThrow('its notes are incomplete');
    expect(changed({ federation: '{}' })).toThrow('its notes are incomplete');
    const { weights: _, ...rest } = tensors;
    expect(changed({}, rest)).toThrow('has no weights');
    const name = Object.keys(state.participants)[0]!;
    const { [`personal.${name}`]: __, ...some } = tensors;
    expect(changed({}, some)).toThrow(`lacks what participant ${name} keeps`);
  });
});

describe('personal layers', () => {
  const own: SimulateOptions = {
    rounds: 3,
    seed: 4,
    personal: ['0'],
    local: { loss, optimizer: sgd(0.3), epochs: 2, batchSize: 6 },
  };

  test('keep their values at each participant, and are not averaged', async () => {
    const model = classical();
    const { personal, history } = await simulate(model, data.slice(0, 2), own);
    expect(history[0]!.bytes).toBe(2 * 2 * 8 * 10);

    // The same by hand: two models of which everything but layer 0 is averaged after every round.
    const mine = [classical(), classical()];
    for (const one of mine) one.build([2], 4);
    const rounds = plan({ ...own }, { population: 2 });
    for (let round = 1; round <= 3; round++) {
      for (const [k, one] of mine.entries()) {
        const { seed, firstEpoch } = taskOf(rounds, String(k), round, 1, 2);
        await fit(one, data[k]!, { ...own.local, epochs: 2, seed, firstEpoch });
      }
      const [a, b] = mine.map((one) => modelWeights('test', one.network!, ['0']).shared);
      a!.forEach(({ data: left }, p) =>
        left.forEach((value, i) => {
          const right = b![p]!.data;
          left[i] = (10 / 14) * value + (4 / 14) * right[i]!;
          right[i] = left[i];
        }),
      );
    }
    mine.forEach((one, k) => {
      const state = stateOf(one);
      expect(Object.keys(personal[String(k)]!)).toEqual(['0.weight', '0.bias']);
      for (const [name, array] of Object.entries(personal[String(k)]!))
        expect(array).toEqual(state[name]);
      expect(stateOf(model)['2.weight']).toEqual(state['2.weight']);
    });
    expect(personal['0']).not.toEqual(personal['1']);
  });

  test('let participants whose classes are named otherwise learn together', async () => {
    const turned = data.map((one, k) => ({
      ...one,
      labels: Array.from(one.labels, (label) => (k % 2 === 0 ? label : 1 - label)),
    }));
    const model = classical();
    const { personal } = await simulate(model, turned, { ...own, personal: ['2'], rounds: 20 });
    const test0 = clouds(60, 8);
    const accuracies: number[] = [];
    for (const name of ['0', '1']) {
      loadState(model, { ...stateOf(model), ...personal[name] });
      accuracies.push((await evaluate(model, test0, { loss })).metrics['accuracy']!);
    }
    expect(accuracies[0]).toBeGreaterThan(0.9);
    expect(accuracies[1]).toBeLessThan(0.1);
  });

  test('must be named as the model names them', () => {
    const refused = (personal: readonly string[]) => () =>
      simulate(classical(), [part(data[0]!, 0, 4)], { ...own, personal });
    expect(refused(['0.wieght'])).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: simulate: the model has no parameter '0.wieght' (did you mean '0.weight'?) to be personal. Its parameters and buffers are 0.weight, 0.bias, 2.weight, 2.bias]`,
    );
    expect(refused(['0', '2'])).toThrow('simulate: the model shares no parameters');
  });
});

test('a participant may be named like a member of every object', async () => {
  const named = { constructor: data[0]!, toString: data[1]!, valueOf: data[2]! };
  const { personal: _, ...rest } = options;
  const [odd, plain] = [
    await simulate(classical(), named, { ...rest, rounds: 2 }),
    await simulate(classical(), data.slice(0, 3), { ...rest, rounds: 2 }),
  ];
  const counts = (run: typeof odd): number[] =>
    Object.values(run.state.participants).map(({ rounds }) => rounds);
  expect(counts(odd)).toEqual(counts(plain));
});
