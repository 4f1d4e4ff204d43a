import { FormatError, sizeOf, UnsupportedError, ValueError } from '@ketwork/base';
import type { Shape, ShapedArray } from './contract.ts';
import { shapeText } from './shape.ts';

/** Content of a safetensors file. */
export interface SafetensorsContent {
  /** Arrays by name, in double precision. */
  readonly tensors: Record<string, ShapedArray>;
  /** The file's own notes, text by name. */
  readonly metadata: Record<string, string>;
}

/** Longest header that readers accept, as in the format's reference implementation. */
const MAX_HEADER = 100_000_000;
const METADATA = '__metadata__';
const BYTES = { F64: 8, F32: 4, U64: 8, U8: 1 } as const;

/** Types of numbers that the readers and writers here know. */
export type SafetensorsType = keyof typeof BYTES;

/** One array of a safetensors file, its numbers still as bytes. */
export interface SafetensorsArray {
  /** Type of its numbers, little-endian. */
  readonly dtype: SafetensorsType;
  /** Sizes of the axes, row-major order. */
  readonly shape: Shape;
  /** Its bytes, a view into the file. */
  readonly bytes: Uint8Array;
}

/**
 * The beginning of a safetensors file: eight bytes of header length and the JSON header, filled with spaces up to a
 * multiple of eight. The arrays' bytes follow in their order, without gaps. For those who send large arrays without
 * copying them; others call {@link saveSafetensors}.
 *
 * @param arrays Type and shape of each array by name.
 * @param metadata Notes to keep in the file, text by name.
 * @throws ValueError where an array is named `__metadata__`.
 * @example
 * ```ts
 * import { safetensorsHeader } from '@ketwork/nn';
 * const header = safetensorsHeader({ mask: { dtype: 'U64', shape: [4] } });
 * console.log(header.length % 8); // 0
 * ```
 */
export function safetensorsHeader(
  arrays: Readonly<Record<string, Pick<SafetensorsArray, 'dtype' | 'shape'>>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries: [string, unknown][] =
    Object.keys(metadata).length === 0 ? [] : [[METADATA, metadata]];
  let offset = 0;
  for (const [name, { dtype, shape }] of Object.entries(arrays)) {
    if (name === METADATA) throw new ValueError(`an array may not be named ${METADATA}`);
    const end = offset + sizeOf(shape) * BYTES[dtype];
    entries.push([name, { dtype, shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  // Spaces up to a multiple of eight, so that the numbers are aligned in the file.
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return bytes;
}

/**
 * The arrays of a safetensors file as bytes, for types that {@link loadSafetensors} does not turn into numbers.
 *
 * @returns Arrays by name, and the file's notes.
 * @throws FormatError and UnsupportedError as {@link loadSafetensors}.
 * @example
 * ```ts
 * import { safetensorsArrays, safetensorsHeader } from '@ketwork/nn';
 * const header = safetensorsHeader({ key: { dtype: 'U8', shape: [2] } });
 * const { arrays } = safetensorsArrays(Uint8Array.of(...header, 7, 8));
 * console.log(arrays['key']!.bytes); // 7, 8
 * ```
 */
export function safetensorsArrays(bytes: Uint8Array): {
  readonly arrays: Record<string, SafetensorsArray>;
  readonly metadata: Record<string, string>;
} {
  if (!((bytes as unknown) instanceof Uint8Array)) {
    throw new ValueError('safetensors: the file is not given as a Uint8Array', {
      remedy: 'Give its bytes, such as await readFile(path) returns',
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { header, start } = readHeader(bytes, view);
  const entries: (readonly [string, Entry])[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === METADATA) metadata = readMetadata(value);
    else entries.push([name, readEntry(name, value)]);
  }
  checkCoverage(entries, bytes.length - start);
  const arrays = entries.map(([name, { dtype, shape, begin, end }]) => {
    return [name, { dtype, shape, bytes: bytes.subarray(start + begin, start + end) }] as const;
  });
  return { arrays: Object.fromEntries(arrays), metadata };
}

/**
 * Writes arrays as a safetensors file (https://github.com/huggingface/safetensors), which other languages read too:
 * eight bytes of header length, a JSON header, then the numbers as little-endian F64, without gaps.
 *
 * @param tensors Arrays by name, such as `stateOf(model)`.
 * @param metadata Notes to keep in the file, text by name.
 * @throws ValueError where a shape does not fit its array, or an array is named `__metadata__`.
 * @example
 * ```ts
 * import { loadSafetensors, saveSafetensors } from '@ketwork/nn';
 * const file = saveSafetensors({ w: { shape: [2], data: Float64Array.of(1, 2) } }, { note: 'two numbers' });
 * console.log(loadSafetensors(file).tensors['w']!.data); // 1, 2
 * ```
 */
export function saveSafetensors(
  tensors: Readonly<Record<string, ShapedArray>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  let length = 0;
  const arrays = Object.entries(tensors).map(([name, { shape, data }]) => {
    if (sizeOf(shape) !== data.length) {
      throw new ValueError(
        `array ${name} has ${data.length} elements, its shape ${shapeText(shape)} needs ${sizeOf(shape)}`,
      );
    }
    length += 8 * data.length;
    return [name, { dtype: 'F64', shape }] as const;
  });
  const header = safetensorsHeader(Object.fromEntries(arrays), metadata);
  const bytes = new Uint8Array(header.length + length);
  const view = new DataView(bytes.buffer);
  bytes.set(header);
  let at = header.length;
  for (const { data } of Object.values(tensors)) {
    for (let i = 0; i < data.length; i++, at += 8) view.setFloat64(at, data[i]!, true);
  }
  return bytes;
}

/**
 * Reads a safetensors file of F64 and F32 arrays; F32 numbers are widened.
 *
 * @throws FormatError where the file is truncated, too long, or its header is malformed, or offsets overlap, leave
 * gaps or do not fit the shapes.
 * @throws UnsupportedError where an array is of another type.
 * @example
 * ```ts
 * import { loadSafetensors, saveSafetensors } from '@ketwork/nn';
 * const { tensors, metadata } = loadSafetensors(saveSafetensors({ b: { shape: [], data: Float64Array.of(3) } }));
 * console.log(tensors['b']!.data[0], Object.keys(metadata).length); // 3 0
 * ```
 */
export function loadSafetensors(bytes: Uint8Array): SafetensorsContent {
  const { arrays, metadata } = safetensorsArrays(bytes);
  const tensors = Object.entries(arrays).map(
    ([name, array]) => [name, { shape: array.shape, data: readNumbers(name, array) }] as const,
  );
  return { tensors: Object.fromEntries(tensors), metadata };
}

interface Entry {
  readonly dtype: SafetensorsType;
  readonly shape: Shape;
  readonly begin: number;
  readonly end: number;
}

function readHeader(
  bytes: Uint8Array,
  view: DataView,
): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8)
    throw malformed(`it has ${bytes.length} bytes, not even the 8 of the header's length`);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER))
    throw malformed(`the header claims ${length} bytes, more than the ${MAX_HEADER} allowed`);
  const start = 8 + Number(length);
  if (start > bytes.length)
    throw malformed(`the header claims ${length} bytes but the file ends after ${bytes.length}`);
  if (bytes[8] !== 0x7b) throw malformed('the header does not begin with {');
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, start)));
  } catch (error) {
    throw malformed('the header is not valid JSON', error);
  }
  return { header: header as Record<string, unknown>, start };
}

