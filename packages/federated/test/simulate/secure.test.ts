import { simulate } from '@ketwork/federated';
import type { SimulateOptions, SimulationEvent } from '@ketwork/federated';
import { crossEntropy, sgd } from '@ketwork/nn';
import { pldAccountant } from '@ketwork/training';
import { expectClose } from '@ketwork/testing';
import { expect, test } from 'vitest';
import { bitsOf, classical, hybrid, shares, withoutTime } from './common.ts';

const base: SimulateOptions = {
  rounds: 3,
  seed: 5,
  local: { loss: crossEntropy, optimizer: sgd(0.3), epochs: 1, batchSize: 8 },
};
const secret: SimulateOptions = { ...base, secureAggregation: { clippingNorm: 10 } };
const data = shares([3, 12, 9, 20, 7], 6);

test.each([
  ['classical', classical],
  ['hybrid', hybrid],
])('secure sums give the weights of plain ones up to the resolution (%s)', async (_, make) => {
  const [open, hidden] = [make(), make()];
  const plain = await simulate(open, data, base);
  const summed = await simulate(hidden, data, secret);
  const weights = (model: typeof open): number[] =>
    model.network!.parameters.flatMap((p) => [...p.data]);
  expectClose(weights(hidden), weights(open), 1e-7);
  summed.history.forEach((record, i) => {
    expect(record.examples).toBe(51);
    expect(record.loss).toBeCloseTo(plain.history[i]!.loss, 6);
    expect(record.participants).toEqual(plain.history[i]!.participants);
  });
});

test('the same bits with masks and without, and again', async () => {
  const models = [classical(), classical(), classical()];
  const sums = {
    ...secret,
    secureAggregation: { clippingNorm: 10, protocol: 'sum-only' },
  } as const;
  const runs = await Promise.all(
    [secret, secret, sums].map((options, i) => simulate(models[i]!, data, options)),
  );
  for (const [i, run] of runs.entries()) {
    expect(withoutTime(run)).toEqual(withoutTime(runs[0]!));
    expect(bitsOf(models[i]!)).toBe(bitsOf(models[0]!));
  }
});

test('the clipping norm holds for every participant', async () => {
  const model = classical();
  const run = simulate(model, data, {
    ...base,
    rounds: 1,
    secureAggregation: { clippingNorm: 1e-3 },
  });
  const before = run.state.rounds.weights.slice();
  await run;
  const change = run.state.rounds.weights.map((value, i) => value - before[i]!);
  expect(Math.hypot(...change)).toBeLessThanOrEqual(1e-3);
  expect(Math.hypot(...change)).toBeGreaterThan(1e-4);
});

test('goes on with those who are left, and repeats rounds with too few', async () => {
  const events: SimulationEvent[] = [];
  const { history } = await simulate(classical(), data, {
    ...secret,
    faults: {
      drops: (name, { round, attempt }) =>
        round === 1 ? name === '2' : round === 2 && attempt === 1 && name > '2',
      sends: (update, name, { round }) =>
        round === 3 && name === '0' ? { ...update, loss: NaN } : update,
    },
    onEvent: (event) => events.push(event),
  });
  expect(history.map(({ participants }) => participants.join(''))).toEqual([
    '0134',
    '01234',
    '1234',
  ]);
  expect(history.map(({ attempts }) => attempts)).toEqual([1, 2, 1]);
  expect(events.filter(({ type }) => type === 'refused')).toMatchObject([
    { participant: '0', round: 3, fault: 'not-finite' },
  ]);
});

test('central privacy adds its noise to the sum', async () => {
  const privacy = {
    kind: 'central',
    clippingNorm: 0.5,
    delta: 1e-3,
    noiseMultiplier: 1,
    randomness: 'seeded-unsafe',
  } as const;
  const [open, hidden] = [classical(), classical()];
  await simulate(open, data, { ...base, privacy });
  const { history } = await simulate(hidden, data, { ...base, privacy, secureAggregation: {} });
  const weights = (model: typeof open): number[] =>
    model.network!.parameters.flatMap((p) => [...p.data]);
  expectClose(weights(hidden), weights(open), 1e-9);
  expect(history.at(-1)!.epsilon).toBeGreaterThan(1);
});

test('with central privacy the report tells what it does not hide', async () => {
  const report = async (clients: number, count: number): Promise<readonly string[]> => {
    const { privacy } = await simulate(classical(), shares(Array<number>(count).fill(2), 6), {
      ...base,
      rounds: 2,
      clients,
      privacy: { kind: 'central', clippingNorm: 0.5, delta: 1e-3, noiseMultiplier: 2 },
      secureAggregation: { protocol: 'sum-only' },
    });
    expect(privacy!.assumptions.some((one) => one.includes('enough participants stay'))).toBe(true);
    return privacy!.warnings;
  };
  const { epsilon } = pldAccountant({ noiseMultiplier: 2, sampleRate: 1, steps: 2 });
  const roster = expect.stringContaining(`ε is up to ${Number(epsilon(1e-3).toPrecision(3))}.`);
  // Of 20 participants one alone is drawn with probability 20 · 0.1 · 0.9^19 = 0.27.
  expect(await report(2, 20)).toEqual([
    roster,
    expect.stringContaining('a single participant is drawn count nobody, which adds up to 1 to δ'),
  ]);
  expect(await report(36, 40)).toEqual([roster]);
  expect(await report(5, 5)).toEqual([]);
});
