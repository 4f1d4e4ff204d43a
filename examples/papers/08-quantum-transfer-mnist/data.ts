import { dataset, key, mnist, splitDataset } from 'ketwork';
import type { Dataset } from 'ketwork';

/** Real digits as vectors of 784 pixels from 0 to 1: some of the training images, some of the test images. */
export async function digits(
  seed: number,
  trainCount: number,
  testCount: number,
): Promise<{ readonly train: Dataset; readonly test: Dataset }> {
  const some = async (split: 'train' | 'test', count: number): Promise<Dataset> => {
    // Drawn from the first images only, since all of them as numbers take 376 MB.
    const images = await mnist({ split, limit: 4 * count, from: import.meta.url });
    return dataset({ ...splitDataset(images, [count], key(seed))[0]!, inputShape: [784] });
  };
  return { train: await some('train', trainCount), test: await some('test', testCount) };
}

/** Examples of a data set with other features. */
export function withFeatures(data: Dataset, inputs: Float64Array): Dataset {
  return dataset({ ...data, inputs, inputShape: [inputs.length / data.size] });
}
