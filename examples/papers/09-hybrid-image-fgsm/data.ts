import { colouredShapes, key, mnist, splitDataset } from 'ketwork';
import type { Dataset } from 'ketwork';

/** Images that train and others that test. */
export interface Split {
  readonly train: Dataset;
  readonly test: Dataset;
}

/** How many images. */
export interface Counts {
  readonly train: number;
  readonly test: number;
}

/** Images of MNIST by seed; the quick form reads the beginning of the files only. */
export async function digits(seed: number, counts: Counts, quick: boolean): Promise<Split> {
  const some = async (split: 'train' | 'test'): Promise<Dataset> => {
    const images = await mnist({ split, from: import.meta.url, ...(quick ? { limit: 2000 } : {}) });
    return splitDataset(images, [counts[split]], key(seed))[0]!;
  };
  return channelled(await some('train'), await some('test'));
}

/** `[28, 28]` as `[1, 28, 28]`. */
function channelled(train: Dataset, test: Dataset): Split {
  const inputShape = [1, 28, 28];
  return { train: { ...train, inputShape }, test: { ...test, inputShape } };
}

/** Coloured shapes with patterns, ten classes, 3 × 32 × 32. */
export function coloured(seed: number, { train, test }: Counts): Split {
  return {
    train: colouredShapes({ count: train, seed: 2 * seed }),
    test: colouredShapes({ count: test, seed: 2 * seed + 1 }),
  };
}
