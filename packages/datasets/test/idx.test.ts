import { parseIdx, readIdx } from '@ketwork/datasets';
import { FormatError } from '@ketwork/base';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';

/** An IDX file with the given type byte, shape and big-endian body. */
function idx(type: number, shape: readonly number[], body: readonly number[]): Uint8Array {
  const extents = shape.flatMap((n) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]);
  return Uint8Array.from([0, 0, type, shape.length, ...extents, ...body]);
}

function bigEndian(write: (view: DataView) => void, bytes: number): number[] {
  const view = new DataView(new ArrayBuffer(bytes));
  write(view);
  return [...new Uint8Array(view.buffer)];
}

describe('parseIdx', () => {
  test('reads every element type', () => {
    expect(parseIdx(idx(0x08, [2, 2], [1, 2, 3, 255]))).toEqual({
      dtype: 'uint8',
      shape: [2, 2],
      data: Uint8Array.of(1, 2, 3, 255),
    });
    expect(parseIdx(idx(0x09, [2], [1, 255])).data).toEqual(Int8Array.of(1, -1));
    expect(parseIdx(idx(0x0b, [2], [1, 2, 255, 254])).data).toEqual(Int16Array.of(258, -2));
    expect(parseIdx(idx(0x0c, [1], [255, 255, 255, 0])).data).toEqual(Int32Array.of(-256));
    const single = bigEndian((view) => view.setFloat32(0, 1.5), 4);
    expect(parseIdx(idx(0x0d, [1, 1, 1], single))).toMatchObject({
      dtype: 'float32',
      data: Float32Array.of(1.5),
    });
    const double = bigEndian((view) => view.setFloat64(0, Math.PI), 8);
    expect(parseIdx(idx(0x0e, [1], double)).data).toEqual(Float64Array.of(Math.PI));
  });

  test('reads a view into a larger buffer, and an empty dimension', () => {
    const file = idx(0x0b, [1], [0, 7]);
    const padded = new Uint8Array(file.length + 3);
    padded.set(file, 3);
    expect(parseIdx(padded.subarray(3)).data).toEqual(Int16Array.of(7));
    expect(parseIdx(idx(0x08, [0, 5], []))).toMatchObject({
      shape: [0, 5],
      data: new Uint8Array(0),
    });
  });

  test('names what is wrong and where', () => {
    const bad: [Uint8Array, string][] = [
      [Uint8Array.of(0, 0), 'f has 2 bytes, which is less than the four of an IDX magic number'],
      [
        Uint8Array.of(0x3c, 0x21, 0x44, 0x4f),
        'f starts with bytes 3c 21; an IDX file starts with 00 00',
      ],
      [idx(0x0a, [1], [1]), 'f names element type 0a at byte 2, which IDX does not define'],
      [Uint8Array.of(0, 0, 8, 0), 'f names 0 dimensions at byte 3'],
      [
        Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 1),
        'f is truncated in its header: 2 dimensions need 12 bytes, it has 8',
      ],
      [idx(0x08, [2, 2], [1, 2, 3]), 'f is truncated: uint8 [2, 2] needs 16 bytes, it has 15'],
      [
        idx(0x08, [2, 2], [1, 2, 3, 4, 5]),
        'f has trailing bytes: uint8 [2, 2] needs 16 bytes, it has 17',
      ],
      [idx(0x08, [0xffffffff, 0xffffffff, 0xffffffff], [1]), 'f is truncated: uint8 [4294967295,'],
    ];
    for (const [bytes, message] of bad) {
      expect(() => parseIdx(bytes, 'f')).toThrow(FormatError);
      expect(() => parseIdx(bytes, 'f')).toThrow(message);
    }
  });

  test('every truncation of a file is refused', () => {
    const file = idx(
      0x0c,
      [3, 2],
      Array.from({ length: 24 }, (_, i) => i),
    );
    for (let length = 0; length < file.length; length++) {
      expect(() => parseIdx(file.subarray(0, length))).toThrow(FormatError);
    }
  });
});

describe('readIdx', () => {
  const file = idx(0x08, [3], [7, 8, 9]);

  test('decompresses gzip, which parseIdx points to', async () => {
    const zipped = new Uint8Array(gzipSync(file));
    expect((await readIdx(zipped)).data).toEqual(Uint8Array.of(7, 8, 9));
    expect((await readIdx(file)).data).toEqual(Uint8Array.of(7, 8, 9));
    expect(() => parseIdx(zipped)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: IDX data is compressed with gzip. Use await readIdx(bytes), which decompresses, or gunzip it first]`,
    );
  });

  test('refuses damaged gzip data', async () => {
    const zipped = new Uint8Array(gzipSync(file));
    await expect(readIdx(zipped.subarray(0, zipped.length - 9), 'f.gz')).rejects.toThrow(
      'f.gz is damaged: its gzip data cannot be decompressed. Download it again',
    );
    await expect(readIdx(new Uint8Array(gzipSync(file.subarray(0, 10))), 'f.gz')).rejects.toThrow(
      'f.gz is truncated',
    );
  });
});
