import { featureStatistics, key, mnist, splitDataset, standardize } from 'ketwork';
import type { Dataset } from 'ketwork';
import { featuresOf } from './backbone.ts';

/** Digits of the task; the backbone has seen none of them. */
const DIGITS: readonly string[] = ['8', '9'];

/** Examples of the participants and of the server. */
export interface Task {
  readonly train: Dataset;
  readonly test: Dataset;
}

/** Features of 8 and 9 by seed, standardised by the training examples. */
export async function taskOf(
  seed: number,
  counts: { readonly train: number; readonly test: number },
): Promise<Task> {
  const some = async (split: 'train' | 'test'): Promise<Dataset> => {
    const images = await mnist({ split, classes: DIGITS, from: import.meta.url });
    return featuresOf(splitDataset(images, [counts[split]], key(seed))[0]!);
  };
  const train = await some('train');
  const statistics = featureStatistics(train);
  return {
    train: standardize(train, statistics),
    test: standardize(await some('test'), statistics),
  };
}
