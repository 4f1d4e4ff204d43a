import { checkNode, EnvironmentError, FormatError, ValueError } from '@ketwork/base';
import { classMap } from './dataset.ts';
import type { Dataset } from './dataset.ts';

/** Options of {@link cifar10}. */
export interface Cifar10Options {
  /** Classes to keep, by name or index; the first given becomes label 0. Default: all ten. */
  readonly classes?: readonly (string | number)[];
  /** Keep the first `limit` images of the kept classes only. Default: all. */
  readonly limit?: number;
  /** Images per file: 10,000 in the published files, or `any` for files made of a part of them. Default 10,000. */
  readonly recordsPerFile?: number | 'any';
}

const SIDE = 32;
const PIXELS = 3 * SIDE * SIDE;
const RECORD = 1 + PIXELS;
const NAMES: readonly string[] = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
];

/**
 * Reads CIFAR-10 (Krizhevsky, "Learning multiple layers of features from tiny images", 2009) from the files of its
 * binary version: `data_batch_1.bin` to `data_batch_5.bin` for training, `test_batch.bin` for test. Nothing is downloaded;
 * no npm package carries these files. A file is 10,000 records of a label byte and 3,072 pixel bytes: 1,024 red, 1,024
 * green, 1,024 blue, row by row. In memory an image takes 24 KiB, all 50,000 training images 1.2 GB; `limit` and `classes`
 * keep fewer.
 *
 * @param files Paths, `file:` URLs or contents of files, in the order in which the images shall come.
 * @returns Inputs `[size, 3, 32, 32]`, red, green and blue from 0 to 1; labels from 0 to `classes.length - 1`.
 * @throws FormatError where a file's length or a label is wrong; EnvironmentError where a file cannot be read;
 * ValueError where an option does not fit. Rejects, never throws at once.
 * @example
 * ```ts
 * import { cifar10 } from '@ketwork/datasets';
 * const record = new Uint8Array(3073).fill(255, 1); // a white airplane
 * const data = await cifar10([record], { recordsPerFile: 'any' });
 * console.log(data.inputShape, data.inputs[0]); // [ 3, 32, 32 ] 1
 * ```
 */
export async function cifar10(
  files: string | URL | Uint8Array | readonly (string | URL | Uint8Array)[],
  options: Cifar10Options = {},
): Promise<Dataset> {
  const { classes = NAMES, limit = Infinity, recordsPerFile = 10_000 } = options;
  const list =
    typeof files === 'string' || files instanceof URL || files instanceof Uint8Array
      ? [files]
      : files;
  if (list.length === 0) throw new ValueError('CIFAR-10: the list of files is empty');
  if (limit !== Infinity && !(Number.isSafeInteger(limit) && limit >= 1))
    throw new ValueError(`CIFAR-10: limit ${limit} is not a positive integer`);
  if (recordsPerFile !== 'any' && !(Number.isSafeInteger(recordsPerFile) && recordsPerFile >= 1)) {
    throw new ValueError(
      `CIFAR-10: recordsPerFile ${String(recordsPerFile)} is neither a positive integer nor 'any'`,
    );
  }
  const relabel = classMap(NAMES, classes, 'CIFAR-10');
  if (relabel.size === 0) throw new ValueError('CIFAR-10: the list of classes is empty');

  const images: Uint8Array[] = [];
  const labels: number[] = [];
  for (const [i, file] of list.entries()) {
    if (labels.length >= limit) break;
    const name = file instanceof Uint8Array ? `CIFAR-10 file ${i}` : String(file);
    const bytes = file instanceof Uint8Array ? file : await readBytes(file, name);
    const records = checkLength(bytes, name, recordsPerFile);
    for (let r = 0; r < records && labels.length < limit; r++) {
      const label = bytes[r * RECORD]!;
      if (label > 9) {
        throw new FormatError(`${name}: record ${r} has label ${label}, not one of 0 to 9`, {
          remedy: 'Check that it is a file of the binary version of CIFAR-10, not of CIFAR-100',
        });
      }
      const kept = relabel.get(label);
      if (kept === undefined) continue;
      labels.push(kept);
      images.push(bytes.subarray(r * RECORD + 1, (r + 1) * RECORD));
    }
  }
  const inputs = new Float64Array(images.length * PIXELS);
  images.forEach((image, i) => {
    for (let p = 0; p < PIXELS; p++) inputs[i * PIXELS + p] = image[p]! / 255;
  });
  return Object.freeze({
    name: 'cifar-10',
    inputs,
    inputShape: Object.freeze([3, SIDE, SIDE]),
    labels: Int32Array.from(labels),
    classes: Object.freeze([...relabel.keys()].map((index) => NAMES[index]!)),
    size: images.length,
    source: 'CIFAR-10, binary version, files given by the user',
  });
}

function checkLength(bytes: Uint8Array, name: string, wanted: number | 'any'): number {
  const records = bytes.length / RECORD;
  const fits = Number.isInteger(records) && records > 0;
  if (fits && (wanted === 'any' || records === wanted)) return records;
  const expected =
    wanted === 'any' ? `a multiple of ${RECORD}` : `${wanted * RECORD} (${wanted} × ${RECORD})`;
  throw new FormatError(`${name} has ${bytes.length} bytes where ${expected} are needed`, {
    remedy: fits
      ? "Download it again, or give recordsPerFile: 'any' where it holds a part of the images"
      : 'Check that it is an unpacked .bin file of the binary version, and complete',
  });
}

async function readBytes(file: string | URL, name: string): Promise<Uint8Array> {
  checkNode(
    `${name}: files can be read from disk in Node only`,
    'In a browser fetch the file and give its bytes',
  );
  try {
    return await process.getBuiltinModule('node:fs/promises').readFile(file);
  } catch (cause) {
    throw new EnvironmentError(`${name} cannot be read`, {
      remedy: 'Check the path; CIFAR-10 is not bundled and must be there already',
      cause,
    });
  }
}
