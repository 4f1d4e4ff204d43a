import { adam, crossEntropy } from '@ketwork/nn';
import { fit, predict } from '@ketwork/training';
import { expect, test } from 'vitest';
import { benchDefaults, figureSizes, withSize } from '../src/bench/measure.ts';
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

test('the smallest size of the bench never passes the largest', () => {
  const moved = withSize(benchDefaults, 'from', 15);
  expect([moved.from, moved.to]).toEqual([15, 15]);
  const back = withSize(moved, 'to', 3);
  expect([back.from, back.to]).toEqual([3, 3]);
  expect(withSize(back, 'layers', 2)).toEqual({ ...back, layers: 2 });
  expect(figureSizes(withSize(back, 'to', 5)).sweep.qubits).toEqual([3, 4, 5]);
});
