import { cifar10 } from '@ketwork/datasets';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const RECORD = 3073;
const part = { recordsPerFile: 'any' } as const;

/** Records whose pixel p of record r is (7 r + p) mod 256. */
function file(labels: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(RECORD * labels.length);
  labels.forEach((label, r) => {
    bytes[r * RECORD] = label;
    for (let p = 0; p < 3072; p++) bytes[r * RECORD + 1 + p] = (7 * r + p) % 256;
  });
  return bytes;
}

test('reads records of a label and three planes', async () => {
  const data = await cifar10([file([3, 0]), file([9])], part);
  expect(data.inputShape).toEqual([3, 32, 32]);
  expect([...data.labels]).toEqual([3, 0, 9]);
  expect(data.classes[9]).toBe('truck');
  const [red, green, blue] = [0, 1, 2].map((plane) => data.inputs[3072 + plane * 1024 + 35]!);
  expect([red, green, blue]).toEqual([42, 1066 % 256, 2090 % 256].map((v) => v / 255));
  expect(data.inputs.length).toBe(3 * 3072);
});

test('keeps classes, in the order given, and at most so many images', async () => {
  const bytes = file([3, 0, 5, 3, 0]);
  const data = await cifar10(bytes, { ...part, classes: ['dog', 3] });
  expect([...data.labels]).toEqual([1, 0, 1]);
  expect(data.classes).toEqual(['dog', 'cat']);
  expect(data.inputs[3072]).toBe(14 / 255);
  const few = await cifar10([bytes, bytes], { ...part, limit: 6 });
  expect([...few.labels]).toEqual([3, 0, 5, 3, 0, 3]);
});

test('reads whole files of 10,000 records from disk', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ketwork-cifar-'));
  try {
    const path = join(folder, 'data_batch_1.bin');
    writeFileSync(path, file(Array.from({ length: 10_000 }, (_, i) => i % 10)));
    const data = await cifar10(path, { classes: ['bird'], limit: 20 });
    expect([data.size, data.inputs[0]]).toEqual([20, 14 / 255]);
    expect(await cifar10([pathToFileURL(path)], { classes: ['bird'], limit: 20 })).toEqual(data);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('refuses files and options that do not fit', async () => {
  const refused = (...given: Parameters<typeof cifar10>): Promise<string> =>
    cifar10(...given).then(
      () => 'nothing was thrown',
      (error: Error) => `${error.name}: ${error.message}`,
    );
  expect([
    await refused(file([1])),
    await refused(file([1]).subarray(1), part),
    await refused(new Uint8Array(0), part),
    await refused(file([1, 10]), part),
    await refused('/nowhere/data_batch_1.bin'),
    await refused([], part),
    await refused(file([1]), { ...part, limit: 0 }),
    await refused(file([1]), { recordsPerFile: 0.5 }),
    await refused(file([1]), { ...part, classes: ['fox'] }),
    await refused(file([1]), { ...part, classes: [] }),
  ]).toMatchInlineSnapshot(`
    [
      "FormatError: CIFAR-10 file 0 has 3073 bytes where 30730000 (10000 × 3073) are needed. Download it again, or give recordsPerFile: 'any' where it holds a part of the images",
      "FormatError: CIFAR-10 file 0 has 3072 bytes where a multiple of 3073 are needed. Check that it is an unpacked .bin file of the binary version, and complete",
      "FormatError: CIFAR-10 file 0 has 0 bytes where a multiple of 3073 are needed. Check that it is an unpacked .bin file of the binary version, and complete",
      "FormatError: CIFAR-10 file 0: record 1 has label 10, not one of 0 to 9. Check that it is a file of the binary version of CIFAR-10, not of CIFAR-100",
      "EnvironmentError: /nowhere/data_batch_1.bin cannot be read. Check the path; CIFAR-10 is not bundled and must be there already",
      "ValueError: CIFAR-10: the list of files is empty",
      "ValueError: CIFAR-10: limit 0 is not a positive integer",
      "ValueError: CIFAR-10: recordsPerFile 0.5 is neither a positive integer nor 'any'",
      "ValueError: CIFAR-10 has no class "fox". Its classes are 0 "airplane", 1 "automobile", 2 "bird", 3 "cat", 4 "deer", 5 "dog", 6 "frog", 7 "horse", 8 "ship", 9 "truck"",
      "ValueError: CIFAR-10: the list of classes is empty",
    ]
  `);
});
