import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../src/index.ts';

describe('ByteWriter', () => {
  it.each([
    [0, [0]],
    [127, [127]],
    [128, [0x80, 1]],
    [624485, [0xe5, 0x8e, 0x26]],
    [0xffffffff, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('writes %i as unsigned LEB128', (value, bytes) => {
    expect([...new ByteWriter().unsigned(value).bytes()]).toEqual(bytes);
  });

  it.each([
    [0, [0]],
    [-1, [0x7f]],
    [63, [63]],
    [64, [0xc0, 0]],
    [-123456, [0xc0, 0xbb, 0x78]],
    [-0x80000000, [0x80, 0x80, 0x80, 0x80, 0x78]],
  ])('writes %i as signed LEB128', (value, bytes) => {
    expect([...new ByteWriter().signed(value).bytes()]).toEqual(bytes);
  });

  it('grows beyond its first buffer', () => {
    const writer = new ByteWriter();
    for (let i = 0; i < 2000; i++) writer.byte(i & 255);
    expect(writer.length).toBe(2000);
    expect(writer.bytes()[1999]).toBe(1999 & 255);
  });
});
