import {
  dataset,
  featureRanges,
  principalComponents,
  projectComponents,
  rescale,
  restoreComponents,
  subset,
  twoMoons,
} from '@ketwork/datasets';
import type { Dataset } from '@ketwork/datasets';
import { Random, expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';

const points = (inputs: ArrayLike<number>, features: number): Dataset =>
  dataset({
    name: 'points',
    inputs,
    inputShape: [features],
    labels: new Int32Array(inputs.length / features),
    classes: ['one'],
    source: 'by hand',
  });

/** Points around (1, -2, 0.5) with variances 9, 1 and 0.01 along three known directions. */
function cloud(): Dataset {
  const random = new Random(4);
  const directions = [
    [2 / 3, 2 / 3, 1 / 3],
    [-2 / 3, 1 / 3, 2 / 3],
    [1 / 3, -2 / 3, 2 / 3],
  ];
  const inputs: number[] = [];
  for (let e = 0; e < 4000; e++) {
    const z = random.normals(3);
    [1, -2, 0.5].forEach((mean, j) => {
      inputs.push(
        mean +
          3 * z[0]! * directions[0]![j]! +
          z[1]! * directions[1]![j]! +
          0.1 * z[2]! * directions[2]![j]!,
      );
    });
  }
  return points(inputs, 3);
}

describe('principalComponents', () => {
  test('finds the directions of largest variance', () => {
    const pca = principalComponents(cloud(), 2);
    expectClose(pca.mean, [1, -2, 0.5], 0.1);
    expectClose(pca.components.subarray(0, 3), [2 / 3, 2 / 3, 1 / 3], 0.02);
    const second = pca.components.subarray(3);
    const sign = Math.sign(second[0]!);
    expectClose(second, [(sign * 2) / 3, -sign / 3, (-sign * 2) / 3], 0.02);
    // The sign is the one with which the largest element is positive.
    expect(Math.max(...second)).toBe(Math.max(...second.map(Math.abs)));
    expectClose(pca.variances, [9, 1], 0.5);
    expectClose(pca.shares, [9 / 10.01, 1 / 10.01], 0.02);
  });

  test('coordinates are centred, uncorrelated, and have those variances', () => {
    const data = cloud();
    const pca = principalComponents(data, 3);
    const z = projectComponents(data, pca);
    expect(z.inputShape).toEqual([3]);
    const moment = (i: number, j: number): number => {
      let sum = 0;
      for (let e = 0; e < data.size; e++) sum += z.inputs[3 * e + i]! * z.inputs[3 * e + j]!;
      return sum / data.size;
    };
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++)
        expect(moment(i, j)).toBeCloseTo(i === j ? pca.variances[i]! : 0, 10);
    }
  });

  test('all components restore the data, some of them up to the variance they leave out', () => {
    const data = cloud();
    const all = principalComponents(data, 3);
    expectClose(restoreComponents(projectComponents(data, all), all).inputs, data.inputs, 1e-12);
    const one = principalComponents(data, 1);
    const back = restoreComponents(projectComponents(data, one), one);
    let error = 0;
    back.inputs.forEach((value, i) => (error += (value - data.inputs[i]!) ** 2 / data.size));
    expect(error).toBeCloseTo(all.variances[1]! + all.variances[2]!, 10);
  });

  test('fits images and data without variation', () => {
    const flat = dataset({ ...points(new Float64Array(12).fill(2), 4), inputShape: [2, 2] });
    const pca = principalComponents(flat, 2);
    expect([...pca.variances, ...pca.shares]).toEqual([0, 0, 0, 0]);
    expect(restoreComponents(projectComponents(flat, pca), pca).inputShape).toEqual([2, 2]);
  });

  test('refuses what does not fit', () => {
    const moons = twoMoons({ count: 10, seed: 1 });
    expect(() => principalComponents(moons, 3)).toThrow(/count 3 is not an integer from 1 to 2/);
    expect(() => principalComponents(subset(moons, []), 1)).toThrow(/is empty/);
    const pca = principalComponents(moons, 1);
    expect(() => projectComponents(cloud(), pca)).toThrow(/has 3 features, the components 2/);
    expect(() => restoreComponents(moons, pca)).toThrow(/has 2 numbers per example/);
  });
});

describe('rescale', () => {
  test('brings each feature to the range, others by the same rule', () => {
    const train = points([0, 10, 2, 10, 4, 10], 2);
    expect([...rescale(train, { range: [-1, 1] }).inputs]).toEqual([-1, 0, 0, 0, 1, 0]);
    const ranges = featureRanges(train);
    expect([...ranges.smallest, ...ranges.largest]).toEqual([0, 10, 4, 10]);
    const test = points([-4, 3, 6, 10], 2);
    expect([...rescale(test, { ranges }).inputs]).toEqual([0, 0.5, 1, 0.5]);
    expect([...rescale(test, { ranges, clip: false }).inputs]).toEqual([-1, 0.5, 1.5, 0.5]);
    // -2 + (0.1 + 2) is rounded up.
    const [, , end, middle] = rescale(test, { ranges, range: [-2, 0.1] }).inputs;
    expect([end, middle]).toEqual([0.1, -2 + 2.1 * 0.5]);
  });

  test('refuses what does not fit', () => {
    const moons = twoMoons({ count: 10, seed: 1 });
    expect(() => rescale(moons, { range: [1, 1] })).toThrow(/\[1, 1\] is not a range/);
    expect(() => rescale(cloud(), { ranges: featureRanges(moons) })).toThrow(/has 3 features/);
    expect(() => featureRanges(subset(moons, []))).toThrow(/is empty/);
  });
});
