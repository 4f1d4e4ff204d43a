import { FormatError } from '@ketwork/base';
import { describe, expect, it } from 'vitest';
import {
  between,
  doubles,
  finite,
  finiteDoubles,
  flag,
  integer,
  list,
  number,
  object,
  oneOf,
  optional,
  text,
} from '../../src/wire/schema.ts';

const person = object({
  name: text(5),
  age: optional(integer(0, 150)),
  kind: oneOf('human', 'robot'),
});

describe('a schema', () => {
  it('gives back what fits', () => {
    const value = { name: 'Ada', kind: 'human' };
    expect(person(value, 'it')).toEqual(value);
    expect(person({ ...value, age: 36 }, 'it')).toEqual({ ...value, age: 36 });
    expect(list(flag, 2)([true, false], 'it')).toEqual([true, false]);
    expect(number(NaN, 'it')).toBeNaN();
    expect(doubles(2)(Float64Array.of(1, NaN), 'it')).toHaveLength(2);
    expect(finiteDoubles(2)(Float64Array.of(1, -2), 'it')).toHaveLength(2);
    expect(between(0, 2)(2, 'it')).toBe(2);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['a member that is missing', () => person({ name: 'Ada' }, 'it'), /it lacks its member kind/],
    ['one too many', () => person({ name: 'A', kind: 'human', x: 1 }, 'it'), /member too many/],
    [
      'a member inherited',
      () => person(Object.create({ name: 'A' }), 'it'),
      /lacks its member name/,
    ],
    ['doubles that are not finite', () => finiteDoubles(1)(Float64Array.of(NaN), 'it'), /finite/],
    ['too few finite ones', () => finiteDoubles(2)(Float64Array.of(1), 'it'), /array of 2 doubles/],
    ['a number out of bounds', () => between(0, 2)(-1, 'it'), /it is not a number from 0 to 2/],
    ['a list', () => person([], 'it'), /it is not an object/],
    ['an array', () => person(new Float64Array(1), 'it'), /it is not an object/],
    ['nothing', () => person(null, 'it'), /it is not an object/],
    [
      'text too long',
      () => person({ name: 'Adaaaa', kind: 'human' }, 'it'),
      /it\.name is not text/,
    ],
    ['another word', () => person({ name: 'A', kind: 'x' }, 'it'), /'human' or 'robot'/],
    ['a fraction', () => integer(0)(0.5, 'it'), /not an integer from 0/],
    ['too large an integer', () => integer(0, 3)(4, 'it'), /not an integer from 0 to 3/],
    ['a number as text', () => integer(0)('1', 'it'), /not an integer/],
    ['NaN', () => finite(NaN, 'it'), /not a finite number/],
    ['a list too long', () => list(flag, 1)([true, true], 'it'), /list of at most 1/],
    ['a wrong item', () => list(flag, 2)([true, 1], 'it'), /it\[1\] is not true or false/],
    [
      'doubles of another length',
      () => doubles(2)(new Float64Array(3), 'it'),
      /array of 2 doubles/,
    ],
    ['bytes for doubles', () => doubles()(new Uint8Array(8), 'it'), /array of doubles/],
  ])('refuses %s', (_, read, message) => {
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
  });
});
