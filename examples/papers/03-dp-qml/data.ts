import { circles, key, mnist, normal, permutation, splitDataset, twoMoons } from 'ketwork';
import type { Dataset } from 'ketwork';

/** Training and test examples of a task. */
export interface Task {
  readonly name: string;
  readonly train: Dataset;
  readonly test: Dataset;
}

/** The names of the tasks, three sets of points and two digits. */
export const TASKS = ['moons', 'circles', 'blobs', '0 and 1'] as const;
/** The sets of points among them. */
export const POINTS: readonly string[] = ['moons', 'circles', 'blobs'];

/** Makes the data of a task; points are standardised by their training examples and halved. */
export async function taskOf(
  name: (typeof TASKS)[number],
  seed: number,
  [trainCount, testCount]: readonly [number, number],
): Promise<Task> {
  if (name === '0 and 1') {
    const some = async (split: 'train' | 'test', count: number): Promise<Dataset> => {
      const images = await mnist({ split, classes: ['0', '1'], from: import.meta.url });
      return pooled(splitDataset(images, [Math.min(count, images.size)], key(seed))[0]!);
    };
    return {
      name,
      train: await some('train', trainCount),
      test: await some('test', testCount),
    };
  }
  const count = trainCount + testCount;
  const all = {
    moons: () => twoMoons({ count, noise: 0.15, seed }),
    circles: () => circles({ count, factor: 0.5, noise: 0.1, seed }),
    blobs: () => blobs(count, seed),
  }[name]();
  const [train, test] = splitDataset(all, [trainCount, testCount], key(seed));
  const scale = scaling(train!);
  return { name, train: scaled(train!, scale), test: scaled(test!, scale) };
}

/** Two clouds around (1, 1) and (-1, -1), of standard deviation 0.6. */
function blobs(count: number, seed: number): Dataset {
  const noise = normal(key(seed), 2 * count, { deviation: 0.6 });
  const order = permutation(key(seed), count);
  const labels = Int32Array.from(order, (place) => place % 2);
  const inputs = noise.map((z, i) => z + (labels[i >> 1] === 1 ? 1 : -1));
  const base = circles({ count, seed });
  return { ...base, inputs, labels, classes: ['lower', 'upper'] };
}

/** Images of 28 × 28 as means over 7 × 7 pixels. */
function pooled(images: Dataset): Dataset {
  const inputs = new Float64Array(images.size * 16);
  for (let e = 0; e < images.size; e++) {
    for (let p = 0; p < 784; p++) {
      const cell = 4 * Math.floor(p / 28 / 7) + Math.floor((p % 28) / 7);
      inputs[16 * e + cell]! += images.inputs[784 * e + p]! / 49;
    }
  }
  return { ...images, inputs, inputShape: [16] };
}

type Scaling = readonly (readonly [mean: number, deviation: number])[];

function scaling({ inputs, size }: Dataset): Scaling {
  return [0, 1].map((axis) => {
    const values = Array.from({ length: size }, (_, e) => inputs[2 * e + axis]!);
    const middle = values.reduce((a, b) => a + b) / size;
    const variance = values.reduce((sum, x) => sum + (x - middle) ** 2, 0) / size;
    return [middle, Math.sqrt(variance)] as const;
  });
}

function scaled(data: Dataset, scale: Scaling): Dataset {
  const inputs = Float64Array.from(data.inputs, (x, i) => {
    const [middle, deviation] = scale[i % 2]!;
    return (x - middle) / deviation / 2;
  });
  return { ...data, inputs };
}
