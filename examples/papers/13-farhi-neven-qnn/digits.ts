import {
  adam,
  crossEntropy,
  dense,
  evaluate,
  fit,
  hinge,
  key,
  mnist,
  readoutClassifier,
  relu,
  sequential,
  splitDataset,
} from 'ketwork';
import type { Dataset, Layer, Loss } from 'ketwork';

/** Digits as bits. */
export interface BitImages {
  readonly train: Dataset;
  readonly test: Dataset;
  /** Different strings among the training images. */
  readonly strings: number;
  /** Training images whose string has one label only. */
  readonly unambiguous: number;
  /** Accuracy on the test images of the best rule there is: the more frequent label of each string, among the test images themselves. */
  readonly ceiling: number;
}

/** Two digits, one pixel of every cell of a grid (its centre), 1 above one half. */
export async function bitImages(
  pair: readonly [string, string],
  side: number,
  seed: number,
  [trainCount, testCount]: readonly [number, number],
): Promise<BitImages> {
  const some = async (split: 'train' | 'test', count: number): Promise<Dataset> => {
    const images = await mnist({ split, classes: [...pair], from: import.meta.url });
    const part = splitDataset(images, [Math.min(count, images.size)], key(seed))[0]!;
    return thresholded(part, side);
  };
  const train = await some('train', trainCount);
  const test = await some('test', testCount);
  const counts = countStrings(train);
  const unambiguous = counts.filter(([a, b]) => a === 0 || b === 0);
  return {
    train,
    test,
    strings: counts.length,
    unambiguous: unambiguous.reduce((sum, [a, b]) => sum + a + b, 0),
    ceiling: countStrings(test).reduce((sum, [a, b]) => sum + Math.max(a, b), 0) / test.size,
  };
}

function thresholded(images: Dataset, side: number): Dataset {
  const [height, width] = images.inputShape as readonly [number, number];
  const centre = (i: number, size: number): number => Math.floor(((i + 0.5) * size) / side);
  const inputs = new Float64Array(images.size * side * side);
  for (let e = 0; e < images.size; e++) {
    for (let i = 0; i < side * side; i++) {
      const at = centre(Math.floor(i / side), height) * width + centre(i % side, width);
      inputs[e * side * side + i] = images.inputs[e * height * width + at]! > 0.5 ? 1 : 0;
    }
  }
  return { ...images, inputs, inputShape: [side * side] };
}

/** How often each string has each label. */
function countStrings({ inputs, labels, size }: Dataset): [number, number][] {
  const width = inputs.length / size;
  const counts = new Map<string, [number, number]>();
  for (let e = 0; e < size; e++) {
    const name = inputs.subarray(e * width, (e + 1) * width).join('');
    const found = counts.get(name) ?? [0, 0];
    found[labels[e] as 0 | 1]++;
    counts.set(name, found);
  }
  return [...counts.values()];
}

/** What came of training on digits. */
export interface DigitRun {
  readonly pair: string;
  readonly model: string;
  readonly seed: number;
  readonly parameters: number;
  readonly accuracy: number;
  readonly seconds: number;
}

interface Model {
  readonly name: string;
  readonly loss: Loss;
  make(bits: number): Layer;
}

/** A readout qubit with layers XX and ZZ, and a dense network on the same bits. */
export const MODELS: readonly Model[] = [
  {
    name: 'readout qubit',
    loss: hinge,
    make: (bits) =>
      readoutClassifier(bits, { layers: ['XX', 'ZZ'], start: '-', observable: 'X' }).layer(),
  },
  {
    name: 'dense 2',
    loss: crossEntropy,
    make: (bits) => sequential(dense(bits, 2), relu(), dense(2, 2)),
  },
];

/** Trains a model on digits and measures it on the test images once. */
export async function trainDigits(
  { train, test }: BitImages,
  pair: string,
  { name, loss, make }: Model,
  seed: number,
  steps: number,
): Promise<DigitRun> {
  const batchSize = 32;
  const model = sequential(make(train.inputShape[0]!));
  const { seconds } = await fit(model, train, {
    loss,
    optimizer: adam(0.05),
    epochs: Math.ceil((steps * batchSize) / train.size),
    batchSize,
    seed,
  });
  const { metrics } = await evaluate(model, test, { loss });
  const parameters = model.network!.parameters.reduce((sum, { data }) => sum + data.length, 0);
  return { pair, model: name, seed, parameters, accuracy: metrics['accuracy']!, seconds };
}
