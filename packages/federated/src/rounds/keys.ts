import { bits, fold, key, permutation, split, uniform } from '@ketwork/base';
import type { Key } from '@ketwork/base';

/** Keys of a federation by purpose. */
export interface FederationKeys {
  readonly selection: Key;
  readonly training: Key;
  readonly noise: Key;
}

/** Keeps the keys of a federation apart from those of `fit` and of the model's layers, which may have the same seed. */
const FEDERATION = 2 ** 40;

/** The keys of a seed. */
export function keysOf(seed: number): FederationKeys {
  const [selection, training, noise] = split(fold(key(seed), FEDERATION), 3);
  return { selection: selection!, training: training!, noise: noise! };
}

/** A key for a name, independent of all other names. */
function namedKey(root: Key, name: string): Key {
  let named = fold(root, name.length);
  for (let i = 0; i < name.length; i++) named = fold(named, name.charCodeAt(i));
  return named;
}

/** A seed for a name: 53 bits. */
export function namedSeed(root: Key, name: string): number {
  const [high, low] = bits(namedKey(root, name), 2);
  return (high! >>> 11) * 2 ** 32 + low!;
}

/** So many of the names, each set of that size with the same probability; in their order. */
export function chooseSome(
  names: readonly string[],
  count: number,
  selection: Key,
): readonly string[] {
  if (count >= names.length) return names;
  const places = permutation(selection, names.length).slice(0, count).toSorted();
  return Array.from(places, (place) => names[place]!);
}

/** Each of the names with a probability, whoever else is there; in their order. */
export function chooseEach(
  names: readonly string[],
  probability: number,
  draw: (name: string) => number,
): readonly string[] {
  return names.filter((name) => draw(name) < probability);
}

/** A number in [0, 1) that a key gives a name. */
export function namedUniform(root: Key, name: string): number {
  return uniform(namedKey(root, name), 1)[0]!;
}

/** Names in the order in which everything that depends on order is done: by code units, each once. */
export function inOrder(names: Iterable<string>): readonly string[] {
  return [...new Set(names)].toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
