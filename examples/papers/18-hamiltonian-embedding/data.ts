import {
  dataset,
  fashionMnist,
  key,
  medicalImages,
  mnist,
  resizeImages,
  splitDataset,
  subset,
} from 'ketwork';
import type { Dataset } from 'ketwork';

/** A task: data by seed, in the order training and test. */
export interface Task {
  readonly name: string;
  /** Side of the images in pixels. */
  readonly side: number;
  readonly classes: number;
  load(seed: number): Promise<readonly [train: Dataset, test: Dataset]>;
}

const EIGHT = [0, 1, 2, 3, 4, 5, 6, 7];
const from: string = import.meta.filename;

/** Images in the middle of larger ones. */
export function padded(data: Dataset, side: number): Dataset {
  const own = data.inputShape[1]!;
  const border = Math.floor((side - own) / 2);
  const inputs = new Float64Array(data.size * side * side);
  for (let row = 0; row < data.size * own; row++) {
    const image = Math.floor(row / own);
    const to = (image * side + border + (row % own)) * side + border;
    inputs.set(data.inputs.subarray(row * own, (row + 1) * own), to);
  }
  return dataset({ ...data, inputs, inputShape: [side, side] });
}

/** Every image divided by its largest value. */
export function brightened(data: Dataset): Dataset {
  const size = data.inputs.length / data.size;
  const inputs = data.inputs.slice();
  for (let i = 0; i < data.size; i++) {
    const image = inputs.subarray(i * size, (i + 1) * size);
    const largest = image.reduce((a, b) => Math.max(a, b), 0);
    if (largest > 0) for (let p = 0; p < size; p++) image[p]! /= largest;
  }
  return dataset({ ...data, inputs });
}

const loaded = new Map<string, Promise<Dataset>>();

function once(name: string, load: () => Promise<Dataset>): Promise<Dataset> {
  const known = loaded.get(name) ?? load();
  loaded.set(name, known);
  return known;
}

const sources: Readonly<Record<'MNIST' | 'Fashion-MNIST', typeof mnist>> = {
  MNIST: mnist,
  'Fashion-MNIST': fashionMnist,
};

/** The first eight classes, pooled to 8 × 8 pixels; subsets by seed. */
export function pooledImages(
  source: keyof typeof sources,
  trainCount: number,
  testCount: number,
): Task {
  const part = (split: 'train' | 'test', limit: number): Promise<Dataset> =>
    once(`${source} ${split} ${limit}`, async () => {
      const data = await sources[source]({ split, classes: EIGHT, limit, from });
      return brightened(resizeImages(padded(data, 32), 8));
    });
  return {
    name: source,
    side: 8,
    classes: 8,
    async load(seed) {
      const train = await part('train', 10 * trainCount);
      const test = await part('test', 5 * testCount);
      return [
        splitDataset(train, [trainCount], key(seed))[0]!,
        splitDataset(test, [testCount], key(seed))[0]!,
      ];
    },
  };
}

/** The first eight classes at full size, padded to 32 × 32 pixels. */
export function largeImages(
  source: keyof typeof sources,
  trainCount: number,
  testCount: number,
): Task {
  const part = (split: 'train' | 'test'): Promise<Dataset> =>
    once(`${source} large ${split}`, async () =>
      padded(await sources[source]({ split, classes: EIGHT, from }), 32),
    );
  return {
    name: `${source} 32 × 32`,
    side: 32,
    classes: 8,
    async load(seed) {
      const [train, test] = [await part('train'), await part('test')];
      return [
        splitDataset(train, [Math.min(trainCount, train.size)], key(seed))[0]!,
        splitDataset(test, [Math.min(testCount, test.size)], key(seed))[0]!,
      ];
    },
  };
}

/** Lesions with smooth and rugged rims, in place of the CT images of the paper, of which it took 80 to train. */
export function lesions(side: 8 | 32, trainCount: number, testCount: number): Task {
  return {
    name: `lesions ${side} × ${side}`,
    side,
    classes: 2,
    load(seed) {
      const count = trainCount + testCount;
      const data = padded(medicalImages({ kind: 'lesion', count, seed: 1000 + seed }), 32);
      const sized = side === 32 ? data : resizeImages(data, side);
      const at = (start: number, length: number): number[] =>
        Array.from({ length }, (_, i) => start + i);
      return Promise.resolve([
        subset(sized, at(0, trainCount)),
        subset(sized, at(trainCount, testCount)),
      ]);
    },
  };
}
