import { FormatError, UnsupportedError, ValueError } from '@ketwork/base';
import {
  loadSafetensors,
  safetensorsArrays,
  safetensorsHeader,
  saveSafetensors,
} from '@ketwork/nn';
import { describe, expect, it } from 'vitest';
import { random } from './check.ts';

const tensors = {
  '0.weight': { shape: [2, 3], data: random(1, 6) },
  '0.bias': { shape: [], data: Float64Array.of(-0) },
  empty: { shape: [0, 4], data: new Float64Array(0) },
  special: { shape: [3], data: Float64Array.of(NaN, Infinity, 5e-324) },
};

/** A file with this header, as text or as JSON, and this many bytes of numbers. */
function file(header: unknown, bytes = 0): Uint8Array {
  const json = new TextEncoder().encode(
    typeof header === 'string' ? header : JSON.stringify(header),
  );
  const out = new Uint8Array(8 + json.length + bytes);
  new DataView(out.buffer).setBigUint64(0, BigInt(json.length), true);
  out.set(json, 8);
  return out;
}

const f64 = (begin: number, end: number, shape: unknown = [(end - begin) / 8]): unknown => ({
  dtype: 'F64',
  shape,
  data_offsets: [begin, end],
});

describe('safetensors', () => {
  it('gives back what was saved, to the bit', () => {
    const { tensors: loaded, metadata } = loadSafetensors(
      saveSafetensors(tensors, { version: '1', ü: '∞' }),
    );
    expect(loaded).toEqual(tensors);
    expect(Object.is(loaded['0.bias']!.data[0], -0)).toBe(true);
    expect(metadata).toEqual({ version: '1', ü: '∞' });
  });

  it('writes the layout of the format', () => {
    const bytes = saveSafetensors({ a: { shape: [2], data: Float64Array.of(1, 2) } });
    const view = new DataView(bytes.buffer);
    const length = Number(view.getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as unknown;
    expect(header).toEqual({ a: { dtype: 'F64', shape: [2], data_offsets: [0, 16] } });
    expect(view.getFloat64(8 + length, true)).toBe(1);
    expect(bytes.length).toBe(8 + length + 16);
  });

  it('reads a file that does not start at the beginning of its buffer', () => {
    const bytes = saveSafetensors(tensors);
    const moved = new Uint8Array(bytes.length + 3);
    moved.set(bytes, 3);
    expect(loadSafetensors(moved.subarray(3)).tensors).toEqual(tensors);
  });

  it('reads F32, and arrays in any order of their bytes', () => {
    const bytes = file(
      { b: { dtype: 'F32', shape: [2], data_offsets: [8, 16] }, a: f64(0, 8) },
      16,
    );
    const view = new DataView(bytes.buffer);
    const start = bytes.length - 16;
    view.setFloat64(start, 0.1, true);
    view.setFloat32(start + 8, 0.5, true);
    view.setFloat32(start + 12, 0.1, true);
    const { tensors: loaded } = loadSafetensors(bytes);
    expect([...loaded['a']!.data]).toEqual([0.1]);
    expect([...loaded['b']!.data]).toEqual([0.5, Math.fround(0.1)]);
  });

  it('keeps a name such as __proto__ a name', () => {
    const { tensors: loaded } = loadSafetensors(
      file('{"__proto__":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}', 8),
    );
    expect(Object.keys(loaded)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(loaded)).toBe(Object.prototype);
  });

  const good = saveSafetensors(tensors);

  it('refuses the file cut anywhere, and one byte too many', () => {
    for (let length = 0; length < good.length; length++) {
      expect(() => loadSafetensors(good.subarray(0, length)), `${length} bytes`).toThrow(
        FormatError,
      );
    }
    const longer = new Uint8Array(good.length + 1);
    longer.set(good);
    expect(() => loadSafetensors(longer)).toThrow(FormatError);
  });

  it.each<[string, Uint8Array]>([
    ['a header longer than the file', new Uint8Array([255, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d])],
    ['a header longer than any', new Uint8Array([0, 0, 0, 0, 0, 0, 0, 255, 0x7b, 0x7d])],
    ['a header that is no object', file([1])],
    ['a header that is no JSON', file('{"a"')],
    ['overlapping arrays', file({ a: f64(0, 16), b: f64(8, 24) }, 24)],
    ['a gap between arrays', file({ a: f64(0, 8), b: f64(16, 24) }, 24)],
    ['a gap before the first array', file({ a: f64(8, 16) }, 16)],
    ['bytes that belong to no array', file({ a: f64(0, 8) }, 16)],
    ['arrays beyond the end', file({ a: f64(0, 16) }, 8)],
    ['a shape that does not fill its bytes', file({ a: f64(0, 16, [3]) }, 16)],
    ['offsets the wrong way round', file({ a: f64(8, 0, [-1]) }, 8)],
    ['a shape of no sizes', file({ a: f64(0, 8, [1.5]) }, 8)],
    [
      'offsets that are no positions',
      file({ a: { dtype: 'F64', shape: [1], data_offsets: [0] } }, 8),
    ],
    ['no dtype', file({ a: { shape: [1], data_offsets: [0, 8] } }, 8)],
    ['an entry that is no object', file({ a: 3 })],
    ['metadata that is no text', file({ __metadata__: { a: 1 } })],
  ])('refuses %s', (_, bytes) => {
    expect(() => loadSafetensors(bytes)).toThrow(FormatError);
    expect(() => loadSafetensors(bytes)).toThrowErrorMatchingSnapshot();
  });

  it('refuses other types of numbers', () => {
    const bytes = file({ a: { dtype: 'BF16', shape: [4], data_offsets: [0, 8] } }, 8);
    expect(() => loadSafetensors(bytes)).toThrow(UnsupportedError);
    const inherited = file({ a: { dtype: 'toString', shape: [4], data_offsets: [0, 8] } }, 8);
    expect(() => loadSafetensors(inherited)).toThrow(UnsupportedError);
  });

  it('refuses to save a shape that does not fit', () => {
    expect(() => saveSafetensors({ a: { shape: [2], data: new Float64Array(3) } })).toThrow(
      ValueError,
    );
    expect(() =>
      saveSafetensors({ __metadata__: { shape: [1], data: new Float64Array(1) } }),
    ).toThrow(ValueError);
  });
});

describe('arrays of a safetensors file as bytes', () => {
  const header = (dtype: 'U64' | 'U8' | 'F64', count: number): Uint8Array =>
    safetensorsHeader({ a: { dtype, shape: [count] } }, { note: 'x' });

  it('are views of what follows the header', () => {
    const file = Uint8Array.of(...header('U8', 3), 7, 8, 9);
    const { arrays, metadata } = safetensorsArrays(file);
    expect(arrays['a']).toEqual({ dtype: 'U8', shape: [3], bytes: Uint8Array.of(7, 8, 9) });
    expect(arrays['a']!.bytes.buffer).toBe(file.buffer);
    expect(metadata).toEqual({ note: 'x' });
  });

  it('have headers as saveSafetensors writes them', () => {
    const file = saveSafetensors({ a: { shape: [2], data: Float64Array.of(1, 2) } }, { note: 'x' });
    expect(file.subarray(0, file.length - 16)).toEqual(header('F64', 2));
  });

  it('of whole numbers are not read as numbers', () => {
    const file = Uint8Array.of(...header('U64', 1), 1, 2, 3, 4, 5, 6, 7, 8);
    expect(safetensorsArrays(file).arrays['a']!.bytes).toHaveLength(8);
    expect(() => loadSafetensors(file)).toThrow(UnsupportedError);
  });

  it('keep names that objects have otherwise', () => {
    const tensors = Object.fromEntries([
      ['__proto__', { shape: [1], data: Float64Array.of(4) }],
      ['constructor', { shape: [1], data: Float64Array.of(5) }],
    ]);
    expect(Object.entries(loadSafetensors(saveSafetensors(tensors)).tensors)).toEqual(
      Object.entries(tensors),
    );
  });
});
