import { colouredShapes, dataset, fashionMnist, key, mnist, splitDataset } from 'ketwork';
import type { Dataset } from 'ketwork';

/** A task: images of ten classes, training and test by seed. */
export interface Task {
  readonly name: string;
  readonly channels: number;
  load(
    seed: number,
    trainCount: number,
    testCount: number,
  ): Promise<readonly [train: Dataset, test: Dataset]>;
}

const from: string = import.meta.filename;
const PADDED = 36;
const SIDE = 12;

/**
 * Images of some channels in the middle of 36 × 36 pixels, then means of 3 × 3, divided by the image's largest value, and
 * brought from [0, 1] to [-1, 1]: `[channels, 12, 12]`.
 */
export function reduced(data: Dataset): Dataset {
  const own = data.inputShape.at(-1)!;
  const channels = data.inputShape.length === 3 ? data.inputShape[0]! : 1;
  const border = (PADDED - own) / 2;
  const pixels = SIDE * SIDE;
  const inputs = new Float64Array(data.size * channels * pixels);
  for (let plane = 0; plane < data.size * channels; plane++) {
    for (let y = 0; y < own; y++) {
      for (let x = 0; x < own; x++) {
        const to = Math.floor((y + border) / 3) * SIDE + Math.floor((x + border) / 3);
        inputs[plane * pixels + to]! += data.inputs[(plane * own + y) * own + x]! / 9;
      }
    }
  }
  const size = channels * pixels;
  for (let i = 0; i < data.size; i++) {
    const image = inputs.subarray(i * size, (i + 1) * size);
    const largest = image.reduce((a, b) => Math.max(a, b), 0);
    for (let p = 0; p < size; p++) {
      const bright = largest > 0 ? image[p]! / largest : 0;
      image[p] = 2 * bright - 1;
    }
  }
  return dataset({ ...data, inputs, inputShape: [channels, SIDE, SIDE] });
}

const loaded = new Map<string, Promise<Dataset>>();

function once(name: string, load: () => Promise<Dataset>): Promise<Dataset> {
  const known = loaded.get(name) ?? load();
  loaded.set(name, known);
  return known;
}

function images(name: string, source: typeof mnist): Task {
  return {
    name,
    channels: 1,
    async load(seed, trainCount, testCount) {
      // Subsets of ten times the images asked for, so that small runs read little.
      const part = (split: 'train' | 'test', limit: number): Promise<Dataset> =>
        once(`${name} ${split} ${limit}`, async () =>
          reduced(await source({ split, limit, from })),
        );
      const train = await part('train', 10 * trainCount);
      const test = await part('test', Math.min(10_000, 5 * testCount));
      return [
        splitDataset(train, [trainCount], key(seed))[0]!,
        splitDataset(test, [testCount], key(seed))[0]!,
      ];
    },
  };
}

/** The tasks; coloured shapes stand in for CIFAR-10, which cannot be had offline. */
export const TASKS: readonly Task[] = [
  images('MNIST', mnist),
  images('Fashion-MNIST', fashionMnist),
  {
    name: 'coloured shapes',
    channels: 3,
    async load(seed, trainCount, testCount) {
      const make = (count: number, own: number): Dataset =>
        reduced(colouredShapes({ count, size: PADDED, seed: own }));
      return Promise.resolve([make(trainCount, 1000 + seed), make(testCount, 2000 + seed)]);
    },
  },
];
