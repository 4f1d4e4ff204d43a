import { FormatError, ValueError } from '@ketwork/base';
import { safetensorsHeader, saveSafetensors } from '@ketwork/nn';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage, messageParts } from '../../src/wire/message.ts';

/** A message with this text and these bytes of arrays. */
function forged(text: string, arrays: Record<string, number[]> = {}): Uint8Array {
  const shapes = Object.entries(arrays).map(
    ([name, bytes]) => [name, { dtype: 'U8', shape: [bytes.length] }] as const,
  );
  const header = safetensorsHeader(Object.fromEntries(shapes), { message: text });
  return Uint8Array.of(...header, ...Object.values(arrays).flat());
}

describe('a message', () => {
  it('keeps plain data and typed arrays, to the bit', () => {
    const message = {
      text: 'ü "$"',
      nothing: null,
      numbers: [1, -0, NaN, Infinity, -Infinity, 5e-324],
      nested: { weights: Float64Array.of(-0, NaN, 1 / 3), empty: new Float64Array(0) },
      masks: [BigUint64Array.of(2n ** 64n - 1n), Uint8Array.of(1, 2, 3)],
    };
    const back = decodeMessage(encodeMessage(message));
    expect(back).toEqual(message);
    expect(Object.is((back as typeof message).numbers[1], -0)).toBe(true);
  });

  it('leaves out what is undefined, and keeps names that objects have otherwise', () => {
    const message = Object.fromEntries([
      ['__proto__', 1],
      ['constructor', 2],
      ['gone', undefined],
    ]);
    expect(Object.entries(decodeMessage(encodeMessage(message))!)).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
  });

  it('sends large arrays without copying them', () => {
    const weights = Float64Array.of(1, 2, 3);
    const [, part] = messageParts({ weights });
    expect(part!.buffer).toBe(weights.buffer);
  });

  it('read from a place that is not aligned has arrays of its own', () => {
    const bytes = encodeMessage({ weights: Float64Array.of(7) });
    const moved = new Uint8Array(bytes.length + 3);
    moved.set(bytes, 3);
    for (const given of [moved.subarray(3), Buffer.from(moved).subarray(3)]) {
      const back = decodeMessage(given) as { weights: Float64Array };
      given.fill(0);
      expect([...back.weights]).toEqual([7]);
    }
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['no safetensors', new Uint8Array(100).fill(7)],
    ['no text', saveSafetensors({})],
    ['text that is not JSON', forged('{')],
    ['an array that is not mentioned', forged('1', { 0: [1] })],
    ['an array that is not there', forged('{"$array":0}')],
    ['an array mentioned twice', forged('[{"$array":0},{"$array":0}]', { 0: [1] })],
    ['an array mentioned as text', forged('{"$array":"0"}', { 0: [1] })],
    ['an array of two axes', saveTwoAxes()],
    ['an unknown number', forged('{"$number":"toString"}')],
    ['reserved names', forged('{"$array":0,"x":1}', { 0: [1] })],
    ['too many levels', forged('['.repeat(100) + ']'.repeat(100))],
  ])('with %s is refused', (_, bytes) => {
    expect(() => decodeMessage(bytes)).toThrow(FormatError);
  });

  it('with a long header is refused before it is parsed', () => {
    const bytes = encodeMessage({ text: 'x'.repeat(70_000) });
    expect(() => decodeMessage(bytes)).toThrow(/header of \d+ bytes; 65536 are allowed/);
    expect(decodeMessage(bytes, bytes.length)).toEqual({ text: 'x'.repeat(70_000) });
  });

  it('cannot hold other arrays or reserved names', () => {
    expect(() => encodeMessage({ $x: 1 })).toThrow(ValueError);
    expect(() => encodeMessage(new Float32Array(2) as never)).toThrow(/Float32Array/);
  });
});

function saveTwoAxes(): Uint8Array {
  const header = safetensorsHeader(
    { 0: { dtype: 'U8', shape: [1, 1] } },
    { message: '{"$array":0}' },
  );
  return Uint8Array.of(...header, 1);
}
