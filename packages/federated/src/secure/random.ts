import { bits, EnvironmentError, fold } from '@ketwork/base';
import type { Key } from '@ketwork/base';

/** Random bytes for keys, masks and shares. */
export interface RandomSource {
  /** True where whoever knows the seed can unmask everything. */
  readonly unsafe: boolean;
  /** Bytes that nobody can foresee. */
  bytes(count: number): Uint8Array<ArrayBuffer>;
}

/** From the cryptographic generator of the runtime. @throws EnvironmentError where it has none. */
export function cryptographic(): RandomSource {
  const source = globalThis.crypto as Crypto | undefined;
  if (source?.subtle === undefined) {
    throw new EnvironmentError('secure aggregation needs crypto.subtle, which this runtime lacks', {
      remedy: 'Use Node 22 or later, or a browser page served over HTTPS or from localhost',
    });
  }
  return { unsafe: false, bytes: (count) => source.getRandomValues(new Uint8Array(count)) };
}

/** From a key; for tests, since whoever knows the seed knows the masks. */
export function seededUnsafe(seed: Key): RandomSource {
  let draws = 0;
  return {
    unsafe: true,
    bytes(count) {
      const words = bits(fold(seed, draws++), Math.ceil(count / 4));
      return new Uint8Array(words.buffer as ArrayBuffer, words.byteOffset, count).slice();
    },
  };
}
