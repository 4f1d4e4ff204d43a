import { ValueError } from '@ketwork/base';
import { dataset, imageGraphs, larTpc, packGraphs, twoMoons } from '@ketwork/datasets';
import { expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';

describe('packGraphs', () => {
  test('normalises the adjacency with self loops', () => {
    // A path of three nodes: degrees with self loop 2, 3, 2.
    const path = {
      features: [[1], [2], [3]],
      edges: [
        [0, 1],
        [2, 1],
        [1, 0],
        [2, 2],
      ] as const,
    };
    const single = { features: [[7]], edges: [] };
    const { inputs, inputShape } = packGraphs([path, single], 4);
    expect(inputShape).toEqual([4, 6]);
    const r = 1 / Math.sqrt(6);
    expectClose(
      inputs,
      [
        [1, 1 / 2, r, 0, 0, 1],
        [2, r, 1 / 3, r, 0, 1],
        [3, 0, r, 1 / 2, 0, 1],
        [0, 0, 0, 0, 0, 0],
        [7, 1, 0, 0, 0, 1],
        ...Array.from({ length: 3 }, () => [0, 0, 0, 0, 0, 0]),
      ].flat(),
      1e-15,
    );
  });

  test('refuses what is no graph or has no room', () => {
    const two = { features: [[1], [2]], edges: [] };
    expect(() => packGraphs([two], 1)).toThrow(/graph 0 has 2 nodes where there is room for 1/);
    expect(() => packGraphs([two], 0)).toThrow(/nodes 0 is not a positive integer/);
    expect(() => packGraphs([], 2)).toThrow(/no graph has a node with a feature/);
    expect(() => packGraphs([two, { features: [[1, 2]], edges: [] }], 2)).toThrow(
      /node 0 of graph 1 has 2 features where others have 1/,
    );
    expect(() => packGraphs([{ features: [[1], [Number.NaN]], edges: [] }], 2)).toThrow(
      /feature 0 of node 1 of graph 0 is NaN/,
    );
    expect(() => packGraphs([{ ...two, edges: [[0, 2]] }], 3)).toThrow(
      /edge \[0, 2\] of graph 0 does not join two of its 2 nodes/,
    );
  });
});

describe('imageGraphs', () => {
  const image = (pixels: readonly number[], inputShape: readonly number[]) =>
    dataset({
      name: 'image',
      inputs: pixels,
      inputShape,
      labels: [0],
      classes: ['only'],
      source: 'by hand',
    });

  test('takes the brightest pixels and joins near ones', () => {
    // 0.5 in the corner, 1 beside it, 0.25 three columns away, and two pixels too dark to be taken.
    const pixels = [0.5, 1, 0, 0, 0.25, 0, 0, 0, 0.125, 0, 0, 0.125];
    const graphs = imageGraphs(image(pixels, [2, 6]), { nodes: 3, radius: 2.3 });
    expect(graphs.inputShape).toEqual([3, 8]);
    const mean = (1 * 1 + 0.25 * 4) / (0.5 + 1 + 0.25);
    expectClose(
      graphs.inputs,
      [
        [2, (1 - mean) / 3, 0, 1 / 8, 1 / 2, 1 / 2, 0, 1],
        [1, (0 - mean) / 3, 0, 1 / 8, 1 / 2, 1 / 2, 0, 1],
        [0.5, (4 - mean) / 3, 0, 0, 0, 0, 1, 1],
      ].flat(),
      1e-15,
    );
  });

  test('joins pixels nearer than the radius only', () => {
    const pixels = [1, 0, 0.5, 0, 0.25];
    const edges = (radius: number) => {
      const { inputs } = imageGraphs(image(pixels, [1, 5]), { nodes: 3, radius });
      return [0, 1, 2].map((v) => 8 * inputs[8 * v + 3]!);
    };
    expect(edges(2)).toEqual([0, 0, 0]);
    expect(edges(2.1)).toEqual([1, 2, 1]);
    expect(edges(4.1)).toEqual([2, 2, 2]);
  });

  test('an image without light is a graph without nodes', () => {
    const two = dataset({
      ...image([0, 0, 0, 1], [2, 2]),
      inputs: [0, 0, 0, 0, 0, 0, 0, 1],
      labels: [0, 0],
    });
    const { inputs } = imageGraphs(two, { nodes: 2 });
    expect(inputs.slice(0, 14)).toEqual(new Float64Array(14));
    expect(inputs[14]).toBe(2);
  });

  test('keeps labels and gives the same bits again', () => {
    const events = larTpc({ particles: ['muon', 'electron'], count: 20, seed: 3 });
    const graphs = imageGraphs(events);
    expect(graphs.labels).toEqual(events.labels);
    expect(graphs.inputShape).toEqual([24, 29]);
    expect(imageGraphs(events).inputs).toEqual(graphs.inputs);
    for (let row = 0; row < 20 * 24; row++) {
      const own = graphs.inputs.subarray(29 * row, 29 * row + 29);
      if (own[28] === 0) expect(own.every((value) => value === 0)).toBe(true);
      else expect(own[0]).toBeGreaterThan(0);
    }
  });

  test('refuses what are no images and options that do not fit', () => {
    expect(() => imageGraphs(twoMoons({ count: 4, seed: 1 }))).toThrow(/shape \[2\], not images/);
    const events = larTpc({ particles: ['muon'], count: 2, seed: 3 });
    expect(() => imageGraphs(events, { radius: 0 })).toThrow(ValueError);
    expect(() => imageGraphs(events, { nodes: 1.5 })).toThrow(ValueError);
  });
});
