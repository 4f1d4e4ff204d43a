import { describe, expect, it } from 'vitest';
import { angle, input, weight } from '../../src/index.ts';
import type { Angle, Slot } from '../../src/index.ts';
import {
  angleText,
  anglesText,
  exponentText,
  numberText,
  shorten,
} from '../../src/draw/angle-text.ts';

const x = input('x', [4]);
const w = weight('w', [2, 3, 4]);
const t = weight('t', []);
const slots: readonly Slot[] = [x.slot, w.slot, t.slot];
const { PI } = Math;

describe('numbers in drawings', () => {
  it.each([
    [0, '0'],
    [-0, '0'],
    [0.5, '0.5'],
    [0.123456, '0.123'],
    [-1234.5, '-1230'],
    [1e-5, '0.00001'],
    [1.5e-9, '1.5e-9'],
    [PI, 'π'],
    [-PI, '-π'],
    [PI / 2, 'π/2'],
    [-3 * (PI / 4), '-3π/4'],
    [2 * PI, '2π'],
    [(7 * PI) / 16, '7π/16'],
    [1.0001 * PI, '3.14'],
    [Number.NaN, 'NaN'],
  ])('%d is %s', (value, text) => {
    expect(numberText(value)).toBe(text);
  });
});

describe('angles in drawings', () => {
  it.each<[Angle, string]>([
    [t.at().data, 't'],
    [x.at(3).data, 'x[3]'],
    [w.at(1, 2, 0).data, 'w[1,2,0]'],
    [x.at(0).times(2).plus(PI).data, '2·x[0]+π'],
    [x.at(0).negate().data, '-x[0]'],
    [x.at(0).minus(t.at()).data, 'x[0]-t'],
    [x.at(0).times(x.at(1).plus(1)).data, 'x[0]·(x[1]+1)'],
    [angle.sin(x.at(0).times(PI / 2)).data, 'sin(π/2·x[0])'],
    [{ mul: [-1, { mul: [-2, x.at(1).data] }] }, '2·x[1]'],
    [{ add: [] }, '0'],
    [{ mul: [] }, '1'],
    [{ slot: 'unknown', index: 5 }, 'unknown[5]'],
  ])('%j is %s', (data, text) => {
    expect(angleText(data, slots)).toBe(text);
  });

  it('names a row of a slot by a slice', () => {
    const row = (...indices: number[]): Angle[] => indices.map((i) => w.element(i).data);
    expect(anglesText(row(8, 9, 10, 11), slots)).toBe('w[0,2,:]');
    expect(anglesText(row(13, 14, 15), slots)).toBe('w[1,0,1:4]');
    expect(anglesText(row(14, 15, 16), slots)).toBe('w[1,0,2],w[1,0,3],w[1,1,0]');
    expect(anglesText(row(9, 8, 10), slots)).toBe('w[0,2,1],w[0,2,0],w[0,2,2]');
    expect(anglesText(row(8, 9), slots)).toBe('w[0,2,0],w[0,2,1]');
  });

  it('shortens each angle to the limit', () => {
    const long = x.at(0).plus(x.at(1)).plus(x.at(2)).plus(x.at(3)).data;
    expect(anglesText([long, 1], slots, 10)).toBe('x[0]+x[1]…,1');
    expect(shorten('abc', 3)).toBe('abc');
    expect(shorten('abcd', 3)).toBe('ab…');
  });

  it('writes the exponent of an evolution with the sign of the time', () => {
    expect(exponentText(1, 'H', slots)).toBe('-i·H');
    expect(exponentText(-0.5, 'H', slots)).toBe('i·0.5·H');
    expect(exponentText(x.at(0).plus(1).data, 'H', slots)).toBe('-i·(x[0]+1)·H');
  });
});
