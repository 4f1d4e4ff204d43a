import { ValueError } from '@ketwork/base';
import { partitionDirichlet, partitionIid, partitionShards } from '@ketwork/federated';
import type { DataPart } from '@ketwork/federated';
import { describe, expect, test } from 'vitest';

const size = 503;
const labels = Array.from({ length: size }, (_, e) => (e * e) % 7);
const data = {
  inputs: Float64Array.from({ length: 2 * size }, (_, i) => i),
  labels,
  weights: labels.map((label) => label + 1),
  inputShape: [2],
};
const partitions: readonly (readonly [string, (seed: number, clients: number) => DataPart[]])[] = [
  ['iid', (seed, clients) => partitionIid(data, clients, { seed })],
  ['dirichlet', (seed, clients) => partitionDirichlet(data, clients, { alpha: 0.3, seed })],
  ['shards', (seed, clients) => partitionShards(data, clients, { seed })],
];

describe.each(partitions)('%s', (_, partition) => {
  test.each([1, 2, 20])('every example goes to one of %d participants', (clients) => {
    const parts = partition(1, clients);
    expect(parts).toHaveLength(clients);
    const all = parts.flatMap(({ indices }) => [...indices]).toSorted((a, b) => a - b);
    expect(all).toEqual(labels.map((__, e) => e));
    for (const part of parts) {
      expect([...part.indices]).toEqual([...part.indices].toSorted((a, b) => a - b));
      part.indices.forEach((e, i) => {
        expect([part.inputs[2 * i], part.inputs[2 * i + 1]]).toEqual([2 * e, 2 * e + 1]);
        expect([part.labels[i], part.weights![i]]).toEqual([labels[e], labels[e]! + 1]);
      });
    }
  });

  test('follows from the seed', () => {
    expect(partition(5, 4)).toEqual(partition(5, 4));
    expect(partition(5, 4)).not.toEqual(partition(6, 4));
  });
});

/** Classes of a part. */
const classesOf = (part: DataPart): number => new Set(Array.from(part.labels)).size;

describe('what participants see', () => {
  test('iid: sizes that differ by at most one, all classes', () => {
    const parts = partitionIid(data, 20, { seed: 3 });
    const sizes = parts.map(({ indices }) => indices.length);
    expect([Math.min(...sizes), Math.max(...sizes)]).toEqual([25, 26]);
    // Labels are squares modulo 7: four classes.
    for (const part of parts) expect(classesOf(part)).toBe(4);
  });

  test('shards: as many classes as shards, or one more for each that lies across two', () => {
    const parts = partitionShards(data, 20, { seed: 3, shards: 1 });
    const classes = parts.map(classesOf);
    expect(classes.filter((count) => count === 1).length).toBeGreaterThanOrEqual(17);
    expect(Math.max(...classes)).toBe(2);
  });

  test('dirichlet: shares have the moments of the distribution', () => {
    // Proportions have mean 1/K and variance (1/K)(1 - 1/K) / (Kα + 1), here of 4 · 200 draws.
    const clients = 5;
    const even = {
      inputs: Array.from({ length: 4000 }, (_, e) => e),
      labels: Array.from({ length: 4000 }, (_, e) => e % 4),
    };
    for (const alpha of [0.2, 1, 5]) {
      let [sum, squares, count] = [0, 0, 0];
      for (let seed = 0; seed < 60; seed++) {
        for (const part of partitionDirichlet(even, clients, { alpha, seed, minimum: 0 })) {
          for (let c = 0; c < 4; c++) {
            const share = Array.from(part.labels).filter((label) => label === c).length / 1000;
            sum += share;
            squares += share * share;
            count++;
          }
        }
      }
      const variance = 0.16 / (clients * alpha + 1);
      expect(sum / count).toBeCloseTo(0.2, 10);
      expect(Math.abs(squares / count - 0.04 - variance)).toBeLessThan(0.2 * variance);
    }
  });

  test('dirichlet: a tiny α gives classes whole, a large one equal shares', () => {
    const parts = partitionDirichlet(data, 4, { alpha: 1e-4, seed: 2, minimum: 0 });
    expect(parts.reduce((sum, part) => sum + classesOf(part), 0)).toBe(4);
    const equal = partitionDirichlet(data, 4, { alpha: 1e6, seed: 2 });
    for (const { indices } of equal) expect(Math.abs(indices.length - size / 4)).toBeLessThan(4);
  });

  test('dirichlet: nobody gets fewer than the minimum', () => {
    const parts = partitionDirichlet(data, 10, { alpha: 0.3, seed: 1, minimum: 12 });
    expect(Math.min(...parts.map(({ indices }) => indices.length))).toBeGreaterThanOrEqual(12);
  });

  test('several targets per example', () => {
    const targets = { inputs: data.inputs, labels: data.inputs, inputShape: [2] };
    const [part] = partitionIid(targets, 3, { seed: 1 });
    expect(part!.labels).toEqual(part!.inputs);
    expect(part!.inputs.length).toBe(2 * part!.indices.length);
  });
});

describe('what cannot be divided', () => {
  test.each([
    [() => partitionIid(data, 504, { seed: 1 }), 'partitionIid: 503 examples are too few for 504'],
    [() => partitionIid(data, 0, { seed: 1 }), 'the number of participants is 0'],
    [
      () => partitionIid({ inputs: [1, 2, 3], labels: [1, 2] }, 1, { seed: 1 }),
      'are not the same number',
    ],
    [
      () => partitionShards({ inputs: [1], labels: [0.5] }, 1, { seed: 1, shards: 1 }),
      'label 0 is 0.5',
    ],
    [() => partitionShards(data, 300, { seed: 1 }), '2 shards for each of 300'],
    [() => partitionDirichlet(data, 2, { alpha: 0, seed: 1 }), 'alpha is 0'],
    [() => partitionDirichlet(data, 5, { alpha: 1, seed: 1, minimum: 101 }), 'at least 101'],
    [() => partitionDirichlet(data, 50, { alpha: 0.001, seed: 1 }), 'in 1000 draws some of 50'],
    [
      () =>
        partitionDirichlet({ inputs: data.inputs, labels: data.inputs, inputShape: [2] }, 2, {
          alpha: 1,
          seed: 1,
        }),
      '1006 labels for 503 examples are not classes',
    ],
  ])('%#', (make, message) => {
    expect(make).toThrow(ValueError);
    expect(make).toThrow(message);
  });
});
