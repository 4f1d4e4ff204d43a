import { FormatError, ValueError } from '@ketwork/base';
import { safetensorsArrays, safetensorsHeader } from '@ketwork/nn';
import type { SafetensorsArray, SafetensorsType } from '@ketwork/nn';

/** Plain data with typed arrays: what a message, a file of the journal and a state hold. Members that are undefined are left out. */
export type Plain =
  | null
  | undefined
  | boolean
  | number
  | string
  | Numbers
  | readonly Plain[]
  | { readonly [name: string]: Plain };

type Numbers = Float64Array | BigUint64Array | Uint8Array;

/** Type in the protocol's headers; changes where old participants and new coordinators would not understand each other. */
export const MEDIA_TYPE = 'application/vnd.ketwork.federated.v1+safetensors';

const NOTE = 'message';
/** Longest header that is parsed unless the caller allows more: nothing that participants send needs it. */
const MAX_HEADER = 65_536;
const MAX_DEPTH = 24;

/**
 * A message as the parts of one safetensors file: plain data is JSON text in its metadata, typed arrays are its arrays.
 * The parts after the first are views of the arrays themselves, so that one array can be sent to many without copies.
 *
 * Numbers keep their bits, those included that JSON has no words for.
 */
export function messageParts(message: Plain): Uint8Array[] {
  const arrays: Numbers[] = [];
  const text = JSON.stringify(withoutArrays(message, arrays));
  const shapes = arrays.map(
    (array, i) => [String(i), { dtype: typeOf(array), shape: [array.length] }] as const,
  );
  return [safetensorsHeader(Object.fromEntries(shapes), { [NOTE]: text }), ...arrays.map(bytesOf)];
}

/** A message as one piece of bytes, see {@link messageParts}. */
export function encodeMessage(message: Plain): Uint8Array<ArrayBuffer> {
  const parts = messageParts(message);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * The message in these bytes; what it must hold is checked by the schemas afterwards.
 *
 * @param maxHeader Longest header that is parsed, in bytes.
 * @throws FormatError where they are no message.
 */
export function decodeMessage(bytes: Uint8Array, maxHeader: number = MAX_HEADER): Plain {
  if (bytes.length >= 8) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const length = view.getBigUint64(0, true);
    if (length > BigInt(maxHeader))
      throw new FormatError(
        `the message has a header of ${length} bytes; ${maxHeader} are allowed`,
      );
  }
  const { arrays, metadata } = safetensorsArrays(bytes);
  const text = metadata[NOTE];
  if (text === undefined) throw new FormatError('the message has no text in its metadata');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new FormatError('the text of the message is not JSON', { cause });
  }
  const left = new Map(Object.entries(arrays));
  const message = withArrays(parsed, left, 0);
  if (left.size > 0) throw new FormatError('the message has arrays that it does not mention');
  return message;
}

function withoutArrays(value: Plain, arrays: Numbers[]): unknown {
  if (ArrayBuffer.isView(value)) return { $array: arrays.push(value) - 1 };
  if (typeof value === 'number')
    return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: nameOf(value) };
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: Plain) => withoutArrays(item, arrays));
  const members = Object.entries(value).map(([name, member]) => {
    if (name.startsWith('$'))
      throw new ValueError(`a message may not have a member named '${name}'`);
    return [name, withoutArrays(member, arrays)] as const;
  });
  return Object.fromEntries(members);
}

const NUMBERS = { NaN, Infinity, '-Infinity': -Infinity, '-0': -0 } as const;

const nameOf = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

function withArrays(value: unknown, arrays: Map<string, SafetensorsArray>, depth: number): Plain {
  if (typeof value !== 'object' || value === null) return value as Plain;
  if (depth > MAX_DEPTH) throw new FormatError('the message is nested too deeply');
  if (Array.isArray(value)) return value.map((item) => withArrays(item, arrays, depth + 1));
  const members = Object.entries(value);
  const [only] = members;
  if (members.length === 1 && only![0] === '$array') return take(only![1], arrays);
  if (members.length === 1 && only![0] === '$number') {
    if (typeof only![1] !== 'string' || !Object.hasOwn(NUMBERS, only![1]))
      throw new FormatError('the message names a number that there is not');
    return NUMBERS[only![1] as keyof typeof NUMBERS];
  }
  return Object.fromEntries(
    members.map(([name, member]) => {
      if (name.startsWith('$'))
        throw new FormatError('the message has a member whose name begins with $');
      return [name, withArrays(member, arrays, depth + 1)] as const;
    }),
  );
}

/** The array that the text mentions, which it may do once. */
function take(place: unknown, arrays: Map<string, SafetensorsArray>): Numbers {
  const name = String(place);
  const array = typeof place === 'number' ? arrays.get(name) : undefined;
  if (array === undefined) throw new FormatError('the message mentions an array that it lacks');
  arrays.delete(name);
  if (array.shape.length !== 1)
    throw new FormatError('the message has an array of other than one axis');
  const { dtype, bytes } = array;
  if (dtype === 'F32') throw new FormatError('the message has an array of type F32');
  // A copy, which is aligned, and lets the message go. (slice of a Buffer would be none.)
  const copy = new Uint8Array(bytes);
  if (dtype === 'U8') return copy;
  if (!LITTLE_ENDIAN) swap(copy);
  return dtype === 'F64' ? new Float64Array(copy.buffer) : new BigUint64Array(copy.buffer);
}

function typeOf(array: Numbers): SafetensorsType {
  if (array instanceof Float64Array) return 'F64';
  if (array instanceof BigUint64Array) return 'U64';
  if (array instanceof Uint8Array) return 'U8';
  throw new ValueError(`a message cannot hold a ${Object.prototype.toString.call(array)}`);
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function bytesOf(array: Numbers): Uint8Array {
  if (array instanceof Uint8Array) return array;
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return LITTLE_ENDIAN ? bytes : swap(new Uint8Array(bytes));
}

/** Reverses the bytes of every eight. */
function swap(bytes: Uint8Array): Uint8Array {
  for (let at = 0; at < bytes.length; at += 8) bytes.subarray(at, at + 8).reverse();
  return bytes;
}
