import { FormatError, sizeOf, ValueError } from '@ketwork/base';

/** The arrays an IDX file may hold, by its type byte. */
export type IdxData =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** The content of an IDX file. */
export interface IdxArray {
  /** Type of the elements as the file names it. */
  readonly dtype: 'uint8' | 'int8' | 'int16' | 'int32' | 'float32' | 'float64';
  /** Extent of each dimension, the first varying slowest. */
  readonly shape: readonly number[];
  /** Elements, row-major, `[...shape]`. For single bytes a view of the input, otherwise a copy in native byte order. */
  readonly data: IdxData;
}

interface ElementType {
  readonly dtype: IdxArray['dtype'];
  readonly bytes: number;
  /** Reads `count` big-endian elements. */
  read(view: DataView, count: number): IdxData;
}

const TYPES: ReadonlyMap<number, ElementType> = new Map<number, ElementType>([
  [0x08, { dtype: 'uint8', bytes: 1, read: (v, n) => new Uint8Array(v.buffer, v.byteOffset, n) }],
  [0x09, { dtype: 'int8', bytes: 1, read: (v, n) => new Int8Array(v.buffer, v.byteOffset, n) }],
  [
    0x0b,
    { dtype: 'int16', bytes: 2, read: (v, n) => fill(new Int16Array(n), (i) => v.getInt16(2 * i)) },
  ],
  [
    0x0c,
    { dtype: 'int32', bytes: 4, read: (v, n) => fill(new Int32Array(n), (i) => v.getInt32(4 * i)) },
  ],
  [
    0x0d,
    {
      dtype: 'float32',
      bytes: 4,
      read: (v, n) => fill(new Float32Array(n), (i) => v.getFloat32(4 * i)),
    },
  ],
  [
    0x0e,
    {
      dtype: 'float64',
      bytes: 8,
      read: (v, n) => fill(new Float64Array(n), (i) => v.getFloat64(8 * i)),
    },
  ],
]);

/**
 * Reads an IDX file, the format of MNIST (LeCun, Cortes, Burges, "The MNIST database of handwritten digits"): two zero
 * bytes, type, number of dimensions, big-endian extents, big-endian elements. Everything is checked before any element
 * is read.
 *
 * @param bytes The whole file, not compressed.
 * @param name Name for messages, such as the path; `IDX data` by default.
 * @throws FormatError where the file is compressed, has another magic number, an unknown type, or too few or too many
 * bytes.
 * @example
 * ```ts
 * import { parseIdx } from '@ketwork/datasets';
 * const file = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9);
 * const { shape, data } = parseIdx(file);
 * console.log(shape, data); // [ 1, 3 ] Uint8Array [ 7, 8, 9 ]
 * ```
 */
export function parseIdx(bytes: Uint8Array, name = 'IDX data'): IdxArray {
  requireBytes(bytes, name);
  if (isGzip(bytes)) {
    throw new FormatError(`${name} is compressed with gzip`, {
      remedy: 'Use await readIdx(bytes), which decompresses, or gunzip it first',
    });
  }
  if (bytes.length < 4) {
    throw new FormatError(
      `${name} has ${bytes.length} bytes, which is less than the four of an IDX magic number`,
      { remedy: 'Download it again' },
    );
  }
  const [zero0, zero1, code, rank] = bytes as unknown as [number, number, number, number];
  if (zero0 !== 0 || zero1 !== 0) {
    throw new FormatError(
      `${name} starts with bytes ${hex(zero0)} ${hex(zero1)}; an IDX file starts with 00 00`,
      {
        remedy: 'Check that it is the data file itself and not a web page or an archive',
      },
    );
  }
  const type = TYPES.get(code);
  if (type === undefined) {
    throw new FormatError(
      `${name} names element type ${hex(code)} at byte 2, which IDX does not define`,
      {
        remedy:
          'IDX defines 08 (uint8), 09 (int8), 0b (int16), 0c (int32), 0d (float32) and 0e (float64)',
      },
    );
  }
  if (rank === 0)
    throw new FormatError(`${name} names 0 dimensions at byte 3; an IDX file has at least one`, {
      remedy: 'Download it again',
    });
  const header = 4 + 4 * rank;
  if (bytes.length < header) {
    throw new FormatError(
      `${name} is truncated in its header: ${rank} dimensions need ${header} bytes, it has ${bytes.length}`,
      { remedy: 'Download it again' },
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const count = sizeOf(shape);
  const expected = header + count * type.bytes;
  if (bytes.length !== expected) {
    const [what, remedy] =
      bytes.length < expected
        ? ['is truncated', 'Download it again']
        : ['has trailing bytes', 'Check that it is one IDX file and nothing else'];
    throw new FormatError(
      `${name} ${what}: ${type.dtype} [${shape.join(', ')}] needs ${expected} bytes, it has ${bytes.length}`,
      { remedy },
    );
  }
  const body = new DataView(bytes.buffer, bytes.byteOffset + header, count * type.bytes);
  return Object.freeze({
    dtype: type.dtype,
    shape: Object.freeze(shape),
    data: type.read(body, count),
  });
}

/**
 * Reads an IDX file that may be compressed with gzip, as MNIST is usually served. Runs in Node and in browsers.
 *
 * @param name Name for messages; `IDX data` by default.
 * @throws FormatError as {@link parseIdx}, and where the compressed data are damaged.
 * @example
 * ```ts
 * import { readIdx } from '@ketwork/datasets';
 * const file = new Blob([Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 5, 6)]);
 * const gzip = file.stream().pipeThrough(new CompressionStream('gzip'));
 * const { data } = await readIdx(new Uint8Array(await new Response(gzip).arrayBuffer()));
 * console.log(data); // Uint8Array [ 5, 6 ]
 * ```
 */
export async function readIdx(bytes: Uint8Array, name = 'IDX data'): Promise<IdxArray> {
  requireBytes(bytes, name);
  if (!isGzip(bytes)) return parseIdx(bytes, name);
  let plain: Uint8Array;
  try {
    const stream = new Blob([bytes as Uint8Array<ArrayBuffer>])
      .stream()
      .pipeThrough(new DecompressionStream('gzip'));
    plain = new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (cause) {
    throw new FormatError(`${name} is damaged: its gzip data cannot be decompressed`, {
      remedy: 'Download it again',
      cause,
    });
  }
  return parseIdx(plain, name);
}

function requireBytes(bytes: unknown, name: string): void {
  if (!(bytes instanceof Uint8Array)) {
    throw new ValueError(`${name} is not given as a Uint8Array`, {
      remedy: 'Give the bytes of the file, such as await readFile(path) returns',
    });
  }
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

function fill<A extends IdxData>(out: A, value: (index: number) => number): A {
  for (let i = 0; i < out.length; i++) out[i] = value(i);
  return out;
}
