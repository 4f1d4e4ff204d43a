import { FormatError } from '@ketwork/base';

/** Reads one value from data that nobody vouches for: the value, or FormatError saying where and what is wrong. */
export type Schema<T> = (value: unknown, at: string) => T;

function refuse(at: string, wanted: string): never {
  // The value itself is not quoted: it may be long, and belongs to somebody.
  throw new FormatError(`${at} is not ${wanted}`);
}

/** An integer within bounds, both included. */
export function integer(least: number, most: number = Number.MAX_SAFE_INTEGER): Schema<number> {
  return (value, at) =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
      ? (value as number)
      : refuse(at, `an integer from ${least} to ${most}`);
}

/** A finite number. */
export const finite: Schema<number> = (value, at) =>
  Number.isFinite(value) ? (value as number) : refuse(at, 'a finite number');

/** A number within bounds, both included. */
export function between(least: number, most: number): Schema<number> {
  return (value, at) =>
    typeof value === 'number' && value >= least && value <= most
      ? value
      : refuse(at, `a number from ${least} to ${most}`);
}

/** Any number, NaN and infinities included. */
export const number: Schema<number> = (value, at) =>
  typeof value === 'number' ? value : refuse(at, 'a number');

/** True or false. */
export const flag: Schema<boolean> = (value, at) =>
  typeof value === 'boolean' ? value : refuse(at, 'true or false');

/** Text of bounded length. */
export function text(longest: number): Schema<string> {
  return (value, at) =>
    typeof value === 'string' && value.length <= longest
      ? value
      : refuse(at, `text of at most ${longest} characters`);
}

/** One of some words. */
export function oneOf<const T extends string>(...words: readonly T[]): Schema<T> {
  return (value, at) =>
    words.includes(value as T) ? (value as T) : refuse(at, words.map((w) => `'${w}'`).join(' or '));
}

/** An array of doubles of any or one length. Their values are not looked at. */
export function doubles(length?: number): Schema<Float64Array> {
  return (value, at) =>
    value instanceof Float64Array && (length === undefined || value.length === length)
      ? value
      : refuse(at, length === undefined ? 'an array of doubles' : `an array of ${length} doubles`);
}

/** So many doubles, all of them finite. */
export function finiteDoubles(length: number): Schema<Float64Array> {
  const array = doubles(length);
  return (value, at) => {
    const numbers = array(value, at);
    return numbers.every(Number.isFinite) ? numbers : refuse(at, 'an array of finite doubles');
  };
}

/** Any bytes. */
export const bytes: Schema<Uint8Array> = (value, at) =>
  value instanceof Uint8Array ? value : refuse(at, 'an array of bytes');

/** A list of bounded length. */
export function list<T>(item: Schema<T>, longest: number): Schema<readonly T[]> {
  return (value, at) =>
    Array.isArray(value) && value.length <= longest
      ? value.map((entry, i) => item(entry, `${at}[${i}]`))
      : refuse(at, `a list of at most ${longest}`);
}

/** Anything, to be checked by those who know it. */
export const anything: Schema<unknown> = (value) => value;

/** A value that may be left out. */
export interface Optional<T> {
  readonly optional: Schema<T>;
}

/** Marks a member that may be left out. */
export const optional = <T>(schema: Schema<T>): Optional<T> => ({ optional: schema });

type Members = Readonly<Record<string, Schema<unknown> | Optional<unknown>>>;
type Needed<M extends Members> = {
  [K in keyof M]: M[K] extends Optional<unknown> ? never : K;
}[keyof M];
type Read<M extends Members> = {
  readonly [K in Needed<M>]: M[K] extends Schema<infer T> ? T : never;
} & {
  readonly [K in Exclude<keyof M, Needed<M>>]?: M[K] extends Optional<infer T> ? T : never;
};

/** An object of these members and no others. */
export function object<const M extends Members>(members: M): Schema<Read<M>> {
  return (value, at) => {
    if (
      typeof value !== 'object' ||
      value === null ||
      Array.isArray(value) ||
      ArrayBuffer.isView(value)
    )
      refuse(at, 'an object');
    for (const name of Object.keys(value)) {
      if (!Object.hasOwn(members, name)) throw new FormatError(`${at} has a member too many`);
    }
    const read: [string, unknown][] = [];
    for (const [name, member] of Object.entries(members)) {
      const there = Object.hasOwn(value, name);
      const inner = there ? (value as Record<string, unknown>)[name] : undefined;
      if (typeof member === 'function') {
        if (!there) throw new FormatError(`${at} lacks its member ${name}`);
        read.push([name, member(inner, `${at}.${name}`)]);
      } else if (there) read.push([name, member.optional(inner, `${at}.${name}`)]);
    }
    return Object.fromEntries(read) as Read<M>;
  };
}
