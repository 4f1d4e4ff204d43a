import { key, mnist, resizeImages, splitDataset } from 'ketwork';
import type { Dataset } from 'ketwork';
import { SMALL_SIDE } from './models.ts';

/** Images that train and others that test. */
export interface Split {
  readonly train: Dataset;
  /** Further training images, for the learning curve only. */
  readonly validation: Dataset;
  readonly test: Dataset;
}

const loaded = new Map<string, Promise<Dataset>>();

/** A part of MNIST, read once; the quick form reads its beginning only. */
function part(split: 'train' | 'test', quick: boolean): Promise<Dataset> {
  const name = `${split} ${quick}`;
  const known =
    loaded.get(name) ?? mnist({ split, from: import.meta.url, ...(quick ? { limit: 2000 } : {}) });
  loaded.set(name, known);
  return known;
}

/** Some training images of MNIST and some test images, drawn with a seed. */
export async function digits(
  seed: number,
  quick: boolean,
  counts: { readonly train: number; readonly validation: number; readonly test: number },
): Promise<Split> {
  const [train, validation] = splitDataset(
    await part('train', quick),
    [counts.train, counts.validation],
    key(seed),
  );
  const [test] = splitDataset(await part('test', quick), [counts.test], key(seed));
  return { train: train!, validation: validation!, test: test! };
}

/** The same images at 14 × 14, means of 2 × 2 pixels. */
export function small({ train, validation, test }: Split): Split {
  return {
    train: resizeImages(train, SMALL_SIDE),
    validation: resizeImages(validation, SMALL_SIDE),
    test: resizeImages(test, SMALL_SIDE),
  };
}