function readMetadata(value: unknown): Record<string, string> {
  if (!isRecord(value) || !Object.values(value).every((text) => typeof text === 'string')) {
    throw malformed(`${METADATA} is not text by name`);
  }
  return value as Record<string, string>;
}

function readEntry(name: string, value: unknown): Entry {
  if (!isRecord(value)) throw malformed(`the entry of array ${name} is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string') throw malformed(`array ${name} has no dtype`);
  if (!Array.isArray(shape) || !shape.every(isCount))
    throw malformed(`the shape of array ${name} is not a list of sizes`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw malformed(`the data_offsets of array ${name} are not two positions`);
  }
  if (!Object.hasOwn(BYTES, dtype)) throw unsupported(name, dtype);
  const [begin, end] = offsets as [number, number];
  const entry: Entry = { dtype: dtype as SafetensorsType, shape: shape as number[], begin, end };
  if (end - begin !== sizeOf(entry.shape) * BYTES[entry.dtype]) {
    throw malformed(
      `array ${name} of type ${dtype} and shape ${shapeText(entry.shape)} does not fill bytes ${begin} to ${end}`,
    );
  }
  return entry;
}

/** The arrays must lie one behind the other, without gap or overlap, up to the end of the file. */
function checkCoverage(entries: readonly (readonly [string, Entry])[], length: number): void {
  const sorted = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const [name, { begin, end }] of sorted) {
    if (begin < at) throw malformed(`array ${name} overlaps the one before it`);
    if (begin > at) throw malformed(`there is a gap of ${begin - at} bytes before array ${name}`);
    at = end;
  }
  if (at > length) throw malformed(`the arrays take ${at} bytes but the file holds ${length}`);
  if (at < length) throw malformed(`${length - at} bytes at the end belong to no array`);
}

function readNumbers(name: string, { dtype, bytes }: SafetensorsArray): Float64Array {
  if (dtype !== 'F64' && dtype !== 'F32') throw unsupported(name, dtype);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = BYTES[dtype];
  const out = new Float64Array(bytes.length / width);
  for (let i = 0; i < out.length; i++) {
    out[i] = dtype === 'F64' ? view.getFloat64(i * width, true) : view.getFloat32(i * width, true);
  }
  return out;
}

function unsupported(name: string, dtype: string): UnsupportedError {
  return new UnsupportedError(`safetensors: array ${name} is of type ${dtype}`, {
    remedy: 'Convert it to F64 or F32',
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function malformed(what: string, cause?: unknown): FormatError {
  return new FormatError(`safetensors: the file is damaged or of another format: ${what}`, {
    remedy: 'Check that it is a whole .safetensors file, or save it again',
    ...(cause === undefined ? {} : { cause }),
  });
}
