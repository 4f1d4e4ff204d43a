import { adam, crossEntropy } from '@ketwork/nn';
import { cpu } from '@ketwork/simulator';
import { fit, predict } from '@ketwork/training';
import { expect, test } from 'vitest';
import { LIMITS, benchDefaults, crossover, timeOf } from '../src/bench/measure.ts';
import { REACH, classOne, defaults, gridPoints, modelOf, pointsOf } from '../src/train/task.ts';

test('all points lie on the plane that is drawn, both classes about as often', () => {
  for (const data of ['moons', 'circles', 'exclusive-or', 'spirals'] as const) {
    const { inputs, labels } = pointsOf({ ...defaults, data });
    expect(inputs).toHaveLength(2 * defaults.points);
    expect(
      inputs.every((v) => Math.abs(v) < REACH),
      data,
    ).toBe(true);
    const ones = Array.from(labels).filter((label) => label === 1).length;
    expect(Math.abs(ones / defaults.points - 0.5), data).toBeLessThan(0.12);
  }
});

test('the model that a visitor finds learns its points', async () => {
  const model = modelOf(defaults);
  const { inputs, labels } = pointsOf(defaults);
  const { epochs, batchSize, learningRate, seed } = defaults;
  const run = await fit(
    model,
    { inputs, labels, inputShape: [2] },
    { loss: crossEntropy, optimizer: adam(learningRate), epochs, batchSize, seed },
  );
  expect(run.history.at(-1)!.metrics['accuracy']).toBeGreaterThan(0.97);
  const grid = gridPoints(8);
  expect([grid[0], grid[1]]).toEqual([-REACH * (7 / 8), REACH * (7 / 8)]);
  const shares = classOne(await predict(model, grid));
  expect(shares).toHaveLength(64);
  expect(Math.max(...shares)).toBeGreaterThan(0.9);
  expect(Math.min(...shares)).toBeLessThan(0.1);
});

test('a call is timed after it has been compiled, and not again where it takes too long', async () => {
  const engine = await cpu();
  const { signal } = new AbortController();
  let now = 0;
  let reads = 0;
  const slow = await timeOf(engine, 2, benchDefaults, signal, () => {
    reads++;
    return (now += 2 * LIMITS.longest);
  });
  expect(slow).toBe(2 * LIMITS.longest);
  expect(reads).toBe(4);
  const quick = await timeOf(engine, 2, { ...benchDefaults, batch: 1, work: 'run' }, signal);
  expect(quick).toBeGreaterThan(0);
  expect(quick).toBeLessThan(50);
});

test('the fastest back end of every size, in stretches', () => {
  const timings = [
    { id: 'a', label: 'A', qubits: [2, 3, 4, 5], milliseconds: [1, 2, 9, 40] },
    { id: 'b', label: 'B', qubits: [2, 3, 4], milliseconds: [3, 3, 5], ended: 'gone' },
  ];
  expect(crossover(timings)).toEqual([
    { from: 2, to: 3, label: 'A' },
    { from: 4, to: 4, label: 'B' },
    { from: 5, to: 5, label: 'A' },
  ]);
  expect(crossover([])).toEqual([]);
});
