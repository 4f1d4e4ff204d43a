import { KetworkError } from '@ketwork/base';
import { dataset, larTpc, parseIdx, readIdx, twoMoons } from '@ketwork/datasets';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

async function refused(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(KetworkError);
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return 'nothing was thrown';
}

test('damaged files are refused with what is wrong and what to do', async () => {
  const whole = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4);
  const changed = (at: number, byte: number): Uint8Array => whole.with(at, byte);
  const name = 'train-images';
  expect([
    await refused(() => parseIdx(whole.subarray(0, 2), name)),
    await refused(() => parseIdx(whole.subarray(0, 9), name)),
    await refused(() => parseIdx(whole.subarray(0, 15), name)),
    await refused(() => parseIdx(Uint8Array.of(...whole, 5), name)),
    await refused(() => parseIdx(changed(0, 60), name)),
    await refused(() => parseIdx(changed(2, 10), name)),
    await refused(() => parseIdx(changed(3, 0), name)),
    await refused(() => parseIdx(new Uint8Array(gzipSync(whole)), name)),
    await refused(() => parseIdx('train-images' as never, name)),
    await refused(() => readIdx(new Uint8Array(gzipSync(whole)).subarray(0, 20), name)),
    await refused(() => readIdx(undefined as never)),
  ]).toMatchInlineSnapshot(`
    [
      "FormatError: train-images has 2 bytes, which is less than the four of an IDX magic number. Download it again",
      "FormatError: train-images is truncated in its header: 2 dimensions need 12 bytes, it has 9. Download it again",
      "FormatError: train-images is truncated: uint8 [2, 2] needs 16 bytes, it has 15. Download it again",
      "FormatError: train-images has trailing bytes: uint8 [2, 2] needs 16 bytes, it has 17. Check that it is one IDX file and nothing else",
      "FormatError: train-images starts with bytes 3c 00; an IDX file starts with 00 00. Check that it is the data file itself and not a web page or an archive",
      "FormatError: train-images names element type 0a at byte 2, which IDX does not define. IDX defines 08 (uint8), 09 (int8), 0b (int16), 0c (int32), 0d (float32) and 0e (float64)",
      "FormatError: train-images names 0 dimensions at byte 3; an IDX file has at least one. Download it again",
      "FormatError: train-images is compressed with gzip. Use await readIdx(bytes), which decompresses, or gunzip it first",
      "ValueError: train-images is not given as a Uint8Array. Give the bytes of the file, such as await readFile(path) returns",
      "FormatError: train-images is damaged: its gzip data cannot be decompressed. Download it again",
      "ValueError: IDX data is not given as a Uint8Array. Give the bytes of the file, such as await readFile(path) returns",
    ]
  `);
});

test('examples, counts and seeds that do not fit are refused', async () => {
  const good = {
    name: 'four',
    source: 'made up',
    inputs: [1, 2, 3, 4],
    inputShape: [2],
    labels: [0, 1],
    classes: ['a', 'b'],
  };
  expect([
    await refused(() => dataset({ ...good, inputs: [1, 2, 3] })),
    await refused(() => dataset({ ...good, inputs: [1, 2, 3, Number.NaN] })),
    await refused(() => dataset({ ...good, labels: [0, 2] })),
    await refused(() => twoMoons({ count: 0, seed: 1 })),
    await refused(() => twoMoons({ count: 10, seed: -1 })),
    await refused(() => twoMoons({ count: 10, seed: 1, noise: Number.NaN })),
    await refused(() => larTpc({ particles: ['muon', 'electron'], count: 4, seed: 0.5 })),
  ]).toMatchInlineSnapshot(`
    [
      "ValueError: data set "four": 3 values do not make 2 examples of shape [2]. Give 2 × 2 = 4 values, one row for each label",
      "ValueError: data set "four": value 1 of example 1 is NaN. Remove the example or replace the value",
      "ValueError: data set "four": label 2 of example 1 is not the index of a class. Use integers from 0 to 1",
      "ValueError: two-moons: count 0 is not an integer of at least 2",
      "ValueError: seed -1 is not an integer from 0 to 2^53 - 1. Give a non-negative integer, such as 7",
      "ValueError: two-moons: noise NaN is not a number of at least 0",
      "ValueError: seed 0.5 is not an integer from 0 to 2^53 - 1. Give a non-negative integer, such as 7",
    ]
  `);
});
